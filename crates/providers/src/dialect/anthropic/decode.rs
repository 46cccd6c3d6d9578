//! A request into the neutral form.

use serde_json::Value;

use crate::{
    chat::{Call, Format, Losses, Part, Request, Role, Source, Thinking, Tool, ToolChoice},
    dialect::{
        bad::BadRequest,
        read::{Obj, kind},
    },
};

const KNOWN: &[&str] = &[
    "model",
    "messages",
    "system",
    "max_tokens",
    "metadata",
    "stop_sequences",
    "stream",
    "temperature",
    "top_p",
    "top_k",
    "tools",
    "tool_choice",
    "thinking",
    "output_config",
    "output_format",
];
const HINTS: &[&str] = &["service_tier", "inference_geo", "cache_control"];

/// Decodes a request.
///
/// # Errors
/// The first place that is not of this dialect, or a tool's result without its call.
pub(crate) fn decode(document: &Value) -> Result<Request, BadRequest> {
    let top = Obj::of(document, "$")?;
    let mut request = Request {
        origin: weir_core::deployment::Dialect::Anthropic,
        stream: top.flag("stream")?.unwrap_or(false),
        max_tokens: Some(
            top.count("max_tokens")?.ok_or_else(|| top.missing("max_tokens", "a whole number of tokens"))?,
        ),
        temperature: top.number("temperature")?,
        top_p: top.number("top_p")?,
        top_k: top.count("top_k")?,
        stop: top.texts("stop_sequences")?,
        ..Request::default()
    };
    top.others(KNOWN, HINTS, &mut request.dropped);
    if let Some(metadata) = top.object("metadata")? {
        request.user = metadata.owned("user_id")?;
    }
    if let Some(object) = top.object("thinking")? {
        request.thinking = thinking(&object)?;
    }
    output(&top, &mut request)?;
    tools(&top, &mut request)?;
    if top.get("system").is_some() {
        let parts = content(&top, "system", &mut request)?;
        request.turn(Role::System, "$.system").parts.extend(parts);
    }
    if top.get("messages").is_none() {
        return Err(top.missing("messages", "a non-empty array of messages"));
    }
    for message in top.objects("messages")? {
        let role = match message.need("role")? {
            "user" => Role::User,
            "assistant" => Role::Assistant,
            "system" => Role::System,
            _ => return Err(BadRequest::new(message.at("role"), "an unknown role", "user or assistant")),
        };
        let parts = content(&message, "content", &mut request)?;
        request.turn(role, &message.path).parts.extend(parts);
    }
    Ok(request)
}

/// `thinking` of this dialect; gateways take it on OpenAI requests too.
pub(crate) fn thinking(thinking: &Obj<'_>) -> Result<Option<Thinking>, BadRequest> {
    match thinking.need("type")? {
        "enabled" => {
            let budget = thinking.count("budget_tokens")?;
            let budget = budget.ok_or_else(|| thinking.missing("budget_tokens", "a whole number of tokens"))?;
            Ok(Some(Thinking::Budget(budget)))
        }
        "adaptive" => Ok(Some(Thinking::Adaptive)),
        "disabled" => Ok(Some(Thinking::Off)),
        _ => Err(BadRequest::new(thinking.at("type"), "an unknown type", "enabled, adaptive or disabled")),
    }
}

fn output(top: &Obj<'_>, request: &mut Request) -> Result<(), BadRequest> {
    let config = top.object("output_config")?;
    if let Some(config) = &config {
        if let Some(effort) = config.owned("effort")?
            && request.thinking != Some(Thinking::Off)
        {
            request.thinking = Some(Thinking::Effort(effort));
        }
        config.others(&["effort", "format"], &[], &mut request.dropped);
    }
    let format = match config {
        Some(config) if config.get("format").is_some() => config.object("format")?,
        _ => top.object("output_format")?,
    };
    if let Some(format) = format {
        match format.need("type")? {
            "json_schema" => {
                let schema = format.get("schema").ok_or_else(|| format.missing("schema", "a JSON schema"))?;
                Obj::of(schema, format.at("schema"))?;
                let name = "answer".to_owned();
                request.format = Some(Format::Schema { name, schema: schema.clone(), strict: Some(true) });
            }
            _ => return Err(BadRequest::new(format.at("type"), "an unknown format", "json_schema")),
        }
    }
    Ok(())
}

fn tools(top: &Obj<'_>, request: &mut Request) -> Result<(), BadRequest> {
    for tool in top.objects("tools")? {
        if !matches!(tool.text("type")?, None | Some("custom")) {
            request.dropped.matters(tool.at("type"));
            continue;
        }
        if let Some(schema) = tool.get("input_schema") {
            Obj::of(schema, tool.at("input_schema"))?;
        }
        const KNOWN: &[&str] = &["name", "description", "input_schema", "strict", "type"];
        tool.others(KNOWN, &["cache_control", "input_examples", "eager_input_streaming"], &mut request.dropped);
        request.tools.push(Tool {
            name: tool.need("name")?.to_owned(),
            description: tool.owned("description")?,
            schema: tool.get("input_schema").cloned(),
            strict: tool.flag("strict")?,
        });
    }
    if let Some(choice) = top.object("tool_choice")? {
        request.tool_choice = Some(match choice.need("type")? {
            "auto" => ToolChoice::Auto,
            "any" => ToolChoice::Required,
            "none" => ToolChoice::Never,
            "tool" => ToolChoice::Named(choice.need("name")?.to_owned()),
            _ => return Err(BadRequest::new(choice.at("type"), "an unknown choice", "auto, any, tool or none")),
        });
        request.parallel_tools = choice.flag("disable_parallel_tool_use")?.map(|off| !off);
    }
    Ok(())
}

fn content(of: &Obj<'_>, key: &str, request: &mut Request) -> Result<Vec<Part>, BadRequest> {
    match of.get(key) {
        None => Ok(Vec::new()),
        Some(Value::String(text)) => Ok(vec![Part::Text(text.clone())]),
        Some(Value::Array(_)) => {
            let mut parts = Vec::new();
            for block in of.objects(key)? {
                parts.extend(one(&block, request)?);
                if block.get("cache_control").is_some() {
                    parts.push(Part::CachePoint);
                }
            }
            Ok(parts)
        }
        Some(other) => Err(BadRequest::new(of.at(key), kind(other), "a string or an array of blocks")),
    }
}

fn one(block: &Obj<'_>, request: &mut Request) -> Result<Option<Part>, BadRequest> {
    Ok(Some(match block.need("type")? {
        "text" => {
            block.others(&["type", "text"], &["cache_control", "citations"], &mut request.dropped);
            Part::Text(block.need("text")?.to_owned())
        }
        "image" => {
            return Ok(source(block, &mut request.dropped)?.map(|source| Part::Image { source, detail: None }));
        }
        "document" => return document(block, &mut request.dropped),
        "thinking" => Part::Thinking {
            text: block.need("thinking")?.to_owned(),
            // Thoughts of providers that sign nothing come back with an empty signature.
            signature: block.owned("signature")?.filter(|signature| !signature.is_empty()),
        },
        "redacted_thinking" => Part::Redacted(block.need("data")?.to_owned()),
        "tool_use" => {
            let input = block.get("input").ok_or_else(|| block.missing("input", "an object"))?;
            Obj::of(input, block.at("input"))?;
            Part::Call(Call {
                id: block.need("id")?.to_owned(),
                name: block.need("name")?.to_owned(),
                arguments: input.to_string(),
            })
        }
        "tool_result" => {
            let id = block.need("tool_use_id")?;
            let Some(name) = request.call_named(id).map(str::to_owned) else {
                let found = "the id of no call before it";
                return Err(BadRequest::new(block.at("tool_use_id"), found, "the id of a tool_use block"));
            };
            let content = content(block, "content", request)?;
            let error = block.flag("is_error")?.unwrap_or(false);
            Part::Result { id: id.to_owned(), name: Some(name), content, error }
        }
        _ => {
            request.dropped.matters(block.at("type"));
            return Ok(None);
        }
    }))
}

fn source(block: &Obj<'_>, losses: &mut Losses) -> Result<Option<Source>, BadRequest> {
    let source = block.object("source")?.ok_or_else(|| block.missing("source", "an object"))?;
    Ok(Some(match source.need("type")? {
        "base64" => {
            Source::Data { media: source.need("media_type")?.to_owned(), data: source.need("data")?.to_owned() }
        }
        "url" => Source::Url(source.need("url")?.to_owned()),
        "file" => Source::Id(source.need("file_id")?.to_owned()),
        _ => {
            losses.matters(source.at("type"));
            return Ok(None);
        }
    }))
}

fn document(block: &Obj<'_>, losses: &mut Losses) -> Result<Option<Part>, BadRequest> {
    const KNOWN: &[&str] = &["type", "source", "title"];
    block.others(KNOWN, &["cache_control", "citations", "context"], losses);
    let inner = block.object("source")?.ok_or_else(|| block.missing("source", "an object"))?;
    // A document of plain text is text to everyone else.
    match inner.need("type")? {
        "text" => Ok(Some(Part::Text(inner.need("data")?.to_owned()))),
        "content" => texts(&inner, losses).map(Some),
        _ => {
            let name = block.owned("title")?;
            Ok(source(block, losses)?.map(|source| Part::File { source, name }))
        }
    }
}

/// A document in pieces, each a text.
fn texts(inner: &Obj<'_>, losses: &mut Losses) -> Result<Part, BadRequest> {
    if let Some(Value::String(text)) = inner.get("content") {
        return Ok(Part::Text(text.clone()));
    }
    let mut texts = Vec::new();
    for block in inner.objects("content")? {
        match block.need("type")? {
            "text" => texts.push(block.need("text")?),
            _ => losses.matters(block.at("type")),
        }
    }
    Ok(Part::Text(texts.join("\n")))
}

//! A request into the neutral form.

use serde_json::Value;

use crate::{
    chat::{Format, Losses, Part, Request, Role, Source, Thinking, Tool, ToolChoice},
    dialect::{bad::BadRequest, openai, read::Obj},
};

const KNOWN: &[&str] = &[
    "model",
    "messages",
    "stream",
    "stream_options",
    "max_tokens",
    "max_completion_tokens",
    "temperature",
    "top_p",
    "top_k",
    "stop",
    "seed",
    "n",
    "presence_penalty",
    "frequency_penalty",
    "logprobs",
    "top_logprobs",
    "response_format",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "reasoning_effort",
    "thinking",
    "user",
    "verbosity",
];
/// None of these changes an answer.
const HINTS: &[&str] = &[
    "store",
    "metadata",
    "service_tier",
    "prompt_cache_key",
    "prompt_cache_retention",
    "safety_identifier",
    "prediction",
];

/// Decodes a request.
///
/// # Errors
/// The first place that is not of this dialect, or a tool's result without its call.
pub(crate) fn decode(document: &Value) -> Result<Request, BadRequest> {
    let top = Obj::of(document, "$")?;
    let mut request = Request {
        stream: top.flag("stream")?.unwrap_or(false),
        max_tokens: top.count("max_completion_tokens")?.or(top.count("max_tokens")?),
        temperature: top.number("temperature")?,
        top_p: top.number("top_p")?,
        top_k: top.count("top_k")?,
        stop: top.texts("stop")?,
        seed: top.integer("seed")?,
        n: top.count("n")?,
        presence_penalty: top.number("presence_penalty")?,
        frequency_penalty: top.number("frequency_penalty")?,
        parallel_tools: top.flag("parallel_tool_calls")?,
        user: top.owned("user")?,
        verbosity: top.owned("verbosity")?,
        format: format(&top)?,
        tool_choice: tool_choice(&top)?,
        ..Request::default()
    };
    if top.flag("logprobs")? == Some(true) {
        request.logprobs = Some(top.count("top_logprobs")?.unwrap_or(0));
    }
    request.thinking = thinking(&top)?;
    top.others(&known(&top)?, HINTS, &mut request.dropped);
    for tool in top.objects("tools")? {
        match tool.need("type")? {
            "function" => request.tools.push(function(&tool)?),
            _ => request.dropped.matters(tool.at("type")),
        }
    }
    openai::allow(&top, &mut request, |choice| {
        choice.object("allowed_tools")?.ok_or_else(|| choice.missing("allowed_tools", "an object"))
    })?;
    if top.get("messages").is_none() {
        return Err(top.missing("messages", "a non-empty array of messages"));
    }
    for message in top.objects("messages")? {
        turn(&mut request, &message)?;
    }
    Ok(request)
}

/// Members that are read, or that say only what is so anyway.
fn known(top: &Obj<'_>) -> Result<Vec<&'static str>, BadRequest> {
    let mut known = KNOWN.to_vec();
    if top.texts("modalities")?.iter().all(|modality| modality == "text") {
        known.push("modalities");
    }
    if top.object("logit_bias")?.is_none_or(|bias| bias.is_empty()) {
        known.push("logit_bias");
    }
    Ok(known)
}

fn thinking(top: &Obj<'_>) -> Result<Option<Thinking>, BadRequest> {
    // Not OpenAI's: what gateways in front of Anthropic take.
    if let Some(thinking) = top.object("thinking")? {
        return crate::dialect::anthropic::thinking(&thinking);
    }
    Ok(match top.text("reasoning_effort")? {
        Some("none") => Some(Thinking::Off),
        Some(word) => Some(Thinking::Effort(word.to_owned())),
        None => None,
    })
}

fn format(top: &Obj<'_>) -> Result<Option<Format>, BadRequest> {
    let Some(format) = top.object("response_format")? else { return Ok(None) };
    openai::format(&format, |format| {
        format.object("json_schema")?.ok_or_else(|| format.missing("json_schema", "an object"))
    })
}

fn tool_choice(top: &Obj<'_>) -> Result<Option<ToolChoice>, BadRequest> {
    openai::tool_choice(top, |choice| {
        choice.object("function")?.ok_or_else(|| choice.missing("function", "the function to call"))
    })
}

fn function(tool: &Obj<'_>) -> Result<Tool, BadRequest> {
    let function = tool.object("function")?.ok_or_else(|| tool.missing("function", "an object"))?;
    if let Some(schema) = function.get("parameters") {
        Obj::of(schema, function.at("parameters"))?;
    }
    Ok(Tool {
        name: function.need("name")?.to_owned(),
        description: function.owned("description")?,
        schema: function.get("parameters").cloned(),
        strict: function.flag("strict")?,
    })
}

fn turn(request: &mut Request, message: &Obj<'_>) -> Result<(), BadRequest> {
    const KNOWN: &[&str] = &[
        "role",
        "content",
        "refusal",
        "tool_calls",
        "tool_call_id",
        "thinking_blocks",
        "reasoning_content",
        "cache_control",
        "annotations",
    ];
    let role = message.need("role")?;
    if role == "assistant" {
        const OLDER: &[&str] = &["function_call", "audio"];
        for key in OLDER.iter().filter(|key| message.get(key).is_some()) {
            request.dropped.matters(message.at(key));
        }
        // What clients keep beside an answer comes back with it and asks for nothing.
        message.hints(&[KNOWN, OLDER].concat(), &mut request.dropped);
    } else {
        message.others(KNOWN, &["name", "reasoning"], &mut request.dropped);
    }
    match role {
        "system" | "developer" => {
            let parts = content(message, "content", &mut request.dropped)?;
            push(request, Role::System, message, parts);
        }
        "user" => {
            let parts = content(message, "content", &mut request.dropped)?;
            push(request, Role::User, message, parts);
        }
        "assistant" => {
            let parts = assistant(message, &mut request.dropped)?;
            push(request, Role::Assistant, message, parts);
        }
        "tool" => {
            let content = content(message, "content", &mut request.dropped)?;
            let result = openai::result(request, message, "tool_call_id", content)?;
            push(request, Role::User, message, vec![result]);
        }
        "function" => request.dropped.matters(message.path.clone()),
        _ => {
            let wanted = "system, developer, user, assistant or tool";
            return Err(BadRequest::new(message.at("role"), "an unknown role", wanted));
        }
    }
    Ok(())
}

fn push(request: &mut Request, role: Role, message: &Obj<'_>, parts: Vec<Part>) {
    request.turn(role, &message.path).parts.extend(parts);
    if message.get("cache_control").is_some() {
        request.turn(role, &message.path).parts.push(Part::CachePoint);
    }
}

fn assistant(message: &Obj<'_>, losses: &mut Losses) -> Result<Vec<Part>, BadRequest> {
    let mut parts = Vec::new();
    for block in message.objects("thinking_blocks")? {
        match block.need("type")? {
            "redacted_thinking" => parts.push(Part::Redacted(block.need("data")?.to_owned())),
            _ => parts.push(Part::Thinking {
                text: block.text("thinking")?.unwrap_or_default().to_owned(),
                signature: block.owned("signature")?,
            }),
        }
    }
    if parts.is_empty()
        && let Some(text) = message.text("reasoning_content")?
    {
        parts.push(Part::Thinking { text: text.to_owned(), signature: None });
    }
    parts.extend(content(message, "content", losses)?);
    if let Some(refusal) = message.text("refusal")? {
        parts.push(Part::Refusal(refusal.to_owned()));
    }
    for call in message.objects("tool_calls")? {
        let function = call.object("function")?.ok_or_else(|| call.missing("function", "an object"))?;
        parts.push(Part::Call(openai::call(call.need("id")?, &function)?));
    }
    Ok(parts)
}

fn content(message: &Obj<'_>, key: &str, losses: &mut Losses) -> Result<Vec<Part>, BadRequest> {
    openai::content(message, key, losses, one)
}

fn one(part: &Obj<'_>, losses: &mut Losses) -> Result<Option<Part>, BadRequest> {
    let inner = |key: &str| part.object(key)?.ok_or_else(|| part.missing(key, "an object"));
    Ok(Some(match part.need("type")? {
        "text" => Part::Text(part.need("text")?.to_owned()),
        "refusal" => Part::Refusal(part.need("refusal")?.to_owned()),
        "image_url" => {
            let image = inner("image_url")?;
            Part::Image { source: Source::of_url(image.need("url")?), detail: image.owned("detail")? }
        }
        "input_audio" => {
            let audio = inner("input_audio")?;
            Part::Audio { data: audio.need("data")?.to_owned(), format: audio.need("format")?.to_owned() }
        }
        "file" => {
            let file = inner("file")?;
            let source = match (file.text("file_data")?, file.text("file_id")?) {
                (Some(data), _) => Source::of_url(data),
                (None, Some(id)) => Source::Id(id.to_owned()),
                (None, None) => return Err(file.missing("file_data", "a data URL or `file_id`")),
            };
            Part::File { source, name: file.owned("filename")? }
        }
        _ => {
            losses.matters(part.at("type"));
            return Ok(None);
        }
    }))
}

//! A request into the neutral form.

use serde_json::Value;
use weir_core::deployment::Dialect;

use crate::{
    chat::{Losses, Part, Request, Role, Source, Thinking, Tool},
    dialect::{bad::BadRequest, openai, read::Obj},
};

const KNOWN: &[&str] = &[
    "model",
    "input",
    "instructions",
    "stream",
    "max_output_tokens",
    "temperature",
    "top_p",
    "top_logprobs",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "reasoning",
    "text",
    "user",
];
const HINTS: &[&str] = &[
    "store",
    "metadata",
    "service_tier",
    "prompt_cache_key",
    "prompt_cache_retention",
    "safety_identifier",
    "include",
    "truncation",
    "stream_options",
    // Of tools that run at the provider, which no other has.
    "max_tool_calls",
];

/// Decodes a request.
///
/// # Errors
/// The first place that is not of this dialect, or a call's output without its call.
pub(crate) fn decode(document: &Value) -> Result<Request, BadRequest> {
    let top = Obj::of(document, "$")?;
    let mut request = Request {
        origin: Dialect::OpenaiResponses,
        stream: top.flag("stream")?.unwrap_or(false),
        max_tokens: top.count("max_output_tokens")?,
        temperature: top.number("temperature")?,
        top_p: top.number("top_p")?,
        logprobs: top.count("top_logprobs")?,
        parallel_tools: top.flag("parallel_tool_calls")?,
        user: top.owned("user")?,
        verbosity: top.object("text")?.map(|text| text.owned("verbosity")).transpose()?.flatten(),
        ..Request::default()
    };
    top.others(KNOWN, HINTS, &mut request.dropped);
    if let Some(reasoning) = top.object("reasoning")? {
        reasoning.others(&["effort"], &["summary", "generate_summary"], &mut request.dropped);
        request.thinking = match reasoning.text("effort")? {
            Some("none") => Some(Thinking::Off),
            Some(word) => Some(Thinking::Effort(word.to_owned())),
            None => None,
        };
    }
    if let Some(text) = top.object("text")? {
        text.others(&["format", "verbosity"], &[], &mut request.dropped);
        if let Some(format) = text.object("format")? {
            request.format = openai::format(&format, |format| Ok(format.clone()))?;
        }
    }
    for tool in top.objects("tools")? {
        if tool.need("type")? != "function" {
            request.dropped.matters(tool.at("type"));
            continue;
        }
        request.tools.push(Tool {
            name: tool.need("name")?.to_owned(),
            description: tool.owned("description")?,
            schema: tool.get("parameters").cloned(),
            strict: tool.flag("strict")?,
        });
    }
    request.tool_choice = openai::tool_choice(&top, |choice| Ok(choice.clone()))?;
    openai::allow(&top, &mut request, |choice| Ok(choice.clone()))?;
    if let Some(instructions) = top.text("instructions")? {
        request.turn(Role::System, "$.instructions").parts.push(Part::Text(instructions.to_owned()));
    }
    match top.get("input") {
        None => return Err(top.missing("input", "a string or an array of items")),
        Some(Value::String(text)) => request.turn(Role::User, "$.input").parts.push(Part::Text(text.clone())),
        Some(_) => {
            for item in top.objects("input")? {
                self::item(&mut request, &item)?;
            }
        }
    }
    Ok(request)
}

fn item(request: &mut Request, item: &Obj<'_>) -> Result<(), BadRequest> {
    match item.text("type")?.unwrap_or("message") {
        "message" => {
            let role = match item.need("role")? {
                "system" | "developer" => Role::System,
                "user" => Role::User,
                "assistant" => Role::Assistant,
                _ => {
                    let wanted = "system, developer, user or assistant";
                    return Err(BadRequest::new(item.at("role"), "an unknown role", wanted));
                }
            };
            let parts = content(item, "content", &mut request.dropped)?;
            request.turn(role, &item.path).parts.extend(parts);
        }
        "function_call" => {
            let call = openai::call(item.need("call_id")?, item)?;
            request.turn(Role::Assistant, &item.path).parts.push(Part::Call(call));
        }
        "function_call_output" => {
            let content = content(item, "output", &mut request.dropped)?;
            let result = openai::result(request, item, "call_id", content)?;
            request.turn(Role::User, &item.path).parts.push(result);
        }
        "reasoning" => {
            let texts: Vec<&str> =
                item.objects("summary")?.iter().filter_map(|part| part.text("text").ok().flatten()).collect();
            let signature = item.owned("encrypted_content")?;
            let thought = Part::Thinking { text: texts.join("\n"), signature };
            request.turn(Role::Assistant, &item.path).parts.push(thought);
        }
        _ => request.dropped.matters(item.at("type")),
    }
    Ok(())
}

fn content(of: &Obj<'_>, key: &str, losses: &mut Losses) -> Result<Vec<Part>, BadRequest> {
    openai::content(of, key, losses, one)
}

fn one(part: &Obj<'_>, losses: &mut Losses) -> Result<Option<Part>, BadRequest> {
    Ok(Some(match part.need("type")? {
        "input_text" | "output_text" | "text" => Part::Text(part.need("text")?.to_owned()),
        "refusal" => Part::Refusal(part.need("refusal")?.to_owned()),
        "input_image" => {
            let source = match (part.text("image_url")?, part.text("file_id")?) {
                (Some(url), _) => Source::of_url(url),
                (None, Some(id)) => Source::Id(id.to_owned()),
                (None, None) => return Err(part.missing("image_url", "a URL or `file_id`")),
            };
            Part::Image { source, detail: part.owned("detail")? }
        }
        "input_file" => {
            let source = match (part.text("file_data")?, part.text("file_url")?, part.text("file_id")?) {
                (Some(data), _, _) => Source::of_url(data),
                (None, Some(url), _) => Source::Url(url.to_owned()),
                (None, None, Some(id)) => Source::Id(id.to_owned()),
                (None, None, None) => return Err(part.missing("file_data", "a data URL, `file_url` or `file_id`")),
            };
            Part::File { source, name: part.owned("filename")? }
        }
        _ => {
            losses.matters(part.at("type"));
            return Ok(None);
        }
    }))
}

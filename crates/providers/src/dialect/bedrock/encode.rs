//! A request from the neutral form.

use serde_json::{Map, Value, json};

use crate::{
    chat::{Format, Losses, Message, Part, Request, Role, Source, Thinking, ToolChoice},
    dialect::{
        anthropic::{beside_thoughts, turns},
        bad::BadRequest,
    },
};

/// The document, and in `losses` what it cannot say. Model and streaming go into the path.
///
/// # Errors
/// A call whose arguments are no JSON.
pub(crate) fn encode(request: &Request, losses: &mut Losses) -> Result<Value, BadRequest> {
    request.without(&["verbosity", "seed", "n", "presence_penalty", "frequency_penalty", "logprobs"], losses);
    if request.parallel_tools == Some(false) && request.tools.len() > 1 {
        losses.matters(request.field("parallel_tool_calls"));
    }
    let thinking = thinking(request);
    let thinks = thinking.as_ref().is_some_and(|thinking| thinking["type"] != "disabled");
    let request = beside_thoughts(request, thinks, losses);
    let request = request.as_ref();
    let mut out = Map::new();
    let (system, turns) = turns(request, losses, blocks)?;
    let message = |(role, blocks)| json!({"role": role, "content": blocks});
    out.insert("messages".into(), turns.into_iter().map(message).collect());
    if !system.is_empty() {
        out.insert("system".into(), Value::Array(system));
    }
    let mut config = Map::new();
    for (key, value) in [
        ("maxTokens", request.max_tokens.map(Value::from)),
        ("temperature", request.temperature.map(Value::from)),
        ("topP", request.top_p.map(Value::from)),
        ("stopSequences", (!request.stop.is_empty()).then(|| json!(request.stop))),
    ] {
        config.extend(value.map(|value| (key.to_owned(), value)));
    }
    if !config.is_empty() {
        out.insert("inferenceConfig".into(), Value::Object(config));
    }
    if let Some(tools) = tools(request) {
        out.insert("toolConfig".into(), tools);
    }
    match &request.format {
        None => {}
        Some(Format::Json) => losses.matters(request.field("response_format")),
        Some(Format::Schema { name, schema, .. }) => {
            let format = json!({"schema": schema.to_string(), "name": name});
            out.insert(
                "outputConfig".into(),
                json!({"textFormat": {"type": "json_schema", "structure": {"jsonSchema": format}}}),
            );
        }
    }
    // What goes to the model as it is: the words are those of Anthropic's models.
    let more: Map<String, Value> = [("top_k", request.top_k.map(Value::from)), ("thinking", thinking)]
        .into_iter()
        .filter_map(|(key, value)| Some((key.to_owned(), value?)))
        .collect();
    if !more.is_empty() {
        out.insert("additionalModelRequestFields".into(), Value::Object(more));
    }
    if let Some(user) = &request.user {
        // At most 256 characters of a few kinds: an id that is none is left out.
        let plain = |c: char| c.is_ascii_alphanumeric() || " :_@$#=/+,-.".contains(c);
        if user.len() <= 256 && user.chars().all(plain) {
            out.insert("requestMetadata".into(), json!({"user": user}));
        } else {
            losses.hint(request.field("user"));
        }
    }
    Ok(Value::Object(out))
}

/// `thinking` of Anthropic's models.
fn thinking(request: &Request) -> Option<Value> {
    request.thinking.as_ref().map(|thinking| match (thinking, thinking.budget()) {
        (Thinking::Off, _) | (_, Some(0)) => json!({"type": "disabled"}),
        (_, Some(budget)) => json!({"type": "enabled", "budget_tokens": budget.max(1_024)}),
        (_, None) => json!({"type": "adaptive"}),
    })
}

fn tools(request: &Request) -> Option<Value> {
    // Tools cannot be offered and forbidden: without them none is called.
    if request.tools.is_empty() || request.tool_choice == Some(ToolChoice::Never) && !calls(request) {
        return None;
    }
    let one = |tool: &crate::chat::Tool| {
        let schema = tool.schema.clone().unwrap_or_else(|| json!({"type": "object", "properties": {}}));
        let mut spec = json!({"name": tool.name, "inputSchema": {"json": schema}});
        if let (Some(description), Some(spec)) = (&tool.description, spec.as_object_mut()) {
            spec.insert("description".into(), description.clone().into());
        }
        json!({"toolSpec": spec})
    };
    let mut out = json!({"tools": request.tools.iter().map(one).collect::<Vec<_>>()});
    let choice = match &request.tool_choice {
        Some(ToolChoice::Required) => Some(json!({"any": {}})),
        Some(ToolChoice::Named(name)) => Some(json!({"tool": {"name": name}})),
        Some(ToolChoice::Auto) => Some(json!({"auto": {}})),
        Some(ToolChoice::Never) | None => None,
    };
    if let (Some(choice), Some(out)) = (choice, out.as_object_mut()) {
        out.insert("toolChoice".into(), choice);
    }
    Some(out)
}

/// Earlier turns hold calls, which are only taken beside their tools.
fn calls(request: &Request) -> bool {
    request.messages.iter().flat_map(|message| &message.parts).any(|part| matches!(part, Part::Call(_)))
}

fn blocks(message: &Message, losses: &mut Losses) -> Result<Vec<Value>, BadRequest> {
    let mut out = Vec::new();
    for (place, part) in message.parts.iter().enumerate() {
        out.extend(block(part, place, message, losses)?);
    }
    Ok(out)
}

fn block(part: &Part, place: usize, message: &Message, losses: &mut Losses) -> Result<Option<Value>, BadRequest> {
    Ok(Some(match part {
        // An empty text is refused there and says nothing anywhere.
        Part::Text(text) | Part::Refusal(text) if text.is_empty() => return Ok(None),
        Part::Text(text) | Part::Refusal(text) => json!({"text": text}),
        Part::Image { source: Source::Data { media, data }, .. } => {
            let format = media.strip_prefix("image/").unwrap_or(media);
            json!({"image": {"format": format.replace("jpg", "jpeg"), "source": {"bytes": data}}})
        }
        Part::Image { .. } => {
            losses.matters(format!("{}: an image that is not base64", message.at));
            return Ok(None);
        }
        Part::File { source: Source::Data { media, data }, name } => match format(media) {
            Some(format) => {
                // Names may hold few characters, and must differ within a request.
                let name: String =
                    name.as_deref().unwrap_or("file").chars().filter(char::is_ascii_alphanumeric).collect();
                json!({"document": {"format": format, "name": format!("{name}-{place}"), "source": {"bytes": data}}})
            }
            None => {
                losses.matters(format!("{}: a file of type {media}", message.at));
                return Ok(None);
            }
        },
        Part::File { .. } => {
            losses.matters(format!("{}: a file that is not base64", message.at));
            return Ok(None);
        }
        Part::Audio { .. } => {
            losses.matters(format!("{}: input_audio", message.at));
            return Ok(None);
        }
        Part::Thinking { text, signature: Some(signature) } => {
            json!({"reasoningContent": {"reasoningText": {"text": text, "signature": signature}}})
        }
        Part::Thinking { signature: None, .. } => {
            losses.hint(format!("{}: thinking without a signature", message.at));
            return Ok(None);
        }
        Part::Redacted(data) => json!({"reasoningContent": {"redactedContent": data}}),
        Part::Call(call) => {
            let input = call.input().map_err(|_| BadRequest::arguments(&message.at))?;
            json!({"toolUse": {"toolUseId": tidy(&call.id), "name": call.name, "input": input}})
        }
        Part::Result { id, content, error, .. } => {
            let inner = Message { role: Role::User, parts: content.clone(), at: message.at.clone() };
            let status = if *error { "error" } else { "success" };
            json!({"toolResult": {"toolUseId": tidy(id), "content": blocks(&inner, losses)?, "status": status}})
        }
        Part::CachePoint => json!({"cachePoint": {"type": "default"}}),
    }))
}

/// Ids may hold only these characters here, and at most 64 of them.
fn tidy(id: &str) -> String {
    let letter = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '_' | '-') { c } else { '_' };
    id.chars().take(64).map(letter).collect()
}

/// The format of a document.
fn format(media: &str) -> Option<&'static str> {
    Some(match media {
        "application/pdf" => "pdf",
        "text/csv" => "csv",
        "text/html" => "html",
        "text/plain" => "txt",
        "text/markdown" => "md",
        "application/msword" => "doc",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document" => "docx",
        "application/vnd.ms-excel" => "xls",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" => "xlsx",
        _ => return None,
    })
}

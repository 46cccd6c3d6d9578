//! A request from the neutral form.

use serde_json::{Map, Value, json};

use crate::{
    chat::{Format, Losses, Message, Part, Request, Role, Source, Thinking, ToolChoice},
    dialect::bad::BadRequest,
};

/// Answers need a limit here; what callers of other dialects get who set none.
const LIMIT: u64 = 8_192;
/// The smallest budget taken.
const LEAST_BUDGET: u64 = 1_024;

/// The document for `model`, and in `losses` what it cannot say.
///
/// # Errors
/// A call whose arguments are no JSON.
pub(crate) fn encode(request: &Request, model: &str, losses: &mut Losses) -> Result<Value, BadRequest> {
    let mut out = Map::new();
    let mut put = |key: &str, value: Option<Value>| {
        if let Some(value) = value {
            out.insert(key.to_owned(), value);
        }
    };
    request.without(&["verbosity", "seed", "n", "presence_penalty", "frequency_penalty", "logprobs"], losses);
    if request.temperature.is_some_and(|temperature| temperature > 1.0) {
        losses.matters(request.field("temperature"));
    }
    let (system, turns) = super::turns(request, losses, blocks)?;
    put("model", Some(model.into()));
    let limit = request.max_tokens.unwrap_or(LIMIT);
    let (limit, thinking) = thinking(request, limit, losses);
    let thinks = thinking.as_ref().is_some_and(|thinking| thinking["type"] != "disabled");
    let request = super::beside_thoughts(request, thinks, losses);
    let request = request.as_ref();
    put("max_tokens", Some(limit.into()));
    put("system", (!system.is_empty()).then(|| plain(system)));
    let message = |(role, blocks)| json!({"role": role, "content": plain(blocks)});
    put("messages", Some(turns.into_iter().map(message).collect()));
    put("temperature", request.temperature.map(|temperature| temperature.min(1.0).into()));
    put("top_p", request.top_p.map(Value::from));
    put("top_k", request.top_k.map(Value::from));
    put("stop_sequences", (!request.stop.is_empty()).then(|| json!(request.stop)));
    put("thinking", thinking);
    put("tools", (!request.tools.is_empty()).then(|| tools(request)));
    put("tool_choice", tool_choice(request));
    match &request.format {
        None => {}
        Some(Format::Json) => losses.matters(request.field("response_format")),
        Some(Format::Schema { schema, .. }) => {
            put("output_config", Some(json!({"format": {"type": "json_schema", "schema": schema}})));
        }
    }
    put("metadata", request.user.as_ref().map(|user| json!({"user_id": user})));
    put("stream", request.stream.then_some(Value::Bool(true)));
    Ok(Value::Object(out))
}

/// The limit and `thinking`: the budget must be below the limit, which counts thoughts too.
fn thinking(request: &Request, limit: u64, losses: &mut Losses) -> (u64, Option<Value>) {
    let enabled = |budget: u64| Some(json!({"type": "enabled", "budget_tokens": budget}));
    match &request.thinking {
        None => (limit, None),
        Some(Thinking::Off) => (limit, Some(json!({"type": "disabled"}))),
        Some(Thinking::Adaptive) => (limit, Some(json!({"type": "adaptive"}))),
        Some(asked) => {
            let budget = asked.budget().unwrap_or(LEAST_BUDGET);
            if budget == 0 {
                return (limit, Some(json!({"type": "disabled"})));
            }
            let budget = budget.max(LEAST_BUDGET);
            match request.max_tokens {
                None => (limit + budget, enabled(budget)),
                Some(limit) if limit > budget => (limit, enabled(budget)),
                Some(limit) if limit > LEAST_BUDGET => (limit, enabled(LEAST_BUDGET)),
                Some(limit) => {
                    losses.hint(request.field("reasoning_effort"));
                    (limit, None)
                }
            }
        }
    }
}

fn tools(request: &Request) -> Value {
    let one = |tool: &crate::chat::Tool| {
        let mut out = Map::new();
        out.insert("name".into(), tool.name.clone().into());
        if let Some(description) = &tool.description {
            out.insert("description".into(), description.clone().into());
        }
        let schema = tool.schema.clone().unwrap_or_else(|| json!({"type": "object", "properties": {}}));
        out.insert("input_schema".into(), schema);
        if tool.strict == Some(true) {
            out.insert("strict".into(), true.into());
        }
        Value::Object(out)
    };
    Value::Array(request.tools.iter().map(one).collect())
}

fn tool_choice(request: &Request) -> Option<Value> {
    if request.tools.is_empty() {
        return None;
    }
    let serial = request.parallel_tools == Some(false);
    let mut choice = match &request.tool_choice {
        None if serial => json!({"type": "auto"}),
        None => return None,
        Some(ToolChoice::Auto) => json!({"type": "auto"}),
        Some(ToolChoice::Never) => return Some(json!({"type": "none"})),
        Some(ToolChoice::Required) => json!({"type": "any"}),
        Some(ToolChoice::Named(name)) => json!({"type": "tool", "name": name}),
    };
    if let (true, Some(choice)) = (serial, choice.as_object_mut()) {
        choice.insert("disable_parallel_tool_use".into(), true.into());
    }
    Some(choice)
}

/// One text without ornaments is a string.
fn plain(mut blocks: Vec<Value>) -> Value {
    if let [only] = blocks.as_mut_slice()
        && only["type"] == "text"
        && only.get("cache_control").is_none()
    {
        return only["text"].take();
    }
    Value::Array(blocks)
}

fn blocks(message: &Message, losses: &mut Losses) -> Result<Vec<Value>, BadRequest> {
    let mut out: Vec<Value> = Vec::new();
    for part in &message.parts {
        match part {
            Part::CachePoint => {
                if let Some(last) = out.last_mut().and_then(Value::as_object_mut) {
                    last.insert("cache_control".into(), json!({"type": "ephemeral"}));
                }
            }
            part => out.extend(block(part, message, losses)?),
        }
    }
    Ok(out)
}

fn block(part: &Part, message: &Message, losses: &mut Losses) -> Result<Option<Value>, BadRequest> {
    Ok(Some(match part {
        // An empty text is refused there and says nothing anywhere.
        Part::Text(text) | Part::Refusal(text) if text.is_empty() => return Ok(None),
        Part::Text(text) | Part::Refusal(text) => json!({"type": "text", "text": text}),
        Part::Image { source: from, .. } => json!({"type": "image", "source": source(from)}),
        Part::File { source: from, name } => {
            if let Source::Data { media, .. } = from
                && media != "application/pdf"
            {
                losses.matters(format!("{}: a file of type {media}", message.at));
                return Ok(None);
            }
            let mut block = json!({"type": "document", "source": source(from)});
            if let (Some(name), Some(block)) = (name, block.as_object_mut()) {
                block.insert("title".into(), name.clone().into());
            }
            block
        }
        Part::Audio { .. } => {
            losses.matters(format!("{}: input_audio", message.at));
            return Ok(None);
        }
        Part::Thinking { text, signature: Some(signature) } => {
            json!({"type": "thinking", "thinking": text, "signature": signature})
        }
        Part::Thinking { signature: None, .. } => {
            losses.hint(format!("{}: thinking without a signature", message.at));
            return Ok(None);
        }
        Part::Redacted(data) => json!({"type": "redacted_thinking", "data": data}),
        Part::Call(call) => {
            let input = call.input().map_err(|_| BadRequest::arguments(&message.at))?;
            json!({"type": "tool_use", "id": tidy(&call.id), "name": call.name, "input": input})
        }
        Part::Result { id, content, error, .. } => {
            let inner = Message { role: Role::User, parts: content.clone(), at: message.at.clone() };
            let mut block =
                json!({"type": "tool_result", "tool_use_id": tidy(id), "content": plain(blocks(&inner, losses)?)});
            if let (true, Some(block)) = (*error, block.as_object_mut()) {
                block.insert("is_error".into(), true.into());
            }
            block
        }
        Part::CachePoint => return Ok(None),
    }))
}

fn source(source: &Source) -> Value {
    match source {
        Source::Url(url) => json!({"type": "url", "url": url}),
        Source::Data { media, data } => json!({"type": "base64", "media_type": media, "data": data}),
        Source::Id(id) => json!({"type": "file", "file_id": id}),
    }
}

/// Ids may hold only these characters here.
fn tidy(id: &str) -> String {
    id.chars().map(|c| if c.is_ascii_alphanumeric() || matches!(c, '_' | '-') { c } else { '_' }).collect()
}

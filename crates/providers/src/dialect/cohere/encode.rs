//! A request from the neutral form.

use serde_json::{Map, Value, json};

use crate::{
    chat::{Format, Losses, Message, Part, Request, Role, Thinking, ToolChoice, text_of, text_of_result},
    dialect::openai_chat,
};

/// The document for `model`, and in `losses` what it cannot say.
pub(crate) fn encode(request: &Request, model: &str, losses: &mut Losses) -> Value {
    let mut out = Map::new();
    let mut put = |key: &str, value: Option<Value>| {
        if let Some(value) = value {
            out.insert(key.to_owned(), value);
        }
    };
    request.without(&["verbosity", "n"], losses);
    if request.logprobs.is_some_and(|top| top > 0) {
        losses.matters(request.field("top_logprobs"));
    }
    if request.parallel_tools == Some(false) && request.tools.len() > 1 {
        losses.matters(request.field("parallel_tool_calls"));
    }
    if request.user.is_some() {
        losses.hint(request.field("user"));
    }
    put("model", Some(model.into()));
    put("messages", Some(Value::Array(messages(request, losses))));
    put("max_tokens", request.max_tokens.map(Value::from));
    put("temperature", request.temperature.map(Value::from));
    put("p", request.top_p.map(Value::from));
    put("k", request.top_k.map(Value::from));
    put("stop_sequences", (!request.stop.is_empty()).then(|| json!(request.stop)));
    put("seed", request.seed.map(Value::from));
    put("presence_penalty", request.presence_penalty.map(Value::from));
    put("frequency_penalty", request.frequency_penalty.map(Value::from));
    put("logprobs", request.logprobs.map(|_| true.into()));
    put(
        "response_format",
        request.format.as_ref().map(|format| match format {
            Format::Json => json!({"type": "json_object"}),
            Format::Schema { schema, .. } => json!({"type": "json_object", "json_schema": schema}),
        }),
    );
    put("thinking", request.thinking.as_ref().map(thinking));
    if !request.tools.is_empty() {
        put("tools", Some(tools(request)));
        put("strict_tools", request.tools.iter().any(|tool| tool.strict == Some(true)).then_some(Value::Bool(true)));
        put(
            "tool_choice",
            match &request.tool_choice {
                None | Some(ToolChoice::Auto) => None,
                Some(ToolChoice::Never) => Some("NONE".into()),
                Some(ToolChoice::Required | ToolChoice::Named(_)) => Some("REQUIRED".into()),
            },
        );
    }
    put("stream", request.stream.then_some(Value::Bool(true)));
    Value::Object(out)
}

fn thinking(thinking: &Thinking) -> Value {
    match (thinking, thinking.budget()) {
        (Thinking::Off, _) | (_, Some(0)) => json!({"type": "disabled"}),
        (_, Some(budget)) => json!({"type": "enabled", "token_budget": budget}),
        (_, None) => json!({"type": "enabled"}),
    }
}

/// Required is all it knows: a named tool is offered alone.
fn tools(request: &Request) -> Value {
    let named = |tool: &&crate::chat::Tool| match &request.tool_choice {
        Some(ToolChoice::Named(name)) => tool.name == *name,
        _ => true,
    };
    let one = |tool: &crate::chat::Tool| {
        json!({"type": "function", "function": {
            "name": tool.name,
            "description": tool.description,
            "parameters": tool.schema.clone().unwrap_or_else(|| json!({"type": "object", "properties": {}})),
        }})
    };
    Value::Array(request.tools.iter().filter(named).map(one).collect())
}

fn messages(request: &Request, losses: &mut Losses) -> Vec<Value> {
    let mut out = Vec::new();
    for message in &request.messages {
        if message.parts.contains(&Part::CachePoint) {
            losses.hint(format!("{}: cache_control", message.at));
        }
        match message.role {
            Role::System => out.push(json!({"role": "system", "content": text_of(&message.parts)})),
            Role::Assistant => out.push(assistant(message, losses)),
            Role::User => user(message, &mut out, losses),
        }
    }
    out
}

/// Results of tools become messages of their own, before what the user says.
fn user(message: &Message, out: &mut Vec<Value>, losses: &mut Losses) {
    let mut said = Vec::new();
    for part in &message.parts {
        match part {
            Part::Result { id, content, error, .. } => {
                let content = text_of_result(content, &message.at, losses);
                if *error {
                    losses.hint(format!("{}: is_error of a tool result", message.at));
                }
                out.push(json!({"role": "tool", "tool_call_id": id, "content": content}));
            }
            Part::Text(text) => said.push(json!({"type": "text", "text": text})),
            Part::Image { source, detail } => {
                let Some(url) = source.url() else {
                    losses.matters(format!("{}: an image by file id", message.at));
                    continue;
                };
                let detail = detail.as_deref().unwrap_or("auto");
                said.push(json!({"type": "image_url", "image_url": {"url": url, "detail": detail}}));
            }
            Part::File { .. } => losses.matters(format!("{}: a file", message.at)),
            Part::Audio { .. } => losses.matters(format!("{}: input_audio", message.at)),
            Part::CachePoint => {}
            Part::Thinking { .. } | Part::Redacted(_) | Part::Call(_) | Part::Refusal(_) => {
                losses.matters(format!("{}: a part that only an assistant can say", message.at));
            }
        }
    }
    out.extend(openai_chat::said_by_user(said));
}

fn assistant(message: &Message, losses: &mut Losses) -> Value {
    let mut out = Map::new();
    out.insert("role".into(), "assistant".into());
    let (mut calls, mut said) = (Vec::new(), Vec::new());
    for part in &message.parts {
        match part {
            Part::Text(text) | Part::Refusal(text) => said.push(json!({"type": "text", "text": text})),
            Part::Thinking { text, .. } if !text.is_empty() => said.push(json!({"type": "thinking", "thinking": text})),
            Part::Thinking { .. } | Part::Redacted(_) => losses.hint(format!("{}: thinking", message.at)),
            Part::Call(call) => calls.push(openai_chat::call(call)),
            Part::CachePoint => {}
            Part::Image { .. } | Part::File { .. } | Part::Audio { .. } | Part::Result { .. } => {
                losses.matters(format!("{}: a part that an assistant cannot say", message.at));
            }
        }
    }
    if !said.is_empty() {
        out.insert("content".into(), Value::Array(said));
    }
    if !calls.is_empty() {
        out.insert("tool_calls".into(), Value::Array(calls));
    }
    Value::Object(out)
}

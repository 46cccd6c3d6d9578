//! A request from the neutral form.

use serde_json::{Map, Value, json};

use crate::chat::{
    Format, Losses, Message, Part, Request, Role, Source, Thinking, ToolChoice, text_of, text_of_result,
};

/// OpenAI takes so many stop sequences.
const MOST_STOPS: usize = 4;

/// The document for `model`, and in `losses` what it cannot say. `completion_tokens` says whether the provider knows
/// `max_completion_tokens`; most that copy OpenAI know only `max_tokens`.
pub(crate) fn encode(request: &Request, model: &str, completion_tokens: bool, losses: &mut Losses) -> Value {
    let mut out = Map::new();
    let mut put = |key: &str, value: Option<Value>| {
        if let Some(value) = value {
            out.insert(key.to_owned(), value);
        }
    };
    put("model", Some(model.into()));
    put("messages", Some(Value::Array(messages(request, losses))));
    let limit = if completion_tokens { "max_completion_tokens" } else { "max_tokens" };
    put(limit, request.max_tokens.map(Value::from));
    put("temperature", request.temperature.map(Value::from));
    put("top_p", request.top_p.map(Value::from));
    request.without(&["top_k"], losses);
    if request.stop.len() > MOST_STOPS {
        losses.matters(request.field("stop"));
    }
    let stop: Vec<_> = request.stop.iter().take(MOST_STOPS).collect();
    put("stop", (!stop.is_empty()).then(|| json!(stop)));
    put("seed", request.seed.map(Value::from));
    put("n", request.n.map(Value::from));
    put("presence_penalty", request.presence_penalty.map(Value::from));
    put("frequency_penalty", request.frequency_penalty.map(Value::from));
    put("logprobs", request.logprobs.map(|_| true.into()));
    put("top_logprobs", request.logprobs.filter(|top| *top > 0).map(Value::from));
    put("response_format", request.format.as_ref().map(format));
    put("tools", (!request.tools.is_empty()).then(|| tools(request)));
    put("verbosity", request.verbosity.clone().map(Value::from));
    put("tool_choice", request.tool_choice.as_ref().map(tool_choice));
    put("parallel_tool_calls", request.parallel_tools.filter(|_| !request.tools.is_empty()).map(Value::from));
    let effort = request.thinking.as_ref().filter(|thinking| **thinking != Thinking::Off);
    put("reasoning_effort", effort.map(|thinking| thinking.effort().into()));
    put("user", request.user.clone().map(Value::from));
    if request.stream {
        put("stream", Some(true.into()));
        put("stream_options", Some(json!({"include_usage": true})));
    }
    Value::Object(out)
}

fn format(format: &Format) -> Value {
    match format {
        Format::Json => json!({"type": "json_object"}),
        Format::Schema { name, schema, strict } => {
            let mut inner = json!({"name": name, "schema": schema});
            if let (Some(strict), Some(inner)) = (strict, inner.as_object_mut()) {
                inner.insert("strict".into(), (*strict).into());
            }
            json!({"type": "json_schema", "json_schema": inner})
        }
    }
}

fn tools(request: &Request) -> Value {
    let one = |tool: &crate::chat::Tool| {
        let mut function = Map::new();
        function.insert("name".into(), tool.name.clone().into());
        if let Some(description) = &tool.description {
            function.insert("description".into(), description.clone().into());
        }
        if let Some(schema) = &tool.schema {
            function.insert("parameters".into(), schema.clone());
        }
        if let Some(strict) = tool.strict {
            function.insert("strict".into(), strict.into());
        }
        json!({"type": "function", "function": function})
    };
    Value::Array(request.tools.iter().map(one).collect())
}

fn tool_choice(choice: &ToolChoice) -> Value {
    match choice {
        ToolChoice::Auto => "auto".into(),
        ToolChoice::Never => "none".into(),
        ToolChoice::Required => "required".into(),
        ToolChoice::Named(name) => json!({"type": "function", "function": {"name": name}}),
    }
}

fn messages(request: &Request, losses: &mut Losses) -> Vec<Value> {
    let mut out = Vec::new();
    for message in &request.messages {
        match message.role {
            Role::System => out.push(json!({"role": "system", "content": text_of(&message.parts)})),
            Role::Assistant => out.push(assistant(message, losses)),
            Role::User => user(message, &mut out, losses),
        }
        if message.parts.contains(&Part::CachePoint) {
            losses.hint(format!("{}: cache_control", message.at));
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
            Part::Image { source, detail } => match source.url() {
                Some(url) => {
                    let mut image = json!({"url": url});
                    if let (Some(detail), Some(image)) = (detail, image.as_object_mut()) {
                        image.insert("detail".into(), detail.clone().into());
                    }
                    said.push(json!({"type": "image_url", "image_url": image}));
                }
                None => losses.matters(format!("{}: an image by file id", message.at)),
            },
            Part::File { source, name } => match source {
                Source::Url(_) => losses.matters(format!("{}: a file by URL", message.at)),
                Source::Id(id) => said.push(json!({"type": "file", "file": {"file_id": id}})),
                Source::Data { media, data } => {
                    let name = name.as_deref().unwrap_or("file.pdf");
                    let data = format!("data:{media};base64,{data}");
                    said.push(json!({"type": "file", "file": {"filename": name, "file_data": data}}));
                }
            },
            Part::Audio { data, format } => {
                said.push(json!({"type": "input_audio", "input_audio": {"data": data, "format": format}}));
            }
            Part::CachePoint => {}
            Part::Thinking { .. } | Part::Redacted(_) | Part::Call(_) | Part::Refusal(_) => {
                losses.matters(format!("{}: a part that only an assistant can say", message.at));
            }
        }
    }
    out.extend(super::said_by_user(said));
}

fn assistant(message: &Message, losses: &mut Losses) -> Value {
    let mut out = Map::new();
    out.insert("role".into(), "assistant".into());
    let (mut calls, mut texts, mut refusal) = (Vec::new(), Vec::new(), None);
    for part in &message.parts {
        match part {
            Part::Text(text) => texts.push(text.as_str()),
            Part::Refusal(text) => refusal = Some(text.clone()),
            Part::Call(call) => calls.push(super::call(call)),
            // The provider keeps its own; another one's reasoning has no place here.
            Part::Thinking { .. } | Part::Redacted(_) => losses.hint(format!("{}: thinking", message.at)),
            Part::CachePoint => {}
            Part::Image { .. } | Part::File { .. } | Part::Audio { .. } | Part::Result { .. } => {
                losses.matters(format!("{}: a part that an assistant cannot say", message.at));
            }
        }
    }
    let content = if texts.is_empty() { Value::Null } else { texts.concat().into() };
    out.insert("content".into(), content);
    if let Some(refusal) = refusal {
        out.insert("refusal".into(), refusal.into());
    }
    if !calls.is_empty() {
        out.insert("tool_calls".into(), Value::Array(calls));
    }
    Value::Object(out)
}

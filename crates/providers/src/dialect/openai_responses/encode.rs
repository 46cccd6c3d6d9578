//! A request from the neutral form.

use serde_json::{Map, Value, json};

use crate::chat::{Format, Losses, Message, Part, Request, Role, Source, Thinking, ToolChoice, text_of_result};

/// The document for `model`, and in `losses` what it cannot say. Nothing is stored at the provider.
pub(crate) fn encode(request: &Request, model: &str, losses: &mut Losses) -> Value {
    request.without(&["top_k", "stop", "seed", "n", "presence_penalty", "frequency_penalty"], losses);
    let mut out = Map::new();
    let mut put = |key: &str, value: Option<Value>| {
        if let Some(value) = value {
            out.insert(key.to_owned(), value);
        }
    };
    let mut input = Vec::new();
    for message in &request.messages {
        items(message, &mut input, losses);
    }
    put("model", Some(model.into()));
    put("input", Some(Value::Array(input)));
    put("max_output_tokens", request.max_tokens.map(Value::from));
    put("temperature", request.temperature.map(Value::from));
    put("top_p", request.top_p.map(Value::from));
    put("top_logprobs", request.logprobs.map(Value::from));
    put("tools", (!request.tools.is_empty()).then(|| tools(request)));
    put(
        "tool_choice",
        request.tool_choice.as_ref().map(|choice| match choice {
            ToolChoice::Auto => "auto".into(),
            ToolChoice::Never => "none".into(),
            ToolChoice::Required => "required".into(),
            ToolChoice::Named(name) => json!({"type": "function", "name": name}),
        }),
    );
    put("parallel_tool_calls", request.parallel_tools.filter(|_| !request.tools.is_empty()).map(Value::from));
    let format = request.format.as_ref().map(|format| match format {
        Format::Json => json!({"type": "json_object"}),
        Format::Schema { name, schema, strict } => {
            json!({"type": "json_schema", "name": name, "schema": schema, "strict": strict.unwrap_or(false)})
        }
    });
    let mut text = Map::new();
    text.extend(format.map(|format| ("format".to_owned(), format)));
    text.extend(request.verbosity.clone().map(|verbosity| ("verbosity".to_owned(), verbosity.into())));
    put("text", (!text.is_empty()).then_some(Value::Object(text)));
    let thinking = request.thinking.as_ref().filter(|thinking| **thinking != Thinking::Off);
    put("reasoning", thinking.map(|thinking| json!({"effort": thinking.effort(), "summary": "auto"})));
    put("include", thinking.map(|_| json!(["reasoning.encrypted_content"])));
    put("user", request.user.clone().map(Value::from));
    put("store", Some(false.into()));
    put("stream", request.stream.then_some(Value::Bool(true)));
    Value::Object(out)
}

fn tools(request: &Request) -> Value {
    let one = |tool: &crate::chat::Tool| {
        json!({
            "type": "function", "name": tool.name, "description": tool.description,
            "parameters": tool.schema.clone().unwrap_or_else(|| json!({"type": "object", "properties": {}})),
            "strict": tool.strict.unwrap_or(false),
        })
    };
    Value::Array(request.tools.iter().map(one).collect())
}

fn image(source: &Source, detail: Option<&str>) -> Value {
    let detail = detail.unwrap_or("auto");
    match source {
        Source::Id(id) => json!({"type": "input_image", "file_id": id, "detail": detail}),
        Source::Url(url) => json!({"type": "input_image", "image_url": url, "detail": detail}),
        Source::Data { media, data } => {
            let url = format!("data:{media};base64,{data}");
            json!({"type": "input_image", "image_url": url, "detail": detail})
        }
    }
}

fn file(source: &Source, name: Option<&str>) -> Value {
    match source {
        Source::Id(id) => json!({"type": "input_file", "file_id": id}),
        Source::Url(url) => json!({"type": "input_file", "file_url": url}),
        Source::Data { media, data } => {
            let data = format!("data:{media};base64,{data}");
            json!({"type": "input_file", "filename": name.unwrap_or("file.pdf"), "file_data": data})
        }
    }
}

/// What a tool said: one text, or parts where it showed something.
fn output(content: &[Part], at: &str, losses: &mut Losses) -> Value {
    let shows = content.iter().any(|part| matches!(part, Part::Image { .. } | Part::File { .. }));
    if !shows {
        return text_of_result(content, at, losses).into();
    }
    let parts = content.iter().filter_map(|part| match part {
        Part::Text(text) | Part::Refusal(text) => Some(json!({"type": "input_text", "text": text})),
        Part::Image { source, detail } => Some(image(source, detail.as_deref())),
        Part::File { source, name } => Some(file(source, name.as_deref())),
        Part::CachePoint => None,
        _ => {
            losses.matters(format!("{at}: a tool result that is neither text nor a file"));
            None
        }
    });
    Value::Array(parts.collect())
}

fn items(message: &Message, out: &mut Vec<Value>, losses: &mut Losses) {
    let role = match message.role {
        Role::System => "developer",
        Role::User => "user",
        Role::Assistant => "assistant",
    };
    let mut said: Vec<Value> = Vec::new();
    let flush = |said: &mut Vec<Value>, out: &mut Vec<Value>| {
        if !said.is_empty() {
            out.push(json!({"type": "message", "role": role, "content": std::mem::take(said)}));
        }
    };
    for part in &message.parts {
        match part {
            Part::Text(text) if message.role == Role::Assistant => {
                said.push(json!({"type": "output_text", "text": text}));
            }
            Part::Text(text) => said.push(json!({"type": "input_text", "text": text})),
            Part::Refusal(text) => said.push(json!({"type": "refusal", "refusal": text})),
            Part::Image { source, detail } => said.push(image(source, detail.as_deref())),
            Part::File { source, name } => said.push(file(source, name.as_deref())),
            Part::Audio { .. } => losses.matters(format!("{}: input_audio", message.at)),
            Part::Call(call) => {
                flush(&mut said, out);
                out.push(json!({
                    "type": "function_call", "call_id": call.id, "name": call.name, "arguments": call.arguments,
                }));
            }
            Part::Result { id, content, error, .. } => {
                flush(&mut said, out);
                let output = output(content, &message.at, losses);
                if *error {
                    losses.hint(format!("{}: is_error of a tool result", message.at));
                }
                out.push(json!({"type": "function_call_output", "call_id": id, "output": output}));
            }
            // The provider takes back only items that it made itself.
            Part::Thinking { .. } | Part::Redacted(_) => losses.hint(format!("{}: thinking", message.at)),
            Part::CachePoint => losses.hint(format!("{}: cache_control", message.at)),
        }
    }
    flush(&mut said, out);
}

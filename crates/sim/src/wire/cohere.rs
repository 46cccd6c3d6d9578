//! Cohere's chat, version 2.

use bytes::Bytes;
use serde_json::{Value, json};

use super::{Asked, Choice, Finish, Reply, Usage, count, openai::halves};

fn text(turn: &Value) -> String {
    match turn.get("content") {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(parts)) => {
            parts.iter().filter_map(|part| part.get("text")?.as_str()).collect::<Vec<_>>().join("\n")
        }
        _ => String::new(),
    }
}

pub(super) fn read(body: &[u8]) -> Result<Asked, String> {
    let request: Value = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    let word = |key: &str| request.get(key).and_then(Value::as_str).map(str::to_owned);
    let turns = request.get("messages").and_then(Value::as_array).ok_or("messages is required")?;
    for unknown in ["max_completion_tokens", "top_p", "stream_options", "stop"] {
        if request.get(unknown).is_some() {
            return Err(format!("unknown field: parameter '{unknown}' is not a valid field"));
        }
    }
    let role = |turn: &Value| turn.get("role").and_then(Value::as_str).unwrap_or_default().to_owned();
    let last = turns.iter().rev().find(|turn| role(turn) == "user");
    let parts = turns.iter().filter_map(|turn| turn.get("content")?.as_array()).flatten();
    let files = parts.filter(|part| part.get("type").and_then(Value::as_str) == Some("image_url")).count();
    let tools = request.get("tools").and_then(Value::as_array).into_iter().flatten().map(|tool| {
        let name = tool.pointer("/function/name").and_then(Value::as_str).unwrap_or_default();
        (name.to_owned(), tool.pointer("/function/parameters").cloned().unwrap_or_default())
    });
    let format = request.get("response_format");
    Ok(Asked {
        model: word("model").ok_or("model is required")?,
        prompt: last.map(text).unwrap_or_default(),
        prompt_tokens: count(turns.iter().map(|turn| text(turn).len())),
        output_limit: request.get("max_tokens").and_then(Value::as_u64),
        format: format.map(|format| match format.get("json_schema") {
            Some(schema) => json!({"type": "json_schema", "json_schema": {"schema": schema}}),
            None => format.clone(),
        }),
        stop: request
            .get("stop_sequences")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(|stop| stop.as_str().map(str::to_owned))
            .collect(),
        stream: request.get("stream").and_then(Value::as_bool) == Some(true),
        include_usage: true,
        tools: tools.collect(),
        choice: match word("tool_choice").as_deref() {
            Some("NONE") => Choice::Never,
            Some("REQUIRED") => Choice::Required,
            _ => Choice::Auto,
        },
        answered: turns.last().is_some_and(|turn| role(turn) == "tool"),
        thinks: request.pointer("/thinking/type").and_then(Value::as_str) == Some("enabled"),
        files,
        caches: false,
    })
}

fn usage(usage: Usage) -> Option<Value> {
    match usage {
        Usage::None => None,
        Usage::Insane => Some(json!({"tokens": {"input_tokens": -5, "output_tokens": 1e18}})),
        Usage::Counted { prompt, answer, reasoning, .. } => Some(json!({
            "billed_units": {"input_tokens": prompt, "output_tokens": answer + reasoning},
            "tokens": {"input_tokens": prompt, "output_tokens": answer + reasoning},
        })),
    }
}

const fn finish(finish: &Finish) -> &'static str {
    match finish {
        Finish::End | Finish::Refusal => "COMPLETE",
        Finish::Length => "MAX_TOKENS",
        Finish::Sequence(_) => "STOP_SEQUENCE",
        Finish::Tools => "TOOL_CALL",
    }
}

fn call(reply: &Reply, number: usize, name: &str, arguments: &str) -> Value {
    let function = json!({"name": name, "arguments": arguments});
    json!({"id": reply.call_id(number), "type": "function", "function": function})
}

pub(super) fn body(reply: &Reply) -> Value {
    let mut content = Vec::new();
    content.extend(reply.thought.as_ref().map(|text| json!({"type": "thinking", "thinking": text})));
    if !reply.tokens.is_empty() {
        content.push(json!({"type": "text", "text": reply.tokens.concat()}));
    }
    let mut message = json!({"role": "assistant", "content": content});
    if !reply.calls.is_empty() {
        message["tool_plan"] = "I will call the tools.".into();
        let calls = reply.calls.iter().enumerate();
        message["tool_calls"] =
            calls.map(|(number, (name, arguments))| call(reply, number, name, &arguments.to_string())).collect();
    }
    let id = format!("sim-{:x}", reply.id);
    let mut body = json!({"id": id, "finish_reason": finish(&reply.finish), "message": message});
    body["usage"] = usage(reply.usage).unwrap_or_default();
    body
}

pub(super) fn events(reply: &Reply) -> Vec<Bytes> {
    let event = |value: Value| {
        let name = value.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
        format!("event: {name}\ndata: {value}\n\n")
    };
    let about = |kind: &str, index: usize, message: Value| {
        event(json!({"type": kind, "index": index, "delta": {"message": message}}))
    };
    let start =
        json!({"message": {"role": "assistant", "content": [], "tool_plan": "", "tool_calls": [], "citations": []}});
    let mut head = event(json!({"type": "message-start", "id": format!("sim-{:x}", reply.id), "delta": start}));
    let mut index = 0;
    if let Some(thought) = &reply.thought {
        head += &about("content-start", index, json!({"content": {"type": "thinking", "thinking": ""}}));
        for piece in halves(thought) {
            head += &about("content-delta", index, json!({"content": {"thinking": piece}}));
        }
        head += &event(json!({"type": "content-end", "index": index}));
        index += 1;
    }
    let mut tail = String::new();
    if !reply.tokens.is_empty() {
        head += &about("content-start", index, json!({"content": {"type": "text", "text": ""}}));
        tail += &event(json!({"type": "content-end", "index": index}));
    }
    let mut events = vec![Bytes::from(head)];
    for token in &reply.tokens {
        events.push(Bytes::from(about("content-delta", index, json!({"content": {"text": token}}))));
    }
    if !reply.calls.is_empty() {
        tail +=
            &event(json!({"type": "tool-plan-delta", "delta": {"message": {"tool_plan": "I will call the tools."}}}));
    }
    for (number, (name, arguments)) in reply.calls.iter().enumerate() {
        tail += &about("tool-call-start", number, json!({"tool_calls": call(reply, number, name, "")}));
        for piece in halves(&arguments.to_string()) {
            tail += &about("tool-call-delta", number, json!({"tool_calls": {"function": {"arguments": piece}}}));
        }
        tail += &event(json!({"type": "tool-call-end", "index": number}));
    }
    let mut delta = json!({"finish_reason": finish(&reply.finish)});
    if let Some(usage) = usage(reply.usage) {
        delta["usage"] = usage;
    }
    tail += &event(json!({"type": "message-end", "delta": delta}));
    events.push(Bytes::from(tail));
    events
}

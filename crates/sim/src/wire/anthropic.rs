//! Anthropic Messages.

use bytes::Bytes;
use serde_json::{Value, json};

use super::{Asked, Choice, Finish, Reply, Usage, count, openai::halves, signature};

fn text(content: Option<&Value>) -> String {
    match content {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(blocks)) => {
            blocks.iter().filter_map(|block| block.get("text")?.as_str()).collect::<Vec<_>>().join("\n")
        }
        _ => String::new(),
    }
}

fn blocks(turn: &Value) -> impl Iterator<Item = &Value> {
    turn.get("content").and_then(Value::as_array).into_iter().flatten()
}

fn kind(block: &Value) -> &str {
    block.get("type").and_then(Value::as_str).unwrap_or_default()
}

pub(super) fn read(body: &[u8]) -> Result<Asked, String> {
    let request: Value = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    let word = |key: &str| request.get(key).and_then(Value::as_str).map(str::to_owned);
    let model = word("model").ok_or("model: field required")?;
    let limit = request.get("max_tokens").and_then(Value::as_u64).ok_or("max_tokens: field required")?;
    let turns = request.get("messages").and_then(Value::as_array).ok_or("messages: field required")?;
    check(turns)?;
    if let Some(budget) = request.pointer("/thinking/budget_tokens").and_then(Value::as_u64)
        && budget >= limit
    {
        return Err("max_tokens: must be greater than thinking.budget_tokens".into());
    }
    let system = text(request.get("system"));
    let lengths = turns.iter().map(|turn| text(turn.get("content")).len());
    let last = turns.iter().rev().find(|turn| turn.get("role").and_then(Value::as_str) == Some("user"));
    let tools = request.get("tools").and_then(Value::as_array).into_iter().flatten().map(|tool| {
        let name = tool.get("name").and_then(Value::as_str).unwrap_or_default();
        (name.to_owned(), tool.get("input_schema").cloned().unwrap_or_default())
    });
    let files = turns.iter().flat_map(blocks).filter(|block| matches!(kind(block), "image" | "document")).count();
    let schema = request.pointer("/output_config/format/schema").or_else(|| request.pointer("/output_format/schema"));
    Ok(Asked {
        model,
        prompt: text(last.and_then(|turn| turn.get("content"))),
        prompt_tokens: count(lengths.chain((!system.is_empty()).then_some(system.len()))),
        output_limit: Some(limit),
        format: schema.map(|schema| json!({"type": "json_schema", "json_schema": {"schema": schema}})),
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
        choice: match request.pointer("/tool_choice/type").and_then(Value::as_str) {
            Some("none") => Choice::Never,
            Some("any") => Choice::Required,
            Some("tool") => {
                Choice::Named(request.pointer("/tool_choice/name").and_then(Value::as_str).unwrap_or_default().into())
            }
            _ => Choice::Auto,
        },
        answered: last.is_some_and(|turn| blocks(turn).any(|block| kind(block) == "tool_result")),
        thinks: matches!(request.pointer("/thinking/type").and_then(Value::as_str), Some("enabled" | "adaptive")),
        files,
        caches: memchr(body, b"\"cache_control\""),
    })
}

fn memchr(body: &[u8], needle: &[u8]) -> bool {
    body.windows(needle.len()).any(|window| window == needle)
}

/// What the real one refuses too: thoughts it has not signed, calls without results, blocks that it does not know.
fn check(turns: &[Value]) -> Result<(), String> {
    for (number, turn) in turns.iter().enumerate() {
        for (at, block) in blocks(turn).enumerate() {
            match kind(block) {
                "thinking" => {
                    let thought = block.get("thinking").and_then(Value::as_str).unwrap_or_default();
                    if block.get("signature").and_then(Value::as_str) != Some(&signature(thought)) {
                        return Err(format!("messages.{number}: Invalid `signature` in `thinking` block"));
                    }
                }
                "tool_use" => {
                    let id = block.get("id").and_then(Value::as_str);
                    let result = |block: &Value| block.get("tool_use_id").and_then(Value::as_str) == id;
                    if !turns.get(number + 1).is_some_and(|next| blocks(next).any(result)) {
                        return Err(format!("messages.{number}: `tool_use` ids without `tool_result` blocks after"));
                    }
                }
                "text" if block.get("text").and_then(Value::as_str).is_none_or(str::is_empty) => {
                    return Err(format!("messages.{number}: text content blocks must be non-empty"));
                }
                "text" | "image" | "document" | "search_result" | "tool_result" | "redacted_thinking" => {}
                other => return Err(format!("messages.{number}.content.{at}: no such block type as '{other}'")),
            }
        }
    }
    Ok(())
}

fn usage(usage: Usage) -> Option<Value> {
    match usage {
        Usage::None => None,
        Usage::Insane => Some(json!({"input_tokens": -5, "output_tokens": 1e18})),
        Usage::Counted { prompt, cached, written, answer, reasoning } => Some(json!({
            "input_tokens": prompt - cached - written,
            "cache_creation_input_tokens": written,
            "cache_read_input_tokens": cached,
            "output_tokens": answer + reasoning,
        })),
    }
}

const fn finish(finish: &Finish) -> &'static str {
    match finish {
        Finish::End => "end_turn",
        Finish::Length => "max_tokens",
        Finish::Sequence(_) => "stop_sequence",
        Finish::Tools => "tool_use",
        Finish::Refusal => "refusal",
    }
}

fn sequence(finish: &Finish) -> Option<&str> {
    if let Finish::Sequence(text) = finish { Some(text) } else { None }
}

pub(super) fn body(reply: &Reply) -> Value {
    let mut content = Vec::new();
    if let Some(thought) = &reply.thought {
        content.push(json!({"type": "thinking", "thinking": thought, "signature": signature(thought)}));
    }
    if !reply.tokens.is_empty() {
        content.push(json!({"type": "text", "text": reply.tokens.concat()}));
    }
    for (number, (name, input)) in reply.calls.iter().enumerate() {
        content.push(json!({"type": "tool_use", "id": reply.call_id(number), "name": name, "input": input}));
    }
    let mut body = json!({
        "id": format!("msg_sim{:x}", reply.id),
        "type": "message",
        "role": "assistant",
        "model": reply.model,
        "content": content,
        "stop_reason": finish(&reply.finish),
        "stop_sequence": sequence(&reply.finish),
    });
    if let Some(usage) = usage(reply.usage) {
        body["usage"] = usage;
    }
    body
}

fn event(value: &Value) -> String {
    format!("event: {}\ndata: {value}\n\n", kind(value))
}

pub(super) fn events(reply: &Reply) -> Vec<Bytes> {
    let mut message = body(reply);
    for (key, value) in [("content", json!([])), ("stop_reason", Value::Null), ("stop_sequence", Value::Null)] {
        message[key] = value;
    }
    if let Some(usage) = message.get_mut("usage") {
        usage["output_tokens"] = 1.into();
    }
    let start = |index: usize, block: Value| {
        event(&json!({"type": "content_block_start", "index": index, "content_block": block}))
    };
    let delta =
        |index: usize, delta: Value| event(&json!({"type": "content_block_delta", "index": index, "delta": delta}));
    let stop = |index: usize| event(&json!({"type": "content_block_stop", "index": index}));
    let mut head = event(&json!({"type": "message_start", "message": message}));
    let mut index = 0;
    if let Some(thought) = &reply.thought {
        head += &start(index, json!({"type": "thinking", "thinking": "", "signature": ""}));
        for piece in halves(thought) {
            head += &delta(index, json!({"type": "thinking_delta", "thinking": piece}));
        }
        head += &delta(index, json!({"type": "signature_delta", "signature": signature(thought)}));
        head += &stop(index);
        index += 1;
    }
    let mut tail = String::new();
    if !reply.tokens.is_empty() {
        head += &start(index, json!({"type": "text", "text": ""}));
        head += "event: ping\ndata: {\"type\": \"ping\"}\n\n";
        tail += &stop(index);
    }
    let mut events = vec![Bytes::from(head)];
    for token in &reply.tokens {
        events.push(Bytes::from(delta(index, json!({"type": "text_delta", "text": token}))));
    }
    index += usize::from(!reply.tokens.is_empty());
    for (number, (name, input)) in reply.calls.iter().enumerate() {
        let block = json!({"type": "tool_use", "id": reply.call_id(number), "name": name, "input": {}});
        tail += &start(index, block);
        for piece in halves(&input.to_string()) {
            tail += &delta(index, json!({"type": "input_json_delta", "partial_json": piece}));
        }
        tail += &stop(index);
        index += 1;
    }
    let delta = json!({"stop_reason": finish(&reply.finish), "stop_sequence": sequence(&reply.finish)});
    let mut last = json!({"type": "message_delta", "delta": delta});
    if let Some(usage) = usage(reply.usage) {
        last["usage"] = usage;
    }
    tail += &event(&last);
    events.push(Bytes::from(tail));
    events
}

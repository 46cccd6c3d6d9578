//! Amazon Bedrock's Converse and ConverseStream, the latter in frames.

use bytes::{BufMut as _, Bytes, BytesMut};
use serde_json::{Value, json};

use super::{Asked, Choice, Finish, Reply, Usage, count, openai::halves, signature};

fn blocks(turn: &Value) -> impl Iterator<Item = &Value> {
    turn.get("content").and_then(Value::as_array).into_iter().flatten()
}

fn text(turn: &Value) -> String {
    blocks(turn).filter_map(|block| block.get("text")?.as_str()).collect::<Vec<_>>().join("\n")
}

pub(super) fn read(body: &[u8], call: &str) -> Result<Asked, String> {
    let request: Value = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    let (model, verb) = call.rsplit_once('/').ok_or("no operation on the model")?;
    let turns = request.get("messages").and_then(Value::as_array).ok_or("messages must not be null")?;
    check(turns)?;
    let system = request.get("system").and_then(Value::as_array).into_iter().flatten();
    let system = system.filter_map(|block| block.get("text")?.as_str()).map(str::len);
    let user = |turn: &&Value| turn.get("role").and_then(Value::as_str) == Some("user");
    let last = turns.iter().rev().find(user);
    let tools = request.pointer("/toolConfig/tools").and_then(Value::as_array).into_iter().flatten();
    let tools = tools.filter_map(|tool| tool.get("toolSpec")).map(|tool| {
        let name = tool.get("name").and_then(Value::as_str).unwrap_or_default();
        (name.to_owned(), tool.pointer("/inputSchema/json").cloned().unwrap_or_default())
    });
    let schema = request.pointer("/outputConfig/textFormat/structure/jsonSchema/schema").and_then(Value::as_str);
    let schema = schema.map(serde_json::from_str::<Value>).transpose().map_err(|error| error.to_string())?;
    let choice = request.pointer("/toolConfig/toolChoice");
    let files = turns.iter().flat_map(blocks);
    Ok(Asked {
        model: model.to_owned(),
        prompt: last.map(text).unwrap_or_default(),
        prompt_tokens: count(turns.iter().map(|turn| text(turn).len()).chain(system)),
        output_limit: request.pointer("/inferenceConfig/maxTokens").and_then(Value::as_u64),
        format: schema.map(|schema| json!({"type": "json_schema", "json_schema": {"schema": schema}})),
        stop: request
            .pointer("/inferenceConfig/stopSequences")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(|stop| stop.as_str().map(str::to_owned))
            .collect(),
        stream: verb == "converse-stream",
        include_usage: true,
        tools: tools.collect(),
        choice: match choice {
            Some(choice) if choice.get("any").is_some() => Choice::Required,
            Some(choice) => match choice.pointer("/tool/name").and_then(Value::as_str) {
                Some(name) => Choice::Named(name.to_owned()),
                None => Choice::Auto,
            },
            None => Choice::Auto,
        },
        answered: last.is_some_and(|turn| blocks(turn).any(|block| block.get("toolResult").is_some())),
        thinks: matches!(
            request.pointer("/additionalModelRequestFields/thinking/type").and_then(Value::as_str),
            Some("enabled" | "adaptive")
        ),
        files: files.filter(|block| block.get("image").is_some() || block.get("document").is_some()).count(),
        caches: turns.iter().flat_map(blocks).any(|block| block.get("cachePoint").is_some()),
    })
}

/// What the real one refuses too: thoughts it has not signed, calls without results, turns of nothing.
fn check(turns: &[Value]) -> Result<(), String> {
    for (number, turn) in turns.iter().enumerate() {
        if blocks(turn).next().is_none() {
            return Err(format!("The content field in the Message object at messages.{number} is empty."));
        }
        for block in blocks(turn) {
            if let Some(thought) = block.pointer("/reasoningContent/reasoningText") {
                let text = thought.get("text").and_then(Value::as_str).unwrap_or_default();
                if thought.get("signature").and_then(Value::as_str) != Some(&signature(text)) {
                    return Err(format!("messages.{number}: Invalid `signature` in `thinking` block"));
                }
            }
            let id = block.pointer("/toolUse/toolUseId").and_then(Value::as_str);
            let result = |block: &Value| block.pointer("/toolResult/toolUseId").and_then(Value::as_str) == id;
            if id.is_some() && !turns.get(number + 1).is_some_and(|next| blocks(next).any(result)) {
                return Err(format!("Expected toolResult blocks at messages.{}.content", number + 1));
            }
        }
    }
    Ok(())
}

fn usage(usage: Usage) -> Option<Value> {
    match usage {
        Usage::None => None,
        Usage::Insane => Some(json!({"inputTokens": -5, "outputTokens": 1e18, "totalTokens": 0})),
        Usage::Counted { prompt, cached, written, answer, reasoning } => Some(json!({
            "inputTokens": prompt - cached - written,
            "cacheReadInputTokens": cached,
            "cacheWriteInputTokens": written,
            "outputTokens": answer + reasoning,
            "totalTokens": prompt + answer + reasoning,
        })),
    }
}

const fn finish(finish: &Finish) -> &'static str {
    match finish {
        Finish::End => "end_turn",
        Finish::Length => "max_tokens",
        Finish::Sequence(_) => "stop_sequence",
        Finish::Tools => "tool_use",
        Finish::Refusal => "content_filtered",
    }
}

pub(super) fn body(reply: &Reply) -> Value {
    let mut content = Vec::new();
    content.extend(
        reply
            .thought
            .as_ref()
            .map(|text| json!({"reasoningContent": {"reasoningText": {"text": text, "signature": signature(text)}}})),
    );
    if !reply.tokens.is_empty() {
        content.push(json!({"text": reply.tokens.concat()}));
    }
    for (number, (name, input)) in reply.calls.iter().enumerate() {
        content.push(json!({"toolUse": {"toolUseId": reply.call_id(number), "name": name, "input": input}}));
    }
    let mut body = json!({
        "output": {"message": {"role": "assistant", "content": content}},
        "stopReason": finish(&reply.finish),
        "metrics": {"latencyMs": 1},
    });
    if let Some(usage) = usage(reply.usage) {
        body["usage"] = usage;
    }
    body
}

/// One frame of `application/vnd.amazon.eventstream`.
pub(super) fn frame(kind: &str, name: &str, payload: &Value) -> Bytes {
    let payload = payload.to_string();
    let mut headers = BytesMut::new();
    let of_name = if kind == "event" { ":event-type" } else { ":exception-type" };
    for (key, value) in [(of_name, name), (":content-type", "application/json"), (":message-type", kind)] {
        headers.put_u8(u8::try_from(key.len()).unwrap_or_default());
        headers.put_slice(key.as_bytes());
        headers.put_u8(7);
        headers.put_u16(u16::try_from(value.len()).unwrap_or_default());
        headers.put_slice(value.as_bytes());
    }
    let mut out = BytesMut::new();
    out.put_u32(u32::try_from(16 + headers.len() + payload.len()).unwrap_or_default());
    out.put_u32(u32::try_from(headers.len()).unwrap_or_default());
    out.put_u32(crc32fast::hash(&out));
    out.put_slice(&headers);
    out.put_slice(payload.as_bytes());
    out.put_u32(crc32fast::hash(&out));
    out.freeze()
}

/// An error in a stream.
pub(super) fn error_event() -> Bytes {
    frame("exception", "internalServerException", &json!({"message": "simulated failure"}))
}

pub(super) fn events(reply: &Reply) -> Vec<Bytes> {
    let event = |name: &str, payload: Value| frame("event", name, &payload);
    let delta =
        |index: usize, delta: Value| event("contentBlockDelta", json!({"contentBlockIndex": index, "delta": delta}));
    let stop = |index: usize| event("contentBlockStop", json!({"contentBlockIndex": index}));
    let mut head = BytesMut::from(&*event("messageStart", json!({"role": "assistant"})));
    let mut index = 0;
    if let Some(thought) = &reply.thought {
        for piece in halves(thought) {
            head.put_slice(&delta(index, json!({"reasoningContent": {"text": piece}})));
        }
        head.put_slice(&delta(index, json!({"reasoningContent": {"signature": signature(thought)}})));
        head.put_slice(&stop(index));
        index += 1;
    }
    let mut events = vec![head.freeze()];
    events.extend(reply.tokens.iter().map(|token| delta(index, json!({"text": token}))));
    let mut tail = BytesMut::new();
    if !reply.tokens.is_empty() {
        tail.put_slice(&stop(index));
        index += 1;
    }
    for (number, (name, input)) in reply.calls.iter().enumerate() {
        let call = json!({"toolUse": {"toolUseId": reply.call_id(number), "name": name}});
        tail.put_slice(&event("contentBlockStart", json!({"contentBlockIndex": index, "start": call})));
        for piece in halves(&input.to_string()) {
            tail.put_slice(&delta(index, json!({"toolUse": {"input": piece}})));
        }
        tail.put_slice(&stop(index));
        index += 1;
    }
    tail.put_slice(&event("messageStop", json!({"stopReason": finish(&reply.finish)})));
    let mut metadata = json!({"metrics": {"latencyMs": 1}});
    if let Some(usage) = usage(reply.usage) {
        metadata["usage"] = usage;
    }
    tail.put_slice(&event("metadata", metadata));
    events.push(tail.freeze());
    events
}

//! A whole answer into the neutral form, and from it.

use serde_json::{Map, Value, json};

use crate::{
    chat::{Choice, Part, Reply, Stop, text_of},
    dialect::{
        Meta,
        openai_chat::Broken,
        usage::{Counts, Estimate},
        value::text,
    },
};

/// Reads an answer that [`super::read_reply`] has found whole.
pub(crate) fn decode(document: &Value, estimate: Estimate) -> Result<Reply, Broken> {
    let choices = document.get("choices").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let choices: Vec<Choice> = choices
        .iter()
        .map(|choice| {
            let message = choice.get("message").unwrap_or(&Value::Null);
            let mut parts = Vec::new();
            if let Some(text) = text(message, "reasoning_content").or_else(|| text(message, "reasoning")) {
                parts.push(Part::Thinking { text, signature: None });
            }
            match message.get("content") {
                Some(Value::String(text)) if !text.is_empty() => parts.push(Part::Text(text.clone())),
                // Mistral's thinking models answer in parts.
                Some(Value::Array(pieces)) => {
                    for piece in pieces {
                        let thought = super::thought(piece);
                        parts.extend(thought.map(|text| Part::Thinking { text, signature: None }));
                        parts.extend(text(piece, "text").map(Part::Text));
                    }
                }
                _ => {}
            }
            let refusal = text(message, "refusal");
            let refused = refusal.is_some();
            parts.extend(refusal.map(Part::Refusal));
            parts.extend(super::calls(message));
            let calls = parts.iter().any(|part| matches!(part, Part::Call(_)));
            let stop = match Stop::of_openai(choice.get("finish_reason").and_then(Value::as_str).unwrap_or_default()) {
                Stop::End if refused => Stop::Refused,
                // Some that copy OpenAI say `stop` all the same.
                Stop::End if calls => Stop::Tools,
                stop => stop,
            };
            Choice { parts, stop, logprobs: choice.get("logprobs").filter(|value| !value.is_null()).cloned() }
        })
        .collect();
    if choices.is_empty() {
        return Err(Broken("an answer without choices".into()));
    }
    let usage = document.get("usage").map_or_else(Counts::default, Counts::openai).served(document);
    Ok(Reply {
        id: text(document, "id").unwrap_or_default(),
        model: text(document, "model").unwrap_or_default(),
        choices,
        usage: usage.whole(estimate),
    })
}

/// Writes an answer.
pub(crate) fn encode(reply: &Reply, meta: &Meta) -> Value {
    let choices: Vec<Value> = reply
        .choices
        .iter()
        .enumerate()
        .map(|(index, choice)| {
            json!({
                "index": index,
                "message": message(choice),
                "logprobs": choice.logprobs,
                "finish_reason": choice.stop.openai(),
            })
        })
        .collect();
    json!({
        "id": super::id(&reply.id),
        "object": "chat.completion",
        "created": meta.created_s,
        "model": reply.model,
        "choices": choices,
        "usage": super::usage(&reply.usage),
    })
}

fn message(choice: &Choice) -> Value {
    let mut message = Map::new();
    message.insert("role".into(), "assistant".into());
    let texts: String = choice
        .parts
        .iter()
        .filter_map(|part| if let Part::Text(text) = part { Some(text.as_str()) } else { None })
        .collect();
    let (mut calls, mut blocks, mut refusal, mut reasoning) = (Vec::new(), Vec::new(), Value::Null, String::new());
    for part in &choice.parts {
        match part {
            Part::Call(call) => calls.push(super::call(call)),
            Part::Thinking { text, signature } => {
                reasoning.push_str(text);
                if signature.is_some() {
                    blocks.push(json!({"type": "thinking", "thinking": text, "signature": signature}));
                }
            }
            Part::Redacted(data) => blocks.push(json!({"type": "redacted_thinking", "data": data})),
            Part::Refusal(_) => refusal = text_of(std::slice::from_ref(part)).into(),
            _ => {}
        }
    }
    let content =
        if texts.is_empty() && (!calls.is_empty() || !refusal.is_null()) { Value::Null } else { texts.into() };
    message.insert("content".into(), content);
    message.insert("refusal".into(), refusal);
    if !reasoning.is_empty() {
        message.insert("reasoning_content".into(), reasoning.into());
    }
    if !blocks.is_empty() {
        message.insert("thinking_blocks".into(), Value::Array(blocks));
    }
    if !calls.is_empty() {
        message.insert("tool_calls".into(), Value::Array(calls));
    }
    Value::Object(message)
}

//! A whole answer into the neutral form, and from it.

use serde_json::{Value, json};

use crate::{
    chat::{Call, Choice, Part, Reply, Stop},
    dialect::{
        openai_chat::Broken,
        usage::{Counts, Estimate},
        value::text,
    },
};

/// Reads an answer.
///
/// # Errors
/// It has no content.
pub(crate) fn decode(document: &Value, estimate: Estimate) -> Result<Reply, Broken> {
    if document.get("type").and_then(Value::as_str) == Some("error") {
        return Err(Broken("an error inside a 200".into()));
    }
    let Some(content) = document.get("content").and_then(Value::as_array) else {
        return Err(Broken("an answer without content".into()));
    };
    let parts = content.iter().filter_map(|block| {
        Some(match block.get("type").and_then(Value::as_str)? {
            "text" => Part::Text(text(block, "text")?),
            "thinking" => Part::Thinking { text: text(block, "thinking")?, signature: text(block, "signature") },
            "redacted_thinking" => Part::Redacted(text(block, "data")?),
            "tool_use" => Part::Call(Call {
                id: text(block, "id")?,
                name: text(block, "name")?,
                arguments: block.get("input").map_or_else(|| "{}".to_owned(), Value::to_string),
            }),
            _ => return None,
        })
    });
    let sequence = document.get("stop_sequence").and_then(Value::as_str);
    let Some(word) = document.get("stop_reason").and_then(Value::as_str) else {
        return Err(Broken("an answer without a stop reason".into()));
    };
    let choice = Choice { parts: parts.collect(), stop: Stop::of_anthropic(word, sequence), logprobs: None };
    let counts = document.get("usage").map_or_else(Counts::default, Counts::anthropic);
    Ok(Reply {
        id: text(document, "id").unwrap_or_default(),
        model: text(document, "model").unwrap_or_default(),
        choices: vec![choice],
        usage: counts.whole(estimate),
    })
}

/// Writes an answer; this dialect has one choice.
pub(crate) fn encode(reply: &Reply) -> Value {
    let choice = reply.choices.first();
    let content: Vec<Value> = choice.iter().flat_map(|choice| &choice.parts).filter_map(block).collect();
    let stop = choice.map_or(&Stop::End, |choice| &choice.stop);
    let sequence = if let Stop::Sequence(sequence) = stop { sequence.as_deref() } else { None };
    json!({
        "id": super::id(&reply.id),
        "type": "message",
        "role": "assistant",
        "model": reply.model,
        "content": content,
        "stop_reason": stop.anthropic(),
        "stop_sequence": sequence,
        "usage": super::usage(&reply.usage),
    })
}

fn block(part: &Part) -> Option<Value> {
    Some(match part {
        Part::Text(text) | Part::Refusal(text) => json!({"type": "text", "text": text}),
        Part::Thinking { text, signature } => {
            json!({"type": "thinking", "thinking": text, "signature": signature.as_deref().unwrap_or_default()})
        }
        Part::Redacted(data) => json!({"type": "redacted_thinking", "data": data}),
        Part::Call(call) => {
            let input = call.input().unwrap_or_else(|_| json!({"arguments": call.arguments}));
            json!({"type": "tool_use", "id": call.id, "name": call.name, "input": input})
        }
        _ => return None,
    })
}

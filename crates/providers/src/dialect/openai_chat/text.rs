//! Requests and answers as scorers read them: roles and plain text. Off the request path, so plain value trees will do.

use serde_json::Value;
use weir_core::chat::{Answer, Message, Role};

use crate::sse::Reader;

/// The conversation of a request; empty when the body cannot be read. Text parts are joined by newlines.
#[must_use]
pub fn messages(body: &[u8]) -> Vec<Message> {
    let request: Value = serde_json::from_slice(body).unwrap_or_default();
    let turns = request.get("messages").and_then(Value::as_array);
    turns
        .into_iter()
        .flatten()
        .map(|turn| Message {
            role: match turn.get("role").and_then(Value::as_str) {
                Some("system" | "developer") => Role::System,
                Some("assistant") => Role::Assistant,
                Some("tool" | "function") => Role::Tool,
                _ => Role::User,
            },
            content: content(turn.get("content")),
        })
        .collect()
}

/// The answer in a reply: a JSON body, or the recorded text of a stream. Empty when neither can be read.
#[must_use]
pub fn answer(body: &[u8]) -> Answer {
    if body.trim_ascii_start().starts_with(b"{") {
        let reply: Value = serde_json::from_slice(body).unwrap_or_default();
        let choice = reply.pointer("/choices/0");
        let message = choice.and_then(|choice| choice.get("message"));
        return Answer {
            text: content(message.and_then(|message| message.get("content"))),
            finish_reason: text(choice, "finish_reason"),
            refusal: text(message, "refusal"),
        };
    }
    streamed(body)
}

fn streamed(body: &[u8]) -> Answer {
    let mut answer = Answer::default();
    let mut refusal = String::new();
    let mut reader = Reader::new();
    reader.push(body);
    let mut take = |data: &[u8]| {
        let chunk: Value = serde_json::from_slice(data).unwrap_or_default();
        let choices = chunk.get("choices").and_then(Value::as_array);
        // Only the first choice is scored, as in a whole reply.
        for choice in choices.into_iter().flatten() {
            if choice.get("index").and_then(Value::as_u64).unwrap_or(0) != 0 {
                continue;
            }
            let delta = choice.get("delta");
            answer.text.push_str(&content(delta.and_then(|delta| delta.get("content"))));
            refusal.push_str(&text(delta, "refusal").unwrap_or_default());
            if let Some(reason) = text(Some(choice), "finish_reason") {
                answer.finish_reason = Some(reason);
            }
        }
    };
    while let Ok(Some(event)) = reader.next_event() {
        take(&event.data());
    }
    if let Some(event) = reader.residue() {
        take(&event.data());
    }
    answer.refusal = (!refusal.is_empty()).then_some(refusal);
    answer
}

fn text(value: Option<&Value>, key: &str) -> Option<String> {
    value?.get(key)?.as_str().map(str::to_owned)
}

fn content(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(parts)) => {
            parts.iter().filter_map(|part| part.get("text").and_then(Value::as_str)).collect::<Vec<_>>().join("\n")
        }
        _ => String::new(),
    }
}

//! What a model was asked and what it said, from whichever attributes a foreign span carries.

use opentelemetry_proto::tonic::{common::v1::any_value::Value, trace::v1::Span as Proto};
use serde_json::{Value as Json, json};

use super::{Attributes, attributes, text};
use crate::semconv;

/// Messages that one flattened list may hold.
const MOST: usize = 500;

/// The conversation as chat messages; empty when the span does not hold it.
pub(super) fn asked(span: &Proto, own: &Attributes<'_>) -> Vec<Json> {
    let mut messages: Vec<Json> = Vec::new();
    if let Some(system) = text(own, &[semconv::SYSTEM_INSTRUCTIONS]) {
        let content = parts(&parsed(system));
        messages.push(json!({"role": "system", "content": content}));
    }
    let whole = text(own, &[semconv::INPUT_MESSAGES, semconv::LANGFUSE_INPUT]);
    if let Some(whole) = whole.or_else(|| event_text(span, semconv::INPUT_MESSAGES)) {
        messages.extend(list(&parsed(whole)));
        return messages;
    }
    for (prefix, role, content) in
        [(semconv::OPENINFERENCE_INPUT, "message.role", "message.content"), (semconv::FLAT_PROMPT, "role", "content")]
    {
        let flat = flattened(own, prefix, role, content);
        if !flat.is_empty() {
            messages.extend(flat);
            return messages;
        }
    }
    if let Some(input) = text(own, &[semconv::INPUT_VALUE]) {
        messages.extend(list(&parsed(input)));
    }
    messages
}

/// The answer as a chat message.
pub(super) fn said(span: &Proto, own: &Attributes<'_>) -> Json {
    let whole = text(own, &[semconv::OUTPUT_MESSAGES, semconv::LANGFUSE_OUTPUT]);
    let mut answers = match whole.or_else(|| event_text(span, semconv::OUTPUT_MESSAGES)) {
        Some(whole) => list(&parsed(whole)),
        None => Vec::new(),
    };
    if answers.is_empty() {
        answers = flattened(own, semconv::OPENINFERENCE_OUTPUT, "message.role", "message.content");
    }
    if answers.is_empty() {
        answers = flattened(own, semconv::FLAT_COMPLETION, "role", "content");
    }
    if answers.is_empty()
        && let Some(output) = text(own, &[semconv::OUTPUT_VALUE])
    {
        answers = list(&parsed(output));
    }
    let mut answer = answers.into_iter().next().unwrap_or_else(|| json!({"content": ""}));
    answer["role"] = "assistant".into();
    answer
}

/// Why the model stopped.
pub(super) fn finish(own: &Attributes<'_>) -> Option<String> {
    match own.get(semconv::FINISH_REASONS)? {
        Value::ArrayValue(list) => match list.values.first()?.value.as_ref()? {
            Value::StringValue(reason) => Some(reason.clone()),
            _ => None,
        },
        Value::StringValue(reason) => Some(reason.clone()),
        _ => None,
    }
}

/// JSON, or the text itself as a JSON string.
fn parsed(text: &str) -> Json {
    serde_json::from_str(text).unwrap_or_else(|_| text.into())
}

/// Chat messages of a list of them, an object that holds one, or a bare text.
fn list(value: &Json) -> Vec<Json> {
    let value = value.get("messages").unwrap_or(value);
    match value {
        Json::Array(items) => items.iter().take(MOST).filter_map(message).collect(),
        Json::Null => Vec::new(),
        one => message(one).into_iter().collect(),
    }
}

fn message(value: &Json) -> Option<Json> {
    if let Some(text) = value.as_str() {
        return Some(json!({"role": "user", "content": text}));
    }
    let fields = value.as_object()?;
    let role = fields.get("role").and_then(Json::as_str).unwrap_or("user");
    let content = fields.get("content").or_else(|| fields.get("parts")).map(parts).unwrap_or_default();
    let mut message = json!({"role": role, "content": content});
    if let Some(calls) = fields.get("tool_calls").filter(|calls| calls.is_array()) {
        message["tool_calls"] = calls.clone();
    }
    Some(message)
}

/// The text of a content: a text, or parts whose texts are joined by line breaks.
fn parts(content: &Json) -> String {
    match content {
        Json::String(text) => text.clone(),
        Json::Array(parts) => {
            let texts: Vec<&str> = parts
                .iter()
                .filter_map(|part| {
                    part.as_str().or_else(|| ["content", "text"].iter().find_map(|key| part.get(key)?.as_str()))
                })
                .collect();
            texts.join("\n")
        }
        _ => String::new(),
    }
}

/// `prefix.0.role`, `prefix.0.content` and so on.
fn flattened(own: &Attributes<'_>, prefix: &str, role: &str, content: &str) -> Vec<Json> {
    let mut messages = Vec::new();
    for number in 0..MOST {
        let at = |member: &str| format!("{prefix}.{number}.{member}");
        let (who, what) = (at(role), at(content));
        let (who, what) = (text(own, &[&who]), text(own, &[&what]));
        if who.is_none() && what.is_none() {
            break;
        }
        messages.push(json!({"role": who.unwrap_or("user"), "content": what.unwrap_or_default()}));
    }
    messages
}

/// The same attribute on an event of the span, where the conventions put texts that are opted into.
fn event_text<'a>(span: &'a Proto, name: &str) -> Option<&'a str> {
    span.events.iter().find_map(|event| text(&attributes(&event.attributes), &[name]))
}

//! OpenAI responses.
//!
//! Between responses and responses the caller's own bytes go upstream, as in [`super::openai_chat`]. Stored conversations are
//! weir's own ([`kept`]): a request that goes on from one is completed before it is read, whoever answers it.
//!
//! Source: OpenAI API reference, "Responses" and "Streaming events".

mod decode;
mod encode;
pub mod kept;
mod stream;
mod whole;

pub(crate) use decode::decode;
pub(crate) use encode::encode;
pub(crate) use stream::{Decoder, Encoder};
pub(crate) use whole::{decode as decode_reply, encode as encode_reply};

use bytes::{Bytes, BytesMut};
use serde_json::{Value, json};
use weir_core::{Problem, Usage};

use crate::chat::Stop;

/// weir's own error as a stream event, for failures after a 200.
#[must_use]
pub fn sse_error(problem: &Problem) -> Bytes {
    let message = crate::dialect::message(problem);
    let event = json!({
        "type": "error", "code": problem.code.code, "message": message, "param": null, "sequence_number": 0,
    });
    let mut out = BytesMut::new();
    crate::dialect::sse_event("error", &event, &mut out);
    out.freeze()
}

/// An id in this dialect's style.
fn id(provider: &str) -> String {
    if provider.starts_with("resp_") { provider.to_owned() } else { format!("resp_{provider}") }
}

/// `usage` in this dialect.
fn usage(usage: &Usage) -> Value {
    json!({
        "input_tokens": usage.input,
        "input_tokens_details": {"cached_tokens": usage.cached_input, "cache_write_tokens": usage.cache_write},
        "output_tokens": usage.output,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning},
        "total_tokens": usage.input + usage.output,
    })
}

/// `status` and why it is incomplete.
pub(crate) const fn status(stop: &Stop) -> (&'static str, Option<&'static str>) {
    match stop {
        Stop::Length => ("incomplete", Some("max_output_tokens")),
        Stop::Refusal => ("incomplete", Some("content_filter")),
        Stop::End | Stop::Sequence(_) | Stop::Tools | Stop::Pause | Stop::Refused => ("completed", None),
    }
}

/// Why it stopped, from the same.
fn stop(response: &Value, calls: bool, refused: bool) -> Stop {
    match response.pointer("/incomplete_details/reason").and_then(Value::as_str) {
        Some("max_output_tokens") => Stop::Length,
        Some(_) => Stop::Refusal,
        None if refused => Stop::Refused,
        None if calls => Stop::Tools,
        None => Stop::End,
    }
}

/// A response with this output; `status` is `in_progress` until it has an end.
fn response(id: &str, model: &str, created_s: i64, output: &[Value], end: Option<(&Stop, &Usage)>) -> Value {
    let (status, why) = end.map_or(("in_progress", None), |(stop, _)| status(stop));
    json!({
        "id": id,
        "object": "response",
        "created_at": created_s,
        "status": status,
        "error": null,
        "incomplete_details": why.map(|reason| json!({"reason": reason})),
        "instructions": null,
        "max_output_tokens": null,
        "model": model,
        "output": output,
        "parallel_tool_calls": true,
        "previous_response_id": null,
        "reasoning": {"effort": null, "summary": null},
        "store": false,
        "temperature": null,
        "text": {"format": {"type": "text"}},
        "tool_choice": "auto",
        "tools": [],
        "top_p": null,
        "truncation": "disabled",
        "usage": end.map(|(_, used)| usage(used)),
        "user": null,
        "metadata": {},
    })
}

fn message(id: &str, content: &[Value], status: &str) -> Value {
    json!({"id": id, "type": "message", "status": status, "role": "assistant", "content": content})
}

fn output_text(text: &str) -> Value {
    json!({"type": "output_text", "text": text, "annotations": [], "logprobs": []})
}

fn function_call(id: &str, call: &crate::chat::Call, status: &str) -> Value {
    json!({
        "id": id, "type": "function_call", "status": status,
        "call_id": call.id, "name": call.name, "arguments": call.arguments,
    })
}

fn reasoning(id: &str, text: &str, signature: Option<&str>) -> Value {
    let summary = if text.is_empty() { Vec::new() } else { vec![json!({"type": "summary_text", "text": text})] };
    json!({"id": id, "type": "reasoning", "summary": summary, "encrypted_content": signature})
}

//! OpenAI chat completions, as spoken by OpenAI and by every provider that copies it.
//!
//! Only the fields that weir acts on are read, borrowed from the caller's bytes; the body that goes upstream is the
//! caller's own with the model name replaced. Rebuilding it from a value tree costs more than the rest of the gateway
//! and loses fields that we don't know yet.
//!
//! Source: OpenAI API reference, "Chat completions" and "Streaming". `reasoning_content` and `thinking_blocks`, which
//! carry what OpenAI has no field for, are LiteLLM's names.

mod decode;
mod encode;
mod errors;
mod events;
mod peek;
mod reply;
mod splice;
mod text;
mod whole;

pub use errors::{error_body, sse_error};
pub use peek::{Peek, peek};
pub use reply::{Broken, Reply, estimate_tokens, read_reply};
pub use splice::{splice, splice_usage_extension};
pub use text::{answer, mean_logprob, messages};

pub(crate) use decode::decode;
pub(crate) use encode::encode;
pub(crate) use events::{Decoder, Encoder};
pub(crate) use peek::{Shape, peek_as, peek_at, peek_bare, peek_gemini};
pub(crate) use reply::{Envelope, document, identity, read_raw, read_usage, uncounted};
pub(crate) use whole::{decode as decode_reply, encode as encode_reply};

use serde_json::{Value, json};
use weir_core::Usage;

use super::value;
use crate::chat::{Call, Part};

/// An id in this dialect's style.
fn id(provider: &str) -> String {
    if provider.starts_with("chatcmpl") { provider.to_owned() } else { format!("chatcmpl-{provider}") }
}

/// The text of a `thinking` part, which holds parts of its own.
fn thought(piece: &Value) -> Option<String> {
    let texts = piece.get("thinking")?.as_array()?.iter().filter_map(|part| part.get("text")?.as_str());
    Some(texts.collect::<String>()).filter(|text| !text.is_empty())
}

/// A call of a tool.
pub(crate) fn call(call: &Call) -> Value {
    json!({"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}})
}

/// The calls in an answer's message.
pub(crate) fn calls(message: &Value) -> impl Iterator<Item = Part> {
    let calls = message.get("tool_calls").and_then(Value::as_array).into_iter().flatten();
    calls.enumerate().map(|(number, call)| {
        let function = call.get("function").unwrap_or(&Value::Null);
        Part::Call(Call {
            id: value::text(call, "id").unwrap_or_else(|| format!("call_{number}")),
            name: value::text(function, "name").unwrap_or_default(),
            arguments: value::text(function, "arguments").unwrap_or_default(),
        })
    })
}

/// What a user says, as a message; one text is a string.
pub(crate) fn said_by_user(said: Vec<Value>) -> Option<Value> {
    match said.as_slice() {
        [] => None,
        [only] if only["type"] == "text" => Some(json!({"role": "user", "content": only["text"]})),
        _ => Some(json!({"role": "user", "content": said})),
    }
}

/// `usage` in this dialect.
fn usage(usage: &Usage) -> Value {
    json!({
        "prompt_tokens": usage.input,
        "completion_tokens": usage.output,
        "total_tokens": usage.input + usage.output,
        "prompt_tokens_details": {"cached_tokens": usage.cached_input, "cache_write_tokens": usage.cache_write},
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning},
    })
}

//! Anthropic Messages.
//!
//! Between Anthropic and Anthropic a request is the caller's own bytes with the model name replaced, as in
//! [`super::openai_chat`]: `model`, `stream`, `max_tokens`, `tools` and `messages` are in the same places.
//!
//! Source: Anthropic API reference, "Messages", "Streaming messages", "Errors".

mod decode;
mod encode;
mod errors;
mod stream;
mod thoughts;
mod turns;
mod whole;

pub use errors::{error_body, sse_error};

pub(crate) use decode::{decode, thinking};
pub(crate) use encode::encode;
pub(crate) use stream::{Decoder, Encoder};
pub(crate) use thoughts::beside_thoughts;
pub(crate) use turns::turns;
pub(crate) use whole::{decode as decode_reply, encode as encode_reply};

use serde_json::{Value, json};
use weir_core::Usage;

/// An id in this dialect's style.
fn id(provider: &str) -> String {
    if provider.starts_with("msg_") { provider.to_owned() } else { format!("msg_{provider}") }
}

/// `usage` in this dialect, which counts cached input apart.
fn usage(usage: &Usage) -> Value {
    json!({
        "input_tokens": usage.input.saturating_sub(usage.cached_input).saturating_sub(usage.cache_write),
        "cache_creation_input_tokens": usage.cache_write,
        "cache_creation": {
            "ephemeral_5m_input_tokens": usage.cache_write.saturating_sub(usage.cache_write_hour),
            "ephemeral_1h_input_tokens": usage.cache_write_hour,
        },
        "cache_read_input_tokens": usage.cached_input,
        "output_tokens": usage.output,
        "output_tokens_details": {"thinking_tokens": usage.reasoning},
    })
}

//! Gemini's generateContent.
//!
//! The model and whether to stream are in the path, so between Gemini and Gemini the body is not touched at all. Names come
//! in camel case and, as protocol buffers allow, in snake case.
//!
//! Source: Gemini API reference, "Generating content", "Function calling", "Thinking", "Structured outputs".

mod count;
mod decode;
mod encode;
mod errors;
mod results;
mod schema;
mod stream;
mod whole;

pub use count::{counting, located, unwrapped};
pub use errors::{error_body, sse_error};

pub(crate) use decode::decode;
pub(crate) use encode::encode;
pub(crate) use stream::{Decoder, Encoder};
pub(crate) use whole::{candidate, decode as decode_reply, encode as encode_reply};

use serde_json::{Value, json};
use weir_core::Usage;

/// `usageMetadata`, which counts thoughts apart from what is said.
fn usage(usage: &Usage) -> Value {
    json!({
        "promptTokenCount": usage.input,
        "candidatesTokenCount": usage.output.saturating_sub(usage.reasoning),
        "totalTokenCount": usage.input + usage.output,
        "cachedContentTokenCount": usage.cached_input,
        "thoughtsTokenCount": usage.reasoning,
    })
}

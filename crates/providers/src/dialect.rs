//! Wire formats. A dialect is a set of pure functions over bytes; between the same dialects what is not acted on passes
//! through untouched, between different ones it goes through the neutral [`crate::chat`].
//!
//! Each has the same rooms: `decode` and `encode` for requests, `reply` for whole answers, `stream` for streamed ones,
//! `errors` for weir's own errors in its shape.

pub mod anthropic;
mod bad;
pub(crate) mod bedrock;
pub(crate) mod cohere;
pub(crate) mod embed;
pub mod form;
pub mod gemini;
mod json;
pub(crate) mod mistral;
mod openai;
pub mod openai_chat;
pub mod openai_responses;
mod raw;
mod read;
pub(crate) mod shape;
pub mod text;
pub(crate) mod usage;
pub(crate) mod value;

pub use bad::BadRequest;
pub use openai_chat::Peek;

use bytes::{Bytes, BytesMut};
use serde_json::Value;
use weir_core::{Problem, deployment::Dialect};

/// What an answer says about itself that no provider of another dialect knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Meta {
    /// Seconds since 1970.
    pub(crate) created_s: i64,
}

/// A problem in the words of every dialect: what was found, and the next step.
fn message(problem: &Problem) -> String {
    match &problem.hint {
        Some(hint) => format!("{} ({hint})", problem.message),
        None => problem.message.clone(),
    }
}

/// weir's own error as a body in a caller's dialect.
#[must_use]
pub fn error_body(dialect: Dialect, problem: &Problem) -> Bytes {
    match dialect {
        Dialect::Anthropic => anthropic::error_body(problem),
        Dialect::Gemini => gemini::error_body(problem),
        // Nobody calls in the others.
        _ => openai_chat::error_body(problem),
    }
}

/// weir's own error as a stream event in a caller's dialect.
#[must_use]
pub fn sse_error(dialect: Dialect, problem: &Problem) -> Bytes {
    match dialect {
        Dialect::OpenaiResponses => openai_responses::sse_error(problem),
        Dialect::Anthropic => anthropic::sse_error(problem),
        Dialect::Gemini => gemini::sse_error(problem),
        _ => openai_chat::sse_error(problem),
    }
}

/// Writes an event without a name. JSON written by `serde_json` has no line feeds.
fn sse_data(value: &Value, out: &mut BytesMut) {
    out.extend_from_slice(b"data: ");
    out.extend_from_slice(value.to_string().as_bytes());
    out.extend_from_slice(b"\n\n");
}

/// Writes an event with its name.
pub(crate) fn sse_event(name: &str, value: &Value, out: &mut BytesMut) {
    out.extend_from_slice(b"event: ");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\n");
    sse_data(value, out);
}

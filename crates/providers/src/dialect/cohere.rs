//! Cohere's chat, version 2. Egress only: callers speak other dialects.
//!
//! Source: Cohere API reference, "Chat V2" and "Chat with Streaming".

mod encode;
mod stream;
mod whole;

pub(crate) use encode::encode;
pub(crate) use stream::Decoder;
pub(crate) use whole::decode as decode_reply;

use serde_json::Value;

use crate::{
    chat::Stop,
    dialect::usage::{Counts, sane},
};

/// Why it stopped.
fn stop(word: &str) -> Stop {
    match word {
        "MAX_TOKENS" => Stop::Length,
        "STOP_SEQUENCE" => Stop::Sequence(None),
        "TOOL_CALL" => Stop::Tools,
        "ERROR_TOXIC" => Stop::Refusal,
        _ => Stop::End,
    }
}

/// `usage`: what was read and written, or what is billed of it.
fn counts(usage: &Value) -> Counts {
    let count =
        |name: &str| sane(usage, &format!("/tokens/{name}")).or_else(|| sane(usage, &format!("/billed_units/{name}")));
    Counts {
        input: count("input_tokens"),
        output: count("output_tokens"),
        cached: sane(usage, "/cached_tokens"),
        ..Counts::default()
    }
}

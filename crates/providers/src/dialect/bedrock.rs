//! Amazon Bedrock's Converse and ConverseStream. Egress only: callers speak other dialects. The model is in the path, and
//! streams come in frames of `application/vnd.amazon.eventstream` ([`crate::frames`]). [`invoke`] is Bedrock's other way.
//!
//! Source: Amazon Bedrock API reference, "Converse", "ConverseStream".

mod encode;
pub(crate) mod invoke;
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
        "max_tokens" | "model_context_window_exceeded" => Stop::Length,
        "stop_sequence" => Stop::Sequence(None),
        "tool_use" => Stop::Tools,
        "guardrail_intervened" | "content_filtered" => Stop::Refusal,
        _ => Stop::End,
    }
}

/// True of a word that says that nobody could read what the model wrote.
fn is_failure(word: &str) -> bool {
    matches!(word, "malformed_model_output" | "malformed_tool_use")
}

/// What was written to the cache for an hour.
fn details(usage: &Value) -> Option<u64> {
    let all = usage.get("cacheDetails")?.as_array()?;
    sane(all.iter().find(|one| one.get("ttl").and_then(Value::as_str) == Some("1h"))?, "/inputTokens")
}

/// `usage`, which counts cached input apart.
fn counts(usage: &Value) -> Counts {
    let cached = sane(usage, "/cacheReadInputTokens");
    let cache_write = sane(usage, "/cacheWriteInputTokens");
    Counts {
        input: sane(usage, "/inputTokens").map(|fresh| fresh + cached.unwrap_or(0) + cache_write.unwrap_or(0)),
        output: sane(usage, "/outputTokens"),
        cached,
        cache_write,
        cache_write_hour: details(usage),
        ..Counts::default()
    }
}

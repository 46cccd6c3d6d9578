//! Checks that a 200 is what the dialect promises, and reads usage out of it. The caller gets the bytes as they came.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;
use weir_core::{Usage, span::Identity, usage::Tier};

use crate::dialect::{
    json,
    usage::{Counts, Estimate},
};

/// What weir reads of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// Tokens; estimated where the provider gave none or nonsense.
    pub usage: Usage,
    /// Of the first choice.
    pub finish_reason: Option<String>,
    /// Number of choices, at least 1.
    pub choices: usize,
    /// Who the provider says answered.
    pub identity: Identity,
}

/// A 200 that is not an answer. The text says what was found; it holds no payload.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Broken(pub String);

/// What is around the choices of a whole answer, and of each chunk of a streamed one.
#[derive(Deserialize)]
#[serde(bound(deserialize = "C: Deserialize<'de>"))]
pub(crate) struct Envelope<'a, C> {
    #[serde(borrow, default)]
    pub(crate) model: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(crate) system_fingerprint: Option<&'a RawValue>,
    #[serde(default)]
    pub(crate) choices: Option<Vec<C>>,
    #[serde(borrow, default)]
    pub(crate) usage: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(crate) service_tier: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(crate) error: Option<&'a RawValue>,
    /// What an event is that is no chunk.
    #[serde(borrow, default, rename = "type")]
    pub(crate) kind: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Choice<'a> {
    #[serde(borrow, default)]
    message: Option<&'a RawValue>,
    #[serde(borrow, default)]
    finish_reason: Option<Cow<'a, str>>,
}

/// Reads a whole answer. `input_estimate` stands in for prompt tokens where the provider gives none.
///
/// # Errors
/// Not UTF-8, not JSON, not an object with a non-empty `choices` array of objects that have a `message` object, or an
/// `error` inside a 200.
pub fn read_reply(body: &[u8], input_estimate: u64) -> Result<Reply, Broken> {
    let text = text(body)?;
    let top: Envelope<'_, Choice<'_>> = serde_json::from_str(text).map_err(|error| {
        Broken(if error.is_data() {
            "an object of another shape than a chat completion".into()
        } else {
            format!("invalid JSON at line {} column {}", error.line(), error.column())
        })
    })?;
    if top.error.is_some() {
        return Err(Broken("an error inside a 200".into()));
    }
    let choices = top.choices.unwrap_or_default();
    let Some(first) = choices.first() else {
        return Err(Broken("an answer without choices".into()));
    };
    let mut output_bytes = 0;
    for choice in &choices {
        match choice.message.map(RawValue::get) {
            Some(message) if message.starts_with('{') => output_bytes += message.len(),
            _ => return Err(Broken("a choice without a message".into())),
        }
    }
    Ok(Reply {
        usage: read_usage(top.usage, top.service_tier, input_estimate, estimate_tokens(output_bytes)),
        finish_reason: first.finish_reason.as_deref().map(str::to_owned),
        choices: choices.len(),
        identity: identity(top.model, top.system_fingerprint),
    })
}

/// Reads the usage of an answer that is passed on unread, such as embeddings.
///
/// # Errors
/// Not JSON, or an error inside a 200.
pub(crate) fn read_raw(body: &[u8], input_estimate: u64) -> Result<Reply, Broken> {
    let document = document(body)?;
    if document.get("error").is_some_and(|error| !error.is_null()) {
        return Err(Broken("an error inside a 200".into()));
    }
    let usage = document.get("usage").cloned().unwrap_or_default();
    let counts = Counts::openai(&usage);
    let counts = if counts.input.is_some() { counts } else { Counts::responses(&usage) }.served(&document);
    // Cohere's say what is billed.
    let billed = document.pointer("/meta/billed_units").map_or(counts, Counts::responses);
    let counts = counts.or(billed);
    // What makes vectors writes no tokens.
    let output = counts.output.or(counts.input.map(|_| 0));
    let model = document.get("model").and_then(serde_json::Value::as_str);
    Ok(Reply {
        usage: Counts { output, ..counts }.whole(Estimate { input: input_estimate, output: 0 }),
        finish_reason: None,
        choices: 1,
        identity: Identity::new(model, None),
    })
}

/// An answer that says nothing of tokens, such as sound.
pub(crate) fn uncounted(input_estimate: u64) -> Reply {
    Reply {
        usage: Counts::default().whole(Estimate { input: input_estimate, output: 0 }),
        finish_reason: None,
        choices: 1,
        identity: Identity::new(None, None),
    }
}

/// Who answered. Read leniently: a provider that names itself badly has still answered.
pub(crate) fn identity(model: Option<&RawValue>, fingerprint: Option<&RawValue>) -> Identity {
    let text = |raw: Option<&RawValue>| raw.and_then(|raw| serde_json::from_str::<String>(raw.get()).ok());
    Identity::new(text(model).as_deref(), text(fingerprint).as_deref())
}

/// Tokens in `bytes` bytes of text or JSON: a quarter, rounded up. Good to some 20 % on English; used where exact
/// counting would cost more than it is worth, and always marked as an estimate.
#[must_use]
pub const fn estimate_tokens(bytes: usize) -> u64 {
    (bytes as u64).div_ceil(4)
}

/// Reads a `usage` object leniently, of an answer that was served in this tier.
pub(crate) fn read_usage(
    raw: Option<&RawValue>,
    tier: Option<&RawValue>,
    input_estimate: u64,
    output_estimate: u64,
) -> Usage {
    let usage: serde_json::Value = raw.and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default();
    let tier = tier.map(|tier| Tier::named(tier.get().trim_matches('"')));
    let counts = Counts::openai(&usage);
    let counts = if counts.input.is_some() { counts } else { Counts::responses(&usage) };
    Counts { tier, ..counts }.whole(Estimate { input: input_estimate, output: output_estimate })
}

/// The text of an answer that may be JSON.
fn text(body: &[u8]) -> Result<&str, Broken> {
    let text = std::str::from_utf8(body).map_err(|_| Broken("bytes that are not UTF-8".into()))?;
    let start = text.trim_start();
    if start.is_empty() {
        return Err(Broken("an empty body".into()));
    }
    if start.starts_with('<') {
        return Err(Broken("markup instead of JSON".into()));
    }
    if !start.starts_with('{') {
        return Err(Broken("something else than a JSON object".into()));
    }
    json::lint(text).map_err(|(_, flaw)| Broken(flaw.found().into()))?;
    Ok(text)
}

/// A whole answer of any dialect as a value tree.
///
/// # Errors
/// Not UTF-8, not JSON, or not an object.
pub(crate) fn document(body: &[u8]) -> Result<serde_json::Value, Broken> {
    serde_json::from_str(text(body)?)
        .map_err(|error| Broken(format!("invalid JSON at line {} column {}", error.line(), error.column())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_200_that_is_no_answer_is_broken() {
        let deep = format!(r#"{{"choices":[{{"message":{}"#, "[".repeat(20_000));
        for (body, found) in [
            ("", "empty"),
            ("  \n", "empty"),
            ("<html></html>", "markup"),
            ("null", "JSON object"),
            ("[]", "JSON object"),
            ("{}", "without choices"),
            (r#"{"choices":null}"#, "without choices"),
            (r#"{"choices":[]}"#, "without choices"),
            (r#"{"choices":{}}"#, "another shape"),
            (r#"{"choices":[{}]}"#, "without a message"),
            (r#"{"choices":[{"message":null}]}"#, "without a message"),
            (r#"{"choices":[{"message":"x"}]}"#, "without a message"),
            (r#"{"choices":[{"message":{"content":"cut"#, "invalid JSON"),
            (r#"{"choices":[{"message":{}}]} tail"#, "invalid JSON"),
            (r#"{"error":{"message":"x"}}"#, "error inside a 200"),
            (r#"{"choices":[{"message":{"content":"\ud800"}}]}"#, "surrogate"),
            (&deep, "nesting"),
        ] {
            let broken = read_reply(body.as_bytes(), 0).unwrap_err();
            assert!(broken.0.contains(found), "{body}: {broken}");
        }
        assert!(read_reply(b"{\"choices\":\xff}", 0).is_err());
    }

    #[test]
    fn usage_is_believed_only_within_reason() {
        let read = |usage: &str| {
            let body =
                format!(r#"{{"choices":[{{"message":{{"content":"four"}},"finish_reason":"stop"}}],"usage":{usage}}}"#);
            read_reply(body.as_bytes(), 40).unwrap().usage
        };
        let good = read(
            r#"{"prompt_tokens":10,"completion_tokens":4,"prompt_tokens_details":{"cached_tokens":99},"completion_tokens_details":{"reasoning_tokens":3}}"#,
        );
        assert_eq!((good.input, good.output, good.cached_input, good.reasoning), (10, 4, 10, 3));
        assert!(!good.estimated);
        // As those who copy OpenAI write it: thoughts beside what is said, and what was cached under other names.
        let xai = read(
            r#"{"prompt_tokens":32,"completion_tokens":9,"total_tokens":135,"completion_tokens_details":{"reasoning_tokens":94},"prompt_tokens_details":{"cached_tokens":0,"cache_write_tokens":30}}"#,
        );
        assert_eq!((xai.output, xai.reasoning, xai.cache_write), (103, 94, 30));
        for cached in ["prompt_cache_hit_tokens", "cached_tokens"] {
            let copied = read(&format!(r#"{{"prompt_tokens":10,"completion_tokens":4,"{cached}":6}}"#));
            assert_eq!((copied.input, copied.cached_input, copied.output), (10, 6, 4), "{cached}");
        }
        for insane in [
            "null",
            "7",
            "{}",
            r#"{"prompt_tokens":-1,"completion_tokens":-1}"#,
            r#"{"prompt_tokens":1e18,"completion_tokens":1e18}"#,
            r#"{"prompt_tokens":"9","completion_tokens":0.5}"#,
        ] {
            let usage = read(insane);
            assert!(usage.estimated && usage.input == 40 && usage.output == 5, "{insane} {usage:?}");
        }
    }
}

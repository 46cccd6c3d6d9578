//! The headers weir speaks, and what a caller may ask with them. Each is bounded: what a caller sends here ends up on
//! a span, in a list and on a dashboard.

use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue};
use weir_core::{NanoUsd, Problem, error};

/// W3C trace context.
pub(crate) const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
/// Asked: whose policy decides.
pub(crate) const WORKLOAD: HeaderName = HeaderName::from_static("x-weir-workload");
/// Asked: a preset that routes this call in place of the workload's policy.
pub(crate) const POLICY: HeaderName = HeaderName::from_static("x-weir-policy");
/// Asked: free tags, a JSON object.
pub(crate) const TAGS: HeaderName = HeaderName::from_static("x-weir-tags");
/// Asked: the conversation this belongs to.
pub(crate) const SESSION: HeaderName = HeaderName::from_static("x-weir-session");
/// Asked: a total time limit below the workload's own.
pub(crate) const TIMEOUT_MS: HeaderName = HeaderName::from_static("x-weir-timeout-ms");
/// Asked: the most that the request may be expected to cost, in dollars, all attempts together.
pub(crate) const MAX_COST_USD: HeaderName = HeaderName::from_static("x-weir-max-cost-usd");
/// Asked: the decision in the reply, or with `only` in place of it.
pub(crate) const EXPLAIN: HeaderName = HeaderName::from_static("x-weir-explain");
/// Sent by weir itself: the process token.
pub(crate) const INTERNAL: HeaderName = HeaderName::from_static("x-weir-internal");
/// Sent by weir itself beside the process token: which kind of its own request this is.
pub(crate) const ORIGIN: HeaderName = HeaderName::from_static("x-weir-origin");
/// Sent by weir itself beside the process token: the span or the dataset's item whose words the request repeats.
pub(crate) const ABOUT: HeaderName = HeaderName::from_static("x-weir-about");
/// Sent by weir itself beside the process token: the request repeats a held-out item, so no text of it is kept.
pub(crate) const SEALED: HeaderName = HeaderName::from_static("x-weir-sealed");
/// Sent by weir itself beside the process token: the name of the key on whose behalf it asks, whose scope and budget bind.
pub(crate) const BEHALF: HeaderName = HeaderName::from_static("x-weir-behalf");
/// Sent upstream: how many weirs the request has passed.
pub(crate) const HOPS: HeaderName = HeaderName::from_static("x-weir-hops");

/// Answered: the span.
pub(crate) const SPAN_ID: HeaderName = HeaderName::from_static("x-weir-span-id");
/// Answered: the trace.
pub(crate) const TRACE_ID: HeaderName = HeaderName::from_static("x-weir-trace-id");
/// Answered: lets whoever holds it grade this one answer, for a day.
pub(crate) const FEEDBACK_TOKEN: HeaderName = HeaderName::from_static("x-weir-feedback-token");
/// Answered: the span, under the name that OpenAI's SDKs read.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Answered: the span, under the name that Anthropic's SDKs read.
pub(crate) const REQUEST_ID_ANTHROPIC: HeaderName = HeaderName::from_static("request-id");
/// Answered: what the deployment's dialect could not express, JSON paths.
pub(crate) const DROPPED: HeaderName = HeaderName::from_static("x-weir-dropped");
/// Answered: who served.
pub(crate) const DEPLOYMENT: HeaderName = HeaderName::from_static("x-weir-deployment");
/// Answered: the stages walked.
pub(crate) const STRATEGY: HeaderName = HeaderName::from_static("x-weir-strategy");
/// Answered: the policy revision.
pub(crate) const REVISION: HeaderName = HeaderName::from_static("x-weir-revision");
/// Answered: upstream calls made.
pub(crate) const ATTEMPTS: HeaderName = HeaderName::from_static("x-weir-attempts");
/// Answered: what the cache did.
pub(crate) const CACHE: HeaderName = HeaderName::from_static("x-weir-cache");
/// Answered: dollars, all attempts together; absent when a price is unknown.
pub(crate) const COST_USD: HeaderName = HeaderName::from_static("x-weir-cost-usd");
/// Answered: the decision record as JSON, when asked and small enough.
pub(crate) const DECISION: HeaderName = HeaderName::from_static("x-weir-decision");
/// Answered: tells SDKs not to multiply our attempts by theirs.
pub(crate) const SHOULD_RETRY: HeaderName = HeaderName::from_static("x-should-retry");

const TAGS_BYTES: usize = 4 * 1024;
const SESSION_BYTES: usize = 256;
/// Largest decision in a reply header; proxies commonly stop at 8 KiB for one line.
const DECISION_BYTES: usize = 8 * 1024;

/// Weirs that a request may pass: a team's in front of a company's, and one to spare.
const MOST_HOPS: u8 = 3;

/// The hops to tell upstream: one more than the request came with.
///
/// # Errors
/// W0111 when it has come through too many, so that a deployment whose address leads back here ends instead of going
/// round until everything is full. W0106 when the header is not a number.
pub(crate) fn hops(headers: &HeaderMap) -> Result<HeaderValue, Problem> {
    let passed = match text(headers, &HOPS)? {
        None => 0,
        Some(text) => text.parse::<u8>().map_err(|_| bad("`x-weir-hops` is not a small whole number"))?,
    };
    if passed >= MOST_HOPS {
        return Err(Problem::new(
            &error::LOOP,
            format!("the request has passed {passed} weirs, at most {MOST_HOPS} are"),
        )
        .hint("some deployment's `base_url` leads back to a weir"));
    }
    Ok(HeaderValue::from(u16::from(passed) + 1))
}

/// What the caller asked for beside the body.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    /// A JSON object as text; empty when none.
    pub(crate) tags: Arc<str>,
    pub(crate) session: Option<Arc<str>>,
    pub(crate) timeout_ms: Option<u64>,
    /// Name of a preset.
    pub(crate) policy: Option<Arc<str>>,
    pub(crate) max_cost: Option<NanoUsd>,
    pub(crate) explain: bool,
    /// The decision in place of an answer.
    pub(crate) explain_only: bool,
}

impl Asked {
    /// # Errors
    /// W0106 when a header is out of range or malformed.
    pub(crate) fn read(headers: &HeaderMap) -> Result<Self, Problem> {
        Ok(Self {
            tags: tags(headers)?,
            session: session(headers)?,
            timeout_ms: timeout(headers)?,
            policy: text(headers, &POLICY)?.map(Arc::from),
            max_cost: max_cost(headers)?,
            explain: headers.get(EXPLAIN).is_some_and(|value| value == "1"),
            explain_only: headers.get(EXPLAIN).is_some_and(|value| value == "only"),
        })
    }
}

/// A header as text, without surrounding space; `None` when it is absent or empty.
pub(crate) fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, Problem> {
    let Some(value) = headers.get(name) else {
        return Ok(None);
    };
    let text = value.to_str().map_err(|_| bad(format!("`{name}` holds bytes outside printable ASCII")))?.trim();
    Ok((!text.is_empty()).then_some(text))
}

fn tags(headers: &HeaderMap) -> Result<Arc<str>, Problem> {
    // Tags are JSON and may hold any UTF-8.
    let Some(value) = headers.get(TAGS) else {
        return Ok(Arc::default());
    };
    if value.len() > TAGS_BYTES {
        let found = value.len();
        return Err(bad(format!("`x-weir-tags` has {found} bytes, at most {TAGS_BYTES} are taken")));
    }
    let wanted = || bad("`x-weir-tags` is not a JSON object such as {\"team\":\"a\"}");
    let text = std::str::from_utf8(value.as_bytes()).map_err(|_| wanted())?;
    serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(text).map_err(|_| wanted())?;
    Ok(text.into())
}

fn session(headers: &HeaderMap) -> Result<Option<Arc<str>>, Problem> {
    let Some(session) = text(headers, &SESSION)? else {
        return Ok(None);
    };
    if session.len() > SESSION_BYTES {
        let found = session.len();
        return Err(bad(format!("`x-weir-session` has {found} bytes, at most {SESSION_BYTES} are taken")));
    }
    Ok(Some(session.into()))
}

fn timeout(headers: &HeaderMap) -> Result<Option<u64>, Problem> {
    let Some(text) = text(headers, &TIMEOUT_MS)? else {
        return Ok(None);
    };
    match text.parse() {
        Ok(0) | Err(_) => Err(bad("`x-weir-timeout-ms` is not a whole number of milliseconds above 0")),
        Ok(timeout_ms) => Ok(Some(timeout_ms)),
    }
}

fn max_cost(headers: &HeaderMap) -> Result<Option<NanoUsd>, Problem> {
    let Some(text) = text(headers, &MAX_COST_USD)? else {
        return Ok(None);
    };
    match text.parse::<f64>() {
        Ok(usd) if usd.is_finite() && usd >= 0.0 => Ok(Some(NanoUsd::from_usd(usd))),
        _ => Err(bad("`x-weir-max-cost-usd` is not an amount of dollars")),
    }
}

fn bad(message: impl Into<String>) -> Problem {
    Problem::new(&error::BAD_PARAMETER, message)
}

/// A header value from text that may hold anything; `None` when it cannot be one.
pub(crate) fn value(text: &str) -> Option<HeaderValue> {
    HeaderValue::from_str(text).ok()
}

/// A decision as one header line: JSON with everything outside ASCII escaped. `None` when it is too long.
pub(crate) fn decision_value(decision: &weir_core::decision::Decision) -> Option<HeaderValue> {
    use std::fmt::Write as _;

    let json = serde_json::to_string(decision).ok()?;
    let mut line = String::with_capacity(json.len());
    for unit in json.encode_utf16() {
        match u8::try_from(unit) {
            Ok(ascii @ 0x20..=0x7e) => line.push(char::from(ascii)),
            _ => write!(line, "\\u{unit:04x}").ok()?,
        }
    }
    if line.len() >= DECISION_BYTES {
        return None;
    }
    value(&line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_bytes(value.as_bytes()).unwrap())])
    }

    #[test]
    fn tags_are_a_json_object_of_bounded_size() {
        let asked = Asked::read(&with(TAGS, r#"{"team":"größe"}"#)).unwrap();
        assert_eq!(&*asked.tags, r#"{"team":"größe"}"#);
        for bad in ["[1]", "{", "\"text\"", &format!("{{\"a\":\"{}\"}}", "x".repeat(5_000))] {
            let problem = Asked::read(&with(TAGS, bad)).unwrap_err();
            assert_eq!(problem.code, &error::BAD_PARAMETER);
        }
    }

    #[test]
    fn a_timeout_of_nothing_is_refused() {
        assert_eq!(Asked::read(&with(TIMEOUT_MS, " 250 ")).unwrap().timeout_ms, Some(250));
        for bad in ["0", "-1", "1.5", "soon"] {
            assert!(Asked::read(&with(TIMEOUT_MS, bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_request_that_goes_round_is_stopped() {
        assert_eq!(hops(&HeaderMap::new()).unwrap(), "1");
        assert_eq!(hops(&with(HOPS, "2")).unwrap(), "3");
        assert_eq!(hops(&with(HOPS, "3")).unwrap_err().code, &error::LOOP);
        assert_eq!(hops(&with(HOPS, "255")).unwrap_err().code, &error::LOOP);
        assert_eq!(hops(&with(HOPS, "-1")).unwrap_err().code, &error::BAD_PARAMETER);
    }

    #[test]
    fn a_session_is_bounded() {
        assert!(Asked::read(&with(SESSION, &"s".repeat(257))).is_err());
        let asked = Asked::read(&with(SESSION, "chat-7")).unwrap();
        assert_eq!(asked.session.as_deref(), Some("chat-7"));
    }
}

//! What a failed attempt means: try again, try elsewhere, or tell the caller.

use std::time::{Duration, UNIX_EPOCH};

use http::HeaderMap;
use weir_core::{Timestamp, policy::FailureClass, route::RateLimits};

use crate::{
    stream::StreamFailure,
    transport::{Phase, TransportError},
};

/// The class of an answer with this status; `None` for 200. `body` is read for what providers dress as something
/// else: a refused key as a bad request, an empty account as a rate limit.
#[must_use]
pub fn of_status(status: u16, body: &[u8]) -> Option<FailureClass> {
    let says = |word: &str| memchr::memmem::find(body, word.as_bytes()).is_some();
    Some(match status {
        200 => return None,
        402 => FailureClass::Quota,
        401 | 403 => FailureClass::Auth,
        400 if says("API_KEY_INVALID") => FailureClass::Auth,
        400 | 413 | 422 if TOO_LONG.iter().any(|words| says(words)) => FailureClass::ContextWindow,
        400 if says("content_policy_violation") || says("content_filter") => FailureClass::ContentPolicy,
        408 | 504 => FailureClass::Timeout,
        429 if says("insufficient_quota") => FailureClass::Quota,
        429 => FailureClass::RateLimit,
        409 | 425 | 500.. => FailureClass::ServerError,
        400..=499 => FailureClass::Caller,
        _ => FailureClass::InvalidOutput,
    })
}

/// How providers say that a prompt is too long for the model: OpenAI, Anthropic, Gemini, Bedrock, Cohere, Mistral.
const TOO_LONG: [&str; 6] = [
    "context_length_exceeded",
    "prompt is too long",
    "exceeds the maximum number of tokens",
    "Input is too long",
    "too many tokens",
    "too large for model with",
];

impl From<&TransportError> for FailureClass {
    fn from(error: &TransportError) -> Self {
        match error {
            TransportError::Connect(_)
            | TransportError::Refused(_)
            | TransportError::Setup(_)
            | TransportError::Timeout { phase: Phase::Connect, .. } => Self::Connect,
            TransportError::Timeout { .. } => Self::Timeout,
            TransportError::Credential(_) => Self::Auth,
            TransportError::Broken(_) | TransportError::TooLarge { .. } => Self::InvalidOutput,
        }
    }
}

impl From<&StreamFailure> for FailureClass {
    fn from(failure: &StreamFailure) -> Self {
        match failure {
            StreamFailure::Error(data) => in_band(data),
            _ => Self::InvalidOutput,
        }
    }
}

/// The class of an error event after a 200: its numeric code if it has one, else the provider's fault.
fn in_band(data: &[u8]) -> FailureClass {
    let event: serde_json::Value = serde_json::from_slice(data).unwrap_or_default();
    let code = event.pointer("/error/code");
    let status = code.and_then(|code| code.as_u64().or_else(|| code.as_str()?.parse().ok()));
    match status.and_then(|status| u16::try_from(status).ok()) {
        Some(status @ 400..=599) => of_status(status, b"").unwrap_or(FailureClass::ServerError),
        _ => match event.pointer("/error/type").and_then(|kind| kind.as_str()) {
            Some(kind) if kind.contains("rate_limit") => FailureClass::RateLimit,
            Some("invalid_request_error") => FailureClass::Caller,
            _ => FailureClass::ServerError,
        },
    }
}

/// How long the provider asks to wait: `retry-after-ms`, else `retry-after` in seconds or as an HTTP date seen from `now`
/// (RFC 9110, section 10.2.3), else until the rate limit that has nothing left is whole again. `None` when absent,
/// malformed or in the past.
#[must_use]
pub fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    if let Some(ms) = text(headers, "retry-after-ms").and_then(|ms| ms.parse::<f64>().ok()) {
        return span(ms / 1_000.0);
    }
    let Some(value) = text(headers, "retry-after") else {
        let limits = rate_limits(headers, now)?;
        let empty = |left: Option<u64>, reset: Option<Duration>| reset.filter(|_| left == Some(0));
        let (requests, tokens) =
            (empty(limits.requests_left, limits.requests_reset), empty(limits.tokens_left, limits.tokens_reset));
        return requests.max(tokens);
    };
    if let Ok(seconds) = value.parse::<f64>() {
        return span(seconds);
    }
    let at = httpdate::parse_http_date(value).ok()?;
    until(at.duration_since(UNIX_EPOCH).ok()?, now)
}

/// What the provider says is left of its rate limit; `None` when it says nothing. OpenAI and those who copy it write
/// `x-ratelimit-remaining-requests` and `x-ratelimit-reset-requests: 6m0s`, Anthropic
/// `anthropic-ratelimit-requests-remaining` and a time in RFC 3339.
#[must_use]
pub fn rate_limits(headers: &HeaderMap, now: Timestamp) -> Option<RateLimits> {
    let count = |names: [&str; 2]| names.iter().find_map(|name| text(headers, name)?.parse().ok());
    let wait = |names: [&str; 2]| names.iter().find_map(|name| reset(text(headers, name)?, now));
    let requests_left = count(["x-ratelimit-remaining-requests", "anthropic-ratelimit-requests-remaining"]);
    let tokens_left = count(["x-ratelimit-remaining-tokens", "anthropic-ratelimit-tokens-remaining"]);
    if requests_left.is_none() && tokens_left.is_none() {
        return None;
    }
    Some(RateLimits {
        requests_left,
        requests_reset: wait(["x-ratelimit-reset-requests", "anthropic-ratelimit-requests-reset"]),
        tokens_left,
        tokens_reset: wait(["x-ratelimit-reset-tokens", "anthropic-ratelimit-tokens-reset"]),
    })
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

/// At most a day.
fn span(seconds: f64) -> Option<Duration> {
    (seconds.is_finite() && seconds >= 0.0).then(|| Duration::from_secs_f64(seconds.min(86_400.0)))
}

/// From `now` until an instant since the epoch.
fn until(at: Duration, now: Timestamp) -> Option<Duration> {
    let now = Duration::from_micros(u64::try_from(now.0).ok()?);
    at.checked_sub(now).and_then(|wait| span(wait.as_secs_f64()))
}

/// When a limit is whole again: seconds, a duration such as `6m0s` or `120ms`, or a time in RFC 3339.
fn reset(value: &str, now: Timestamp) -> Option<Duration> {
    if let Ok(seconds) = value.parse::<f64>() {
        return span(seconds);
    }
    if value.contains('T') {
        return until(rfc3339(value)?, now);
    }
    let mut rest = value;
    let mut sum = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, after) = rest.split_at(digits);
        let unit = after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len());
        let (word, next) = after.split_at(unit);
        let scale = match word {
            "h" => 3_600.0,
            "m" => 60.0,
            "s" => 1.0,
            "ms" => 0.001,
            "us" | "µs" => 0.000_001,
            _ => return None,
        };
        sum += number.parse::<f64>().ok()? * scale;
        rest = next;
    }
    span(sum)
}

/// `2026-11-21T05:00:00Z` since the epoch, to the second; other offsets than UTC are not read.
fn rfc3339(value: &str) -> Option<Duration> {
    let (date, time) = value.strip_suffix('Z')?.split_once('T')?;
    let parts = |text: &str, by: char| -> Option<[i64; 3]> {
        let numbers: Vec<i64> = text.split(by).map_while(|part| part.split('.').next()?.parse().ok()).collect();
        numbers.try_into().ok()
    };
    let ([year, month, day], [hour, minute, second]) = (parts(date, '-')?, parts(time, ':')?);
    if !(1970..=9999).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    // Days since the epoch in the proleptic Gregorian calendar (Hinnant, "chrono-Compatible Low-Level Date Algorithms").
    let years = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (years.div_euclid(400), years.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
    let seconds = days * 86_400 + hour * 3_600 + minute * 60 + second;
    u64::try_from(seconds).ok().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_has_one_class() {
        for (status, class) in [
            (204, FailureClass::InvalidOutput),
            (302, FailureClass::InvalidOutput),
            (307, FailureClass::InvalidOutput),
            (400, FailureClass::Caller),
            (401, FailureClass::Auth),
            (402, FailureClass::Quota),
            (403, FailureClass::Auth),
            (404, FailureClass::Caller),
            (408, FailureClass::Timeout),
            (409, FailureClass::ServerError),
            (413, FailureClass::Caller),
            (422, FailureClass::Caller),
            (425, FailureClass::ServerError),
            (429, FailureClass::RateLimit),
            (500, FailureClass::ServerError),
            (504, FailureClass::Timeout),
            (529, FailureClass::ServerError),
        ] {
            assert_eq!(of_status(status, b"{}"), Some(class), "{status}");
        }
        assert_eq!(of_status(200, b""), None);
        assert_eq!(of_status(400, b"..API_KEY_INVALID.."), Some(FailureClass::Auth));
        for (status, body, class) in [
            (400, "{\"code\":\"context_length_exceeded\"}", FailureClass::ContextWindow),
            (400, "{\"code\":\"content_policy_violation\"}", FailureClass::ContentPolicy),
            (429, "{\"code\":\"insufficient_quota\"}", FailureClass::Quota),
        ] {
            assert_eq!(of_status(status, body.as_bytes()), Some(class), "{body}");
        }
        assert!(!FailureClass::Caller.retryable() && FailureClass::Caller.named().is_none());
        assert!(FailureClass::Auth.named().is_some() && !FailureClass::Auth.retryable());
        assert_eq!(FailureClass::Auth.code().status, 502);
    }

    #[test]
    fn retry_after_is_read_in_every_spelling() {
        let now = Timestamp(784_111_777_000_000);
        let read = |name: &'static str, value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert("retry-after", http::HeaderValue::from_static("7"));
            headers.insert(name, http::HeaderValue::from_static(value));
            retry_after(&headers, now)
        };
        assert_eq!(read("retry-after-ms", "1500"), Some(Duration::from_millis(1_500)));
        assert_eq!(read("retry-after-ms", "soon"), Some(Duration::from_secs(7)));
        assert_eq!(read("retry-after", "0.5"), Some(Duration::from_millis(500)));
        assert_eq!(read("retry-after", "Sun, 06 Nov 1994 08:49:47 GMT"), Some(Duration::from_secs(10)));
        assert_eq!(read("retry-after", "Sun, 06 Nov 1994 08:49:07 GMT"), None);
        for nonsense in ["-1", "NaN", "inf", "", "later"] {
            assert_eq!(read("retry-after", nonsense), None, "{nonsense}");
        }
        assert_eq!(read("retry-after", "1e300"), Some(Duration::from_secs(86_400)));
        assert_eq!(retry_after(&HeaderMap::new(), now), None);
    }

    #[test]
    fn what_is_left_of_a_rate_limit_is_read_in_both_spellings() {
        let now = Timestamp(784_111_777_000_000);
        let read = |pairs: &[(&'static str, &'static str)]| {
            let headers: HeaderMap = pairs
                .iter()
                .map(|(name, value)| (http::HeaderName::from_static(name), http::HeaderValue::from_static(value)))
                .collect();
            (rate_limits(&headers, now), retry_after(&headers, now))
        };
        let (limits, wait) = read(&[
            ("x-ratelimit-remaining-requests", "0"),
            ("x-ratelimit-reset-requests", "6m0.5s"),
            ("x-ratelimit-remaining-tokens", "900"),
            ("x-ratelimit-reset-tokens", "120ms"),
        ]);
        let limits = limits.unwrap();
        assert_eq!((limits.requests_left, limits.tokens_left), (Some(0), Some(900)));
        assert_eq!(limits.tokens_reset, Some(Duration::from_millis(120)));
        assert_eq!(wait, Some(Duration::from_millis(360_500)), "only the empty one is waited for");
        let (limits, wait) = read(&[
            ("anthropic-ratelimit-tokens-remaining", "0"),
            ("anthropic-ratelimit-tokens-reset", "1994-11-06T08:49:47Z"),
        ]);
        assert_eq!(limits.unwrap().tokens_left, Some(0));
        assert_eq!(wait, Some(Duration::from_secs(10)));
        assert_eq!(read(&[("x-ratelimit-remaining-requests", "many")]), (None, None));
        for nonsense in ["soon", "5x", "1994-13-06T08:49:47Z", "m"] {
            assert_eq!(reset(nonsense, now), None, "{nonsense}");
        }
    }
}

//! What a failed attempt means: try again, try elsewhere, or tell the caller.

use std::time::{Duration, UNIX_EPOCH};

use http::HeaderMap;
use weir_core::{Code, Timestamp, error};

use crate::{
    stream::StreamFailure,
    transport::{Phase, TransportError},
};

/// Why an attempt failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// No connection.
    Connect,
    /// Too late.
    Timeout,
    /// 429.
    RateLimit,
    /// 5xx, 409, 425.
    ServerError,
    /// The provider refuses weir's key or account.
    Auth,
    /// The provider says the request is wrong.
    Caller,
    /// The deployment's dialect cannot express the request; nothing was sent.
    Untranslatable,
    /// Not what the dialect promises: a 200 that is none, a redirect, a cut stream.
    Broken,
}

impl Class {
    /// The word stored with the attempt.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Timeout => "timeout",
            Self::RateLimit => "rate_limit",
            Self::ServerError => "server_error",
            Self::Auth => "auth",
            Self::Caller => "caller",
            Self::Untranslatable => "untranslatable",
            Self::Broken => "broken",
        }
    }

    /// The same deployment may answer if asked again.
    #[must_use]
    pub const fn retryable(self) -> bool {
        matches!(self, Self::Connect | Self::RateLimit | Self::ServerError)
    }

    /// Another deployment may answer.
    #[must_use]
    pub const fn fallback(self) -> bool {
        !matches!(self, Self::Caller)
    }

    /// Counts against the deployment's health.
    #[must_use]
    pub const fn unhealthy(self) -> bool {
        !matches!(self, Self::Caller | Self::RateLimit | Self::Untranslatable)
    }

    /// What the caller is told when no attempt is left.
    #[must_use]
    pub fn code(self) -> &'static Code {
        match self {
            Self::Connect => &error::UPSTREAM_CONNECT,
            Self::Timeout => &error::UPSTREAM_TIMEOUT,
            Self::RateLimit => &error::UPSTREAM_RATE_LIMIT,
            Self::ServerError => &error::UPSTREAM_STATUS,
            Self::Auth => &error::UPSTREAM_AUTH,
            Self::Caller => &error::UPSTREAM_REFUSED,
            Self::Untranslatable => &error::UNTRANSLATABLE,
            Self::Broken => &error::UPSTREAM_BROKEN,
        }
    }

    /// The class of an answer with this status; `None` for 200. `body` is read only to tell a refused key that is dressed
    /// as a bad request.
    #[must_use]
    pub fn of_status(status: u16, body: &[u8]) -> Option<Self> {
        Some(match status {
            200 => return None,
            401..=403 => Self::Auth,
            400 if memchr::memmem::find(body, b"API_KEY_INVALID").is_some() => Self::Auth,
            408 | 504 => Self::Timeout,
            429 => Self::RateLimit,
            409 | 425 | 500.. => Self::ServerError,
            400..=499 => Self::Caller,
            _ => Self::Broken,
        })
    }
}

impl From<&TransportError> for Class {
    fn from(error: &TransportError) -> Self {
        match error {
            TransportError::Connect(_)
            | TransportError::Refused(_)
            | TransportError::Setup(_)
            | TransportError::Timeout { phase: Phase::Connect, .. } => Self::Connect,
            TransportError::Timeout { .. } => Self::Timeout,
            TransportError::Broken(_) | TransportError::TooLarge { .. } => Self::Broken,
        }
    }
}

impl From<&StreamFailure> for Class {
    fn from(failure: &StreamFailure) -> Self {
        match failure {
            StreamFailure::Error(data) => in_band(data),
            _ => Self::Broken,
        }
    }
}

/// The class of an error event after a 200: its numeric code if it has one, else the provider's fault.
fn in_band(data: &[u8]) -> Class {
    let event: serde_json::Value = serde_json::from_slice(data).unwrap_or_default();
    let code = event.pointer("/error/code");
    let status = code.and_then(|code| code.as_u64().or_else(|| code.as_str()?.parse().ok()));
    match status.and_then(|status| u16::try_from(status).ok()) {
        Some(status @ 400..=599) => Class::of_status(status, b"").unwrap_or(Class::ServerError),
        _ => match event.pointer("/error/type").and_then(|kind| kind.as_str()) {
            Some(kind) if kind.contains("rate_limit") => Class::RateLimit,
            Some("invalid_request_error") => Class::Caller,
            _ => Class::ServerError,
        },
    }
}

/// How long the provider asks to wait: `retry-after-ms`, else `retry-after` in seconds or as an HTTP date seen from `now`.
/// `None` when absent, malformed or in the past. RFC 9110, section 10.2.3.
#[must_use]
pub fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    let span =
        |number: f64| (number.is_finite() && number >= 0.0).then(|| Duration::from_secs_f64(number.min(86_400.0)));
    if let Some(ms) = text("retry-after-ms").and_then(|ms| ms.parse::<f64>().ok()) {
        return span(ms / 1_000.0);
    }
    let value = text("retry-after")?;
    if let Ok(seconds) = value.parse::<f64>() {
        return span(seconds);
    }
    let at = httpdate::parse_http_date(value).ok()?;
    let at = at.duration_since(UNIX_EPOCH).ok()?;
    let now = Duration::from_micros(u64::try_from(now.0).ok()?);
    at.checked_sub(now).and_then(|wait| span(wait.as_secs_f64()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_has_one_class() {
        for (status, class) in [
            (204, Class::Broken),
            (302, Class::Broken),
            (307, Class::Broken),
            (400, Class::Caller),
            (401, Class::Auth),
            (402, Class::Auth),
            (403, Class::Auth),
            (404, Class::Caller),
            (408, Class::Timeout),
            (409, Class::ServerError),
            (413, Class::Caller),
            (422, Class::Caller),
            (425, Class::ServerError),
            (429, Class::RateLimit),
            (500, Class::ServerError),
            (504, Class::Timeout),
            (529, Class::ServerError),
        ] {
            assert_eq!(Class::of_status(status, b"{}"), Some(class), "{status}");
        }
        assert_eq!(Class::of_status(200, b""), None);
        assert_eq!(Class::of_status(400, b"..API_KEY_INVALID.."), Some(Class::Auth));
        assert!(!Class::Caller.retryable() && !Class::Caller.fallback());
        assert!(Class::Auth.fallback() && !Class::Auth.retryable());
        assert_eq!(Class::Auth.code().status, 502);
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
}

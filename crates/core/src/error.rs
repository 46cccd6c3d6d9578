//! Coded errors. Each error a person can see has one row here: its HTTP status, whose fault it is, whether trying
//! again may help, and a page that `weir explain` prints.

use serde::Serialize;

/// Whose fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// The request cannot be served as sent.
    Caller,
    /// A provider failed.
    Upstream,
    /// weir failed.
    Us,
}

/// One row of the table of errors.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Code {
    /// `W0000`.
    pub code: &'static str,
    /// HTTP status of the reply.
    pub status: u16,
    /// Whose fault.
    pub fault: Fault,
    /// True when the same request may succeed later.
    pub retryable: bool,
    /// A few words.
    pub title: &'static str,
    /// What it means and what to do.
    pub page: &'static str,
}

/// An error a person will see.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{}: {message}", code.code)]
pub struct Problem {
    /// The row.
    pub code: &'static Code,
    /// What was found and what is wanted; lower case, no secrets.
    pub message: String,
    /// The next step, where there is one.
    pub hint: Option<String>,
}

impl Problem {
    /// An error of this kind.
    #[must_use]
    pub fn new(code: &'static Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), hint: None }
    }
    /// With the next step.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

macro_rules! codes {
    ($($name:ident = $code:literal, $status:literal, $fault:ident, $retry:literal, $title:literal, $page:literal;)*) => {
        $(
            #[doc = $title]
            pub static $name: Code = Code {
                code: $code, status: $status, fault: Fault::$fault, retryable: $retry, title: $title, page: $page,
            };
        )*
        /// Every code, in order.
        pub static CODES: &[&Code] = &[$(&$name),*];
    };
}

codes! {
    BAD_JSON = "W0101", 400, Caller, false, "the request body is not the JSON it should be",
        "The body is not valid UTF-8 JSON, or a field that weir reads has the wrong type. The message names the place. Nothing was sent upstream.";
    UNKNOWN_MODEL = "W0102", 404, Caller, false, "no such model or workload",
        "`model` names neither a workload (`weir/<workload>` or its bare name) nor a deployment. GET /v1/models lists what the key may use.";
    BODY_TOO_LARGE = "W0103", 413, Caller, false, "the request body is too large",
        "The declared or received length is over the route's limit. Content-Length is checked before anything is read.";
    UNSUPPORTED_MEDIA = "W0104", 415, Caller, false, "the body has a content encoding or type this route does not take",
        "Send plain JSON without a content encoding.";
    NOT_FOUND = "W0105", 404, Caller, false, "no such thing",
        "The id in the path names nothing that the key may see.";
    BAD_PARAMETER = "W0106", 400, Caller, false, "a parameter is out of range or malformed",
        "The message names the parameter, what was found and what is wanted.";
    CONFLICT = "W0107", 409, Caller, true, "the resource is in another state",
        "Someone else changed it first, or its state does not allow this. Read it again.";
    METHOD_NOT_ALLOWED = "W0108", 405, Caller, false, "no such method on this path",
        "The path exists with another method. GET /api/v1/openapi.json lists all.";
    TIMEOUT_BODY = "W0109", 408, Caller, true, "the request body did not arrive in time",
        "The connection stalled while the body was being read.";
    TOO_MANY_SCORES = "W0110", 429, Caller, true, "too many scores from one key",
        "One key may post `server.scores_per_s` scores a second, five times that at once, so that no caller fills the score log or keeps others from writing. Nothing was stored; send it again after the time in Retry-After.";
    LOOP = "W0111", 508, Caller, false, "the request has come through weir too often",
        "Each weir that a request passes adds one to `x-weir-hops`; more than three means that some deployment's address leads back to a weir that sends it on. Check `base_url`.";
    UNTRANSLATABLE = "W0112", 400, Caller, false, "the chosen deployment's dialect cannot express the request",
        "The request uses what the deployment's own dialect has no word for; the message names the JSON paths. Leave them out, name a deployment of your own dialect, or set `strictness = \"lenient\"` on the workload: they are then dropped and listed in x-weir-dropped and on the span.";
    STALE = "W0113", 412, Caller, false, "what was read has changed since",
        "The order names by `If-Match` what it is about, and that is no longer current: somebody else, or the optimizer, was first. Nothing was changed. The message says what is current; read it again, then send the order with the new ETag, or without `If-Match` when it is meant whatever is current.";
    KIN_JUDGE = "W0114", 409, Caller, false, "a judge of an arm's own family would decide",
        "A judge that decides, or guards, is of the family of the candidate or of the stable deployment. Judges are kinder to their own family, and no number of pairs takes that away. Let a judge of another family decide, or accept it with `kin_judge` of the request or of `[canary]`; it then stands in the canary's warnings.";
    UNKNOWN_KEY = "W0201", 401, Caller, false, "no valid key",
        "Send a key from `[keys]` as `Authorization: Bearer …`. Keys are compared by digest; weir never logs them.";
    NOT_ALLOWED = "W0202", 403, Caller, false, "the key does not reach this",
        "The key is valid but lacks the grant for this route, or the workload is not in its scope.";
    BUDGET_SPENT = "W0203", 402, Caller, false, "the key's budget does not hold this",
        "The key may spend `max_usd_per_day` in 24 hours, counted by the hour, and what the request is expected to cost is more than what is left, or is not known because its deployment has no price. Nothing was sent upstream. Raise the budget in `[keys]`, which is read again by itself, or wait: what was spent a day ago is free again.";
    NO_CANDIDATE = "W0301", 503, Us, true, "no deployment can serve this request",
        "Every candidate was dropped: none can do what the request needs, or all are unhealthy. The decision on the span says which and why.";
    UPSTREAM_CONNECT = "W0401", 502, Upstream, true, "the provider could not be reached",
        "No attempt got a connection. The span lists each attempt.";
    UPSTREAM_TIMEOUT = "W0402", 504, Upstream, true, "the provider did not answer in time",
        "The first byte, the next chunk or the whole answer came too late. Deadlines are set per workload.";
    UPSTREAM_STATUS = "W0403", 502, Upstream, true, "the provider answered with an error",
        "The last attempt ended with the status in the message. The provider's text is shown without secrets.";
    UPSTREAM_BROKEN = "W0404", 502, Upstream, true, "the provider's answer is not what its dialect promises",
        "A 200 without the JSON of its dialect, a body over the cap, or a stream that was cut. A cut stream is never a success.";
    UPSTREAM_RATE_LIMIT = "W0405", 429, Upstream, true, "every provider refused for rate",
        "All deployments in the chain answered 429. Retry-After is the provider's.";
    UPSTREAM_AUTH = "W0406", 502, Upstream, false, "the provider refused weir's key",
        "The deployment's own key is wrong or revoked. Callers cannot mend it: check `api_key` of the deployment.";
    UPSTREAM_REFUSED = "W0407", 400, Caller, false, "the provider refused the request",
        "The provider says the request itself is wrong; its message is kept. Trying elsewhere would not help.";
    OVERLOADED = "W0501", 503, Us, true, "too many requests at once",
        "A bound was reached: connections, streams or a queue. Retry after the time in Retry-After.";
    STORE_UNAVAILABLE = "W0502", 503, Us, true, "the store cannot take the write now",
        "The database is locked or its disk is full. Requests are still served and spans spooled; a score that was not acknowledged must be sent again.";
    INTERNAL = "W0503", 500, Us, true, "weir failed",
        "A defect in weir. The log has the detail under the span id.";
    BAD_CONFIG = "W0601", 400, Caller, false, "the configuration is not valid",
        "The message names file, line and column, and the nearest valid name. `weir config schema` prints all keys.";
    BAD_DATASET = "W0602", 400, Caller, false, "a dataset row cannot be read",
        "The message names the line. Nothing was imported; `skip_bad` takes the rest.";
    BAD_SUITE = "W0603", 400, Caller, false, "an eval suite cannot be used",
        "The message names file, line and column, and the nearest valid name. No run was started.";
    LEAKED_HELDOUT = "W0604", 409, Caller, false, "a held-out item can be seen elsewhere",
        "A held-out item decides only while nothing that is decided upon has seen it. Give items that say nearly the same \
         one `cluster` or one `split`, or take the example out of the scorer's prompt.";
}

/// The row with this code, such as `W0301`.
#[must_use]
pub fn find(code: &str) -> Option<&'static Code> {
    CODES.iter().copied().find(|row| row.code.eq_ignore_ascii_case(code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_in_order() {
        assert!(CODES.windows(2).all(|pair| pair[0].code < pair[1].code));
        assert_eq!(find("w0301").map(|row| row.status), Some(503));
    }
}

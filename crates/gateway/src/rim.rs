//! The rim: where an error becomes a reply in the client's own dialect, and is logged, once.

use axum::{body::Body, response::Response};
use http::{HeaderValue, StatusCode, header};
use weir_core::{Fault, Problem, deployment::Dialect, error};
use weir_providers::dialect;

use crate::{headers, ids::Ids};

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// An error on its way to the client.
#[derive(Debug)]
pub(crate) struct Refusal {
    /// What to say.
    pub(crate) problem: Problem,
    /// When to come back: the provider's own words, or ours.
    pub(crate) retry_after: Option<HeaderValue>,
    /// True when weir already tried again, so that the client's SDK should not.
    pub(crate) exhausted: bool,
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        let retry_after = (problem.code.status == 503).then(|| HeaderValue::from_static("1"));
        Self { problem, retry_after, exhausted: false }
    }
}

impl Refusal {
    /// The reply in the caller's dialect, logged on the way out.
    pub(crate) fn reply(self, ids: &Ids, dialect: Dialect) -> Response {
        log(&self.problem, ids);
        let mut reply = json_reply(status(&self.problem), dialect::error_body(dialect, &self.problem).into());
        let headers = reply.headers_mut();
        ids.stamp(headers);
        ids.name(dialect, headers);
        if let Some(after) = self.retry_after {
            headers.insert(header::RETRY_AFTER, after);
        }
        if self.exhausted {
            headers.insert(headers::SHOULD_RETRY, HeaderValue::from_static("false"));
        }
        if self.problem.code == &error::BODY_TOO_LARGE || self.problem.code == &error::TIMEOUT_BODY {
            // The rest of the body is still on its way and will not be read.
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        reply
    }
}

/// A JSON reply.
pub(crate) fn json_reply(status: StatusCode, body: Body) -> Response {
    let mut reply = Response::new(body);
    *reply.status_mut() = status;
    reply.headers_mut().insert(header::CONTENT_TYPE, JSON);
    reply
}

fn status(problem: &Problem) -> StatusCode {
    StatusCode::from_u16(problem.code.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// Logs an error once, as loudly as whose fault it is asks for.
pub(crate) fn log(problem: &Problem, ids: &Ids) {
    let (code, span) = (problem.code.code, ids.span);
    match problem.code.fault {
        Fault::Caller => tracing::debug!(code, %span, "{}", problem.message),
        Fault::Upstream => tracing::warn!(code, %span, "{}", problem.message),
        Fault::Us => tracing::error!(code, %span, "{}", problem.message),
    }
}

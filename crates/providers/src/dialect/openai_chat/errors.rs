//! weir's errors in the dialect's own shape.

use bytes::Bytes;
use serde_json::json;
use weir_core::{Fault, Problem};

use crate::dialect::message;

/// `{"error":{message,type,code,param}}`. `code` is weir's (`W0301`), so that people can look it up.
#[must_use]
pub fn error_body(problem: &Problem) -> Bytes {
    let kind = match (problem.code.status, problem.code.fault) {
        (401, _) => "authentication_error",
        (403, _) => "permission_error",
        (404, _) => "not_found_error",
        (429, _) => "rate_limit_error",
        (_, Fault::Caller) => "invalid_request_error",
        (_, Fault::Upstream) => "upstream_error",
        (_, Fault::Us) => "server_error",
    };
    let body = json!({"error": {
        "message": message(problem),
        "type": kind,
        "code": problem.code.code,
        "param": null,
    }});
    Bytes::from(body.to_string())
}

/// The same as a stream event, for failures after a 200. No `[DONE]` may follow it.
#[must_use]
pub fn sse_error(problem: &Problem) -> Bytes {
    let body = error_body(problem);
    let mut event = Vec::with_capacity(body.len() + 8);
    event.extend_from_slice(b"data: ");
    event.extend_from_slice(&body);
    event.extend_from_slice(b"\n\n");
    Bytes::from(event)
}

//! weir's errors in the dialect's own shape.

use bytes::{Bytes, BytesMut};
use serde_json::{Value, json};
use weir_core::{Fault, Problem};

use crate::dialect::message;

fn body(problem: &Problem) -> Value {
    let kind = match (problem.code.status, problem.code.fault) {
        (401, _) => "authentication_error",
        (403, _) => "permission_error",
        (404, _) => "not_found_error",
        (413, _) => "request_too_large",
        (429, _) => "rate_limit_error",
        (503, _) => "overloaded_error",
        (504, _) => "timeout_error",
        (_, Fault::Caller) => "invalid_request_error",
        _ => "api_error",
    };
    json!({"type": "error", "error": {"type": kind, "message": message(problem), "code": problem.code.code}})
}

/// `{"type":"error","error":{type,message,code}}`; `code` is weir's.
#[must_use]
pub fn error_body(problem: &Problem) -> Bytes {
    Bytes::from(body(problem).to_string())
}

/// The same as a stream event, for failures after a 200. No `message_stop` may follow it.
#[must_use]
pub fn sse_error(problem: &Problem) -> Bytes {
    let mut out = BytesMut::new();
    crate::dialect::sse_event("error", &body(problem), &mut out);
    out.freeze()
}

//! weir's errors in the dialect's own shape: that of every Google API (AIP-193).

use bytes::{Bytes, BytesMut};
use serde_json::{Value, json};
use weir_core::Problem;

use crate::dialect::message;

fn body(problem: &Problem) -> Value {
    let status = match problem.code.status {
        400 | 413 | 415 => "INVALID_ARGUMENT",
        401 => "UNAUTHENTICATED",
        402 | 429 => "RESOURCE_EXHAUSTED",
        403 => "PERMISSION_DENIED",
        404 => "NOT_FOUND",
        405 => "UNIMPLEMENTED",
        408 | 504 => "DEADLINE_EXCEEDED",
        409 => "ABORTED",
        502 | 503 => "UNAVAILABLE",
        _ => "INTERNAL",
    };
    let info = json!({
        "@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": problem.code.code, "domain": "weir",
    });
    json!({"error": {
        "code": problem.code.status, "message": message(problem), "status": status, "details": [info],
    }})
}

/// `{"error":{code,message,status,details}}`; weir's own code is the reason in the details.
#[must_use]
pub fn error_body(problem: &Problem) -> Bytes {
    Bytes::from(body(problem).to_string())
}

/// The same as a stream event, for failures after a 200.
#[must_use]
pub fn sse_error(problem: &Problem) -> Bytes {
    let mut out = BytesMut::new();
    crate::dialect::sse_data(&body(problem), &mut out);
    out.freeze()
}

//! weir's errors in the dialect's own shape.

use bytes::Bytes;
use serde_json::json;
use weir_core::{Fault, Problem};

use crate::dialect::message;

/// `{"error":{message,type,code,param}}`. `code` is weir's (`W0301`), so that people can look it up; `param` is the place in
/// the request that the message names, without its `$.`.
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
        "param": (problem.code.fault == Fault::Caller).then(|| place(&problem.message)).flatten(),
    }});
    Bytes::from(body.to_string())
}

/// The first path in a message, such as `messages[0].content` of `$.messages[0].content: found a number, …`.
fn place(message: &str) -> Option<&str> {
    let at = if message.starts_with("$.") { 0 } else { message.find("`$.")? + 1 };
    let path = message.get(at + 2..)?;
    path.split([':', '`']).next().filter(|path| !path.is_empty())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_that_a_message_names_is_its_param() {
        for (message, wanted) in [
            ("$.messages[0].content: found a number, wanted a string", Some("messages[0].content")),
            ("`sim/claude`: `$.seed`, `$.n` cannot be expressed in the dialect anthropic", Some("seed")),
            ("`sim/cohere`: `$.messages[0]: a file` cannot be expressed in the dialect cohere", Some("messages[0]")),
            ("$: found nothing, wanted a JSON object", None),
            ("no model `nope`", None),
        ] {
            assert_eq!(place(message), wanted, "{message}");
        }
    }
}

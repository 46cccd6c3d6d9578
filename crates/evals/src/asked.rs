//! Scorers that somebody outside is asked for, other than judges: an embeddings deployment, a webhook. Pure, like
//! judges: here is what is sent and how the reply is read; callers do the sending.

pub mod embedding;
pub mod webhook;

use serde_json::Value;

use crate::exchange::Outcome;

/// A verdict in JSON, as programs give it: a number in `0..=1`, true or false, or an object with `score` or `pass` and
/// perhaps a `reason`. `None` for anything else.
pub(crate) fn spoken(value: &Value) -> Option<Outcome> {
    match value {
        Value::Bool(pass) => Some(Outcome::pass(*pass)),
        Value::Number(number) => number.as_f64().filter(|number| (0.0..=1.0).contains(number)).map(Outcome::grade),
        Value::Object(fields) => {
            let said = match (fields.get("score"), fields.get("pass")) {
                (Some(score @ Value::Number(_)), _) => spoken(score),
                (None, Some(pass @ Value::Bool(_))) => spoken(pass),
                _ => None,
            }?;
            Some(match fields.get("reason").and_then(Value::as_str) {
                Some(reason) => said.because(crate::checks::shortened(reason)),
                None => said,
            })
        }
        _ => None,
    }
}

//! `webhook`: a program of one's own, asked over HTTP. It is sent the exchange as JSON and answers with a verdict:
//! `{"score": 0.7, "reason": "…"}`, `{"pass": true}`, or `{"label": "good"}` where `choices` gives labels their grades.
//!
//! With a `secret` the body is signed: `x-weir-signature: t=<unix seconds>,v1=<hex>`, the HMAC-SHA256 of
//! `<unix seconds>.<body>`. A status other than 2xx is a failure of the instrument and is asked again.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use weir_core::score::Unscored;

use crate::{
    asked::spoken,
    checks::{is_default, shortened},
    exchange::{Exchange, Outcome},
    spec::SpecError,
};

const MOST_TIMEOUT_MS: u64 = 60_000;

/// `webhook`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookSpec {
    /// Where to post.
    pub url: String,
    /// A reference to the key that signs: `env:NAME` or `file:PATH`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub secret: Option<String>,
    /// How long one reply may take.
    #[serde(default = "timeout_ms")]
    pub timeout_ms: u64,
    /// The URL may be at a loopback or private address.
    #[serde(default, skip_serializing_if = "is_default")]
    pub allow_private: bool,
    /// Grades of labels, `0..=1`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub choices: IndexMap<String, f64>,
}

const fn timeout_ms() -> u64 {
    10_000
}

impl WebhookSpec {
    pub(crate) fn resolved(&self) -> Result<Self, SpecError> {
        let url = url::Url::parse(&self.url)
            .map_err(|error| SpecError::field("url", format!("`{}` is not a URL: {error}", self.url)))?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(SpecError::field("url", format!("`{}`: wanted an http or https URL", self.url)));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(SpecError::field("url", "holds a user name or password; sign with `secret` instead"));
        }
        if !(1..=MOST_TIMEOUT_MS).contains(&self.timeout_ms) {
            let message = format!("found {}, wanted 1 to {MOST_TIMEOUT_MS}", self.timeout_ms);
            return Err(SpecError::field("timeout_ms", message));
        }
        if let Some((label, grade)) = self.choices.iter().find(|(_, grade)| !(0.0..=1.0).contains(*grade)) {
            return Err(SpecError::field("choices", format!("`{label}` is {grade}, wanted 0 to 1")));
        }
        Ok(self.clone())
    }

    /// What is posted.
    #[must_use]
    pub fn request(&self, scorer: &str, version: &str, span: &str, exchange: &Exchange<'_>) -> Value {
        let reference = exchange.reference;
        json!({
            "scorer": scorer,
            "version": version,
            "span_id": span,
            "messages": exchange.messages,
            "answer": {"text": exchange.answer.text, "tool_calls": exchange.answer.tool_calls},
            "expected": exchange.expected(),
            "context": reference.map(|reference| reference.context.as_slice()).unwrap_or_default(),
            "criteria": reference.and_then(|reference| reference.criteria.as_deref()),
            "measured": exchange.measured,
        })
    }

    /// Reads the body of a 2xx.
    #[must_use]
    pub fn read(&self, body: &[u8]) -> Outcome {
        let failed = |why: String| Outcome::unscored(Unscored::GraderFailed, why);
        let Ok(said) = serde_json::from_slice::<Value>(body) else {
            return failed("the reply is not JSON".to_owned());
        };
        if let Some(label) = said.get("label").and_then(Value::as_str).filter(|_| said.get("score").is_none()) {
            let reason = said.get("reason").and_then(Value::as_str).unwrap_or_default();
            return match self.choices.get(label) {
                Some(grade) => Outcome::grade(*grade).because(shortened(&format!("{label} {reason}"))),
                None => failed(format!("`{}` is not one of `choices`", shortened(label))),
            };
        }
        let no_verdict = || failed("the reply has no `score` in 0 to 1, no `pass` and no `label`".to_owned());
        spoken(&said).filter(|_| said.is_object()).unwrap_or_else(no_verdict)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(rest: Value) -> WebhookSpec {
        let mut value = json!({"url": "https://hooks.example/score"});
        value.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn a_verdict_is_a_score_a_pass_or_a_known_label() {
        let hook = spec(json!({"choices": {"good": 0.75}}));
        for (body, want) in [
            (r#"{"score":0.5,"reason":"half"}"#, Some(0.5)),
            (r#"{"score":1}"#, Some(1.0)),
            (r#"{"pass":false}"#, Some(0.0)),
            (r#"{"label":"good"}"#, Some(0.75)),
            (r#"{"label":"bad"}"#, None),
            (r#"{"score":1.5}"#, None),
            (r#"{"score":null}"#, None),
            (r#"{"score":"1"}"#, None),
            ("0.5", None),
            ("fine", None),
            ("", None),
            (r#"{"score":0.5} {"score":1}"#, None),
        ] {
            let outcome = hook.read(body.as_bytes());
            assert_eq!(outcome.value(), want, "{body}");
            assert!(want.is_some() || outcome.reason() == Some(Unscored::GraderFailed), "{body}");
        }
    }

    #[test]
    fn what_cannot_be_called_is_refused_at_load() {
        for bad in [
            json!({"url": "ftp://x"}),
            json!({"url": "hook"}),
            json!({"url": "https://me:secret@hook.example"}),
            json!({"timeout_ms": 0}),
            json!({"choices": {"good": 2.0}}),
        ] {
            assert!(spec(bad.clone()).resolved().is_err(), "{bad}");
        }
    }
}

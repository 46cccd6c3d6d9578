//! `exact_match`: the answer is the reference.
//!
//! `deep` (default) compares structure: key order never matters, numbers compare by value, a text is compared as text
//! with outer white space trimmed. `autoevals` compares the JSON dumps as autoevals' `ExactMatch` does: there key order
//! matters and `1.0` is not `1`. `squad` compares the significant words, best of all targets.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Check, is_default, python, words};
use crate::{
    exchange::{Exchange, Outcome, as_text},
    spec::SpecError,
};

/// `exact_match`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExactMatchSpec {
    /// What counts as equal.
    #[serde(default, skip_serializing_if = "is_default")]
    pub mode: ExactMode,
}

/// What counts as equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExactMode {
    /// Same structure, numbers by value.
    #[default]
    Deep,
    /// Same JSON dump, key order included.
    Autoevals,
    /// Same significant words.
    Squad,
}

impl ExactMatchSpec {
    pub(crate) fn compile(&self) -> Result<Box<dyn Check>, SpecError> {
        Ok(Box::new(self.mode))
    }
}

impl Check for ExactMode {
    fn check(&self, exchange: &Exchange<'_>) -> Outcome {
        let Some(expected) = exchange.expected() else {
            return Outcome::no_reference();
        };
        let answer = exchange.answer.text.as_str();
        let same = match self {
            Self::Deep => deep(answer, expected),
            Self::Autoevals => autoevals(answer, expected),
            Self::Squad => squad(answer, &exchange.targets().unwrap_or_default()),
        };
        if same {
            Outcome::pass(true)
        } else {
            Outcome::pass(false).because(format!("expected {}", shorten(&as_text(expected))))
        }
    }
}

/// A few words of a value, for an explanation.
pub(crate) fn shorten(text: &str) -> String {
    const MOST_CHARS: usize = 120;
    if text.chars().count() <= MOST_CHARS {
        return text.to_owned();
    }
    text.chars().take(MOST_CHARS).chain(std::iter::once('…')).collect()
}

fn deep(answer: &str, expected: &Value) -> bool {
    match expected {
        Value::String(text) => answer.trim() == text.trim(),
        other => serde_json::from_str::<Value>(answer).is_ok_and(|answer| same_value(&answer, other)),
    }
}

/// Structural equality; `1` and `1.0` are the same number, `"1"` is none.
pub(crate) fn same_value(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_value(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same_value(a, b)))
        }
        (a, b) => a == b,
    }
}

/// An answer is always text here. When the reference is an object or a list, both are dumped; else texts compare.
fn autoevals(answer: &str, expected: &Value) -> bool {
    match expected {
        Value::Object(_) | Value::Array(_) => {
            let wanted = expected.to_string();
            let dumped = serde_json::from_str::<Value>(answer).map(|answer| answer.to_string());
            dumped.is_ok_and(|dumped| dumped == wanted)
        }
        other => answer == python::text(other) || beyond_64_bits(answer, other),
    }
}

/// The reference was a whole number of more than 64 bits, which JSON's reader has turned into a float, and the answer is
/// its digits.
fn beyond_64_bits(answer: &str, expected: &Value) -> bool {
    let digits = answer.strip_prefix('-').unwrap_or(answer);
    let whole = digits.len() > 18 && digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
    whole && expected.is_f64() && answer.parse().ok() == expected.as_f64()
}

fn squad(answer: &str, targets: &[String]) -> bool {
    let answer = words::significant(answer);
    targets.iter().any(|target| {
        let target = words::significant(target);
        // A target without significant words never matches: it would match every empty answer.
        !target.is_empty() && target == answer
    })
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::{grade, run};
    use serde_json::json;
    use weir_core::score::Unscored;

    #[test]
    fn deep_ignores_key_order_and_number_spelling_but_not_types() {
        let deep = "kind = 'exact_match'";
        assert_eq!(grade(deep, r#"{"age":30.0,"name":"Jo"}"#, json!({"name": "Jo", "age": 30})), 1.0);
        assert_eq!(grade(deep, r#"{"a":"1.0"}"#, json!({"a": 1})), 0.0);
        assert_eq!(grade(deep, r#""1.0""#, json!(1)), 0.0);
        assert_eq!(grade(deep, "[1,2]", json!([2, 1])), 0.0);
        assert_eq!(grade(deep, " billing\n", json!("billing")), 1.0);
        assert_eq!(grade(deep, "Billing", json!("billing")), 0.0);
        assert_eq!(grade(deep, "not json", json!({"a": 1})), 0.0);
    }

    #[test]
    fn autoevals_mode_compares_dumps() {
        let spec = "kind = 'exact_match'\nmode = 'autoevals'";
        let expected = serde_json::from_str::<serde_json::Value>(r#"{"age":30,"name":"Jo"}"#).unwrap();
        assert_eq!(grade(spec, r#"{"name": "Jo", "age": 30}"#, expected.clone()), 0.0);
        assert_eq!(grade(spec, r#"{"age": 30, "name": "Jo"}"#, expected), 1.0);
        assert_eq!(grade(spec, "1", json!("1")), 1.0);
        assert_eq!(grade(spec, "1", json!(1)), 1.0);
        assert_eq!(grade(spec, "1", json!(1.0)), 0.0);
        assert_eq!(grade(spec, "true", json!(true)), 0.0);
        assert_eq!(grade(spec, "100000000000000000000", json!(1e20)), 1.0);
    }

    #[test]
    fn squad_mode_compares_significant_words_with_any_target() {
        let spec = "kind = 'exact_match'\nmode = 'squad'";
        assert_eq!(grade(spec, "The Answer!", json!("answer")), 1.0);
        assert_eq!(grade(spec, "two", json!(["one", "two"])), 1.0);
        assert_eq!(grade(spec, "the", json!("a")), 0.0);
    }

    #[test]
    fn nothing_to_compare_is_unscored() {
        assert_eq!(run("kind = 'exact_match'", "x", json!(null)).reason(), Some(Unscored::NoReference));
        assert_eq!(grade("kind = 'exact_match'", " ", json!("x")), 0.0);
        assert_eq!(grade("kind = 'exact_match'", "", json!("")), 1.0);
    }
}

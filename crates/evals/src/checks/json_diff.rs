//! `json_diff`: recursive likeness of two JSON values, as autoevals' `JSONDiff` (Python).
//!
//! Objects: mean over the union of keys, a missing key counting as null. Lists: sum over aligned elements / longer
//! length. Texts: Levenshtein. Numbers: `numeric_diff`. Null with null 1, with anything else 0. Mixed types:
//! Levenshtein of Python's compact, key-sorted dumps. Texts that are JSON objects or lists are parsed first unless
//! `preserve_strings`. Booleans count as the numbers 0 and 1, as in Python; a boolean against a number does too.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    Check, is_default, json,
    levenshtein::{Work, similarity},
    number, python,
    text::too_long,
};
use crate::{
    exchange::{Exchange, Outcome},
    spec::SpecError,
};

/// `json_diff`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JsonDiffSpec {
    /// Texts inside the values are never parsed as JSON.
    #[serde(default, skip_serializing_if = "is_default")]
    pub preserve_strings: bool,
    /// Take the JSON out of a code fence or surrounding prose first.
    #[serde(default, skip_serializing_if = "is_default")]
    pub extract: bool,
}

impl JsonDiffSpec {
    pub(crate) fn compile(&self) -> Result<Box<dyn Check>, SpecError> {
        Ok(Box::new(self.clone()))
    }
}

impl Check for JsonDiffSpec {
    fn check(&self, exchange: &Exchange<'_>) -> Outcome {
        let Some(expected) = exchange.expected() else {
            return Outcome::no_reference();
        };
        // An answer that is not JSON is a text, which is compared with the dump of what was expected.
        let text = exchange.answer.text.as_str();
        let answer = match json::read(text, self.extract) {
            Ok(value @ (Value::Object(_) | Value::Array(_))) => value,
            Ok(scalar) if !expected.is_string() => scalar,
            _ => Value::from(text),
        };
        let mut diff = Diff { preserve_strings: self.preserve_strings, work: Work::default() };
        diff.likeness(&answer, expected).map_or_else(too_long, Outcome::grade)
    }
}

struct Diff {
    preserve_strings: bool,
    work: Work,
}

impl Diff {
    /// `None` when the texts are too long to compare.
    fn likeness(&mut self, a: &Value, b: &Value) -> Option<f64> {
        let (parsed_a, parsed_b) = (self.unwrap_text(a), self.unwrap_text(b));
        let (a, b) = (parsed_a.as_ref().unwrap_or(a), parsed_b.as_ref().unwrap_or(b));
        match (a, b) {
            (Value::Object(a), Value::Object(b)) => {
                let keys = a.keys().chain(b.keys().filter(|key| !a.contains_key(*key)));
                let (mut sum, mut count) = (0.0, 0_u64);
                for key in keys {
                    sum += self.likeness(a.get(key).unwrap_or(&Value::Null), b.get(key).unwrap_or(&Value::Null))?;
                    count += 1;
                }
                Some(if count == 0 { 1.0 } else { sum / count as f64 })
            }
            (Value::Array(a), Value::Array(b)) => {
                let longer = a.len().max(b.len());
                let mut sum = 0.0;
                for (a, b) in a.iter().zip(b) {
                    sum += self.likeness(a, b)?;
                }
                Some(if longer == 0 { 1.0 } else { sum / longer as f64 })
            }
            (Value::String(a), Value::String(b)) => similarity(a, b, &mut self.work),
            (Value::Null, Value::Null) => Some(1.0),
            (Value::Null, _) | (_, Value::Null) => Some(0.0),
            (a, b) => match (as_number(a), as_number(b)) {
                (Some(a), Some(b)) => Some(number::likeness(a, b)),
                _ => similarity(&python::dumps(a), &python::dumps(b), &mut self.work),
            },
        }
    }

    fn unwrap_text(&self, value: &Value) -> Option<Value> {
        let Value::String(text) = value else {
            return None;
        };
        if self.preserve_strings {
            return None;
        }
        serde_json::from_str(text).ok().filter(|value| matches!(value, Value::Object(_) | Value::Array(_)))
    }
}

fn as_number(value: &Value) -> Option<f64> {
    match value {
        Value::Bool(flag) => Some(f64::from(u8::from(*flag))),
        Value::Number(number) => number.as_f64().filter(|number| number.is_finite()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::{close, grade, run};
    use serde_json::{Value, json};
    use weir_core::score::Unscored;

    fn diff(a: Value, b: Value) -> f64 {
        grade("kind='json_diff'", &a.to_string(), b)
    }

    #[test]
    fn likeness_equals_autoevals() {
        for (a, b, want) in [
            (
                json!({"name": "John Smith", "age": 30, "skills": ["python", "javascript"]}),
                json!({"name": "John A. Smith", "age": 31, "skills": ["python", "typescript"]}),
                0.850_945_775_5,
            ),
            (json!([1]), json!([1, 2, 3]), 1.0 / 3.0),
            (json!([1, 2, 3]), json!([3, 2, 1]), 2.0 / 3.0),
            (json!({"a": 1}), json!({"a": "1"}), 1.0 / 3.0),
            (json!({"a": 1}), json!([1]), 0.142_857_142_857),
            (json!({"a": null}), json!({}), 1.0),
            (json!({"a": 1}), json!({"b": 1}), 0.0),
            (json!({}), json!({}), 1.0),
            (json!([]), json!([]), 1.0),
            (json!([true]), json!([false]), 0.0),
            (json!([true]), json!([1]), 1.0),
            (json!({"a": "{\"b\":1}"}), json!({"a": {"b": 1}}), 1.0),
        ] {
            let got = diff(a.clone(), b.clone());
            assert!((got - want).abs() < 1e-9, "{a} vs {b}: {got}");
        }
    }

    #[test]
    fn strings_can_be_kept_as_they_are() {
        let spec = "kind='json_diff'\npreserve_strings=true";
        assert!(grade(spec, r#"{"a":"[1]"}"#, json!({"a": [1]})) < 1.0);
    }

    #[test]
    fn prose_is_compared_as_text_and_a_fence_only_opens_when_asked() {
        let fenced = "```json\n{\"a\":1}\n```";
        assert!(grade("kind='json_diff'", fenced, json!({"a": 1})) < 1.0);
        assert!(close(grade("kind='json_diff'\nextract=true", fenced, json!({"a": 1})), 1.0));
        assert_eq!(run("kind='json_diff'", "{}", json!(null)).reason(), Some(Unscored::NoReference));
    }
}

//! `one_line` and `word_count`: limits on the form of an answer.

use serde::{Deserialize, Serialize};

use super::{Check, is_default};
use crate::{
    exchange::{Exchange, Outcome},
    spec::SpecError,
};

/// `one_line`: no line break inside the answer; one at its end is fine.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OneLineSpec {}

/// `word_count`: between `min` and `max` words, both included, words being what white space separates.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WordCountSpec {
    /// Fewest words.
    #[serde(default, skip_serializing_if = "is_default")]
    pub min: Option<u64>,
    /// Most words.
    #[serde(default, skip_serializing_if = "is_default")]
    pub max: Option<u64>,
}

impl OneLineSpec {
    pub(crate) fn compile(&self) -> Box<dyn Check> {
        Box::new(self.clone())
    }
}

impl Check for OneLineSpec {
    fn check(&self, exchange: &Exchange<'_>) -> Outcome {
        Outcome::pass(!exchange.answer.text.trim().contains(['\n', '\r']))
    }
}

impl WordCountSpec {
    pub(crate) fn compile(&self) -> Result<Box<dyn Check>, SpecError> {
        match (self.min, self.max) {
            (None, None) => Err(SpecError::field("max", "give `min`, `max` or both")),
            (Some(min), Some(max)) if min > max => {
                Err(SpecError::field("min", format!("{min} is over `max`, which is {max}")))
            }
            _ => Ok(Box::new(self.clone())),
        }
    }
}

impl Check for WordCountSpec {
    fn check(&self, exchange: &Exchange<'_>) -> Outcome {
        let words = exchange.answer.text.split_whitespace().count() as u64;
        let enough = self.min.is_none_or(|min| words >= min);
        let not_too_many = self.max.is_none_or(|max| words <= max);
        Outcome::pass(enough && not_too_many).because(format!("{words} words"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::testing::grade;
    use serde_json::json;

    #[test]
    fn limits_include_their_bounds() {
        assert_eq!(grade("kind='one_line'", "yes\n", json!(null)), 1.0);
        assert_eq!(grade("kind='one_line'", "yes\nno", json!(null)), 0.0);
        let spec = "kind='word_count'\nmin=2\nmax=3";
        for (answer, pass) in [("one", 0.0), ("one two", 1.0), ("a b  c", 1.0), ("a b c d", 0.0)] {
            assert_eq!(grade(spec, answer, json!(null)), pass, "{answer}");
        }
    }

    #[test]
    fn limits_that_nothing_can_meet_are_refused() {
        assert!(WordCountSpec { min: Some(3), max: Some(2) }.compile().is_err());
        assert!(WordCountSpec::default().compile().is_err());
    }
}

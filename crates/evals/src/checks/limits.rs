//! `one_line`, `word_count` and `sentence_count`: limits on the form of an answer.

use serde::{Deserialize, Serialize};
use unicode_segmentation::UnicodeSegmentation;

use super::{Check, Reads, is_default};
use crate::{
    exchange::{Exchange, Outcome},
    spec::SpecError,
};

/// `one_line`: no line break inside the answer; one at its end is fine.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OneLineSpec {}

/// `sentence_count`: between `min` and `max` sentences, both included, as Unicode (UAX #29) bounds them.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SentenceCountSpec {
    /// Fewest sentences.
    #[serde(default, skip_serializing_if = "is_default")]
    pub min: Option<u64>,
    /// Most sentences.
    #[serde(default, skip_serializing_if = "is_default")]
    pub max: Option<u64>,
}

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
    pub(crate) fn compile(&self) -> Result<Box<dyn Check>, SpecError> {
        Ok(Box::new(self.clone()))
    }
}

impl Check for OneLineSpec {
    fn reads(&self) -> Reads {
        Reads::Response
    }

    fn check(&self, exchange: &Exchange<'_>) -> Outcome {
        Outcome::pass(!exchange.answer.text.trim().contains(['\n', '\r']))
    }
}

impl WordCountSpec {
    pub(crate) fn compile(&self) -> Result<Box<dyn Check>, SpecError> {
        bounds(self.min, self.max)?;
        Ok(Box::new(self.clone()))
    }
}

impl Check for WordCountSpec {
    fn check(&self, exchange: &Exchange<'_>) -> Outcome {
        between(exchange.answer.text.split_whitespace().count() as u64, self.min, self.max, "words")
    }
}

impl SentenceCountSpec {
    pub(crate) fn compile(&self) -> Result<Box<dyn Check>, SpecError> {
        bounds(self.min, self.max)?;
        Ok(Box::new(self.clone()))
    }
}

impl Check for SentenceCountSpec {
    fn check(&self, exchange: &Exchange<'_>) -> Outcome {
        let sentences = exchange.answer.text.unicode_sentences().count() as u64;
        between(sentences, self.min, self.max, "sentences")
    }
}

/// Refuses bounds that say nothing or that nothing can meet.
pub(crate) fn bounds(min: Option<u64>, max: Option<u64>) -> Result<(), SpecError> {
    match (min, max) {
        (None, None) => Err(SpecError::field("max", "give `min`, `max` or both")),
        (Some(min), Some(max)) if min > max => {
            Err(SpecError::field("min", format!("{min} is over `max`, which is {max}")))
        }
        _ => Ok(()),
    }
}

/// Passes between two bounds, both included.
pub(crate) fn between(count: u64, min: Option<u64>, max: Option<u64>, unit: &str) -> Outcome {
    let pass = min.is_none_or(|min| count >= min) && max.is_none_or(|max| count <= max);
    Outcome { raw: Some(count as f64), ..Outcome::pass(pass) }.because(format!("{count} {unit}"))
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

//! `chrf`: F-measure (β = 2) of character n-grams of orders 1 to 6, best of all targets, as sacrebleu's
//! `CHRF().sentence_score / 100` (Popović 2015). With `word_order = 2` it is chrF++. Precision and recall are averaged
//! over the orders that both sides have; white space is not counted.

use serde::{Deserialize, Serialize};

use super::{Check, is_default, ngrams, python, text::against_targets, words};
use crate::{
    exchange::{Exchange, Outcome},
    spec::SpecError,
};

/// Highest order of words: sacrebleu takes any, and each is one more pass over the texts.
const MOST_WORD_ORDER: usize = 16;
const CHAR_ORDER: usize = 6;
const BETA_SQUARED: f64 = 4.0;

/// `chrf`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChrfSpec {
    /// Orders of word n-grams beside those of characters, `0..=16`; 2 is chrF++.
    #[serde(default, skip_serializing_if = "is_default")]
    pub word_order: usize,
    /// Compare without case.
    #[serde(default, skip_serializing_if = "is_default")]
    pub lowercase: bool,
}

impl ChrfSpec {
    pub(crate) fn compile(&self) -> Result<Box<dyn Check>, SpecError> {
        if self.word_order > MOST_WORD_ORDER {
            let wanted = format!("found {}, wanted 0 to {MOST_WORD_ORDER}", self.word_order);
            return Err(SpecError::field("word_order", wanted));
        }
        Ok(Box::new(self.clone()))
    }

    fn score(&self, answer: &str, target: &str) -> f64 {
        let fold = |text: &str| if self.lowercase { text.to_lowercase() } else { text.to_owned() };
        let (answer, target) = (fold(answer), fold(target));
        let chars = |text: &str| -> Vec<char> { text.chars().filter(|c| !python::is_space(*c)).collect() };
        let (answer_chars, target_chars) = (chars(&answer), chars(&target));
        let (answer_words, target_words) = (apart(&answer), apart(&target));
        let by_chars = (1..=CHAR_ORDER).map(|n| overlap(&answer_chars, &target_chars, n));
        let by_words = (1..=self.word_order).map(|n| overlap(&answer_words, &target_words, n));
        let (mut precision, mut recall, mut orders) = (0.0, 0.0, 0.0);
        for (p, r) in by_chars.chain(by_words).flatten() {
            (precision, recall, orders) = (precision + p, recall + r, orders + 1.0);
        }
        if precision + recall == 0.0 {
            return 0.0;
        }
        (precision, recall) = (precision / orders, recall / orders);
        (1.0 + BETA_SQUARED) * precision * recall / (BETA_SQUARED * precision + recall)
    }
}

impl Check for ChrfSpec {
    fn check(&self, exchange: &Exchange<'_>) -> Outcome {
        against_targets(exchange, |answer, targets| {
            Some(targets.iter().map(|target| self.score(answer, target)).fold(0.0, f64::max))
        })
    }
}

/// Precision and recall of one order; `None` where a side has no n-gram of it.
fn overlap<T: Eq + std::hash::Hash>(answer: &[T], target: &[T], n: usize) -> Option<(f64, f64)> {
    let (of_answer, of_target) = (ngrams::total(answer.len(), n), ngrams::total(target.len(), n));
    if of_answer == 0 || of_target == 0 {
        return None;
    }
    let hits = ngrams::shared(&ngrams::counts(answer, n), &ngrams::counts(target, n)) as f64;
    Some((hits / of_answer as f64, hits / of_target as f64))
}

/// Words with one mark of punctuation split off at the end or, where there is none, at the beginning.
fn apart(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    for word in python::split(text) {
        let (first, last) = (word.chars().next(), word.chars().next_back());
        match (first, last) {
            (Some(_), Some(last)) if word.len() > last.len_utf8() && words::is_punctuation(last) => {
                let (head, tail) = word.split_at(word.len() - last.len_utf8());
                words.extend([head, tail]);
            }
            (Some(first), _) if word.len() > first.len_utf8() && words::is_punctuation(first) => {
                let (head, tail) = word.split_at(first.len_utf8());
                words.extend([head, tail]);
            }
            _ => words.push(word),
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::testing::{close, grade};
    use serde_json::json;

    #[test]
    fn words_lose_one_mark_of_punctuation() {
        assert_eq!(apart("(hi) it. \"x ! é,"), ["(hi", ")", "it", ".", "\"", "x", "!", "é", ","]);
    }

    #[test]
    fn identity_is_one_and_nothing_is_zero() {
        for spec in ["kind='chrf'", "kind='chrf'\nword_order=2"] {
            assert!(close(grade(spec, "日本 語", json!("日本 語")), 1.0));
            assert_eq!(grade(spec, "", json!("a")), 0.0);
            assert_eq!(grade(spec, "b", json!("a")), 0.0);
        }
        assert!(ChrfSpec { word_order: 17, lowercase: false }.compile().is_err());
    }
}

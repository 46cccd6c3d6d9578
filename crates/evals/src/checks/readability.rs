//! `readability`: how hard a text is to read, by one of the known formulas, between two bounds. The number itself stands
//! in the outcome; the grade is 1 or 0.
//!
//! `automated_readability` = 4.71·characters/words + 0.5·words/sentences − 21.43, `coleman_liau` = 5.8·letters/words −
//! 29.6·sentences/words − 15.8 and `lix` = words/sentences + 100·long words/words count as textstat does. `flesch_ease` =
//! 206.835 − 1.015·words/sentences − 84.6·syllables/words and `flesch_kincaid` = 0.39·words/sentences +
//! 11.8·syllables/words − 15.59 need syllables: groups of vowels here, a dictionary of pronunciations there. Both are for
//! English.

use std::sync::LazyLock;

use regex::Regex;
use serde::{Deserialize, Serialize};
use weir_core::score::Unscored;

use super::{Check, Reads, is_default, ngrams::MOST_CHARS, python, text::too_long};
use crate::{
    exchange::{Exchange, Outcome},
    spec::SpecError,
};

/// Letters beyond which a word is long.
const LONG: usize = 6;

/// `readability`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReadabilitySpec {
    /// Which formula.
    pub formula: Formula,
    /// Least number that passes.
    #[serde(default, skip_serializing_if = "is_default")]
    pub min: Option<f64>,
    /// Greatest number that passes.
    #[serde(default, skip_serializing_if = "is_default")]
    pub max: Option<f64>,
}

/// A formula of readability.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Formula {
    /// Grade of school, from characters.
    AutomatedReadability,
    /// Grade of school, from letters.
    ColemanLiau,
    /// 20 (easy) to 60 (hard), from long words.
    Lix,
    /// 0 (hard) to 100 (easy), from syllables.
    FleschEase,
    /// Grade of school, from syllables.
    FleschKincaid,
}

impl ReadabilitySpec {
    pub(crate) fn compile(&self) -> Result<Box<dyn Check>, SpecError> {
        match (self.min, self.max) {
            (None, None) => return Err(SpecError::field("max", "give `min`, `max` or both")),
            (Some(min), Some(max)) if min > max => {
                return Err(SpecError::field("min", format!("{min} is over `max`, which is {max}")));
            }
            _ => {}
        }
        if self.min.into_iter().chain(self.max).any(|bound| !bound.is_finite()) {
            return Err(SpecError::field("max", "wanted finite numbers"));
        }
        Ok(Box::new(self.clone()))
    }
}

impl Check for ReadabilitySpec {
    fn reads(&self) -> Reads {
        Reads::Response
    }

    fn check(&self, exchange: &Exchange<'_>) -> Outcome {
        let text = exchange.answer.text.as_str();
        if text.len() > MOST_CHARS {
            return too_long();
        }
        let Some(value) = self.formula.of(text) else {
            return Outcome::unscored(Unscored::NoTokens, "the answer has no words");
        };
        let pass = self.min.is_none_or(|min| value >= min) && self.max.is_none_or(|max| value <= max);
        Outcome { raw: Some(value), ..Outcome::pass(pass) }.because(format!("{value:.2}"))
    }
}

impl Formula {
    /// The number of a text; `None` where it has no words.
    fn of(self, text: &str) -> Option<f64> {
        let plain = without_marks(text);
        let words: Vec<&str> = python::split(&plain).collect();
        if words.is_empty() {
            return None;
        }
        let (count, sentences) = (words.len() as f64, sentences(text) as f64);
        let length = count / sentences;
        Some(match self {
            Self::AutomatedReadability => {
                let written = text.chars().filter(|c| !python::is_space(*c)).count() as f64;
                4.71 * (written / python::split(text).count() as f64) + 0.5 * length - 21.43
            }
            Self::ColemanLiau => {
                let letters = kept(text, |_, _| false).chars().count() as f64;
                0.058 * (letters / count * 100.0) - 0.296 * (sentences / count * 100.0) - 15.8
            }
            Self::Lix => {
                // Apostrophes do not count as letters of a long word.
                let bare = kept(text, |_, c| python::is_space(c));
                let long = python::split(&bare).filter(|word| word.chars().count() > LONG).count() as f64;
                length + 100.0 * long / count
            }
            Self::FleschEase => 206.835 - 1.015 * length - 84.6 * per_word(&words),
            Self::FleschKincaid => 0.39 * length + 11.8 * per_word(&words) - 15.59,
        })
    }
}

/// The characters of words (Python's `\w`) and of the white space and apostrophes between them that `also` takes, given
/// the text that begins there.
fn kept(text: &str, also: impl Fn(&str, char) -> bool) -> String {
    // A constant, which the tests of this file compile.
    static WORDS: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"[\p{L}\p{N}_]+").ok());
    let mut out = String::with_capacity(text.len());
    let between = |from: usize, to: usize, out: &mut String| {
        for (at, c) in text.get(from..to).unwrap_or_default().char_indices() {
            if also(text.get(from + at..).unwrap_or_default(), c) {
                out.push(c);
            }
        }
    };
    let mut end = 0;
    for word in WORDS.iter().flat_map(|words| words.find_iter(text)) {
        between(end, word.start(), &mut out);
        out.push_str(word.as_str());
        end = word.end();
    }
    between(end, text.len(), &mut out);
    out
}

/// Without punctuation but for the apostrophes of contractions.
fn without_marks(text: &str) -> String {
    let contraction = |rest: &str| {
        let after = rest.get(1..).unwrap_or_default();
        after.starts_with(['t', 's', 'd']) || ["ve", "ll", "re"].iter().any(|ending| after.starts_with(ending))
    };
    kept(text, |rest, c| python::is_space(c) || c == '\'' && contraction(rest))
}

/// Sentences by their final marks; one of two words or fewer does not count, and there is one at least.
fn sentences(text: &str) -> usize {
    // A constant, which the tests of this file compile. Each begins at a word.
    static SENTENCE: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"[\p{L}\p{N}_][^.!?]*[.!?]*").ok());
    let found = SENTENCE.iter().flat_map(|sentence| sentence.find_iter(text));
    let long = found.filter(|found| python::split(&without_marks(found.as_str())).count() > 2).count();
    long.max(1)
}

/// Syllables a word: groups of vowels, less a final silent `e`, one at least.
fn per_word(words: &[&str]) -> f64 {
    let of = |word: &&str| {
        let word = word.to_lowercase();
        let vowel = |c: char| "aeiouyàáâäåæèéêëìíîïòóôöøùúûüý".contains(c);
        let chars: Vec<char> = word.chars().collect();
        let starts = chars.iter().enumerate().filter(|(at, c)| {
            let before = at.checked_sub(1).and_then(|at| chars.get(at));
            vowel(**c) && !before.is_some_and(|before| vowel(*before))
        });
        let silent = word.ends_with('e') && !word.ends_with("le") && chars.len() > 2;
        starts.count().saturating_sub(usize::from(silent)).max(1)
    };
    words.iter().map(of).sum::<usize>() as f64 / words.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::testing::{grade, run};
    use serde_json::json;

    #[test]
    fn formulas_tell_plain_from_hard() {
        let plain = "The cat sat on the mat. The dog ran to the door. It was a fine day.";
        let hard = "Notwithstanding considerable methodological heterogeneity, epidemiological investigations demonstrate statistically significant associations.";
        for (formula, limit) in [("automated_readability", 5), ("coleman_liau", 5), ("lix", 30), ("flesch_kincaid", 5)]
        {
            let spec = format!("kind='readability'\nformula='{formula}'\nmax={limit}");
            assert_eq!((grade(&spec, plain, json!(null)), grade(&spec, hard, json!(null))), (1.0, 0.0), "{formula}");
        }
        assert_eq!(grade("kind='readability'\nformula='flesch_ease'\nmin=80", plain, json!(null)), 1.0);
        let none = run("kind='readability'\nformula='lix'\nmax=30", "?!", json!(null));
        assert_eq!(none.reason(), Some(Unscored::NoTokens));
        assert!(ReadabilitySpec { formula: Formula::Lix, min: None, max: None }.compile().is_err());
    }
}

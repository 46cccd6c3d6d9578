//! `rouge`: overlap of word n-grams (variants `1` to `9`), the longest common subsequence (`L`), or its union over lines
//! (`Lsum`): the F-measure of rouge_score's `RougeScorer(use_stemmer=True)`, best of all targets (Lin 2004).
//!
//! Its tokeniser knows `a-z0-9` only and sees nothing in a text of another script. Where a text has letters and none of
//! them are seen there is no grade; `tokenizer = "unicode"` takes every word instead.

use std::collections::{BTreeSet, HashMap};

use serde::{Deserialize, Serialize};
use weir_core::score::Unscored;

use super::{Check, is_default, ngrams, porter, text};
use crate::{
    exchange::{Exchange, Outcome},
    spec::SpecError,
};

/// Cells of all tables of subsequences together.
const MOST_CELLS: usize = 50_000_000;

/// `rouge`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RougeSpec {
    /// `1` to `9`, `L` or `Lsum`.
    #[serde(default = "default_variant")]
    pub variant: String,
    /// What a word is.
    #[serde(default, skip_serializing_if = "is_default")]
    pub tokenizer: RougeTokenizer,
    /// Words are compared as they are written.
    #[serde(default, skip_serializing_if = "is_default")]
    pub no_stemmer: bool,
}

fn default_variant() -> String {
    "L".to_owned()
}

/// What a word is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RougeTokenizer {
    /// Runs of `a-z` and `0-9` in lower case, as rouge_score.
    #[default]
    Rouge,
    /// Runs of letters and digits of any script, in lower case; scripts written without spaces by character.
    Unicode,
}

#[derive(Debug, Clone, Copy)]
enum Variant {
    Grams(usize),
    Subsequence,
    Lines,
}

struct Rouge {
    variant: Variant,
    tokenizer: RougeTokenizer,
    stem: bool,
}

impl RougeSpec {
    pub(crate) fn compile(&self) -> Result<Box<dyn Check>, SpecError> {
        let variant = match self.variant.as_str() {
            "L" | "l" => Variant::Subsequence,
            "Lsum" | "lsum" => Variant::Lines,
            number => match number.parse::<usize>() {
                Ok(n @ 1..=9) => Variant::Grams(n),
                _ => {
                    let message = format!("found `{number}`, wanted `1` to `9`, `L` or `Lsum`");
                    return Err(SpecError::field("variant", message));
                }
            },
        };
        Ok(Box::new(Rouge { variant, tokenizer: self.tokenizer, stem: !self.no_stemmer }))
    }
}

impl Check for Rouge {
    fn check(&self, exchange: &Exchange<'_>) -> Outcome {
        let Some(targets) = exchange.targets() else {
            return Outcome::no_reference();
        };
        let texts = std::iter::once(exchange.answer.text.as_str()).chain(targets.iter().map(String::as_str));
        for text in texts {
            if text.chars().any(char::is_alphanumeric) && self.tokens(text).is_empty() {
                let why = "the tokenizer sees no word in one of the texts; try `tokenizer = \"unicode\"`";
                return Outcome::unscored(Unscored::NoTokens, why);
            }
        }
        text::against_targets(exchange, |answer, targets| {
            let mut best = 0.0_f64;
            for target in targets {
                best = best.max(self.f_measure(target, answer)?);
            }
            Some(best)
        })
    }
}

impl Rouge {
    fn tokens(&self, text: &str) -> Vec<String> {
        let text = text.to_lowercase();
        let words: Vec<String> = match self.tokenizer {
            RougeTokenizer::Rouge => {
                text.split(|c: char| !(c.is_ascii_lowercase() || c.is_ascii_digit())).map(str::to_owned).collect()
            }
            RougeTokenizer::Unicode => unicode_words(&text),
        };
        let stem = |word: String| if self.stem && word.chars().count() > 3 { porter::stem(&word) } else { word };
        words.into_iter().filter(|word| !word.is_empty()).map(stem).collect()
    }

    fn f_measure(&self, target: &str, answer: &str) -> Option<f64> {
        Some(match self.variant {
            Variant::Grams(n) => {
                let (target, answer) = (self.tokens(target), self.tokens(answer));
                let hits = ngrams::shared(&ngrams::counts(&target, n), &ngrams::counts(&answer, n));
                f(hits, ngrams::total(answer.len(), n), ngrams::total(target.len(), n))
            }
            Variant::Subsequence => {
                let (target, answer) = (self.tokens(target), self.tokens(answer));
                let table = Table::new(&target, &answer, &mut MOST_CELLS.clone())?;
                f(table.longest(), answer.len(), target.len())
            }
            Variant::Lines => self.lines(target, answer)?,
        })
    }

    /// Each line of the target against every line of the answer; a word counts at most as often as either side has it.
    fn lines(&self, target: &str, answer: &str) -> Option<f64> {
        let lines = |text: &str| -> Vec<Vec<String>> {
            text.split('\n').filter(|line| !line.is_empty()).map(|line| self.tokens(line)).collect()
        };
        let (target, answer) = (lines(target), lines(answer));
        let count = |lines: &[Vec<String>]| {
            let mut counts: HashMap<String, usize> = HashMap::new();
            for word in lines.iter().flatten() {
                *counts.entry(word.clone()).or_default() += 1;
            }
            counts
        };
        let (mut left_target, mut left_answer) = (count(&target), count(&answer));
        let mut cells = MOST_CELLS;
        let mut hits = 0;
        for line in &target {
            let mut union = BTreeSet::new();
            for other in &answer {
                union.extend(Table::new(line, other, &mut cells)?.places(line, other));
            }
            for word in union.into_iter().filter_map(|at| line.get(at)) {
                if let (Some(a @ 1..), Some(b @ 1..)) = (left_target.get_mut(word), left_answer.get_mut(word)) {
                    (*a, *b) = (*a - 1, *b - 1);
                    hits += 1;
                }
            }
        }
        Some(f(hits, answer.iter().map(Vec::len).sum(), target.iter().map(Vec::len).sum()))
    }
}

/// 2PR / (P + R) of `hits` among the answer's and the target's counts.
fn f(hits: usize, answer: usize, target: usize) -> f64 {
    let share = |of: usize| hits as f64 / of.max(1) as f64;
    let (precision, recall) = (share(answer), share(target));
    if precision + recall > 0.0 { 2.0 * precision * recall / (precision + recall) } else { 0.0 }
}

fn unicode_words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for c in text.chars() {
        let alone = matches!(u32::from(c), 0x0e00..=0x0eff | 0x2e80..=0x9fff | 0xac00..=0xd7ff | 0xf900..=0xfaff | 0x20000..=0x3ffff);
        match words.last_mut() {
            Some(word) if c.is_alphanumeric() && !alone => word.push(c),
            _ => {
                words.push(if c.is_alphanumeric() { c.to_string() } else { String::new() });
                if alone {
                    words.push(String::new());
                }
            }
        }
    }
    words
}

/// Lengths of longest common subsequences of all prefixes, row by row of the first side.
struct Table {
    cells: Vec<u32>,
    width: usize,
}

impl Table {
    /// `None` when `budget` does not reach.
    fn new(a: &[String], b: &[String], budget: &mut usize) -> Option<Self> {
        let width = b.len() + 1;
        let size = (a.len() + 1).checked_mul(width)?;
        *budget = budget.checked_sub(size)?;
        let mut table = Self { cells: vec![0; size], width };
        for (i, x) in a.iter().enumerate() {
            for (j, y) in b.iter().enumerate() {
                let longest = if x == y { table.at(i, j) + 1 } else { table.at(i, j + 1).max(table.at(i + 1, j)) };
                if let Some(cell) = table.cells.get_mut((i + 1) * width + j + 1) {
                    *cell = longest;
                }
            }
        }
        Some(table)
    }

    fn at(&self, i: usize, j: usize) -> u32 {
        self.cells.get(i * self.width + j).copied().unwrap_or(0)
    }

    fn longest(&self) -> usize {
        self.cells.last().map_or(0, |longest| *longest as usize)
    }

    /// The places in `a` of one longest common subsequence, the one that rouge_score reads out.
    fn places(&self, a: &[String], b: &[String]) -> Vec<usize> {
        let (mut i, mut j) = (a.len(), b.len());
        let mut places = Vec::new();
        while i > 0 && j > 0 {
            if a.get(i - 1) == b.get(j - 1) {
                (i, j) = (i - 1, j - 1);
                places.push(i);
            } else if self.at(i, j - 1) > self.at(i - 1, j) {
                j -= 1;
            } else {
                i -= 1;
            }
        }
        places
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::{close, grade, run};
    use serde_json::json;
    use weir_core::score::Unscored;

    #[test]
    fn words_are_stemmed_and_pairs_counted() {
        let (answer, target) = ("the cats were dying", json!("A cat that was to die"));
        assert!(close(grade("kind='rouge'\nvariant='1'", "cat flies", json!("cat fly")), 0.5));
        assert!(close(grade("kind='rouge'\nvariant='1'", answer, target), 0.4));
        assert!(close(grade("kind='rouge'\nvariant='2'", "a b c", json!("a b d")), 0.5));
        assert!(close(grade("kind='rouge'", "a x b", json!("a b")), 0.8));
        assert_eq!(grade("kind='rouge'\nvariant='Lsum'", "a b\nc", json!("c\na b")), 1.0);
        assert_eq!(grade("kind='rouge'", "", json!("a")), 0.0);
    }

    #[test]
    fn a_text_of_which_no_word_is_seen_is_unscored_unless_all_scripts_are() {
        assert_eq!(run("kind='rouge'", "日本語", json!("日本語")).reason(), Some(Unscored::NoTokens));
        assert_eq!(grade("kind='rouge'\ntokenizer='unicode'", "日本語", json!("日本語")), 1.0);
        assert!(grade("kind='rouge'\ntokenizer='unicode'", "naïve été", json!("été")) > 0.6);
    }
}

//! Likeness of characters, best of all targets. `levenshtein`: 1 − d / max(len), both empty 1; code points are counted,
//! as rapidfuzz does (and autoevals in Python), or graphemes. `levenshtein_max`: passes while d ≤ threshold, promptfoo's
//! meaning of the word. `jaro`, `jaro_winkler` (prefix weight 0.1) and `hamming` (the longer text's tail counts as
//! different) are rapidfuzz's normalised similarities.
//!
//! The cost is quadratic and answers are untrusted, so there is a bound on the work.

use serde::{Deserialize, Serialize};
use unicode_segmentation::UnicodeSegmentation;

use super::{Check, is_default, text::too_long};
use crate::{
    exchange::{Exchange, Outcome},
    spec::SpecError,
};

/// `levenshtein`, `jaro`, `jaro_winkler` and `hamming`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CharacterSpec {
    /// What one character is.
    #[serde(default, skip_serializing_if = "is_default")]
    pub unit: Unit,
}

/// What one character is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// A code point.
    #[default]
    CodePoint,
    /// What a reader sees as one.
    Grapheme,
}

/// `levenshtein_max`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LevenshteinMaxSpec {
    /// Most edits that pass.
    #[serde(default = "five")]
    pub threshold: u64,
    /// What one character is.
    #[serde(default, skip_serializing_if = "is_default")]
    pub unit: Unit,
}

const fn five() -> u64 {
    5
}

struct Likeness {
    unit: Unit,
    measure: fn(&[&str], &[&str], &mut Work) -> Option<f64>,
}

impl CharacterSpec {
    pub(crate) fn levenshtein(&self) -> Result<Box<dyn Check>, SpecError> {
        self.build(normalised)
    }
    pub(crate) fn jaro(&self) -> Result<Box<dyn Check>, SpecError> {
        self.build(|a, b, work| work.pay(a.len(), b.len()).map(|()| strsim::generic_jaro(&a.to_vec(), &b.to_vec())))
    }
    pub(crate) fn jaro_winkler(&self) -> Result<Box<dyn Check>, SpecError> {
        self.build(|a, b, work| {
            work.pay(a.len(), b.len()).map(|()| strsim::generic_jaro_winkler(&a.to_vec(), &b.to_vec()))
        })
    }
    pub(crate) fn hamming(&self) -> Result<Box<dyn Check>, SpecError> {
        self.build(|a, b, work| {
            let longer = a.len().max(b.len());
            work.pay(1, longer)?;
            let equal = a.iter().zip(b).filter(|(a, b)| a == b).count();
            Some(if longer == 0 { 1.0 } else { equal as f64 / longer as f64 })
        })
    }

    #[expect(clippy::unnecessary_wraps, reason = "every `compile` may fail")]
    fn build(&self, measure: fn(&[&str], &[&str], &mut Work) -> Option<f64>) -> Result<Box<dyn Check>, SpecError> {
        Ok(Box::new(Likeness { unit: self.unit, measure }))
    }
}

impl Check for Likeness {
    fn check(&self, exchange: &Exchange<'_>) -> Outcome {
        let Some(targets) = exchange.targets() else {
            return Outcome::no_reference();
        };
        let mut work = Work::default();
        let answer = split(&exchange.answer.text, self.unit);
        let mut best = 0.0_f64;
        for target in &targets {
            match (self.measure)(&answer, &split(target, self.unit), &mut work) {
                Some(likeness) => best = best.max(likeness),
                None => return too_long(),
            }
        }
        Outcome::grade(best)
    }
}

impl LevenshteinMaxSpec {
    pub(crate) fn compile(&self) -> Result<Box<dyn Check>, SpecError> {
        Ok(Box::new(self.clone()))
    }
}

impl Check for LevenshteinMaxSpec {
    fn check(&self, exchange: &Exchange<'_>) -> Outcome {
        let Some(targets) = exchange.targets() else {
            return Outcome::no_reference();
        };
        let mut work = Work::default();
        let answer = split(&exchange.answer.text, self.unit);
        let distances: Option<Vec<usize>> =
            targets.iter().map(|target| distance(&answer, &split(target, self.unit), &mut work)).collect();
        match distances.map(|all| all.into_iter().min().unwrap_or(0)) {
            Some(least) => Outcome::pass(least as u64 <= self.threshold).because(format!("{least} edits")),
            None => too_long(),
        }
    }
}

fn split(text: &str, unit: Unit) -> Vec<&str> {
    match unit {
        Unit::CodePoint => text.char_indices().filter_map(|(at, c)| text.get(at..at + c.len_utf8())).collect(),
        Unit::Grapheme => text.graphemes(true).collect(),
    }
}

fn normalised(a: &[&str], b: &[&str], work: &mut Work) -> Option<f64> {
    let longer = a.len().max(b.len());
    Some(if longer == 0 { 1.0 } else { 1.0 - distance(a, b, work)? as f64 / longer as f64 })
}

/// Cells of the distance table that one score may still fill.
#[derive(Debug)]
pub(crate) struct Work(u64);

impl Default for Work {
    fn default() -> Self {
        // About a tenth of a second: two texts of 10,000 characters.
        Self(100_000_000)
    }
}

impl Work {
    /// Takes a table of `a` by `b` cells; `None` when not so many are left.
    pub(crate) fn pay(&mut self, a: usize, b: usize) -> Option<()> {
        self.0 = self.0.checked_sub((a as u64).saturating_mul(b as u64))?;
        Some(())
    }
}

/// 1 − distance / length of the longer, in code points; `None` when the work is used up.
pub(crate) fn similarity(a: &str, b: &str, work: &mut Work) -> Option<f64> {
    if a == b {
        return Some(1.0);
    }
    let a: Vec<char> = a.chars().collect();
    let b: Vec<char> = b.chars().collect();
    let longer = a.len().max(b.len());
    Some(1.0 - distance(&a, &b, work)? as f64 / longer as f64)
}

/// Insertions, deletions and substitutions from one list to the other; `None` when the work is used up.
pub(crate) fn distance<T: PartialEq>(a: &[T], b: &[T], work: &mut Work) -> Option<usize> {
    let start = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let (a, b) = (a.get(start..)?, b.get(start..)?);
    let end = a.iter().rev().zip(b.iter().rev()).take_while(|(a, b)| a == b).count();
    let (a, b) = (a.get(..a.len() - end)?, b.get(..b.len() - end)?);
    work.pay(a.len(), b.len())?;

    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        if let Some(first) = row.first_mut() {
            *first = left;
        }
        for (cell, y) in row.iter_mut().skip(1).zip(b) {
            let above = *cell;
            left = (diagonal + usize::from(x != y)).min(above + 1).min(left + 1);
            *cell = left;
            diagonal = above;
        }
    }
    row.last().copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::testing::{close, grade, run};
    use serde_json::json;
    use weir_core::score::Unscored;

    #[test]
    fn similarity_equals_rapidfuzz() {
        for (a, b, want) in [
            ("hello wrld", "hello world", 0.909_090_909_090_909_1),
            ("a😀b", "ab", 0.666_666_666_666_666_7),
            ("", "", 1.0),
            ("", "abc", 0.0),
            ("kitten", "sitting", 1.0 - 3.0 / 7.0),
            ("flaw", "lawn", 0.5),
            ("abc", "abc", 1.0),
            ("日本語", "日本", 2.0 / 3.0),
        ] {
            let got = similarity(a, b, &mut Work::default()).unwrap();
            assert!(close(got, want), "{a} vs {b}: {got}");
            assert_eq!(similarity(b, a, &mut Work::default()), Some(got));
        }
        assert!(close(grade("kind='levenshtein'", "hello wrld", json!(["x", "hello world"])), 10.0 / 11.0));
    }

    #[test]
    fn the_other_measures_equal_rapidfuzz() {
        for (kind, a, b, want) in [
            ("jaro", "MARTHA", "MARHTA", 0.944_444_444_444_444_5),
            ("jaro_winkler", "MARTHA", "MARHTA", 0.961_111_111_111_111_1),
            ("jaro_winkler", "abcdxxxx", "abcdyyyy", 2.0 / 3.0),
            ("hamming", "MARTHA", "MARHTA", 2.0 / 3.0),
            ("hamming", "abcdef", "abc", 0.5),
            ("jaro", "", "", 1.0),
            ("hamming", "", "", 1.0),
            ("jaro", "", "a", 0.0),
        ] {
            let got = grade(&format!("kind='{kind}'"), a, json!(b));
            assert!(close(got, want), "{kind} {a} {b}: {got}");
        }
        let flags = grade("kind='levenshtein'\nunit='grapheme'", "🇩🇪🇫🇷", json!("🇩🇪🇮🇹"));
        assert!(close(flags, 0.5), "{flags}");
    }

    #[test]
    fn a_threshold_counts_edits() {
        assert_eq!(grade("kind='levenshtein_max'", "kitten", json!("sitting")), 1.0);
        assert_eq!(grade("kind='levenshtein_max'\nthreshold=2", "kitten", json!("sitting")), 0.0);
    }

    #[test]
    fn texts_beyond_the_bound_are_unscored() {
        let (a, b) = ("a".repeat(20_000), "b".repeat(20_000));
        assert_eq!(run("kind='levenshtein'", &a, json!(b)).reason(), Some(Unscored::ScoringFailed));
    }
}

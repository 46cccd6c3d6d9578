//! `levenshtein`: 1 − d / max(len), both empty 1; the distance counts code points, as rapidfuzz does (and autoevals in
//! Python). Best of all targets. The cost is quadratic and answers are untrusted, so there is a bound on the work.

use serde::{Deserialize, Serialize};
use weir_core::score::Unscored;

use super::Check;
use crate::exchange::{Exchange, Outcome};

/// `levenshtein`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LevenshteinSpec {}

impl LevenshteinSpec {
    pub(crate) fn compile(&self) -> Box<dyn Check> {
        Box::new(self.clone())
    }
}

impl Check for LevenshteinSpec {
    fn check(&self, exchange: &Exchange<'_>) -> Outcome {
        let Some(targets) = exchange.targets() else {
            return Outcome::no_reference();
        };
        let mut work = Work::default();
        let likenesses: Option<Vec<f64>> =
            targets.iter().map(|target| similarity(&exchange.answer.text, target, &mut work)).collect();
        match likenesses {
            Some(all) => Outcome::grade(all.into_iter().fold(0.0, f64::max)),
            None => too_long(),
        }
    }
}

/// What to say when the bound is reached.
pub(crate) fn too_long() -> Outcome {
    Outcome::unscored(Unscored::ScoringFailed, "the texts are too long to compare by edit distance")
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

fn distance(a: &[char], b: &[char], work: &mut Work) -> Option<usize> {
    let start = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let (a, b) = (a.get(start..)?, b.get(start..)?);
    let end = a.iter().rev().zip(b.iter().rev()).take_while(|(a, b)| a == b).count();
    let (a, b) = (a.get(..a.len() - end)?, b.get(..b.len() - end)?);
    work.0 = work.0.checked_sub((a.len() as u64).saturating_mul(b.len() as u64))?;

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
    fn texts_beyond_the_bound_are_unscored() {
        let (a, b) = ("a".repeat(20_000), "b".repeat(20_000));
        assert_eq!(run("kind='levenshtein'", &a, json!(b)).reason(), Some(Unscored::ScoringFailed));
    }
}

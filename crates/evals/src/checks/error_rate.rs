//! Error rates of transcripts against their reference, as jiwer's defaults: `wer` = (S + D + I) / words of the reference,
//! `cer` the same over characters, `mer` = (S + D + I) / (H + S + D + I), `wil` = 1 − (H / words of the
//! reference)·(H / words of the answer), whose grade is jiwer's `wip`; with H hits, S substitutions, D deletions and I insertions of the alignment that
//! rapidfuzz chooses among the shortest (Morris et al. 2004).
//!
//! The rate is the measured number and the grade is 1 − rate, 0 from a rate of 1 on. Of several targets the best counts.

use serde::{Deserialize, Serialize};

use super::{Check, levenshtein::Work, python, text::too_long};
use crate::{
    exchange::{Exchange, Outcome},
    spec::SpecError,
};

/// Cells of one alignment, of 4 bytes each.
const MOST_CELLS: usize = 20_000_000;

/// `wer`, `cer`, `mer` and `wil`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ErrorRateSpec {}

struct ErrorRate {
    by_characters: bool,
    rate: fn(&Counts) -> f64,
}

impl ErrorRateSpec {
    pub(crate) fn wer(&self) -> Result<Box<dyn Check>, SpecError> {
        self.build(false, Counts::error_rate)
    }
    pub(crate) fn cer(&self) -> Result<Box<dyn Check>, SpecError> {
        self.build(true, Counts::error_rate)
    }
    pub(crate) fn mer(&self) -> Result<Box<dyn Check>, SpecError> {
        self.build(false, Counts::match_error_rate)
    }
    pub(crate) fn wil(&self) -> Result<Box<dyn Check>, SpecError> {
        self.build(false, |counts| 1.0 - counts.information_kept())
    }

    #[expect(clippy::unnecessary_wraps, reason = "every `compile` may fail")]
    fn build(&self, by_characters: bool, rate: fn(&Counts) -> f64) -> Result<Box<dyn Check>, SpecError> {
        Ok(Box::new(ErrorRate { by_characters, rate }))
    }
}

impl Check for ErrorRate {
    fn check(&self, exchange: &Exchange<'_>) -> Outcome {
        let Some(targets) = exchange.targets() else {
            return Outcome::no_reference();
        };
        let mut work = Work::default();
        let mut least = f64::INFINITY;
        for target in &targets {
            let counts = if self.by_characters {
                let units = |text: &str| python::strip(text).chars().collect::<Vec<_>>();
                Counts::new(&units(target), &units(&exchange.answer.text), &mut work)
            } else {
                let (target, answer) = (spaced(target), spaced(&exchange.answer.text));
                Counts::new(&words(&target), &words(&answer), &mut work)
            };
            match counts {
                Some(counts) => least = least.min((self.rate)(&counts)),
                None => return too_long(),
            }
        }
        Outcome::rate(least, if self.by_characters { "errors a character" } else { "errors a word" })
    }
}

/// Runs of two white spaces or more become one space; a lone line break stays and joins its neighbours to one word.
fn spaced(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if python::is_space(c) && chars.peek().is_some_and(|next| python::is_space(*next)) {
            while chars.next_if(|next| python::is_space(*next)).is_some() {}
            out.push(' ');
        } else {
            out.push(c);
        }
    }
    python::strip(&out).to_owned()
}

fn words(text: &str) -> Vec<&str> {
    text.split(' ').filter(|word| !word.is_empty()).collect()
}

/// What became of the words of a reference.
#[derive(Debug, Default, PartialEq)]
struct Counts {
    hits: usize,
    substitutions: usize,
    deletions: usize,
    insertions: usize,
}

impl Counts {
    fn errors(&self) -> f64 {
        (self.substitutions + self.deletions + self.insertions) as f64
    }

    fn wanted(&self) -> usize {
        self.hits + self.substitutions + self.deletions
    }

    /// Without any word in the reference, the number of words too many.
    fn error_rate(&self) -> f64 {
        self.errors() / self.wanted().max(1) as f64
    }

    fn match_error_rate(&self) -> f64 {
        self.errors() / (self.wanted() + self.insertions).max(1) as f64
    }

    fn information_kept(&self) -> f64 {
        let said = self.hits + self.substitutions + self.insertions;
        match (self.wanted(), said) {
            (0, 0) => 1.0,
            (0, _) | (_, 0) => 0.0,
            (wanted, said) => (self.hits as f64 / wanted as f64) * (self.hits as f64 / said as f64),
        }
    }

    /// Counts along a shortest path from the reference to the answer. Read from the end: a deletion where one is
    /// possible, else an insertion, else both move on. `None` when the work is used up.
    fn new<T: PartialEq>(target: &[T], answer: &[T], work: &mut Work) -> Option<Self> {
        let start = target.iter().zip(answer).take_while(|(a, b)| a == b).count();
        let (target, answer) = (target.get(start..)?, answer.get(start..)?);
        let end = target.iter().rev().zip(answer.iter().rev()).take_while(|(a, b)| a == b).count();
        let (target, answer) = (target.get(..target.len() - end)?, answer.get(..answer.len() - end)?);
        let width = target.len() + 1;
        work.pay(width, answer.len() + 1)?;
        if width.saturating_mul(answer.len() + 1) > MOST_CELLS {
            return None;
        }

        // Row by row of the answer; a cell is the distance between two beginnings.
        let mut cells: Vec<u32> = Vec::with_capacity(width * (answer.len() + 1));
        cells.extend((0..width).map(|column| column as u32));
        let at =
            |cells: &[u32], row: usize, column: usize| cells.get(row * width + column).copied().unwrap_or(u32::MAX);
        for (row, said) in answer.iter().enumerate() {
            cells.push(row as u32 + 1);
            for (column, wanted) in target.iter().enumerate() {
                let diagonal = at(&cells, row, column) + u32::from(said != wanted);
                let least = diagonal.min(at(&cells, row, column + 1) + 1).min(at(&cells, row + 1, column) + 1);
                cells.push(least);
            }
        }
        let mut counts = Self { hits: start + end, ..Self::default() };
        let (mut row, mut column) = (answer.len(), target.len());
        while row > 0 && column > 0 {
            if at(&cells, row, column) == at(&cells, row, column - 1) + 1 {
                counts.deletions += 1;
                column -= 1;
                continue;
            }
            row -= 1;
            if row > 0 && at(&cells, row, column) + 1 == at(&cells, row, column - 1) {
                counts.insertions += 1;
                continue;
            }
            column -= 1;
            if target.get(column) == answer.get(row) {
                counts.hits += 1;
            } else {
                counts.substitutions += 1;
            }
        }
        counts.deletions += column;
        counts.insertions += row;
        Some(counts)
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::{close, grade, run};
    use serde_json::json;

    #[test]
    fn rates_count_words_or_characters_of_the_reference() {
        for (kind, answer, target, want) in [
            ("wer", "the cat sat", "the cat sat", 0.0),
            ("wer", "the cat sat down", "the bat sat", 2.0 / 3.0),
            ("wer", "", "a b", 1.0),
            ("wer", "a b c d", "", 4.0),
            ("wer", "", "", 0.0),
            ("cer", "日本語", "日本", 0.5),
            ("mer", "the cat sat down", "the bat sat", 0.5),
            ("wil", "the cat sat down", "the bat sat", 1.0 - 2.0 / 3.0 * 2.0 / 4.0),
        ] {
            let raw = run(&format!("kind='{kind}'"), answer, json!(target)).raw.unwrap();
            assert!(close(raw, want), "{kind} {answer} {target}: {raw}");
        }
        assert!(close(grade("kind='wil'", "the cat sat down", json!("the bat sat")), 1.0 / 3.0));
        assert_eq!(grade("kind='wer'", "x", json!(["y", "x"])), 1.0);
    }
}

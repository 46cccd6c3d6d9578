//! `ter`: translation edit rate (Snover et al. 2006), as sacrebleu's `TER().sentence_score / 100`: insertions, deletions,
//! substitutions and shifts of blocks of words, per word of the reference, in lower case. The rate is the measured
//! number; the grade is 1 − rate, and 0 from a rate of 1 on.
//!
//! The search for shifts is greedy with Tercom's limits, and the edit distance runs in a beam along the diagonal.

use serde::{Deserialize, Serialize};

use super::{Check, python, text};
use crate::{
    exchange::{Exchange, Outcome},
    spec::SpecError,
};

const SHIFT_SIZE: usize = 10;
const SHIFT_DISTANCE: usize = 50;
const BEAM: f64 = 25.0;
const SHIFT_CANDIDATES: usize = 1000;
/// Words of either side: with these limits about a second in the worst case.
const MOST_WORDS: usize = 1500;

/// `ter`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TerSpec {}

impl TerSpec {
    pub(crate) fn compile(&self) -> Result<Box<dyn Check>, SpecError> {
        Ok(Box::new(self.clone()))
    }
}

impl Check for TerSpec {
    fn check(&self, exchange: &Exchange<'_>) -> Outcome {
        let Some(targets) = exchange.targets() else {
            return Outcome::no_reference();
        };
        let answer = exchange.answer.text.to_lowercase();
        let targets: Vec<String> = targets.iter().map(|target| target.to_lowercase()).collect();
        let words = |text: &'_ str| python::split(text).count();
        if words(&answer) > MOST_WORDS || targets.iter().any(|target| words(target) > MOST_WORDS) {
            return text::too_long();
        }
        Outcome::rate(rate(&answer, &targets), "edits a word")
    }
}

/// Fewest edits against any target, per word of the mean target.
fn rate(answer: &str, targets: &[String]) -> f64 {
    let answer: Vec<&str> = python::split(answer).collect();
    let mut fewest = usize::MAX;
    let mut words = 0;
    for target in targets {
        let target: Vec<&str> = python::split(target).collect();
        fewest = fewest.min(edits(&answer, &target));
        words += target.len();
    }
    match (words, fewest) {
        (0, 0) => 0.0,
        (0, _) => 1.0,
        (words, edits) => edits as f64 / (words as f64 / targets.len() as f64),
    }
}

fn edits(answer: &[&str], target: &[&str]) -> usize {
    if target.is_empty() {
        return answer.len();
    }
    let mut words = answer.to_vec();
    let (mut shifts, mut candidates) = (0, 0);
    loop {
        let best = best_shift(&words, target, &mut candidates);
        if candidates >= SHIFT_CANDIDATES {
            break;
        }
        match best {
            Some((gain, shifted)) if gain > 0 => {
                shifts += 1;
                words = shifted;
            }
            _ => break,
        }
    }
    shifts + distance(&words, target).0
}

/// Gain, length, start and place, the last two negated: the greater the better.
type Rank = (i64, usize, i64, i64);

/// The shift that gains most; among equals the longest block, then the earliest, then the earliest place for it.
fn best_shift<'a>(words: &[&'a str], target: &[&str], candidates: &mut usize) -> Option<(i64, Vec<&'a str>)> {
    let (before, trace) = distance(words, target);
    let alignment = Alignment::new(&trace);
    let mut best: Option<(Rank, Vec<&str>)> = None;
    for (start, start_target, length) in equal_blocks(words, target) {
        let wrong = |errors: &[bool], from: usize| errors.iter().skip(from).take(length).any(|error| *error);
        if !wrong(&alignment.answer_errors, start) || !wrong(&alignment.target_errors, start_target) {
            continue;
        }
        let inside = |place: i64| place >= start as i64 && place < (start + length) as i64;
        if alignment.places.get(start_target).is_some_and(|place| inside(*place)) {
            continue;
        }
        let mut last = None;
        for offset in 0..=length {
            // Before the block's first word in the target, then after each of its words but the last.
            let to = match (start_target + offset).checked_sub(1) {
                None => 0,
                Some(at) => match alignment.places.get(at) {
                    Some(place) => place + 1,
                    None => break,
                },
            };
            if last == Some(to) {
                continue;
            }
            last = Some(to);
            let shifted = shift(words, start, length, usize::try_from(to).unwrap_or(0));
            let gain = before as i64 - distance(&shifted, target).0 as i64;
            *candidates += 1;
            let rank = (gain, length, -(start as i64), -to);
            // Python compares the words too when all else is equal.
            if best.as_ref().is_none_or(|(known, other)| (rank, &shifted) > (*known, other)) {
                best = Some((rank, shifted));
            }
        }
        if *candidates >= SHIFT_CANDIDATES {
            break;
        }
    }
    best.map(|((gain, ..), shifted)| (gain, shifted))
}

fn shift<'a>(words: &[&'a str], start: usize, length: usize, to: usize) -> Vec<&'a str> {
    let part = |from: usize, to: usize| words.get(from.min(words.len())..to.min(words.len())).unwrap_or_default();
    let end = start + length;
    if to < start {
        [part(0, to), part(start, end), part(to, start), part(end, words.len())].concat()
    } else if to > end {
        [part(0, start), part(end, to), part(start, end), part(to, words.len())].concat()
    } else {
        [part(0, start), part(end, length + to), part(start, end), part(length + to, words.len())].concat()
    }
}

/// Equal runs of words: where in the answer, where in the target, and each length up to the longest.
fn equal_blocks(words: &[&str], target: &[&str]) -> Vec<(usize, usize, usize)> {
    let mut blocks = Vec::new();
    for start in 0..words.len() {
        let near = start.saturating_sub(SHIFT_DISTANCE)..target.len().min(start + SHIFT_DISTANCE + 1);
        for start_target in near {
            let pairs = words.iter().skip(start).zip(target.iter().skip(start_target));
            let equal = pairs.take(SHIFT_SIZE).take_while(|(a, b)| a == b).count();
            blocks.extend((1..=equal).map(|length| (start, start_target, length)));
        }
    }
    blocks
}

#[derive(Clone, Copy, PartialEq)]
enum Edit {
    Keep,
    Substitute,
    /// A word of the target that the answer lacks.
    Insert,
    /// A word of the answer that the target lacks.
    Delete,
}

/// Where each word of the target stands in the answer, and which words are wrong.
struct Alignment {
    /// For each word of the target the word of the answer at or before it; −1 before the first.
    places: Vec<i64>,
    answer_errors: Vec<bool>,
    target_errors: Vec<bool>,
}

impl Alignment {
    fn new(trace: &[Edit]) -> Self {
        let mut alignment = Self { places: Vec::new(), answer_errors: Vec::new(), target_errors: Vec::new() };
        for edit in trace {
            let error = *edit != Edit::Keep;
            if *edit != Edit::Insert {
                alignment.answer_errors.push(error);
            }
            if *edit != Edit::Delete {
                alignment.places.push(alignment.answer_errors.len() as i64 - 1);
                alignment.target_errors.push(error);
            }
        }
        alignment
    }
}

/// Edit distance from the answer to the target with its edits in order, within the beam. Ties prefer keeping or
/// substituting, then deleting, then inserting.
fn distance(words: &[&str], target: &[&str]) -> (usize, Vec<Edit>) {
    const FAR: usize = usize::MAX / 2;
    let width = target.len() + 1;
    let mut cells = vec![(FAR, Edit::Keep); width * (words.len() + 1)];
    for (j, cell) in cells.iter_mut().take(width).enumerate() {
        *cell = (j, Edit::Insert);
    }
    let ratio = if words.is_empty() { 1.0 } else { target.len() as f64 / words.len() as f64 };
    let beam = if BEAM < ratio / 2.0 { (ratio / 2.0 + BEAM).ceil() } else { BEAM };
    for (i, word) in words.iter().enumerate().map(|(at, word)| (at + 1, word)) {
        let diagonal = (i as f64 * ratio).floor();
        let from = (diagonal - beam).max(0.0) as usize;
        let to = if i == words.len() { width } else { width.min((diagonal + beam) as usize) };
        for j in from..to {
            let cost = |i: usize, j: usize| cells.get(i * width + j).map_or(FAR, |cell| cell.0);
            let best = if let Some(before) = j.checked_sub(1) {
                let same = target.get(before) == Some(word);
                let keep = (cost(i - 1, before) + usize::from(!same), if same { Edit::Keep } else { Edit::Substitute });
                [keep, (cost(i - 1, j) + 1, Edit::Delete), (cost(i, before) + 1, Edit::Insert)]
                    .into_iter()
                    .fold((FAR, Edit::Keep), |best, next| if next.0 < best.0 { next } else { best })
            } else {
                (cost(i - 1, 0) + 1, Edit::Delete)
            };
            if let Some(cell) = cells.get_mut(i * width + j) {
                *cell = best;
            }
        }
    }
    let (mut i, mut j) = (words.len(), target.len());
    let mut trace = Vec::with_capacity(i + j);
    while i > 0 || j > 0 {
        let edit = cells.get(i * width + j).map_or(Edit::Keep, |cell| cell.1);
        trace.push(edit);
        if edit != Edit::Insert {
            i = i.saturating_sub(1);
        }
        if edit != Edit::Delete {
            j = j.saturating_sub(1);
        }
    }
    trace.reverse();
    (cells.last().map_or(0, |cell| cell.0), trace)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::testing::{close, grade, run};
    use serde_json::json;

    #[test]
    fn edits_and_shifts_count_per_word_of_the_reference() {
        for (answer, target, want) in [
            ("", "", 0.0),
            ("a", "", 1.0),
            ("", "a", 1.0),
            ("a b c d e f g h i", "z", 9.0),
            ("c a b", "a b c", 1.0 / 3.0),
            ("The fast brown fox leaps over the lazy dog", "the quick brown fox jumps over the lazy dog", 2.0 / 9.0),
        ] {
            let got = rate(&answer.to_lowercase(), &[target.to_owned()]);
            assert!(close(got, want), "{answer} | {target}: {got}");
        }
    }

    #[test]
    fn the_grade_falls_as_the_rate_rises() {
        let outcome = run("kind='ter'", "c a b", json!("a b c"));
        assert_eq!(outcome.raw.map(|rate| (rate * 3.0).round()), Some(1.0));
        assert!(close(outcome.value().unwrap(), 2.0 / 3.0));
        assert_eq!(grade("kind='ter'", "a b c d", json!("z")), 0.0);
    }
}

//! `meteor`: harmonic mean of precision and recall of matched words, less a penalty for scattered matches, best of all
//! targets (Lavie & Agarwal 2007), as nltk's `meteor_score` on words by white space with α 0.9, β 3, γ 0.5. Words match as
//! they are in lower case, then by their Porter stem.
//!
//! nltk also matches synonyms out of WordNet, a data set that weir does not ship.

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};

use super::{Check, porter, python, text::TextCheck};
use crate::spec::SpecError;

const ALPHA: f64 = 0.9;
const GAMMA: f64 = 0.5;

/// `meteor`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MeteorSpec {}

impl MeteorSpec {
    pub(crate) fn compile(&self) -> Result<Box<dyn Check>, SpecError> {
        Ok(Box::new(TextCheck(|answer, targets| {
            Some(targets.iter().map(|target| meteor(answer, target)).fold(0.0, f64::max))
        })))
    }
}

fn words(text: &str) -> Vec<String> {
    python::split(text).map(str::to_lowercase).collect()
}

fn meteor(answer: &str, target: &str) -> f64 {
    let (answer, target) = (words(answer), words(target));
    let mut pairs = Vec::new();
    let mut left: (HashSet<usize>, HashSet<usize>) = ((0..answer.len()).collect(), (0..target.len()).collect());
    pair_up(&answer, &target, &mut left, &mut pairs);
    let stems = |words: &[String]| words.iter().map(|word| porter::stem(word)).collect::<Vec<_>>();
    pair_up(&stems(&answer), &stems(&target), &mut left, &mut pairs);
    if pairs.is_empty() {
        return 0.0;
    }
    pairs.sort_unstable();
    let matched = pairs.len() as f64;
    let (precision, recall) = (matched / answer.len() as f64, matched / target.len() as f64);
    let mean = precision * recall / (ALPHA * precision + (1.0 - ALPHA) * recall);
    let joined = pairs.iter().zip(pairs.iter().skip(1)).filter(|(a, b)| (a.0 + 1, a.1 + 1) == **b).count();
    let scattered = (pairs.len() - joined) as f64 / matched;
    (1.0 - GAMMA * scattered.powi(3)) * mean
}

/// From the last word of the answer to its first, each takes the last equal word of the target that is left.
fn pair_up(
    answer: &[String],
    target: &[String],
    left: &mut (HashSet<usize>, HashSet<usize>),
    pairs: &mut Vec<(usize, usize)>,
) {
    let mut places: HashMap<&str, Vec<usize>> = HashMap::new();
    for (at, word) in target.iter().enumerate().filter(|(at, _)| left.1.contains(at)) {
        places.entry(word).or_default().push(at);
    }
    for (at, word) in answer.iter().enumerate().rev() {
        if !left.0.contains(&at) {
            continue;
        }
        if let Some(other) = places.get_mut(word.as_str()).and_then(Vec::pop) {
            left.0.remove(&at);
            left.1.remove(&other);
            pairs.push((at, other));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::{close, grade};
    use serde_json::json;

    #[test]
    fn matched_words_count_and_scattered_ones_cost() {
        let grade = |answer: &str, target: &str| grade("kind='meteor'", answer, json!(target));
        assert!(close(grade("the cats sat", "the cat sat"), 1.0 - 0.5 / 27.0));
        assert!(close(grade("sat cat", "cat sat"), 0.5));
        assert_eq!(grade("non matching hypothesis", "this is a cat"), 0.0);
        assert_eq!(grade("", ""), 0.0);
    }
}

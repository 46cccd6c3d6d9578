//! Counts of n-grams, and the bound on the work that one text comparison may do.

use std::{collections::HashMap, hash::Hash};

/// How often each n-gram of order `n` stands in `tokens`.
pub(crate) fn counts<T: Eq + Hash>(tokens: &[T], n: usize) -> HashMap<&[T], usize> {
    let mut counts = HashMap::new();
    if n > 0 {
        for gram in tokens.windows(n) {
            *counts.entry(gram).or_default() += 1;
        }
    }
    counts
}

/// How many n-grams both sides have, each counted as often as in the side that has fewer.
pub(crate) fn shared<T: Eq + Hash>(a: &HashMap<&[T], usize>, b: &HashMap<&[T], usize>) -> usize {
    a.iter().map(|(gram, count)| b.get(gram).map_or(0, |other| (*count).min(*other))).sum()
}

/// How many n-grams of order `n` a text of `length` tokens has.
pub(crate) const fn total(length: usize, n: usize) -> usize {
    (length + 1).saturating_sub(n)
}

/// Characters of the longest text that the n-gram scorers take. Their cost grows with the length alone; the bound
/// keeps one answer from holding a worker.
pub(crate) const MOST_CHARS: usize = 1_000_000;

//! Words from outside that may be taken back: whoever votes again on the same answer replaces their vote, in the score log
//! and in the windows. The log keeps the newer word alone, so the earlier one is remembered here from when it was folded;
//! windows that are folded anew from the log meet only the newer.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use weir_core::{
    ScorerName, SpanId,
    score::{Score, Source},
};
use weir_optimizer::windows::{Folded, Windows};

/// Votes remembered; of one that was forgotten, the earlier word stays in the windows until they are folded anew.
const MOST: usize = 50_000;

type Name = (SpanId, ScorerName, Arc<str>);

/// The votes that windows know.
#[derive(Debug, Default)]
pub(super) struct Votes {
    words: HashMap<Name, (Score, Folded)>,
    oldest: VecDeque<Name>,
}

impl Votes {
    /// Folds a score, in the place of the vote that it replaces where there is one.
    pub(super) fn fold(&mut self, windows: &mut Windows, seq: i64, score: &Score) {
        if score.source != Source::Api {
            windows.fold(seq, score);
            return;
        }
        let name = (score.span_id, score.scorer.clone(), Arc::clone(&score.version));
        let new = match self.words.get(&name) {
            Some((earlier, folded)) => windows.replace(seq, (earlier, *folded), score),
            None => windows.fold(seq, score),
        };
        if new {
            self.remember(name, score, windows.folded(score));
        }
    }

    fn remember(&mut self, name: Name, score: &Score, folded: Folded) {
        let word = Score { explanation: None, ..score.clone() };
        if self.words.insert(name.clone(), (word, folded)).is_none() {
            self.oldest.push_back(name);
        }
        if self.oldest.len() > MOST
            && let Some(forgotten) = self.oldest.pop_front()
        {
            self.words.remove(&forgotten);
        }
    }
}

#[cfg(test)]
mod tests {
    use weir_core::{Grade, NanoUsd, Timestamp, score::Verdict};

    use super::*;

    fn vote(span: u128, grade: f64) -> Score {
        Score {
            span_id: SpanId::from_bits(span),
            workload: "maths".into(),
            segment: "hard".into(),
            deployment: "sim/large".into(),
            scorer: "thumb".into(),
            version: "user".into(),
            verdict: Verdict::Scored { grade: Grade::new(grade).unwrap() },
            source: Source::Api,
            explanation: None,
            p_sample: 1.0,
            propensity: 0.5,
            cost: NanoUsd::ZERO,
            at: Timestamp(1_000_000 * i64::try_from(span).unwrap()),
        }
    }

    #[test]
    fn a_vote_that_was_changed_leaves_the_windows_as_if_it_had_been_cast_once() {
        let (mut windows, mut once) = (Windows::default(), Windows::default());
        let mut votes = Votes::default();
        let mut seq = 0;
        for span in 1..=30 {
            once.fold(i64::try_from(span).unwrap(), &vote(span, if span == 7 { 1.0 } else { 0.5 }));
            seq += 1;
            votes.fold(&mut windows, seq, &vote(span, 0.5));
        }
        for grade in [0.0, 1.0, 0.0, 1.0] {
            seq += 1;
            votes.fold(&mut windows, seq, &vote(7, grade));
        }
        assert_eq!(windows.iter().count(), 2, "the part and the whole");
        for ((key, window), (_, wanted)) in windows.iter().zip(once.iter()) {
            let (found, wanted) = (window.estimate().unwrap(), wanted.estimate().unwrap());
            assert!((found.mean - wanted.mean).abs() < 1e-12, "{key:?}: {found:?} {wanted:?}");
            assert_eq!(found.n, 30);
        }
        assert_eq!(windows.score_seq(), 34);
    }
}

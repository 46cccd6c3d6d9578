//! Tells waiting tasks that something was committed by this process. Writes of other processes are not seen: whoever
//! waits also polls on a timer.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use tokio::sync::watch;
use weir_core::score::Score;

use crate::Store;

/// Scores kept in memory after their commit.
const SCORES_KEPT: usize = 8_192;

#[derive(Debug)]
pub(crate) struct Changes {
    spans: watch::Sender<i64>,
    scores: watch::Sender<i64>,
    control: watch::Sender<u64>,
    runs: watch::Sender<u64>,
    /// The newest scores of this process, by ascending seq.
    recent: Mutex<VecDeque<(i64, Score)>>,
}

impl Changes {
    pub(crate) fn new(newest_span: i64, newest_score: i64) -> Self {
        Self {
            spans: watch::Sender::new(newest_span),
            scores: watch::Sender::new(newest_score),
            control: watch::Sender::new(0),
            runs: watch::Sender::new(0),
            recent: Mutex::default(),
        }
    }
    pub(crate) fn spans(&self, newest: i64) {
        raise(&self.spans, newest);
    }
    pub(crate) fn scores(&self, newest: i64) {
        raise(&self.scores, newest);
    }
    /// Keeps committed scores, so that whoever follows the log need not read back what was just written.
    pub(crate) fn keep_scores<'a>(&self, scores: impl Iterator<Item = (i64, &'a Score)>) {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        for (seq, score) in scores {
            // Two commits may report out of order: start again rather than hold a log with its order mixed up.
            if recent.back().is_some_and(|&(newest, _)| newest >= seq) {
                recent.clear();
            }
            recent.push_back((seq, score.clone()));
        }
        let excess = recent.len().saturating_sub(SCORES_KEPT);
        recent.drain(..excess);
    }
    /// Up to `limit` scores after `seq`, when memory surely holds every one of them: numbers are given once, so an
    /// unbroken run from the one after `seq` leaves nothing out.
    pub(crate) fn scores_after(&self, seq: i64, limit: u32) -> Option<Vec<(i64, Score)>> {
        let recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let start = recent.partition_point(|&(kept, _)| kept <= seq);
        let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
        let found = || recent.iter().skip(start).take(wanted);
        let whole = found().zip(seq.saturating_add(1)..).all(|((kept, _), expected)| *kept == expected);
        (start < recent.len() && whole).then(|| found().cloned().collect())
    }
    pub(crate) fn runs(&self) {
        self.runs.send_modify(|writes| *writes = writes.wrapping_add(1));
    }
    pub(crate) fn control(&self) {
        self.control.send_modify(|writes| *writes = writes.wrapping_add(1));
    }
}

/// Two commits may report out of order; the figure never falls.
fn raise(sender: &watch::Sender<i64>, newest: i64) {
    sender.send_if_modified(|seq| {
        let higher = newest > *seq;
        if higher {
            *seq = newest;
        }
        higher
    });
}

impl Store {
    /// The newest committed span's `seq`; 0 when there is none.
    #[must_use]
    pub fn span_changes(&self) -> watch::Receiver<i64> {
        self.changes().spans.subscribe()
    }
    /// The newest committed score's `seq`; 0 when there is none.
    #[must_use]
    pub fn score_changes(&self) -> watch::Receiver<i64> {
        self.changes().scores.subscribe()
    }
    /// Counts committed writes of canaries, policies and datasets since the start of this process.
    #[must_use]
    pub fn control_changes(&self) -> watch::Receiver<u64> {
        self.changes().control.subscribe()
    }
    /// Counts committed writes of eval runs since the start of this process.
    #[must_use]
    pub fn run_changes(&self) -> watch::Receiver<u64> {
        self.changes().runs.subscribe()
    }
}

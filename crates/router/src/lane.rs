//! What dispatch keeps for each workload: whose turn it is, and how much may be tried again.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};

/// One workload's counters.
#[derive(Debug)]
pub struct Lane {
    turn: AtomicU64,
    /// Thousandths of a retry.
    retries: AtomicI64,
}

const RETRY: i64 = 1_000;
/// Room for bursts: a hundred retries.
const MOST: i64 = 100 * RETRY;
/// A fresh process may retry ten times before it has seen traffic.
const START: i64 = 10 * RETRY;

impl Default for Lane {
    fn default() -> Self {
        Self { turn: AtomicU64::new(0), retries: AtomicI64::new(START) }
    }
}

/// Retries in place are a share of traffic: each request pays a part of a retry in, each retry takes one out. When a
/// provider fails for everyone the budget runs dry and retries stop instead of multiplying its load (Finagle's
/// `RetryBudget`). Fallbacks go elsewhere and are not counted.
impl Lane {
    /// The next turn.
    #[must_use]
    pub fn turn(&self) -> u64 {
        self.turn.fetch_add(1, Relaxed)
    }

    /// The turn that the next request will take.
    #[must_use]
    pub fn coming(&self) -> u64 {
        self.turn.load(Relaxed)
    }

    /// A request came; it pays in this share of a retry.
    pub fn deposit(&self, share: f64) {
        if self.retries.load(Relaxed) < MOST {
            self.retries.fetch_add((share * RETRY as f64) as i64, Relaxed);
        }
    }

    /// True when a retry may be made; it is then paid for.
    #[must_use]
    pub fn withdraw(&self) -> bool {
        self.retries.try_update(Relaxed, Relaxed, |have| (have >= RETRY).then(|| have - RETRY)).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retries_stay_at_their_share_of_traffic() {
        let lane = Lane::default();
        while lane.withdraw() {}
        let mut retries = 0;
        for _ in 0..1_000 {
            lane.deposit(0.2);
            retries += usize::from(lane.withdraw());
        }
        assert_eq!(retries, 200);
    }

    #[test]
    fn an_idle_hour_does_not_save_up_a_storm() {
        let lane = Lane::default();
        for _ in 0..100_000 {
            lane.deposit(0.2);
        }
        assert!((0..1_000).filter(|_| lane.withdraw()).count() <= 101);
    }
}

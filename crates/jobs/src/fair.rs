//! Whose judge is asked next: callers take turns, whatever each of them has waiting (start-time fair queueing, Goyal et
//! al. 1996). A job's tag is the turn it stands for, one after the caller's last but never before the turn that is being
//! served; lower tags are fetched first, and equal ones in order of arrival.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

/// Callers remembered; one that was forgotten begins at the present turn.
const MOST: usize = 10_000;

/// Turns of all callers.
#[derive(Debug, Default)]
pub struct Turns {
    served: AtomicU64,
    last: Mutex<HashMap<Arc<str>, u64>>,
}

impl Turns {
    /// The turn of a caller's next job.
    pub(crate) fn next(&self, caller: &Arc<str>) -> u64 {
        let served = self.served.load(Ordering::Relaxed);
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.len() >= MOST {
            last.retain(|_, turn| *turn >= served);
        }
        let turn = last.get(caller).map_or(served, |turn| (turn + 1).max(served));
        last.insert(Arc::clone(caller), turn);
        turn
    }

    /// A job of this turn is at work.
    pub(crate) fn serve(&self, turn: u64) {
        self.served.fetch_max(turn, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_with_a_few_jobs_does_not_wait_for_one_with_thousands() {
        let turns = Turns::default();
        let (busy, quiet): (Arc<str>, Arc<str>) = ("busy".into(), "quiet".into());
        let mut jobs: Vec<(u64, usize, &str)> = (0..1_000).map(|n| (turns.next(&busy), n, "busy")).collect();
        for (turn, ..) in jobs.iter().take(100) {
            turns.serve(*turn);
        }
        jobs.drain(..100);
        jobs.extend((0..10).map(|n| (turns.next(&quiet), 1_000 + n, "quiet")));
        jobs.sort_unstable();
        let place = jobs.iter().rposition(|(.., caller)| *caller == "quiet").unwrap();
        assert!(place < 21, "{place}");
    }
}

//! Canary requests in flight, by their start. The evidence folds exposures in order of assignment, so it must know
//! the oldest one that has not ended: a slow answer left out would let quick ones decide (fast bad answers, slow good
//! ones, or the reverse). A fixed table of atomics: claiming and freeing a place is one compare-and-set each.

use std::sync::{
    Arc,
    atomic::{
        AtomicI64, AtomicUsize,
        Ordering::{AcqRel, Acquire, Relaxed, Release},
    },
};

use weir_core::Timestamp;

use crate::Vital;

/// Exposures tracked at once. Beyond it [`Exposed::oldest`] stays at the instant the table overflowed.
const PLACES: usize = 16_384;
/// Tries before the table counts as full.
const PROBES: usize = 64;
const FREE: i64 = 0;

/// The table.
#[derive(Debug)]
pub struct Exposed {
    starts: Box<[AtomicI64]>,
    cursor: AtomicUsize,
    /// Requests that found no place.
    untracked: AtomicUsize,
    /// Start of the first of them; `FREE` while there is none.
    untracked_since: AtomicI64,
}

impl Default for Exposed {
    fn default() -> Self {
        Self {
            starts: (0..PLACES).map(|_| AtomicI64::new(FREE)).collect(),
            cursor: AtomicUsize::new(0),
            untracked: AtomicUsize::new(0),
            untracked_since: AtomicI64::new(FREE),
        }
    }
}

impl Exposed {
    /// Counts a request that started at `start` as in flight until the guard is dropped.
    #[must_use]
    pub fn begin(self: &Arc<Self>, start: Timestamp) -> ExposedGuard {
        let from = self.cursor.fetch_add(1, Relaxed);
        let place = (0..PROBES).map(|step| (from + step) % PLACES).find(|&place| {
            self.starts.get(place).is_some_and(|slot| slot.compare_exchange(FREE, start.0, Relaxed, Relaxed).is_ok())
        });
        if place.is_none() {
            self.untracked.fetch_add(1, Relaxed);
            let _ = self.untracked_since.compare_exchange(FREE, start.0, Relaxed, Relaxed);
        }
        ExposedGuard { table: Arc::clone(self), place, candidate: None }
    }

    /// Start of the oldest exposure in flight; `None` when there is none.
    #[must_use]
    pub fn oldest(&self) -> Option<Timestamp> {
        let tracked = self.starts.iter().map(|slot| slot.load(Acquire)).filter(|&start| start != FREE).min();
        let untracked = Some(self.untracked_since.load(Acquire)).filter(|&start| start != FREE);
        tracked.into_iter().chain(untracked).min().map(Timestamp)
    }
}

/// One exposure in flight.
#[derive(Debug)]
pub struct ExposedGuard {
    table: Arc<Exposed>,
    place: Option<usize>,
    candidate: Option<Arc<Vital>>,
}

impl ExposedGuard {
    /// It is on the candidate's side: counts it among that deployment's exposed requests while it is in flight.
    pub fn on_candidate(&mut self, vital: Arc<Vital>) {
        if self.candidate.is_none() {
            vital.exposed.fetch_add(1, Relaxed);
            self.candidate = Some(vital);
        }
    }
}

impl Drop for ExposedGuard {
    fn drop(&mut self) {
        if let Some(vital) = &self.candidate {
            vital.exposed.fetch_sub(1, Relaxed);
        }
        // Whoever sees it gone sees what was recorded of it.
        match self.place.and_then(|place| self.table.starts.get(place)) {
            Some(slot) => slot.store(FREE, Release),
            None if self.table.untracked.fetch_sub(1, AcqRel) == 1 => self.table.untracked_since.store(FREE, Release),
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_in_flight_is_known_until_it_ends() {
        let table = Arc::new(Exposed::default());
        let (old, young) = (table.begin(Timestamp(5)), table.begin(Timestamp(9)));
        assert_eq!(table.oldest(), Some(Timestamp(5)));
        drop(old);
        assert_eq!(table.oldest(), Some(Timestamp(9)));
        drop(young);
        assert_eq!(table.oldest(), None);
    }

    #[test]
    fn the_candidates_own_exposures_are_counted_until_they_end() {
        let (table, vital) = (Arc::new(Exposed::default()), Arc::new(Vital::default()));
        let (mut candidate, control) = (table.begin(Timestamp(5)), table.begin(Timestamp(6)));
        candidate.on_candidate(Arc::clone(&vital));
        assert_eq!(vital.exposed(), 1);
        drop(control);
        assert_eq!(vital.exposed(), 1);
        drop(candidate);
        assert_eq!(vital.exposed(), 0);
    }

    #[test]
    fn a_full_table_stays_at_the_oldest_it_could_not_track() {
        let table = Arc::new(Exposed::default());
        let places: Vec<_> = (0..PLACES).map(|_| table.begin(Timestamp(100))).collect();
        let extra = table.begin(Timestamp(50));
        drop(places);
        assert_eq!(table.oldest(), Some(Timestamp(50)));
        drop(extra);
        assert_eq!(table.oldest(), None);
    }
}

//! The gate of each canary on this gateway: shut at once, without the store, by whoever takes exposure away; and by the
//! gateway itself, when its own requests say that the candidate fails.
//!
//! The breaker folds in order of dispatch: a request counts as a success from the moment it is sent, because fast
//! failures outrun slow answers. It is shut for the version of the canary that was exposed; a later version, stored by
//! a controller that knew of it, opens it again.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
};

use arc_swap::ArcSwap;
use weir_core::{CanaryId, canary::Canary, decision::Arm};
use weir_stats::guard;

use crate::{Live, SnapshotCell};

/// Failures above the control arm's rate that are allowed.
const SLACK: f64 = 0.02;
/// Evidence that shuts the gate: `ln 1000`.
const SHUT_AT: f64 = 6.907_755_278_982_137;

/// Gates held before those of canaries that are over are forgotten.
const MOST_GATES: usize = 256;

/// Takes a canary's exposure away on this process, at once and without the store.
pub fn withdraw(live: &Live, cell: &SnapshotCell, canary: &Canary) {
    live.gates().of(&canary.id).shut(canary.version);
    cell.withdraw(&canary.id);
}

/// The gates of all canaries this process has exposed.
#[derive(Debug, Default)]
pub struct Gates(ArcSwap<HashMap<CanaryId, Arc<Gate>>>);

impl Gates {
    /// The gate of one canary; open when it is new.
    #[must_use]
    pub fn of(&self, canary: &CanaryId) -> Arc<Gate> {
        if let Some(gate) = self.0.load().get(canary) {
            return Arc::clone(gate);
        }
        let fresh = Arc::new(Gate::default());
        let old = self.0.rcu(|gates| {
            let mut gates = HashMap::clone(gates);
            gates.entry(canary.clone()).or_insert_with(|| Arc::clone(&fresh));
            gates
        });
        old.get(canary).cloned().unwrap_or(fresh)
    }

    /// Forgets the gates of canaries that are over, but not at once those that were shut: a snapshot that was begun
    /// before the retreat may still be published, and must not find the gate open.
    pub fn keep(&self, active: &[CanaryId]) {
        let gates = self.0.load();
        let crowded = gates.len() > MOST_GATES;
        let stays = |id: &CanaryId, gate: &Gate| active.contains(id) || (!crowded && gate.was_shut());
        if gates.iter().any(|(id, gate)| !stays(id, gate)) {
            self.0.rcu(|gates| {
                let kept = gates.iter().filter(|(id, gate)| stays(id, gate));
                kept.map(|(id, gate)| (id.clone(), Arc::clone(gate))).collect::<HashMap<_, _>>()
            });
        }
    }
}

/// One canary's gate.
#[derive(Debug, Default)]
pub struct Gate {
    /// Versions up to this one are not exposed.
    shut_for: AtomicU64,
    /// The newest version that was exposed.
    exposed: AtomicU64,
    tripped: AtomicBool,
    sent: [AtomicU64; 2],
    failed: [AtomicU64; 2],
}

impl Gate {
    /// Ends the exposure of this version and all before it, at once and without anybody's help.
    pub fn shut(&self, version: u64) {
        self.shut_for.fetch_max(version, Relaxed);
    }
    /// True when this version may be exposed.
    #[must_use]
    pub fn is_open(&self, version: u64) -> bool {
        version > self.shut_for.load(Relaxed)
    }
    fn was_shut(&self) -> bool {
        self.shut_for.load(Relaxed) > 0
    }
    /// This version is about to be exposed.
    pub fn exposing(&self, version: u64) {
        self.exposed.fetch_max(version, Relaxed);
    }
    /// True when the breaker shut it.
    #[must_use]
    pub fn tripped(&self) -> bool {
        self.tripped.load(Relaxed)
    }

    /// A request is sent to its arm.
    pub fn sent(&self, arm: Arm) {
        if let Some(count) = self.sent.get(place(arm)) {
            count.fetch_add(1, Relaxed);
        }
    }

    /// A request failed in its arm. True when that shut the gate, the first time.
    pub fn failed(&self, arm: Arm) -> bool {
        if let Some(count) = self.failed.get(place(arm)) {
            count.fetch_add(1, Relaxed);
        }
        let [sent, control_sent] = [0, 1].map(|arm: usize| self.sent.get(arm).map_or(0, |count| count.load(Relaxed)));
        let [failed, control_failed] =
            [0, 1].map(|arm: usize| self.failed.get(arm).map_or(0, |count| count.load(Relaxed)));
        let allowed = guard::allowed(control_failed, control_sent, SLACK);
        let trips = guard::log_e_failures(failed, sent, allowed) >= SHUT_AT && !self.tripped.swap(true, Relaxed);
        if trips {
            self.shut(self.exposed.load(Relaxed));
        }
        trips
    }
}

const fn place(arm: Arm) -> usize {
    match arm {
        Arm::Candidate => 0,
        Arm::Control => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failures(gate: &Gate, arm: Arm, count: u32) -> bool {
        (0..count).fold(false, |shut, _| {
            gate.sent(arm);
            gate.failed(arm) || shut
        })
    }

    #[test]
    fn three_failures_shut_it_and_a_later_version_opens_it() {
        let gate = Gate::default();
        gate.exposing(4);
        assert!(!failures(&gate, Arm::Candidate, 2));
        assert!(gate.is_open(4));
        assert!(failures(&gate, Arm::Candidate, 1));
        assert!(!gate.is_open(4) && gate.tripped());
        assert!(!failures(&gate, Arm::Candidate, 3), "it is told once");
        assert!(gate.is_open(5));
    }

    #[test]
    fn requests_in_flight_count_as_successes() {
        let gate = Gate::default();
        (0..60).for_each(|_| gate.sent(Arm::Candidate));
        assert!(!failures(&gate, Arm::Candidate, 3), "three fast failures beside sixty slow answers");
    }

    #[test]
    fn an_outage_of_both_arms_is_not_the_candidates() {
        let gate = Gate::default();
        for _ in 0..100 {
            assert!(!failures(&gate, Arm::Control, 1));
            assert!(!failures(&gate, Arm::Candidate, 1));
        }
    }

    #[test]
    fn gates_are_shared_and_one_that_was_shut_outlives_its_canary() {
        let gates = Gates::default();
        gates.of(&"c-1".into()).shut(7);
        gates.of(&"c-3".into()).exposing(2);
        gates.keep(&["c-2".into()]);
        assert!(!gates.of(&"c-1".into()).is_open(7), "an older snapshot may still come");
        assert_eq!(gates.0.load().len(), 1, "one that ended well is forgotten");
    }

    #[test]
    fn gates_do_not_gather_without_bound() {
        let gates = Gates::default();
        for number in 0..=MOST_GATES {
            gates.of(&CanaryId::from(format!("c-{number}").as_str())).shut(1);
        }
        gates.keep(&["c-0".into()]);
        assert_eq!(gates.0.load().len(), 1);
    }
}

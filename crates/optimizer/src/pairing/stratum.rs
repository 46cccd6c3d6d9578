//! One segment's comparison: two queues of resolved units and the histograms of its pairs. Units of different segments
//! are never compared, so that a candidate which gets other prompts than the control is not judged by them.

use std::{collections::VecDeque, time::Duration};

use weir_core::{canary::Baseline, decision::Arm};

use super::{sums::Sums, unit::Unit};

/// A unit gives way to a younger one of its own arm when its partner came later than this.
const PAIR_GAP: Duration = Duration::from_mins(10);

/// One segment.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Stratum {
    waiting: [VecDeque<Unit>; 2],
    units: u64,
    sums: Sums,
}

impl Stratum {
    /// Its own pairs.
    #[must_use]
    pub const fn sums(&self) -> &Sums {
        &self.sums
    }

    /// Units resolved in both arms.
    #[must_use]
    pub const fn units(&self) -> u64 {
        self.units
    }

    pub(super) fn push(&mut self, arm: Arm, unit: Unit) {
        self.units += 1;
        self.waiting[index(arm)].push_back(unit);
    }

    /// The next candidate and control to be compared, the k-th with the k-th.
    pub(super) fn next_pair(&mut self) -> Option<(Unit, Unit)> {
        loop {
            let [candidates, controls] = &mut self.waiting;
            let (Some(candidate), Some(control)) = (candidates.front(), controls.front()) else {
                return None;
            };
            let (candidate_at, control_at) = (candidate.assigned_at, control.assigned_at);
            // Compared units should be of the same time. Which one gives way depends on assignment times alone.
            let candidate_older = candidate_at <= control_at;
            let (older, younger) =
                if candidate_older { (candidate_at, control_at) } else { (control_at, candidate_at) };
            let queue = if candidate_older { &mut *candidates } else { &mut *controls };
            let successor_fits = queue.get(1).is_some_and(|next| next.assigned_at <= younger);
            if successor_fits && younger.since(older) > PAIR_GAP {
                queue.pop_front();
                continue;
            }
            return candidates.pop_front().zip(controls.pop_front());
        }
    }

    pub(super) fn add(&mut self, candidate: &Unit, control: &Unit, baseline: &Baseline) {
        self.sums.add(candidate, control, baseline);
    }
}

pub(super) const fn index(arm: Arm) -> usize {
    match arm {
        Arm::Candidate => 0,
        Arm::Control => 1,
    }
}

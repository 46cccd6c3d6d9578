//! What eval runs say of deployments. A run asks a fixed set of items once, so it is no traffic: its grades never enter a
//! window. They say where to expect a window to be while there is little traffic, with a weight of their own; and a gate
//! that failed takes a deployment out of ordinary traffic until it is let back.

use std::collections::{HashMap, HashSet};

use weir_core::{DeploymentId, WorkloadId};
use weir_stats::window::PRIOR_WEIGHT;

use super::Key;

/// What one answer of a run counts beside one of traffic: the same scorer on other prompts.
const SHARE: f64 = 0.25;
/// The most that a run counts, in grades of traffic.
const MOST: f64 = 50.0;

/// A run's word on one window.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Offline {
    /// Mean grade, `0..=1`.
    pub mean: f64,
    /// Graded answers.
    pub n: u64,
}

impl Offline {
    /// Weight in grades of traffic, `0..=50`.
    #[must_use]
    pub fn weight(self) -> f64 {
        (SHARE * self.n as f64).min(MOST)
    }

    /// A prior and its weight with this run in them.
    pub(super) fn join(self, prior: f64) -> (f64, f64) {
        let weight = self.weight();
        let total = PRIOR_WEIGHT + weight;
        ((PRIOR_WEIGHT * prior + weight * self.mean) / total, total)
    }
}

/// What is known from runs, replaced whole whenever one ends.
#[derive(Debug, Clone, Default)]
pub struct Runs {
    /// By window of the whole workload.
    pub means: HashMap<Key, Offline>,
    /// Who is out of whose ordinary traffic.
    pub out: HashSet<(WorkloadId, DeploymentId)>,
}

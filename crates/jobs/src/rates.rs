//! What rules sample now: their configured share, moved to where decisions are open, lowered while the queue is behind,
//! nothing while a rule is paused. The share that was used stands on every score.

use std::collections::{HashMap, HashSet};

use weir_core::{DeploymentId, RuleName, rule::Rule};

/// How long the oldest waiting job may have waited, in seconds, before less is sampled.
const TARGET_S: u64 = 30;
/// The least part of its share that a rule keeps.
const LEAST: f64 = 0.02;

/// What rules sample now.
#[derive(Debug, Clone, PartialEq)]
pub struct Rates {
    /// What every share is multiplied by, `0.02..=1`.
    pub(crate) factor: f64,
    /// Rules that score nothing: by somebody's order, or because their budget is spent.
    pub(crate) paused: HashSet<RuleName>,
    /// Shares of adaptive rules by deployment.
    pub(crate) adaptive: HashMap<RuleName, HashMap<DeploymentId, f64>>,
}

impl Default for Rates {
    fn default() -> Self {
        Self { factor: 1.0, paused: HashSet::new(), adaptive: HashMap::new() }
    }
}

impl Rates {
    pub(crate) fn is_paused(&self, rule: &RuleName) -> bool {
        self.paused.contains(rule)
    }

    /// The share of a deployment's answers that a rule scores, `0..=1`.
    pub(crate) fn share(&self, rule: &Rule, deployment: Option<&DeploymentId>) -> f64 {
        let moved = self.adaptive.get(&rule.name).zip(deployment).and_then(|(shares, id)| shares.get(id));
        moved.copied().unwrap_or(rule.sample) * self.factor
    }
}

/// The factor after a look at the queue: it falls by 30 % a look while the oldest job waits too long, and comes back in
/// steps of 5 points.
pub(crate) fn next_factor(factor: f64, oldest_s: u64) -> f64 {
    if oldest_s > TARGET_S { (factor * 0.7).max(LEAST) } else { (factor + 0.05).min(1.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_that_is_behind_lowers_what_is_sampled_and_never_to_nothing() {
        let mut factor = 1.0;
        for _ in 0..100 {
            factor = next_factor(factor, TARGET_S + 1);
        }
        assert!((factor - LEAST).abs() < 1e-12);
        for _ in 0..20 {
            factor = next_factor(factor, 0);
        }
        assert!((factor - 1.0).abs() < 1e-12);
    }
}

//! What to try next: the candidate whose trial is expected to save most per pair it takes. A cheap deployment that is
//! probably too bad, and a good one that saves little, both wait; so does one so close to the floor that no affordable
//! number of pairs would tell.

use serde::Serialize;
use weir_stats::{maths::normal_cdf, window::VARIANCE_FLOOR};

/// What is known of a deployment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Known {
    /// Cost per request.
    pub cost: f64,
    /// Mean quality, shrunk.
    pub mean: f64,
    /// Its standard error.
    pub se: f64,
    /// Variance of one grade.
    pub variance: f64,
}

/// What a trial is held against.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bar {
    /// Cost per request of what serves now.
    pub cost: f64,
    /// Quality that must be kept: the floor, or what serves now.
    pub quality: f64,
    /// Loss that is accepted, the canary's margin.
    pub tolerance: f64,
    /// The canary's error rate.
    pub alpha: f64,
}

/// The worth of one trial.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Trial {
    /// Saving per request × probability / pairs.
    pub index: f64,
    /// Probability that it is good enough, `0..=1`.
    pub good: f64,
    /// Pairs it would take.
    pub pairs: f64,
    /// Saving per request if it is.
    pub saving: f64,
}

/// The worth of trying this deployment: `saving · P(quality ≥ bar − tolerance) / pairs`, with `pairs = 2·v·ln(1/α) /
/// max(|q − bar + tolerance|, se)²`. `None` when it would save nothing, or a number is odd.
#[must_use]
pub fn worth(known: &Known, bar: &Bar) -> Option<Trial> {
    let saving = bar.cost - known.cost;
    let room = known.mean - bar.quality + bar.tolerance;
    let se = known.se.max(1e-6);
    let distance = room.abs().max(se);
    let pairs = 2.0 * known.variance.max(VARIANCE_FLOOR) * (1.0 / bar.alpha).ln() / (distance * distance);
    let good = normal_cdf(room / se);
    let index = saving * good / pairs.max(1.0);
    (saving > 0.0 && index.is_finite()).then_some(Trial { index, good, pairs, saving })
}

/// Deployments worth a trial, by position, most worth first. Equals keep their order.
#[must_use]
pub fn ranked(known: &[Option<Known>], bar: &Bar) -> Vec<(usize, Trial)> {
    let mut trials: Vec<_> = known
        .iter()
        .enumerate()
        .filter_map(|(position, known)| Some((position, worth(known.as_ref()?, bar)?)))
        .collect();
    trials.sort_by(|(_, left), (_, right)| right.index.total_cmp(&left.index));
    trials
}

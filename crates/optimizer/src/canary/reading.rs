//! What the pairs say, as numbers: one reading of the evidence, with the thresholds it is held against.

use weir_core::{
    canary::{Canary, Evidence},
    decision::Arm,
};
use weir_stats::{
    eprocess::{interval, log_e_harm, log_e_promote, log_e_rollback},
    guard, srm,
};

use crate::pairing::{ArmCount, BAND_ALPHA, PairState};

/// Tests that may roll back, the paired one and the error guard: each gets its part of `alpha_rollback`.
const ROLLBACK_TESTS: f64 = 2.0;
/// The error guard rolls back at this evidence, `ln 1000`; far below its part of `alpha_rollback`.
const ERRORS_AT: f64 = 6.907_755_278_982_137;
/// Failures above the control arm's rate that are still allowed.
const ERROR_SLACK: f64 = 0.02;
/// Standard errors of the control arm's count of failures that are allowed for.
const ERROR_DOUBT: f64 = 2.0;
/// The control arm's rate starts from this. Worth one request only: when both arms fail, the control's failures must
/// count at once.
const ERROR_PRIOR: f64 = 0.01;
/// See [`ERROR_PRIOR`].
const ERROR_PRIOR_WEIGHT: f64 = 1.0;

/// Everything a verdict is decided from.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// The numbers that are stored and shown.
    pub evidence: Evidence,
    /// Log evidence that the candidate is worse at all.
    pub log_e_harm: f64,
    /// Sample variance of the paired differences.
    pub variance: f64,
    /// How often the candidate fails.
    pub errors: ErrorGuard,
    /// Units per arm since the canary's last change, candidate first.
    pub units: (u64, u64),
    /// Log Bayes factor against arms of equal size.
    pub log_bf_units: f64,
    /// Log Bayes factor against scores going missing equally often in both arms.
    pub log_bf_missing: f64,
}

/// The error guard's numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ErrorGuard {
    /// Candidate requests whose deployment failed.
    pub failures: u64,
    /// Candidate requests, those in flight included.
    pub requests: u64,
    /// Failure rate that is allowed: the control arm's, its doubt and two points, `0..=1`.
    pub allowed: f64,
    /// Log evidence that the rate is higher.
    pub log_e: f64,
    /// Rolls back when `log_e` reaches this.
    pub rollback_at: f64,
}

/// Reads the evidence. With no pairs the difference is 0 within `-1..=1`.
#[must_use]
pub fn read(canary: &Canary, pairs: &PairState) -> Reading {
    let (candidate, control) = (pairs.arm(Arm::Candidate), pairs.arm(Arm::Control));
    Reading {
        evidence: evidence(canary, pairs),
        log_e_harm: log_e_harm(pairs.grid(), pairs.rollback()),
        variance: pairs.promote().variance(),
        errors: errors(candidate, control, pairs.in_flight()),
        units: (candidate.units, control.units),
        log_bf_units: srm::log_bayes_factor(candidate.units, control.units),
        log_bf_missing: srm::log_bayes_factor(candidate.lone_missing, control.lone_missing),
    }
}

/// The part of a reading that is stored and shown. Means, difference and band come from pairs with both grades; the
/// two tests also count pairs with one grade missing, each at its worst case.
#[must_use]
pub fn evidence(canary: &Canary, pairs: &PairState) -> Evidence {
    let (grid, margin) = (pairs.grid(), canary.plan.margin);
    let (candidate, control) = (pairs.arm(Arm::Candidate), pairs.arm(Arm::Control));
    let (lower, upper) = interval(grid, pairs.observed(), BAND_ALPHA);
    let observed = pairs.observed().n().max(1) as f64;
    Evidence {
        pairs: pairs.promote().n(),
        step_pairs: pairs.step_pairs(),
        candidate_mean: candidate.grades / observed,
        control_mean: control.grades / observed,
        delta: pairs.observed().mean(),
        lower,
        upper,
        log_e_promote: log_e_promote(grid, pairs.promote(), margin),
        promote_at: (1.0 / canary.plan.alpha_promote).ln(),
        log_e_rollback: log_e_rollback(grid, pairs.rollback(), margin),
        rollback_at: (ROLLBACK_TESTS / canary.plan.alpha_rollback).ln(),
        missing_candidate: candidate.missing,
        missing_control: control.missing,
    }
}

/// The control arm's own failures raise what is allowed, so that an outage of everything is not the candidate's fault:
/// its rate, two standard errors of the count, and a slack. Without a failure there the first two stay near nothing, which is what
/// sees an outage in three requests; the price is that a control arm which fails often, but has not yet, is taken for a
/// healthy one, and the candidate may be rolled back for the same fault.
fn errors(candidate: &ArmCount, control: &ArmCount, in_flight: u64) -> ErrorGuard {
    let seen = control.failures as f64;
    let known = control.requests as f64 + ERROR_PRIOR_WEIGHT;
    let rate = (seen + ERROR_PRIOR * ERROR_PRIOR_WEIGHT) / known;
    let doubt = ERROR_DOUBT * seen.sqrt() / known;
    let allowed = (rate + doubt + ERROR_SLACK).min(1.0);
    let requests = candidate.requests + in_flight;
    ErrorGuard {
        failures: candidate.failures,
        requests,
        allowed,
        log_e: guard::log_e_failures(candidate.failures, requests, allowed),
        rollback_at: ERRORS_AT,
    }
}

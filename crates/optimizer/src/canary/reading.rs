//! What the pairs say, as numbers: one reading of the evidence, with the thresholds it is held against.

use std::sync::Arc;

use weir_core::{
    canary::{Canary, CanaryState, Evidence, Inputs, StratumReading},
    decision::Arm,
};
use weir_stats::{
    eprocess::{Grid, interval, log_e_floor, log_e_harm, log_e_promote, log_e_rollback},
    histogram::PairHistogram,
};

use super::{guards, spending};
use crate::pairing::{BAND_ALPHA, OtherVersion, PairState};

/// Evidence of any harm that holds a canary: `ln 20`.
const HARM_AT: f64 = 2.995_732_273_553_991;
/// A segment's own loss beyond this takes it out of scope.
const SEGMENT_MARGIN: f64 = 0.05;
/// Promotion wants proof from every segment that its loss is within this, or within the plan's margin if wider.
const SEGMENT_WIDE: f64 = 0.15;
/// That proof: `ln 10`.
const SEGMENT_AT: f64 = std::f64::consts::LN_10;

/// Everything a verdict is decided from.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// The numbers that are stored and shown.
    pub evidence: Evidence,
    /// Sample variance of the paired differences.
    pub variance: f64,
    /// Log evidence that the candidate is cheaper at all; 0 without known costs.
    pub log_e_saving: f64,
    /// A version that scores come with now, of the canary's scorer or of a guard, when it is not the one that is folded.
    pub other_version: Option<OtherVersion>,
    /// Lower end of the anytime-valid 95 % band with missing grades at their worst, `-1..=1`.
    pub worst: f64,
}

/// Reads the evidence. With no pairs the difference is 0 within `-1..=1`.
#[must_use]
pub fn read(canary: &Canary, pairs: &PairState, inputs: &Inputs) -> Reading {
    let plan = &canary.plan;
    let grid = pairs.grid();
    // Before anybody is exposed the same-prompt pairs are all there is.
    let shadow = canary.state == CanaryState::Shadow;
    let sums = pairs.without(&canary.scoped_out);
    let [promote, rollback, observed] =
        if shadow { [pairs.shadow(); 3] } else { [sums.promote(), sums.rollback(), sums.observed()] };
    let (candidate, control) = (pairs.arm(Arm::Candidate), pairs.arm(Arm::Control));
    let (lower, upper) = interval(grid, observed, BAND_ALPHA);
    let worst = interval(grid, promote, BAND_ALPHA).0;
    let evidence = Evidence {
        pairs: promote.n(),
        step_pairs: pairs.step_pairs(),
        candidate_mean: sums.mean(Arm::Candidate),
        control_mean: sums.mean(Arm::Control),
        delta: observed.mean(),
        lower,
        upper,
        log_e_promote: log_e_promote(grid, promote, plan.margin),
        promote_at: (1.0 / spending::alpha(plan)).ln(),
        log_e_rollback: log_e_rollback(grid, rollback, plan.margin),
        rollback_at: guards::rollback_at(plan),
        log_e_harm: log_e_harm(grid, rollback),
        hold_at: HARM_AT,
        log_e_floor: plan.floor.map(|floor| log_e_floor(grid, sums.grades(), floor)),
        missing_candidate: candidate.missing,
        missing_control: control.missing,
        alpha: spending::alpha(plan),
        attempt: plan.attempt,
        share: granted(canary, worst),
        watermark: pairs.watermark(),
        scorer_version: pairs.version().cloned(),
        guards: guards::read(plan, pairs, &sums, inputs),
        strata: strata(canary, pairs),
        histogram: digest([sums.promote(), sums.rollback(), sums.observed(), pairs.shadow()]),
        battles: pairs.battles(),
        // Both ends at half the level: an interval's two ends at α are each one at α/2.
        lower_by_people: inputs.bias.map(|bias| interval(grid, promote, spending::alpha(plan)).0 - bias.upper),
        inputs: inputs.clone(),
        code: env!("CARGO_PKG_VERSION").to_owned(),
    };
    Reading {
        evidence,
        variance: promote.variance(),
        log_e_saving: log_e_promote(grid, sums.savings(), 0.0),
        other_version: pairs.other_version(),
        worst,
    }
}

/// The share of units per arm that may be exposed: the state's ceiling, within what the risk budget allows of a
/// candidate that loses as much as it may at worst.
fn granted(canary: &Canary, worst: f64) -> f64 {
    /// A loss below a hundredth of a cent is none.
    const LEAST_LOSS: f64 = 1e-4;
    let ceiling = canary.ceiling();
    // What is verified was proven: only the hold-back is left of the comparison.
    if canary.state == CanaryState::Verifying {
        return ceiling;
    }
    ceiling.min(canary.plan.risk_budget / (-worst).max(LEAST_LOSS))
}

fn strata(canary: &Canary, pairs: &PairState) -> Vec<StratumReading> {
    let all: u64 = pairs.strata().map(|(_, stratum)| stratum.units()).sum();
    let count = pairs.strata().count().max(1) as f64;
    let grid = pairs.grid();
    let wide = canary.plan.margin.max(SEGMENT_WIDE);
    // The wide margin of a segment is also what takes it out when the plan allows more than five points.
    let narrow = canary.plan.margin.max(SEGMENT_MARGIN);
    pairs
        .strata()
        .map(|(segment, stratum)| {
            let (lower, upper) = band(grid, stratum.sums().observed());
            StratumReading {
                segment: Arc::clone(segment),
                traffic: stratum.units() as f64 / all.max(1) as f64,
                pairs: stratum.sums().promote().n(),
                delta: stratum.sums().observed().mean(),
                lower,
                upper,
                log_e_promote: log_e_promote(grid, stratum.sums().promote(), wide),
                promote_at: SEGMENT_AT,
                log_e_rollback: log_e_rollback(grid, stratum.sums().rollback(), narrow),
                scope_out_at: (count / canary.plan.alpha_rollback).ln(),
                scoped_out: canary.scoped_out.contains(segment),
            }
        })
        .collect()
}

fn band(grid: &Grid, pairs: &PairHistogram) -> (f64, f64) {
    interval(grid, pairs, BAND_ALPHA)
}

/// BLAKE3 over every histogram's counts in order.
fn digest(histograms: [&PairHistogram; 4]) -> String {
    let mut hasher = blake3::Hasher::new();
    for histogram in histograms {
        for count in histogram.counts() {
            hasher.update(&count.to_le_bytes());
        }
    }
    hasher.finalize().to_hex().to_string()
}

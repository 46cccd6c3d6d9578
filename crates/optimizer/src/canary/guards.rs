//! The guards: what may go wrong besides grades. Each is a Bernoulli e-process, a paired test or a Bayes factor with its
//! own bar, so it may be looked at after every request.

use std::time::Duration;

use weir_core::{
    ScorerName,
    canary::{CanaryPlan, GuardReading, Inputs},
    decision::Arm,
};
use weir_stats::{
    eprocess::{Grid, log_e_promote, log_e_rollback},
    guard, srm,
};

use super::spending;
use crate::pairing::{PairState, Sums, Tested};

/// Parts of `alpha_rollback` that the guards of rates may spend: `ln 1000` and `ln 500` at the default. What they watch shows
/// within few requests at any level, while grades need every pair they can be spared.
const ERRORS_PART: f64 = 0.02;
const LATENCY_PART: f64 = 0.04;
/// Evidence that holds a canary because its arms are not alike: `ln 1000`.
const ALIKE_AT: f64 = 6.907_755_278_982_137;
/// Evidence of slowness that holds: `ln 100`.
const SLOW_AT: f64 = 4.605_170_185_988_092;
/// A rate above the control's that is allowed: two points of failures, five of slow answers.
const ERROR_SLACK: f64 = 0.02;
const SLOW_SLACK: f64 = 0.05;
/// Slow answers that are allowed whatever the control does; the bar is its 95th percentile.
const SLOW_LEAST: f64 = 0.10;
/// A promotion takes proof that the candidate has no more slow answers than the control and this, or the plan's margin if
/// that is wider.
const SLOW_MARGIN: f64 = 0.05;
/// What a guarded scorer's mean grade may lose.
const CHECK_MARGIN: f64 = 0.01;
/// Before the name of a guarded scorer, so that one named `cost` is not taken for the guard of costs.
pub(super) const CHECK: &str = "check:";
/// The scorer is unwell when more than this part of either arm's units has no score …
const UNSCORED: f64 = 0.2;
/// … over this time and the time that a score may take, …
const UNSCORED_OVER: Duration = Duration::from_mins(5);
/// … of at least this many units.
const UNSCORED_FROM: u64 = 20;

/// The evidence at which a test of means rolls back: the paired one, that of the floor, of the cost, of each guard. Rolling back takes
/// any one test, so their levels add up to `alpha_rollback`: these share what the guards of rates leave.
pub(super) fn rollback_at(plan: &CanaryPlan) -> f64 {
    let rates = ERRORS_PART + if plan.baseline.latency_us.is_some() { LATENCY_PART } else { 0.0 };
    let means = 1 + usize::from(plan.floor.is_some()) + usize::from(plan.cost_budget.is_some()) + plan.guards.len();
    bar(plan, (1.0 - rates) / means as f64)
}

/// The log evidence that spends this part of `alpha_rollback`.
fn bar(plan: &CanaryPlan, part: f64) -> f64 {
    (1.0 / (part * plan.alpha_rollback)).ln()
}

/// Every configured guard, in a fixed order; `sums` are the pairs where the candidate still is.
pub(super) fn read(plan: &CanaryPlan, pairs: &PairState, sums: &Sums, inputs: &Inputs) -> Vec<GuardReading> {
    let (candidate, control) = (pairs.arm(Arm::Candidate), pairs.arm(Arm::Control));
    let mut guards = vec![rate(
        "errors",
        (candidate.failures, candidate.requests + inputs.in_flight),
        guard::allowed(control.failures, control.requests, ERROR_SLACK),
        None,
        Some(bar(plan, ERRORS_PART)),
    )];
    let slow = |(n, over): (u64, u64)| guard::allowed(over, n, SLOW_SLACK).max(SLOW_LEAST);
    if plan.baseline.latency_us.is_some() {
        let (n, over) = candidate.timed;
        let fine = log_e_promote(pairs.grid(), sums.prompt(), plan.margin.max(SLOW_MARGIN));
        guards.push(GuardReading {
            log_e_fine: Some(fine),
            promote_at: Some(promote_at(plan)),
            ..rate("latency", (over, n), slow(control.timed), Some(SLOW_AT), Some(bar(plan, LATENCY_PART)))
        });
    }
    if plan.baseline.ttft_us.is_some() {
        let (n, over) = candidate.first_bytes;
        guards.push(rate("first_byte", (over, n), slow(control.first_bytes), Some(SLOW_AT), None));
    }
    if let Some(budget) = plan.cost_budget {
        guards.push(GuardReading {
            name: "cost".into(),
            bad: 0,
            n: sums.savings().n(),
            allowed: budget,
            log_e: log_e_rollback(pairs.grid(), sums.savings(), budget),
            hold_at: None,
            rollback_at: Some(rollback_at(plan)),
            log_e_fine: None,
            promote_at: None,
        });
    }
    let nothing = Tested::default();
    let tested = sums.guarded().iter().chain(std::iter::repeat(&nothing));
    guards.extend(plan.guards.iter().zip(tested).map(|(name, tested)| check(plan, name, tested)));
    guards.push(alike("units", candidate.units, control.units));
    guards.push(alike("missing", candidate.lone_missing, control.lone_missing));
    guards.push(scorer(plan, pairs, inputs));
    guards
}

fn rate(
    name: &str,
    (bad, n): (u64, u64),
    allowed: f64,
    hold_at: Option<f64>,
    rollback_at: Option<f64>,
) -> GuardReading {
    GuardReading {
        name: name.into(),
        bad,
        n,
        allowed,
        log_e: guard::log_e_failures(bad, n, allowed),
        hold_at,
        rollback_at,
        log_e_fine: None,
        promote_at: None,
    }
}

/// A scorer beside the quality whose mean grade the candidate must keep up to a point: proof that it does not rolls back, and
/// a promotion takes proof that it does.
fn check(plan: &CanaryPlan, name: &ScorerName, tested: &Tested) -> GuardReading {
    let grid = Grid::for_margin(CHECK_MARGIN);
    let (n, lost) = (tested.promote.n(), -tested.rollback.mean() * tested.rollback.n() as f64);
    GuardReading {
        name: format!("{CHECK}{name}").into(),
        bad: lost.max(0.0).round() as u64,
        n,
        allowed: CHECK_MARGIN,
        log_e: log_e_rollback(&grid, &tested.rollback, CHECK_MARGIN),
        hold_at: None,
        rollback_at: Some(rollback_at(plan)),
        log_e_fine: Some(log_e_promote(&grid, &tested.promote, CHECK_MARGIN)),
        promote_at: Some(promote_at(plan)),
    }
}

/// Evidence that a promotion takes from each guard that it asks: it takes all of them, so each has the whole level.
fn promote_at(plan: &CanaryPlan) -> f64 {
    (1.0 / spending::alpha(plan)).ln()
}

/// The candidate's count against the control's, which an even split makes equal.
fn alike(name: &str, candidate: u64, control: u64) -> GuardReading {
    let n = candidate + control;
    GuardReading {
        name: name.into(),
        bad: candidate,
        n,
        allowed: 0.5,
        log_e: srm::log_bayes_factor(candidate, control),
        hold_at: Some(ALIKE_AT),
        rollback_at: None,
        log_e_fine: None,
        promote_at: None,
    }
}

/// Scores that go missing in both arms are not the candidate's doing. No test: `log_e` is 1 where the bar is passed.
fn scorer(plan: &CanaryPlan, pairs: &PairState, inputs: &Inputs) -> GuardReading {
    let over = UNSCORED_OVER + Duration::from_millis(plan.score_timeout_ms);
    let arms = [Arm::Candidate, Arm::Control].map(|arm| pairs.missing_since(arm, inputs.now.minus(over)));
    let unwell = arms.iter().all(|&(n, missing)| n >= UNSCORED_FROM && missing as f64 > UNSCORED * n as f64);
    let [(n1, missing1), (n2, missing2)] = arms;
    GuardReading {
        name: "scorer".into(),
        bad: missing1 + missing2,
        n: n1 + n2,
        allowed: UNSCORED,
        log_e: f64::from(u8::from(unwell)),
        hold_at: Some(1.0),
        rollback_at: None,
        log_e_fine: None,
        promote_at: None,
    }
}

//! The verdict at one look. Retreating is judged before advancing, and what ends a canary before what moves it.

use std::time::Duration;

use weir_core::{
    RevisionId, Timestamp,
    canary::{Canary, CanaryState},
};

use super::{reading::Reading, words};

/// An undecided canary expires after this time.
pub const HORIZON: Duration = Duration::from_hours(14 * 24);
/// Evidence of any harm that keeps a canary on its step: `ln 20`.
const HARM_AT: f64 = 2.995_732_273_553_991;
/// Evidence that holds a canary because its arms are not alike: `ln 1000`.
const ALARM_AT: f64 = 6.907_755_278_982_137;

/// What to do with a canary now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing.
    Stay,
    /// Go to the next step.
    Advance,
    /// Stop exposure until a person resumes it; the reason.
    Hold(String),
    /// The candidate becomes the stable deployment.
    Promote,
    /// The candidate is taken back; the reason.
    RollBack(String),
    /// Undecided at its horizon; the stable deployment stays.
    Expire,
    /// Another revision came first.
    Supersede,
}

/// Decides. `head` is the newest revision of the canary's workload.
#[must_use]
pub fn step(canary: &Canary, reading: &Reading, head: &RevisionId, now: Timestamp) -> Verdict {
    if canary.state.is_final() {
        return Verdict::Stay;
    }
    if *head != canary.base {
        return Verdict::Supersede;
    }
    if let Some(reason) = rolls_back(canary, reading) {
        return Verdict::RollBack(reason);
    }
    let running = canary.state == CanaryState::Running;
    if let Some(reason) = alarm(reading).filter(|_| running) {
        return Verdict::Hold(reason);
    }
    let (plan, evidence) = (&canary.plan, &reading.evidence);
    let proven = evidence.log_e_promote >= evidence.promote_at && evidence.pairs >= plan.min_pairs;
    let last_step = canary.step + 1 >= plan.steps.len();
    if running && proven && last_step {
        return Verdict::Promote;
    }
    let over = evidence.pairs >= plan.max_pairs && !(running && proven);
    if over || now.since(canary.created_at) >= HORIZON {
        return Verdict::Expire;
    }
    // A loss within the margin may be real and still acceptable: then proof of that beats evidence of harm.
    let calm = reading.log_e_harm < HARM_AT || proven;
    if running && !last_step && calm && evidence.step_pairs >= plan.step_pairs {
        return Verdict::Advance;
    }
    Verdict::Stay
}

fn rolls_back(canary: &Canary, reading: &Reading) -> Option<String> {
    let errors = &reading.errors;
    if errors.log_e >= errors.rollback_at {
        return Some(format!(
            "{} failed {} of {} requests, allowed are {}: log evidence {:.2} ≥ {:.2}",
            canary.candidate,
            errors.failures,
            errors.requests,
            words::percent(errors.allowed),
            errors.log_e,
            errors.rollback_at
        ));
    }
    let evidence = &reading.evidence;
    (evidence.log_e_rollback >= evidence.rollback_at).then(|| {
        format!(
            "worse than {} by more than {}: log evidence {:.2} ≥ {:.2} after {}, {}",
            canary.control,
            canary.plan.margin,
            evidence.log_e_rollback,
            evidence.rollback_at,
            words::pairs(evidence.pairs),
            words::difference(evidence)
        )
    })
}

fn alarm(reading: &Reading) -> Option<String> {
    let (candidate, control) = reading.units;
    if reading.log_bf_units >= ALARM_AT {
        return Some(format!(
            "arms of equal share have {candidate} and {control} units: log evidence {:.2} ≥ {ALARM_AT:.2}",
            reading.log_bf_units
        ));
    }
    (reading.log_bf_missing >= ALARM_AT).then(|| {
        format!(
            "scores go missing in one arm: {} candidate and {} control answers without one, log evidence {:.2} ≥ {ALARM_AT:.2}",
            reading.evidence.missing_candidate, reading.evidence.missing_control, reading.log_bf_missing
        )
    })
}

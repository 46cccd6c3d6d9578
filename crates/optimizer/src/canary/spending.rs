//! How much error each attempt may spend. Trying the same candidate again and again until it passes by luck would make
//! any level worthless, so each attempt gets a part, and over all attempts they add up to `α`
//! ([`weir_stats::eprocess::attempt_alpha`]).

use std::time::Duration;

use weir_core::{
    DeploymentId, Problem, Timestamp,
    canary::{Canary, CanaryPlan, CanaryState},
    error::CONFLICT,
};
use weir_stats::eprocess::attempt_alpha;

/// Attempts older than this are forgotten.
const REMEMBERED: Duration = Duration::from_hours(90 * 24);

/// The part of `alpha_promote` that this attempt may spend.
#[must_use]
pub(super) fn alpha(plan: &CanaryPlan) -> f64 {
    attempt_alpha(plan.alpha_promote, plan.attempt)
}

/// Which attempt the next canary of this candidate is, from 1, given the workload's canaries in any order. A canary
/// that never exposed anybody was no attempt.
#[must_use]
pub fn attempt(history: &[Canary], candidate: &DeploymentId, now: Timestamp) -> u32 {
    let tried = history
        .iter()
        .filter(|canary| canary.candidate == *candidate && now.since(canary.created_at) < REMEMBERED)
        .filter(|canary| !matches!(canary.state, CanaryState::Rejected | CanaryState::AwaitingApproval))
        .count();
    u32::try_from(tried).unwrap_or(u32::MAX).saturating_add(1)
}

/// Refuses a candidate that was rolled back a moment ago.
///
/// # Errors
/// `CONFLICT`, with the time when it may be tried again.
pub(super) fn cooled_down(
    history: &[Canary],
    candidate: &DeploymentId,
    cooldown: Duration,
    now: Timestamp,
) -> Result<(), Problem> {
    let last = history
        .iter()
        .filter(|canary| canary.candidate == *candidate && canary.state == CanaryState::RolledBack)
        .max_by_key(|canary| canary.changed_at);
    let Some(last) = last.filter(|last| now.since(last.changed_at) < cooldown) else {
        return Ok(());
    };
    let left = last.changed_at.plus(cooldown).since(now).as_secs().div_ceil(60);
    let message = format!(
        "{candidate:?} was rolled back by canary {} and may be tried again in {left} min: {}",
        last.id, last.reason
    );
    Err(Problem::new(&CONFLICT, message).hint("mend the candidate first, or start with `cooldown_ms` 0"))
}

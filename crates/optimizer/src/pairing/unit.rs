//! Exposures into units. A unit is what was randomised: a session, or one request. Its outcome is decided once, by
//! rules that do not depend on when anyone looks, so that folding again from stored rows gives the same pairs.

use std::{sync::Arc, time::Duration};

use weir_core::{
    SpanId, Timestamp,
    canary::{Canary, Exposure, Inputs},
};

/// How long later turns of a session still count towards its grade.
pub const SESSION_WINDOW: Duration = Duration::from_mins(10);
/// Time for a row to be committed after what it records; nothing younger is trusted to be complete.
pub const SETTLE: Duration = Duration::from_secs(1);

/// When and how exposures are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// Now.
    pub now: Timestamp,
    /// Every exposure assigned before this instant has been delivered: the assignment of the oldest request that is
    /// in flight or not yet recorded, else `now`. Slow answers would otherwise be missing from the prefix.
    pub complete_before: Timestamp,
    /// Candidate requests in flight; the error guard counts them as successes.
    pub in_flight: u64,
    /// The canary's last change of state or step: pairs assigned since then are the step's own.
    pub since: Timestamp,
    /// A score that has not come this long after its answer counts as missing.
    pub score_timeout: Duration,
}

impl Moment {
    /// The fold's part of what a decision on this canary looks at.
    #[must_use]
    pub const fn of(canary: &Canary, inputs: &Inputs) -> Self {
        Self {
            now: inputs.now,
            complete_before: inputs.complete_before,
            in_flight: inputs.in_flight,
            since: canary.changed_at,
            score_timeout: Duration::from_millis(canary.plan.score_timeout_ms),
        }
    }
}

/// What became of a unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Outcome {
    /// A grade, `0..=1`.
    Grade(f64),
    /// No grade in time.
    Missing,
}

/// One unit that is done.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Unit {
    /// The request that opened it.
    pub(super) span_id: SpanId,
    pub(super) assigned_at: Timestamp,
    pub(super) outcome: Outcome,
    /// Cost of the request that opened it.
    pub(super) cost_nano: Option<i64>,
    /// Every scorer version behind the outcome, in order of the turns, without repeats in a row.
    pub(super) versions: Vec<Arc<str>>,
}

/// One request's outcome; `None` while it is open.
fn settle(exposure: &Exposure, moment: &Moment) -> Option<Outcome> {
    let deadline = exposure.ended_at.plus(moment.score_timeout);
    if exposure.failed {
        return Some(Outcome::Grade(0.0));
    }
    // A grade that came too late stays missing for good: it may have been folded as such.
    if let Some(grade) = exposure.grade {
        let in_time = exposure.graded_at.is_none_or(|at| at <= deadline);
        return Some(if in_time { Outcome::Grade(grade) } else { Outcome::Missing });
    }
    let timed_out = moment.now > deadline.plus(SETTLE);
    (exposure.unscored || timed_out).then_some(Outcome::Missing)
}

/// The unit that `first` opens, with the requests assigned after it in order; `None` while it is open. A session has
/// the mean grade of its scored turns within [`SESSION_WINDOW`].
pub(super) fn resolve<'a>(
    first: &'a Exposure,
    later: impl Iterator<Item = &'a Exposure>,
    moment: &Moment,
) -> Option<Unit> {
    let window = if first.session { SESSION_WINDOW } else { Duration::ZERO };
    let close = first.assigned_at.plus(window);
    if close >= moment.complete_before || close > moment.now.minus(SETTLE) {
        return None;
    }
    let turns =
        later.take_while(|turn| first.session && turn.assigned_at <= close).filter(|turn| turn.unit == first.unit);
    let (mut sum, mut graded) = (0.0, 0_u32);
    let mut versions: Vec<Arc<str>> = Vec::new();
    for turn in std::iter::once(first).chain(turns) {
        if let Outcome::Grade(grade) = settle(turn, moment)? {
            sum += grade;
            graded += 1;
        }
        if let Some(version) = turn.version.as_ref().filter(|version| versions.last() != Some(version)) {
            versions.push(Arc::clone(version));
        }
    }
    let outcome = if graded == 0 { Outcome::Missing } else { Outcome::Grade(sum / f64::from(graded)) };
    Some(Unit { span_id: first.span_id, assigned_at: first.assigned_at, outcome, cost_nano: first.cost_nano, versions })
}

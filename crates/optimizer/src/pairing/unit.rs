//! Exposures into units. A unit is what was randomised: a session, or one request. Its outcome is decided once, by
//! rules that do not depend on when anyone looks, so that folding again from stored rows gives the same pairs.

use std::{sync::Arc, time::Duration};

use weir_core::{
    ScorerName, SpanId, Timestamp,
    canary::{Canary, Exposure, Inputs},
};

use super::versions::Version;

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
    /// Time that the request that opened it took, in microseconds; `None` when it failed.
    pub(super) latency_us: Option<u64>,
    /// What each guard says, in the plan's order.
    pub(super) guarded: Vec<Outcome>,
    /// Every version behind the outcomes, of the canary's scorer and of its guards, in order of the turns.
    pub(super) versions: Vec<Version>,
}

/// What a scorer said of one answer, and when; without a grade, that it cannot give one. `None` while it said nothing.
type Word = Option<(Option<f64>, Option<Timestamp>)>;

/// One request's outcome by one scorer's word; `None` while it is open.
fn settle(exposure: &Exposure, word: Word, moment: &Moment) -> Option<Outcome> {
    let deadline = exposure.ended_at.plus(moment.score_timeout);
    if exposure.failed {
        return Some(Outcome::Grade(0.0));
    }
    match word {
        // A grade that came too late stays missing for good: it may have been folded as such.
        Some((Some(grade), at)) if at.is_none_or(|at| at <= deadline) => Some(Outcome::Grade(grade)),
        Some(_) => Some(Outcome::Missing),
        None => (moment.now > deadline.plus(SETTLE)).then_some(Outcome::Missing),
    }
}

/// The word of the canary's own scorer.
fn quality(exposure: &Exposure) -> Word {
    (exposure.grade.is_some() || exposure.unscored).then_some((exposure.grade, exposure.graded_at))
}

/// The word of a guard, and its version.
fn guarded<'a>(exposure: &'a Exposure, guard: &ScorerName) -> (Word, Option<&'a Arc<str>>) {
    let word = exposure.guarded.iter().find(|word| word.scorer == *guard);
    (word.map(|word| (word.grade, Some(word.at))), word.map(|word| &word.version))
}

/// Turns' outcomes as one: the mean of their grades.
#[derive(Debug, Clone, Copy, Default)]
struct Turns {
    sum: f64,
    graded: u32,
}

impl Turns {
    fn add(&mut self, outcome: Outcome) {
        if let Outcome::Grade(grade) = outcome {
            self.sum += grade;
            self.graded += 1;
        }
    }

    fn outcome(self) -> Outcome {
        if self.graded == 0 { Outcome::Missing } else { Outcome::Grade(self.sum / f64::from(self.graded)) }
    }
}

/// The unit that `first` opens, with the requests assigned after it in order; `None` while it is open. A session has
/// the mean grade of its scored turns within [`SESSION_WINDOW`].
pub(super) fn resolve<'a>(
    first: &'a Exposure,
    later: impl Iterator<Item = &'a Exposure>,
    guards: &[ScorerName],
    moment: &Moment,
) -> Option<Unit> {
    let window = if first.session { SESSION_WINDOW } else { Duration::ZERO };
    let close = first.assigned_at.plus(window);
    if close >= moment.complete_before || close > moment.now.minus(SETTLE) {
        return None;
    }
    let turns =
        later.take_while(|turn| first.session && turn.assigned_at <= close).filter(|turn| turn.unit == first.unit);
    let (mut own, mut others) = (Turns::default(), vec![Turns::default(); guards.len()]);
    let mut versions: Vec<Version> = Vec::new();
    let mut note = |place: usize, version: Option<&Arc<str>>| {
        let new = version.filter(|version| !versions.iter().any(|(known, one)| *known == place && one == *version));
        versions.extend(new.map(|version| (place, Arc::clone(version))));
    };
    for turn in std::iter::once(first).chain(turns) {
        own.add(settle(turn, quality(turn), moment)?);
        note(0, turn.version.as_ref());
        for (place, (sum, guard)) in others.iter_mut().zip(guards).enumerate() {
            let (word, version) = guarded(turn, guard);
            sum.add(settle(turn, word, moment)?);
            note(place + 1, version);
        }
    }
    let took = first.ended_at.since(first.assigned_at).as_micros();
    Some(Unit {
        span_id: first.span_id,
        assigned_at: first.assigned_at,
        outcome: own.outcome(),
        cost_nano: first.cost_nano,
        latency_us: u64::try_from(took).ok().filter(|_| !first.failed),
        guarded: others.into_iter().map(Turns::outcome).collect(),
        versions,
    })
}

//! How canaries look to people: where one stands, what its pairs say, what happened to it.

use serde::Serialize;
use utoipa::ToSchema;
use weir_core::canary::{Canary, CanaryEvent, Evidence};
use weir_optimizer::{
    canary::{Reading, outlook},
    pairing::Point,
};

use crate::{evidence::Look, time::rfc3339};

/// One canary.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CanaryView {
    id: String,
    workload: String,
    candidate: String,
    /// What it is compared with.
    control: String,
    /// Whose scores decide.
    scorer: String,
    /// The revision it started from.
    base: String,
    /// `running`, `held`, `promoted`, `rolled_back`, `expired` or `superseded`.
    state: &'static str,
    /// Index into `steps`.
    step: usize,
    steps: Vec<f64>,
    /// Share of units in each arm now.
    share: f64,
    /// Largest acceptable loss of mean grade.
    margin: f64,
    /// Where it stands and where it is heading, in one sentence.
    verdict: String,
    evidence: EvidenceView,
    /// More pairs until a decision, if the difference stays as it is.
    eta_pairs: Option<u64>,
    created_at: String,
    changed_at: String,
    /// Why it is in this state.
    reason: String,
}

/// What the pairs say.
#[derive(Debug, Serialize, ToSchema)]
struct EvidenceView {
    pairs: u64,
    step_pairs: u64,
    candidate_mean: f64,
    control_mean: f64,
    /// Mean difference, candidate less control.
    delta: f64,
    /// Ends of the anytime-valid 95 % band.
    lower: f64,
    upper: f64,
    /// Log evidence that the loss is smaller than the margin; promotes at `promote_at`.
    log_e_promote: f64,
    promote_at: f64,
    /// Log evidence that the loss is larger than the margin; rolls back at `rollback_at`.
    log_e_rollback: f64,
    rollback_at: f64,
    /// Answers without a score in time.
    missing_candidate: u64,
    missing_control: u64,
}

/// One transition.
#[derive(Debug, Serialize, ToSchema)]
struct CanaryEventView {
    at: String,
    /// `optimizer`, or the key's name.
    actor: String,
    /// State after it.
    state: &'static str,
    /// Step after it.
    step: usize,
    reason: String,
    /// The numbers that decided.
    evidence: EvidenceView,
}

/// The difference as it stood after some pairs.
#[derive(Debug, Serialize, ToSchema)]
struct CanaryPoint {
    at: String,
    pairs: u64,
    delta: f64,
    lower: f64,
    upper: f64,
    step: usize,
}

/// One canary with its history.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CanaryDetail {
    #[serde(flatten)]
    canary: CanaryView,
    /// Oldest first.
    events: Vec<CanaryEventView>,
    /// Oldest first.
    series: Vec<CanaryPoint>,
}

impl CanaryView {
    /// A canary that is running or held, at this reading.
    pub(crate) fn active(canary: &Canary, reading: &Reading) -> Self {
        let outlook = outlook(canary, reading);
        Self::new(canary, &reading.evidence, outlook.sentence, outlook.pairs_left)
    }

    /// A canary that is over, with the numbers that decided.
    pub(crate) fn over(canary: &Canary, evidence: &Evidence) -> Self {
        Self::new(canary, evidence, canary.reason.clone(), None)
    }

    fn new(canary: &Canary, evidence: &Evidence, verdict: String, eta_pairs: Option<u64>) -> Self {
        Self {
            id: canary.id.to_string(),
            workload: canary.workload.to_string(),
            candidate: canary.candidate.to_string(),
            control: canary.control.to_string(),
            scorer: canary.scorer.to_string(),
            base: canary.base.to_string(),
            state: canary.state.name(),
            step: canary.step,
            steps: canary.plan.steps.clone(),
            share: canary.plan.steps.get(canary.step).copied().unwrap_or(0.0),
            margin: canary.plan.margin,
            verdict,
            evidence: evidence.into(),
            eta_pairs,
            created_at: rfc3339(canary.created_at),
            changed_at: rfc3339(canary.changed_at),
            reason: canary.reason.clone(),
        }
    }
}

impl From<&Evidence> for EvidenceView {
    fn from(evidence: &Evidence) -> Self {
        Self {
            pairs: evidence.pairs,
            step_pairs: evidence.step_pairs,
            candidate_mean: evidence.candidate_mean,
            control_mean: evidence.control_mean,
            delta: evidence.delta,
            lower: evidence.lower,
            upper: evidence.upper,
            log_e_promote: evidence.log_e_promote,
            promote_at: evidence.promote_at,
            log_e_rollback: evidence.log_e_rollback,
            rollback_at: evidence.rollback_at,
            missing_candidate: evidence.missing_candidate,
            missing_control: evidence.missing_control,
        }
    }
}

impl From<&CanaryEvent> for CanaryEventView {
    fn from(event: &CanaryEvent) -> Self {
        Self {
            at: rfc3339(event.at),
            actor: event.actor.clone(),
            state: event.state.name(),
            step: event.step,
            reason: event.reason.clone(),
            evidence: (&event.evidence).into(),
        }
    }
}

impl CanaryPoint {
    fn new(point: &Point, events: &[CanaryEvent]) -> Self {
        let step = events.iter().rev().find(|event| event.at <= point.at).map_or(0, |event| event.step);
        Self {
            at: rfc3339(point.at),
            pairs: point.pairs,
            delta: point.delta,
            lower: point.lower,
            upper: point.upper,
            step,
        }
    }
}

impl CanaryDetail {
    /// `events` oldest first.
    pub(crate) fn new(canary: &Canary, look: &Look, events: &[CanaryEvent]) -> Self {
        let view = match events.last() {
            Some(last) if canary.state.is_final() => CanaryView::over(canary, &last.evidence),
            _ => CanaryView::active(canary, &look.reading),
        };
        Self {
            canary: view,
            series: look.trail.iter().map(|point| CanaryPoint::new(point, events)).collect(),
            events: events.iter().map(CanaryEventView::from).collect(),
        }
    }
}

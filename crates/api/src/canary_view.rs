//! How canaries look to people: where one stands, what its pairs say, what happened to it.

use serde::Serialize;
use utoipa::ToSchema;
use weir_core::canary::{Battles, Canary, CanaryEvent, CanaryPlan, Evidence, GuardReading, HoldCause, StratumReading};
use weir_optimizer::{
    canary::{Reading, outlook},
    pairing::Point,
};

use crate::{evidence::Look, precondition::Tag, time::rfc3339};

/// One canary.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CanaryView {
    id: String,
    /// Its `ETag` without the quotes, another after each transition: an order to it takes this as `If-Match`.
    etag: String,
    workload: String,
    candidate: String,
    /// What it is compared with.
    control: String,
    /// Whose scores decide.
    scorer: String,
    /// The revision it started from.
    base: String,
    /// `awaiting_approval`, `shadow`, `running`, `held`, `verifying`, `promoted`, `rolled_back`, `expired`,
    /// `superseded`, `aborted` or `rejected`.
    #[schema(schema_with = crate::words::canary_state)]
    state: &'static str,
    /// Why it is held: `operator`, `harm`, `units`, `missing`, `latency`, `first_byte`, `scorer`, `scorer_changed`,
    /// `lease` or `judge_bias`.
    #[schema(schema_with = crate::words::hold_cause)]
    held: Option<HoldCause>,
    /// Segments taken out of the candidate's scope.
    scoped_out: Vec<String>,
    /// Who asked for it.
    proposer: String,
    /// Somebody froze its workload: nothing moves towards the candidate.
    frozen: bool,
    /// Largest loss of the workload's mean grade that exposure may cause.
    risk_budget: f64,
    /// What the present share may cost the workload's mean grade at worst.
    expected_loss: f64,
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
    /// What somebody accepted of it when it started: a judge of an arm's own family, in a sentence each.
    warnings: Vec<String>,
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
    /// Log evidence that the candidate is worse at all; holds at `hold_at`.
    log_e_harm: f64,
    hold_at: f64,
    /// Log evidence that the candidate is below the floor; rolls back at `rollback_at`. `null` without a floor.
    log_e_floor: Option<f64>,
    /// Answers without a score in time.
    missing_candidate: u64,
    missing_control: u64,
    /// Which attempt of this candidate, from 1, and the level it may spend.
    attempt: u32,
    alpha: f64,
    /// Everything assigned up to here is folded.
    watermark: Option<String>,
    scorer_version: Option<String>,
    /// The guard strip.
    guards: Vec<GuardView>,
    /// The forest.
    strata: Vec<StratumView>,
    /// The shadow's answers beside those that callers got; `null` where no judge compared any. Nothing is decided by them.
    battles: Option<BattlesView>,
    /// What people's labels say of the scorer; `null` before proof takes the canary further, and with fewer than 100 labels
    /// of either arm: then the scorer is taken at its word.
    judge_bias: Option<JudgeBiasView>,
    /// Digest of the histograms.
    histogram: String,
}

/// How much kinder the scorer is to the candidate than people are.
#[derive(Debug, Serialize, ToSchema)]
struct JudgeBiasView {
    /// In grade, with its ends at half the level of the promotion.
    delta: f64,
    lower: f64,
    upper: f64,
    /// Labels of the arm with fewer.
    labels: u64,
    /// Lower end of the difference as people would grade it; held against the margin.
    lower_by_people: f64,
}

/// Answers to the same prompts, compared by judges that saw each pair in both orders.
#[derive(Debug, Serialize, ToSchema)]
struct BattlesView {
    /// The candidate's answer is better, in both orders.
    won: u64,
    /// Neither is, or the two orders disagree.
    tied: u64,
    /// The answer that the caller got is better, in both orders.
    lost: u64,
}

/// One guard.
#[derive(Debug, Serialize, ToSchema)]
struct GuardView {
    /// `errors`, `latency`, `first_byte`, `cost`, `units`, `missing`, `scorer`, or `check:` and the name of a guarded scorer.
    name: String,
    /// What counts against the candidate, of how many.
    bad: u64,
    n: u64,
    allowed: f64,
    log_e: f64,
    hold_at: Option<f64>,
    rollback_at: Option<f64>,
    /// Log evidence that the candidate keeps what is allowed, and what a promotion takes of it; `null` where it does not ask.
    log_e_fine: Option<f64>,
    promote_at: Option<f64>,
    /// `fine`, `holds` or `rolls_back`.
    #[schema(schema_with = crate::words::guard_state)]
    state: &'static str,
}

/// One segment.
#[derive(Debug, Serialize, ToSchema)]
struct StratumView {
    segment: String,
    /// Its part of the exposed units.
    traffic: f64,
    pairs: u64,
    delta: f64,
    lower: f64,
    upper: f64,
    log_e_promote: f64,
    promote_at: f64,
    log_e_rollback: f64,
    scope_out_at: f64,
    scoped_out: bool,
}

/// One transition.
#[derive(Debug, Serialize, ToSchema)]
struct CanaryEventView {
    at: String,
    /// `optimizer`, or the key's name.
    actor: String,
    /// State before it; `null` for the first.
    #[schema(schema_with = crate::words::canary_state_before)]
    from: Option<&'static str>,
    /// State after it.
    #[schema(schema_with = crate::words::canary_state)]
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

/// How it is run, fixed at its start: what each step waits for.
#[derive(Debug, Serialize, ToSchema)]
struct CanaryPlanView {
    /// Same-prompt pairs before any exposure; 0 skips the shadow.
    shadow_pairs: u64,
    /// Least pairs within a step before the next.
    step_pairs: u64,
    /// Least pairs before a promotion.
    min_pairs: u64,
    /// Pairs in the verifying stage; 0 skips it.
    verify_pairs: u64,
    /// Pairs after which an undecided canary expires.
    max_pairs: u64,
    /// Least time within a step before the next.
    bake_ms: u64,
    /// Least time before a promotion.
    min_duration_ms: u64,
    /// Time after which an undecided canary expires.
    horizon_ms: u64,
    /// A score that has not come this long after its answer counts as missing.
    score_timeout_ms: u64,
    /// Units per arm in the verifying stage.
    hold_back: f64,
    /// Least mean grade of the candidate itself; `null` for no such test.
    floor: Option<f64>,
    /// A person must approve, and it must not be who proposed.
    approval: bool,
    four_eyes: bool,
}

impl From<&CanaryPlan> for CanaryPlanView {
    fn from(plan: &CanaryPlan) -> Self {
        Self {
            shadow_pairs: plan.shadow_pairs,
            step_pairs: plan.step_pairs,
            min_pairs: plan.min_pairs,
            verify_pairs: plan.verify_pairs,
            max_pairs: plan.max_pairs,
            bake_ms: plan.bake_ms,
            min_duration_ms: plan.min_duration_ms,
            horizon_ms: plan.horizon_ms,
            score_timeout_ms: plan.score_timeout_ms,
            hold_back: plan.hold_back,
            floor: plan.floor,
            approval: plan.approval,
            four_eyes: plan.four_eyes,
        }
    }
}

/// One canary with its history.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CanaryDetail {
    #[serde(flatten)]
    canary: CanaryView,
    plan: CanaryPlanView,
    /// Oldest first.
    events: Vec<CanaryEventView>,
    /// Oldest first.
    series: Vec<CanaryPoint>,
}

/// Pairs come all the time; what a person decides about changes with a transition.
pub(crate) fn etag(canary: &Canary) -> String {
    canary.version.to_string()
}

impl Tag for CanaryView {
    fn tag(&self) -> Option<&str> {
        Some(&self.etag)
    }
}

impl Tag for CanaryDetail {
    fn tag(&self) -> Option<&str> {
        self.canary.tag()
    }
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
            etag: etag(canary),
            workload: canary.workload.to_string(),
            candidate: canary.candidate.to_string(),
            control: canary.control.to_string(),
            scorer: canary.scorer.to_string(),
            base: canary.base.to_string(),
            state: canary.state.name(),
            held: canary.held,
            scoped_out: canary.scoped_out.iter().map(ToString::to_string).collect(),
            proposer: canary.proposer.clone(),
            frozen: evidence.inputs.frozen,
            risk_budget: canary.plan.risk_budget,
            expected_loss: evidence.share * (-evidence.lower).max(0.0),
            step: canary.step,
            steps: canary.plan.steps.clone(),
            share: if canary.state.is_final() { 0.0 } else { evidence.share },
            margin: canary.plan.margin,
            verdict,
            evidence: evidence.into(),
            eta_pairs,
            created_at: rfc3339(canary.created_at),
            changed_at: rfc3339(canary.changed_at),
            reason: canary.reason.clone(),
            warnings: canary.plan.warnings.clone(),
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
            log_e_harm: evidence.log_e_harm,
            hold_at: evidence.hold_at,
            log_e_floor: evidence.log_e_floor,
            missing_candidate: evidence.missing_candidate,
            missing_control: evidence.missing_control,
            attempt: evidence.attempt,
            alpha: evidence.alpha,
            watermark: (evidence.pairs > 0).then(|| rfc3339(evidence.watermark)),
            scorer_version: evidence.scorer_version.as_deref().map(str::to_owned),
            guards: evidence.guards.iter().map(GuardView::from).collect(),
            strata: evidence.strata.iter().map(StratumView::from).collect(),
            battles: evidence.battles.map(|Battles { won, tied, lost }| BattlesView { won, tied, lost }),
            judge_bias: evidence.inputs.bias.zip(evidence.lower_by_people).map(|(bias, lower_by_people)| {
                JudgeBiasView {
                    delta: bias.delta,
                    lower: bias.lower,
                    upper: bias.upper,
                    labels: bias.labels,
                    lower_by_people,
                }
            }),
            histogram: evidence.histogram.clone(),
        }
    }
}

impl From<&GuardReading> for GuardView {
    fn from(guard: &GuardReading) -> Self {
        let state = if guard.rolls_back() {
            "rolls_back"
        } else if guard.holds() {
            "holds"
        } else {
            "fine"
        };
        Self {
            name: guard.name.to_string(),
            bad: guard.bad,
            n: guard.n,
            allowed: guard.allowed,
            log_e: guard.log_e,
            hold_at: guard.hold_at,
            rollback_at: guard.rollback_at,
            log_e_fine: guard.log_e_fine,
            promote_at: guard.promote_at,
            state,
        }
    }
}

impl From<&StratumReading> for StratumView {
    fn from(stratum: &StratumReading) -> Self {
        Self {
            segment: stratum.segment.to_string(),
            traffic: stratum.traffic,
            pairs: stratum.pairs,
            delta: stratum.delta,
            lower: stratum.lower,
            upper: stratum.upper,
            log_e_promote: stratum.log_e_promote,
            promote_at: stratum.promote_at,
            log_e_rollback: stratum.log_e_rollback,
            scope_out_at: stratum.scope_out_at,
            scoped_out: stratum.scoped_out,
        }
    }
}

impl From<&CanaryEvent> for CanaryEventView {
    fn from(event: &CanaryEvent) -> Self {
        Self {
            at: rfc3339(event.at),
            actor: event.actor.clone(),
            from: event.from.map(weir_core::canary::CanaryState::name),
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
            plan: (&canary.plan).into(),
            series: look.trail.iter().map(|point| CanaryPoint::new(point, events)).collect(),
            events: events.iter().map(CanaryEventView::from).collect(),
        }
    }
}

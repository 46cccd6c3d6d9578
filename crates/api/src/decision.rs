//! Why a request went where it went: the record the router made, and the same in sentences.

use std::sync::Arc;

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use weir_core::{
    decision::{Arm, CandidateRecord, CandidateState, Decision, Inputs, Plan, Verdict},
    error,
    language::Language,
    policy::Policy,
    snapshot::Quality,
};
use weir_router::{WhatIf, replay};

use crate::{
    extract::{Params, Segment},
    problem::{Failure, Reply},
    state::App,
    trace::find_span,
    workload::configured,
};

/// The decision record, as the router made it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DecisionView {
    workload: String,
    segment: String,
    /// The stages walked, or `pinned`.
    strategy: String,
    revision: String,
    /// The snapshot read.
    snapshot_seq: u64,
    /// The newest score that snapshot knew.
    score_seq: i64,
    /// In configured order.
    candidates: Vec<CandidateView>,
    /// The order dispatch walks.
    chain: Vec<String>,
    /// Probability that this policy chooses the head of the chain.
    propensity: f64,
    exposure: Option<ExposureView>,
    features: FeaturesView,
    /// The random word that settled draws and ties.
    seed: u64,
    /// What else decided: digest of the snapshot, unit, turn, outcomes of conditions, canary.
    #[schema(value_type = Object)]
    inputs: Inputs,
    /// How dispatch walks the chain: mode, verifier, rules of fallback.
    #[schema(value_type = Object)]
    plan: Plan,
}

/// What was known of one candidate, and what became of it.
#[derive(Debug, Serialize, ToSchema)]
struct CandidateView {
    deployment: String,
    verdict: VerdictWord,
    quality: Option<QualityView>,
    /// Nano-dollars; `null` when its price is unknown.
    expected_cost: Option<i64>,
    in_flight: u32,
    /// Of such requests, in milliseconds.
    latency_ms: Option<f64>,
    /// Breaker, ramp, headroom, error rate, warmth, propensity.
    #[schema(value_type = Object)]
    state: CandidateState,
}

/// A quality window at that moment.
#[derive(Debug, Serialize, ToSchema)]
struct QualityView {
    mean: f64,
    lower: f64,
    upper: f64,
    n: u64,
}

/// What became of a candidate.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum VerdictWord {
    Chosen,
    Fallback,
    NotAdmitted,
    NotCapable,
    Unhealthy,
    BelowFloor,
    Suspect,
    Unproven,
    OtherArm,
    Excluded,
    OverCeiling,
}

/// Which arm of which canary.
#[derive(Debug, Serialize, ToSchema)]
struct ExposureView {
    canary: String,
    arm: ArmWord,
    unit: u64,
}

/// The two sides of a canary's comparison.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ArmWord {
    /// The newcomer.
    Candidate,
    /// What it is compared with.
    Control,
}

/// What routing looked at.
#[derive(Debug, Serialize, ToSchema)]
struct FeaturesView {
    input_tokens: u64,
    max_output_tokens: Option<u64>,
    stream: bool,
    tools: bool,
    vision: bool,
    json_schema: bool,
    session: bool,
    /// How hard the prompt looks, `0..=1`; only where the policy asks.
    complexity: Option<f64>,
    /// The language of the caller's newest words; only where the workload tells prompts apart by it.
    language: Option<&'static str>,
}

/// A decision and its sentences.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Explained {
    span_id: String,
    decision: DecisionView,
    /// Plain English; the first says who was chosen and how.
    sentences: Vec<String>,
}

impl From<&Decision> for DecisionView {
    fn from(decision: &Decision) -> Self {
        let features = &decision.features;
        Self {
            workload: decision.workload.to_string(),
            segment: decision.segment.to_string(),
            strategy: decision.strategy.to_string(),
            revision: decision.revision.to_string(),
            snapshot_seq: decision.snapshot_seq,
            score_seq: decision.score_seq,
            candidates: decision.candidates.iter().map(CandidateView::from).collect(),
            chain: decision.chain.iter().map(ToString::to_string).collect(),
            propensity: decision.propensity,
            exposure: decision.exposure.as_ref().map(|exposure| ExposureView {
                canary: exposure.canary.to_string(),
                arm: exposure.arm.into(),
                unit: exposure.unit,
            }),
            features: FeaturesView {
                input_tokens: features.input_tokens,
                max_output_tokens: features.max_output_tokens,
                stream: features.stream,
                tools: features.tools,
                vision: features.vision,
                json_schema: features.json_schema,
                session: features.session,
                complexity: features.complexity,
                language: features.language.map(Language::word),
            },
            seed: decision.seed,
            inputs: decision.inputs.clone(),
            plan: decision.plan.clone(),
        }
    }
}

impl From<&CandidateRecord> for CandidateView {
    fn from(record: &CandidateRecord) -> Self {
        Self {
            deployment: record.deployment.to_string(),
            verdict: match record.verdict {
                Verdict::Chosen => VerdictWord::Chosen,
                Verdict::Fallback => VerdictWord::Fallback,
                Verdict::NotAdmitted => VerdictWord::NotAdmitted,
                Verdict::NotCapable => VerdictWord::NotCapable,
                Verdict::Unhealthy => VerdictWord::Unhealthy,
                Verdict::Suspect => VerdictWord::Suspect,
                Verdict::BelowFloor => VerdictWord::BelowFloor,
                Verdict::Unproven => VerdictWord::Unproven,
                Verdict::OtherArm => VerdictWord::OtherArm,
                Verdict::Excluded => VerdictWord::Excluded,
                Verdict::OverCeiling => VerdictWord::OverCeiling,
            },
            quality: record.quality.map(QualityView::from),
            expected_cost: record.expected_cost.map(|cost| cost.0),
            in_flight: record.in_flight,
            latency_ms: record.latency_ms,
            state: record.state,
        }
    }
}

impl From<Quality> for QualityView {
    fn from(quality: Quality) -> Self {
        Self { mean: quality.mean, lower: quality.lower, upper: quality.upper, n: quality.n }
    }
}

impl From<Arm> for ArmWord {
    fn from(arm: Arm) -> Self {
        match arm {
            Arm::Candidate => Self::Candidate,
            Arm::Control => Self::Control,
        }
    }
}

/// `GET /api/v1/decisions/{span_id}`.
pub(crate) async fn get_decision(State(app): State<App>, Segment(id): Segment) -> Reply<Json<Explained>> {
    let span = find_span(&app, &id).await?;
    let Some(decision) = &span.decision else {
        return Err(Failure::new(&error::NOT_FOUND, format!("request `{id}` failed before it was routed")));
    };
    Ok(Json(Explained {
        span_id: id,
        decision: DecisionView::from(&**decision),
        sentences: weir_router::explain(decision),
    }))
}

/// Query of `GET /api/v1/decisions/{span_id}/replay`.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReplayQuery {
    /// Deployments that are not there, by name or provider, separated by commas.
    without: Option<String>,
    /// Another floor, `0..=1`.
    floor: Option<f64>,
}

/// A recorded decision, made again.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReplayedDecision {
    span_id: String,
    /// It came out as recorded.
    same: bool,
    decision: DecisionView,
    /// Plain English; the first says who would be chosen and how.
    sentences: Vec<String>,
}

/// `GET /api/v1/decisions/{span_id}/replay`.
pub(crate) async fn replay_decision(
    State(app): State<App>,
    Segment(id): Segment,
    Params(query): Params<ReplayQuery>,
) -> Reply<Json<ReplayedDecision>> {
    if query.floor.is_some_and(|floor| !(0.0..=1.0).contains(&floor)) {
        return Err(Failure::new(&error::BAD_PARAMETER, "`floor` must be within 0 and 1"));
    }
    let span = find_span(&app, &id).await?;
    let Some(decision) = &span.decision else {
        return Err(Failure::new(&error::NOT_FOUND, format!("request `{id}` failed before it was routed")));
    };
    let view = configured(&app, decision.workload.as_str())?;
    let policy = policy_of(&app, decision).await?;
    let without = query.without.iter().flat_map(|names| names.split(',')).map(|name| name.trim().to_owned());
    let what_if = WhatIf { without: without.filter(|name| !name.is_empty()).collect(), floor: query.floor };
    let again = replay(decision, &Arc::new(policy), &view.workload, &app.snapshot.load().deployments, &what_if);
    Ok(Json(ReplayedDecision {
        span_id: id,
        same: again == **decision,
        decision: DecisionView::from(&again),
        sentences: weir_router::explain(&again),
    }))
}

/// The policy that decided: a stored revision, with the stages of the preset where the request chose one.
async fn policy_of(app: &App, decision: &Decision) -> Result<Policy, Failure> {
    let recorded = decision.revision.as_str();
    let (revision, preset) = recorded.split_once('+').map_or((recorded, None), |(head, name)| (head, Some(name)));
    let line = app.store.policy_list(&decision.workload).await?;
    let unknown = || {
        let message = format!("revision `{recorded}` of `{}` is not stored", decision.workload);
        Failure::new(&error::NOT_FOUND, message)
    };
    let stored = line.into_iter().find(|policy| policy.revision.as_str() == revision).ok_or_else(unknown)?;
    let Some(preset) = preset else {
        return Ok(stored);
    };
    let settings = app.settings.load();
    let stages = settings.presets.get(&decision.workload).and_then(|presets| presets.get(preset));
    let stages = stages.cloned().ok_or_else(unknown)?;
    Ok(Policy { revision: decision.revision.clone(), stages, ..stored })
}

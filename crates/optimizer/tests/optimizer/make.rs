//! Values that several tests need.

use std::time::Duration;

use weir_core::{
    DeploymentId, Grade, NanoUsd, Problem, ScorerName, SpanId, Timestamp, WorkloadId,
    canary::{Baseline, Canary, CanaryEvent},
    decision::Arm,
    entropy::Seeded,
    policy::{Policy, Stage},
    score::{Score, Source, Unscored, Verdict},
    workload::{Deadlines, Workload},
};
use weir_optimizer::{
    canary::{Ground, StartRequest, start},
    pairing::{Exposure, Moment},
    revision,
};

pub(crate) const START: Timestamp = Timestamp(1_800_000_000_000_000);

pub(crate) fn at_s(seconds: f64) -> Timestamp {
    Timestamp(START.0 + (seconds * 1e6) as i64)
}

pub(crate) fn workload() -> Workload {
    Workload {
        id: WorkloadId::from("maths"),
        candidates: ["sim/large", "sim/medium", "sim/small"].map(DeploymentId::from).to_vec(),
        floor: Some(0.85),
        scorers: vec![ScorerName::from("exact")],
        quality: ScorerName::from("exact"),
        sample: 1.0,
        half_life_s: 3_600.0,
        segments: Vec::new(),
        tenants: Vec::new(),
        guards: Vec::new(),
        optimize: Default::default(),
        deadlines: Deadlines::default(),
        strictness: Default::default(),
    }
}

pub(crate) fn head() -> Policy {
    revision::first(&workload(), &[], vec![Stage::Filter, Stage::Canary, Stage::Floor, Stage::Cost], START)
}

/// The defaults, without waiting: no baking, no least duration, no risk budget, no verifying.
pub(crate) fn request() -> StartRequest {
    StartRequest {
        bake_ms: Some(0),
        min_duration_ms: Some(0),
        risk_budget: Some(1.0),
        verify_pairs: Some(0),
        ..StartRequest::new(WorkloadId::from("maths"), DeploymentId::from("sim/small"))
    }
}

pub(crate) fn begin(request: &StartRequest, history: &[Canary]) -> Result<(Canary, CanaryEvent), Problem> {
    let (workload, head) = (Workload { floor: None, ..workload() }, head());
    let ground = Ground { workload: &workload, head: &head, history, baseline: Baseline::default(), kin: &[] };
    start(request, &ground, "ada", &Seeded::new(3), START)
}

pub(crate) fn started(request: &StartRequest) -> Canary {
    begin(request, &[]).unwrap().0
}

pub(crate) fn score(deployment: &str, verdict: Result<f64, Unscored>, at: Timestamp) -> Score {
    Score {
        span_id: SpanId::from_bits(1),
        workload: WorkloadId::from("maths"),
        segment: "all".into(),
        deployment: DeploymentId::from(deployment),
        scorer: ScorerName::from("exact"),
        version: "v1".into(),
        verdict: match verdict {
            Ok(grade) => Verdict::Scored { grade: Grade::new(grade).unwrap() },
            Err(reason) => Verdict::Unscored { reason },
        },
        source: Source::Check,
        explanation: None,
        p_sample: 1.0,
        propensity: 1.0,
        cost: NanoUsd::ZERO,
        at,
    }
}

/// One request of a unit of its own, answered after a second and graded a second later.
pub(crate) fn exposure(id: u128, arm: Arm, assigned_s: f64, grade: Option<f64>) -> Exposure {
    Exposure {
        span_id: SpanId::from_bits(id),
        unit: id as u64,
        session: false,
        arm,
        segment: "all".into(),
        assigned_at: at_s(assigned_s),
        ended_at: at_s(assigned_s + 1.0),
        failed: false,
        ttft_us: None,
        guarded: Vec::new(),
        cost_nano: None,
        grade,
        graded_at: grade.map(|_| at_s(assigned_s + 2.0)),
        unscored: false,
        version: grade.map(|_| "v1".into()),
    }
}

pub(crate) fn moment(now_s: f64) -> Moment {
    Moment {
        now: at_s(now_s),
        complete_before: at_s(now_s),
        in_flight: 0,
        since: START,
        score_timeout: Duration::from_secs(120),
    }
}

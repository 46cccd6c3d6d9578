//! Stores in temporary directories, and values to put into them.
#![expect(clippy::unwrap_used, reason = "a fixture that fails fails its test")]

use std::{path::Path, sync::Arc, time::Duration};

use weir_core::{
    Grade, NanoUsd, SpanId, Timestamp, TraceId, Usage,
    canary::{Baseline, Canary, CanaryEvent, CanaryPlan, CanaryState, Evidence},
    clock::ManualClock,
    decision::{Arm, Decision, Exposure},
    policy::{Author, Policy, Stage},
    route::Features,
    score::{Score, Source, Verdict},
    span::{Attempt, Errand, Origin, Outcome, Payload, Record, Span},
};
use weir_store::{Options, Shadow, Store};

/// 2026-11-21 00:00 UTC.
pub(crate) const START: Timestamp = Timestamp(1_795_219_200_000_000);

/// How long whoever labels keeps a task.
pub(crate) const LOCK: Duration = Duration::from_mins(5);

pub(crate) fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::new(START))
}

pub(crate) async fn open(dir: &Path) -> Store {
    Store::open(dir, clock()).await.unwrap()
}

/// Gives up on a lock at once.
pub(crate) async fn open_impatient(dir: &Path) -> Store {
    let options = Options { busy_timeout: Duration::from_millis(20), ..Options::default() };
    Store::open_with(dir, clock(), &options).await.unwrap()
}

pub(crate) fn span_id(n: u64) -> SpanId {
    SpanId::from_bits(u128::from(n) << 64 | 7)
}

/// A finished client request on `sim/large`, `n` seconds after the start.
pub(crate) fn record(n: u64) -> Record {
    Record {
        span: Span {
            id: span_id(n),
            trace_id: TraceId::from_bits(u128::from(n) + 1),
            parent_id: None,
            tenant: "dev".into(),
            workload: "maths".into(),
            origin: Origin::Client,
            session: None,
            model_asked: "weir/maths".into(),
            stream: false,
            started_at: START.plus(Duration::from_secs(n)),
            latency_us: 250_000,
            ttft_us: Some(90_000),
            outcome: Outcome::Ok,
            finish_reason: Some("stop".into()),
            identity: Default::default(),
            decision: Some(Arc::new(decision())),
            attempts: vec![attempt("sim/large", None)],
            usage: Usage { input: 100, output: 20, ..Usage::default() },
            cost: Some(NanoUsd(1_500)),
            tags: "".into(),
            errand: Default::default(),
        },
        payload: Payload { request: format!("{{\"n\":{n}}}").into(), response: "forty-two".into(), truncated: false },
    }
}

/// The same of another origin, sent on this errand.
pub(crate) fn of_origin(n: u64, origin: Origin, errand: Errand) -> Record {
    let mut record = record(n);
    (record.span.origin, record.span.errand) = (origin, errand);
    record
}

/// What pairs request `n` with the one that repeats it, outside of any canary.
pub(crate) fn shadow_of(n: u64, repeated: u64) -> Shadow {
    Shadow {
        span_id: span_id(n),
        shadow_id: Some(span_id(repeated)),
        workload: "maths".into(),
        candidate: "sim/small".into(),
        canary: None,
        at: record(n).span.started_at,
    }
}

pub(crate) fn attempt(deployment: &str, error: Option<&str>) -> Attempt {
    Attempt {
        deployment: deployment.into(),
        started_us: 10,
        latency_us: 249_000,
        status: Some(200),
        error: error.map(Into::into),
        cost: Some(NanoUsd(1_500)),
        dropped: Vec::new(),
        away_from: None,
    }
}

pub(crate) fn decision() -> Decision {
    Decision {
        workload: "maths".into(),
        segment: "all".into(),
        strategy: "filter → cost".into(),
        revision: "r-0001".into(),
        snapshot_seq: 3,
        score_seq: 9,
        candidates: vec![],
        chain: vec!["sim/large".into()],
        propensity: 0.95,
        exposure: None,
        features: Features::default(),
        seed: u64::MAX,
        inputs: Default::default(),
        plan: Default::default(),
    }
}

/// A request that canary `c-1` sent to `arm`, with a unit beyond `i64::MAX`.
pub(crate) fn exposed(n: u64, arm: Arm) -> Record {
    let mut record = record(n);
    record.span.decision = Some(Arc::new(Decision {
        exposure: Some(Exposure { canary: "c-1".into(), arm, unit: u64::MAX - n }),
        ..decision()
    }));
    record
}

pub(crate) fn score(n: u64, grade: f64) -> Score {
    Score {
        span_id: span_id(n),
        workload: "maths".into(),
        segment: "all".into(),
        deployment: "sim/large".into(),
        scorer: "exact".into(),
        version: "v1".into(),
        verdict: Verdict::Scored { grade: Grade::new(grade).unwrap() },
        source: Source::Check,
        explanation: None,
        p_sample: 1.0,
        propensity: 0.95,
        cost: NanoUsd::ZERO,
        at: START.plus(Duration::from_secs(n + 1)),
    }
}

pub(crate) fn policy(number: u32, parent: Option<u32>) -> Policy {
    Policy {
        revision: format!("r-{number:04}").into(),
        parent: parent.map(|parent| format!("r-{parent:04}").into()),
        workload: "maths".into(),
        stages: vec![Stage::Filter, Stage::Cost],
        admitted: vec!["sim/large".into()],
        except: Vec::new(),
        author: Author::Config,
        reason: format!("revision {number}"),
        at: START.plus(Duration::from_secs(u64::from(number))),
    }
}

pub(crate) fn canary(id: &str) -> Canary {
    Canary {
        id: id.into(),
        workload: "maths".into(),
        candidate: "sim/small".into(),
        control: "sim/large".into(),
        scorer: "exact".into(),
        base: "r-0001".into(),
        plan: CanaryPlan {
            steps: vec![0.05, 0.25, 0.5],
            margin: 0.03,
            alpha_promote: 0.05,
            attempt: 1,
            alpha_rollback: 0.05,
            floor: None,
            min_pairs: 50,
            step_pairs: 20,
            bake_ms: 0,
            min_duration_ms: 0,
            max_pairs: 5_000,
            horizon_ms: 86_400_000,
            risk_budget: 1.0,
            verify_pairs: 0,
            hold_back: 0.05,
            shadow_pairs: 0,
            approval: false,
            four_eyes: false,
            hold_clear_ms: 600_000,
            score_timeout_ms: 120_000,
            baseline: Baseline::default(),
            cost_budget: None,
            must_save: false,
            guards: Vec::new(),
            except: Vec::new(),
            warnings: Vec::new(),
            salt: 11,
        },
        state: CanaryState::Running,
        step: 0,
        held: None,
        resumes_to: CanaryState::Running,
        auto_resumes: 0,
        accepted: Vec::new(),
        scoped_out: Vec::new(),
        epoch_at: START,
        proposer: "ada".into(),
        version: 1,
        created_at: START,
        changed_at: START,
        reason: "started".into(),
    }
}

/// What an audit event would say of `canary` as it is.
pub(crate) fn event(canary: &Canary) -> CanaryEvent {
    CanaryEvent {
        canary: canary.id.clone(),
        at: canary.changed_at,
        actor: "optimizer".into(),
        from: None,
        state: canary.state,
        step: canary.step,
        reason: canary.reason.clone(),
        evidence: Evidence {
            pairs: 60,
            step_pairs: 60,
            candidate_mean: 0.91,
            control_mean: 0.9,
            delta: 0.01,
            lower: -0.02,
            upper: 0.04,
            log_e_promote: 3.2,
            promote_at: 3.0,
            log_e_rollback: -1.0,
            rollback_at: 3.0,
            missing_candidate: 0,
            missing_control: 1,
            ..Evidence::default()
        },
    }
}

pub(crate) async fn insert(store: &Store, records: &[Record]) -> Vec<bool> {
    let mut tx = store.begin_spans().await.unwrap();
    let new = tx.span_insert_many(records).await.unwrap();
    tx.commit().await.unwrap();
    new
}

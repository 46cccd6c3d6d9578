//! `decide`: walk the policy's stages, assemble the chain, write the record.

use std::{
    cell::RefCell,
    sync::{Arc, LazyLock},
    time::Duration,
};

use weir_core::{
    DeploymentId, RevisionId, Timestamp, WorkloadId,
    decision::{Decision, Inputs, Mode, Plan, Verdict},
    deployment::Deployment,
    expr::Scope,
    route::Features,
    segment::Shown,
    snapshot::{CandidateView, Snapshot, WorkloadView},
    workload::SEGMENT_ALL,
};

use crate::{
    Live,
    slate::{Arms, Context, Entry, Slate},
    stages,
};

static ALL: LazyLock<Arc<str>> = LazyLock::new(|| SEGMENT_ALL.into());
static PINNED: LazyLock<Arc<str>> = LazyLock::new(|| "pinned".into());

thread_local! {
    /// Room to think in: a decision allocates its record and nothing else.
    static SLATE: RefCell<Slate> = RefCell::default();
}

/// What is asked for one request.
#[derive(Debug, Clone)]
pub struct Ask<'a> {
    /// Whose policy.
    pub workload: &'a WorkloadId,
    /// The name of the caller's key.
    pub tenant: &'a str,
    /// What may be looked at.
    pub features: Features,
    /// Hash of the randomised unit: the session where there is one, else the span id.
    pub unit: u64,
    /// Settles draws and ties.
    pub seed: u64,
    /// Whose turn it is, for round robin.
    pub turn: u64,
    /// What conditions read; they do not hold without it.
    pub scope: Option<&'a Scope>,
    /// Wall time, for leases.
    pub now: Timestamp,
    /// Monotonic time, for breakers.
    pub uptime: Duration,
}

impl Ask<'_> {
    /// What its segment is found by.
    fn shown(&self) -> Shown<'_> {
        Shown { features: &self.features, tenant: self.tenant, at: self.now }
    }
}

/// No deployment can serve the request.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum NoRoute {
    /// The workload is not in the snapshot.
    #[error("workload `{0}` is not configured")]
    UnknownWorkload(WorkloadId),
    /// Every candidate was dropped; the decision has an empty chain and says why.
    #[error("no candidate of workload `{}` can serve this request", .0.workload)]
    NoCandidate(Box<Decision>),
}

/// Chooses where a request goes. Pure: the same arguments give the same decision.
///
/// # Errors
/// When the workload is unknown or every candidate was dropped.
pub fn decide(snapshot: &Snapshot, live: &Live, ask: &Ask<'_>) -> Result<Decision, NoRoute> {
    let view = snapshot.workloads.get(ask.workload).ok_or_else(|| NoRoute::UnknownWorkload(ask.workload.clone()))?;
    decide_by(view, snapshot, live, ask)
}

/// The same by another view of the workload than the snapshot's own, for a request that chose its policy.
///
/// # Errors
/// When every candidate was dropped.
pub fn decide_by(whole: &WorkloadView, snapshot: &Snapshot, live: &Live, ask: &Ask<'_>) -> Result<Decision, NoRoute> {
    let segment = whole.segments.segment(&ask.shown());
    let (view, canary) = (whole.part(segment), whole.canary.as_ref());
    let context = Context { view, segment, canary, ask, floor: whole.workload.floor };
    let decision = SLATE.with_borrow_mut(|slate| {
        slate.fill(&context, live);
        walk(slate, &context, snapshot.seq, snapshot.score_seq)
    });
    if decision.chain.is_empty() { Err(NoRoute::NoCandidate(Box::new(decision))) } else { Ok(decision) }
}

/// Runs every stage over a filled slate and writes the record.
pub(crate) fn walk(slate: &mut Slate, context: &Context<'_>, snapshot_seq: u64, score_seq: i64) -> Decision {
    let Context { view, ask, segment, .. } = context;
    for stage in &view.policy.stages {
        stages::run(stage, slate, context);
    }
    let head = slate.arms.as_ref().and_then(Arms::head);
    if let Some(head) = head {
        // The arms are compared with each other; a race or an exploration would blur them.
        slate.plan.mode = Mode::Failover;
        slate.plan.explored = false;
        slate.order.retain(|&index| index != head);
        slate.order.insert(0, head);
    }
    let chain = &slate.order;
    Decision {
        workload: ask.workload.clone(),
        segment: Arc::clone(segment),
        strategy: Arc::clone(&view.strategy),
        revision: view.policy.revision.clone(),
        snapshot_seq,
        score_seq,
        candidates: slate.records(context, chain),
        chain: names(view, chain),
        propensity: propensity(slate, chain),
        exposure: slate.arms.as_ref().and_then(|arms| arms.exposure.clone()),
        features: ask.features.clone(),
        seed: ask.seed,
        inputs: Inputs {
            digest: view.digest,
            unit: ask.unit,
            turn: ask.turn,
            conditions: slate.conditions.clone(),
            canary: slate.canary.take(),
        },
        plan: std::mem::take(&mut slate.plan),
    }
}

/// In one piece: collecting what is filtered would grow it step by step.
fn names(view: &WorkloadView, chain: &[usize]) -> Vec<DeploymentId> {
    let mut names = Vec::with_capacity(chain.len());
    let links = chain.iter().filter_map(|&index| view.candidates.get(index));
    names.extend(links.map(|candidate| candidate.deployment.id.clone()));
    names
}

/// The decision for a request that names its deployment: no policy, still recorded and scored.
#[must_use]
pub fn pin(snapshot: &Snapshot, live: &Live, ask: &Ask<'_>, deployment: &Arc<Deployment>) -> Decision {
    let whole = snapshot.workloads.get(ask.workload);
    let segment = whole.map_or(&*ALL, |whole| whole.segments.segment(&ask.shown()));
    let view = whole.map(|whole| whole.part(segment));
    let known = view.and_then(|view| view.candidates.iter().find(|known| known.deployment.id == deployment.id));
    let unknown = CandidateView {
        deployment: Arc::clone(deployment),
        admitted: false,
        stable: false,
        quality: None,
        suspect: false,
        output_tokens: None,
    };
    let candidate = known.unwrap_or(&unknown);
    let vital = live.vital(&deployment.id);
    let entry = Entry { first: 1.0, ..Entry::new(candidate, ask, vital.as_deref(), false) };
    let record = entry.record(candidate, Verdict::Chosen);
    Decision {
        workload: ask.workload.clone(),
        segment: Arc::clone(segment),
        strategy: Arc::clone(&PINNED),
        revision: view.map_or_else(|| RevisionId::from("none"), |view| view.policy.revision.clone()),
        snapshot_seq: snapshot.seq,
        score_seq: snapshot.score_seq,
        candidates: vec![record],
        chain: vec![deployment.id.clone()],
        propensity: 1.0,
        exposure: None,
        features: ask.features.clone(),
        seed: ask.seed,
        inputs: Inputs {
            digest: view.map_or(0, |view| view.digest),
            unit: ask.unit,
            turn: ask.turn,
            conditions: Vec::new(),
            canary: None,
        },
        plan: Plan::default(),
    }
}

/// P(head) = Σ share of the arms that lead to it + (1 − 2·share) × P(the policy puts it first).
fn propensity(slate: &Slate, chain: &[usize]) -> f64 {
    let Some(&head) = chain.first() else {
        return 0.0;
    };
    let by_policy = slate.entry(head).map_or(0.0, |entry| entry.first);
    slate.arms.as_ref().map_or(by_policy, |arms| {
        let in_arms = f64::from(u8::from(arms.candidate == head) + u8::from(arms.control == head));
        let by_policy = if arms.takes_over { f64::from(u8::from(arms.candidate == head)) } else { by_policy };
        arms.share * in_arms + (1.0 - 2.0 * arms.share) * by_policy
    })
}

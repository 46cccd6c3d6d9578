//! `decide`: walk the policy's stages, assemble the chain, write the record.

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use weir_core::{
    RevisionId, Timestamp, WorkloadId,
    decision::{Decision, Verdict},
    deployment::Deployment,
    route::Features,
    snapshot::{CandidateView, Snapshot},
    workload::SEGMENT_ALL,
};

use crate::{
    Live,
    slate::{Arms, Context, Entry, Slate, strategy},
    stages,
};

static ALL: LazyLock<Arc<str>> = LazyLock::new(|| SEGMENT_ALL.into());
static PINNED: LazyLock<Arc<str>> = LazyLock::new(|| "pinned".into());

/// What is asked for one request.
#[derive(Debug, Clone)]
pub struct Ask<'a> {
    /// Whose policy.
    pub workload: &'a WorkloadId,
    /// What may be looked at.
    pub features: Features,
    /// Hash of the randomised unit: the session where there is one, else the span id.
    pub unit: u64,
    /// Settles draws and ties.
    pub seed: u64,
    /// Wall time, for leases.
    pub now: Timestamp,
    /// Monotonic time, for breakers.
    pub uptime: Duration,
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
    let context = Context { view, ask };
    let slate =
        view.policy.stages.iter().fold(Slate::new(&context, live), |slate, stage| stages::run(stage, slate, &context));
    let chain = chain(&slate);
    let decision = Decision {
        workload: ask.workload.clone(),
        segment: Arc::clone(&ALL),
        strategy: strategy(view),
        revision: view.policy.revision.clone(),
        snapshot_seq: snapshot.seq,
        score_seq: snapshot.score_seq,
        candidates: slate.records(&context, &chain),
        chain: chain
            .iter()
            .filter_map(|&index| view.candidates.get(index))
            .map(|candidate| candidate.deployment.id.clone())
            .collect(),
        propensity: propensity(&slate, &chain),
        exposure: slate.arms.and_then(|arms| arms.exposure),
        features: ask.features.clone(),
        seed: ask.seed,
    };
    if decision.chain.is_empty() { Err(NoRoute::NoCandidate(Box::new(decision))) } else { Ok(decision) }
}

/// The decision for a request that names its deployment: no policy, still recorded and scored.
#[must_use]
pub fn pin(snapshot: &Snapshot, live: &Live, ask: &Ask<'_>, deployment: &Arc<Deployment>) -> Decision {
    let view = snapshot.workloads.get(ask.workload);
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
    let record = Entry::new(candidate, ask, vital.as_deref(), ask.uptime).record(candidate, Verdict::Chosen);
    Decision {
        workload: ask.workload.clone(),
        segment: Arc::clone(&ALL),
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
    }
}

/// The exposed arm first where there is one, then the candidates in play.
fn chain(slate: &Slate) -> Vec<usize> {
    let head = slate.arms.as_ref().and_then(Arms::exposed);
    head.into_iter().chain(slate.order.iter().copied().filter(|&index| Some(index) != head)).collect()
}

/// P(head) = Σ share of the arms that lead to it + (1 − 2·share) × P(the objective puts it first).
fn propensity(slate: &Slate, chain: &[usize]) -> f64 {
    let Some(&head) = chain.first() else {
        return 0.0;
    };
    let by_objective = slate.first_probability(head);
    slate.arms.as_ref().map_or(by_objective, |arms| {
        let in_arms = f64::from(u8::from(arms.candidate == head) + u8::from(arms.control == head));
        arms.share * in_arms + (1.0 - 2.0 * arms.share) * by_objective
    })
}

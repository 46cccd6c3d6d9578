//! The decision record: why this deployment. Made by the router, kept on the span, replayable from its own fields.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{CanaryId, DeploymentId, NanoUsd, RevisionId, WorkloadId, route::Features, snapshot::Quality};

/// Why this deployment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// Whose policy decided.
    pub workload: WorkloadId,
    /// The part of the workload's prompts this one belongs to.
    pub segment: Arc<str>,
    /// The stages walked, joined by ` → `, or `pinned`.
    pub strategy: Arc<str>,
    /// The policy revision.
    pub revision: RevisionId,
    /// The snapshot read.
    pub snapshot_seq: u64,
    /// The newest score that snapshot knew.
    pub score_seq: i64,
    /// Every candidate, in configured order, with what was known and why it stayed or went.
    pub candidates: Vec<CandidateRecord>,
    /// The order dispatch will walk.
    pub chain: Vec<DeploymentId>,
    /// Probability that this policy sends such a request to the head of the chain, `0..=1`.
    pub propensity: f64,
    /// The arm, when a canary took the request.
    pub exposure: Option<Exposure>,
    /// What was looked at.
    pub features: Features,
    /// The random word that settled draws and ties.
    pub seed: u64,
}

/// What was known of one candidate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CandidateRecord {
    /// The endpoint.
    pub deployment: DeploymentId,
    /// What became of it.
    pub verdict: Verdict,
    /// Its quality window at that moment.
    pub quality: Option<Quality>,
    /// What this request was expected to cost there; `None` when its price is unknown.
    pub expected_cost: Option<NanoUsd>,
    /// Requests in flight there.
    pub in_flight: u32,
    /// Smoothed latency there, in milliseconds; `None` before the first answer.
    pub latency_ms: Option<f64>,
}

/// What became of a candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Head of the chain.
    Chosen,
    /// Further down the chain.
    Fallback,
    /// The policy's head revision does not admit it.
    NotAdmitted,
    /// Cannot do what the request needs.
    NotCapable,
    /// Its breaker is open.
    Unhealthy,
    /// Its grades have fallen lately.
    Suspect,
    /// Its lower bound misses the floor.
    BelowFloor,
    /// No evidence that it clears the floor.
    Unproven,
    /// The other arm of the canary.
    OtherArm,
}

/// Which arm of which canary.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exposure {
    /// The canary.
    pub canary: CanaryId,
    /// The arm.
    pub arm: Arm,
    /// The randomised unit: the session where there is one, else the request.
    pub unit: u64,
}

/// The two sides of a canary's comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Arm {
    /// The newcomer.
    Candidate,
    /// What it is compared with.
    Control,
}

//! The decision record: why this deployment. Made by the router, kept on the span, replayable from its own fields.

use std::sync::{Arc, LazyLock};

use serde::{Deserialize, Serialize};

use crate::{
    CanaryId, DeploymentId, NanoUsd, RevisionId, WorkloadId,
    policy::{ChainRules, Verifier},
    route::Features,
    snapshot::{CanarySlot, Quality},
};

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
    /// What else decided, so that the decision can be made again.
    #[serde(default)]
    pub inputs: Inputs,
    /// How dispatch walks the chain.
    #[serde(default)]
    pub plan: Plan,
}

/// What decided beside policy, candidates, features and seed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Inputs {
    /// Digest of what the snapshot knew of this workload.
    pub digest: u64,
    /// What canaries and affinity hash: the session where there is one, else the request.
    pub unit: u64,
    /// The workload's turn, for round robin.
    pub turn: u64,
    /// Whether each condition held, in the order they were asked: of a requirement, one for each candidate in play.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<bool>,
    /// The canary the request was eligible for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub canary: Option<CanarySlot>,
}

/// How dispatch walks the chain.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Plan {
    /// One after the other, or several at once.
    pub mode: Mode,
    /// What is good enough; another deployment is asked when it does not hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accept: Option<Verifier>,
    /// When to go on, and within what; left out of records where they are the default ones.
    #[serde(skip_serializing_if = "is_usual")]
    pub rules: Arc<ChainRules>,
    /// The head was chosen to learn, not by the objective.
    #[serde(skip_serializing_if = "is_false")]
    pub explored: bool,
}

/// Most requests have these: made once, and told by their address.
static USUAL: LazyLock<Arc<ChainRules>> = LazyLock::new(Arc::default);

impl Default for Plan {
    fn default() -> Self {
        Self { mode: Mode::Failover, accept: None, rules: Arc::clone(&USUAL), explored: false }
    }
}

fn is_usual(rules: &Arc<ChainRules>) -> bool {
    Arc::ptr_eq(rules, &USUAL) || **rules == **USUAL
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands references")]
const fn is_false(flag: &bool) -> bool {
    !*flag
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands references")]
const fn is_zero(number: &f64) -> bool {
    *number == 0.0
}

/// One after the other, or several at once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Mode {
    /// The next one when one fails.
    #[default]
    Failover,
    /// The first ones at once.
    Race {
        /// How many.
        width: u8,
    },
    /// A second one when the first is late.
    Hedge {
        /// How late, in milliseconds.
        after_ms: u64,
    },
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
    /// Expected latency there of such a request, in milliseconds; `None` without recent answers.
    pub latency_ms: Option<f64>,
    /// The rest of what was known.
    #[serde(default)]
    pub state: CandidateState,
}

/// What else was known of a candidate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CandidateState {
    /// May take ordinary traffic.
    #[serde(skip_serializing_if = "is_false")]
    pub admitted: bool,
    /// Serves when nothing else is proven.
    #[serde(skip_serializing_if = "is_false")]
    pub stable: bool,
    /// Its grades have fallen.
    #[serde(skip_serializing_if = "is_false")]
    pub suspect: bool,
    /// Its breaker.
    pub health: Health,
    /// Share of ordinary traffic it is trusted with on its way back, `0..=1`; 0 stands for 1 in old records.
    pub ramp: f64,
    /// Its rate limit has nothing left.
    #[serde(skip_serializing_if = "is_false")]
    pub exhausted: bool,
    /// Share of recent calls that failed, `0..=1`.
    #[serde(skip_serializing_if = "is_zero")]
    pub error_rate: f64,
    /// Expected cost is that of a warm prompt cache.
    #[serde(skip_serializing_if = "is_false")]
    pub warm: bool,
    /// 95th percentile of its latency for such requests, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p95_ms: Option<f64>,
    /// How little that latency rests on its own recent answers and how much on what the others take, `0..=1`.
    #[serde(skip_serializing_if = "is_zero")]
    pub latency_doubt: f64,
    /// Another deployment of its region has gone silent, and it has not answered since.
    #[serde(skip_serializing_if = "is_false")]
    pub doubted: bool,
    /// It is in doubt and enough requests find out: it was asked after those in other regions.
    #[serde(skip_serializing_if = "is_false")]
    pub waits: bool,
    /// It misses the floor and serves when nobody who holds it can.
    #[serde(skip_serializing_if = "is_false")]
    pub last_resort: bool,
    /// Probability that the policy puts it first.
    #[serde(skip_serializing_if = "is_zero")]
    pub propensity: f64,
}

/// Whether a deployment may be tried.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// No recent run of failures.
    #[default]
    Up,
    /// Breaker open.
    Open,
    /// Back-off over: a few requests probe it.
    Probing,
}

impl Health {
    /// The word shown.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Open => "open",
            Self::Probing => "probing",
        }
    }
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
    /// A lock or a requirement of the policy keeps it out.
    Excluded,
    /// Over a ceiling of cost or latency.
    OverCeiling,
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

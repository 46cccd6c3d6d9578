//! A canary as stored and shown. What moves it lives in the optimizer; the two arms' exposure lives on spans.

use serde::{Deserialize, Serialize};

use crate::{CanaryId, DeploymentId, RevisionId, ScorerName, Timestamp, WorkloadId};

/// One comparison of a candidate with the stable deployment, on live traffic.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Canary {
    /// Its id.
    pub id: CanaryId,
    /// Whose traffic.
    pub workload: WorkloadId,
    /// The newcomer.
    pub candidate: DeploymentId,
    /// What it is compared with: the stable deployment when it started.
    pub control: DeploymentId,
    /// Whose scores decide.
    pub scorer: ScorerName,
    /// The revision it started from; a newer head supersedes the canary.
    pub base: RevisionId,
    /// How it is run; frozen at creation.
    pub plan: CanaryPlan,
    /// Where it stands.
    pub state: CanaryState,
    /// Index into `plan.steps`.
    pub step: usize,
    /// Counts changes; every write names the version it read.
    pub version: u64,
    /// Started.
    pub created_at: Timestamp,
    /// Last change of state or step.
    pub changed_at: Timestamp,
    /// Why it stands there, in one sentence.
    pub reason: String,
}

/// How a canary is run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CanaryPlan {
    /// Share of units per arm at each step, ascending, each in `0..=0.5`.
    pub steps: Vec<f64>,
    /// Largest acceptable loss of mean grade, in `0.001..=0.5`.
    pub margin: f64,
    /// Probability of promoting a candidate that is worse than the margin.
    pub alpha_promote: f64,
    /// Probability of rolling back a candidate that is not worse than the margin.
    pub alpha_rollback: f64,
    /// Least pairs before a promotion.
    pub min_pairs: u64,
    /// Least pairs folded within a step before the next.
    pub step_pairs: u64,
    /// Pairs after which an undecided canary expires to the stable deployment.
    pub max_pairs: u64,
    /// A score that has not come this long after its answer counts as missing, in milliseconds.
    pub score_timeout_ms: u64,
    /// Fixed at creation, so that a unit never changes arm.
    pub salt: u64,
}

/// Where a canary stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CanaryState {
    /// Exposed at its step's share.
    Running,
    /// Exposure paused by a person or an alarm.
    Held,
    /// Became the stable deployment.
    Promoted,
    /// Proven worse than the margin, or taken back by a person.
    RolledBack,
    /// Undecided at its horizon; the stable deployment stays.
    Expired,
    /// Another revision came first.
    Superseded,
}

impl CanaryState {
    /// The word stored and shown.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Held => "held",
            Self::Promoted => "promoted",
            Self::RolledBack => "rolled_back",
            Self::Expired => "expired",
            Self::Superseded => "superseded",
        }
    }
    /// True when nothing can move it any more.
    #[must_use]
    pub const fn is_final(self) -> bool {
        !matches!(self, Self::Running | Self::Held)
    }
}

/// What the pairs say so far.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// Pairs folded.
    pub pairs: u64,
    /// Pairs folded since the current step began.
    pub step_pairs: u64,
    /// Mean grade of the candidate arm.
    pub candidate_mean: f64,
    /// Mean grade of the control arm.
    pub control_mean: f64,
    /// Mean difference, candidate − control, `-1..=1`.
    pub delta: f64,
    /// Lower end of the anytime-valid 95 % band of the difference.
    pub lower: f64,
    /// Upper end of the band.
    pub upper: f64,
    /// Log evidence that the loss is smaller than the margin.
    pub log_e_promote: f64,
    /// Promotes when `log_e_promote` reaches this.
    pub promote_at: f64,
    /// Log evidence that the loss is larger than the margin.
    pub log_e_rollback: f64,
    /// Rolls back when `log_e_rollback` reaches this.
    pub rollback_at: f64,
    /// Candidate answers without a score in time.
    pub missing_candidate: u64,
    /// Control answers without a score in time.
    pub missing_control: u64,
}

/// One transition, kept for good.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CanaryEvent {
    /// Which canary.
    pub canary: CanaryId,
    /// When.
    pub at: Timestamp,
    /// `optimizer`, or the key's name.
    pub actor: String,
    /// State after it.
    pub state: CanaryState,
    /// Step after it.
    pub step: usize,
    /// Why, in one sentence.
    pub reason: String,
    /// The numbers that decided.
    pub evidence: Evidence,
}

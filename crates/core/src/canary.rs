//! A canary as stored and shown. What moves it lives in the optimizer; the two arms' exposure lives on spans.

mod evidence;
mod exposure;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{CanaryId, DeploymentId, RevisionId, ScorerName, Timestamp, WorkloadId};

pub use evidence::{Battles, CanaryEvent, Evidence, GuardReading, Inputs, JudgeBias, Shadowed, StratumReading};
pub use exposure::{Exposure, Guarded};

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
    /// Why it is held; `None` in every other state.
    pub held: Option<HoldCause>,
    /// The state a resumed canary returns to: running or verifying.
    pub resumes_to: CanaryState,
    /// Times it went on by itself after a hold.
    pub auto_resumes: u32,
    /// What a person has seen and resumed in spite of: it holds this canary no more. What rolls back still does.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accepted: Vec<HoldCause>,
    /// Segments taken out of the candidate's scope: proven worse there.
    pub scoped_out: Vec<Arc<str>>,
    /// Evidence is read from requests assigned at or after this instant; moves when the version of the scorer or of a guard
    /// changes.
    pub epoch_at: Timestamp,
    /// Who asked for it.
    pub proposer: String,
    /// Counts changes; every write names the version it read.
    pub version: u64,
    /// Started.
    pub created_at: Timestamp,
    /// Last change of state or step.
    pub changed_at: Timestamp,
    /// Why it stands there, in one sentence.
    pub reason: String,
}

/// How a canary is run. Durations in milliseconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CanaryPlan {
    /// Share of units per arm at each step, ascending, each in `0..=0.5`.
    pub steps: Vec<f64>,
    /// Largest acceptable loss of mean grade, in `0.001..=0.5`.
    pub margin: f64,
    /// Probability of promoting a candidate that is worse than the margin, over all attempts of its lineage.
    pub alpha_promote: f64,
    /// Which try of this candidate on this workload within 90 days, from 1; later tries get less of `alpha_promote`.
    pub attempt: u32,
    /// Probability of rolling back a candidate that is not worse, over all rollback tests.
    pub alpha_rollback: f64,
    /// Least mean grade of the candidate itself, `0..=1`; `None` for no such test.
    pub floor: Option<f64>,
    /// Least pairs before a promotion.
    pub min_pairs: u64,
    /// Least pairs folded within a step before the next.
    pub step_pairs: u64,
    /// Least time within a step before the next.
    pub bake_ms: u64,
    /// Least time before a promotion.
    pub min_duration_ms: u64,
    /// Pairs after which an undecided canary expires to the stable deployment.
    pub max_pairs: u64,
    /// Time after which it expires.
    pub horizon_ms: u64,
    /// Largest loss of the workload's mean grade that exposure may cause, `0..=1`: bounds the share by what the
    /// candidate may be losing at worst.
    pub risk_budget: f64,
    /// Pairs within the verifying stage, in which the candidate takes all but a hold-back; 0 skips the stage.
    pub verify_pairs: u64,
    /// Units per arm in the verifying stage, `0..=0.5`.
    pub hold_back: f64,
    /// Same-prompt pairs wanted before any user is exposed; 0 skips the stage.
    pub shadow_pairs: u64,
    /// A person must approve before anything is exposed.
    pub approval: bool,
    /// Whoever approves must not be who proposed.
    pub four_eyes: bool,
    /// A hold that cleared goes on by itself after this time.
    pub hold_clear_ms: u64,
    /// A score that has not come this long after its answer counts as missing.
    pub score_timeout_ms: u64,
    /// What the stable deployment did before, for the guards that compare with it.
    pub baseline: Baseline,
    /// Cost above the control's that rolls back, as a share of `baseline.cost_cap_nano`; `None` for no such test.
    pub cost_budget: Option<f64>,
    /// Promotion also takes proof that the candidate is cheaper.
    pub must_save: bool,
    /// Scorers whose mean grade may fall by a point at most, as the workload has them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub guards: Vec<ScorerName>,
    /// Segments that were out of its scope from the beginning.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub except: Vec<Arc<str>>,
    /// What somebody accepted of it: a judge of an arm's own family, in a sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// Fixed at creation, so that a unit never changes arm.
    pub salt: u64,
}

/// What the stable deployment did before a canary, frozen at its start; `None` where too few answers were seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Baseline {
    /// 95th percentile of whole answers, in microseconds.
    pub latency_us: Option<u64>,
    /// 95th percentile to the first byte of a stream, in microseconds.
    pub ttft_us: Option<u64>,
    /// 99.9th percentile of a request's cost, in nano-dollars: costs above count as this.
    pub cost_cap_nano: Option<i64>,
}

/// What canaries are run with unless a request says otherwise; `None` leaves the optimizer's own default.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CanaryDefaults {
    /// As [`CanaryPlan::steps`].
    pub steps: Option<Vec<f64>>,
    /// As [`CanaryPlan::margin`].
    pub margin: Option<f64>,
    /// As [`CanaryPlan::alpha_promote`].
    pub alpha_promote: Option<f64>,
    /// As [`CanaryPlan::alpha_rollback`].
    pub alpha_rollback: Option<f64>,
    /// As [`CanaryPlan::min_pairs`].
    pub min_pairs: Option<u64>,
    /// As [`CanaryPlan::bake_ms`].
    pub bake_ms: Option<u64>,
    /// As [`CanaryPlan::min_duration_ms`].
    pub min_duration_ms: Option<u64>,
    /// As [`CanaryPlan::risk_budget`].
    pub risk_budget: Option<f64>,
    /// As [`CanaryPlan::shadow_pairs`].
    pub shadow_pairs: Option<u64>,
    /// As [`CanaryPlan::approval`]; no request takes it back.
    pub approval: bool,
    /// As [`CanaryPlan::four_eyes`]; no request takes it back.
    pub four_eyes: bool,
    /// A judge of an arm's own family may decide; the canary says so.
    pub kin_judge: bool,
}

/// Where a canary stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CanaryState {
    /// Waits for a person; nothing is exposed.
    AwaitingApproval,
    /// Answers beside the stable deployment; nothing is exposed.
    Shadow,
    /// Exposed at its step's share.
    Running,
    /// Stopped by a person or an alarm; some causes leave the first step's share.
    Held,
    /// Takes all traffic but the hold-back.
    Verifying,
    /// Became the stable deployment.
    Promoted,
    /// Proven worse than the margin, or taken back by a person.
    RolledBack,
    /// Undecided at its horizon; the stable deployment stays.
    Expired,
    /// Another revision came first.
    Superseded,
    /// The configuration no longer has one of its arms.
    Aborted,
    /// Not approved.
    Rejected,
}

impl CanaryState {
    /// The word stored and shown.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AwaitingApproval => "awaiting_approval",
            Self::Shadow => "shadow",
            Self::Running => "running",
            Self::Held => "held",
            Self::Verifying => "verifying",
            Self::Promoted => "promoted",
            Self::RolledBack => "rolled_back",
            Self::Expired => "expired",
            Self::Superseded => "superseded",
            Self::Aborted => "aborted",
            Self::Rejected => "rejected",
        }
    }
    /// True when nothing can move it any more.
    #[must_use]
    pub const fn is_final(self) -> bool {
        !matches!(self, Self::AwaitingApproval | Self::Shadow | Self::Running | Self::Held | Self::Verifying)
    }
}

/// Why a canary is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldCause {
    /// A person.
    Operator,
    /// Evidence that the candidate is worse at all.
    Harm,
    /// Arms of equal share have unequal numbers of units.
    Units,
    /// Scores go missing in one arm.
    Missing,
    /// The candidate is slower than it may be.
    Latency,
    /// Its first byte comes later than it may.
    FirstByte,
    /// Scores go missing in both arms: the scorer is unwell.
    Scorer,
    /// The scorer, or a guard, has another version: evidence starts again.
    ScorerChanged,
    /// Exposure had lapsed for want of a controller.
    Lease,
    /// Proven by the scorer's grades, and not by what people's labels leave of them.
    JudgeBias,
}

impl HoldCause {
    /// True when a person may accept it: a judgement of the candidate, and not a doubt about the comparison itself.
    #[must_use]
    pub const fn acceptable(self) -> bool {
        matches!(self, Self::Harm | Self::Latency | Self::FirstByte | Self::JudgeBias)
    }
    /// True when nobody may be exposed meanwhile; else the first step's share stays.
    #[must_use]
    pub const fn stops_exposure(self) -> bool {
        matches!(self, Self::Operator | Self::Scorer | Self::ScorerChanged | Self::Lease)
    }
}

impl Canary {
    /// The largest share of units per arm that its state allows, `0..=0.5`.
    #[must_use]
    pub fn ceiling(&self) -> f64 {
        let step = self.plan.steps.get(self.step).copied().unwrap_or(0.0);
        let first = self.plan.steps.first().copied().unwrap_or(0.0);
        match self.state {
            CanaryState::Running => step,
            CanaryState::Held if self.held.is_some_and(|cause| !cause.stops_exposure()) => first.min(step),
            CanaryState::Verifying => self.plan.hold_back,
            _ => 0.0,
        }
    }
}

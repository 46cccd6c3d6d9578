//! What a canary's decisions rest on, as stored and shown.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::CanaryState;
use crate::{CanaryId, RevisionId, Timestamp};

/// What the pairs say so far, with the thresholds they are held against.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
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
    /// Log evidence that the candidate is worse at all.
    pub log_e_harm: f64,
    /// Holds when `log_e_harm` reaches this.
    pub hold_at: f64,
    /// Log evidence that the candidate's own mean is below the floor; `None` without a floor. Rolls back at
    /// `rollback_at`.
    pub log_e_floor: Option<f64>,
    /// Candidate answers without a score in time.
    pub missing_candidate: u64,
    /// Control answers without a score in time.
    pub missing_control: u64,
    /// The part of `alpha_promote` that this attempt may spend.
    pub alpha: f64,
    /// Which attempt, from 1.
    pub attempt: u32,
    /// Share of units per arm that is granted: the state's ceiling within the risk budget.
    pub share: f64,
    /// Everything assigned up to here is folded.
    pub watermark: Timestamp,
    /// The version of the scorer whose grades are folded.
    pub scorer_version: Option<Arc<str>>,
    /// The guards, in a fixed order; those without a baseline are left out.
    pub guards: Vec<GuardReading>,
    /// Each segment by itself, by name.
    pub strata: Vec<StratumReading>,
    /// Digest of the histograms of differences (BLAKE3, hexadecimal).
    pub histogram: String,
    /// Same-prompt answers of the shadow side by side; `None` where no judge compared any. Nothing is decided by them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub battles: Option<Battles>,
    /// Lower end of the difference as people would grade it, with the error of judge and labels shared half and half;
    /// `None` where labels were not looked at or are too few. Decides once, where proof would take the canary further.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lower_by_people: Option<f64>,
    /// What else the decision looked at; replaying takes these.
    pub inputs: Inputs,
    /// The version of weir that computed it.
    pub code: String,
}

/// Answers to the same prompts, compared by judges that saw each pair in both orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Battles {
    /// The candidate's answer is better, in both orders.
    pub won: u64,
    /// Neither is, or the two orders disagree.
    pub tied: u64,
    /// The answer that the caller got is better, in both orders.
    pub lost: u64,
}

/// What a canary's shadow says: answers that nobody saw, to prompts that a caller got another answer to.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Shadowed {
    /// Grades `(candidate, control)` of each prompt, `0..=1`, in order; none after the shadow.
    pub grades: Vec<(f64, f64)>,
    /// The same answers side by side; stays after the shadow.
    pub battles: Option<Battles>,
}

/// One guard: a rate or a Bayes factor against what is allowed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GuardReading {
    /// `errors`, `latency`, `first_byte`, `cost`, `missing`, `units`, `scorer`, or `check:` and the name of a guard.
    pub name: Arc<str>,
    /// What counts against the candidate: failures, slow answers, missing scores, units; of a check, grades lost in all.
    pub bad: u64,
    /// Of how many.
    pub n: u64,
    /// The rate that is allowed, `0..=1`; for `units` and `missing` the control arm's count takes its place.
    pub allowed: f64,
    /// Log evidence of more than that.
    pub log_e: f64,
    /// Holds when `log_e` reaches this.
    pub hold_at: Option<f64>,
    /// Rolls back when `log_e` reaches this.
    pub rollback_at: Option<f64>,
    /// Log evidence that the candidate keeps what is allowed; `None` where a promotion does not ask.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_e_fine: Option<f64>,
    /// A promotion takes `log_e_fine` of at least this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promote_at: Option<f64>,
}

impl GuardReading {
    /// True when it holds.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.hold_at.is_some_and(|bar| self.log_e >= bar)
    }
    /// True when a promotion may pass by it.
    #[must_use]
    pub fn is_proven(&self) -> bool {
        self.promote_at.is_none_or(|bar| self.log_e_fine.is_some_and(|log_e| log_e >= bar))
    }
    /// True when it rolls back.
    #[must_use]
    pub fn rolls_back(&self) -> bool {
        self.rollback_at.is_some_and(|bar| self.log_e >= bar)
    }
}

/// One segment of the workload.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StratumReading {
    /// The segment.
    pub segment: Arc<str>,
    /// Its part of the exposed units, `0..=1`.
    pub traffic: f64,
    /// Pairs folded.
    pub pairs: u64,
    /// Mean difference.
    pub delta: f64,
    /// Lower end of its anytime-valid 95 % band.
    pub lower: f64,
    /// Upper end.
    pub upper: f64,
    /// Log evidence that its loss is smaller than the wide margin of segments.
    pub log_e_promote: f64,
    /// Promotion wants at least this from every segment with traffic.
    pub promote_at: f64,
    /// Log evidence that its loss is larger than the margin of segments.
    pub log_e_rollback: f64,
    /// The segment is taken out of scope when `log_e_rollback` reaches this.
    pub scope_out_at: f64,
    /// It is out of scope already.
    pub scoped_out: bool,
}

/// How much kinder a scorer is to the candidate than to the control, by people's labels of answers of both.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct JudgeBias {
    /// (scorer − people) of the candidate less the same of the control, `-2..=2`.
    pub delta: f64,
    /// Lower end at the level that the decision spends on labels.
    pub lower: f64,
    /// Upper end.
    pub upper: f64,
    /// Labels of the arm with fewer.
    pub labels: u64,
}

/// Everything a decision looks at besides the folded rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Inputs {
    /// When it was looked at; never before the canary's last change.
    pub now: Timestamp,
    /// Every exposure assigned before this instant was in the store.
    pub complete_before: Timestamp,
    /// Candidate requests in flight.
    pub in_flight: u64,
    /// The newest span in the store.
    pub span_seq: i64,
    /// The newest score in the store.
    pub score_seq: i64,
    /// The newest answer of a shadow in the store; `None` of decisions from before it was noted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shadow_seq: Option<i64>,
    /// The head revision of the workload.
    pub head: RevisionId,
    /// Somebody froze this workload or all of them.
    pub frozen: bool,
    /// One of the arms is no longer configured.
    pub orphaned: bool,
    /// A gateway's own breaker has stopped the exposure.
    pub tripped: bool,
    /// The exposure had lapsed because nothing renewed it.
    pub lapsed: bool,
    /// What people's labels say of the scorer; `None` while nothing asks, and where they are too few.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bias: Option<JudgeBias>,
}

impl Default for Inputs {
    /// Nothing was looked at yet.
    fn default() -> Self {
        Self {
            now: Timestamp::default(),
            complete_before: Timestamp::default(),
            in_flight: 0,
            span_seq: 0,
            score_seq: 0,
            shadow_seq: None,
            head: RevisionId::from(""),
            frozen: false,
            orphaned: false,
            tripped: false,
            lapsed: false,
            bias: None,
        }
    }
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
    /// State before it; `None` for the first.
    pub from: Option<CanaryState>,
    /// State after it.
    pub state: CanaryState,
    /// Step after it.
    pub step: usize,
    /// Why, in one sentence.
    pub reason: String,
    /// The numbers that decided.
    pub evidence: Evidence,
}

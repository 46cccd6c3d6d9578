//! What a diff looks like: the document that is stored, shown and posted.

use serde::{Deserialize, Serialize};
use weir_core::{DeploymentId, RevisionId, WorkloadId};

use super::{facts::Facts, frontier::Frontier};

/// How much traffic it concerns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Traffic {
    /// Share of the workload's traffic, `0..=1`.
    pub share: f64,
    /// Requests expected in 30 days.
    pub req_30d: f64,
    /// Their 95 % interval, overdispersed as the last days were.
    pub req_30d_ci: [f64; 2],
}

/// What happens to quality.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QualityChange {
    /// New − present mean grade, `-1..=1`.
    pub delta: f64,
    /// Its 95 % interval.
    pub ci95: [f64; 2],
    /// How it was found: `windows` compares traffic that was not randomised, which is why a canary follows.
    pub method: String,
    /// Pairs, grades of the newcomer, or effective ones.
    pub n: u64,
    /// Log evidence that the loss is smaller than the margin; `None` unless it was found by pairs.
    #[serde(default, rename = "logE_promote", skip_serializing_if = "Option::is_none")]
    pub log_e_promote: Option<f64>,
    /// It is told by the half of the units that had no part in choosing the scope.
    #[serde(default)]
    pub holdout: bool,
    /// Loss the canary accepts.
    pub margin: f64,
    /// Probability that the loss is within the margin.
    pub good: f64,
    /// The scorer with its version.
    pub judge: String,
    /// The scorer's own bias towards the newcomer, which `delta` no longer contains; `None` where too few answers have
    /// people's labels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub judge_bias: Option<JudgeBias>,
    /// Why logged traffic alone does not tell, where it was asked and does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub off_policy_refused: Option<String>,
}

/// How much kinder the scorer is to the newcomer than people are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JudgeBias {
    /// Points of grade.
    pub delta: f64,
    /// Its 95 % interval.
    pub ci95: [f64; 2],
    /// Labels of the deployment with fewer.
    pub labels: u64,
}

/// What happens to cost.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CostChange {
    /// Per request, in dollars; negative saves.
    pub per_req_delta_usd: f64,
    /// Its 95 % interval.
    #[serde(default)]
    pub per_req_ci95: [f64; 2],
    /// In the first 30 days, in dollars, less what proving it costs.
    pub monthly_saving_usd: f64,
    /// Its 95 % interval, from the doubt about traffic and about what a request costs.
    pub ci95: [f64; 2],
    /// What proving it costs once, in dollars: grading both arms' answers, and the shadow.
    #[serde(default)]
    pub trial_usd: f64,
}

/// What happens to latency.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LatencyChange {
    /// New / present 95th percentile.
    pub p95_ratio: f64,
    /// Its 95 % interval; `None` where few were seen.
    #[serde(default)]
    pub ci95: Option<[f64; 2]>,
}

/// What happens to the failure rate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ErrorChange {
    /// New − present.
    pub delta: f64,
    /// Its 95 % interval.
    pub ci95: [f64; 2],
}

/// What proving it takes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outlook {
    /// Pairs of the canary.
    pub n_needed: u64,
    /// Time at the present traffic as an ISO 8601 duration; `None` without traffic.
    pub eta: Option<String>,
    /// Average loss of the workload's quality while it runs, in points, at most: share × the interval's lower end.
    pub max_expected_loss_pts: f64,
    /// Saving per request × probability / pairs: what is tried next has the highest.
    pub index: f64,
}

/// A change of route with the maths attached.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PolicyDiff {
    /// `pd_` and the hash of the facts.
    pub id: String,
    /// Whose traffic.
    pub workload: WorkloadId,
    /// The revision it changes; it applies to no other.
    pub parent: RevisionId,
    /// What it does: `route`.
    pub op: String,
    /// The part of the traffic, by feature: `{"input_tokens": {"gte": 2000, "lt": 8000}, "tools": true}`; all of it
    /// without. Diffs of earlier versions have words here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<serde_json::Value>,
    /// What serves now.
    pub from: DeploymentId,
    /// What would serve.
    pub to: DeploymentId,
    /// How much traffic.
    pub traffic: Traffic,
    /// Quality.
    pub quality: QualityChange,
    /// Cost.
    pub cost: CostChange,
    /// Where it lies among all mixes of the workload's deployments; `None` where too little is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frontier: Option<Frontier>,
    /// Latency; `None` before both have been seen.
    pub latency: Option<LatencyChange>,
    /// Failures; `None` before both have been seen.
    pub errors: Option<ErrorChange>,
    /// What proving it takes.
    pub plan: Outlook,
    /// In one sentence.
    pub sentence: String,
    /// What it was made of.
    pub evidence: Facts,
}

impl PolicyDiff {
    /// True when both say the same: the sentence, and every number to nine digits, which is what storage keeps.
    #[must_use]
    pub fn agrees(&self, other: &Self) -> bool {
        let numbers = |diff: &Self| {
            let [low, high] = diff.quality.ci95;
            let [least, most] = diff.cost.ci95;
            let (quality, cost) = (diff.quality.delta, diff.cost.monthly_saving_usd);
            [quality, low, high, diff.quality.good, cost, least, most, diff.plan.max_expected_loss_pts, diff.plan.index]
        };
        let close = |(a, b): (f64, f64)| (a - b).abs() <= 1e-9 * (1.0 + a.abs());
        self.sentence == other.sentence
            && self.parent == other.parent
            && self.plan.n_needed == other.plan.n_needed
            && numbers(self).into_iter().zip(numbers(other)).all(close)
    }
}

//! What a diff is made of. Stored with it, so that it can be made again and compared.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use weir_core::{DeploymentId, RevisionId, ScorerName, Timestamp, WorkloadId, snapshot::Quality};
use weir_stats::{
    eprocess::{Grid, interval, log_e_promote},
    histogram::PairHistogram,
};

use crate::{
    pairing::BAND_ALPHA,
    planner::logged::{Bias, Estimate, Within},
};

/// Same-prompt pairs below which a diff speaks of windows or logged traffic: what a shadow takes.
const LEAST_PAIRS: usize = 200;

/// One deployment, as the last days knew it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Side {
    /// Which.
    pub deployment: DeploymentId,
    /// Its window of the quality scorer; `None` without grades.
    pub quality: Option<Quality>,
    /// Mean cost of a request in dollars; `None` without a price.
    pub cost_usd: Option<f64>,
    /// Requests it answered.
    pub requests: u64,
    /// Of these, failed.
    pub failed: u64,
    /// 95th percentile of its latency in microseconds.
    pub p95_us: Option<f64>,
    /// Ends between which the true one lies in 95 %.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p95_ci_us: Option<[f64; 2]>,
}

/// Everything a diff depends on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// Whose traffic.
    pub workload: WorkloadId,
    /// The head revision it changes.
    pub parent: RevisionId,
    /// When the facts were read.
    pub at: Timestamp,
    /// Whose grades.
    pub scorer: ScorerName,
    /// The scorer's version.
    pub version: String,
    /// The workload's floor.
    pub floor: Option<f64>,
    /// Loss the canary would accept.
    pub margin: f64,
    /// Its error rate.
    pub alpha: f64,
    /// Share of scored answers, for the time it takes.
    pub sample: f64,
    /// Largest share of units in the canary's candidate arm.
    pub share: f64,
    /// Requests on each of the last whole days, oldest first, those of the stable deployment.
    pub daily: Vec<u64>,
    /// What serves now.
    pub from: Side,
    /// What would serve.
    pub to: Side,
    /// What both answered to the same prompts, where a shadow runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pairs: Option<PairFacts>,
    /// What logged traffic says of both, without anybody being sent anywhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logged: Option<LoggedFacts>,
    /// How much kinder the scorer is to the newcomer, where people have labelled enough answers of both.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bias: Option<Bias>,
    /// The part of the traffic it concerns; all of it without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<Within>,
    /// How sure the costs are, and what proving it takes; exact and free without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spend: Option<SpendFacts>,
    /// What every deployment is known to do in every part of the traffic; empty without grades.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<PartFacts>,
}

/// Same-prompt pairs, newcomer less what serves now.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PairFacts {
    /// How many.
    pub n: u64,
    /// Mean difference of grade, `-1..=1`.
    pub delta: f64,
    /// Variance of one difference, `0..=1`.
    pub variance: f64,
    /// Its 95 % band, which holds however often it is looked at.
    pub ci95: [f64; 2],
    /// Log evidence that the loss is smaller than the margin.
    pub log_e_promote: f64,
}

impl PairFacts {
    /// From grades `(newcomer, present)`, each `0..=1`; `None` of fewer than 200.
    #[must_use]
    pub fn of(grades: &[(f64, f64)], margin: f64) -> Option<Self> {
        let mut pairs = PairHistogram::default();
        grades.iter().for_each(|&(newcomer, present)| pairs.add(newcomer, present));
        let grid = Grid::for_margin(margin);
        (grades.len() >= LEAST_PAIRS).then(|| Self {
            n: pairs.n(),
            delta: pairs.mean(),
            variance: pairs.variance(),
            ci95: interval(&grid, &pairs, BAND_ALPHA).into(),
            log_e_promote: log_e_promote(&grid, &pairs, margin),
        })
    }
}

/// What the figures of cost rest on.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SpendFacts {
    /// Standard error of the difference of mean costs, in dollars a request.
    pub se_usd: f64,
    /// What grading one answer costs, in dollars.
    pub score_usd: f64,
    /// Same-prompt pairs that the canary begins with.
    pub shadow_pairs: u64,
}

/// One part of the traffic.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PartFacts {
    /// Its name.
    pub segment: Arc<str>,
    /// Its share of graded traffic, `0..=1`.
    pub share: f64,
    /// Who may serve it, as far as cost and quality are known.
    pub choices: Vec<ChoiceFacts>,
}

/// One deployment in one part.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChoiceFacts {
    /// Which.
    pub deployment: DeploymentId,
    /// Mean cost of a request in dollars.
    pub cost_usd: f64,
    /// Shrunk lower bound of its quality, `0..=1`.
    pub lower: f64,
}

/// What all traffic would have been graded by one deployment alone and by the other, from logged propensities.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LoggedFacts {
    /// What serves now.
    pub from: Estimate,
    /// What would serve.
    pub to: Estimate,
}

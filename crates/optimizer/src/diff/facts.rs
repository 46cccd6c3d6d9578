//! What a diff is made of. Stored with it, so that it can be made again and compared.

use serde::{Deserialize, Serialize};
use weir_core::{DeploymentId, RevisionId, ScorerName, Timestamp, WorkloadId, snapshot::Quality};

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
}

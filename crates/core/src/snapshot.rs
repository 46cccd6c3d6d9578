//! The snapshot: everything the router reads, built by reconcilers, immutable, swapped whole.

use std::sync::Arc;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::{
    CanaryId, DeploymentId, Timestamp, WorkloadId, deployment::Deployment, policy::Policy, workload::Workload,
};

/// What the router knows.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// Counts publications; higher is newer.
    pub seq: u64,
    /// The newest score folded in.
    pub score_seq: i64,
    /// Every deployment, for pinned requests.
    pub deployments: IndexMap<DeploymentId, Arc<Deployment>>,
    /// Every workload.
    pub workloads: IndexMap<WorkloadId, Arc<WorkloadView>>,
}

/// One workload as the router sees it.
#[derive(Debug, Clone)]
pub struct WorkloadView {
    /// As configured.
    pub workload: Arc<Workload>,
    /// The head revision.
    pub policy: Arc<Policy>,
    /// Its candidates, in configured order; stages refer to them by index.
    pub candidates: Vec<CandidateView>,
    /// The running canary.
    pub canary: Option<CanarySlot>,
}

/// One candidate as the router sees it.
#[derive(Debug, Clone)]
pub struct CandidateView {
    /// The endpoint.
    pub deployment: Arc<Deployment>,
    /// May take ordinary traffic under the head revision.
    pub admitted: bool,
    /// First among the admitted: serves when nothing else is proven.
    pub stable: bool,
    /// Its window of the quality scorer; `None` without evidence.
    pub quality: Option<Quality>,
    /// Its grades have fallen: it takes no ordinary traffic while another admitted candidate can.
    pub suspect: bool,
    /// Mean completion tokens on this workload; `None` before the first answer.
    pub output_tokens: Option<f64>,
}

/// A window's estimate.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Quality {
    /// Shrunk mean, `0..=1`.
    pub mean: f64,
    /// Lower confidence bound, `0..=1`.
    pub lower: f64,
    /// Upper confidence bound, `0..=1`.
    pub upper: f64,
    /// Scores behind it.
    pub n: u64,
}

/// A running canary, as the request path needs it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CanarySlot {
    /// Which.
    pub id: CanaryId,
    /// The newcomer.
    pub candidate: DeploymentId,
    /// What it is compared with.
    pub control: DeploymentId,
    /// Share of units in each of the two arms, `0..=0.5`.
    pub share: f64,
    /// Fixed at creation, so that a unit never changes arm.
    pub salt: u64,
    /// No exposure after this instant: a canary never outlives its controller.
    pub lease_until: Timestamp,
}

//! A policy revision: an immutable composition of stages for one workload, with its parent and the reason it exists.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::{CanaryId, DeploymentId, RevisionId, Timestamp, WorkloadId};

/// One immutable policy state of one workload.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Policy {
    /// This revision, counted per workload.
    pub revision: RevisionId,
    /// The revision it replaced; `None` for the first.
    pub parent: Option<RevisionId>,
    /// Whose policy.
    pub workload: WorkloadId,
    /// What to do, in order.
    pub stages: Vec<Stage>,
    /// Deployments that may take ordinary traffic: the first is the stable one, which serves when nothing else is
    /// proven. Others were admitted by a promoted canary or by the operator.
    pub admitted: Vec<DeploymentId>,
    /// Who made it.
    pub author: Author,
    /// Why, in one sentence.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

/// Who made a revision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Author {
    /// The configuration file.
    Config,
    /// A canary that was promoted.
    Canary {
        /// Which.
        id: CanaryId,
    },
    /// A person, through the API.
    Operator {
        /// The key's name.
        name: String,
    },
}

/// One pure function over candidates.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "stage", rename_all = "snake_case")]
pub enum Stage {
    /// Drops candidates that cannot serve the request: capability, admission, health.
    Filter,
    /// Sends the canary's share to its candidate arm and an equal share to the control arm.
    Canary,
    /// Drops candidates whose lower bound misses the workload's floor; the stable one stays.
    Floor,
    /// Orders by expected cost, cheapest first.
    Cost,
    /// Orders by a weighted draw without replacement.
    Weighted {
        /// Relative weights; a deployment without one is never drawn first.
        weights: IndexMap<DeploymentId, f64>,
    },
    /// Settles equals: power of two choices on load.
    TieBreak,
}

impl Stage {
    /// The word used in decisions, traces and configuration.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Filter => "filter",
            Self::Canary => "canary",
            Self::Floor => "floor",
            Self::Cost => "cost",
            Self::Weighted { .. } => "weighted",
            Self::TieBreak => "tie_break",
        }
    }
}

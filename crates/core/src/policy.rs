//! A policy revision: an immutable composition of stages for one workload, with its parent and the reason it exists.

mod chain;
mod condition;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use std::sync::Arc;

use crate::{CanaryId, DeploymentId, RevisionId, Timestamp, WorkloadId};

pub use chain::{ChainRules, FailureClass};
pub use condition::{Condition, Requirement, Verifier};

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
    /// Segments in which an admitted deployment takes no ordinary traffic: it was proven worse there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub except: Vec<Exception>,
    /// Who made it.
    pub author: Author,
    /// Why, in one sentence.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

/// Where an admitted deployment does not serve.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exception {
    /// Which deployment.
    pub deployment: DeploymentId,
    /// In which segments.
    pub segments: Vec<Arc<str>>,
}

impl Policy {
    /// The segments in which this deployment takes no ordinary traffic.
    #[must_use]
    pub fn excepted(&self, deployment: &DeploymentId) -> &[Arc<str>] {
        self.except.iter().find(|except| except.deployment == *deployment).map_or(&[], |except| &except.segments)
    }

    /// True when it takes none in this one.
    #[must_use]
    pub fn excepts(&self, deployment: &DeploymentId, segment: &str) -> bool {
        self.excepted(deployment).iter().any(|name| **name == *segment)
    }
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

/// One pure function over candidates. Objectives order within what the ones before them left equal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "stage", rename_all = "snake_case")]
pub enum Stage {
    /// A stage that runs for the requests for which its condition holds.
    When {
        /// For which.
        condition: Condition,
        /// What then.
        then: Box<Stage>,
    },
    /// Drops candidates that cannot serve the request: capability, admission, health.
    Filter,
    /// Keeps these deployments and those of these providers.
    Lock {
        /// By name.
        deployments: Vec<DeploymentId>,
        /// By provider.
        providers: Vec<String>,
    },
    /// Keeps candidates for which the rule holds.
    Require {
        /// The rule.
        rule: Requirement,
    },
    /// Sends the canary's share to its candidate arm and an equal share to the control arm.
    Canary,
    /// Drops candidates whose lower bound misses the workload's floor; the stable one stays.
    Floor,
    /// Orders by expected cost, cheapest first.
    Cost,
    /// Orders by estimated quality, best first, among those under the ceilings.
    Quality {
        /// Most that a request may be expected to cost.
        max_cost_usd: Option<f64>,
        /// Longest that a request may be expected to take, in milliseconds.
        max_latency_ms: Option<f64>,
        /// Candidates this close to the best are equal.
        band: f64,
    },
    /// Draws among the fast ones: the nearer to the fastest, the likelier, down to nothing at the edge of the band.
    Latency {
        /// Relative width, `0.2` is 20 % slower than the fastest.
        band: f64,
    },
    /// Orders by a weighted draw without replacement.
    Weighted {
        /// Relative weights; a deployment without one is never drawn first.
        weights: IndexMap<DeploymentId, f64>,
    },
    /// Orders by utility: quality, less expected cost and latency relative to the dearest and the slowest.
    Adaptive {
        /// Weight of quality.
        quality: f64,
        /// Weight of cost.
        cost: f64,
        /// Weight of latency.
        latency: f64,
    },
    /// Orders by requests in flight, fewest first.
    LeastBusy,
    /// Hard prompts to these first, easy ones to the others first.
    Complexity {
        /// From here on a prompt is hard, `0..=1`.
        threshold: f64,
        /// For the hard ones.
        hard: Vec<DeploymentId>,
    },
    /// Settles equals in turn.
    RoundRobin,
    /// Settles equals by the session: the same one comes to the same deployment.
    Affinity,
    /// Settles equals: power of two choices on load.
    TieBreak,
    /// Sends a share elsewhere than the objective would, to learn.
    Explore {
        /// Of requests, `0..=0.5`.
        share: f64,
        /// Most dollars that one explored request may be expected to cost more.
        max_extra_usd: Option<f64>,
        /// Most expected quality that one explored request may lose.
        max_quality_loss: Option<f64>,
    },
    /// How dispatch walks the chain.
    Chain {
        /// The rules.
        rules: Arc<ChainRules>,
    },
    /// Several at once; the first good answer is served and the others are cancelled.
    Race {
        /// How many, 2 or more.
        width: u8,
    },
    /// A second one when the first is late.
    Hedge {
        /// How late, in milliseconds; the 95th percentile of the first one's shape when left out.
        after_ms: Option<u64>,
    },
    /// Cheapest first, dearer only when the verifier refuses the answer.
    Cascade {
        /// What is good enough.
        accept: Verifier,
    },
}

impl Stage {
    /// The word used in decisions, traces and configuration.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::When { then, .. } => then.name(),
            Self::Filter => "filter",
            Self::Lock { .. } => "lock",
            Self::Require { .. } => "require",
            Self::Canary => "canary",
            Self::Floor => "floor",
            Self::Cost => "cost",
            Self::Quality { .. } => "quality",
            Self::Latency { .. } => "latency",
            Self::Weighted { .. } => "weighted",
            Self::Adaptive { .. } => "adaptive",
            Self::LeastBusy => "least_busy",
            Self::Complexity { .. } => "complexity",
            Self::RoundRobin => "round_robin",
            Self::Affinity => "affinity",
            Self::TieBreak => "tie_break",
            Self::Explore { .. } => "explore",
            Self::Chain { .. } => "chain",
            Self::Race { .. } => "race",
            Self::Hedge { .. } => "hedge",
            Self::Cascade { .. } => "cascade",
        }
    }

    /// True when it reads more of a request than its features.
    #[must_use]
    pub const fn has_condition(&self) -> bool {
        matches!(self, Self::When { .. } | Self::Require { .. })
    }

    /// The stage itself, without its condition.
    #[must_use]
    pub fn bare(&self) -> &Self {
        match self {
            Self::When { then, .. } => then.bare(),
            other => other,
        }
    }
}

//! A workload: a kind of traffic with its own candidates, scorers, floor and policy.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{DeploymentId, ScorerName, WorkloadId, segment::SegmentBy};

/// A kind of traffic, as configured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Workload {
    /// Its name.
    pub id: WorkloadId,
    /// Deployments it may ever choose from; the first is the stable one at revision 1.
    pub candidates: Vec<DeploymentId>,
    /// Least acceptable quality, `0..=1`; `None` means no floor.
    pub floor: Option<f64>,
    /// Scorers that run on sampled answers.
    pub scorers: Vec<ScorerName>,
    /// The scorer whose windows steer routing and canaries; one of `scorers`, or the name of scores posted by hand.
    pub quality: ScorerName,
    /// Scorers whose grades a canary's candidate must keep up to a point, beside the quality: what is no matter of degree,
    /// such as a format that is held or a tool that is called. Some of `scorers`, never `quality`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub guards: Vec<ScorerName>,
    /// Share of answers to score outside canaries, `0..=1`.
    pub sample: f64,
    /// Half-life of a score in its window, in seconds.
    pub half_life_s: f64,
    /// What tells its prompts apart; nothing by default.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub segments: Vec<SegmentBy>,
    /// The keys that [`SegmentBy::Tenant`] tells apart, at most [`crate::segment::MOST_TENANTS`]; all others are one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tenants: Vec<Arc<str>>,
    /// What the planner may do.
    #[serde(default)]
    pub optimize: Optimize,
    /// Time limits of one request.
    pub deadlines: Deadlines,
    /// What becomes of fields that a deployment's dialect cannot express.
    #[serde(default)]
    pub strictness: Strictness,
}

/// What becomes of fields that a deployment's dialect cannot express.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strictness {
    /// The request is refused with their names.
    #[default]
    Strict,
    /// They are dropped and noted on the span.
    Lenient,
}

/// What the planner may do with a workload.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Optimize {
    /// Whether, and whether by itself.
    pub mode: OptimizeMode,
    /// Largest share of units in the candidate arm of a canary it starts, `0..=0.5`.
    pub share: f64,
    /// Most dollars a day that trying may cost beyond ordinary traffic; `None` for no limit.
    pub usd_per_day: Option<f64>,
}

/// Whether the planner looks for cheaper routes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OptimizeMode {
    /// It does not.
    #[default]
    Off,
    /// It writes policy diffs for a person to apply.
    Propose,
    /// It starts the canary of its best diff by itself.
    Auto,
}

impl Default for Optimize {
    fn default() -> Self {
        Self { mode: OptimizeMode::Off, share: 0.05, usd_per_day: None }
    }
}

/// Time limits of one request, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deadlines {
    /// TCP and TLS.
    pub connect_ms: u64,
    /// Request sent to first byte of the answer.
    pub first_byte_ms: u64,
    /// Between two chunks.
    pub idle_ms: u64,
    /// Whole request, all attempts together.
    pub total_ms: u64,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self { connect_ms: 2_000, first_byte_ms: 60_000, idle_ms: 60_000, total_ms: 600_000 }
    }
}

/// The segment of prompts that are not told apart.
pub const SEGMENT_ALL: &str = "all";
/// The series of golden probes: the same few prompts again and again, never mixed with traffic.
pub const SEGMENT_PROBE: &str = "probe";
/// The series of shadow answers, which no caller saw.
pub const SEGMENT_SHADOW: &str = "shadow";
/// The series of calls that other programs made and told of.
pub const SEGMENT_EXTERNAL: &str = "external";

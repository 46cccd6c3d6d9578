//! What windows are folded from beside scores.

use std::sync::Arc;

use weir_core::{DeploymentId, ScorerName, Timestamp, WorkloadId, span::Identity};

/// A deployment whose answers name a model or a fingerprint for the first time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shift {
    /// Its place in the log of provider changes.
    pub seq: i64,
    /// Who answers.
    pub deployment: DeploymentId,
    /// What it says of itself.
    pub identity: Identity,
    /// When.
    pub at: Timestamp,
    /// The newest score there was then: it belongs before later ones.
    pub after_score: i64,
}

/// What a person said of an answer beside what a scorer said of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Labelled {
    /// Its place in the log of labels.
    pub seq: i64,
    /// Whose traffic.
    pub workload: WorkloadId,
    /// Whose answer.
    pub deployment: DeploymentId,
    /// Whose grade.
    pub scorer: ScorerName,
    /// In which version.
    pub version: Arc<str>,
    /// What the scorer said, `0..=1`.
    pub grade: f64,
    /// What the person said, `0..=1`.
    pub human: f64,
    /// Inverse of the probability that the answer was graded and labelled; above 0.
    pub weight: f64,
    /// When the scorer graded it.
    pub at: Timestamp,
}

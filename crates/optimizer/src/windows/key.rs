//! Which window a score belongs to.

use std::sync::Arc;

use weir_core::{
    DeploymentId, ScorerName, WorkloadId,
    score::Score,
    workload::{SEGMENT_ALL, SEGMENT_EXTERNAL, SEGMENT_PROBE, SEGMENT_SHADOW},
};

/// Which window.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// Whose traffic.
    pub workload: WorkloadId,
    /// The part of its prompts.
    pub segment: Arc<str>,
    /// Whose answers.
    pub deployment: DeploymentId,
    /// Whose scores.
    pub scorer: ScorerName,
    /// The scorer's version.
    pub version: Arc<str>,
}

impl Key {
    /// The window of the whole workload that its grades count in as well: itself where they count nowhere else.
    pub(super) fn whole(&self) -> Self {
        match &*self.segment {
            SEGMENT_ALL | SEGMENT_SHADOW | SEGMENT_EXTERNAL | SEGMENT_PROBE => self.clone(),
            _ => Self { segment: SEGMENT_ALL.into(), ..self.clone() },
        }
    }

    pub(super) fn of(score: &Score) -> Self {
        Self {
            workload: score.workload.clone(),
            segment: Arc::clone(&score.segment),
            deployment: score.deployment.clone(),
            scorer: score.scorer.clone(),
            version: Arc::clone(&score.version),
        }
    }
}

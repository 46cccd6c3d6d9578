//! Mean completion tokens per workload and deployment, for expected cost. An exponential mean over what the recorder
//! writes; the snapshot carries a copy, so the lock is never met on the request path.

use std::{collections::HashMap, sync::Mutex, sync::PoisonError};

use weir_core::{
    DeploymentId, WorkloadId,
    span::{Origin, Span},
};
use weir_optimizer::snapshot::OutputTokens as Means;

/// Weight of the newest answer once the mean has settled.
const WEIGHT: f64 = 0.02;

/// Learns from every answer that is written.
#[derive(Debug, Default)]
pub struct OutputTokens(Mutex<HashMap<(WorkloadId, DeploymentId), (f64, u32)>>);

impl OutputTokens {
    /// Takes in one answer; failed requests say nothing, and golden probes nothing about traffic.
    pub fn learn(&self, span: &Span) {
        if span.origin == Origin::Probe {
            return;
        }
        let Some(deployment) = span.served_by() else {
            return;
        };
        let mut means = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (mean, n) = means.entry((span.workload.clone(), deployment.clone())).or_default();
        *n = n.saturating_add(1);
        let weight = WEIGHT.max(1.0 / f64::from(*n));
        *mean += weight * (span.usage.output as f64 - *mean);
    }

    /// Starts from what the store knows.
    pub fn seed(&self, workload: WorkloadId, deployment: DeploymentId, mean: f64) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert((workload, deployment), (mean, 50));
    }

    /// The means so far.
    #[must_use]
    pub fn means(&self) -> Means {
        let means = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        means.iter().map(|(key, (mean, _))| (key.clone(), *mean)).collect()
    }
}

//! Which answers are asked again of a candidate after the reply. A share of the traffic, drawn apart from the draw for
//! scoring, within a budget; what comes back is scored by the same scorers and billed to nobody.

use std::collections::HashMap;

use weir_config::Settings;
use weir_core::{
    CanaryId, DeploymentId, NanoUsd, WorkloadId,
    entropy::{mix, unit},
    span::{Origin, Outcome, Record},
};

use crate::queue::MirrorSpan;

/// Separates this draw from the one for scoring.
const SALT: u64 = 0x5bd1_e995_9d1b_54a5;

/// What one workload mirrors.
#[derive(Debug, Clone, PartialEq)]
struct Mirror {
    candidate: DeploymentId,
    share: f64,
    max_per_day: NanoUsd,
    canary: Option<CanaryId>,
}

/// Every workload that mirrors.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Mirrors(HashMap<WorkloadId, Mirror>);

impl Mirrors {
    /// What the configuration asks for.
    #[must_use]
    pub fn of(settings: &Settings) -> Self {
        let configured = settings.shadows.iter().map(|(workload, shadow)| {
            let mirror = Mirror {
                candidate: shadow.candidate.clone(),
                share: shadow.share,
                max_per_day: shadow.max_per_day,
                canary: None,
            };
            (workload.clone(), mirror)
        });
        Self(configured.collect())
    }

    /// The mirror of a caller's whole request that the candidate itself did not answer; nothing else is asked again.
    fn mirror(&self, record: &Record) -> Option<&Mirror> {
        let span = &record.span;
        let whole = span.origin == Origin::Client && span.outcome == Outcome::Ok && !record.payload.truncated;
        let mirror = self.0.get(&span.workload).filter(|_| whole)?;
        span.served_by().is_some_and(|served| *served != mirror.candidate).then_some(mirror)
    }

    /// Probability that this request is asked again.
    pub(crate) fn chance(&self, record: &Record) -> f64 {
        self.mirror(record).map_or(0.0, |mirror| mirror.share)
    }

    /// The job that asks this request again, if it was drawn.
    pub(crate) fn job(&self, record: &Record) -> Option<MirrorSpan> {
        let span = &record.span;
        let mirror = self.mirror(record)?;
        let bits = span.id.bits();
        let point = unit(mix(bits as u64 ^ mix((bits >> 64) as u64 ^ SALT)));
        (point < mirror.share).then(|| MirrorSpan {
            span: span.id,
            workload: span.workload.clone(),
            candidate: mirror.candidate.clone(),
            canary: mirror.canary.clone(),
            max_per_day: mirror.max_per_day,
        })
    }
}

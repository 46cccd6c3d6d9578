//! Which answers are asked again of a candidate after the reply. A share of the traffic, drawn apart from the draw for
//! scoring, within a budget; what comes back is scored by the same scorers and billed to nobody.

use std::collections::HashMap;

use weir_config::Settings;
use weir_core::{
    CanaryId, DeploymentId, NanoUsd, WorkloadId,
    canary::{Canary, CanaryState},
    entropy::{mix, unit},
    span::{Origin, Outcome, Record},
};

use crate::queue::MirrorSpan;

/// Separates this draw from the one for scoring.
const SALT: u64 = 0x5bd1_e995_9d1b_54a5;

/// What a canary's shadow takes where the configuration says nothing.
const CANARY_SHARE: f64 = 0.2;
const CANARY_PER_DAY: NanoUsd = NanoUsd(5_000_000_000);

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
pub struct Mirrors {
    /// As the configuration asks.
    configured: HashMap<WorkloadId, Mirror>,
    /// As canaries in their shadow ask; these come first.
    canaries: HashMap<WorkloadId, Mirror>,
}

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
        Self { configured: configured.collect(), canaries: HashMap::new() }
    }

    /// The same for another configuration.
    #[must_use]
    pub fn reconfigured(&self, settings: &Settings) -> Self {
        Self { canaries: self.canaries.clone(), ..Self::of(settings) }
    }

    /// The same with these canaries; those in their shadow mirror. A workload's own `shadow` says how much, else a
    /// canary takes a fifth of the traffic and five dollars a day.
    pub(crate) fn with_canaries(&self, active: &[Canary]) -> Self {
        let shadows = active.iter().filter(|canary| canary.state == CanaryState::Shadow).map(|canary| {
            let configured = self.configured.get(&canary.workload);
            let mirror = Mirror {
                candidate: canary.candidate.clone(),
                share: configured.map_or(CANARY_SHARE, |mirror| mirror.share),
                max_per_day: configured.map_or(CANARY_PER_DAY, |mirror| mirror.max_per_day),
                canary: Some(canary.id.clone()),
            };
            (canary.workload.clone(), mirror)
        });
        Self { configured: self.configured.clone(), canaries: shadows.collect() }
    }

    /// The mirror of a caller's whole request that the candidate itself did not answer; nothing else is asked again.
    fn mirror(&self, record: &Record) -> Option<&Mirror> {
        let span = &record.span;
        let whole = span.origin == Origin::Client && span.outcome == Outcome::Ok && !record.payload.truncated;
        let mirror =
            self.canaries.get(&span.workload).or_else(|| self.configured.get(&span.workload)).filter(|_| whole)?;
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

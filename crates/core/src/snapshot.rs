//! The snapshot: everything the router reads, built by reconcilers, immutable, swapped whole.

use std::{collections::HashMap, sync::Arc, time::Duration};

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::{
    CanaryId, DeploymentId, WorkloadId,
    deployment::Deployment,
    policy::{Policy, Stage},
    segment::Segments,
    workload::Workload,
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
    /// What tells its prompts apart.
    pub segments: Arc<Segments>,
    /// The same workload in each of its segments, where windows, admission or the stable deployment may differ; a segment
    /// without an entry is as the whole. Canaries stand in the whole alone.
    pub parts: HashMap<Arc<str>, Arc<WorkloadView>>,
    /// Names the stages for people, joined by ` → `.
    pub strategy: Arc<str>,
    /// Digest of revision, candidates and what is known of them: equal digests decide alike.
    pub digest: u64,
}

impl WorkloadView {
    /// A view of these, with the name of its stages and its digest.
    #[must_use]
    pub fn new(
        workload: Arc<Workload>,
        policy: Arc<Policy>,
        candidates: Vec<CandidateView>,
        canary: Option<CanarySlot>,
    ) -> Self {
        let segments = Segments::of(&workload.segments, &workload.tenants);
        Self::within(segments, workload, policy, candidates, canary)
    }

    /// The same with the names of segments made before: a workload has a view in each of them.
    #[must_use]
    pub fn within(
        segments: Arc<Segments>,
        workload: Arc<Workload>,
        policy: Arc<Policy>,
        candidates: Vec<CandidateView>,
        canary: Option<CanarySlot>,
    ) -> Self {
        let names: Vec<&str> = policy.stages.iter().map(Stage::name).collect();
        let strategy = names.join(" → ").into();
        let digest = digest(&policy, &candidates);
        Self { workload, policy, candidates, canary, segments, parts: HashMap::new(), strategy, digest }
    }

    /// The workload as it is in this segment.
    #[must_use]
    pub fn part(&self, segment: &str) -> &Self {
        self.parts.get(segment).map_or(self, |part| part)
    }
}

/// FNV-1a over what routing reads (Fowler, Noll, Vo): stable across processes.
fn digest(policy: &Policy, candidates: &[CandidateView]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut eat = |bytes: &[u8]| {
        for byte in bytes {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    };
    eat(policy.workload.as_str().as_bytes());
    eat(policy.revision.as_str().as_bytes());
    for candidate in candidates {
        eat(candidate.deployment.id.as_str().as_bytes());
        eat(&[u8::from(candidate.admitted), u8::from(candidate.stable)]);
        if let Some(quality) = candidate.quality {
            for number in [quality.mean, quality.lower, quality.upper] {
                eat(&number.to_bits().to_le_bytes());
            }
            eat(&quality.n.to_le_bytes());
        }
        if let Some(price) = &candidate.deployment.price {
            eat(&price.input.0.to_le_bytes());
            eat(&price.output.0.to_le_bytes());
        }
        eat(&candidate.output_tokens.unwrap_or(-1.0).to_bits().to_le_bytes());
    }
    hash
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
    /// Everybody outside the two arms goes to the candidate too: it is proven and being verified.
    pub takes_over: bool,
    /// Segments in which nobody is exposed: the candidate was proven worse there.
    pub except: Vec<Arc<str>>,
    /// Fixed at creation, so that a unit never changes arm.
    pub salt: u64,
    /// The canary's version that was granted this.
    pub version: u64,
    /// No exposure after this uptime of the process, whatever happens to the wall clock: a canary never outlives its
    /// controller.
    pub lease_until: Duration,
}

impl CanarySlot {
    /// What a decision keeps of it. It was made where the canary is tried; the segments where it is not may be many, and
    /// named after other callers' keys.
    #[must_use]
    pub fn recorded(&self) -> Self {
        Self {
            id: self.id.clone(),
            candidate: self.candidate.clone(),
            control: self.control.clone(),
            share: self.share,
            takes_over: self.takes_over,
            except: Vec::new(),
            salt: self.salt,
            version: self.version,
            lease_until: self.lease_until,
        }
    }
}

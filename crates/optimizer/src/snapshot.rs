//! Builds what the router reads, whole and from scratch: a snapshot is a function of settings, head policies, windows
//! and canaries, so any replica that knows them builds the same one.

use std::{collections::HashMap, sync::Arc, time::Duration};

use indexmap::IndexMap;
use weir_core::{
    DeploymentId, Timestamp, WorkloadId,
    canary::{Canary, CanaryState},
    deployment::Deployment,
    policy::Policy,
    segment::Segments,
    snapshot::{CanarySlot, CandidateView, Snapshot, WorkloadView},
    workload::{SEGMENT_ALL, Workload},
};

use crate::{
    revision,
    windows::{State, Window, Windows},
};

/// Mean completion tokens by workload and deployment.
pub type OutputTokens = HashMap<(WorkloadId, DeploymentId), f64>;

/// One workload and what is known of it.
#[derive(Debug, Clone)]
pub struct WorkloadInput<'a> {
    /// As configured.
    pub workload: Arc<Workload>,
    /// Its head revision.
    pub policy: Arc<Policy>,
    /// Its canary that has leave to be exposed, if there is one.
    pub canary: Option<Granted<'a>>,
}

/// A canary with leave to be exposed.
#[derive(Debug, Clone, Copy)]
pub struct Granted<'a> {
    /// The canary, at the version that was granted it.
    pub canary: &'a Canary,
    /// Share of units per arm that was granted, `0..=0.5`.
    pub share: f64,
    /// Uptime at which the leave ends, unless a newer snapshot says otherwise.
    pub until: Duration,
}

/// Everything a snapshot is made of.
#[derive(Debug, Clone)]
pub struct Inputs<'a> {
    /// Number of this publication; must rise.
    pub seq: u64,
    /// Every deployment.
    pub deployments: &'a IndexMap<DeploymentId, Arc<Deployment>>,
    /// Every workload, in configured order.
    pub workloads: Vec<WorkloadInput<'a>>,
    /// All windows.
    pub windows: &'a Windows,
    /// What answers have cost in tokens so far; may be empty.
    pub output_tokens: &'a OutputTokens,
    /// Now: suspicion of a deployment ends with time too.
    pub now: Timestamp,
}

/// Builds the snapshot. A candidate without a deployment is left out: it cannot serve.
#[must_use]
pub fn build(inputs: &Inputs<'_>) -> Snapshot {
    Snapshot {
        seq: inputs.seq,
        score_seq: inputs.windows.score_seq(),
        deployments: inputs.deployments.clone(),
        workloads: inputs
            .workloads
            .iter()
            .map(|input| (input.workload.id.clone(), Arc::new(view(inputs, input))))
            .collect(),
    }
}

fn view(inputs: &Inputs<'_>, input: &WorkloadInput<'_>) -> WorkloadView {
    let workload = &input.workload;
    let canary = input.canary.and_then(|granted| slot(&granted, workload));
    let segments = Segments::of(&workload.segments, &workload.tenants);
    let of = |segment: &str, canary| {
        let candidates = candidates(inputs, input, segment);
        let (segments, workload, policy) = (Arc::clone(&segments), Arc::clone(workload), Arc::clone(&input.policy));
        WorkloadView::within(segments, workload, policy, candidates, canary)
    };
    let mut view = of(SEGMENT_ALL, canary);
    if !view.segments.is_whole() {
        let part = |name: &Arc<str>| (Arc::clone(name), Arc::new(of(name, None)));
        view.parts = view.segments.names().iter().map(part).collect();
    }
    view
}

/// Every candidate as it is in this segment: its window there, the whole's until it has one of its own.
fn candidates(inputs: &Inputs<'_>, input: &WorkloadInput<'_>, segment: &str) -> Vec<CandidateView> {
    let (workload, policy) = (&input.workload, &input.policy);
    let stable = revision::stable_in(workload, policy, segment);
    workload
        .candidates
        .iter()
        .filter_map(|id| inputs.deployments.get(id).map(|deployment| (id, deployment)))
        .map(|(id, deployment)| {
            let window = |segment: &str| inputs.windows.current(&workload.id, segment, id, &workload.quality);
            let (own, whole) = (window(segment), window(SEGMENT_ALL));
            let suspect = |window: Option<&Window>| window.is_some_and(|w| w.state(inputs.now) == State::Suspect);
            let admitted = policy.admitted.contains(id) && !policy.excepts(id, segment);
            CandidateView {
                deployment: Arc::clone(deployment),
                admitted: stable == Some(id) || admitted,
                stable: stable == Some(id),
                quality: own.and_then(Window::quality).or_else(|| whole.and_then(Window::quality)),
                suspect: inputs.windows.is_out(&workload.id, id) || suspect(own) || suspect(whole),
                output_tokens: inputs.output_tokens.get(&(workload.id.clone(), id.clone())).copied(),
            }
        })
        .collect()
}

/// A canary's exposure; none while its state allows none, or when the configuration no longer has one of its arms.
fn slot(granted: &Granted<'_>, workload: &Workload) -> Option<CanarySlot> {
    let canary = granted.canary;
    let known = |arm| workload.candidates.contains(arm);
    let share = granted.share.min(canary.ceiling());
    let exposed = share > 0.0 && canary.workload == workload.id;
    (exposed && known(&canary.candidate) && known(&canary.control)).then(|| CanarySlot {
        id: canary.id.clone(),
        candidate: canary.candidate.clone(),
        control: canary.control.clone(),
        share,
        takes_over: canary.state == CanaryState::Verifying,
        except: canary.scoped_out.clone(),
        salt: canary.plan.salt,
        version: canary.version,
        lease_until: granted.until,
    })
}

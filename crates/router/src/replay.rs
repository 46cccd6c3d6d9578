//! A decision made again, from its own record and the policy it names: no snapshot, no live signal, no clock. The same
//! stages over the same numbers give the same answer, so a decision of last week can be asked what it would have been
//! with a deployment less or a higher floor.

use std::{sync::Arc, time::Duration};

use indexmap::IndexMap;
use weir_core::{
    DeploymentId, Timestamp,
    decision::Decision,
    deployment::{Capabilities, Deployment, Dialect},
    policy::Policy,
    snapshot::{CandidateView, WorkloadView},
    workload::Workload,
};

use crate::{
    Ask,
    decide::walk,
    slate::{Context, Slate},
};

/// What should have been different.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct WhatIf {
    /// Deployments that were not there, by name or by provider.
    pub without: Vec<String>,
    /// Another floor than the workload's.
    pub floor: Option<f64>,
}

/// Makes a recorded decision again under the `policy` of its revision. `deployments` say which provider each candidate
/// belongs to; those that are gone have none. A pinned request is as it was: no policy was asked.
#[must_use]
pub fn replay(
    record: &Decision,
    policy: &Arc<Policy>,
    workload: &Arc<Workload>,
    deployments: &IndexMap<DeploymentId, Arc<Deployment>>,
    what_if: &WhatIf,
) -> Decision {
    if &*record.strategy == "pinned" {
        return record.clone();
    }
    let mut record = record.clone();
    let provider = |id: &DeploymentId| deployments.get(id).map(|deployment| deployment.provider.as_str());
    let gone = |id: &DeploymentId| {
        what_if.without.iter().any(|name| name == id.as_str() || Some(name.as_str()) == provider(id))
    };
    record.candidates.retain(|candidate| !gone(&candidate.deployment));
    let candidates = record.candidates.iter().map(|candidate| CandidateView {
        deployment: deployments
            .get(&candidate.deployment)
            .map_or_else(|| Arc::new(unknown(&candidate.deployment)), Arc::clone),
        admitted: candidate.state.admitted,
        stable: candidate.state.stable,
        quality: candidate.quality,
        suspect: candidate.state.suspect,
        output_tokens: None,
    });
    let mut view =
        WorkloadView::new(Arc::clone(workload), Arc::clone(policy), candidates.collect(), record.inputs.canary.clone());
    view.digest = record.inputs.digest;
    let ask = Ask {
        workload: &record.workload,
        // The segment is on record.
        tenant: "",
        features: record.features.clone(),
        unit: record.inputs.unit,
        seed: record.seed,
        turn: record.inputs.turn,
        scope: None,
        // A canary is on record only while its lease ran.
        now: Timestamp(i64::MIN),
        uptime: Duration::ZERO,
    };
    let context = Context {
        view: &view,
        segment: &record.segment,
        canary: view.canary.as_ref(),
        ask: &ask,
        floor: what_if.floor.or(workload.floor),
    };
    let mut slate = Slate::default();
    slate.recall(&record);
    walk(&mut slate, &context, record.snapshot_seq, record.score_seq)
}

fn unknown(id: &DeploymentId) -> Deployment {
    Deployment {
        id: id.clone(),
        provider: String::new(),
        dialect: Dialect::OpenaiChat,
        base_url: String::new(),
        model: String::new(),
        capabilities: Capabilities::default(),
        price: None,
    }
}

//! Small snapshots by rows of a table, and one question to them.

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use proptest::prelude::*;
use weir_core::{
    DeploymentId, NanoUsd, Timestamp, WorkloadId,
    decision::Decision,
    deployment::{Capabilities, Deployment, Dialect, Price},
    policy::{Author, Policy, Stage},
    route::Features,
    snapshot::{CanarySlot, CandidateView, Quality, Snapshot, WorkloadView},
    workload::{Deadlines, Workload},
};
use weir_router::{Ask, Live, NoRoute, WhatIf, decide, replay};

/// Nothing has happened yet anywhere.
pub(crate) static LIVE: LazyLock<Live> = LazyLock::new(Live::default);

const NOW: Timestamp = Timestamp(1_000_000_000);

/// (name, price per million tokens, admitted, lower bound)
pub(crate) type Row = (&'static str, f64, bool, Option<f64>);

fn candidate((id, usd, admitted, lower): Row, stable: bool) -> CandidateView {
    let price = NanoUsd::from_usd(usd);
    CandidateView {
        suspect: false,
        deployment: Arc::new(Deployment {
            id: id.into(),
            provider: "sim".into(),
            dialect: Dialect::OpenaiChat,
            base_url: String::new(),
            model: id.into(),
            capabilities: Capabilities::default(),
            price: Some(Price {
                version: "t".into(),
                input: price,
                cached_input: None,
                output: price,
                cache_write: None,
                reasoning: None,
                long: None,
                special: Default::default(),
            }),
        }),
        admitted,
        stable,
        quality: lower.map(|lower| Quality { mean: (lower + 1.0) / 2.0, lower, upper: 1.0, n: 100 }),
        output_tokens: None,
    }
}

pub(crate) fn stages() -> Vec<Stage> {
    vec![Stage::Filter, Stage::Canary, Stage::Floor, Stage::Cost, Stage::TieBreak]
}

pub(crate) fn snapshot(rows: &[Row], floor: Option<f64>, stages: Vec<Stage>, canary: Option<CanarySlot>) -> Snapshot {
    let candidates: Vec<_> = rows.iter().enumerate().map(|(index, &row)| candidate(row, index == 0)).collect();
    let ids: Vec<DeploymentId> = rows.iter().map(|row| row.0.into()).collect();
    let workload = Workload {
        id: "maths".into(),
        candidates: ids.clone(),
        floor,
        scorers: vec![],
        quality: "exact".into(),
        sample: 1.0,
        half_life_s: 86_400.0,
        segments: Vec::new(),
        tenants: Vec::new(),
        guards: Vec::new(),
        optimize: Default::default(),
        deadlines: Deadlines::default(),
        strictness: Default::default(),
    };
    let policy = Policy {
        revision: "r-0001".into(),
        parent: None,
        workload: "maths".into(),
        stages,
        admitted: rows.iter().filter(|row| row.2).map(|row| row.0.into()).collect(),
        except: Vec::new(),
        author: Author::Config,
        reason: String::new(),
        at: NOW,
    };
    let view = WorkloadView::new(Arc::new(workload), Arc::new(policy), candidates, canary);
    Snapshot { seq: 7, score_seq: 3, workloads: [("maths".into(), Arc::new(view))].into(), ..Snapshot::default() }
}

pub(crate) fn route(snapshot: &Snapshot, live: &Live, unit: u64) -> Result<Decision, NoRoute> {
    let workload = WorkloadId::from("maths");
    let features = Features { input_tokens: 100, ..Features::default() };
    let ask = Ask {
        workload: &workload,
        tenant: "dev",
        features,
        unit,
        seed: unit,
        turn: unit,
        scope: None,
        now: NOW,
        uptime: Duration::ZERO,
    };
    decide(snapshot, live, &ask)
}

pub(crate) fn slot(share: f64) -> CanarySlot {
    CanarySlot {
        id: "c-1".into(),
        candidate: "small".into(),
        control: "large".into(),
        share,
        salt: 42,
        takes_over: false,
        except: Vec::new(),
        version: 1,
        lease_until: Duration::from_secs(30),
    }
}

pub(crate) const NAMES: [&str; 5] = ["a", "b", "c", "d", "e"];

prop_compose! {
    pub(crate) fn any_rows()(
        rows in prop::collection::vec((0.01f64..20.0, any::<bool>(), prop::option::of(0.0f64..1.0)), 1..5)
    ) -> Vec<Row> {
        rows.into_iter()
            .enumerate()
            .map(|(index, (usd, admitted, lower))| (NAMES[index], usd, admitted || index == 0, lower))
            .collect()
    }
}

pub(crate) fn again(snapshot: &Snapshot, decision: &Decision, what_if: &WhatIf) -> Decision {
    let view = &snapshot.workloads[0];
    let deployments = view.candidates.iter().map(|one| (one.deployment.id.clone(), Arc::clone(&one.deployment)));
    replay(decision, &view.policy, &view.workload, &deployments.collect(), what_if)
}

//! Twenty candidates of one workload, of which everything is known, and a policy of six stages.
#![expect(clippy::unwrap_used, reason = "a fixture")]

use std::{sync::Arc, time::Duration};

use weir_core::{
    DeploymentId, NanoUsd, Timestamp, WorkloadId,
    decision::Decision,
    deployment::{Capabilities, Deployment, Dialect, Price},
    policy::{Author, Policy, Stage},
    route::Features,
    snapshot::{CandidateView, Quality, Snapshot, WorkloadView},
    workload::{Deadlines, Workload},
};
use weir_router::{Ask, Live, Sample, Shape, decide};

pub(crate) const CANDIDATES: usize = 20;
const UPTIME: Duration = Duration::from_secs(5);

pub(crate) struct Scene {
    snapshot: Snapshot,
    live: Live,
    workload: WorkloadId,
}

impl Scene {
    pub(crate) fn new() -> Self {
        let ids: Vec<DeploymentId> =
            (0..CANDIDATES).map(|nth| format!("provider/model-{nth}").as_str().into()).collect();
        let live = Live::default();
        live.track(ids.iter());
        for (nth, id) in ids.iter().enumerate() {
            let took = Duration::from_millis(200 + 10 * nth as u64);
            let sample = Sample { shape: Shape::of(&features()), first: took, total: Some(took * 2), slow: false };
            let call = live.vital(id).unwrap().begin(100, false, UPTIME).unwrap();
            call.succeeded(&sample, UPTIME);
        }
        let workload = WorkloadId::from("chat");
        let candidates = ids.iter().enumerate().map(|(nth, id)| candidate(nth, id)).collect();
        let policy = Policy {
            revision: "r-0001".into(),
            parent: None,
            workload: workload.clone(),
            stages: vec![
                Stage::Filter,
                Stage::Canary,
                Stage::Floor,
                Stage::Cost,
                Stage::TieBreak,
                Stage::Explore { share: 0.05, max_extra_usd: None, max_quality_loss: Some(0.2) },
            ],
            admitted: ids.clone(),
            except: Vec::new(),
            author: Author::Config,
            reason: String::new(),
            at: Timestamp(0),
        };
        let settings = Workload {
            id: workload.clone(),
            candidates: ids,
            floor: Some(0.8),
            scorers: Vec::new(),
            quality: "quality".into(),
            sample: 1.0,
            half_life_s: 86_400.0,
            segments: Vec::new(),
            tenants: Vec::new(),
            guards: Vec::new(),
            optimize: Default::default(),
            deadlines: Deadlines::default(),
            strictness: Default::default(),
        };
        let view = WorkloadView::new(Arc::new(settings), Arc::new(policy), candidates, None);
        let snapshot = Snapshot { workloads: [(workload.clone(), Arc::new(view))].into(), ..Snapshot::default() };
        Self { snapshot, live, workload }
    }

    pub(crate) fn decide(&self, unit: u64) -> Decision {
        let ask = Ask {
            workload: &self.workload,
            tenant: "dev",
            features: features(),
            unit,
            seed: weir_core::entropy::mix(unit),
            turn: unit,
            scope: None,
            now: Timestamp(0),
            uptime: UPTIME,
        };
        decide(&self.snapshot, &self.live, &ask).unwrap()
    }

    /// Allocations of a decision once warm, and of copying its record.
    pub(crate) fn allocations(&self) -> (u64, u64) {
        let decision = self.decide(7);
        let copied = allocation_counter::measure(|| drop(decision.clone()));
        let decided = allocation_counter::measure(|| drop(self.decide(7)));
        (decided.count_total, copied.count_total)
    }

    pub(crate) fn stages(&self) -> usize {
        self.snapshot.workloads.values().map(|view| view.policy.stages.len()).sum()
    }
}

fn features() -> Features {
    Features { input_tokens: 400, max_output_tokens: Some(200), ..Features::default() }
}

fn candidate(nth: usize, id: &DeploymentId) -> CandidateView {
    let usd = NanoUsd::from_usd(0.1 * (1 + nth / 2) as f64);
    let lower = 0.7 + 0.01 * nth as f64;
    CandidateView {
        deployment: Arc::new(Deployment {
            id: id.clone(),
            provider: "provider".into(),
            dialect: Dialect::OpenaiChat,
            base_url: String::new(),
            model: id.to_string(),
            capabilities: Capabilities::default(),
            price: Some(Price {
                version: "t".into(),
                input: usd,
                cached_input: None,
                output: usd,
                cache_write: None,
                reasoning: None,
                long: None,
                special: Default::default(),
            }),
        }),
        admitted: true,
        stable: nth == 0,
        quality: Some(Quality { mean: lower + 0.05, lower, upper: 1.0, n: 200 }),
        suspect: false,
        output_tokens: Some(150.0),
    }
}

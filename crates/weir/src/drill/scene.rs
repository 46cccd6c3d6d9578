//! One weir before simulated providers: the configuration as it is, with other addresses.

use std::time::Duration;

use anyhow::Context;
use indexmap::IndexMap;
use tempfile::TempDir;
use weir_config::{Key, Keyring, SecretString, Settings};
use weir_core::{
    DeploymentId, WorkloadId,
    deployment::Dialect,
    policy::Stage,
    workload::{Deadlines, Optimize},
};
use weir_providers::prices;
use weir_sim::{Sim, SimHandle, SimModel};

use crate::app::{App, Options};

/// Each candidate's time to the first token and for each further one, in milliseconds, and their relative spread.
const PACE: (f64, f64, f64) = (15.0, 0.2, 0.2);
/// Of the simulator's draws: a drill is the same each time.
const SEED: u64 = 1;

/// A deployment as a drill sees it.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    pub(super) id: DeploymentId,
    pub(super) provider: String,
    pub(super) region: String,
    /// Stand-ins for its keys.
    pub(super) keys: Vec<String>,
}

/// The workload's candidates, in configured order.
pub(super) fn candidates(settings: &Settings, workload: &WorkloadId) -> Vec<Candidate> {
    let ids = settings.workloads.get(workload).map(|workload| workload.candidates.as_slice()).unwrap_or_default();
    let candidate = |id: &DeploymentId| {
        let setting = settings.deployments.get(id)?;
        let keys = 1 + setting.more_api_keys.len();
        Some(Candidate {
            id: id.clone(),
            provider: setting.deployment.provider.clone(),
            region: setting.deployment.capabilities.region.clone(),
            keys: (0..keys).map(|nth| format!("drill-{nth}-{id}")).collect(),
        })
    };
    ids.iter().filter_map(candidate).collect()
}

/// Deadlines of which none is longer than `patience`, but for the whole request: its attempts may add up.
pub(super) fn shortened(deadlines: &Deadlines, patience: Duration) -> Deadlines {
    let most = u64::try_from(patience.as_millis()).unwrap_or(u64::MAX);
    Deadlines {
        connect_ms: deadlines.connect_ms.min(most),
        first_byte_ms: deadlines.first_byte_ms.min(most),
        idle_ms: deadlines.idle_ms.min(most),
        total_ms: deadlines.total_ms.min(most.saturating_mul(4)),
    }
}

/// What a policy does when every candidate is proven.
pub(super) fn unfloored(stages: &[Stage]) -> Vec<Stage> {
    stages.iter().filter(|stage| !matches!(stage.bare(), Stage::Floor)).cloned().collect()
}

/// A running weir and its simulated providers.
pub(super) struct Scene {
    pub(super) app: App,
    pub(super) sim: SimHandle,
    _dir: TempDir,
}

impl Scene {
    pub(super) async fn start(
        settings: &Settings,
        workload: &WorkloadId,
        candidates: &[Candidate],
        stages: &[Stage],
        deadlines: Deadlines,
    ) -> anyhow::Result<Self> {
        let (ttft_ms, token_ms, jitter) = PACE;
        let models = candidates.iter().map(|one| SimModel::new(one.id.as_str()).latency(ttft_ms, token_ms, jitter));
        let builder = models.fold(Sim::builder().seed(SEED), weir_sim::Builder::model);
        let sim = builder.build().serve().await.context("the simulated providers cannot listen")?;
        let dir = tempfile::tempdir()?;
        let mut settings = settings.clone();
        settings.server.bind = (std::net::Ipv4Addr::LOCALHOST, 0).into();
        settings.server.data_dir = dir.path().join("data");
        settings.telemetry.otlp_endpoint = None;
        settings.keys = Keyring::default();
        settings.workloads.retain(|id, _| id == workload);
        settings.stages = IndexMap::from([(workload.clone(), unfloored(stages))]);
        settings.admitted = IndexMap::from([(workload.clone(), candidates.iter().map(|one| one.id.clone()).collect())]);
        for written in settings.workloads.values_mut() {
            written.floor = None;
            written.scorers.clear();
            written.optimize = Optimize::default();
            written.deadlines = deadlines;
        }
        settings.probes.clear();
        settings.shadows.clear();
        settings.scorers.clear();
        settings.suites.clear();
        settings.datasets.clear();
        settings.deployments.retain(|id, _| candidates.iter().any(|one| one.id == *id));
        for one in candidates {
            let Some(setting) = settings.deployments.get_mut(&one.id) else { continue };
            let deployment = &mut setting.deployment;
            if deployment.price.is_none() {
                deployment.price = prices::lookup(&deployment.provider, &deployment.model);
            }
            // Each is a model of its own, so that a fault hits it and no other.
            deployment.model = one.id.to_string();
            deployment.base_url = sim.base_url();
            if deployment.dialect == Dialect::OpenaiResponses {
                // The simulator does not speak it; how a request is routed does not depend on it.
                deployment.dialect = Dialect::OpenaiChat;
            }
            setting.allow_private = true;
            let mut keys = one.keys.iter().map(|key| Key::Secret(SecretString::from(key.as_str())));
            setting.api_key = keys.next();
            setting.more_api_keys = keys.collect();
        }
        let app = App::start(settings, Options::default()).await?;
        Ok(Self { app, sim, _dir: dir })
    }

    /// Injects the scenario's fault into these, or ends it.
    pub(super) fn set(&self, victims: &[&Candidate], fault: Option<impl Fn(&str) -> weir_sim::Fault>) {
        for one in victims {
            match &fault {
                Some(fault) => {
                    let key = one.keys.first().map(String::as_str).unwrap_or_default();
                    self.sim.control.set_fault(one.id.as_str(), fault(key), 1.0);
                }
                None => self.sim.control.clear_fault(one.id.as_str()),
            }
        }
    }
}

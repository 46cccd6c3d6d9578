//! One weir before simulated providers: the configuration as it is, with other addresses.

use std::time::Duration;

use anyhow::Context;
use indexmap::IndexMap;
use tempfile::TempDir;
use weir_config::{Key, Keyring, SecretString, Settings};
use weir_core::{
    DeploymentId, WorkloadId,
    deployment::{Deployment, Dialect},
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
    /// What the simulator calls its model: each is one of its own, so that a fault hits it and no other. Unlike ids, it fits
    /// into the path of every wire format.
    pub(super) model: String,
    pub(super) provider: String,
    pub(super) region: String,
    /// Stand-ins for its keys.
    pub(super) keys: Vec<String>,
}

/// The workload's candidates, in configured order.
pub(super) fn candidates(settings: &Settings, workload: &WorkloadId) -> Vec<Candidate> {
    let ids = settings.workloads.get(workload).map(|workload| workload.candidates.as_slice()).unwrap_or_default();
    let candidate = |(nth, id): (usize, &DeploymentId)| {
        let setting = settings.deployments.get(id)?;
        let keys = 1 + setting.more_api_keys.len();
        Some(Candidate {
            id: id.clone(),
            model: format!("drill-{nth}"),
            provider: setting.deployment.provider.clone(),
            region: setting.deployment.capabilities.region.clone(),
            keys: (0..keys).map(|nth| format!("drill-{nth}-{id}")).collect(),
        })
    };
    ids.iter().enumerate().filter_map(candidate).collect()
}

/// Whose of the simulator's roots it is asked at.
fn wire(deployment: &Deployment) -> Dialect {
    // Bedrock wraps Anthropic's format for its own path.
    if deployment.provider == "bedrock" { Dialect::Bedrock } else { deployment.dialect }
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
        let models = candidates.iter().map(|one| SimModel::new(one.model.as_str()).latency(ttft_ms, token_ms, jitter));
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
            deployment.model.clone_from(&one.model);
            deployment.base_url = weir_sim::root(&sim.base_url(), wire(deployment));
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
                    self.sim.control.set_fault(&one.model, fault(key), 1.0);
                }
                None => self.sim.control.clear_fault(&one.model),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio_util::sync::CancellationToken;
    use weir_core::policy::Stage;

    use super::*;
    use crate::drill::load::Load;

    /// Provider and dialect of each.
    const WIRES: [(&str, &str); 10] = [
        ("openai", "openai_chat"),
        ("openai", "openai_responses"),
        ("azure", "openai_chat"),
        ("anthropic", "anthropic"),
        ("gemini", "gemini"),
        ("vertex", "gemini"),
        ("mistral", "mistral"),
        ("cohere", "cohere"),
        ("bedrock", "bedrock"),
        ("bedrock", "anthropic"),
    ];

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn every_deployment_is_drilled_over_its_own_wire() {
        let ids: Vec<String> = WIRES.iter().map(|(provider, dialect)| format!("{provider}/models/{dialect}")).collect();
        let deployments = WIRES.iter().zip(&ids).map(|((provider, dialect), id)| {
            format!(
                "[deployments.\"{id}\"]\nprovider = \"{provider}\"\ndialect = \"{dialect}\"\nmodel = \"a:b\"\n\
                 base_url = \"https://provider.example/v1\"\napi_key = \"env:KEY\"\n"
            )
        });
        let deployments: String = deployments.collect();
        let text = format!(
            "{deployments}[workloads.chat]\ncandidates = {ids:?}\npolicy = [\"filter\", \"canary\", \"round_robin\"]\n"
        );
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("weir.toml");
        std::fs::write(&file, text).unwrap();
        let settings = weir_config::load(Some(&file), &|name| (name == "KEY").then(|| "secret-0123456789".into()));
        let settings = settings.unwrap_or_else(|invalid| panic!("{invalid:?}"));
        let workload = WorkloadId::from("chat");
        let candidates = candidates(&settings, &workload);
        // Whole deadlines: nothing may be made elsewhere because the machine is busy.
        let deadlines = settings.workloads[&workload].deadlines;
        let stages: Vec<Stage> = settings.stages[&workload].clone();
        let scene = Scene::start(&settings, &workload, &candidates, &stages, deadlines).await.unwrap();
        for stream in [false, true] {
            let load = Arc::new(Load::new(&scene.app.url(), &workload, stream, Duration::from_secs(60)).unwrap());
            let stop = CancellationToken::new();
            let driving = tokio::spawn(Arc::clone(&load).drive(20, stop.clone()));
            tokio::time::timeout(Duration::from_secs(60), async {
                while candidates.iter().any(|one| load.served(&one.id, Duration::ZERO) == 0) {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            })
            .await
            .unwrap_or_else(|_| panic!("some are never served by: {:?}", load.samples().first()));
            stop.cancel();
            driving.await.unwrap();
            let again = load.samples().iter().filter(|sample| !sample.whole || sample.attempts > 1).count();
            assert_eq!(again, 0, "a call to a wrong address fails and is made elsewhere");
        }
        scene.app.stop().await;
    }
}

//! Models that a self-hosted provider says it has. A deployment with `discover = true` makes each of them a deployment of
//! its own, `<deployment>/<model>`, that a request may name and nothing else leads to: no workload has it as a candidate
//! unless the configuration says so, by its id or as a deployment.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use arc_swap::ArcSwap;
use serde_json::Value;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use weir_config::{DeploymentSetting, Key, Settings};
use weir_core::DeploymentId;
use weir_providers::transport::{Limits, Target, Transport, TransportError};

use super::Reloader;

/// Between two looks.
const LOOK: Duration = Duration::from_mins(1);
const WAIT: Duration = Duration::from_secs(5);
const LIMITS: Limits = Limits { connect: Duration::from_secs(2), first_byte: WAIT, idle: WAIT, total: WAIT };
/// A list is small.
const ANSWER_BYTES: usize = 1 << 20;
/// Models of one deployment that are taken note of.
const MOST_MODELS: usize = 256;
const MOST_NAME_BYTES: usize = 200;

/// The models of each deployment that discovers, sorted.
pub(super) type Found = BTreeMap<DeploymentId, Vec<String>>;

/// Looks for models until stopped.
pub(super) struct Discovery {
    pub(super) settings: Arc<ArcSwap<Settings>>,
    pub(super) transport: Arc<Transport>,
    pub(super) reloader: Arc<Reloader>,
    /// Another configuration is in force: it is looked at once.
    pub(super) reloads: watch::Receiver<u64>,
}

impl Discovery {
    /// Runs until `stop`.
    pub(super) async fn run(mut self, stop: CancellationToken) {
        let mut failing = BTreeSet::new();
        loop {
            self.reloads.mark_unchanged();
            self.look(&mut failing).await;
            tokio::select! {
                () = stop.cancelled() => return,
                Ok(()) = self.reloads.changed() => {}
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    }

    /// One look: asks all at once. A provider that does not answer keeps the models it had.
    async fn look(&self, failing: &mut BTreeSet<DeploymentId>) {
        let settings = self.settings.load_full();
        let seekers = settings.deployments.iter().filter(|(_, setting)| setting.discover);
        let asked = seekers.map(|(id, setting)| async move { (id.clone(), list(&self.transport, setting).await) });
        let answers = futures::future::join_all(asked).await;
        let before = self.reloader.found();
        let mut found = Found::new();
        for (id, answer) in answers {
            match answer {
                Ok(models) => {
                    failing.remove(&id);
                    found.insert(id, models);
                }
                Err(error) => {
                    if failing.insert(id.clone()) {
                        tracing::warn!(deployment = %id, "its models cannot be listed: {error}");
                    }
                    let known = before.get(&id).cloned().unwrap_or_default();
                    found.insert(id, known);
                }
            }
        }
        if found == *before {
            return;
        }
        for (id, models) in &found {
            tracing::info!(deployment = %id, models = models.len(), "models are discovered");
        }
        if let Err(error) = self.reloader.discovered(found).await {
            tracing::warn!("discovered models are left out: {error:#}");
        }
    }
}

/// What the provider says it has.
async fn list(transport: &Transport, setting: &DeploymentSetting) -> Result<Vec<String>, TransportError> {
    let deployment = &setting.deployment;
    let ollama = deployment.provider == "ollama";
    let root = deployment.base_url.trim_end_matches('/');
    let url = match root.strip_suffix("/v1") {
        // Its own list has what is pulled; the other may leave some out.
        Some(origin) if ollama => format!("{origin}/api/tags"),
        _ => format!("{root}/models"),
    };
    let key = match &setting.api_key {
        Some(Key::Secret(secret)) => Some(secret.clone()),
        Some(Key::Source(_)) | None => None,
    };
    let target = Target::new(&url, key, setting.allow_private)?;
    let (status, body) = transport.get_json(&target, LIMITS, ANSWER_BYTES).await?;
    if status != 200 {
        return Err(TransportError::Broken(format!("status {status}")));
    }
    let document = serde_json::from_slice(&body).map_err(|_| TransportError::Broken("no JSON".to_owned()))?;
    names(&document).ok_or_else(|| TransportError::Broken("no list of models".to_owned()))
}

/// The names in a list of OpenAI's (`data`, `id`) or Ollama's (`models`, `name`), sorted, each once.
fn names(document: &Value) -> Option<Vec<String>> {
    let (list, key) = match (document.get("data"), document.get("models")) {
        (Some(list), _) => (list, "id"),
        (None, Some(list)) => (list, "name"),
        (None, None) => return None,
    };
    let named = list.as_array()?.iter().filter_map(|one| one.get(key)?.as_str());
    // A name goes into ids, headers and metrics.
    let plain = |name: &&str| {
        !name.is_empty() && name.len() <= MOST_NAME_BYTES && name.bytes().all(|byte| byte.is_ascii_graphic())
    };
    let mut names: Vec<String> = named.filter(plain).map(str::to_owned).collect();
    names.sort();
    names.dedup();
    names.truncate(MOST_MODELS);
    Some(names)
}

/// Adds what was found. What the configuration names itself is as it says.
pub(super) fn add(settings: &mut Settings, found: &Found) {
    settings.deployments.retain(|_, setting| setting.discovered_at.is_none());
    for (at, models) in found {
        let Some(parent) = settings.deployments.get(at).filter(|parent| parent.discover).cloned() else { continue };
        for model in models.iter().filter(|model| **model != parent.deployment.model) {
            let id = DeploymentId::from(format!("{at}/{model}"));
            if settings.deployments.contains_key(&id) {
                continue;
            }
            let mut setting = parent.clone();
            setting.deployment.id = id.clone();
            setting.deployment.model.clone_from(model);
            setting.deployment.price = None;
            setting.discover = false;
            setting.discovered_at = Some(at.clone());
            settings.deployments.insert(id, setting);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn settings(text: &str) -> Settings {
        weir_config::parse(text, std::path::Path::new("weir.toml"), &|_| None).unwrap()
    }

    #[test]
    fn both_kinds_of_list_are_read_and_names_that_are_none_left_out() {
        let openai =
            json!({"object": "list", "data": [{"id": "b"}, {"id": "a"}, {"id": "a"}, {"id": "x y"}, {"id": 5}, {}]});
        assert_eq!(names(&openai).unwrap(), ["a", "b"]);
        let ollama = json!({"models": [{"name": "llama3.2:latest", "model": "llama3.2:latest"}, {"name": ""}]});
        assert_eq!(names(&ollama).unwrap(), ["llama3.2:latest"]);
        let many = json!({"data": (0..1_000).map(|nth| json!({"id": format!("m{nth}")})).collect::<Vec<_>>()});
        assert_eq!(names(&many).unwrap().len(), MOST_MODELS);
        assert_eq!((names(&json!({"data": 5})), names(&json!([]))), (None, None));
    }

    #[test]
    fn what_is_found_can_be_named_and_is_nobodys_candidate() {
        let mut settings = settings(
            "[deployments.local]\nprovider = \"vllm\"\nmodel = \"own\"\ndiscover = true\nprice = { input_usd = 1.0, output_usd = 1.0 }\n\
             [deployments.\"local/kept\"]\nprovider = \"sim\"\nmodel = \"small\"\n\
             [deployments.still]\nprovider = \"vllm\"\nmodel = \"own\"\n",
        );
        let workloads = settings.workloads.clone();
        let found = |names: &[&str]| -> Found {
            let models: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            [("local".into(), models.clone()), ("still".into(), models.clone()), ("gone".into(), models)].into()
        };
        let ids =
            |settings: &Settings| -> Vec<String> { settings.deployments.keys().map(ToString::to_string).collect() };
        add(&mut settings, &found(&["kept", "own", "phi-4"]));
        assert_eq!(ids(&settings), ["local", "local/kept", "still", "local/phi-4"]);
        let new = &settings.deployments["local/phi-4"];
        assert_eq!(
            (new.deployment.model.as_str(), &new.deployment.price),
            ("phi-4", &None),
            "its price is not its neighbour's"
        );
        assert_eq!(settings.deployments["local/kept"].deployment.provider, "sim");
        assert_eq!(settings.workloads, workloads);
        add(&mut settings, &found(&["qwen3"]));
        assert_eq!(ids(&settings), ["local", "local/kept", "still", "local/qwen3"]);
        add(&mut settings, &Found::new());
        assert_eq!(ids(&settings), ["local", "local/kept", "still"]);
    }
}

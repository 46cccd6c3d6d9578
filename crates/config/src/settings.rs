//! What the rest of weir reads: validated, resolved, complete. Nothing in here can be out of range or name something
//! that does not exist.

use std::{fmt, net::SocketAddr, path::PathBuf, time::Duration};

use indexmap::IndexMap;
use secrecy::SecretString;
use serde_json::Value;
use weir_core::{
    DeploymentId, NanoUsd, RuleName, ScorerName, WorkloadId, canary::CanaryDefaults, deployment::Deployment,
    policy::Stage, rule::Rule, workload::Workload,
};

use crate::{
    credential::Key,
    hook::PolicyWebhook,
    keyring::Keyring,
    origin::Row,
    place::{Origin, Places},
    problem::{self, ConfigProblem},
};

/// A valid configuration.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How weir listens and where it keeps its data.
    pub server: Server,
    /// Where traces and logs go.
    pub telemetry: Telemetry,
    /// What weir may connect to.
    pub egress: Egress,
    /// Who may call.
    pub keys: Keyring,
    /// Every deployment, in configured order, built-in ones included where they are used.
    pub deployments: IndexMap<DeploymentId, DeploymentSetting>,
    /// Every workload, in configured order.
    pub workloads: IndexMap<WorkloadId, Workload>,
    /// The stages of each workload's policy.
    pub stages: IndexMap<WorkloadId, Vec<Stage>>,
    /// The stages of every preset that fits a workload, by name: what one call may be routed by instead.
    pub presets: IndexMap<WorkloadId, IndexMap<String, Vec<Stage>>>,
    /// Candidates that take ordinary traffic from the start, beside the first.
    pub admitted: IndexMap<WorkloadId, Vec<DeploymentId>>,
    /// Golden probes, where a workload has them.
    pub probes: IndexMap<WorkloadId, Probes>,
    /// Shadows, where a workload has one.
    pub shadows: IndexMap<WorkloadId, Shadow>,
    /// What canaries are run with unless a request says otherwise.
    pub canary: CanaryDefaults,
    /// Who is told of what becomes of policy diffs.
    pub policy_webhook: Option<PolicyWebhook>,
    /// Scorers as written; the evals crate compiles them and reports what is wrong through [`Settings::problem`].
    pub scorers: IndexMap<ScorerName, Value>,
    /// What webhooks among them sign with; prints as redacted.
    pub scorer_secrets: IndexMap<ScorerName, SecretString>,
    /// What is scored online: each workload's own rule, which has its name, then those of `[rules]`.
    pub rules: IndexMap<RuleName, Rule>,
    /// Suites to offer.
    pub suites: IndexMap<String, Suite>,
    /// Datasets to import at start.
    pub datasets: IndexMap<String, Dataset>,
    /// Environment variables that usually hold a provider's key and are set, by name: what can be offered.
    pub keys_found: Vec<&'static str>,
    /// What works but should be mended.
    pub warnings: Vec<ConfigProblem>,
    pub(crate) places: Places,
    pub(crate) rows: Vec<Row>,
    pub(crate) source: Option<Source>,
}

/// Known prompts asked on schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Probes {
    /// Between two rounds.
    pub every: Duration,
    /// Prompts of one round.
    pub items: u32,
    /// Most they may cost in 24 hours.
    pub max_per_day: NanoUsd,
}

/// A deployment that answers again what another has answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Shadow {
    /// Which; one of the workload's candidates.
    pub candidate: DeploymentId,
    /// Share of answers, `0..=1`.
    pub share: f64,
    /// Most it may cost in 24 hours.
    pub max_per_day: NanoUsd,
}

/// The file that was read.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Source {
    pub(crate) path: PathBuf,
    pub(crate) text: String,
}

impl fmt::Debug for Source {
    /// Without the text: a comment in it may hold what no value may.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.path.fmt(f)
    }
}

/// How weir listens and where it keeps its data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// Address and port; beyond loopback only with keys.
    pub bind: SocketAddr,
    /// Folder of the database and the spool.
    pub data_dir: PathBuf,
    /// Largest request body, in bytes.
    pub max_body_bytes: usize,
    /// Most connections at once.
    pub max_connections: usize,
    /// Scores that one key may post a second.
    pub scores_per_s: u32,
    /// How long stored responses are kept.
    pub responses_kept: Duration,
    /// How much of one key's responses is stored, in bytes.
    pub responses_max_bytes: u64,
    /// How long open requests may finish after a stop signal, in milliseconds.
    pub drain_ms: u64,
    /// Memory that the process may use, in bytes; `None` is the limit of its control group.
    pub max_memory_bytes: Option<u64>,
}

/// Where traces and logs go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Telemetry {
    /// Base URL of an OTLP/HTTP collector, without a slash at its end.
    pub otlp_endpoint: Option<String>,
    /// Log filter.
    pub log: String,
}

/// What weir may connect to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Egress {
    /// Every deployment may be at a private address.
    pub allow_private: bool,
}

/// A deployment with what only the transport may know.
#[derive(Debug, Clone)]
pub struct DeploymentSetting {
    /// The endpoint. `base_url` is [`BUILT_IN_URL`] for the built-in fake; `price` is `None` when the file gives none:
    /// the catalog is asked next.
    pub deployment: Deployment,
    /// What is presented to the provider; prints as redacted.
    pub api_key: Option<Key>,
    /// Further keys, used in turn with the first.
    pub more_api_keys: Vec<Key>,
    /// Where its keys are, in the order they are used: `env:NAME`, never what is there.
    pub key_references: Vec<String>,
    /// Bound on requests at once; `None` is unbounded.
    pub gate: Option<Gate>,
    /// Its provider is asked which models it has, and each is a deployment that can be named.
    pub discover: bool,
    /// The deployment whose provider said that it has this model; `None` for what the file says.
    pub discovered_at: Option<DeploymentId>,
    /// It may be at a private address: said for it alone or for all, or it is the built-in fake.
    pub allow_private: bool,
}

/// How many requests a deployment takes at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gate {
    /// At once.
    pub concurrency: usize,
    /// That wait for a place.
    pub queue: usize,
    /// Longest wait, in milliseconds.
    pub queue_ms: u64,
}

impl DeploymentSetting {
    /// True for the fake that weir itself serves.
    #[must_use]
    pub fn is_built_in(&self) -> bool {
        self.deployment.base_url == BUILT_IN_URL
    }
}

/// `base_url` of deployments that weir itself serves; the wiring puts the real address in its place.
pub const BUILT_IN_URL: &str = "sim:";

/// A suite to offer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suite {
    /// Its file, which exists.
    pub file: PathBuf,
}

/// A dataset to import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dataset {
    /// Its file, which exists.
    pub file: PathBuf,
    /// Whose prompts.
    pub workload: WorkloadId,
}

impl Settings {
    /// Where `key` was set, such as `scorers.exact`; the nearest key around it when it was not itself.
    #[must_use]
    pub fn position(&self, key: &str) -> &Origin {
        self.places.value(key)
    }

    /// A problem of the value at `key`, with its place, for crates that validate what this one only carries.
    #[must_use]
    pub fn problem(&self, key: &str, message: impl Into<String>, hint: Option<String>) -> ConfigProblem {
        problem::at(&self.places, self.places.value(key), key, message, hint)
    }

    /// Every name of the models that answer to `model`: a deployment's own and its provider's for it, of each candidate where
    /// it is a workload, with or without `weir/` before it.
    #[must_use]
    pub fn names_of(&self, model: &str) -> Vec<String> {
        let names = |id: &str| {
            let own = self.deployments.get(id).map(|setting| setting.deployment.model.clone());
            std::iter::once(id.to_owned()).chain(own)
        };
        let workload = self.workloads.get(model.strip_prefix("weir/").unwrap_or(model));
        workload.filter(|_| !self.deployments.contains_key(model)).map_or_else(
            || names(model).collect(),
            |workload| workload.candidates.iter().flat_map(|id| names(id.as_str())).collect(),
        )
    }

    /// Every effective value and where it came from, sorted by key. Secrets appear as their references.
    #[must_use]
    pub fn show(&self) -> &[Row] {
        &self.rows
    }
}

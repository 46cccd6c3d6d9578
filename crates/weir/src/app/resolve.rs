//! From settings as written to settings as run: built-in deployments get their address, unknown prices are looked up
//! in the catalog, every deployment gets the target it is reached at, and scorers are compiled.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, bail};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use weir_config::{ConfigProblem, DeploymentSetting, Key, Settings};
use weir_core::{Clock, DeploymentId, clock::SystemClock, credential::CredentialSource};
use weir_gateway::{Endpoint, Targets};
use weir_jobs::Scoring;
use weir_providers::{
    prices,
    transport::{Credential, Env, Target, Vault},
};

/// Where short-lived credentials are had.
type Credentials = dyn Fn(&CredentialSource) -> Arc<Credential> + Send + Sync;

/// What settings as written have to do with this process: the same at its start and at every change.
pub(super) struct Resolver {
    base: PathBuf,
    sim_url: Option<String>,
    credentials: Box<Credentials>,
}

impl Resolver {
    /// `base`: the folder that files named in the configuration are relative to. `sim_url`: where the built-in provider
    /// listens.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub(super) fn new(base: PathBuf, sim_url: Option<String>, clock: &Arc<dyn Clock>) -> anyhow::Result<Self> {
        let env: Env = Arc::new(|name| std::env::var(name).ok());
        let vault = Vault::new(env, Arc::clone(clock))?;
        Ok(Self { base, sim_url, credentials: Box::new(move |source| vault.credential(source)) })
    }

    /// Puts addresses and catalog prices in. Returns where each deployment is reached.
    ///
    /// # Errors
    /// The first deployment whose URL or key cannot be used.
    pub(super) fn deployments(&self, settings: &mut Settings) -> anyhow::Result<Targets> {
        fill(settings, self.sim_url.as_deref());
        targets(settings, &*self.credentials)
    }

    /// Compiles the scorers.
    ///
    /// # Errors
    /// Every problem, with its place in the file.
    pub(super) fn scorers(&self, settings: &Settings) -> anyhow::Result<Scoring> {
        let read = |name: &str| {
            let bytes = std::fs::read(self.base.join(name)).map_err(|error| error.to_string())?;
            match name.ends_with(".wasm") {
                true => Ok(BASE64_STANDARD.encode(bytes)),
                false => String::from_utf8(bytes).map_err(|_| "not UTF-8".to_owned()),
            }
        };
        match Scoring::compile(settings, &read) {
            Ok(scoring) => Ok(scoring),
            Err(problems) => bail!(problems.iter().map(ConfigProblem::to_string).collect::<Vec<_>>().join("\n")),
        }
    }
}

/// What a start would find wrong beyond the file itself: scorers that do not compile, targets that cannot be used.
///
/// # Errors
/// Every problem, with its place in the file.
pub fn check(settings: &Settings, base: &Path) -> anyhow::Result<()> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    let dry = Resolver {
        base: base.to_owned(),
        // Any address does: nothing is dialled.
        sim_url: Some("http://127.0.0.1:9/v1".to_owned()),
        credentials: Box::new(move |source| Credential::idle(source.clone(), Arc::clone(&clock))),
    };
    let mut settings = settings.clone();
    dry.deployments(&mut settings)?;
    dry.scorers(&settings).map(drop)
}

/// Puts addresses and catalog prices in.
fn fill(settings: &mut Settings, sim_url: Option<&str>) {
    for setting in settings.deployments.values_mut() {
        if setting.is_built_in()
            && let Some(url) = sim_url
        {
            setting.deployment.base_url = weir_sim::root(url, setting.deployment.dialect);
        }
        let deployment = &mut setting.deployment;
        if deployment.price.is_none() {
            deployment.price = prices::lookup(&deployment.provider, &deployment.model);
        }
    }
}

fn targets(settings: &Settings, credentials: &Credentials) -> anyhow::Result<Targets> {
    let mut all = Targets::new();
    for (id, setting) in &settings.deployments {
        // A model that was found is asked where its deployment is, with the same keys and through the same gate.
        let shared = setting.discovered_at.as_ref().and_then(|at| all.get(at)).map(Arc::clone);
        let endpoint = match shared {
            Some(endpoint) => endpoint,
            None => Arc::new(endpoint(id, setting, credentials)?),
        };
        all.insert(id.clone(), endpoint);
    }
    Ok(all)
}

fn endpoint(id: &DeploymentId, setting: &DeploymentSetting, credentials: &Credentials) -> anyhow::Result<Endpoint> {
    let (deployment, allow_private) = (&setting.deployment, setting.allow_private);
    let keys = std::iter::once(setting.api_key.as_ref()).chain(setting.more_api_keys.iter().map(Some));
    let targets = keys
        .map(|key| match key {
            Some(Key::Source(source)) => Target::fetched(deployment, credentials(source), allow_private),
            Some(Key::Secret(secret)) => Target::of(deployment, Some(secret.clone()), allow_private),
            None => Target::of(deployment, None, allow_private),
        })
        .collect::<Result<Vec<_>, _>>()
        .with_context(|| format!("deployment `{id}`"))?;
    Ok(Endpoint::new(targets, setting.gate))
}

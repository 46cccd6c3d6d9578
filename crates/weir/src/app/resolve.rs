//! From settings as written to settings as run: built-in deployments get their address, unknown prices are looked up
//! in the catalog, and every deployment gets the target it is reached at.

use std::sync::Arc;

use anyhow::Context;
use weir_config::{DeploymentSetting, Key, Settings};
use weir_core::{DeploymentId, credential::CredentialSource};
use weir_gateway::{Endpoint, Targets};
use weir_providers::{
    prices,
    transport::{Credential, Target},
};

/// Puts addresses and catalog prices in. `sim_url` is where the built-in provider listens.
pub(super) fn fill(settings: &mut Settings, sim_url: Option<&str>) {
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

/// Where each deployment is reached. `credential` is where short-lived credentials are had.
///
/// # Errors
/// The first deployment whose URL or key cannot be used.
pub(super) fn targets(
    settings: &Settings,
    credential: &dyn Fn(&CredentialSource) -> Arc<Credential>,
) -> anyhow::Result<Targets> {
    let mut all = Targets::new();
    for (id, setting) in &settings.deployments {
        // A model that was found is asked where its deployment is, with the same keys and through the same gate.
        let shared = setting.discovered_at.as_ref().and_then(|at| all.get(at)).map(Arc::clone);
        let endpoint = match shared {
            Some(endpoint) => endpoint,
            None => Arc::new(endpoint(id, setting, credential)?),
        };
        all.insert(id.clone(), endpoint);
    }
    Ok(all)
}

fn endpoint(
    id: &DeploymentId,
    setting: &DeploymentSetting,
    credential: &dyn Fn(&CredentialSource) -> Arc<Credential>,
) -> anyhow::Result<Endpoint> {
    let (deployment, allow_private) = (&setting.deployment, setting.allow_private);
    let keys = std::iter::once(setting.api_key.as_ref()).chain(setting.more_api_keys.iter().map(Some));
    let targets = keys
        .map(|key| match key {
            Some(Key::Source(source)) => Target::fetched(deployment, credential(source), allow_private),
            Some(Key::Secret(secret)) => Target::of(deployment, Some(secret.clone()), allow_private),
            None => Target::of(deployment, None, allow_private),
        })
        .collect::<Result<Vec<_>, _>>()
        .with_context(|| format!("deployment `{id}`"))?;
    Ok(Endpoint::new(targets, setting.gate))
}

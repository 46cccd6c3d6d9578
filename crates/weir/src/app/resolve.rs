//! From settings as written to settings as run: built-in deployments get their address, unknown prices are looked up
//! in the catalog, and every deployment gets the target it is reached at.

use std::sync::Arc;

use anyhow::Context;
use weir_config::Settings;
use weir_gateway::{Endpoint, Targets};
use weir_providers::{prices, transport::Target};

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

/// Where each deployment is reached.
///
/// # Errors
/// The first deployment whose URL or key cannot be used.
pub(super) fn targets(settings: &Settings) -> anyhow::Result<Targets> {
    settings
        .deployments
        .iter()
        .map(|(id, setting)| {
            let keys = setting.more_api_keys.iter().cloned().map(Some);
            let targets = std::iter::once(setting.api_key.clone())
                .chain(keys)
                .map(|key| Target::of(&setting.deployment, key, setting.allow_private))
                .collect::<Result<Vec<_>, _>>()
                .with_context(|| format!("deployment `{id}`"))?;
            Ok((id.clone(), Arc::new(Endpoint::new(targets, setting.gate))))
        })
        .collect()
}

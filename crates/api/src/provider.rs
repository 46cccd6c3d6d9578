//! Providers that weir knows by name, and whose usual key is in its environment: what can be connected with a model alone.

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;
use weir_config::providers;

use crate::{state::App, view::List};

/// One provider.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProviderOffer {
    /// `provider` of a deployment.
    name: &'static str,
    /// The environment variable that usually holds its key; `null` where there is no usual one.
    key: Option<&'static str>,
    /// That variable is set where weir runs. What is in it is never told.
    found: bool,
    /// Runs on one's own machines and needs no key.
    local: bool,
    /// A deployment of it is configured.
    configured: bool,
}

/// `GET /api/v1/providers`.
pub(crate) async fn list_providers(State(app): State<App>) -> Json<List<ProviderOffer>> {
    let settings = app.settings.load();
    let configured = |name: &str| settings.deployments.values().any(|setting| setting.deployment.provider == name);
    let offer = |provider: weir_config::Provider| ProviderOffer {
        name: provider.name,
        key: provider.key,
        found: provider.key.is_some_and(|key| settings.keys_found.contains(&key)),
        local: provider.local,
        configured: configured(provider.name),
    };
    Json(List::whole(providers().map(offer).collect()))
}

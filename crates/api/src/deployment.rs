//! Deployments: what each can do and costs, and how it is right now.

use axum::{Json, extract::State};
use serde::Serialize;
use std::time::Duration;
use utoipa::ToSchema;
use weir_core::deployment::{Capabilities, Deployment, Price};
use weir_router::{Health, Live};
use weir_store::Usage;

use crate::{figure::share, problem::Reply, state::App, view::List};

const HOUR: Duration = Duration::from_secs(3_600);

/// One endpoint of one model.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeploymentView {
    id: String,
    provider: String,
    /// The provider's name for the model.
    model: String,
    dialect: &'static str,
    /// `null` is unknown, never free.
    price: Option<PriceView>,
    capabilities: CapabilitiesView,
    health: HealthView,
    requests_1h: u64,
    /// Failed requests among them.
    error_share_1h: Option<f64>,
}

/// Dollars per million tokens.
#[derive(Debug, Serialize, ToSchema)]
struct PriceView {
    input_usd: f64,
    output_usd: f64,
    /// `null` costs as input.
    cached_input_usd: Option<f64>,
    /// Which catalog or override.
    version: String,
}

/// What it can do.
#[derive(Debug, Serialize, ToSchema)]
struct CapabilitiesView {
    tools: bool,
    vision: bool,
    json_schema: bool,
    context_tokens: u64,
}

/// How it is in this process.
#[derive(Debug, Serialize, ToSchema)]
struct HealthView {
    /// `up`, `open` or `probing`: the state of its breaker.
    state: &'static str,
    in_flight: u32,
    /// Smoothed; `null` before the first answer.
    latency_ms: Option<f64>,
    /// In a row.
    failures: u32,
}

impl DeploymentView {
    fn new(deployment: &Deployment, health: HealthView, usage: Option<&Usage>) -> Self {
        Self {
            id: deployment.id.to_string(),
            provider: deployment.provider.clone(),
            model: deployment.model.clone(),
            dialect: deployment.dialect.name(),
            price: deployment.price.as_ref().map(PriceView::from),
            capabilities: (&deployment.capabilities).into(),
            health,
            requests_1h: usage.map_or(0, |usage| usage.requests),
            error_share_1h: usage.and_then(|usage| share(usage.failed, usage.requests)),
        }
    }
}

impl From<&Price> for PriceView {
    fn from(price: &Price) -> Self {
        Self {
            input_usd: price.input.as_usd(),
            output_usd: price.output.as_usd(),
            cached_input_usd: price.cached_input.map(|cost| cost.as_usd()),
            version: price.version.clone(),
        }
    }
}

impl From<&Capabilities> for CapabilitiesView {
    fn from(capabilities: &Capabilities) -> Self {
        Self {
            tools: capabilities.tools,
            vision: capabilities.vision,
            json_schema: capabilities.json_schema,
            context_tokens: capabilities.context_tokens,
        }
    }
}

impl HealthView {
    fn of(live: &Live, deployment: &Deployment, uptime: Duration) -> Self {
        match live.vital(&deployment.id) {
            Some(vital) => Self {
                state: vital.health(uptime).name(),
                in_flight: vital.in_flight(),
                latency_ms: vital.latency_ms(),
                failures: vital.failures(),
            },
            None => Self { state: Health::Up.name(), in_flight: 0, latency_ms: None, failures: 0 },
        }
    }
}

/// `GET /api/v1/deployments`.
pub(crate) async fn list_deployments(State(app): State<App>) -> Reply<Json<List<DeploymentView>>> {
    let since = app.clock.now().minus(HOUR);
    let usage = app.store.usage_by_deployment(None, since).await?;
    let snapshot = app.snapshot.load();
    let uptime = app.clock.elapsed();
    let items = snapshot
        .deployments
        .values()
        .map(|deployment| {
            let own = usage.iter().find(|usage| usage.deployment.as_ref() == Some(&deployment.id));
            let health = HealthView::of(&app.live, deployment, uptime);
            DeploymentView::new(deployment, health, own)
        })
        .collect();
    Ok(Json(List::whole(items)))
}

//! Deployments: what each can do and costs, and how it is right now.

use axum::{Json, extract::State};
use serde::Serialize;
use std::{collections::BTreeMap, time::Duration};
use utoipa::ToSchema;
use weir_core::{
    DeploymentId, Timestamp,
    deployment::{Capabilities, Deployment, Price},
    snapshot::{Snapshot, WorkloadView},
};
use weir_router::Health;
use weir_store::{HealthMinute, Usage};

use crate::{
    figure::{cost, millis, share},
    problem::Reply,
    state::App,
    view::List,
};

const HOUR: Duration = Duration::from_secs(3_600);
const MINUTES: usize = 60;
/// The provider that runs inside weir.
const BUILT_IN: &str = "sim";

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
    /// Its part of all requests.
    share_1h: Option<f64>,
    cost_1h_usd: Option<f64>,
    p50_ms: Option<f64>,
    p95_ms: Option<f64>,
    /// Median time to the first byte of streams.
    ttft_ms: Option<f64>,
    /// The last 60 minutes, oldest first.
    minutes: Vec<MinuteView>,
    /// Workloads in which its grades have fallen: it takes no ordinary traffic there while another can.
    suspect_in: Vec<String>,
    /// Workloads that have it as a candidate.
    workloads: Vec<String>,
    /// It runs inside weir and costs nothing real.
    built_in: bool,
}

/// One minute.
#[derive(Debug, Clone, Copy, Default, Serialize, ToSchema)]
pub(crate) struct MinuteView {
    requests: u64,
    failed: u64,
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
    #[schema(schema_with = crate::words::health)]
    state: &'static str,
    in_flight: u32,
    /// Smoothed; `null` before the first answer.
    latency_ms: Option<f64>,
    /// In a row.
    failures: u32,
    /// Share of recent calls that failed.
    error_rate: f64,
    /// Share of its ordinary traffic it is trusted with: below 1 while it comes back.
    ramp: f64,
    /// Its provider would refuse a request for rate now.
    exhausted: bool,
    /// Where those of its keys are that its provider refused when they were last used: `env:NAME`.
    rejected_keys: Vec<String>,
}

/// What an hour of traffic says of all deployments.
struct Hour {
    usage: Vec<Usage>,
    minutes: Minutes,
    ttft_us: BTreeMap<DeploymentId, u64>,
}

/// The last 60 minutes of all deployments.
pub(crate) struct Minutes {
    known: BTreeMap<DeploymentId, Vec<HealthMinute>>,
    now: Timestamp,
}

/// Whole minutes since the epoch.
const fn minutes_of(at: Timestamp) -> i64 {
    at.0.div_euclid(60_000_000)
}

impl Hour {
    async fn read(app: &App) -> Reply<Self> {
        let since = app.clock.now().minus(HOUR);
        Ok(Self {
            usage: app.store.usage_by_deployment(None, since).await?,
            minutes: Minutes::read(app).await?,
            ttft_us: app.store.ttft_medians(since).await?,
        })
    }

    fn of(&self, id: &DeploymentId) -> Option<&Usage> {
        self.usage.iter().find(|usage| usage.deployment.as_ref() == Some(id))
    }
}

impl Minutes {
    pub(crate) async fn read(app: &App) -> Reply<Self> {
        let now = app.clock.now();
        Ok(Self { known: app.store.health_minutes(now.minus(HOUR)).await?, now })
    }

    /// Sixty of them, these deployments together; those without traffic too.
    pub(crate) fn of<'a>(&self, ids: impl IntoIterator<Item = &'a DeploymentId>) -> Vec<MinuteView> {
        let mut minutes = vec![MinuteView::default(); MINUTES];
        for minute in ids.into_iter().filter_map(|id| self.known.get(id)).flatten() {
            // The last one is the minute that is not over yet; the one that the hour began in is left out.
            let age = usize::try_from(minutes_of(self.now).saturating_sub(minutes_of(minute.at))).unwrap_or(MINUTES);
            if let Some(slot) = MINUTES.checked_sub(age + 1).and_then(|at| minutes.get_mut(at)) {
                slot.requests += minute.requests;
                slot.failed += minute.failed;
            }
        }
        minutes
    }
}

impl DeploymentView {
    fn new(deployment: &Deployment, health: HealthView, hour: &Hour, snapshot: &Snapshot) -> Self {
        let id = &deployment.id;
        let usage = hour.of(id);
        let all: u64 = hour.usage.iter().map(|usage| usage.requests).sum();
        let of = |suspect: bool| -> Vec<String> {
            let lists = |view: &WorkloadView| {
                view.candidates.iter().any(|known| known.deployment.id == *id && (known.suspect || !suspect))
            };
            snapshot.workloads.values().filter(|view| lists(view)).map(|view| view.workload.id.to_string()).collect()
        };
        Self {
            id: id.to_string(),
            provider: deployment.provider.clone(),
            model: deployment.model.clone(),
            dialect: deployment.dialect.name(),
            price: deployment.price.as_ref().map(PriceView::from),
            capabilities: (&deployment.capabilities).into(),
            health,
            requests_1h: usage.map_or(0, |usage| usage.requests),
            error_share_1h: usage.and_then(|usage| share(usage.failed, usage.requests)),
            share_1h: share(usage.map_or(0, |usage| usage.requests), all),
            cost_1h_usd: usage.and_then(cost),
            p50_ms: millis(usage.and_then(|usage| usage.p50_us)),
            p95_ms: millis(usage.and_then(|usage| usage.p95_us)),
            ttft_ms: hour.ttft_us.get(id).map(|us| *us as f64 / 1e3),
            minutes: hour.minutes.of([id]),
            suspect_in: of(true),
            workloads: of(false),
            built_in: deployment.provider == BUILT_IN,
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

/// Where those of a deployment's keys are that its provider refused when they were last used.
pub(crate) fn rejected_keys(app: &App, id: &DeploymentId) -> Vec<String> {
    let settings = app.settings.load();
    let (Some(vital), Some(setting)) = (app.live.vital(id), settings.deployments.get(id)) else {
        return Vec::new();
    };
    let keys = setting.key_references.iter().enumerate();
    keys.filter(|(nth, _)| vital.is_key_rejected(*nth)).map(|(_, reference)| reference.clone()).collect()
}

impl HealthView {
    fn of(app: &App, deployment: &Deployment, uptime: Duration) -> Self {
        let rejected_keys = rejected_keys(app, &deployment.id);
        match app.live.vital(&deployment.id) {
            Some(vital) => Self {
                state: vital.health(uptime).name(),
                in_flight: vital.in_flight(),
                latency_ms: vital.latency_ms(),
                failures: vital.failures(),
                error_rate: vital.error_rate(uptime),
                ramp: vital.ramp(uptime),
                exhausted: vital.exhausted(0, uptime),
                rejected_keys,
            },
            None => Self {
                state: Health::Up.name(),
                in_flight: 0,
                latency_ms: None,
                failures: 0,
                error_rate: 0.0,
                ramp: 1.0,
                exhausted: false,
                rejected_keys,
            },
        }
    }
}

/// `GET /api/v1/deployments`.
pub(crate) async fn list_deployments(State(app): State<App>) -> Reply<Json<List<DeploymentView>>> {
    let hour = Hour::read(&app).await?;
    let snapshot = app.snapshot.load();
    let uptime = app.clock.elapsed();
    let items = snapshot
        .deployments
        .values()
        .map(|deployment| {
            let health = HealthView::of(&app, deployment, uptime);
            DeploymentView::new(deployment, health, &hour, &snapshot)
        })
        .collect();
    Ok(Json(List::whole(items)))
}

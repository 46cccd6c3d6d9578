//! Workloads: how each kind of traffic is served, at what quality and cost. Figures are of the last 24 hours; quality
//! is that of the windows the router reads.

use std::{collections::HashSet, sync::Arc, time::Duration};

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;
use weir_core::{
    Timestamp, WorkloadId,
    policy::{Policy, Stage},
    snapshot::{Snapshot, WorkloadView},
    workload::SEGMENT_ALL,
};
use weir_optimizer::windows::Windows;
use weir_store::Usage;

use crate::{
    extract::Segment,
    figure::{against_best, blend, cost_per_1k, millis, quality, share},
    policy::Revision,
    problem::{Failure, Reply},
    state::App,
    view::{Figure, List},
};

/// What figures look back on.
pub(crate) const DAY: Duration = Duration::from_secs(86_400);
/// Scores before a figure below the floor is called so: a young window is still close to its prior.
const FLOOR_FROM: u64 = 100;

/// One workload in one line.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WorkloadRow {
    pub(crate) id: String,
    /// The stages that order candidates.
    strategy: String,
    /// What callers meet: windows weighted by traffic.
    pub(crate) quality: Option<Figure>,
    pub(crate) floor: Option<f64>,
    cost_per_1k_usd: Option<f64>,
    /// Cost against the dearest candidate alone: `-0.89` saves 89 %.
    vs_best: Option<f64>,
    p95_ms: Option<f64>,
    pub(crate) requests: u64,
    pub(crate) state: WorkloadState,
}

/// How a workload is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum WorkloadState {
    Healthy,
    /// A canary is running or held.
    Canary,
    /// Even the upper bound of its quality misses the floor.
    BelowFloor,
    /// Traffic, but no score that would tell how good it is.
    Unproven,
    /// Neither traffic nor scores yet.
    NoData,
}

/// One workload.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WorkloadDetail {
    #[serde(flatten)]
    row: WorkloadRow,
    /// In configured order.
    candidates: Vec<Candidate>,
    policy: Revision,
    /// The policy in one sentence.
    sentence: String,
    scorers: Vec<String>,
    /// The canary that is running or held.
    canary: Option<String>,
    /// What all candidates together deliver.
    router: RouterView,
}

/// One candidate of a workload.
#[derive(Debug, Serialize, ToSchema)]
struct Candidate {
    deployment: String,
    /// May take ordinary traffic.
    admitted: bool,
    /// Serves when nothing else is proven.
    stable: bool,
    /// Of the workload's requests, `0..=1`.
    share: f64,
    requests: u64,
    quality: Option<Figure>,
    /// What may be believed of its grades: `learning`, `steady`, `suspect` or `returning`; absent before the first.
    window: Option<&'static str>,
    cost_per_1k_usd: Option<f64>,
    p50_ms: Option<f64>,
    p95_ms: Option<f64>,
}

/// The router as a point beside its candidates.
#[derive(Debug, Serialize, ToSchema)]
struct RouterView {
    quality: Option<Figure>,
    cost_per_1k_usd: Option<f64>,
}

/// The workload of this name, as the router sees it, or a 404 that names the known ones.
pub(crate) fn configured(app: &App, id: &str) -> Reply<Arc<WorkloadView>> {
    let snapshot = app.snapshot.load();
    snapshot.workloads.get(id).cloned().ok_or_else(|| {
        let known: Vec<String> = snapshot.workloads.keys().map(|id| format!("`{id}`")).collect();
        Failure::not_found("workload", id).hint(format!("workloads: {}", known.join(", ")))
    })
}

/// All workloads in one line each, in configured order, with the traffic since then.
pub(crate) async fn rows(app: &App, since: Timestamp) -> Reply<Vec<WorkloadRow>> {
    let snapshot: Arc<Snapshot> = Arc::clone(&app.snapshot.load());
    let windows = Arc::clone(&app.windows.borrow());
    let canaries = active_canaries(app).await?;
    let totals = app.store.usage_by_workload(since).await?;
    let mut rows = Vec::with_capacity(snapshot.workloads.len());
    for (id, view) in &snapshot.workloads {
        let parts = app.store.usage_by_deployment(Some(id), since).await?;
        let total = total(&totals, id);
        rows.push(row(view, &windows, &total, &parts, canaries.contains(id)));
    }
    Ok(rows)
}

/// `GET /api/v1/workloads`.
pub(crate) async fn list_workloads(State(app): State<App>) -> Reply<Json<List<WorkloadRow>>> {
    Ok(Json(List::whole(rows(&app, app.clock.now().minus(DAY)).await?)))
}

/// `GET /api/v1/workloads/{id}`.
pub(crate) async fn get_workload(State(app): State<App>, Segment(id): Segment) -> Reply<Json<WorkloadDetail>> {
    let view = configured(&app, &id)?;
    let windows = Arc::clone(&app.windows.borrow());
    let workload = &view.workload;
    let since = app.clock.now().minus(DAY);
    let parts = app.store.usage_by_deployment(Some(&workload.id), since).await?;
    let total = total(&app.store.usage_by_workload(since).await?, &workload.id);
    let canary = app.store.canary_active().await?.into_iter().find(|canary| canary.workload == workload.id);
    let row = row(&view, &windows, &total, &parts, canary.is_some());
    let unused = Usage::default();
    let candidates = view
        .candidates
        .iter()
        .map(|candidate| {
            let id = &candidate.deployment.id;
            let usage = parts.iter().find(|usage| usage.deployment.as_ref() == Some(id)).unwrap_or(&unused);
            Candidate {
                deployment: id.to_string(),
                admitted: candidate.admitted,
                stable: candidate.stable,
                share: share(usage.requests, total.requests).unwrap_or(0.0),
                requests: usage.requests,
                quality: quality(&windows, &view, id.as_str()),
                window: windows
                    .current(&workload.id, SEGMENT_ALL, id, &workload.quality)
                    .map(|window| window.state(app.clock.now()).name()),
                cost_per_1k_usd: cost_per_1k(usage),
                p50_ms: millis(usage.p50_us),
                p95_ms: millis(usage.p95_us),
            }
        })
        .collect();
    Ok(Json(WorkloadDetail {
        router: RouterView { quality: row.quality, cost_per_1k_usd: row.cost_per_1k_usd },
        row,
        candidates,
        policy: Revision::from(&*view.policy),
        sentence: sentence(&view),
        scorers: workload.scorers.iter().map(ToString::to_string).collect(),
        canary: canary.map(|canary| canary.id.to_string()),
    }))
}

async fn active_canaries(app: &App) -> Reply<HashSet<WorkloadId>> {
    let active = app.store.canary_active().await?;
    Ok(active.into_iter().map(|canary| canary.workload).collect())
}

/// All requests of one workload together, those that reached no deployment as well.
fn total(all: &[Usage], id: &WorkloadId) -> Usage {
    all.iter().find(|usage| usage.workload.as_ref() == Some(id)).cloned().unwrap_or_default()
}

fn row(view: &WorkloadView, windows: &Windows, total: &Usage, parts: &[Usage], canary: bool) -> WorkloadRow {
    let workload = &view.workload;
    let figures: Vec<(u64, Figure)> = view
        .candidates
        .iter()
        .filter_map(|candidate| {
            let id = &candidate.deployment.id;
            let figure = quality(windows, view, id.as_str())?;
            let requests =
                parts.iter().find(|usage| usage.deployment.as_ref() == Some(id)).map_or(0, |usage| usage.requests);
            Some((requests, figure))
        })
        .collect();
    let quality = blend(&figures);
    let below =
        workload.floor.zip(quality).is_some_and(|(floor, quality)| quality.n >= FLOOR_FROM && quality.upper < floor);
    let state = match quality {
        _ if below => WorkloadState::BelowFloor,
        _ if canary => WorkloadState::Canary,
        Some(quality) if quality.n > 0 => WorkloadState::Healthy,
        _ if total.requests > 0 => WorkloadState::Unproven,
        _ => WorkloadState::NoData,
    };
    WorkloadRow {
        id: workload.id.to_string(),
        strategy: strategy(&view.policy),
        quality,
        floor: workload.floor,
        cost_per_1k_usd: cost_per_1k(total),
        vs_best: against_best(total, view),
        p95_ms: millis(total.p95_us),
        requests: total.requests,
        state,
    }
}

/// The stages that make the difference between policies; the others every policy has.
fn strategy(policy: &Policy) -> String {
    let names: Vec<&str> = policy
        .stages
        .iter()
        .filter(|stage| matches!(stage, Stage::Floor | Stage::Cost | Stage::Weighted { .. }))
        .map(Stage::name)
        .collect();
    if names.is_empty() { "stable".to_owned() } else { names.join(" → ") }
}

/// What the policy does, for people: `cheapest of a, b whose lower bound clears 0.85, else a`.
fn sentence(view: &WorkloadView) -> String {
    let admitted: Vec<&str> = view
        .candidates
        .iter()
        .filter(|candidate| candidate.admitted)
        .map(|candidate| candidate.deployment.id.as_str())
        .collect();
    let stable = view
        .candidates
        .iter()
        .find(|candidate| candidate.stable)
        .map_or("none", |candidate| candidate.deployment.id.as_str());
    if admitted.len() < 2 {
        return format!("always {stable}, until a canary admits another");
    }
    let has = |wanted: &str| view.policy.stages.iter().any(|stage| stage.name() == wanted);
    let among = admitted.join(", ");
    let order = if has("cost") {
        format!("cheapest of {among}")
    } else if has("weighted") {
        format!("drawn by weight from {among}")
    } else {
        format!("first of {among}")
    };
    match view.workload.floor.filter(|_| has("floor")) {
        Some(floor) => format!("{order} whose lower bound clears {floor}, else {stable}"),
        None => order,
    }
}

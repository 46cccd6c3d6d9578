//! The front page in one reply: are we good, what changed, what needs somebody. Figures are of the last 24 hours.

use std::{collections::BTreeMap, sync::Arc};

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;
use weir_core::{NanoUsd, Timestamp, snapshot::Snapshot};
use weir_router::Health;
use weir_store::{Event, EventKind, Series, Usage};

use crate::{
    event::EventView,
    figure::{blend, cost, cost_of_best, millis, share},
    problem::Reply,
    series::first_bucket,
    state::App,
    view::Figure,
    workload::{DAY, WorkloadRow, WorkloadState, rows},
};

const HOURS: u32 = 24;
const HOUR_S: u32 = 3_600;
const EVENTS: u32 = 20;

/// The front page.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Overview {
    checklist: Checklist,
    totals: Totals,
    /// What callers meet, over all workloads that have scores.
    quality: Option<Figure>,
    cost_usd_24h: Option<f64>,
    /// The same tokens at each workload's dearest candidate.
    cost_best_usd_24h: Option<f64>,
    p95_ms: Option<f64>,
    /// Requests that took more than one attempt.
    fallback_share: Option<f64>,
    sparks: Sparks,
    attention: Vec<Attention>,
    workloads: Vec<WorkloadRow>,
    /// Newest first.
    events: Vec<EventView>,
    providers: Vec<ProviderView>,
}

/// The first three steps.
#[derive(Debug, Serialize, ToSchema)]
struct Checklist {
    /// A deployment is configured.
    provider: bool,
    /// A request was recorded.
    request: bool,
    /// A dataset is registered.
    dataset: bool,
}

#[derive(Debug, Serialize, ToSchema)]
struct Totals {
    requests_24h: u64,
    workloads: usize,
    /// The newest revision of any workload, and how old it is.
    revision_latest: Option<String>,
    revision_age_s: Option<u64>,
}

/// One value per hour, the current one last; `null` where there is none.
#[derive(Debug, Serialize, ToSchema)]
struct Sparks {
    quality: Vec<Option<f64>>,
    cost: Vec<Option<f64>>,
    p95: Vec<Option<f64>>,
    fallback: Vec<Option<f64>>,
}

/// Something a person should look at.
#[derive(Debug, Serialize, ToSchema)]
struct Attention {
    /// `below_floor`, `rolled_back`, `breaker_open` or `jobs_dead`.
    kind: &'static str,
    workload: Option<String>,
    text: String,
    /// The page that shows it.
    href: String,
}

/// One provider's deployments together.
#[derive(Debug, Serialize, ToSchema)]
struct ProviderView {
    provider: String,
    deployments: u64,
    /// Requests that did not fail.
    success_share: Option<f64>,
    /// Medians of its deployments, weighted by requests.
    p50_ms: Option<f64>,
    requests: u64,
}

/// `GET /api/v1/overview`.
pub(crate) async fn get_overview(State(app): State<App>) -> Reply<Json<Overview>> {
    let now = app.clock.now();
    let since = now.minus(DAY);
    let snapshot: Arc<Snapshot> = Arc::clone(&app.snapshot.load());
    let total = app.store.usage_total(since).await?;
    let by_workload = app.store.usage_by_workload(since).await?;
    let by_deployment = app.store.usage_by_deployment(None, since).await?;
    let workloads = rows(&app).await?;
    let events = app.store.event_list(EVENTS).await?;
    let revision = app.store.policy_latest().await?;
    let recorded = *app.store.span_changes().borrow() > 0;
    let figures: Vec<(u64, Figure)> = workloads.iter().filter_map(|row| Some((row.requests, row.quality?))).collect();
    Ok(Json(Overview {
        checklist: Checklist {
            provider: !snapshot.deployments.is_empty(),
            request: recorded,
            dataset: !app.store.dataset_list().await?.is_empty(),
        },
        totals: Totals {
            requests_24h: total.requests,
            workloads: snapshot.workloads.len(),
            revision_latest: revision.as_ref().map(|policy| policy.revision.to_string()),
            revision_age_s: revision.map(|policy| now.since(policy.at).as_secs()),
        },
        quality: blend(&figures),
        cost_usd_24h: cost(&total),
        cost_best_usd_24h: best(&snapshot, &by_workload),
        p95_ms: millis(total.p95_us),
        fallback_share: share(total.fell_back, total.requests),
        sparks: sparks(&app, &snapshot, now).await?,
        attention: attention(&app, &snapshot, &workloads, &events, since).await?,
        workloads,
        events: events.iter().map(EventView::from).collect(),
        providers: providers(&snapshot, &by_deployment),
    }))
}

fn best(snapshot: &Snapshot, by_workload: &[Usage]) -> Option<f64> {
    let costs: Vec<NanoUsd> = by_workload
        .iter()
        .filter_map(|usage| {
            let view = snapshot.workloads.get(usage.workload.as_ref()?)?;
            cost_of_best(usage, view)
        })
        .collect();
    (!costs.is_empty()).then(|| costs.into_iter().sum::<NanoUsd>().as_usd())
}

async fn sparks(app: &App, snapshot: &Snapshot, now: Timestamp) -> Reply<Sparks> {
    let scorers: Vec<_> =
        snapshot.workloads.iter().map(|(id, view)| (id.clone(), view.workload.quality.clone())).collect();
    let start = first_bucket(now, HOUR_S, HOURS);
    let Series { requests, fell_back, cost, p95_us, quality, .. } =
        app.store.series_total(&scorers, start, HOUR_S, HOURS).await?;
    Ok(Sparks {
        quality,
        cost: requests.iter().zip(cost).map(|(requests, cost)| (*requests > 0).then(|| cost.as_usd())).collect(),
        p95: p95_us.into_iter().map(millis).collect(),
        fallback: requests.into_iter().zip(fell_back).map(|(requests, fell_back)| share(fell_back, requests)).collect(),
    })
}

async fn attention(
    app: &App,
    snapshot: &Snapshot,
    workloads: &[WorkloadRow],
    events: &[Event],
    since: Timestamp,
) -> Reply<Vec<Attention>> {
    let mut items = Vec::new();
    for row in workloads {
        if let (WorkloadState::BelowFloor, Some(quality), Some(floor)) = (row.state, row.quality, row.floor) {
            items.push(Attention {
                kind: "below_floor",
                workload: Some(row.id.clone()),
                text: format!(
                    "{} delivers {:.3}, at most {:.3}; its floor is {floor}",
                    row.id, quality.value, quality.upper
                ),
                href: format!("/workloads/{}", row.id),
            });
        }
    }
    let uptime = app.clock.elapsed();
    for id in snapshot.deployments.keys() {
        let open = app.live.vital(id).is_some_and(|vital| vital.health(uptime) == Health::Open);
        if open {
            items.push(Attention {
                kind: "breaker_open",
                workload: None,
                text: format!("{id} keeps failing and rests"),
                href: "/deployments".to_owned(),
            });
        }
    }
    let fresh = |event: &&Event| event.kind == EventKind::RolledBack && event.at >= since;
    for event in events.iter().filter(fresh) {
        let canary = event.canary.as_ref();
        items.push(Attention {
            kind: "rolled_back",
            workload: Some(event.workload.to_string()),
            text: format!("canary on {} was rolled back: {}", event.workload, event.text),
            href: canary.map_or_else(|| "/canaries".to_owned(), |id| format!("/canaries/{id}")),
        });
    }
    let dead = app.store.job_counts().await?.dead;
    if dead > 0 {
        items.push(Attention {
            kind: "jobs_dead",
            workload: None,
            text: format!("{dead} scoring jobs were given up"),
            href: "/traces".to_owned(),
        });
    }
    Ok(items)
}

fn providers(snapshot: &Snapshot, by_deployment: &[Usage]) -> Vec<ProviderView> {
    #[derive(Default)]
    struct Sum {
        deployments: u64,
        requests: u64,
        failed: u64,
        timed: f64,
        p50_us: f64,
    }
    let mut sums: BTreeMap<&str, Sum> = BTreeMap::new();
    for (id, deployment) in &snapshot.deployments {
        let sum = sums.entry(&deployment.provider).or_default();
        sum.deployments += 1;
        let own = by_deployment.iter().find(|usage| usage.deployment.as_ref() == Some(id));
        let Some(usage) = own else { continue };
        sum.requests += usage.requests;
        sum.failed += usage.failed;
        if let Some(p50_us) = usage.p50_us {
            sum.timed += usage.requests as f64;
            sum.p50_us += p50_us * usage.requests as f64;
        }
    }
    sums.into_iter()
        .map(|(provider, sum)| ProviderView {
            provider: provider.to_owned(),
            deployments: sum.deployments,
            success_share: share(sum.requests - sum.failed, sum.requests),
            p50_ms: (sum.timed > 0.0).then(|| sum.p50_us / sum.timed / 1e3),
            requests: sum.requests,
        })
        .collect()
}

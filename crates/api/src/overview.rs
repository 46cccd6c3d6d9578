//! The front page in one reply: are we good, what changed, what needs somebody. Figures are of the last 24 hours, or of
//! the range that is asked for; what needs somebody is always of the last 24 hours.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use weir_core::{DeploymentId, NanoUsd, ScorerName, Timestamp, WorkloadId, snapshot::Snapshot};
use weir_store::{Series, Usage};

use crate::{
    attention::{self, Attention},
    deployment::{MinuteView, Minutes},
    event::EventView,
    extract::Params,
    figure::{blend, cost, cost_of_best, millis, share},
    problem::{Failure, Reply},
    series::first_bucket,
    state::App,
    view::Figure,
    workload::{DAY, WorkloadRow, rows},
};

/// Points of a spark at most, and how long one may last: the shortest with which all traffic of the range has room.
const POINTS: u32 = 24;
const STEPS_S: [u32; 4] = [60, 300, 900, 3_600];
const EVENTS: u32 = 20;

/// Ranges that are offered, in seconds. Few, because what is counted for one is kept for a minute.
pub(crate) const RANGES: [(&str, u32); 6] =
    [("5m", 300), ("15m", 900), ("1h", 3_600), ("6h", 21_600), ("24h", 86_400), ("7d", 604_800)];
const USUAL: &str = "24h";

/// How far back.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct OverviewQuery {
    /// `5m`, `15m`, `1h`, `6h`, `24h` or `7d`; `24h` unless given.
    range: Option<String>,
}

/// One of [`RANGES`].
#[derive(Debug, Clone, Copy)]
struct Range {
    /// Which of them.
    at: usize,
    seconds: u32,
}

impl Range {
    fn read(query: &OverviewQuery) -> Reply<Self> {
        let wanted = query.range.as_deref().unwrap_or(USUAL);
        let found = RANGES.iter().enumerate().find(|(_, (name, _))| *name == wanted);
        found.map(|(at, (_, seconds))| Self { at, seconds: *seconds }).ok_or_else(|| {
            let known: Vec<&str> = RANGES.iter().map(|(name, _)| *name).collect();
            Failure::bad(format!("`range` is `{wanted}`, wanted one of: {}", known.join(", ")))
        })
    }

    fn length(self) -> Duration {
        Duration::from_secs(u64::from(self.seconds))
    }

    /// Seconds a point, for traffic that began so long ago. The first point may be cut by the current one's start.
    fn step(self, age: Duration) -> u32 {
        let room = |step_s: &u32| u64::from(*step_s) * u64::from(POINTS - 1) >= age.as_secs();
        let coarsest = self.seconds.div_ceil(POINTS).next_multiple_of(60);
        STEPS_S.into_iter().find(room).unwrap_or(coarsest).min(coarsest)
    }
}

/// The front page.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Overview {
    /// How far back the figures reach, in seconds.
    range_s: u32,
    checklist: Checklist,
    totals: Totals,
    /// What callers meet, over all workloads that have scores.
    quality: Option<Figure>,
    cost_usd: Option<f64>,
    /// The same tokens at each workload's dearest candidate.
    cost_best_usd: Option<f64>,
    p95_ms: Option<f64>,
    /// Requests that took more than one attempt.
    fallback_share: Option<f64>,
    /// By how much these have moved.
    change: Moved,
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

/// The range less the same time before it; `null` without either. Counted once a minute.
#[derive(Debug, Clone, Copy, Default, Serialize, ToSchema)]
pub(crate) struct Moved {
    /// Of the plain means of all grades, each time's own.
    quality: Option<f64>,
    p95_ms: Option<f64>,
}

#[derive(Debug, Serialize, ToSchema)]
struct Totals {
    requests: u64,
    workloads: usize,
    /// The newest revision of any workload, and how old it is.
    revision_latest: Option<String>,
    revision_age_s: Option<u64>,
}

/// One value per step, the current one last; `null` where there is none.
#[derive(Debug, Serialize, ToSchema)]
struct Sparks {
    /// A minute on a young installation, an hour once there is traffic of a day, more where more is asked for.
    step_s: u32,
    quality: Vec<Option<f64>>,
    cost: Vec<Option<f64>>,
    p95: Vec<Option<f64>>,
    fallback: Vec<Option<f64>>,
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
    /// The last 60 minutes, oldest first.
    minutes: Vec<MinuteView>,
}

/// `GET /api/v1/overview`.
pub(crate) async fn get_overview(
    State(app): State<App>,
    Params(query): Params<OverviewQuery>,
) -> Reply<Json<Overview>> {
    let range = Range::read(&query)?;
    let now = app.clock.now();
    let (since, today) = (now.minus(range.length()), now.minus(DAY));
    let snapshot: Arc<Snapshot> = Arc::clone(&app.snapshot.load());
    let total = app.store.usage_total(since).await?;
    let by_workload = app.store.usage_by_workload(since).await?;
    let by_deployment = app.store.usage_by_deployment(None, since).await?;
    let workloads = rows(&app, since).await?;
    let events = app.store.event_list(EVENTS).await?;
    let revision = app.store.policy_latest().await?;
    let minutes = Minutes::read(&app).await?;
    let recorded = *app.store.span_changes().borrow() > 0;
    let figures: Vec<(u64, Figure)> = workloads.iter().filter_map(|row| Some((row.requests, row.quality?))).collect();
    // Who looks at five minutes is told all the same of what fell below its floor today.
    let attention = match since == today {
        true => attention::list(&app, &snapshot, &workloads, &events, today).await?,
        false => attention::list(&app, &snapshot, &rows(&app, today).await?, &events, today).await?,
    };
    Ok(Json(Overview {
        range_s: range.seconds,
        checklist: Checklist {
            provider: !snapshot.deployments.is_empty(),
            request: recorded,
            dataset: !app.store.dataset_list().await?.is_empty(),
        },
        totals: Totals {
            requests: total.requests,
            workloads: snapshot.workloads.len(),
            revision_latest: revision.as_ref().map(|policy| policy.revision.to_string()),
            revision_age_s: revision.map(|policy| now.since(policy.at).as_secs()),
        },
        quality: blend(&figures),
        cost_usd: cost(&total),
        cost_best_usd: best(&snapshot, &by_workload),
        p95_ms: millis(total.p95_us),
        fallback_share: share(total.fell_back, total.requests),
        sparks: sparks(&app, &snapshot, range, now).await?,
        attention,
        change: change(&app, &snapshot, range, now).await?,
        workloads,
        events: events.iter().map(EventView::from).collect(),
        providers: providers(&snapshot, &by_deployment, &minutes),
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

async fn sparks(app: &App, snapshot: &Snapshot, range: Range, now: Timestamp) -> Reply<Sparks> {
    let first = app.store.minute_first(now.minus(range.length())).await?;
    let step_s = range.step(first.map_or(Duration::ZERO, |first| now.since(first)));
    let points = range.seconds.div_ceil(step_s).min(POINTS);
    let start = first_bucket(now, step_s, points);
    let Series { requests, fell_back, cost, p95_us, quality, .. } =
        app.store.series_total(&scorers(snapshot), start, step_s, points).await?;
    Ok(Sparks {
        step_s,
        quality,
        cost: requests.iter().zip(cost).map(|(requests, cost)| (*requests > 0).then(|| cost.as_usd())).collect(),
        p95: p95_us.into_iter().map(millis).collect(),
        fallback: requests.into_iter().zip(fell_back).map(|(requests, fell_back)| share(fell_back, requests)).collect(),
    })
}

async fn change(app: &App, snapshot: &Snapshot, range: Range, now: Timestamp) -> Reply<Moved> {
    let count = async {
        let since = now.minus(range.length() * 2);
        let both = app.store.series_total(&scorers(snapshot), since, range.seconds, 2).await?;
        let moved = |of: &[Option<f64>]| match of {
            [Some(before), Some(last)] => Some(last - before),
            _ => None,
        };
        Ok(Moved { quality: moved(&both.quality), p95_ms: millis(moved(&both.p95_us)) })
    };
    app.change[range.at].get(app.clock.elapsed(), count).await
}

/// Each workload with the scorer that decides in it.
fn scorers(snapshot: &Snapshot) -> Vec<(WorkloadId, ScorerName)> {
    snapshot.workloads.iter().map(|(id, view)| (id.clone(), view.workload.quality.clone())).collect()
}

fn providers(snapshot: &Snapshot, by_deployment: &[Usage], minutes: &Minutes) -> Vec<ProviderView> {
    #[derive(Default)]
    struct Sum<'a> {
        deployments: u64,
        requests: u64,
        failed: u64,
        timed: f64,
        p50_us: f64,
        ids: Vec<&'a DeploymentId>,
    }
    let mut sums: BTreeMap<&str, Sum<'_>> = BTreeMap::new();
    for (id, deployment) in &snapshot.deployments {
        let sum = sums.entry(&deployment.provider).or_default();
        sum.deployments += 1;
        sum.ids.push(id);
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
            minutes: minutes.of(sum.ids),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str) -> Range {
        Range::read(&OverviewQuery { range: Some(name.to_owned()) }).unwrap()
    }

    #[test]
    fn a_spark_has_room_for_all_traffic_in_the_finest_steps() {
        for (minutes, step_s) in
            [(0, 60), (2, 60), (23, 60), (24, 300), (115, 300), (116, 900), (346, 3_600), (1_440, 3_600)]
        {
            assert_eq!(of("24h").step(Duration::from_secs(60 * minutes)), step_s, "{minutes} min");
        }
        let whole = |name: &str| of(name).step(of(name).length());
        assert_eq!([whole("5m"), whole("1h"), whole("7d")], [60, 180, 25_200], "and of a longer range in coarser ones");
    }
}

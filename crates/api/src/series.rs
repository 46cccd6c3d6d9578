//! Figures of one workload over time, in equal buckets that end with the current, unfinished one.

use std::time::Duration;

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use weir_core::{NanoUsd, Timestamp};
use weir_store::{Event, Series};

use crate::{
    extract::{Params, Segment},
    figure::millis,
    problem::{Failure, Reply},
    state::App,
    time::rfc3339,
    workload::configured,
};

const RANGE_S: u32 = 3_600;
/// Thirty-one days.
const RANGE_MAX_S: u32 = 31 * 86_400;
const BUCKETS: u32 = 60;
const BUCKETS_MAX: u32 = 500;
const EVENTS: u32 = 100;

/// How far back, and how fine.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct SeriesQuery {
    /// A number and `s`, `m`, `h` or `d`, at most `31d`; `1h` unless given.
    range: Option<String>,
    /// 1 to 500; 60 unless given.
    buckets: Option<u32>,
}

/// One line per deployment and figure.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SeriesView {
    /// Where the first bucket begins.
    start: String,
    /// Width of a bucket in seconds.
    step_s: u32,
    deployments: Vec<DeploymentSeries>,
    /// What changed routing in this time, oldest first.
    events: Vec<Mark>,
}

/// One value per bucket in each list; `null` where there is none.
#[derive(Debug, Serialize, ToSchema)]
struct DeploymentSeries {
    deployment: String,
    requests: Vec<u64>,
    /// Mean grade of the workload's quality scorer.
    quality: Vec<Option<f64>>,
    /// Grades behind it.
    quality_n: Vec<u64>,
    cost_usd: Vec<f64>,
    p50_ms: Vec<Option<f64>>,
    p95_ms: Vec<Option<f64>>,
}

/// A moment to mark.
#[derive(Debug, Serialize, ToSchema)]
struct Mark {
    at: String,
    label: String,
}

impl From<Series> for DeploymentSeries {
    fn from(series: Series) -> Self {
        Self {
            deployment: series.deployment.map(|deployment| deployment.to_string()).unwrap_or_default(),
            requests: series.requests,
            quality: series.quality,
            quality_n: series.quality_n,
            cost_usd: series.cost.into_iter().map(NanoUsd::as_usd).collect(),
            p50_ms: series.p50_us.into_iter().map(millis).collect(),
            p95_ms: series.p95_us.into_iter().map(millis).collect(),
        }
    }
}

impl From<&Event> for Mark {
    fn from(event: &Event) -> Self {
        let what = event.revision.as_ref().map(ToString::to_string);
        let what = what.or_else(|| event.canary.as_ref().map(ToString::to_string));
        Self {
            at: rfc3339(event.at),
            label: format!("{} {}", event.kind.name().replace('_', " "), what.unwrap_or_default()),
        }
    }
}

/// `GET /api/v1/workloads/{id}/series`.
pub(crate) async fn get_series(
    State(app): State<App>,
    Segment(id): Segment,
    Params(query): Params<SeriesQuery>,
) -> Reply<Json<SeriesView>> {
    let view = configured(&app, &id)?;
    let range_s = query.range.as_deref().map_or(Ok(RANGE_S), seconds)?;
    let buckets = query.buckets.unwrap_or(BUCKETS);
    if !(1..=BUCKETS_MAX).contains(&buckets) {
        return Err(Failure::bad(format!("`buckets` is {buckets}, wanted 1 to {BUCKETS_MAX}")));
    }
    let step_s = range_s.div_ceil(buckets);
    let start = first_bucket(app.clock.now(), step_s, buckets);
    let workload = &view.workload;
    let mut series = app.store.series(&workload.id, &workload.quality, start, step_s, buckets).await?;
    let place = |series: &Series| {
        workload
            .candidates
            .iter()
            .position(|candidate| Some(candidate) == series.deployment.as_ref())
            .unwrap_or(usize::MAX)
    };
    series.sort_by_key(place);
    let events = app.store.event_list_of(&workload.id, EVENTS).await?;
    Ok(Json(SeriesView {
        start: rfc3339(start),
        step_s,
        deployments: series.into_iter().map(DeploymentSeries::from).collect(),
        events: events.iter().rev().filter(|event| event.at >= start).map(Mark::from).collect(),
    }))
}

/// Buckets begin at multiples of their width, so that two looks in a row show the same ones.
pub(crate) fn first_bucket(now: Timestamp, step_s: u32, buckets: u32) -> Timestamp {
    let step_us = i64::from(step_s) * 1_000_000;
    let current = Timestamp(now.0.div_euclid(step_us) * step_us);
    current.minus(Duration::from_secs(u64::from(step_s) * u64::from(buckets.saturating_sub(1))))
}

/// The length of a `range` parameter.
pub(crate) fn seconds(range: &str) -> Reply<u32> {
    let bad = || Failure::bad(format!("`range` is `{range}`, wanted a number and `s`, `m`, `h` or `d`, at most `31d`"));
    let unit = range.chars().next_back().ok_or_else(bad)?;
    let scale = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return Err(bad()),
    };
    range[..range.len() - 1]
        .parse::<u32>()
        .ok()
        .and_then(|number| number.checked_mul(scale))
        .filter(|seconds| (1..=RANGE_MAX_S).contains(seconds))
        .ok_or_else(bad)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_a_number_and_a_unit() {
        assert_eq!(seconds("90s").unwrap(), 90);
        assert_eq!(seconds("7d").unwrap(), 604_800);
        for range in ["", "h", "1", "1w", "-1h", "0s", "32d", "1é", "99999999999d"] {
            assert!(seconds(range).is_err(), "{range}");
        }
    }

    #[test]
    fn the_last_bucket_holds_now_and_buckets_do_not_slide() {
        let now = Timestamp(1_000_000_000 + 61_500_000);
        let start = first_bucket(now, 60, 3);
        assert_eq!(start.0 % 60_000_000, 0);
        assert!(start.0 + 2 * 60_000_000 <= now.0 && now.0 < start.0 + 3 * 60_000_000);
        assert_eq!(start, first_bucket(now.plus(Duration::from_secs(1)), 60, 3));
    }
}

//! What is around the list of requests: how many over time, and how many of each kind.

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use weir_store::{Facet, SpanFilter};

use crate::{
    extract::Params,
    problem::{Failure, Reply},
    series::{first_bucket, seconds as range_seconds},
    state::App,
    time::rfc3339,
    trace::{origin, seconds, status},
};

const RANGE_S: u32 = 3_600;
const BUCKETS: u32 = 60;
const BUCKETS_MAX: u32 = 500;

/// Which requests, how far back, and how fine.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct FacetQuery {
    /// Whose traffic.
    workload: Option<String>,
    /// Who answered last.
    deployment: Option<String>,
    /// `ok`, `cancelled` or `failed`.
    status: Option<String>,
    /// `client`, `eval`, `probe` or `shadow`.
    origin: Option<String>,
    /// Exposed by this canary.
    canary: Option<String>,
    /// The caller's session.
    session: Option<String>,
    /// Facets count only what started at or after this, in seconds since 1970; bars cover the whole range.
    since: Option<i64>,
    /// Likewise before this.
    until: Option<i64>,
    /// A number and `s`, `m`, `h` or `d`, at most `31d`; `1h` unless given.
    range: Option<String>,
    /// 1 to 500; 60 unless given.
    buckets: Option<u32>,
}

/// Bars and counts, of the newest 200,000 requests.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TraceFacets {
    /// Where the first bar begins.
    start: String,
    /// Width of a bar in seconds.
    step_s: u32,
    /// Requests per bar.
    ok: Vec<u64>,
    cancelled: Vec<u64>,
    failed: Vec<u64>,
    workload: Vec<FacetView>,
    deployment: Vec<FacetView>,
    status: Vec<FacetView>,
    origin: Vec<FacetView>,
}

/// One value, and how many requests have it.
#[derive(Debug, Serialize, ToSchema)]
struct FacetView {
    value: String,
    n: u64,
}

/// `GET /api/v1/traces/facets`.
pub(crate) async fn get_facets(State(app): State<App>, Params(query): Params<FacetQuery>) -> Reply<Json<TraceFacets>> {
    let range_s = query.range.as_deref().map_or(Ok(RANGE_S), range_seconds)?;
    let buckets = query.buckets.unwrap_or(BUCKETS);
    if !(1..=BUCKETS_MAX).contains(&buckets) {
        return Err(Failure::bad(format!("`buckets` is {buckets}, wanted 1 to {BUCKETS_MAX}")));
    }
    let step_s = range_s.div_ceil(buckets);
    let start = first_bucket(app.clock.now(), step_s, buckets);
    let shown = SpanFilter {
        workload: query.workload.map(Into::into),
        deployment: query.deployment.map(Into::into),
        status: query.status.map(status).transpose()?,
        origin: query.origin.as_deref().map(origin).transpose()?,
        canary: query.canary.map(Into::into),
        session: query.session,
        since: Some(query.since.map_or(start, seconds)),
        until: query.until.map(seconds),
        ..SpanFilter::default()
    };
    let whole = SpanFilter { since: Some(start), until: None, ..shown.clone() };
    let slots = app.store.span_histogram(&whole, step_s).await?;
    let facets = app.store.span_facets(&shown).await?;
    let bars = |status: &str| {
        let mut bars = vec![0; usize::try_from(buckets).unwrap_or_default()];
        for slot in slots.iter().filter(|slot| slot.status == status) {
            if let Some(bar) = bars.get_mut(slot.slot) {
                *bar = slot.n;
            }
        }
        bars
    };
    Ok(Json(TraceFacets {
        start: rfc3339(start),
        step_s,
        ok: bars("ok"),
        cancelled: bars("cancelled"),
        failed: bars("failed"),
        workload: values(&facets, "workload"),
        deployment: values(&facets, "deployment"),
        status: values(&facets, "status"),
        origin: values(&facets, "origin"),
    }))
}

fn values(facets: &[Facet], name: &str) -> Vec<FacetView> {
    let of = facets.iter().filter(|facet| facet.name == name);
    of.map(|facet| FacetView { value: facet.value.clone(), n: facet.n }).collect()
}

//! Where the money goes: over time and in a table, by workload, deployment, key or tag, against what the best model alone
//! would have cost and with what scoring cost.

use std::{collections::BTreeMap, sync::Arc};

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use weir_core::{NanoUsd, Timestamp, snapshot::Snapshot};
use weir_store::{CostBy, CostSum, Usage};

use crate::{
    extract::Params,
    figure::cost_of_best,
    problem::{Failure, Reply},
    series::{first_bucket, seconds},
    state::App,
    time::rfc3339,
};

const RANGE_S: u32 = 86_400;
const BUCKETS: u32 = 48;
const BUCKETS_MAX: u32 = 500;
/// Groups listed at most, dearest first.
const GROUPS: usize = 50;
const TAG_BYTES: usize = 64;

/// How far back, how fine, and split by what.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct CostQuery {
    /// A number and `s`, `m`, `h` or `d`, at most `31d`; `24h` unless given.
    range: Option<String>,
    /// 1 to 500; 48 unless given. A bucket is at least a minute.
    buckets: Option<u32>,
    /// `workload`, `deployment`, `key` or `tag`; `workload` unless given.
    by: Option<String>,
    /// Which tag, with `by=tag`.
    tag: Option<String>,
}

/// Spending per bucket.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CostSeries {
    /// Where the first bucket begins; the last one is not over yet.
    start: String,
    /// Width of a bucket in seconds.
    step_s: u32,
    /// Dearest group first.
    groups: Vec<CostLine>,
    /// What each workload's dearest candidate alone would have cost; `null` where none has a price.
    best_usd: Vec<Option<f64>>,
}

/// One group's spending per bucket.
#[derive(Debug, Serialize, ToSchema)]
struct CostLine {
    group: String,
    cost_usd: Vec<f64>,
    requests: Vec<u64>,
}

/// Spending over the whole range.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CostTable {
    start: String,
    /// Dearest first.
    rows: Vec<CostRow>,
    total: CostRow,
    /// Names of tags on the newest requests.
    tags: Vec<String>,
}

/// One group.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct CostRow {
    /// Workload, deployment, key or value of the tag; empty where there is none.
    group: String,
    requests: u64,
    /// Those whose cost is known.
    priced: u64,
    cost_usd: f64,
    /// The same tokens at the dearest candidate; `null` unless split by workload, or without a price.
    best_usd: Option<f64>,
    /// What judging cost; `null` unless split by workload.
    scoring_usd: Option<f64>,
    input_tokens: u64,
    /// Of the prompt tokens, read from the provider's cache.
    cached_tokens: u64,
    output_tokens: u64,
}

struct Asked {
    by: CostBy,
    start: Timestamp,
    step_s: u32,
    buckets: u32,
}

fn asked(app: &App, query: CostQuery) -> Reply<Asked> {
    let range_s = query.range.as_deref().map_or(Ok(RANGE_S), seconds)?;
    let buckets = query.buckets.unwrap_or(BUCKETS);
    if !(1..=BUCKETS_MAX).contains(&buckets) {
        return Err(Failure::bad(format!("`buckets` is {buckets}, wanted 1 to {BUCKETS_MAX}")));
    }
    let by = split(query.by.as_deref().unwrap_or("workload"), query.tag)?;
    let step_s = range_s.div_ceil(buckets).next_multiple_of(60);
    let buckets = range_s.div_ceil(step_s).max(1);
    Ok(Asked { by, start: first_bucket(app.clock.now(), step_s, buckets), step_s, buckets })
}

fn split(by: &str, tag: Option<String>) -> Reply<CostBy> {
    match (by, tag) {
        ("workload", None) => Ok(CostBy::Workload),
        ("deployment", None) => Ok(CostBy::Deployment),
        ("key", None) => Ok(CostBy::Key),
        ("tag", Some(tag)) if (1..=TAG_BYTES).contains(&tag.len()) => Ok(CostBy::Tag(tag)),
        ("tag", _) => Err(Failure::bad("`by=tag` wants `tag`, the name of one").hint("add `&tag=team`")),
        ("workload" | "deployment" | "key", Some(_)) => Err(Failure::bad("`tag` goes with `by=tag` only")),
        (other, _) => Err(Failure::bad(format!("`by` is `{other}`, wanted `workload`, `deployment`, `key` or `tag`"))),
    }
}

/// `GET /api/v1/cost/series`.
pub(crate) async fn get_cost_series(
    State(app): State<App>,
    Params(query): Params<CostQuery>,
) -> Reply<Json<CostSeries>> {
    let asked = asked(&app, query)?;
    let sums = app.store.cost_sums(&asked.by, asked.start, asked.step_s, asked.buckets).await?;
    let by_workload = match asked.by {
        CostBy::Workload => sums.clone(),
        _ => app.store.cost_sums(&CostBy::Workload, asked.start, asked.step_s, asked.buckets).await?,
    };
    let buckets = usize::try_from(asked.buckets).unwrap_or_default();
    let mut lines: BTreeMap<&str, CostLine> = BTreeMap::new();
    for sum in sums.iter().filter(|sum| sum.slot < buckets) {
        let line = lines.entry(&sum.group).or_insert_with(|| CostLine {
            group: sum.group.clone(),
            cost_usd: vec![0.0; buckets],
            requests: vec![0; buckets],
        });
        line.cost_usd[sum.slot] += sum.cost.as_usd();
        line.requests[sum.slot] += sum.requests;
    }
    let mut groups: Vec<CostLine> = lines.into_values().collect();
    let total = |line: &CostLine| line.cost_usd.iter().sum::<f64>();
    groups.sort_by(|a, b| total(b).total_cmp(&total(a)));
    groups.truncate(GROUPS);
    let snapshot = app.snapshot.load();
    let mut best_usd = vec![None; buckets];
    for sum in &by_workload {
        if let (Some(slot), Some(best)) = (best_usd.get_mut(sum.slot), best(sum, &snapshot)) {
            *slot = Some(slot.unwrap_or(0.0) + best.as_usd());
        }
    }
    Ok(Json(CostSeries { start: rfc3339(asked.start), step_s: asked.step_s, groups, best_usd }))
}

/// `GET /api/v1/cost/table`.
pub(crate) async fn get_cost_table(State(app): State<App>, Params(query): Params<CostQuery>) -> Reply<Json<CostTable>> {
    let Asked { by, start, step_s, buckets } = asked(&app, query)?;
    // One bucket as long as all of them.
    let whole_s = step_s.saturating_mul(buckets);
    let sums = app.store.cost_sums(&by, start, whole_s, 1).await?;
    let by_workload = app.store.cost_sums(&CostBy::Workload, start, whole_s, 1).await?;
    let scoring = app.store.scoring_cost(start).await?;
    let snapshot: Arc<Snapshot> = Arc::clone(&app.snapshot.load());
    let own = by == CostBy::Workload;
    let scored = |group: &str| scoring.iter().find(|(workload, _)| workload.as_str() == group);
    let row = |sum: &CostSum| CostRow {
        best_usd: best(sum, &snapshot).filter(|_| own).map(NanoUsd::as_usd),
        scoring_usd: own.then(|| scored(&sum.group).map_or(0.0, |(_, cost)| cost.as_usd())),
        ..CostRow::from(sum)
    };
    let mut rows: Vec<CostRow> = sums.iter().map(row).collect();
    rows.sort_by(|a, b| b.cost_usd.total_cmp(&a.cost_usd));
    rows.truncate(GROUPS);
    let scoring_usd = scoring.iter().map(|(_, cost)| cost.as_usd()).sum();
    let mut total = CostRow { scoring_usd: Some(scoring_usd), ..CostRow::default() };
    for sum in &by_workload {
        total.add(sum, best(sum, &snapshot));
    }
    Ok(Json(CostTable { start: rfc3339(start), rows, total, tags: app.store.tag_names().await? }))
}

impl From<&CostSum> for CostRow {
    fn from(sum: &CostSum) -> Self {
        let mut row = Self { group: sum.group.clone(), ..Self::default() };
        row.add(sum, None);
        row
    }
}

impl CostRow {
    fn add(&mut self, sum: &CostSum, best: Option<NanoUsd>) {
        self.requests += sum.requests;
        self.priced += sum.priced;
        self.cost_usd += sum.cost.as_usd();
        self.input_tokens += sum.input_tokens;
        self.cached_tokens += sum.cached_tokens;
        self.output_tokens += sum.output_tokens;
        if let Some(best) = best {
            self.best_usd = Some(self.best_usd.unwrap_or(0.0) + best.as_usd());
        }
    }
}

/// The tokens of a workload's sum at its dearest candidate.
fn best(sum: &CostSum, snapshot: &Snapshot) -> Option<NanoUsd> {
    let view = snapshot.workloads.get(sum.group.as_str())?;
    let usage = Usage {
        input_tokens: sum.input_tokens,
        cached_tokens: sum.cached_tokens,
        output_tokens: sum.output_tokens,
        ..Usage::default()
    };
    cost_of_best(&usage, view)
}

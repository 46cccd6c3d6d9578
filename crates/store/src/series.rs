//! Figures over time, in equal buckets: what the charts draw. Requests are placed by when they were received, grades by
//! when they were given. Quality here is the plain mean of a bucket's grades; bounds come from the windows.
//!
//! Buckets of whole minutes are read from the sums per minute. Finer ones are counted from the spans themselves, which
//! costs two microseconds a span: meant for ranges of minutes.

use std::collections::BTreeMap;

use sqlx::{Row, sqlite::SqliteRow};
use weir_core::{DeploymentId, NanoUsd, ScorerName, Timestamp, WorkloadId};

use crate::{
    Error, Store,
    minute::{self, MINUTE_US, Minute},
    sum::Sum,
    value::{count, to_json},
};

/// One line per figure, one value per bucket.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// Whose; `None` for all together.
    pub deployment: Option<DeploymentId>,
    /// Client requests.
    pub requests: Vec<u64>,
    /// Those that failed.
    pub failed: Vec<u64>,
    /// Those that took more than one attempt.
    pub fell_back: Vec<u64>,
    /// Sum of known costs.
    pub cost: Vec<NanoUsd>,
    /// Median latency in microseconds, within 1 %.
    pub p50_us: Vec<Option<f64>>,
    /// 95th percentile, likewise.
    pub p95_us: Vec<Option<f64>>,
    /// Mean grade, `0..=1`.
    pub quality: Vec<Option<f64>>,
    /// Grades behind it.
    pub quality_n: Vec<u64>,
}

impl Series {
    fn new(deployment: Option<DeploymentId>, buckets: usize) -> Self {
        Self {
            deployment,
            requests: vec![0; buckets],
            failed: vec![0; buckets],
            fell_back: vec![0; buckets],
            cost: vec![NanoUsd::ZERO; buckets],
            p50_us: vec![None; buckets],
            p95_us: vec![None; buckets],
            quality: vec![None; buckets],
            quality_n: vec![0; buckets],
        }
    }
}

impl Store {
    /// One series per deployment of a workload, by name, from `since` on in `buckets` steps of `step_s` seconds; grades
    /// are those of `quality`. Requests that reached no deployment are left out. When the step is a multiple of 60,
    /// `since` is rounded down to its minute.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn series(
        &self,
        workload: &WorkloadId,
        quality: &ScorerName,
        since: Timestamp,
        step_s: u32,
        buckets: u32,
    ) -> Result<Vec<Series>, Error> {
        let grid = Grid::new(since, step_s, buckets);
        let sums = match grid.minutes() {
            Some((from, to)) => {
                let rows = self.minutes(Some(workload), from, to).await?;
                let mut sums = of_minutes(&grid, &rows, |minute| minute.deployment.clone())?;
                sums.retain(|(name, _), _| name.is_some());
                sums
            }
            None => {
                let rows = sqlx::query(
                    "SELECT deployment, (started_at - ?1) / ?2 AS slot, latency_bin, count(*), \
                     sum(status = 'failed'), sum(status = 'cancelled'), sum(attempts > 1), count(cost_nano), \
                     coalesce(sum(cost_nano), 0), sum(input_tokens), sum(cached_tokens), sum(output_tokens) \
                     FROM span WHERE workload = ?4 AND started_at >= ?1 AND started_at < ?3 AND origin = 'client' \
                     AND deployment IS NOT NULL GROUP BY deployment, slot, latency_bin",
                )
                .bind(grid.start)
                .bind(grid.step)
                .bind(grid.end)
                .bind(workload.as_str())
                .fetch_all(self.readers())
                .await?;
                of_spans(&grid, &rows)?
            }
        };
        let grades = sqlx::query(
            "SELECT deployment, (at - ?1) / ?2 AS slot, avg(grade), count(grade) FROM score \
             WHERE workload = ?4 AND scorer = ?5 AND at >= ?1 AND at < ?3 AND grade IS NOT NULL \
             AND segment NOT IN ('probe', 'shadow') GROUP BY 1, 2",
        )
        .bind(grid.start)
        .bind(grid.step)
        .bind(grid.end)
        .bind(workload.as_str())
        .bind(quality.as_str())
        .fetch_all(self.readers())
        .await?;
        fill(&grid, sums, &grades)
    }

    /// One series over all workloads; grades are those of each workload's own quality scorer. The step is rounded up to
    /// whole minutes, `since` down.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn series_total(
        &self,
        quality: &[(WorkloadId, ScorerName)],
        since: Timestamp,
        step_s: u32,
        buckets: u32,
    ) -> Result<Series, Error> {
        let grid = Grid::new(since, step_s.max(1).next_multiple_of(60), buckets);
        let (from, to) = (grid.start / MINUTE_US, grid.end / MINUTE_US);
        let sums = of_minutes(&grid, &self.minutes(None, from, to).await?, |_| None)?;
        let grades = sqlx::query(
            "SELECT NULL, (at - ?1) / ?2 AS slot, avg(grade), count(grade) FROM json_each(?4) AS pair \
             JOIN score ON score.workload = pair.value ->> 0 AND score.scorer = pair.value ->> 1 \
             WHERE at >= ?1 AND at < ?3 AND grade IS NOT NULL AND segment NOT IN ('probe', 'shadow') GROUP BY slot",
        )
        .bind(grid.start)
        .bind(grid.step)
        .bind(grid.end)
        .bind(to_json(&quality)?)
        .fetch_all(self.readers())
        .await?;
        Ok(fill(&grid, sums, &grades)?.pop().unwrap_or_else(|| Series::new(None, grid.buckets)))
    }
}

/// The buckets, in microseconds.
struct Grid {
    start: i64,
    step: i64,
    end: i64,
    buckets: usize,
}

impl Grid {
    fn new(since: Timestamp, step_s: u32, buckets: u32) -> Self {
        let step = i64::from(step_s.max(1)) * 1_000_000;
        let start = if step % MINUTE_US == 0 { minute::of(since).saturating_mul(MINUTE_US) } else { since.0 };
        Self {
            start,
            step,
            end: start.saturating_add(step.saturating_mul(i64::from(buckets))),
            buckets: buckets as usize,
        }
    }
    /// The first minute and the one after the last, when buckets are whole minutes.
    const fn minutes(&self) -> Option<(i64, i64)> {
        if self.step % MINUTE_US == 0 { Some((self.start / MINUTE_US, self.end / MINUTE_US)) } else { None }
    }
    fn slot(&self, slot: i64) -> Option<usize> {
        usize::try_from(slot).ok().filter(|slot| *slot < self.buckets)
    }
}

type Sums = BTreeMap<(Option<DeploymentId>, usize), Sum>;

fn of_minutes(grid: &Grid, rows: &[SqliteRow], name: impl Fn(&Minute) -> Option<DeploymentId>) -> Result<Sums, Error> {
    let mut sums = Sums::new();
    for row in rows {
        let minute = Minute::read(row)?;
        let since = minute.minute.saturating_mul(MINUTE_US) - grid.start;
        if let Some(slot) = grid.slot(since / grid.step) {
            sums.entry((name(&minute), slot)).or_default().merge(&minute.sum);
        }
    }
    Ok(sums)
}

fn of_spans(grid: &Grid, rows: &[SqliteRow]) -> Result<Sums, Error> {
    let mut sums = Sums::new();
    for row in rows {
        let Some(slot) = grid.slot(row.try_get(1)?) else {
            continue;
        };
        let mut part = Sum::read(row, 3)?;
        if let Some(bin) = row.try_get::<Option<i64>, _>(2)? {
            part.latency.add(bin, part.usage.requests);
        }
        let name = row.try_get::<Option<&str>, _>(0)?.map(Into::into);
        sums.entry((name, slot)).or_default().merge(&part);
    }
    Ok(sums)
}

fn fill(grid: &Grid, sums: Sums, grades: &[SqliteRow]) -> Result<Vec<Series>, Error> {
    let mut lines: BTreeMap<Option<DeploymentId>, Series> = BTreeMap::new();
    for ((name, slot), sum) in sums {
        let usage = sum.finish();
        let series = lines.entry(name.clone()).or_insert_with(|| Series::new(name, grid.buckets));
        series.requests[slot] = usage.requests;
        series.failed[slot] = usage.failed;
        series.fell_back[slot] = usage.fell_back;
        series.cost[slot] = usage.cost;
        series.p50_us[slot] = usage.p50_us;
        series.p95_us[slot] = usage.p95_us;
    }
    for row in grades {
        if let Some(slot) = grid.slot(row.try_get(1)?) {
            let name: Option<DeploymentId> = row.try_get::<Option<&str>, _>(0)?.map(Into::into);
            let series = lines.entry(name.clone()).or_insert_with(|| Series::new(name, grid.buckets));
            series.quality[slot] = row.try_get(2)?;
            series.quality_n[slot] = count(row.try_get(3)?);
        }
    }
    Ok(lines.into_values().collect())
}

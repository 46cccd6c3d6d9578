//! Where the money went: sums over client requests by group and bucket of time. By workload and by deployment they are
//! read from the sums per minute; by key and by tag they are counted from the spans, a few microseconds each.

use sqlx::{QueryBuilder, Row, Sqlite};
use weir_core::{NanoUsd, Timestamp, WorkloadId};

use crate::{Error, Store, minute::MINUTE_US, value::count};

/// Newest spans that a sum by tag reads at most: each one's JSON has to be opened.
pub const TAGGED: u32 = 100_000;
const HOUR_US: i64 = 3_600_000_000;
/// Newest spans that names of tags are looked for in.
const NAMED: u32 = 1_000;

/// What spending is split by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CostBy {
    /// Kind of traffic.
    Workload,
    /// Who answered last; empty when nothing was tried.
    Deployment,
    /// Name of the key that called.
    Key,
    /// Value of this tag; empty where a request has none. Counts the newest `TAGGED` spans.
    Tag(String),
}

/// One group's sums in one bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CostSum {
    /// Workload, deployment, key or value of the tag.
    pub group: String,
    /// Bucket, from 0.
    pub slot: usize,
    /// Client requests.
    pub requests: u64,
    /// Those whose cost is known.
    pub priced: u64,
    /// Sum of the known costs.
    pub cost: NanoUsd,
    /// Prompt tokens.
    pub input_tokens: u64,
    /// Of those, read from the provider's cache.
    pub cached_tokens: u64,
    /// Completion tokens.
    pub output_tokens: u64,
}

impl Store {
    /// Sums from `since`, a whole minute, on in `buckets` steps of `step_s` seconds, a multiple of 60; by group, then bucket.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn cost_sums(
        &self,
        by: &CostBy,
        since: Timestamp,
        step_s: u32,
        buckets: u32,
    ) -> Result<Vec<CostSum>, Error> {
        let step = i64::from(step_s.max(60)) * 1_000_000;
        let end = since.0.saturating_add(step.saturating_mul(i64::from(buckets)));
        let mut query = QueryBuilder::<Sqlite>::new("SELECT ");
        match by {
            CostBy::Workload | CostBy::Deployment => {
                query.push(if *by == CostBy::Workload { "workload" } else { "deployment" });
                query.push(format!(", (minute * {MINUTE_US} - ")).push_bind(since.0).push(") / ").push_bind(step);
                query.push(
                    ", sum(requests), sum(priced), sum(cost_nano), sum(input_tokens), sum(cached_tokens), \
                     sum(output_tokens) FROM span_minute WHERE minute >= ",
                );
                query.push_bind(since.0.div_euclid(MINUTE_US)).push(" AND minute < ").push_bind(end / MINUTE_US);
            }
            CostBy::Key | CostBy::Tag(_) => {
                match by {
                    CostBy::Tag(name) => {
                        query.push("coalesce((SELECT CAST(value AS TEXT) FROM json_each(tags) WHERE key = ");
                        query.push_bind(name.as_str()).push("), '')");
                    }
                    _ => {
                        query.push("tenant");
                    }
                }
                query.push(", (started_at - ").push_bind(since.0).push(") / ").push_bind(step);
                query.push(
                    ", count(*), count(cost_nano), coalesce(sum(cost_nano), 0), sum(input_tokens), \
                     sum(cached_tokens), sum(output_tokens) FROM ",
                );
                spans(&mut query, by, since.0, end);
            }
        }
        query.push(" GROUP BY 1, 2 ORDER BY 1, 2");
        let rows = query.build().fetch_all(self.readers()).await?;
        rows.iter()
            .map(|row| {
                let sum = |column: usize| row.try_get::<i64, _>(column).map(count);
                Ok(CostSum {
                    group: row.try_get(0)?,
                    slot: usize::try_from(row.try_get::<i64, _>(1)?).unwrap_or(0),
                    requests: sum(2)?,
                    priced: sum(3)?,
                    cost: NanoUsd(row.try_get(4)?),
                    input_tokens: sum(5)?,
                    cached_tokens: sum(6)?,
                    output_tokens: sum(7)?,
                })
            })
            .collect()
    }

    /// What a key's requests have cost since then, by hours since the epoch; those that weir asked on its behalf among
    /// them.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn key_spent(&self, key: &str, since: Timestamp) -> Result<Vec<(i64, NanoUsd)>, Error> {
        // The index by workload and time serves a range only under a list of workloads, which one step each finds.
        let rows: Vec<(i64, i64)> = sqlx::query_as(
            "WITH RECURSIVE known (workload) AS (SELECT min(workload) FROM span UNION ALL \
               SELECT (SELECT min(workload) FROM span WHERE span.workload > known.workload) FROM known \
               WHERE known.workload IS NOT NULL) \
             SELECT started_at / ?3, sum(cost_nano) FROM span WHERE workload IN (SELECT workload FROM known) \
               AND started_at >= ?2 AND tenant = ?1 AND cost_nano IS NOT NULL GROUP BY 1 ORDER BY 1",
        )
        .bind(key)
        .bind(since.0)
        .bind(HOUR_US)
        .fetch_all(self.readers())
        .await?;
        Ok(rows.into_iter().map(|(hour, cost)| (hour, NanoUsd(cost))).collect())
    }

    /// What scoring has cost per workload since then.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn scoring_cost(&self, since: Timestamp) -> Result<Vec<(WorkloadId, NanoUsd)>, Error> {
        let rows: Vec<(String, i64)> =
            sqlx::query_as("SELECT workload, sum(cost_nano) FROM score WHERE at >= ? GROUP BY workload ORDER BY 1")
                .bind(since.0)
                .fetch_all(self.readers())
                .await?;
        Ok(rows.into_iter().map(|(workload, cost)| (workload.into(), NanoUsd(cost))).collect())
    }

    /// What grading one answer of a workload has cost since then, all its scorers together; 0 without grades.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn scoring_cost_each(&self, workload: &WorkloadId, since: Timestamp) -> Result<NanoUsd, Error> {
        let (cost, answers): (i64, i64) = sqlx::query_as(
            "SELECT coalesce(sum(cost_nano), 0), count(DISTINCT span_id) FROM score WHERE workload = ? AND at >= ?",
        )
        .bind(workload.as_str())
        .bind(since.0)
        .fetch_one(self.readers())
        .await?;
        Ok(NanoUsd(cost / answers.max(1)))
    }

    /// Names of tags on the newest requests, sorted.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn tag_names(&self) -> Result<Vec<String>, Error> {
        Ok(sqlx::query_scalar(
            "SELECT DISTINCT key FROM (SELECT CAST(body AS TEXT) ->> 'tags' AS tags FROM span_body \
             ORDER BY seq DESC LIMIT ?) AS newest, json_each(newest.tags) \
             WHERE json_valid(newest.tags) ORDER BY 1 LIMIT 50",
        )
        .bind(NAMED)
        .fetch_all(self.readers())
        .await?)
    }
}

/// The client's spans of this time, with their tags where those are asked for.
fn spans(query: &mut QueryBuilder<Sqlite>, by: &CostBy, from: i64, to: i64) {
    let tagged = matches!(by, CostBy::Tag(_));
    query.push("(SELECT span.*");
    if tagged {
        // A request without tags has an empty text there, which is no JSON.
        query.push(", coalesce(nullif(CAST(body AS TEXT) ->> 'tags', ''), '{}') AS tags");
    }
    query.push(" FROM span");
    if tagged {
        query.push(" JOIN span_body USING (seq)");
    }
    // The index by workload and time serves a range only under a list of workloads.
    query.push(" WHERE workload IN (SELECT workload FROM span_minute WHERE minute >= ");
    query.push_bind(from.div_euclid(MINUTE_US)).push(") AND started_at >= ").push_bind(from);
    query.push(" AND started_at < ").push_bind(to).push(" AND origin = 'client'");
    if tagged {
        query.push(" ORDER BY seq DESC LIMIT ").push_bind(TAGGED);
    }
    query.push(")");
}

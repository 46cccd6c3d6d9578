//! Lists of spans, newest first, paged by `seq`: rows that arrive meanwhile are newer than any cursor, so a page never
//! repeats or skips one.

use std::{collections::HashMap, sync::Arc};

use serde::{Deserialize, Serialize};
use sqlx::{QueryBuilder, Row, Sqlite, sqlite::SqliteRow};
use weir_core::{
    CanaryId, DeploymentId, NanoUsd, RevisionId, ScorerName, SpanId, Timestamp, TraceId, WorkloadId, decision::Arm,
    span::Origin,
};

use crate::{
    Error, Store,
    value::{count, id_bytes, span_id, to_json, trace_id, word},
};

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// Give this as the cursor for the rows after these; `None` at the end.
    pub next: Option<i64>,
}

/// Which spans; every field that is set must match.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SpanFilter {
    /// Whose traffic.
    pub workload: Option<WorkloadId>,
    /// Who answered last.
    pub deployment: Option<DeploymentId>,
    /// `ok`, `cancelled` or `failed`.
    pub status: Option<String>,
    /// Who asked.
    pub origin: Option<Origin>,
    /// Name of the key that called.
    pub tenant: Option<String>,
    /// The caller's session.
    pub session: Option<String>,
    /// Exposed by this canary.
    pub canary: Option<CanaryId>,
    /// The caller's trace.
    pub trace_id: Option<TraceId>,
    /// Started at or after this.
    pub since: Option<Timestamp>,
    /// Started before this.
    pub until: Option<Timestamp>,
}

/// A span as lists show it.
#[derive(Debug, Clone, PartialEq)]
pub struct SpanRow {
    /// Counts spans in the order they were committed; the cursor.
    pub seq: i64,
    /// The span.
    pub span_id: SpanId,
    /// Its trace.
    pub trace_id: TraceId,
    /// Name of the key that called.
    pub tenant: Arc<str>,
    /// Whose traffic.
    pub workload: WorkloadId,
    /// Who answered last, well or not; `None` when nothing was tried.
    pub deployment: Option<DeploymentId>,
    /// The stages walked; `None` when the request failed before routing.
    pub strategy: Option<String>,
    /// The policy revision that decided.
    pub revision: Option<RevisionId>,
    /// `ok`, `cancelled` or `failed`.
    pub status: String,
    /// `W0000` of a failure.
    pub code: Option<String>,
    /// Who asked.
    pub origin: Origin,
    /// Answer wanted as a stream.
    pub stream: bool,
    /// Request received.
    pub started_at: Timestamp,
    /// In microseconds.
    pub latency_us: u64,
    /// To the first byte, in microseconds.
    pub ttft_us: Option<u64>,
    /// Prompt tokens.
    pub input_tokens: u64,
    /// Completion tokens.
    pub output_tokens: u64,
    /// All attempts together; `None` when a price is unknown.
    pub cost: Option<NanoUsd>,
    /// Upstream calls.
    pub attempts: u64,
    /// The canary that exposed it.
    pub canary: Option<CanaryId>,
    /// On which side.
    pub arm: Option<Arm>,
    /// The caller's session.
    pub session: Option<Arc<str>>,
    /// What scorers said of it, oldest first.
    pub scores: Vec<RowScore>,
}

/// One scorer's word in a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RowScore {
    /// Which scorer.
    pub scorer: ScorerName,
    /// `0..=1`; `None` when it could not score.
    pub grade: Option<f64>,
}

impl SpanRow {
    /// The newest grade this scorer gave, `0..=1`.
    #[must_use]
    pub fn grade(&self, scorer: &ScorerName) -> Option<f64> {
        self.scores.iter().rev().filter(|score| score.scorer == *scorer).find_map(|score| score.grade)
    }
}

const SELECT: &str = "SELECT seq, id, trace_id, tenant, workload, deployment, strategy, revision, status, code, \
     origin, stream, started_at, latency_us, ttft_us, input_tokens, output_tokens, cost_nano, attempts, canary, arm, \
     session FROM span WHERE ";

impl Store {
    /// What requests of this origin have cost a workload since then, as far as prices are known.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn span_cost(&self, workload: &WorkloadId, origin: Origin, since: Timestamp) -> Result<NanoUsd, Error> {
        let cost: i64 = sqlx::query_scalar(
            "SELECT coalesce(sum(cost_nano), 0) FROM span WHERE workload = ? AND started_at >= ? AND origin = ?",
        )
        .bind(workload.as_str())
        .bind(since.0)
        .bind(origin.name())
        .fetch_one(self.readers())
        .await?;
        Ok(NanoUsd(cost))
    }

    /// Spans, newest first, those below `cursor` where one is given.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn span_list(
        &self,
        filter: &SpanFilter,
        cursor: Option<i64>,
        limit: u32,
    ) -> Result<Page<SpanRow>, Error> {
        let mut query = QueryBuilder::<Sqlite>::new(SELECT);
        query.push("seq < ").push_bind(cursor.unwrap_or(i64::MAX));
        narrow(&mut query, filter);
        // One more than asked tells whether there is a next page.
        query.push(" ORDER BY seq DESC LIMIT ").push_bind(i64::from(limit) + 1);
        let mut items = self.rows(query).await?;
        let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = items.len() > wanted;
        items.truncate(wanted);
        self.add_scores(&mut items).await?;
        let next = items.last().filter(|_| more).map(|row| row.seq);
        Ok(Page { items, next })
    }

    /// Spans committed after `seq`, oldest first: the live feed.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn span_since(&self, filter: &SpanFilter, seq: i64, limit: u32) -> Result<Vec<SpanRow>, Error> {
        let mut query = QueryBuilder::<Sqlite>::new(SELECT);
        query.push("seq > ").push_bind(seq);
        narrow(&mut query, filter);
        query.push(" ORDER BY seq LIMIT ").push_bind(i64::from(limit));
        let mut items = self.rows(query).await?;
        self.add_scores(&mut items).await?;
        Ok(items)
    }

    /// One span as lists show it.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn span_row_get(&self, id: SpanId) -> Result<Option<SpanRow>, Error> {
        let mut query = QueryBuilder::<Sqlite>::new(SELECT);
        query.push("id = ").push_bind(id_bytes(id.bits()));
        let mut items = self.rows(query).await?;
        self.add_scores(&mut items).await?;
        Ok(items.pop())
    }

    async fn rows(&self, mut query: QueryBuilder<Sqlite>) -> Result<Vec<SpanRow>, Error> {
        let rows = query.build().fetch_all(self.readers()).await?;
        rows.iter().map(read).collect()
    }

    async fn add_scores(&self, items: &mut [SpanRow]) -> Result<(), Error> {
        if items.is_empty() {
            return Ok(());
        }
        let ids: Vec<String> = items.iter().map(|row| row.span_id.to_string()).collect();
        let rows = sqlx::query(
            "SELECT span_id, scorer, grade FROM score \
             WHERE span_id IN (SELECT unhex(value) FROM json_each(?)) ORDER BY seq",
        )
        .bind(to_json(&ids)?)
        .fetch_all(self.readers())
        .await?;
        let mut scores: HashMap<SpanId, Vec<RowScore>> = HashMap::new();
        for row in rows {
            scores
                .entry(span_id(row.try_get(0)?)?)
                .or_default()
                .push(RowScore { scorer: row.try_get::<String, _>(1)?.into(), grade: row.try_get(2)? });
        }
        for item in items {
            item.scores = scores.remove(&item.span_id).unwrap_or_default();
        }
        Ok(())
    }
}

pub(crate) fn narrow(query: &mut QueryBuilder<Sqlite>, filter: &SpanFilter) {
    let texts = [
        (" AND workload = ", filter.workload.as_ref().map(AsRef::as_ref)),
        (" AND deployment = ", filter.deployment.as_ref().map(AsRef::as_ref)),
        (" AND status = ", filter.status.as_deref()),
        (" AND origin = ", filter.origin.map(Origin::name)),
        (" AND tenant = ", filter.tenant.as_deref()),
        (" AND session = ", filter.session.as_deref()),
        (" AND canary = ", filter.canary.as_ref().map(AsRef::as_ref)),
    ];
    for (column, text) in texts {
        if let Some(text) = text {
            let text: &str = text;
            query.push(column).push_bind(text.to_owned());
        }
    }
    if let Some(trace) = filter.trace_id {
        query.push(" AND trace_id = ").push_bind(id_bytes(trace.bits()));
    }
    if let Some(since) = filter.since {
        // The plus keeps the planner off the index by time, which would have to sort by seq.
        query.push(" AND +started_at >= ").push_bind(since.0);
    }
    if let Some(until) = filter.until {
        query.push(" AND +started_at < ").push_bind(until.0);
    }
}

fn read(row: &SqliteRow) -> Result<SpanRow, Error> {
    let arm: Option<&str> = row.try_get("arm")?;
    let text = |column: &str| row.try_get::<String, _>(column);
    let optional = |column: &str| row.try_get::<Option<String>, _>(column);
    Ok(SpanRow {
        seq: row.try_get("seq")?,
        span_id: span_id(row.try_get("id")?)?,
        trace_id: trace_id(row.try_get("trace_id")?)?,
        tenant: text("tenant")?.into(),
        workload: text("workload")?.into(),
        deployment: optional("deployment")?.map(Into::into),
        strategy: optional("strategy")?,
        revision: optional("revision")?.map(Into::into),
        status: text("status")?,
        code: optional("code")?,
        origin: word(row.try_get("origin")?)?,
        stream: row.try_get("stream")?,
        started_at: Timestamp(row.try_get("started_at")?),
        latency_us: count(row.try_get("latency_us")?),
        ttft_us: row.try_get::<Option<i64>, _>("ttft_us")?.map(count),
        input_tokens: count(row.try_get("input_tokens")?),
        output_tokens: count(row.try_get("output_tokens")?),
        cost: row.try_get::<Option<i64>, _>("cost_nano")?.map(NanoUsd),
        attempts: count(row.try_get("attempts")?),
        canary: optional("canary")?.map(Into::into),
        arm: arm.map(word).transpose()?,
        session: optional("session")?.map(Into::into),
        scores: Vec::new(),
    })
}

//! Sums per minute, workload and deployment, written with the spans they count. A batch touches few of them, so each is
//! read, merged and written back inside the batch's own transaction.

use std::collections::BTreeMap;

use sqlx::{
    Row,
    sqlite::{SqliteConnection, SqliteRow},
};
use weir_core::{
    DeploymentId, Timestamp, WorkloadId,
    span::{Origin, Span},
};

use crate::{Error, Store, histogram::Histogram, sum::Sum, value::int};

/// Microseconds of a minute.
pub(crate) const MINUTE_US: i64 = 60_000_000;

/// Whole minutes since the epoch.
pub(crate) const fn of(at: Timestamp) -> i64 {
    at.0.div_euclid(MINUTE_US)
}

/// What a transaction has added so far.
#[derive(Debug, Default)]
pub(crate) struct Minutes(BTreeMap<(i64, WorkloadId, Option<DeploymentId>), Sum>);

impl Minutes {
    pub(crate) fn add(&mut self, span: &Span) {
        if span.origin == Origin::Client {
            let deployment = span.attempts.last().map(|last| last.deployment.clone());
            self.0.entry((of(span.started_at), span.workload.clone(), deployment)).or_default().add(span);
        }
    }

    pub(crate) async fn write(&self, connection: &mut SqliteConnection) -> Result<(), Error> {
        for ((minute, workload, deployment), added) in &self.0 {
            let deployment = deployment.as_ref().map_or("", DeploymentId::as_str);
            let stored = sqlx::query(
                "SELECT minute, workload, deployment, requests, failed, cancelled, fell_back, priced, cost_nano, \
                 input_tokens, cached_tokens, output_tokens, latency \
                 FROM span_minute WHERE minute = ? AND workload = ? AND deployment = ?",
            )
            .bind(minute)
            .bind(workload.as_str())
            .bind(deployment)
            .fetch_optional(&mut *connection)
            .await?;
            let mut sum = match stored {
                Some(row) => Minute::read(&row)?.sum,
                None => Sum::default(),
            };
            sum.merge(added);
            let usage = &sum.usage;
            sqlx::query(
                "INSERT OR REPLACE INTO span_minute (minute, workload, deployment, requests, failed, cancelled, \
                 fell_back, priced, cost_nano, input_tokens, cached_tokens, output_tokens, latency) \
                 VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)",
            )
            .bind(minute)
            .bind(workload.as_str())
            .bind(deployment)
            .bind(int(usage.requests))
            .bind(int(usage.failed))
            .bind(int(usage.cancelled))
            .bind(int(usage.fell_back))
            .bind(int(usage.priced))
            .bind(usage.cost.0)
            .bind(int(usage.input_tokens))
            .bind(int(usage.cached_tokens))
            .bind(int(usage.output_tokens))
            .bind(sum.latency.to_bytes())
            .execute(&mut *connection)
            .await?;
        }
        Ok(())
    }
}

/// One stored row.
pub(crate) struct Minute {
    pub(crate) minute: i64,
    pub(crate) workload: WorkloadId,
    pub(crate) deployment: Option<DeploymentId>,
    pub(crate) sum: Sum,
}

impl Minute {
    pub(crate) fn read(row: &SqliteRow) -> Result<Self, Error> {
        let deployment: &str = row.try_get(2)?;
        Ok(Self {
            minute: row.try_get(0)?,
            workload: row.try_get::<&str, _>(1)?.into(),
            deployment: Some(deployment).filter(|name| !name.is_empty()).map(Into::into),
            sum: Sum { latency: Histogram::from_bytes(row.try_get(12)?)?, ..Sum::read(row, 3)? },
        })
    }
}

impl Store {
    /// The first minute with a client's request since then; `None` where there is none.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn minute_first(&self, since: Timestamp) -> Result<Option<Timestamp>, Error> {
        let first: Option<i64> = sqlx::query_scalar("SELECT min(minute) FROM span_minute WHERE minute >= ?")
            .bind(of(since))
            .fetch_one(self.readers())
            .await?;
        Ok(first.map(|minute| Timestamp(minute.saturating_mul(MINUTE_US))))
    }

    /// Rows for `Minute::read`, from one minute to before another.
    pub(crate) async fn minutes(
        &self,
        workload: Option<&WorkloadId>,
        from: i64,
        to: i64,
    ) -> Result<Vec<SqliteRow>, Error> {
        Ok(sqlx::query(
            "SELECT minute, workload, deployment, requests, failed, cancelled, fell_back, priced, cost_nano, \
             input_tokens, cached_tokens, output_tokens, latency \
             FROM span_minute WHERE minute >= ?1 AND minute < ?2 AND (?3 IS NULL OR workload = ?3)",
        )
        .bind(from)
        .bind(to)
        .bind(workload.map(WorkloadId::as_str))
        .fetch_all(self.readers())
        .await?)
    }
}

//! Past answers that a rule is to score: how far it has come, and which come next.

use sqlx::{Row, sqlite::SqliteRow};
use weir_core::{RuleName, SpanId, Timestamp, WorkloadId};

use crate::{
    Error, Store, Tx,
    value::{count, int, span_id},
};

/// An order to score past answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backfill {
    /// Its number; 0 before it is stored.
    pub id: i64,
    /// Which rule.
    pub rule: RuleName,
    /// Answers from then on.
    pub since: Timestamp,
    /// And before then.
    pub until: Timestamp,
    /// Most answers to score.
    pub most: u64,
    /// The last span looked at, by its number.
    pub after: i64,
    /// Answers handed to the queue.
    pub pushed: u64,
    /// Nothing is left.
    pub done: bool,
    /// When it was ordered.
    pub at: Timestamp,
}

impl Store {
    /// Stores an order and returns its number.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn backfill_insert(&self, order: &Backfill) -> Result<i64, Error> {
        let done = sqlx::query("INSERT INTO rule_backfill (rule, since, until, most, at) VALUES (?,?,?,?,?)")
            .bind(order.rule.as_str())
            .bind(order.since.0)
            .bind(order.until.0)
            .bind(int(order.most))
            .bind(order.at.0)
            .execute(self.pool())
            .await?;
        Ok(done.last_insert_rowid())
    }

    /// The newest orders, newest first.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn backfill_list(&self, limit: u32) -> Result<Vec<Backfill>, Error> {
        let rows = sqlx::query(
            "SELECT id, rule, since, until, most, after, pushed, done, at FROM rule_backfill ORDER BY id DESC LIMIT ?",
        )
        .bind(limit)
        .fetch_all(self.readers())
        .await?;
        rows.iter().map(read).collect()
    }

    /// The oldest order that is not done.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn backfill_next(&self) -> Result<Option<Backfill>, Error> {
        let row = sqlx::query(
            "SELECT id, rule, since, until, most, after, pushed, done, at FROM rule_backfill WHERE done = 0 \
             ORDER BY id LIMIT 1",
        )
        .fetch_optional(self.readers())
        .await?;
        row.as_ref().map(read).transpose()
    }

    /// The next answered requests of a workload within an order, by number.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn backfill_page(
        &self,
        order: &Backfill,
        workload: &WorkloadId,
        limit: u32,
    ) -> Result<Vec<(i64, SpanId)>, Error> {
        let rows = sqlx::query(
            "SELECT seq, id FROM span WHERE workload = ? AND seq > ? AND started_at >= ? AND started_at < ? \
             AND status = 'ok' AND origin <> 'eval' ORDER BY seq LIMIT ?",
        )
        .bind(workload.as_str())
        .bind(order.after)
        .bind(order.since.0)
        .bind(order.until.0)
        .bind(limit)
        .fetch_all(self.readers())
        .await?;
        rows.iter().map(|row| Ok((row.try_get(0)?, span_id(row.try_get(1)?)?))).collect()
    }

    /// Jobs of low priority that wait: those of back-fills.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn backfill_waiting(&self, below: i64) -> Result<u64, Error> {
        let waiting: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM Jobs WHERE status = 'Pending' AND priority < ? AND job_type <> 'tell_policy'",
        )
        .bind(below)
        .fetch_one(self.readers())
        .await?;
        Ok(count(waiting))
    }
}

impl Tx {
    /// Notes how far an order has come, in the transaction that pushes its jobs.
    ///
    /// # Errors
    /// `Unavailable`; the transaction should then be dropped.
    pub async fn backfill_step(&mut self, id: i64, after: i64, pushed: u64, done: bool) -> Result<(), Error> {
        sqlx::query("UPDATE rule_backfill SET after = ?, pushed = pushed + ?, done = ? WHERE id = ?")
            .bind(after)
            .bind(int(pushed))
            .bind(done)
            .bind(id)
            .execute(self.connection())
            .await?;
        Ok(())
    }
}

fn read(row: &SqliteRow) -> Result<Backfill, Error> {
    Ok(Backfill {
        id: row.try_get(0)?,
        rule: row.try_get::<String, _>(1)?.into(),
        since: Timestamp(row.try_get(2)?),
        until: Timestamp(row.try_get(3)?),
        most: count(row.try_get(4)?),
        after: row.try_get(5)?,
        pushed: count(row.try_get(6)?),
        done: row.try_get::<i64, _>(7)? != 0,
        at: Timestamp(row.try_get(8)?),
    })
}

//! The audit log as people read it: every transition of every canary, with its place in the chain of hashes.

use sqlx::Row;
use weir_core::{CanaryId, Timestamp, WorkloadId, canary::CanaryEvent};

use crate::{Error, Store, value::from_json};

/// One row of the chain.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditRow {
    /// Its number in the chain.
    pub seq: i64,
    /// When.
    pub at: Timestamp,
    /// Which canary.
    pub canary: CanaryId,
    /// Whose traffic.
    pub workload: WorkloadId,
    /// What happened, as the feed of changes names it.
    pub kind: String,
    /// `optimizer`, or the key's name.
    pub actor: String,
    /// Why, in one sentence.
    pub reason: String,
    /// Its hash, hexadecimal.
    pub hash: String,
}

impl Store {
    /// Rows older than `before`, newest first.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn audit_list(&self, before: Option<i64>, limit: u32) -> Result<Vec<AuditRow>, Error> {
        let rows = sqlx::query(
            "SELECT seq, at, canary, workload, kind, body, reason, hash FROM canary_event \
             WHERE seq < ?1 ORDER BY seq DESC LIMIT ?2",
        )
        .bind(before.unwrap_or(i64::MAX))
        .bind(limit)
        .fetch_all(self.readers())
        .await?;
        rows.iter()
            .map(|row| {
                let event: CanaryEvent = from_json("canary event", row.try_get(5)?)?;
                Ok(AuditRow {
                    seq: row.try_get(0)?,
                    at: Timestamp(row.try_get(1)?),
                    canary: row.try_get::<&str, _>(2)?.into(),
                    workload: row.try_get::<&str, _>(3)?.into(),
                    kind: row.try_get(4)?,
                    actor: event.actor,
                    reason: row.try_get(6)?,
                    hash: row.try_get(7)?,
                })
            })
            .collect()
    }
}

//! Leave to expose canaries, and freezes: the two switches beside a canary's own state.

use sqlx::Row;
use weir_core::{CanaryId, Timestamp, WorkloadId};

use crate::{
    Error, Store,
    value::{count, int},
};

/// Leave to expose one canary until an instant.
#[derive(Debug, Clone, PartialEq)]
pub struct Grant {
    /// Which.
    pub canary: CanaryId,
    /// The version of the canary it was given to; a canary that has moved needs another.
    pub version: u64,
    /// Share of units per arm, `0..=0.5`.
    pub share: f64,
    /// Nobody is exposed from then on.
    pub expires_at: Timestamp,
}

/// A standing order that nothing may move towards a candidate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Freeze {
    /// Which workload; `None` stands for all.
    pub workload: Option<WorkloadId>,
    /// Whose order.
    pub actor: String,
    /// Why.
    pub reason: String,
    /// Since when.
    pub at: Timestamp,
}

impl Store {
    /// Gives or renews leave, if the canary still has that version.
    ///
    /// # Errors
    /// `Conflict` when it has moved, `Unavailable`.
    pub async fn grant_put(&self, grant: &Grant) -> Result<(), Error> {
        let mut tx = self.begin_control().await?;
        let done = sqlx::query(
            "INSERT OR REPLACE INTO canary_grant (canary, version, share, expires_at) \
             SELECT id, ?2, ?3, ?4 FROM canary WHERE id = ?1 AND version = ?2",
        )
        .bind(grant.canary.as_str())
        .bind(int(grant.version))
        .bind(grant.share)
        .bind(grant.expires_at.0)
        .execute(&mut *tx)
        .await?;
        if done.rows_affected() == 0 {
            return Err(Error::conflict(format!("canary {} is no longer at version {}", grant.canary, grant.version)));
        }
        tx.commit().await?;
        self.changes().control();
        Ok(())
    }

    /// All leave that was given, expired or not.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn grant_list(&self) -> Result<Vec<Grant>, Error> {
        let rows = sqlx::query("SELECT canary, version, share, expires_at FROM canary_grant ORDER BY canary")
            .fetch_all(self.readers())
            .await?;
        rows.iter()
            .map(|row| {
                Ok(Grant {
                    canary: row.try_get::<String, _>(0)?.into(),
                    version: count(row.try_get(1)?),
                    share: row.try_get(2)?,
                    expires_at: Timestamp(row.try_get(3)?),
                })
            })
            .collect()
    }

    /// Freezes one workload or, without a name, all. Freezing again keeps the first order.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn freeze_put(&self, freeze: &Freeze) -> Result<(), Error> {
        let mut tx = self.begin_control().await?;
        sqlx::query("INSERT INTO freeze (workload, actor, reason, at) VALUES (?,?,?,?) ON CONFLICT DO NOTHING")
            .bind(freeze.workload.as_ref().map_or("", WorkloadId::as_str))
            .bind(&freeze.actor)
            .bind(&freeze.reason)
            .bind(freeze.at.0)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        self.changes().control();
        Ok(())
    }

    /// Takes a freeze away; false when there was none.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn freeze_delete(&self, workload: Option<&WorkloadId>) -> Result<bool, Error> {
        let mut tx = self.begin_control().await?;
        let done = sqlx::query("DELETE FROM freeze WHERE workload = ?")
            .bind(workload.map_or("", WorkloadId::as_str))
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        self.changes().control();
        Ok(done.rows_affected() > 0)
    }

    /// Every freeze, the one of all workloads first.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn freeze_list(&self) -> Result<Vec<Freeze>, Error> {
        let rows = sqlx::query("SELECT workload, actor, reason, at FROM freeze ORDER BY workload")
            .fetch_all(self.readers())
            .await?;
        rows.iter()
            .map(|row| {
                let workload: String = row.try_get(0)?;
                Ok(Freeze {
                    workload: (!workload.is_empty()).then(|| workload.into()),
                    actor: row.try_get(1)?,
                    reason: row.try_get(2)?,
                    at: Timestamp(row.try_get(3)?),
                })
            })
            .collect()
    }

    /// True when this workload, or all, are frozen.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn is_frozen(&self, workload: &WorkloadId) -> Result<bool, Error> {
        Ok(sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM freeze WHERE workload IN ('', ?))")
            .bind(workload.as_str())
            .fetch_one(self.readers())
            .await?)
    }
}

//! Deployments that a failed gate has taken out of a workload's ordinary traffic, and what let them back.

use sqlx::{Row, sqlite::SqliteRow};
use weir_core::{DeploymentId, Timestamp, WorkloadId};

use crate::{Error, Store};

/// One deployment out of one workload's traffic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quarantine {
    /// Whose traffic.
    pub workload: WorkloadId,
    /// Who is out.
    pub deployment: DeploymentId,
    /// The model it answered as when it failed; empty when unnamed.
    pub model: String,
    /// The run that failed, when one did.
    pub run: Option<String>,
    /// Why, in one sentence.
    pub reason: String,
    /// Who ordered it.
    pub actor: String,
    /// Since when.
    pub at: Timestamp,
    /// When it was let back, and by whom.
    pub lifted: Option<(Timestamp, String)>,
}

impl Store {
    /// Takes a deployment out; false when it is out already.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn quarantine_put(&self, quarantine: &Quarantine) -> Result<bool, Error> {
        let mut tx = self.begin_control().await?;
        let done = sqlx::query(
            "INSERT INTO quarantine (workload, deployment, model, run, reason, actor, at) VALUES (?,?,?,?,?,?,?) \
             ON CONFLICT DO NOTHING",
        )
        .bind(quarantine.workload.as_str())
        .bind(quarantine.deployment.as_str())
        .bind(&quarantine.model)
        .bind(&quarantine.run)
        .bind(&quarantine.reason)
        .bind(&quarantine.actor)
        .bind(quarantine.at.0)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        self.changes().control();
        Ok(done.rows_affected() > 0)
    }

    /// Lets a deployment back; false when it was not out.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn quarantine_lift(
        &self,
        workload: &WorkloadId,
        deployment: &DeploymentId,
        actor: &str,
    ) -> Result<bool, Error> {
        let mut tx = self.begin_control().await?;
        let done = sqlx::query(
            "UPDATE quarantine SET lifted_at = ?, lifted_by = ? \
             WHERE workload = ? AND deployment = ? AND lifted_at IS NULL",
        )
        .bind(self.clock().now().0)
        .bind(actor)
        .bind(workload.as_str())
        .bind(deployment.as_str())
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        self.changes().control();
        Ok(done.rows_affected() > 0)
    }

    /// Who is out now, and with `all` who ever was; newest first, at most 1,000.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn quarantine_list(&self, all: bool) -> Result<Vec<Quarantine>, Error> {
        let rows = sqlx::query("SELECT * FROM quarantine WHERE ? OR lifted_at IS NULL ORDER BY seq DESC LIMIT 1000")
            .bind(all)
            .fetch_all(self.readers())
            .await?;
        rows.iter().map(read).collect()
    }
}

fn read(row: &SqliteRow) -> Result<Quarantine, Error> {
    let lifted: Option<i64> = row.try_get("lifted_at")?;
    Ok(Quarantine {
        workload: row.try_get::<String, _>("workload")?.into(),
        deployment: row.try_get::<String, _>("deployment")?.into(),
        model: row.try_get("model")?,
        run: row.try_get("run")?,
        reason: row.try_get("reason")?,
        actor: row.try_get("actor")?,
        at: Timestamp(row.try_get("at")?),
        lifted: match lifted {
            Some(at) => Some((Timestamp(at), row.try_get::<Option<String>, _>("lifted_by")?.unwrap_or_default())),
            None => None,
        },
    })
}

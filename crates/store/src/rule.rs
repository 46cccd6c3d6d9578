//! What is decided about rules of online scoring, what they spend and what they sample: the configuration holds the rules
//! themselves.

use std::collections::HashMap;

use sqlx::Row;
use weir_core::{DeploymentId, NanoUsd, RuleName, Timestamp};

use crate::{
    Error, Store,
    value::{count, int},
};

/// Why a rule does not score.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RulePause {
    /// Which.
    pub rule: RuleName,
    /// Why.
    pub reason: String,
    /// Whose order; `weir` for what the workers have decided.
    pub actor: String,
    /// Since when.
    pub at: Timestamp,
}

/// The share of a rule's answers that is scored now.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleShare {
    /// Which rule.
    pub rule: RuleName,
    /// Whose answers; `None` for all.
    pub deployment: Option<DeploymentId>,
    /// `0..=1`.
    pub share: f64,
}

/// The queue's state at its last look.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pressure {
    /// Jobs whose time has come.
    pub waiting: u64,
    /// How long the oldest of them has waited, in seconds.
    pub oldest_s: u64,
    /// What sampling is multiplied by, `0..=1`.
    pub factor: f64,
    /// When this was first so.
    pub at: Timestamp,
}

const MICROS_OF_A_DAY: i64 = 86_400_000_000;

impl Store {
    /// Stops a rule. One that is stopped keeps its first reason.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn rule_pause(&self, pause: &RulePause) -> Result<(), Error> {
        sqlx::query("INSERT INTO rule_pause (rule, reason, actor, at) VALUES (?,?,?,?) ON CONFLICT DO NOTHING")
            .bind(pause.rule.as_str())
            .bind(&pause.reason)
            .bind(&pause.actor)
            .bind(pause.at.0)
            .execute(self.pool())
            .await?;
        Ok(())
    }

    /// Lets a rule go on. Returns false when it was not stopped.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn rule_resume(&self, rule: &RuleName) -> Result<bool, Error> {
        let done =
            sqlx::query("DELETE FROM rule_pause WHERE rule = ?").bind(rule.as_str()).execute(self.pool()).await?;
        Ok(done.rows_affected() > 0)
    }

    /// Rules that are stopped.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn rule_pause_list(&self) -> Result<Vec<RulePause>, Error> {
        let rows = sqlx::query("SELECT rule, reason, actor, at FROM rule_pause ORDER BY rule")
            .fetch_all(self.readers())
            .await?;
        rows.iter()
            .map(|row| {
                Ok(RulePause {
                    rule: row.try_get::<String, _>(0)?.into(),
                    reason: row.try_get(1)?,
                    actor: row.try_get(2)?,
                    at: Timestamp(row.try_get(3)?),
                })
            })
            .collect()
    }

    /// Notes what a rule's scorers have spent.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn rule_spend(&self, rule: &RuleName, cost: NanoUsd, now: Timestamp) -> Result<(), Error> {
        sqlx::query(
            "INSERT INTO rule_spend (rule, day, cost_nano) VALUES (?,?,?) \
             ON CONFLICT DO UPDATE SET cost_nano = cost_nano + excluded.cost_nano",
        )
        .bind(rule.as_str())
        .bind(now.0.div_euclid(MICROS_OF_A_DAY))
        .bind(cost.0)
        .execute(self.pool())
        .await?;
        Ok(())
    }

    /// What each rule has spent on the day of `now`.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn rule_spent(&self, now: Timestamp) -> Result<HashMap<RuleName, NanoUsd>, Error> {
        let rows = sqlx::query("SELECT rule, cost_nano FROM rule_spend WHERE day = ?")
            .bind(now.0.div_euclid(MICROS_OF_A_DAY))
            .fetch_all(self.readers())
            .await?;
        rows.iter().map(|row| Ok((row.try_get::<String, _>(0)?.into(), NanoUsd(row.try_get(1)?)))).collect()
    }

    /// Replaces what is sampled now.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn rule_share_put(&self, shares: &[RuleShare], pressure: Pressure) -> Result<(), Error> {
        let mut tx = self.begin_normal().await?;
        sqlx::query("DELETE FROM rule_share").execute(&mut *tx).await?;
        for share in shares {
            sqlx::query("INSERT OR REPLACE INTO rule_share (rule, deployment, share, at) VALUES (?,?,?,?)")
                .bind(share.rule.as_str())
                .bind(share.deployment.as_ref().map_or("", DeploymentId::as_str))
                .bind(share.share)
                .bind(pressure.at.0)
                .execute(&mut *tx)
                .await?;
        }
        sqlx::query("INSERT OR REPLACE INTO queue_pressure (id, waiting, oldest_s, factor, at) VALUES (1,?,?,?,?)")
            .bind(int(pressure.waiting))
            .bind(int(pressure.oldest_s))
            .bind(pressure.factor)
            .bind(pressure.at.0)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(())
    }

    /// What is sampled now.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn rule_share_list(&self) -> Result<Vec<RuleShare>, Error> {
        let rows = sqlx::query("SELECT rule, deployment, share FROM rule_share ORDER BY rule, deployment")
            .fetch_all(self.readers())
            .await?;
        rows.iter()
            .map(|row| {
                let deployment: String = row.try_get(1)?;
                Ok(RuleShare {
                    rule: row.try_get::<String, _>(0)?.into(),
                    deployment: (!deployment.is_empty()).then(|| deployment.into()),
                    share: row.try_get(2)?,
                })
            })
            .collect()
    }

    /// The last look at the queue; `None` before the first.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn pressure_get(&self) -> Result<Option<Pressure>, Error> {
        let row = sqlx::query("SELECT waiting, oldest_s, factor, at FROM queue_pressure")
            .fetch_optional(self.readers())
            .await?;
        row.map(|row| {
            Ok(Pressure {
                waiting: count(row.try_get(0)?),
                oldest_s: count(row.try_get(1)?),
                factor: row.try_get(2)?,
                at: Timestamp(row.try_get(3)?),
            })
        })
        .transpose()
    }
}

//! Who providers say answers. A deployment that answers as somebody else is another thing to measure, so the first time
//! is kept, with its place among the scores.

use std::sync::Arc;

use sqlx::Row;
use weir_core::{DeploymentId, Timestamp, span::Identity};

use crate::{Error, Store, span::Tx};

/// A deployment that named itself so for the first time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityRow {
    /// Its place in this log.
    pub seq: i64,
    /// Who answers.
    pub deployment: DeploymentId,
    /// What it says of itself.
    pub identity: Identity,
    /// When.
    pub at: Timestamp,
    /// The newest score there was then; 0 before the first.
    pub after_score: i64,
}

impl Tx {
    /// Keeps what a deployment says of itself, if it is the first time.
    ///
    /// # Errors
    /// `Unavailable`; the transaction should then be dropped.
    pub async fn identity_insert(
        &mut self,
        deployment: &DeploymentId,
        identity: &Identity,
        at: Timestamp,
    ) -> Result<(), Error> {
        sqlx::query(
            "INSERT INTO identity (deployment, model, fingerprint, at, after_score) \
             VALUES (?, ?, ?, ?, (SELECT coalesce(max(seq), 0) FROM score)) \
             ON CONFLICT (deployment, model, fingerprint) DO NOTHING",
        )
        .bind(deployment.as_str())
        .bind(identity.model.as_deref().unwrap_or_default())
        .bind(identity.fingerprint.as_deref().unwrap_or_default())
        .bind(at.0)
        .execute(self.connection())
        .await?;
        Ok(())
    }
}

impl Store {
    /// The log after `seq`, in order.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn identity_since(&self, seq: i64) -> Result<Vec<IdentityRow>, Error> {
        let rows = sqlx::query(
            "SELECT seq, deployment, model, fingerprint, at, after_score FROM identity WHERE seq > ? ORDER BY seq",
        )
        .bind(seq)
        .fetch_all(self.readers())
        .await?;
        rows.iter()
            .map(|row| {
                let name = |column| -> Result<Option<Arc<str>>, Error> {
                    let text: String = row.try_get(column)?;
                    Ok((!text.is_empty()).then(|| text.into()))
                };
                Ok(IdentityRow {
                    seq: row.try_get("seq")?,
                    deployment: row.try_get::<String, _>("deployment")?.into(),
                    identity: Identity { model: name("model")?, fingerprint: name("fingerprint")? },
                    at: Timestamp(row.try_get("at")?),
                    after_score: row.try_get("after_score")?,
                })
            })
            .collect()
    }

    /// The model that this deployment was last met as for the first time; `None` when it never named one.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn identity_newest(&self, deployment: &DeploymentId) -> Result<Option<String>, Error> {
        let model: Option<String> =
            sqlx::query_scalar("SELECT model FROM identity WHERE deployment = ? ORDER BY seq DESC LIMIT 1")
                .bind(deployment.as_str())
                .fetch_optional(self.readers())
                .await?;
        Ok(model.filter(|model| !model.is_empty()))
    }
}

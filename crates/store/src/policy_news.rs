//! What became of policy diffs and is still to be told outside: written in the transaction of the change itself, taken
//! out in the one that queues its telling. So nothing is told that did not happen, and what happened is told.

use sqlx::sqlite::SqliteConnection;
use weir_core::{CanaryId, Timestamp};

use crate::{DiffState, Error, EventKind, Store, Tx};

/// One thing that became of a diff.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyNews {
    /// The same however often it is told: the diff's id and the event, between them the canary's where one did it.
    pub id: String,
    /// `pd_…`.
    pub diff: String,
    /// `proposed`, `applied` or `rejected`; or how the canary of an applied diff ended, as the feed of changes names it.
    pub event: String,
    /// Why, in one sentence; may be empty.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

/// Keeps that a diff came into this state.
pub(crate) async fn of_diff(
    connection: &mut SqliteConnection,
    diff: &str,
    state: DiffState,
    reason: &str,
    at: Timestamp,
) -> Result<(), Error> {
    sqlx::query("INSERT INTO policy_news (id, diff, event, reason, at) VALUES (?1 || '.' || ?2, ?1, ?2, ?3, ?4)")
        .bind(diff)
        .bind(state.name())
        .bind(reason)
        .bind(at.0)
        .execute(connection)
        .await?;
    Ok(())
}

/// Keeps how a canary ended, if a diff was applied by it; one that somebody starts of the same candidate later is theirs.
pub(crate) async fn of_canary(
    connection: &mut SqliteConnection,
    canary: &CanaryId,
    kind: EventKind,
    reason: &str,
    at: Timestamp,
) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO policy_news (id, diff, event, reason, at) \
         SELECT id || '.' || ?1 || '.' || ?2, id, ?2, ?3, ?4 FROM policy_diff WHERE canary = ?1",
    )
    .bind(canary.as_str())
    .bind(kind.name())
    .bind(reason)
    .bind(at.0)
    .execute(connection)
    .await?;
    Ok(())
}

impl Store {
    /// The oldest news.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn policy_news_list(&self, limit: u32) -> Result<Vec<PolicyNews>, Error> {
        let rows: Vec<(String, String, String, String, i64)> =
            sqlx::query_as("SELECT id, diff, event, reason, at FROM policy_news ORDER BY at, id LIMIT ?")
                .bind(limit)
                .fetch_all(self.readers())
                .await?;
        let news = |(id, diff, event, reason, at)| PolicyNews { id, diff, event, reason, at: Timestamp(at) };
        Ok(rows.into_iter().map(news).collect())
    }
}

impl Tx {
    /// Takes one out; false when somebody else has.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn policy_news_take(&mut self, id: &str) -> Result<bool, Error> {
        let taken = sqlx::query("DELETE FROM policy_news WHERE id = ?").bind(id).execute(self.connection()).await?;
        Ok(taken.rows_affected() > 0)
    }
}

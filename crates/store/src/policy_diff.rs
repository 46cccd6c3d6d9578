//! Policy diffs: proposals, their facts, and what became of them. A diff never changes; its state does, once.

use sqlx::sqlite::SqliteConnection;
use weir_core::{RevisionId, Timestamp, WorkloadId};

use crate::{Error, Store, policy_news};

/// What became of a diff.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DiffState {
    /// Waits for a person.
    Proposed,
    /// A canary of it was started.
    Applied,
    /// A person said no.
    Rejected,
}

impl DiffState {
    /// The word stored and shown.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Proposed => "proposed",
            Self::Applied => "applied",
            Self::Rejected => "rejected",
        }
    }
}

/// A diff as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiffRow {
    /// `pd_…`.
    pub id: String,
    /// Whose traffic.
    pub workload: WorkloadId,
    /// The revision it changes.
    pub parent: RevisionId,
    /// The newcomer.
    pub candidate: String,
    /// What became of it.
    pub state: DiffState,
    /// When it was made.
    pub at: Timestamp,
    /// The diff as JSON.
    pub body: String,
    /// Who rejected it, and why; `None` unless somebody did.
    pub decided: Option<DiffDecision>,
}

impl DiffRow {
    /// What it is now, for whoever changes only what they have read: the state alone ever changes.
    #[must_use]
    pub fn etag(&self) -> String {
        format!("{}.{}", self.parent, self.state.name())
    }
}

/// Who rejected a diff.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiffDecision {
    /// Name of the key.
    pub by: String,
    /// In their words; may be empty.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

type Columns = (String, String, String, String, String, i64, String, Option<String>, Option<String>, Option<i64>);

fn row((id, workload, parent, candidate, state, at, body, by, reason, decided_at): Columns) -> DiffRow {
    let states = [DiffState::Applied, DiffState::Rejected];
    let state = states.into_iter().find(|known| known.name() == state).unwrap_or(DiffState::Proposed);
    let decided =
        by.zip(decided_at).map(|(by, at)| DiffDecision { by, reason: reason.unwrap_or_default(), at: Timestamp(at) });
    DiffRow { id, workload: workload.into(), parent: parent.into(), candidate, state, at: Timestamp(at), body, decided }
}

impl Store {
    /// Keeps a diff; false when there is one of the same candidate for the same revision already.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn policy_diff_insert(&self, diff: &DiffRow) -> Result<bool, Error> {
        let mut tx = self.begin_control().await?;
        let new = sqlx::query(
            "INSERT INTO policy_diff (id, workload, parent, candidate, state, at, body) VALUES (?, ?, ?, ?, ?, ?, ?) \
             ON CONFLICT DO NOTHING",
        )
        .bind(&diff.id)
        .bind(diff.workload.as_str())
        .bind(diff.parent.as_str())
        .bind(&diff.candidate)
        .bind(diff.state.name())
        .bind(diff.at.0)
        .bind(&diff.body)
        .execute(&mut *tx)
        .await?
        .rows_affected();
        if new > 0 {
            policy_news::of_diff(&mut tx, &diff.id, diff.state, "", diff.at).await?;
        }
        tx.commit().await?;
        if new > 0 {
            self.changes().control();
        }
        Ok(new > 0)
    }

    /// Diffs, newest first, at most 200.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn policy_diff_list(&self, workload: Option<&WorkloadId>) -> Result<Vec<DiffRow>, Error> {
        let rows: Vec<Columns> = sqlx::query_as(
            "SELECT id, workload, parent, candidate, state, at, body, decided_by, decided_why, decided_at \
             FROM policy_diff WHERE ?1 IS NULL OR workload = ?1 ORDER BY at DESC, id LIMIT 200",
        )
        .bind(workload.map(WorkloadId::as_str))
        .fetch_all(self.readers())
        .await?;
        Ok(rows.into_iter().map(row).collect())
    }

    /// One diff.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn policy_diff_get(&self, id: &str) -> Result<Option<DiffRow>, Error> {
        let found: Option<Columns> = sqlx::query_as(
            "SELECT id, workload, parent, candidate, state, at, body, decided_by, decided_why, decided_at \
             FROM policy_diff WHERE id = ?",
        )
        .bind(id)
        .fetch_optional(self.readers())
        .await?;
        Ok(found.map(row))
    }

    /// Marks a proposed diff as rejected, and keeps who did and why.
    ///
    /// # Errors
    /// `Conflict` when it is not proposed any more.
    pub async fn policy_diff_reject(&self, id: &str, decided: &DiffDecision) -> Result<(), Error> {
        let mut tx = self.begin_control().await?;
        decide(&mut tx, id, DiffState::Rejected, Some(decided), decided.at).await?;
        tx.commit().await?;
        self.changes().control();
        Ok(())
    }
}

/// Ends a proposal one way or the other, and keeps the news of it.
///
/// # Errors
/// `Conflict` when it is not proposed any more.
pub(crate) async fn decide(
    connection: &mut SqliteConnection,
    id: &str,
    state: DiffState,
    decided: Option<&DiffDecision>,
    at: Timestamp,
) -> Result<(), Error> {
    let changed = sqlx::query(
        "UPDATE policy_diff SET state = ?, decided_by = ?, decided_why = ?, decided_at = ? \
         WHERE id = ? AND state = 'proposed'",
    )
    .bind(state.name())
    .bind(decided.map(|decided| decided.by.as_str()))
    .bind(decided.map(|decided| decided.reason.as_str()))
    .bind(decided.map(|decided| decided.at.0))
    .bind(id)
    .execute(&mut *connection)
    .await?
    .rows_affected();
    if changed == 0 {
        return Err(Error::conflict(format!("{id} is not proposed any more")));
    }
    policy_news::of_diff(connection, id, state, decided.map_or("", |decided| &decided.reason), at).await
}

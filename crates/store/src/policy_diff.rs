//! Policy diffs: proposals, their facts, and what became of them. A diff never changes; its state does, once.

use sqlx::sqlite::SqliteConnection;
use weir_core::{CanaryId, RevisionId, Timestamp, WorkloadId, canary::Canary};

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
    /// The canary that it was applied by; `None` unless it was, or where that was not kept yet and several could be it.
    pub canary: Option<CanaryId>,
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

type Columns =
    (String, String, String, String, String, i64, String, Option<String>, Option<String>, Option<i64>, Option<String>);

fn row((id, workload, parent, candidate, state, at, body, by, reason, decided_at, canary): Columns) -> DiffRow {
    let states = [DiffState::Applied, DiffState::Rejected];
    let state = states.into_iter().find(|known| known.name() == state).unwrap_or(DiffState::Proposed);
    let decided =
        by.zip(decided_at).map(|(by, at)| DiffDecision { by, reason: reason.unwrap_or_default(), at: Timestamp(at) });
    DiffRow {
        id,
        workload: workload.into(),
        parent: parent.into(),
        candidate,
        state,
        at: Timestamp(at),
        body,
        decided,
        canary: canary.map(CanaryId::from),
    }
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
            "SELECT id, workload, parent, candidate, state, at, body, decided_by, decided_why, decided_at, canary \
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
            "SELECT id, workload, parent, candidate, state, at, body, decided_by, decided_why, decided_at, canary \
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
        let rejected = sqlx::query(
            "UPDATE policy_diff SET state = 'rejected', decided_by = ?, decided_why = ?, decided_at = ? \
             WHERE id = ? AND state = 'proposed'",
        )
        .bind(&decided.by)
        .bind(&decided.reason)
        .bind(decided.at.0)
        .bind(id)
        .execute(&mut *tx)
        .await?;
        was_proposed(rejected.rows_affected(), || format!("{id} is not proposed any more"))?;
        policy_news::of_diff(&mut tx, id, DiffState::Rejected, &decided.reason, decided.at).await?;
        tx.commit().await?;
        self.changes().control();
        Ok(())
    }
}

/// Marks a proposed diff as applied by this canary, and keeps the news of it.
///
/// # Errors
/// `Conflict` when it is not proposed any more, or is of another revision than the one that the canary starts from: a
/// promotion may come between reading the head and this.
pub(crate) async fn apply(
    connection: &mut SqliteConnection,
    id: &str,
    canary: &Canary,
    at: Timestamp,
) -> Result<(), Error> {
    let applied = sqlx::query(
        "UPDATE policy_diff SET state = 'applied', canary = ? \
         WHERE id = ? AND state = 'proposed' AND workload = ? AND parent = ? AND candidate = ?",
    )
    .bind(canary.id.as_str())
    .bind(id)
    .bind(canary.workload.as_str())
    .bind(canary.base.as_str())
    .bind(canary.candidate.as_str())
    .execute(&mut *connection)
    .await?;
    was_proposed(applied.rows_affected(), || {
        format!("{id} is not proposed any more, or not for {} on {}", canary.candidate, canary.base)
    })?;
    policy_news::of_diff(connection, id, DiffState::Applied, "", at).await
}

fn was_proposed(changed: u64, why: impl FnOnce() -> String) -> Result<(), Error> {
    if changed == 0 { Err(Error::conflict(why())) } else { Ok(()) }
}

//! Policy diffs: proposals, their facts, and what became of them. A diff never changes; its state does, once.

use weir_core::{RevisionId, Timestamp, WorkloadId};

use crate::{Error, Store};

/// What became of a diff.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DiffState {
    /// Waits for a person.
    Proposed,
    /// A canary of it was started.
    Applied,
}

impl DiffState {
    /// The word stored and shown.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Proposed => "proposed",
            Self::Applied => "applied",
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
}

type Columns = (String, String, String, String, String, i64, String);

fn row((id, workload, parent, candidate, state, at, body): Columns) -> DiffRow {
    let state = if state == DiffState::Applied.name() { DiffState::Applied } else { DiffState::Proposed };
    DiffRow { id, workload: workload.into(), parent: parent.into(), candidate, state, at: Timestamp(at), body }
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
        tx.commit().await?;
        Ok(new > 0)
    }

    /// Diffs, newest first, at most 200.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn policy_diff_list(&self, workload: Option<&WorkloadId>) -> Result<Vec<DiffRow>, Error> {
        let rows: Vec<Columns> = sqlx::query_as(
            "SELECT id, workload, parent, candidate, state, at, body FROM policy_diff \
             WHERE ?1 IS NULL OR workload = ?1 ORDER BY at DESC, id LIMIT 200",
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
        let found: Option<Columns> =
            sqlx::query_as("SELECT id, workload, parent, candidate, state, at, body FROM policy_diff WHERE id = ?")
                .bind(id)
                .fetch_optional(self.readers())
                .await?;
        Ok(found.map(row))
    }

    /// Marks a proposed diff as applied.
    ///
    /// # Errors
    /// `Conflict` when it is not proposed any more.
    pub async fn policy_diff_apply(&self, id: &str) -> Result<(), Error> {
        let mut tx = self.begin_control().await?;
        let changed = sqlx::query("UPDATE policy_diff SET state = 'applied' WHERE id = ? AND state = 'proposed'")
            .bind(id)
            .execute(&mut *tx)
            .await?
            .rows_affected();
        if changed == 0 {
            return Err(Error::conflict(format!("{id} is not proposed any more")));
        }
        tx.commit().await?;
        self.changes().control();
        Ok(())
    }
}

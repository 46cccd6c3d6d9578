//! Runs that are over and gone on with: what failed is done anew, or every grade is.

use crate::{Error, Store};

/// What is done anew in a run that is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Again<'a> {
    /// What failed: questions without an answer, and grades that whoever gives them had no money, no time or no room for.
    Failed,
    /// Every grade, by this version of the suite. Answers stay, and so do failed questions.
    Grades {
        /// Hash of its text.
        suite_version: &'a str,
    },
}

impl Again<'_> {
    /// What takes that away from run `?`.
    const fn forgets(self) -> &'static [&'static str] {
        match self {
            // A recorded answer that is missing stays missing: there is nobody to ask.
            Self::Failed => &[
                "DELETE FROM run_output WHERE run = ? AND error IS NOT NULL AND deployment IS NOT NULL",
                "DELETE FROM run_score WHERE output IN (SELECT seq FROM run_output WHERE run = ?) \
                 AND unscored IN ('budget_exhausted', 'rate_limited', 'timeout')",
            ],
            Self::Grades { .. } => {
                &["DELETE FROM run_score WHERE output IN (SELECT seq FROM run_output WHERE run = ?)"]
            }
        }
    }
}

impl Store {
    /// Has a run that is over gone on with under this order. False when it is not over or not there.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn run_resume(&self, id: &str, body: &str, again: Again<'_>) -> Result<bool, Error> {
        let mut tx = self.begin_control().await?;
        let suite_version = match again {
            Again::Failed => None,
            Again::Grades { suite_version } => Some(suite_version),
        };
        let seq: Option<i64> = sqlx::query_scalar(
            "UPDATE experiment_run SET status = 'queued', verdict = NULL, message = '', ended_at = NULL, body = ?, \
             suite_version = coalesce(?, suite_version) \
             WHERE id = ? AND status IN ('done', 'stopped', 'cancelled', 'failed') RETURNING seq",
        )
        .bind(body)
        .bind(suite_version)
        .bind(id)
        .fetch_optional(&mut *tx)
        .await?;
        if let Some(seq) = seq {
            for statement in again.forgets() {
                sqlx::query(*statement).bind(seq).execute(&mut *tx).await?;
            }
        }
        tx.commit().await?;
        self.changes().runs();
        Ok(seq.is_some())
    }
}

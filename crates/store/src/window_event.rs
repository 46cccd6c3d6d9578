//! What happened to quality windows, for the feed of events. Windows are rebuilt from the score log at every start and
//! tell their story again; the key stores each part of it once.

use std::sync::Arc;

use weir_core::{DeploymentId, ScorerName, Timestamp, WorkloadId};

use crate::{Error, Store, event::EventKind};

/// Something that happened to one window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WindowEvent {
    /// Whose traffic.
    pub workload: WorkloadId,
    /// The part of its prompts.
    pub segment: Arc<str>,
    /// Whose answers.
    pub deployment: DeploymentId,
    /// Whose scores.
    pub scorer: ScorerName,
    /// The scorer's version.
    pub version: Arc<str>,
    /// The window's epoch after it.
    pub epoch: u32,
    /// What: `Drifted`, `Recovered` or `Changed`.
    pub kind: EventKind,
    /// Why, in one sentence.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

impl Store {
    /// Keeps what is not kept yet, and tells those who follow events when there was something.
    ///
    /// # Errors
    /// `Unavailable`; none was written.
    pub async fn window_event_insert(&self, events: &[WindowEvent]) -> Result<(), Error> {
        if events.is_empty() {
            return Ok(());
        }
        let mut tx = self.begin_control().await?;
        let mut new = 0;
        for event in events {
            new += sqlx::query(
                "INSERT INTO window_event (workload, segment, deployment, scorer, version, epoch, kind, reason, at) \
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) \
                 ON CONFLICT (workload, segment, deployment, scorer, version, epoch, kind, at) DO NOTHING",
            )
            .bind(event.workload.as_str())
            .bind(&*event.segment)
            .bind(event.deployment.as_str())
            .bind(event.scorer.as_str())
            .bind(&*event.version)
            .bind(event.epoch)
            .bind(event.kind.name())
            .bind(&event.reason)
            .bind(event.at.0)
            .execute(&mut *tx)
            .await?
            .rows_affected();
        }
        tx.commit().await?;
        if new > 0 {
            self.changes().control();
        }
        Ok(())
    }
}

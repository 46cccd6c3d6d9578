//! One feed of what changed routing: canary transitions, policy revisions and drift, newest first. A revision made by a
//! promotion is told once, by the promotion.

use serde::{Deserialize, Serialize};
use sqlx::Row;
use weir_core::{CanaryId, RevisionId, Timestamp, WorkloadId, canary::CanaryState};

use crate::{Error, Store, value::word};

/// Something that changed routing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// What.
    pub kind: EventKind,
    /// Whose traffic.
    pub workload: WorkloadId,
    /// Why, in one sentence.
    pub text: String,
    /// The canary, when one did it.
    pub canary: Option<CanaryId>,
    /// The revision it made.
    pub revision: Option<RevisionId>,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// A canary began.
    Started,
    /// It went to its next step, or its exposure began.
    Advanced,
    /// It is proven and takes all but a hold-back.
    Verifying,
    /// Its exposure was paused, or a held one was touched again.
    Held,
    /// Its exposure went on, or it stepped back.
    Resumed,
    /// One of its segments left the candidate's scope.
    ScopedOut,
    /// Its candidate became the stable deployment.
    Promoted,
    /// Its candidate was taken back.
    RolledBack,
    /// It ended undecided.
    Expired,
    /// Another revision came first.
    Superseded,
    /// One of its arms is no longer configured.
    Aborted,
    /// It was not approved.
    Rejected,
    /// A revision by configuration or by a person.
    Revised,
    /// A deployment's grades have fallen: it is under suspicion.
    Drifted,
    /// A deployment under suspicion is back.
    Recovered,
    /// A provider answers with another model or configuration.
    Changed,
    /// A failed gate has taken a deployment out of ordinary traffic.
    Quarantined,
    /// A deployment that was taken out is let back.
    Released,
}

impl EventKind {
    /// The word stored and shown.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Advanced => "advanced",
            Self::Verifying => "verifying",
            Self::Held => "held",
            Self::Resumed => "resumed",
            Self::ScopedOut => "scoped_out",
            Self::Promoted => "promoted",
            Self::RolledBack => "rolled_back",
            Self::Expired => "expired",
            Self::Superseded => "superseded",
            Self::Aborted => "aborted",
            Self::Rejected => "rejected",
            Self::Revised => "revised",
            Self::Drifted => "drifted",
            Self::Recovered => "recovered",
            Self::Changed => "changed",
            Self::Quarantined => "quarantined",
            Self::Released => "released",
        }
    }

    pub(crate) const fn of_change(was: CanaryState, was_step: i64, now: CanaryState, now_step: i64) -> Self {
        match now {
            CanaryState::Promoted => Self::Promoted,
            CanaryState::RolledBack => Self::RolledBack,
            CanaryState::Expired => Self::Expired,
            CanaryState::Superseded => Self::Superseded,
            CanaryState::Aborted => Self::Aborted,
            CanaryState::Rejected => Self::Rejected,
            CanaryState::Held => Self::Held,
            CanaryState::Verifying if matches!(was, CanaryState::Running) => Self::Verifying,
            CanaryState::AwaitingApproval | CanaryState::Shadow => Self::Started,
            CanaryState::Running if matches!(was, CanaryState::AwaitingApproval) => Self::Started,
            CanaryState::Running if matches!(was, CanaryState::Shadow) => Self::Advanced,
            CanaryState::Running if matches!(was, CanaryState::Running) && now_step > was_step => Self::Advanced,
            CanaryState::Running | CanaryState::Verifying if matches!(was, CanaryState::Held) => Self::Resumed,
            CanaryState::Running | CanaryState::Verifying => Self::ScopedOut,
        }
    }
}

impl Store {
    /// The newest events of all workloads.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn event_list(&self, limit: u32) -> Result<Vec<Event>, Error> {
        self.events(None, limit).await
    }

    /// The newest events of one workload.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn event_list_of(&self, workload: &WorkloadId, limit: u32) -> Result<Vec<Event>, Error> {
        self.events(Some(workload), limit).await
    }

    async fn events(&self, workload: Option<&WorkloadId>, limit: u32) -> Result<Vec<Event>, Error> {
        let rows = sqlx::query(
            "SELECT * FROM ( \
                 SELECT at, kind, workload, reason, canary, revision, seq FROM canary_event \
                 WHERE ?1 IS NULL OR workload = ?1 ORDER BY at DESC, seq DESC LIMIT ?2) \
             UNION ALL SELECT * FROM ( \
                 SELECT at, 'revised', workload, reason, NULL, revision, seq FROM policy \
                 WHERE author <> 'canary' AND (?1 IS NULL OR workload = ?1) ORDER BY at DESC, seq DESC LIMIT ?2) \
             UNION ALL SELECT * FROM ( \
                 SELECT at, kind, workload, reason, NULL, NULL, seq FROM window_event \
                 WHERE ?1 IS NULL OR workload = ?1 ORDER BY at DESC, seq DESC LIMIT ?2) \
             UNION ALL SELECT * FROM ( \
                 SELECT at, 'quarantined', workload, reason, NULL, NULL, seq FROM quarantine \
                 WHERE ?1 IS NULL OR workload = ?1 ORDER BY at DESC, seq DESC LIMIT ?2) \
             UNION ALL SELECT * FROM ( \
                 SELECT lifted_at, 'released', workload, deployment || ' is let back by ' || lifted_by, NULL, NULL, seq \
                 FROM quarantine WHERE lifted_at IS NOT NULL AND (?1 IS NULL OR workload = ?1) \
                 ORDER BY lifted_at DESC, seq DESC LIMIT ?2) \
             ORDER BY 1 DESC, 7 DESC LIMIT ?2",
        )
        .bind(workload.map(WorkloadId::as_str))
        .bind(limit)
        .fetch_all(self.readers())
        .await?;
        rows.iter()
            .map(|row| {
                Ok(Event {
                    at: Timestamp(row.try_get(0)?),
                    kind: word(row.try_get(1)?)?,
                    workload: row.try_get::<String, _>(2)?.into(),
                    text: row.try_get(3)?,
                    canary: row.try_get::<Option<String>, _>(4)?.map(Into::into),
                    revision: row.try_get::<Option<String>, _>(5)?.map(Into::into),
                })
            })
            .collect()
    }
}

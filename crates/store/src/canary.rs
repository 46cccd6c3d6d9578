//! Canaries: one active per workload, every change a compare-and-set on the version that was read, its audit event in
//! the same transaction, and for a promotion the new policy too. A controller that was killed or overtaken at any line
//! leaves either the old state or the new one, with its event.

use sqlx::{Row, sqlite::SqliteConnection};
use weir_core::{
    CanaryId, RevisionId, WorkloadId,
    canary::{Canary, CanaryEvent, CanaryState},
    policy::Policy,
};

use crate::{
    Error, EventKind, Store, chain, policy, policy_diff, policy_news,
    value::{from_json, int, to_json, word},
};

impl Store {
    /// Starts a canary, with its first event.
    ///
    /// # Errors
    /// `Conflict` when the workload has an active one, or the id is taken.
    pub async fn canary_insert(&self, canary: &Canary, event: &CanaryEvent) -> Result<(), Error> {
        self.canary_start(canary, event, None).await
    }

    /// Starts a canary; a proposed diff that it tries out is applied by it, both or neither.
    ///
    /// # Errors
    /// `Conflict` when the workload has an active one, the id is taken, or the diff is not proposed any more or is
    /// not of this workload, revision and candidate.
    pub async fn canary_start(&self, canary: &Canary, event: &CanaryEvent, diff: Option<&str>) -> Result<(), Error> {
        let mut tx = self.begin_control().await?;
        sqlx::query(
            "INSERT INTO canary (id, workload, scorer, state, step, version, created_at, body) VALUES (?,?,?,?,?,?,?,?)",
        )
        .bind(canary.id.as_str())
        .bind(canary.workload.as_str())
        .bind(canary.scorer.as_str())
        .bind(canary.state.name())
        .bind(step(canary))
        .bind(int(canary.version))
        .bind(canary.created_at.0)
        .bind(to_json(canary)?)
        .execute(&mut *tx)
        .await
        .map_err(|error| match Error::from(error) {
            Error::Conflict { .. } => Error::conflict(format!(
                "workload {} already has an active canary, or the id {} is taken",
                canary.workload, canary.id
            )),
            other => other,
        })?;
        add_event(&mut tx, canary, EventKind::Started, event, None).await?;
        if let Some(diff) = diff {
            policy_diff::apply(&mut tx, diff, canary, event.at).await?;
        }
        tx.commit().await?;
        self.changes().control();
        Ok(())
    }

    /// One canary.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn canary_get(&self, id: &CanaryId) -> Result<Option<Canary>, Error> {
        let body: Option<String> = sqlx::query_scalar("SELECT body FROM canary WHERE id = ?")
            .bind(id.as_str())
            .fetch_optional(self.readers())
            .await?;
        body.map(|body| from_json("canary", &body)).transpose()
    }

    /// Canaries of one workload or of all, newest first.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn canary_list(&self, workload: Option<&WorkloadId>) -> Result<Vec<Canary>, Error> {
        let bodies: Vec<String> = sqlx::query_scalar(
            "SELECT body FROM canary WHERE ?1 IS NULL OR workload = ?1 ORDER BY created_at DESC, id",
        )
        .bind(workload.map(WorkloadId::as_str))
        .fetch_all(self.readers())
        .await?;
        bodies.iter().map(|body| from_json("canary", body)).collect()
    }

    /// The canaries that are not over.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn canary_active(&self) -> Result<Vec<Canary>, Error> {
        let bodies: Vec<String> = sqlx::query_scalar(
            "SELECT body FROM canary \
                 WHERE state IN ('awaiting_approval', 'shadow', 'running', 'held', 'verifying') ORDER BY workload",
        )
        .fetch_all(self.readers())
        .await?;
        bodies.iter().map(|body| from_json("canary", body)).collect()
    }

    /// Writes a changed canary with its event, if it still has `expected_version`; returns it with its new version,
    /// `expected_version + 1`.
    ///
    /// # Errors
    /// `Conflict` when it was changed meanwhile or is final, `NotFound`.
    pub async fn canary_update(
        &self,
        canary: &Canary,
        expected_version: u64,
        event: &CanaryEvent,
    ) -> Result<Canary, Error> {
        self.change(canary, expected_version, event, None).await
    }

    /// `canary_update` together with the policy revision that makes the candidate stable.
    ///
    /// # Errors
    /// As `canary_update`; also `Conflict` when the policy's parent is no longer the head.
    pub async fn canary_promote(
        &self,
        canary: &Canary,
        expected_version: u64,
        event: &CanaryEvent,
        policy: &Policy,
    ) -> Result<Canary, Error> {
        self.change(canary, expected_version, event, Some(policy)).await
    }

    async fn change(
        &self,
        canary: &Canary,
        expected_version: u64,
        event: &CanaryEvent,
        policy: Option<&Policy>,
    ) -> Result<Canary, Error> {
        let mut tx = self.begin_control().await?;
        let row = sqlx::query("SELECT state, step, version FROM canary WHERE id = ?")
            .bind(canary.id.as_str())
            .fetch_optional(&mut *tx)
            .await?
            .ok_or_else(|| Error::not_found(format!("canary {}", canary.id)))?;
        let was: CanaryState = word(row.try_get(0)?)?;
        let was_step: i64 = row.try_get(1)?;
        let version: i64 = row.try_get(2)?;
        if version != int(expected_version) {
            let body: Option<String> =
                sqlx::query_scalar("SELECT body FROM canary_event WHERE canary = ? ORDER BY seq DESC LIMIT 1")
                    .bind(canary.id.as_str())
                    .fetch_optional(&mut *tx)
                    .await?;
            let who = match body.map(|body| from_json::<CanaryEvent>("canary event", &body)).transpose()? {
                Some(event) => format!("{} was first at {}: {}", event.actor, utc(event.at), event.reason),
                None => "it has no events".to_owned(),
            };
            return Err(Error::conflict(format!(
                "canary {} is {} at version {version}, expected {expected_version}; {who}",
                canary.id,
                was.name()
            )));
        }
        if was.is_final() {
            return Err(Error::conflict(format!("canary {} is {} for good", canary.id, was.name())));
        }
        self.step("read")?;
        let stored = Canary { version: expected_version.saturating_add(1), ..canary.clone() };
        sqlx::query("UPDATE canary SET state = ?, step = ?, version = ?, body = ? WHERE id = ?")
            .bind(stored.state.name())
            .bind(step(&stored))
            .bind(int(stored.version))
            .bind(to_json(&stored)?)
            .bind(stored.id.as_str())
            .execute(&mut *tx)
            .await?;
        self.step("canary written")?;
        let kind = EventKind::of_change(was, was_step, stored.state, step(&stored));
        let revision = policy.map(|policy| &policy.revision);
        add_event(&mut tx, &stored, kind, event, revision).await?;
        if stored.state.is_final() {
            policy_news::of_canary(&mut tx, &stored.id, kind, &event.reason, event.at).await?;
        }
        self.step("event written")?;
        if let Some(policy) = policy {
            policy::insert(&mut tx, policy).await?;
            self.step("policy written")?;
        }
        tx.commit().await?;
        self.step("committed")?;
        self.changes().control();
        Ok(stored)
    }

    /// A canary's events, oldest first.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn canary_event_list(&self, id: &CanaryId) -> Result<Vec<CanaryEvent>, Error> {
        let bodies: Vec<String> = sqlx::query_scalar("SELECT body FROM canary_event WHERE canary = ? ORDER BY seq")
            .bind(id.as_str())
            .fetch_all(self.readers())
            .await?;
        bodies.iter().map(|body| from_json("canary event", body)).collect()
    }
}

fn step(canary: &Canary) -> i64 {
    i64::try_from(canary.step).unwrap_or(i64::MAX)
}

/// Appends to the chain. The write lock is held, so the newest row stays the newest until the commit.
async fn add_event(
    connection: &mut SqliteConnection,
    canary: &Canary,
    kind: EventKind,
    event: &CanaryEvent,
    revision: Option<&RevisionId>,
) -> Result<(), Error> {
    let previous: Option<String> = sqlx::query_scalar("SELECT hash FROM canary_event ORDER BY seq DESC LIMIT 1")
        .fetch_optional(&mut *connection)
        .await?;
    let previous = previous.unwrap_or_default();
    let body = to_json(event)?;
    let hash = chain::link(&previous, &body);
    sqlx::query(
        "INSERT INTO canary_event (canary, workload, kind, revision, reason, at, body, previous, hash) \
         VALUES (?,?,?,?,?,?,?,?,?)",
    )
    .bind(canary.id.as_str())
    .bind(canary.workload.as_str())
    .bind(kind.name())
    .bind(revision.map(RevisionId::as_str))
    .bind(&event.reason)
    .bind(event.at.0)
    .bind(body)
    .bind(previous)
    .bind(hash)
    .execute(connection)
    .await?;
    Ok(())
}

/// `2026-11-21 05:04:21 UTC`.
fn utc(at: weir_core::Timestamp) -> String {
    let seconds = at.0.div_euclid(1_000_000);
    let (days, clock) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    // Days to a civil date: Howard Hinnant, "chrono-compatible low-level date algorithms".
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let (day, month) = (doy - (153 * mp + 2) / 5 + 1, if mp < 10 { mp + 3 } else { mp - 9 });
    let year = yoe + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02} {:02}:{:02}:{:02} UTC", clock / 3_600, clock / 60 % 60, clock % 60)
}

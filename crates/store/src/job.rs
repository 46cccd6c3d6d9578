//! A view of the job queue, which lives in the same file and belongs to the jobs crate's library. Only read here; before
//! the queue's first start its table does not exist, and the queue is empty.

use serde::{Deserialize, Serialize};
use sqlx::{QueryBuilder, Row, Sqlite, sqlite::SqliteRow};
use weir_core::Timestamp;

use crate::{Error, Store, value::count};

/// Jobs by status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct JobCounts {
    /// Waiting for a worker, or for their time.
    pub ready: u64,
    /// At a worker.
    pub running: u64,
    /// Finished.
    pub done: u64,
    /// Failed; will be tried again.
    pub failed: u64,
    /// Given up.
    pub dead: u64,
}

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobStatus {
    /// Waiting for a worker, or for its time.
    Ready,
    /// At a worker.
    Running,
    /// Finished.
    Done,
    /// Failed; will be tried again.
    Failed,
    /// Given up.
    Dead,
}

impl JobStatus {
    /// The word shown.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Dead => "dead",
        }
    }

    const fn condition(self) -> &'static str {
        match self {
            Self::Ready => "status IN ('Pending', 'Queued')",
            Self::Running => "status = 'Running'",
            Self::Done => "status = 'Done'",
            Self::Failed => "status = 'Failed' AND attempts < max_attempts",
            Self::Dead => "(status = 'Killed' OR (status = 'Failed' AND attempts >= max_attempts))",
        }
    }

    fn read(status: &str, attempts: i64, max_attempts: i64) -> Result<Self, Error> {
        Ok(match status {
            "Pending" | "Queued" => Self::Ready,
            "Running" => Self::Running,
            "Done" => Self::Done,
            "Failed" if attempts < max_attempts => Self::Failed,
            "Failed" | "Killed" => Self::Dead,
            other => return Err(Error::corrupt(format!("job status {other:?}"))),
        })
    }
}

/// One job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Its id in the queue.
    pub id: String,
    /// Which queue: the kind of work.
    pub kind: String,
    /// Where it stands.
    pub status: JobStatus,
    /// Tries so far.
    pub attempts: u64,
    /// Tries before it is given up.
    pub max_attempts: u64,
    /// What the last try failed with.
    pub error: Option<String>,
    /// Queued; read from the id, which is a ULID, `None` for an id that is not.
    pub created_at: Option<Timestamp>,
    /// Not before this.
    pub run_at: Timestamp,
}

impl Store {
    /// Jobs by status.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn job_counts(&self) -> Result<JobCounts, Error> {
        let mut counts = JobCounts::default();
        if !self.has_queue().await? {
            return Ok(counts);
        }
        let rows = sqlx::query("SELECT status, attempts >= max_attempts AS spent, count(*) FROM Jobs GROUP BY 1, 2")
            .fetch_all(self.readers())
            .await?;
        for row in rows {
            let (spent, jobs): (i64, i64) = (row.try_get(1)?, row.try_get(2)?);
            let slot = match JobStatus::read(row.try_get(0)?, spent, 1)? {
                JobStatus::Ready => &mut counts.ready,
                JobStatus::Running => &mut counts.running,
                JobStatus::Done => &mut counts.done,
                JobStatus::Failed => &mut counts.failed,
                JobStatus::Dead => &mut counts.dead,
            };
            *slot += count(jobs);
        }
        Ok(counts)
    }

    /// Jobs, newest first.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn job_list(&self, status: Option<JobStatus>, limit: u32) -> Result<Vec<Job>, Error> {
        if !self.has_queue().await? {
            return Ok(Vec::new());
        }
        let mut query = QueryBuilder::<Sqlite>::new(
            "SELECT id, job_type, status, attempts, max_attempts, last_result, run_at FROM Jobs WHERE ",
        );
        query.push(status.map_or("true", JobStatus::condition));
        // ULIDs sort by time.
        query.push(" ORDER BY id DESC LIMIT ").push_bind(i64::from(limit));
        let rows = query.build().fetch_all(self.readers()).await?;
        rows.iter().map(read).collect()
    }

    /// Drops the queue library's index on the worker that holds a job: with it a fetch reads the whole backlog (168
    /// jobs a second at 20,000 waiting, against 12,000 without).
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn job_index_drop(&self) -> Result<(), Error> {
        sqlx::query("DROP INDEX IF EXISTS LIdx").execute(self.pool()).await?;
        Ok(())
    }

    /// Forgets jobs that were done before this instant; failed and dead ones stay for people to see. Returns how many.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn job_purge(&self, before: Timestamp) -> Result<u64, Error> {
        let done = sqlx::query("DELETE FROM Jobs WHERE status = 'Done' AND done_at < ?")
            .bind(before.0.div_euclid(1_000_000))
            .execute(self.pool())
            .await?;
        Ok(done.rows_affected())
    }

    /// Puts a job that was given up back into the queue, with all its tries, or every such job; returns how many. Each is
    /// marked as asked `again`, so that what it last said of its span, why it could not grade it, is said anew.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn job_retry(&self, id: Option<&str>) -> Result<u64, Error> {
        if !self.has_queue().await? {
            return Ok(0);
        }
        let mut query = QueryBuilder::<Sqlite>::new(
            "UPDATE Jobs SET status = 'Pending', attempts = 0, lock_by = NULL, lock_at = NULL, done_at = NULL, \
             last_result = NULL, run_at = strftime('%s', 'now'), \
             job = CAST(json_set(CAST(job AS TEXT), '$.again', json('true')) AS BLOB) WHERE ",
        );
        query.push(JobStatus::Dead.condition());
        if let Some(id) = id {
            query.push(" AND id = ").push_bind(id);
        }
        Ok(query.build().execute(self.pool()).await?.rows_affected())
    }

    /// Jobs of at least this priority whose time has come, and how many seconds ago that of the oldest came.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn job_waiting(&self, priority: i64, now: Timestamp) -> Result<(u64, u64), Error> {
        if !self.has_queue().await? {
            return Ok((0, 0));
        }
        let now_s = now.0.div_euclid(1_000_000);
        let (waiting, oldest): (i64, Option<i64>) = sqlx::query_as(
            "SELECT count(*), min(run_at) FROM Jobs WHERE status = 'Pending' AND run_at <= ? AND priority >= ?",
        )
        .bind(now_s)
        .bind(priority)
        .fetch_one(self.readers())
        .await?;
        Ok((count(waiting), count(oldest.map_or(0, |oldest| now_s - oldest))))
    }

    pub(crate) async fn has_queue(&self) -> Result<bool, Error> {
        let tables: i64 =
            sqlx::query_scalar("SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'Jobs'")
                .fetch_one(self.readers())
                .await?;
        Ok(tables > 0)
    }
}

fn read(row: &SqliteRow) -> Result<Job, Error> {
    let id: String = row.try_get(0)?;
    let (attempts, max_attempts): (i64, i64) = (row.try_get(3)?, row.try_get(4)?);
    let result: Option<String> = row.try_get(5)?;
    let run_at_s: i64 = row.try_get(6)?;
    Ok(Job {
        created_at: ulid_time(&id),
        kind: row.try_get(1)?,
        status: JobStatus::read(row.try_get(2)?, attempts, max_attempts)?,
        attempts: count(attempts),
        max_attempts: count(max_attempts),
        error: result.as_deref().and_then(error_text),
        run_at: Timestamp(run_at_s.saturating_mul(1_000_000)),
        id,
    })
}

/// A finished try is stored as a JSON `Result`: `{"Err": …}` carries what went wrong.
fn error_text(result: &str) -> Option<String> {
    let value: serde_json::Value = serde_json::from_str(result).ok()?;
    match value.get("Err")? {
        serde_json::Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// The first ten digits of a ULID are its milliseconds in Crockford's base 32.
fn ulid_time(id: &str) -> Option<Timestamp> {
    const DIGITS: &[u8] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let bytes = id.as_bytes();
    if bytes.len() != 26 {
        return None;
    }
    let millis = bytes[..10].iter().try_fold(0_i64, |millis, byte| {
        let digit = DIGITS.iter().position(|digit| digit == byte)?;
        Some((millis << 5) | i64::try_from(digit).ok()?)
    })?;
    Some(Timestamp(millis.saturating_mul(1_000)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ulid_tells_its_time() {
        // The example of the ULID specification's own text: 01ARZ3NDEK is 2016-07-30T23:54:10.259Z.
        assert_eq!(ulid_time("01ARZ3NDEKTSV4RRFFQ69G5FAV"), Some(Timestamp(1_469_922_850_259_000)));
        assert_eq!(ulid_time("short"), None);
    }

    #[test]
    fn only_a_failed_result_has_an_error() {
        assert_eq!(error_text(r#"{"Err":"locked"}"#).as_deref(), Some("locked"));
        assert_eq!(error_text(r#"{"Ok":null}"#), None);
        assert_eq!(error_text("not json"), None);
    }
}

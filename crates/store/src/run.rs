//! Eval runs: one row each, claimed by whoever works on it for as long as its lease lasts. A process that dies leaves a
//! lease that ends, and the run is gone on with from its stored answers.

use serde::{Deserialize, Serialize};
use sqlx::{Row, sqlite::SqliteRow};
use weir_core::{NanoUsd, Timestamp, run::RunOutput};

use crate::{
    Error, Store, run_output,
    value::{count, int, to_json, word},
};

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunStatus {
    /// Waits for a worker.
    Queued,
    /// Under way.
    Running,
    /// Told to stop; its worker will.
    Cancelling,
    /// Everything was asked and graded.
    Done,
    /// Stopped before its end because its dollars were spent.
    Stopped,
    /// Stopped by a person.
    Cancelled,
    /// It could not be carried out.
    Failed,
}

impl RunStatus {
    /// The word stored and shown.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Cancelling => "cancelling",
            Self::Done => "done",
            Self::Stopped => "stopped",
            Self::Cancelled => "cancelled",
            Self::Failed => "failed",
        }
    }

    /// The status with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        word(name).ok()
    }

    /// Nothing more will happen by itself.
    #[must_use]
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Done | Self::Stopped | Self::Cancelled | Self::Failed)
    }
}

/// A run to store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRun {
    /// Unique.
    pub id: String,
    /// The suite's name.
    pub suite: String,
    /// Hash of its text.
    pub suite_version: String,
    /// Whose quality it measures.
    pub workload: String,
    /// Which dataset.
    pub dataset: String,
    /// At which content.
    pub dataset_version: String,
    /// Who ordered it.
    pub actor: String,
    /// The commit that was checked.
    pub git_sha: Option<String>,
    /// Answers wanted.
    pub total: u64,
    /// The whole order as JSON.
    pub body: String,
    /// Hashes of the chosen items, in order.
    pub items: Vec<String>,
}

/// A stored run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunRow {
    /// Its number; higher is newer.
    pub seq: i64,
    /// As ordered.
    pub run: NewRun,
    /// Where it stands.
    pub status: RunStatus,
    /// What its gates came to, once it is over.
    pub verdict: Option<String>,
    /// Why it ended as it did, in one sentence; may be empty.
    pub message: String,
    /// Answers and failed questions so far.
    pub asked: u64,
    /// Of those, without an answer.
    pub errors: u64,
    /// Answers and judges together.
    pub cost: NanoUsd,
    /// Ordered.
    pub created_at: Timestamp,
    /// First taken up.
    pub started_at: Option<Timestamp>,
    /// Over.
    pub ended_at: Option<Timestamp>,
}

/// Which runs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RunFilter {
    /// Of this suite.
    pub suite: Option<String>,
    /// Of this workload.
    pub workload: Option<String>,
    /// With this status.
    pub status: Option<RunStatus>,
    /// Before this `seq`.
    pub before: Option<i64>,
}

const RUN: &str = "SELECT run.*, \
     (SELECT count(*) FROM run_output WHERE run_output.run = run.seq) AS asked, \
     (SELECT count(*) FROM run_output WHERE run_output.run = run.seq AND error IS NOT NULL) AS errors, \
     run.cost_nano + (SELECT coalesce(sum(cost_nano), 0) FROM run_output WHERE run_output.run = run.seq) AS spent \
     FROM experiment_run AS run ";

impl Store {
    /// Stores a run that waits for a worker, with the answers that were recorded elsewhere.
    ///
    /// # Errors
    /// `Conflict` when the id is taken or an item is not there; `Unavailable`.
    pub async fn run_insert(&self, new: &NewRun, recorded: &[RunOutput]) -> Result<(), Error> {
        let mut tx = self.begin_control().await?;
        let seq: i64 = sqlx::query_scalar(
            "INSERT INTO experiment_run (id, suite, suite_version, workload, dataset, dataset_version, status, message, \
             actor, git_sha, total, cost_nano, created_at, worker, lease_until, body) \
             VALUES (?,?,?,?,?,?,'queued','',?,?,?,0,?,'',0,?) RETURNING seq",
        )
        .bind(&new.id)
        .bind(&new.suite)
        .bind(&new.suite_version)
        .bind(&new.workload)
        .bind(&new.dataset)
        .bind(&new.dataset_version)
        .bind(&new.actor)
        .bind(&new.git_sha)
        .bind(int(new.total))
        .bind(self.clock().now().0)
        .bind(&new.body)
        .fetch_one(&mut *tx)
        .await?;
        sqlx::query("INSERT INTO run_item (run, ord, hash) SELECT ?, key, value FROM json_each(?)")
            .bind(seq)
            .bind(to_json(&new.items)?)
            .execute(&mut *tx)
            .await?;
        for output in recorded {
            run_output::insert(&mut tx, seq, output).await?;
        }
        tx.commit().await?;
        self.changes().runs();
        Ok(())
    }

    /// The run with this id.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn run_get(&self, id: &str) -> Result<Option<RunRow>, Error> {
        let sql = sqlx::AssertSqlSafe(format!("{RUN} WHERE run.id = ?"));
        sqlx::query(sql).bind(id).fetch_optional(self.readers()).await?.as_ref().map(read).transpose()
    }

    /// Runs, newest first.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn run_list(&self, filter: &RunFilter, limit: u32) -> Result<Vec<RunRow>, Error> {
        let sql = sqlx::AssertSqlSafe(format!(
            "{RUN} WHERE (?1 IS NULL OR run.suite = ?1) AND (?2 IS NULL OR run.workload = ?2) \
             AND (?3 IS NULL OR run.status = ?3) AND (?4 IS NULL OR run.seq < ?4) ORDER BY run.seq DESC LIMIT ?5"
        ));
        let rows = sqlx::query(sql)
            .bind(&filter.suite)
            .bind(&filter.workload)
            .bind(filter.status.map(RunStatus::name))
            .bind(filter.before)
            .bind(limit)
            .fetch_all(self.readers())
            .await?;
        rows.iter().map(read).collect()
    }

    /// Takes up the oldest run that nobody works on, for as long as the lease lasts. A run told to stop is taken up
    /// too, so that somebody ends it.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn run_claim(&self, worker: &str, until: Timestamp) -> Result<Option<RunRow>, Error> {
        let now = self.clock().now();
        let open: Option<i64> = sqlx::query_scalar(
            "SELECT 1 FROM experiment_run WHERE status IN ('queued', 'running', 'cancelling') AND lease_until < ? LIMIT 1",
        )
        .bind(now.0)
        .fetch_optional(self.readers())
        .await?;
        if open.is_none() {
            return Ok(None);
        }
        let mut tx = self.begin_control().await?;
        let id: Option<String> = sqlx::query_scalar(
            "UPDATE experiment_run SET worker = ?1, lease_until = ?2, started_at = coalesce(started_at, ?3), \
             status = iif(status = 'cancelling', status, 'running') \
             WHERE seq = (SELECT min(seq) FROM experiment_run \
                 WHERE status IN ('queued', 'running', 'cancelling') AND lease_until < ?3) RETURNING id",
        )
        .bind(worker)
        .bind(until.0)
        .bind(now.0)
        .fetch_optional(&mut *tx)
        .await?;
        tx.commit().await?;
        self.changes().runs();
        match id {
            Some(id) => self.run_get(&id).await,
            None => Ok(None),
        }
    }

    /// Keeps a claimed run until `until`; what its status is now, `None` when somebody else has it.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn run_renew(&self, id: &str, worker: &str, until: Timestamp) -> Result<Option<RunStatus>, Error> {
        let mut tx = self.begin_control().await?;
        let status: Option<String> = sqlx::query_scalar(
            "UPDATE experiment_run SET lease_until = ? WHERE id = ? AND worker = ? \
             AND status IN ('running', 'cancelling') RETURNING status",
        )
        .bind(until.0)
        .bind(id)
        .bind(worker)
        .fetch_optional(&mut *tx)
        .await?;
        tx.commit().await?;
        status.map(|status| word(&status)).transpose()
    }

    /// Ends a claimed run; false when somebody else has it.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn run_finish(
        &self,
        id: &str,
        worker: &str,
        status: RunStatus,
        verdict: Option<&str>,
        message: &str,
    ) -> Result<bool, Error> {
        let mut tx = self.begin_control().await?;
        let ended = sqlx::query(
            "UPDATE experiment_run SET status = ?, verdict = ?, message = ?, ended_at = ?, worker = '', lease_until = 0 \
             WHERE id = ? AND worker = ?",
        )
        .bind(status.name())
        .bind(verdict)
        .bind(message)
        .bind(self.clock().now().0)
        .bind(id)
        .bind(worker)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        self.changes().runs();
        self.changes().control();
        Ok(ended.rows_affected() > 0)
    }

    /// Tells an open run to stop; false when it is over or not there.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn run_cancel(&self, id: &str) -> Result<bool, Error> {
        let mut tx = self.begin_control().await?;
        let told = sqlx::query(
            "UPDATE experiment_run SET status = 'cancelling' WHERE id = ? AND status IN ('queued', 'running', 'cancelling')",
        )
        .bind(id)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        self.changes().runs();
        Ok(told.rows_affected() > 0)
    }
}

fn read(row: &SqliteRow) -> Result<RunRow, Error> {
    let text = |column: &str| row.try_get::<String, _>(column);
    let at = |column: &str| Ok::<_, Error>(row.try_get::<Option<i64>, _>(column)?.map(Timestamp));
    Ok(RunRow {
        seq: row.try_get("seq")?,
        run: NewRun {
            id: text("id")?,
            suite: text("suite")?,
            suite_version: text("suite_version")?,
            workload: text("workload")?,
            dataset: text("dataset")?,
            dataset_version: text("dataset_version")?,
            actor: text("actor")?,
            git_sha: row.try_get("git_sha")?,
            total: count(row.try_get("total")?),
            body: text("body")?,
            items: Vec::new(),
        },
        status: word(&text("status")?)?,
        verdict: row.try_get("verdict")?,
        message: text("message")?,
        asked: count(row.try_get("asked")?),
        errors: count(row.try_get("errors")?),
        cost: NanoUsd(row.try_get("spent")?),
        created_at: Timestamp(row.try_get("created_at")?),
        started_at: at("started_at")?,
        ended_at: at("ended_at")?,
    })
}

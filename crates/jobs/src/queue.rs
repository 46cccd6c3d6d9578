//! The job queue: apalis on the store's own SQLite file. Jobs are pushed inside the transaction that writes their
//! spans, so neither exists without the other.
//!
//! Known defects of apalis 1.0 that this file works around, each seen in a run: its index on `lock_by` makes fetches
//! slow with a backlog (dropped here); prefetching more than the concurrency starves heartbeats (batch ≤ concurrency);
//! pickup waits for a heartbeat unless woken (`wake.rs`).

use std::{sync::Arc, time::Duration};

use apalis::prelude::{Task, TaskBuilder};
use apalis_sqlite::{Config, SqliteStorage, queries};
use serde::{Deserialize, Serialize};
use sqlx::SqliteConnection;
use weir_core::{CanaryId, DeploymentId, NanoUsd, ScorerName, SpanId, WorkloadId, span::Record};
use weir_store::Store;

use crate::scoring::Scoring;

/// Tries of one job before it is dead.
pub(crate) const MAX_ATTEMPTS: u32 = 5;
/// Spans in one [`RunChecks`].
const CHECKS_PER_JOB: usize = 256;

/// Queue of [`RunChecks`].
pub(crate) const CHECKS: &str = "run_checks";
/// Queue of [`AskJudge`].
pub(crate) const JUDGES: &str = "ask_judge";
/// Queue of [`MirrorSpan`].
pub(crate) const MIRRORS: &str = "mirror_span";

/// Run every check of their workloads on these spans.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct RunChecks {
    /// Span and the probability that it was sampled.
    pub(crate) spans: Vec<(SpanId, f64)>,
}

/// Ask one judge about one span.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct AskJudge {
    pub(crate) span: SpanId,
    pub(crate) scorer: ScorerName,
    /// Probability that the span was sampled.
    pub(crate) p_sample: f64,
}

/// Ask one request again of a candidate.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct MirrorSpan {
    pub(crate) span: SpanId,
    pub(crate) workload: WorkloadId,
    pub(crate) candidate: DeploymentId,
    /// The canary that wants the pair.
    pub(crate) canary: Option<CanaryId>,
    /// What shadow answers of the workload may cost in 24 hours.
    pub(crate) max_per_day: NanoUsd,
}

/// Why a group of records was not stored.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Store(#[from] weir_store::Error),
    #[error("the job queue refused: {0}")]
    Queue(String),
}

/// Prepares apalis' tables. Its `setup()` would also set `synchronous = OFF`; pragmas are the store's.
pub(crate) async fn migrate(store: &Store) -> Result<(), Error> {
    SqliteStorage::migrations().run(store.pool()).await.map_err(|error| Error::Queue(error.to_string()))?;
    Ok(store.job_index_drop().await?)
}

/// A record chosen for scoring, with the probability of that.
pub(crate) type Chosen<'a> = (&'a Arc<Record>, f64);

/// What was pushed.
pub(crate) struct Pushed<'a> {
    /// Those that checks will run on.
    pub(crate) checked: Vec<&'a Arc<Record>>,
    /// True when a judge is to be asked about any.
    pub(crate) judged: bool,
}

/// Pushes the scoring jobs of freshly written spans into the same transaction.
pub(crate) async fn push<'a>(
    connection: &mut SqliteConnection,
    scoring: &Scoring,
    chosen: &[Chosen<'a>],
) -> Result<Pushed<'a>, Error> {
    let plan = |record: &Record| scoring.plan(&record.span.workload);
    let has_checks = |record: &Record| plan(record).is_some_and(|plan| !plan.checks.is_empty());
    let checked: Vec<Chosen<'a>> = chosen.iter().copied().filter(|(record, _)| has_checks(record)).collect();
    let checks = checked.chunks(CHECKS_PER_JOB).map(|chunk| {
        let spans = chunk.iter().map(|&(record, p)| (record.span.id, p));
        task(&RunChecks { spans: spans.collect() }, None)
    });
    send(connection, CHECKS, checks.collect::<Result<_, _>>()?).await?;
    let judges = chosen.iter().flat_map(|&(record, p_sample)| {
        let span = record.span.id;
        plan(record).into_iter().flat_map(|plan| &plan.judges).map(move |(scorer, compiled)| {
            let key = format!("{span}/{scorer}/{}", compiled.version());
            let job = AskJudge { span, scorer: scorer.clone(), p_sample };
            task(&job, Some(key))
        })
    });
    let judges: Vec<_> = judges.collect::<Result<_, _>>()?;
    let judged = !judges.is_empty();
    send(connection, JUDGES, judges).await?;
    Ok(Pushed { checked: checked.into_iter().map(|(record, _)| record).collect(), judged })
}

/// Pushes the requests to ask again into the same transaction.
pub(crate) async fn push_mirrors(connection: &mut SqliteConnection, mirrors: &[MirrorSpan]) -> Result<(), Error> {
    let tasks = mirrors.iter().map(|job| task(job, Some(format!("{}/{}", job.span, job.candidate))));
    send(connection, MIRRORS, tasks.collect::<Result<_, _>>()?).await
}

async fn send(connection: &mut SqliteConnection, queue: &str, tasks: Vec<Task<Vec<u8>>>) -> Result<(), Error> {
    if tasks.is_empty() {
        return Ok(());
    }
    queries::push_tasks(connection, queue, &tasks).await.map_err(|error| Error::Queue(error.to_string()))
}

fn task(job: &impl Serialize, key: Option<String>) -> Result<Task<Vec<u8>>, Error> {
    let bytes = serde_json::to_vec(job).map_err(|error| Error::Queue(error.to_string()))?;
    let mut builder = TaskBuilder::new(bytes).max_attempts(MAX_ATTEMPTS as usize);
    if let Some(key) = key {
        builder = builder.idempotency_key(key);
    }
    Ok(builder.build())
}

/// The storage behind one queue.
pub(crate) fn storage<Job>(store: &Store, queue: &str, concurrency: usize) -> SqliteStorage<Job> {
    let config = Config::default()
        .queue(queue)
        .batch_size(concurrency)
        .heartbeat_interval(Duration::from_secs(5))
        .missed_heartbeats(3);
    SqliteStorage::new(store.pool()).with_config(config)
}

//! The job queue.

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use weir_store::{Job, JobCounts, JobStatus};

use crate::{
    extract::{Body, Params},
    problem::{Failure, Reply},
    state::App,
    time::rfc3339,
};

const JOBS: u32 = 100;

/// Which jobs.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct JobQuery {
    /// `ready`, `running`, `done`, `failed` or `dead`.
    status: Option<String>,
}

/// The newest jobs, and how many there are in all.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct JobList {
    counts: JobCountsView,
    items: Vec<JobView>,
}

/// Jobs by status.
#[derive(Debug, Serialize, ToSchema)]
struct JobCountsView {
    ready: u64,
    running: u64,
    done: u64,
    /// Will be tried again.
    failed: u64,
    /// Given up.
    dead: u64,
}

/// One job.
#[derive(Debug, Serialize, ToSchema)]
struct JobView {
    id: String,
    kind: String,
    #[schema(schema_with = crate::words::job_status)]
    status: &'static str,
    attempts: u64,
    max_attempts: u64,
    /// What the last try failed with.
    error: Option<String>,
    created_at: Option<String>,
    /// Not before this.
    run_at: String,
}

impl From<JobCounts> for JobCountsView {
    fn from(counts: JobCounts) -> Self {
        Self {
            ready: counts.ready,
            running: counts.running,
            done: counts.done,
            failed: counts.failed,
            dead: counts.dead,
        }
    }
}

impl From<&Job> for JobView {
    fn from(job: &Job) -> Self {
        Self {
            id: job.id.clone(),
            kind: job.kind.clone(),
            status: job.status.name(),
            attempts: job.attempts,
            max_attempts: job.max_attempts,
            error: job.error.clone(),
            created_at: job.created_at.map(rfc3339),
            run_at: rfc3339(job.run_at),
        }
    }
}

/// `GET /api/v1/jobs`.
pub(crate) async fn list_jobs(State(app): State<App>, Params(query): Params<JobQuery>) -> Reply<Json<JobList>> {
    let status = query.status.as_deref().map(status).transpose()?;
    // Counted first: a job that is given up in between is then listed and not yet counted, never the other way round.
    let counts = app.store.job_counts().await?.into();
    let jobs = app.store.job_list(status, JOBS).await?;
    Ok(Json(JobList { counts, items: jobs.iter().map(JobView::from).collect() }))
}

/// Which jobs to put back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct JobRetry {
    /// One job that was given up; all of them when left out.
    #[serde(default)]
    id: Option<String>,
}

/// What was put back.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Retried {
    /// Jobs that will be tried again.
    retried: u64,
}

/// `POST /api/v1/jobs/retry`.
pub(crate) async fn retry_jobs(State(app): State<App>, Body(order): Body<JobRetry>) -> Reply<Json<Retried>> {
    let retried = app.store.job_retry(order.id.as_deref()).await?;
    match order.id {
        Some(id) if retried == 0 => Err(Failure::not_found("job that was given up", &id)),
        _ => Ok(Json(Retried { retried })),
    }
}

fn status(word: &str) -> Reply<JobStatus> {
    [JobStatus::Ready, JobStatus::Running, JobStatus::Done, JobStatus::Failed, JobStatus::Dead]
        .into_iter()
        .find(|status| status.name() == word)
        .ok_or_else(|| {
            Failure::bad(format!("`status` is `{word}`, wanted `ready`, `running`, `done`, `failed` or `dead`"))
        })
}

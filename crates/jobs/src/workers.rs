//! The scoring workers, under a monitor that restarts them: any storage error ends an apalis worker.

use std::{sync::Arc, time::Duration};

use apalis::{
    layers::{
        WorkerBuilderExt,
        retry::{
            HasherRng, RetryPolicy,
            backoff::{ExponentialBackoff, ExponentialBackoffMaker, MakeBackoff},
        },
    },
    prelude::{BackendExt, Monitor, WorkerBuilder},
};
use tokio::time;
use tokio_util::sync::CancellationToken;

use crate::{
    checks,
    desk::Desk,
    judges,
    queue::{self, AskJudge, CHECKS, JUDGES, MAX_ATTEMPTS, MIRRORS, MirrorSpan, RunChecks},
    shadows,
    wake::Wake,
};

/// Check batches at work at once, and fetched at once.
const CHECK_WORKERS: usize = 16;
/// Judges asked at once.
const JUDGE_WORKERS: usize = 16;
/// Requests asked again at once: few, so that they leave callers the room.
const MIRROR_WORKERS: usize = 4;
const BACKOFF_MIN: Duration = Duration::from_millis(500);
const BACKOFF_MAX: Duration = Duration::from_secs(60);
const BACKOFF_JITTER: f64 = 0.5;

/// Between two wake-ups of workers that are to stop.
const NUDGE: Duration = Duration::from_millis(50);
/// How long jobs at work may take to end once the workers are to stop. One that waits for its next try would wait for
/// up to a minute, and a judge that is asked through this process's own door is not there any more.
const FINISH: Duration = Duration::from_secs(5);

/// How long a finished job can be seen.
const DONE_KEPT: Duration = Duration::from_mins(10);
/// Between two looks for finished jobs to forget.
const SWEEP: Duration = Duration::from_secs(20);

/// Runs the workers until `stop`; jobs at work are finished first, within bounds. What is cut off is taken up again by
/// whoever works on the queue next.
pub(crate) async fn run(desk: Arc<Desk>, worker_id: String, stop: CancellationToken) {
    tokio::join!(work(Arc::clone(&desk), worker_id, stop.clone()), sweep(&desk, stop));
}

/// Forgets finished jobs: fetching slows down with the size of the table.
async fn sweep(desk: &Desk, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = time::sleep(SWEEP) => {}
        }
        if let Err(error) = desk.store.job_purge(desk.clock.now().minus(DONE_KEPT)).await {
            tracing::warn!(%error, "finished jobs stay in the queue's table until the next look");
        }
    }
}

async fn work(desk: Arc<Desk>, worker_id: String, stop: CancellationToken) {
    let (checks_desk, judges_desk, mirrors_desk) = (Arc::clone(&desk), Arc::clone(&desk), desk);
    let (checks_id, judges_id, mirrors_id) = (worker_id.clone(), worker_id.clone(), worker_id);
    let monitor = Monitor::new()
        .register(move |restarts| {
            let storage = queue::storage::<RunChecks>(&checks_desk.store, CHECKS, CHECK_WORKERS)
                .poll_with_strategy(Wake::new(&checks_desk.bells.checks));
            WorkerBuilder::new(format!("{CHECKS}-{checks_id}-{restarts}"))
                .backend(storage)
                .concurrency(CHECK_WORKERS)
                .retry(RetryPolicy::retries(MAX_ATTEMPTS as usize - 1).with_backoff(backoff()))
                .data(Arc::clone(&checks_desk))
                .build(checks::run)
        })
        .register(move |restarts| {
            let storage = queue::storage::<AskJudge>(&judges_desk.store, JUDGES, JUDGE_WORKERS)
                .poll_with_strategy(Wake::new(&judges_desk.bells.judges));
            WorkerBuilder::new(format!("{JUDGES}-{judges_id}-{restarts}"))
                .backend(storage)
                .concurrency(JUDGE_WORKERS)
                .retry(RetryPolicy::retries(MAX_ATTEMPTS as usize - 1).with_backoff(backoff()))
                .data(Arc::clone(&judges_desk))
                .build(judges::ask)
        })
        .register(move |restarts| {
            let storage = queue::storage::<MirrorSpan>(&mirrors_desk.store, MIRRORS, MIRROR_WORKERS)
                .poll_with_strategy(Wake::new(&mirrors_desk.bells.mirrors));
            WorkerBuilder::new(format!("{MIRRORS}-{mirrors_id}-{restarts}"))
                .backend(storage)
                .concurrency(MIRROR_WORKERS)
                .retry(RetryPolicy::retries(MAX_ATTEMPTS as usize - 1).with_backoff(backoff()))
                .data(Arc::clone(&mirrors_desk))
                .build(shadows::ask)
        })
        .should_restart(|worker, error| {
            tracing::error!(worker = worker.name(), %error, "a scoring worker stopped; it is started again");
            true
        });
    let context = monitor.context();
    let signal = async {
        stop.cancelled().await;
        Ok(())
    };
    // A worker whose last job ends while it is told to stop may sleep on until its next heartbeat, seconds later.
    let nudge = async {
        stop.cancelled().await;
        for _ in 0..FINISH.as_millis() / NUDGE.as_millis() {
            time::sleep(NUDGE).await;
            // It wakes every worker; that it was said before is no error.
            drop(context.shutdown());
        }
        tracing::info!("scoring jobs are left for the next start");
    };
    tokio::select! {
        result = monitor.run_with_signal(signal) => if let Err(error) = result {
            tracing::error!(%error, "the scoring workers stopped");
        },
        () = nudge => {}
    }
}

/// Doubling waits with jitter between the tries of one job. The bounds are constants that the library accepts; were
/// they not, its default waits serve as well.
fn backoff() -> ExponentialBackoff {
    let maker = ExponentialBackoffMaker::new(BACKOFF_MIN, BACKOFF_MAX, BACKOFF_JITTER, HasherRng::default());
    maker.unwrap_or_default().make_backoff()
}

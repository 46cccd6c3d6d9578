//! The workers, under a monitor that restarts them: any storage error ends an apalis worker.

use std::{sync::Arc, time::Duration};

use apalis::{
    layers::WorkerBuilderExt,
    prelude::{BackendExt, Monitor, WorkerBuilder},
};
use tokio::time;
use tokio_util::sync::CancellationToken;

use crate::{
    checks,
    desk::Desk,
    herald, judges,
    queue::{
        self, AskJudge, CHECKS, JUDGES, MAX_ATTEMPTS, MIRRORS, MirrorSpan, RunChecks, TELLING_ATTEMPTS, TELLINGS,
        TellPolicy,
    },
    shadows,
    tries::Tries,
    wake::Wake,
};

/// Check batches at work at once, and fetched at once.
const CHECK_WORKERS: usize = 16;
/// Judges asked at once.
const JUDGE_WORKERS: usize = 16;
/// Requests asked again at once: few, so that they leave callers the room.
const MIRROR_WORKERS: usize = 4;
/// News told at once; each keeps its place while it waits for its next try.
const TELLING_WORKERS: usize = 4;

/// Between two wake-ups of workers that are to stop.
const NUDGE: Duration = Duration::from_millis(50);
/// How long jobs at work may take to end once the workers are to stop: somebody outside may be slow to answer.
const FINISH: Duration = Duration::from_secs(5);

/// How long a finished job can be seen.
const DONE_KEPT: Duration = Duration::from_mins(10);
/// Between two looks for finished jobs, stored responses and files to forget.
const SWEEP: Duration = Duration::from_secs(20);

/// Runs the workers until `stop`; jobs at work are finished first, within bounds. What is cut off is taken up again by
/// whoever works on the queue next.
pub(crate) async fn run(desk: Arc<Desk>, worker_id: String, stop: CancellationToken) {
    tokio::join!(work(Arc::clone(&desk), worker_id, stop.clone()), sweep(&desk, stop));
}

/// Forgets finished jobs, as fetching slows down with the size of the table, and stored responses and files whose time is over.
async fn sweep(desk: &Desk, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = time::sleep(SWEEP) => {}
        }
        if let Err(error) = desk.store.job_purge(desk.clock.now().minus(DONE_KEPT)).await {
            tracing::warn!(%error, "finished jobs stay in the queue's table until the next look");
        }
        if let Err(error) = desk.store.response_expire(desk.clock.now().minus(desk.responses_kept)).await {
            tracing::warn!(%error, "responses whose time is over stay until the next look");
        }
        if let Err(error) = desk.store.file_expire().await {
            tracing::warn!(%error, "files whose time is over stay until the next look");
        }
    }
}

async fn work(desk: Arc<Desk>, worker_id: String, stop: CancellationToken) {
    let tries = Tries { most: MAX_ATTEMPTS as usize, stop: stop.clone(), entropy: Arc::clone(&desk.entropy) };
    let telling_tries = Tries { most: TELLING_ATTEMPTS, ..tries.clone() };
    let (check_tries, judge_tries, mirror_tries) = (tries.clone(), tries.clone(), tries);
    let (checks_desk, judges_desk, mirrors_desk) = (Arc::clone(&desk), Arc::clone(&desk), Arc::clone(&desk));
    let (checks_id, judges_id, mirrors_id) = (worker_id.clone(), worker_id.clone(), worker_id.clone());
    let monitor = Monitor::new()
        .register(move |restarts| {
            let storage = queue::storage::<RunChecks>(&checks_desk.store, CHECKS, CHECK_WORKERS)
                .poll_with_strategy(Wake::new(&checks_desk.bells.checks));
            WorkerBuilder::new(format!("{CHECKS}-{checks_id}-{restarts}"))
                .backend(storage)
                .concurrency(CHECK_WORKERS)
                .layer(check_tries.clone())
                .data(Arc::clone(&checks_desk))
                .build(checks::run)
        })
        .register(move |restarts| {
            let storage = queue::storage::<AskJudge>(&judges_desk.store, JUDGES, JUDGE_WORKERS)
                .poll_with_strategy(Wake::new(&judges_desk.bells.judges));
            WorkerBuilder::new(format!("{JUDGES}-{judges_id}-{restarts}"))
                .backend(storage)
                .concurrency(JUDGE_WORKERS)
                .layer(judge_tries.clone())
                .data(Arc::clone(&judges_desk))
                .build(judges::ask)
        })
        .register(move |restarts| {
            let storage = queue::storage::<MirrorSpan>(&mirrors_desk.store, MIRRORS, MIRROR_WORKERS)
                .poll_with_strategy(Wake::new(&mirrors_desk.bells.mirrors));
            WorkerBuilder::new(format!("{MIRRORS}-{mirrors_id}-{restarts}"))
                .backend(storage)
                .concurrency(MIRROR_WORKERS)
                .layer(mirror_tries.clone())
                .data(Arc::clone(&mirrors_desk))
                .build(shadows::ask)
        })
        .register(move |restarts| {
            let storage = queue::storage::<TellPolicy>(&desk.store, TELLINGS, TELLING_WORKERS)
                .poll_with_strategy(Wake::new(&desk.bells.tellings));
            WorkerBuilder::new(format!("{TELLINGS}-{worker_id}-{restarts}"))
                .backend(storage)
                .concurrency(TELLING_WORKERS)
                .layer(telling_tries.clone())
                .data(Arc::clone(&desk))
                .build(herald::tell)
        })
        .should_restart(|worker, error| {
            tracing::error!(worker = worker.name(), %error, "a worker stopped; it is started again");
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
        tracing::info!("jobs are left for the next start");
    };
    tokio::select! {
        result = monitor.run_with_signal(signal) => if let Err(error) = result {
            tracing::error!(%error, "the workers stopped");
        },
        () = nudge => {}
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;
    use weir_core::{NanoUsd, clock::ManualClock};
    use weir_store::{JobStatus, Store};

    use super::*;
    use crate::{
        prepare_queue,
        testing::{self, START, record, settings},
    };

    #[tokio::test]
    async fn a_job_that_waits_for_its_next_try_ends_with_the_workers_and_is_left_for_the_next() {
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::new(START));
        let store = Store::open(dir.path(), clock.clone()).await.unwrap();
        prepare_queue(&store).await.unwrap();
        let asked = record(1);
        let job = MirrorSpan {
            span: asked.span.id,
            workload: "maths".into(),
            candidate: "sim/small".into(),
            canary: None,
            max_per_day: NanoUsd(1_000_000),
        };
        let mut tx = store.begin_spans().await.unwrap();
        tx.span_insert_many(&[asked]).await.unwrap();
        queue::push_mirrors(tx.connection(), &[job]).await.unwrap();
        tx.commit().await.unwrap();

        // A gateway that hangs up on everybody.
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let gateway = format!("http://{}/v1", listener.local_addr().unwrap());
        let desk = testing::desk(store.clone(), &settings("24h"), clock, &gateway);
        let stop = CancellationToken::new();
        let workers = tokio::spawn(run(Arc::new(desk), "test".to_owned(), stop.clone()));
        drop(listener.accept().await.unwrap());
        stop.cancel();
        workers.await.unwrap();
        // One that had to be cut off would be somebody's still.
        let left = store.job_list(None, 9).await.unwrap();
        assert_eq!(left.len(), 1);
        assert_eq!((left[0].status, left[0].attempts), (JobStatus::Failed, 1), "{left:?}");
    }
}

//! The tries of one job. Between two of them it waits, and once the workers are to stop it waits no longer: it ends with
//! what went wrong, is stored as failed, and whoever works on the queue next tries it at once and goes on counting.
//!
//! The library's own retry waits on for ever then: before its next try it asks the service below whether that is ready,
//! and a worker that shuts down never is.

use std::{
    fmt::{self, Display},
    mem,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use apalis::prelude::Task;
use futures::future::BoxFuture;
use tokio::time;
use tokio_util::sync::CancellationToken;
use tower::{Layer, Service};
use weir_core::{Entropy, entropy::unit};

/// The first wait; each further one is twice as long.
const FIRST: Duration = Duration::from_millis(500);
/// The longest wait.
const LONGEST: Duration = Duration::from_mins(1);

/// How often a job is tried.
#[derive(Clone)]
pub(crate) struct Tries {
    /// Tries in all, those of earlier workers included.
    pub(crate) most: usize,
    /// Ends every wait.
    pub(crate) stop: CancellationToken,
    /// For jitter.
    pub(crate) entropy: Arc<dyn Entropy>,
}

/// A service whose failures are tried again.
#[derive(Clone)]
pub(crate) struct Tried<S> {
    service: S,
    tries: Tries,
}

impl fmt::Debug for Tries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tries").field("most", &self.most).finish_non_exhaustive()
    }
}

impl<S> Layer<S> for Tries {
    type Service = Tried<S>;

    fn layer(&self, service: S) -> Tried<S> {
        Tried { service, tries: self.clone() }
    }
}

impl Tries {
    /// From the end of the `nth` try, counted from 1, to the next: between half and the whole of a doubling time, so that
    /// jobs which failed together are not tried together.
    fn wait(&self, nth: usize) -> Duration {
        let doublings = u32::try_from(nth.saturating_sub(1)).unwrap_or(u32::MAX);
        let most = FIRST.saturating_mul(2_u32.saturating_pow(doublings)).min(LONGEST);
        most.mul_f64(1.0 - 0.5 * unit(self.entropy.next_u64()))
    }
}

impl<S, Job> Service<Task<Job>> for Tried<S>
where
    S: Service<Task<Job>> + Clone + Send + 'static,
    S::Future: Send,
    S::Response: Send,
    S::Error: Display + Send,
    Job: Clone + Send + Sync + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<S::Response, S::Error>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.service.poll_ready(cx)
    }

    fn call(&mut self, task: Task<Job>) -> Self::Future {
        // The one that said it is ready is the one to call.
        let next = self.service.clone();
        let mut service = mem::replace(&mut self.service, next);
        let tries = self.tries.clone();
        Box::pin(async move {
            loop {
                // What lies below is a function, which is always ready; the worker counts the task's tries.
                let error = match service.call(task.clone()).await {
                    Ok(done) => return Ok(done),
                    Err(error) => error,
                };
                let tried = task.attempt();
                if tried >= tries.most {
                    return Err(error);
                }
                tracing::debug!(%error, tried, "a job failed and will be tried again");
                tokio::select! {
                    biased;
                    () = tries.stop.cancelled() => return Err(error),
                    () = time::sleep(tries.wait(tried)) => {}
                }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

    use apalis::prelude::TaskBuilder;
    use tower::service_fn;
    use weir_core::entropy::Seeded;

    use super::*;

    fn tries(stop: &CancellationToken) -> Tries {
        Tries { most: 5, stop: stop.clone(), entropy: Arc::new(Seeded::new(1)) }
    }

    /// A service that fails the first `failures` times; it counts its calls.
    fn failing(
        failures: usize,
        calls: &Arc<AtomicUsize>,
    ) -> impl Service<Task<u32>, Response = (), Error = String, Future: Send> + Clone + Send + 'static {
        let calls = Arc::clone(calls);
        service_fn(move |_| {
            let nth = calls.fetch_add(1, Relaxed) + 1;
            async move { if nth > failures { Ok(()) } else { Err(format!("failure {nth}")) } }
        })
    }

    #[tokio::test(start_paused = true)]
    async fn what_fails_is_tried_again_and_what_has_had_its_tries_is_not() {
        let calls = Arc::default();
        let mut service = tries(&CancellationToken::new()).layer(failing(2, &calls));
        service.call(TaskBuilder::new(0).build()).await.unwrap();
        assert_eq!(calls.load(Relaxed), 3);
        let mut service = tries(&CancellationToken::new()).layer(failing(9, &calls));
        let spent = TaskBuilder::new(0).attempt(5).build();
        assert_eq!(service.call(spent).await.unwrap_err(), "failure 4", "it is the last try of five");
    }

    #[tokio::test(start_paused = true)]
    async fn a_stop_ends_the_wait_for_the_next_try_at_once() {
        let (calls, stop) = (Arc::default(), CancellationToken::new());
        let mut service = tries(&stop).layer(failing(9, &calls));
        let started = time::Instant::now();
        let (ended, ()) = tokio::join!(service.call(TaskBuilder::new(0).build()), async {
            time::sleep(Duration::from_millis(100)).await;
            stop.cancel();
        });
        assert_eq!((ended.unwrap_err().as_str(), calls.load(Relaxed)), ("failure 1", 1));
        assert_eq!(started.elapsed(), Duration::from_millis(100));
    }

    #[test]
    fn waits_double_up_to_a_minute_and_no_two_are_alike() {
        let tries = tries(&CancellationToken::new());
        for (nth, most_ms) in [(1, 500), (2, 1_000), (4, 4_000), (8, 60_000), (usize::MAX, 60_000)] {
            let (first, second) = (tries.wait(nth), tries.wait(nth));
            let most = Duration::from_millis(most_ms);
            assert!(first > most / 2 && first <= most, "{nth}: {first:?}");
            assert_ne!(first, second);
        }
    }
}

//! Opening the store, and what must be in it before the first request.
//!
//! A process that takes over opens it while the elder still writes, and on a busy machine a write may have to wait for
//! longer than the store's own patience lasts. All of it is tried again then: each step finds what was done before.

use std::{sync::Arc, time::Duration};

use tokio::time::{self, Instant};
use weir_config::Settings;
use weir_core::Clock;
use weir_jobs::{
    OutputTokens,
    bootstrap::{self, ImportError},
};
use weir_store::{Options, Store};

/// How long the elder may keep the next process from the store: half of what it allows it for its whole start.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between two tries.
const PAUSE: Duration = Duration::from_millis(250);

/// Opens the store of `settings`; `shared` while another process works on it.
///
/// # Errors
/// When the store cannot be used, or a configured dataset cannot be read.
pub(super) async fn open(
    settings: &Settings,
    clock: &Arc<dyn Clock>,
    options: &Options,
    tokens: &OutputTokens,
    shared: bool,
) -> anyhow::Result<Store> {
    let begun = Instant::now();
    loop {
        let error = match once(settings, clock, options, tokens).await {
            Ok(store) => return Ok(store),
            Err(error) => error,
        };
        if !(shared && is_worth_another_try(&error, begun.elapsed())) {
            return Err(told(error, settings, shared));
        }
        tracing::warn!(%error, "the weir before this one keeps the store busy; it is tried again");
        time::sleep(PAUSE).await;
    }
}

async fn once(
    settings: &Settings,
    clock: &Arc<dyn Clock>,
    options: &Options,
    tokens: &OutputTokens,
) -> Result<Store, ImportError> {
    let store = Store::open_with(&settings.server.data_dir, Arc::clone(clock), options).await?;
    weir_jobs::prepare_queue(&store).await?;
    bootstrap::policies(&store, settings, &**clock).await?;
    bootstrap::datasets(&store, settings).await?;
    bootstrap::tokens(&store, settings, &**clock, tokens).await?;
    Ok(store)
}

fn is_worth_another_try(error: &ImportError, waited: Duration) -> bool {
    waited < PATIENCE && matches!(error, ImportError::Store(error) if error.is_retryable())
}

/// The last word on it.
fn told(error: ImportError, settings: &Settings, shared: bool) -> anyhow::Error {
    let ImportError::Store(error) = error else { return error.into() };
    let busy = shared && error.is_retryable();
    let told = anyhow::Error::from(error).context(settings.server.data_dir.display().to_string());
    if busy {
        let waited = PATIENCE.as_secs();
        return told.context(format!(
            "the store was not to be had for {waited} s; the weir that runs on it goes on, try again when it has less to do"
        ));
    }
    told
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use weir_core::clock::SystemClock;

    use super::*;

    fn settings(dir: &Path, more: &str) -> Settings {
        let text = format!(
            "[server]\ndata_dir = {:?}\n[workloads.maths]\ncandidates = [\"sim/large\"]\nfloor = 0.8\n{more}",
            dir.display().to_string()
        );
        weir_config::parse(&text, &dir.join("weir.toml"), &|_| None).unwrap_or_else(|invalid| panic!("{invalid}"))
    }

    #[tokio::test]
    async fn a_store_that_is_locked_for_too_long_opens_as_soon_as_the_lock_is_gone() {
        let dir = tempfile::tempdir().unwrap();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
        let impatient = Options { busy_timeout: Duration::from_millis(1), ..Options::default() };
        let tokens = OutputTokens::default();
        let elder = Store::open(dir.path(), Arc::clone(&clock)).await.unwrap();
        weir_jobs::prepare_queue(&elder).await.unwrap();
        // The next process has a policy to write.
        let settings = settings(dir.path(), "");
        let lock = elder.begin_spans().await.unwrap();
        let error = once(&settings, &clock, &impatient, &tokens).await.unwrap_err();
        assert!(is_worth_another_try(&error, Duration::ZERO), "{error}");
        assert!(!is_worth_another_try(&error, PATIENCE), "there is an end to it");
        let last = format!("{:#}", told(error, &settings, true));
        assert!(last.contains("goes on") && last.contains("database is locked"), "{last}");

        let mut opened = std::pin::pin!(open(&settings, &clock, &impatient, &tokens, true));
        assert!(time::timeout(PAUSE, &mut opened).await.is_err(), "it waits for as long as the lock is there");
        drop(lock);
        assert!(opened.await.unwrap().policy_head(&"maths".into()).await.unwrap().is_some());
    }

    #[tokio::test]
    async fn what_waiting_does_not_mend_is_told_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
        std::fs::write(dir.path().join("bad.jsonl"), "no row\n").unwrap();
        let bad = settings(dir.path(), "[datasets.bad]\nfile = \"bad.jsonl\"\nworkload = \"maths\"\n");
        let error = once(&bad, &clock, &Options::default(), &OutputTokens::default()).await.unwrap_err();
        assert!(!is_worth_another_try(&error, Duration::ZERO), "{error}");
        assert!(format!("{:#}", told(error, &bad, true)).contains("bad.jsonl"));
    }
}

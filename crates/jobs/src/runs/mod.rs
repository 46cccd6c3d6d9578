//! The reconciler "runs": takes up eval runs that nobody works on, asks, grades, and ends them with a verdict. A run is
//! in the store with every answer it has, under a lease; a process that dies leaves a lease that ends, and whoever comes
//! next goes on where it stopped.

mod ask;
mod close;
mod grade;
mod script;
mod work;

use std::{sync::Arc, time::Duration};

use tokio::time;
use tokio_util::sync::CancellationToken;
use weir_store::{Error, RunRow, RunStatus};

use crate::{Desk, runs::script::Script};

/// How long a claimed run is safe from others.
const LEASE: Duration = Duration::from_secs(6);
/// Between two renewals, which also tell of an order to stop.
const RENEW: Duration = Duration::from_secs(1);
/// Between two looks for runs of other processes.
const LOOK: Duration = Duration::from_secs(2);

/// Carries out eval runs, one after the other, until stopped.
pub struct Runner {
    desk: Arc<Desk>,
    /// Names this process; must differ at every start.
    worker: String,
}

/// How far a run came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// To its end.
    Done,
    /// Its dollars were spent.
    Spent,
    /// It was told to stop.
    Cancelled,
    /// This process stops, or somebody else has it: it stays open.
    Left,
}

impl Runner {
    /// A runner that has taken up nothing yet.
    #[must_use]
    pub fn new(desk: Arc<Desk>, worker: String) -> Self {
        Self { desk, worker }
    }

    /// Runs until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        let mut changes = self.desk.store.run_changes();
        loop {
            changes.mark_unchanged();
            let found = match self.desk.store.run_claim(&self.worker, self.until()).await {
                Ok(found) => found,
                Err(error) => {
                    tracing::warn!(%error, "eval runs wait: the store cannot be used");
                    None
                }
            };
            if let Some(row) = found {
                let id = row.run.id.clone();
                if let Err(error) = self.carry_out(row, &stop).await {
                    tracing::warn!(%error, run = %id, "an eval run was left half way; it is taken up again");
                }
            } else {
                tokio::select! {
                    () = stop.cancelled() => return,
                    Ok(()) = changes.changed() => {}
                    () = time::sleep(LOOK) => {}
                }
            }
            if stop.is_cancelled() {
                return;
            }
        }
    }

    fn until(&self) -> weir_core::Timestamp {
        self.desk.clock.now().plus(LEASE)
    }

    async fn carry_out(&self, row: RunRow, stop: &CancellationToken) -> Result<(), Error> {
        let id = row.run.id.clone();
        let halt = stop.child_token();
        let script = match Script::prepare(&self.desk, &row).await {
            Ok(script) => Arc::new(script),
            Err(script::Refused::Store(error)) => return Err(error),
            Err(script::Refused::Wrong(why)) => {
                let finished =
                    self.desk.store.run_finish(&id, &self.worker, RunStatus::Failed, Some("instrument"), &why);
                return finished.await.map(drop);
            }
        };
        let end = {
            let work = work::all(&self.desk, &script, &halt);
            let keep = self.keep(&id, row.status, &halt);
            tokio::pin!(work, keep);
            tokio::select! {
                end = &mut work => end?,
                end = &mut keep => {
                    // What is being asked is finished and stored first.
                    halt.cancel();
                    work.await?;
                    end
                }
            }
        };
        if stop.is_cancelled() || end == End::Left {
            return Ok(());
        }
        close::end(&self.desk, &script, &self.worker, end).await
    }

    /// Renews the lease until there is a reason to stop.
    async fn keep(&self, id: &str, status: RunStatus, halt: &CancellationToken) -> End {
        if status == RunStatus::Cancelling {
            return End::Cancelled;
        }
        loop {
            tokio::select! {
                () = halt.cancelled() => return End::Left,
                () = time::sleep(RENEW) => {}
            }
            match self.desk.store.run_renew(id, &self.worker, self.until()).await {
                Ok(Some(RunStatus::Cancelling)) => return End::Cancelled,
                Ok(Some(_)) => {}
                Ok(None) => return End::Left,
                Err(error) => tracing::warn!(%error, run = %id, "the lease of an eval run could not be renewed"),
            }
        }
    }
}

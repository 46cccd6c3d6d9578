//! Tasks by when they stop.

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Tasks that stop together.
pub(super) struct Stage {
    pub(super) stop: CancellationToken,
    tasks: Vec<JoinHandle<()>>,
    /// Takes no task up.
    idle: bool,
}

impl Stage {
    fn new(idle: bool) -> Self {
        Self { stop: CancellationToken::new(), tasks: Vec::new(), idle }
    }

    pub(super) fn spawn(&mut self, task: impl Future<Output = ()> + Send + 'static) {
        if !self.idle {
            self.tasks.push(tokio::spawn(task));
        }
    }

    async fn stop(self) {
        self.stop.cancel();
        self.ended().await;
    }

    async fn ended(self) {
        for task in self.tasks {
            if let Err(error) = task.await {
                tracing::error!(%error, "a task ended badly");
            }
        }
    }
}

/// All of the process's tasks, in the order in which they stop.
pub(super) struct Stages {
    /// The listener.
    pub(super) front: Stage,
    /// What asks through this process's own door.
    pub(super) askers: Stage,
    /// What stores the records of requests.
    pub(super) writer: Stage,
    /// The reconcilers.
    pub(super) back: Stage,
}

impl Stages {
    /// None yet. A `bare` process answers and records, and does nothing by itself.
    pub(super) fn new(bare: bool) -> Self {
        Self { front: Stage::new(false), askers: Stage::new(bare), writer: Stage::new(false), back: Stage::new(bare) }
    }

    /// Stops the listener and with it all that asks questions through it, then the writer, then the reconcilers. The
    /// listener of one that is `relieved` ends by itself, once its kept connections are gone.
    pub(super) async fn stop(self, relieved: bool) {
        let front = async {
            if relieved {
                self.front.ended().await;
            } else {
                self.front.stop().await;
            }
        };
        tokio::join!(front, self.askers.stop());
        self.writer.stop().await;
        self.back.stop().await;
    }
}

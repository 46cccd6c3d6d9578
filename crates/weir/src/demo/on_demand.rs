//! *Play the demo* on the dashboard: the same play, on a weir that runs with its built-in defaults.

use std::{
    path::PathBuf,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
};

use tokio::runtime::Handle;
use weir_api::DemoControl;

use super::{Play, settings};
use crate::app::{App, Reloader};

/// Plays once at a time. Clones share the stage.
#[derive(Clone, Default)]
pub struct OnDemand(Arc<Inner>);

#[derive(Default)]
struct Inner {
    playing: AtomicBool,
    stage: OnceLock<Stage>,
}

struct Stage {
    play: Arc<Play>,
    reloader: Arc<Reloader>,
    dir: PathBuf,
    runtime: Handle,
}

impl OnDemand {
    /// Not attached to an app yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Plays on this app from now on.
    ///
    /// # Errors
    /// When the app's address cannot be dialled.
    pub fn attach(&self, app: &App) -> anyhow::Result<()> {
        let dir = app.reloader.settings().server.data_dir.join("demo");
        let stage = Stage {
            play: Arc::new(Play::new(app)?),
            reloader: Arc::clone(&app.reloader),
            dir,
            runtime: Handle::current(),
        };
        // A second attachment would change nothing: there is one app in a process.
        drop(self.0.stage.set(stage));
        Ok(())
    }
}

impl DemoControl for OnDemand {
    fn play(&self) -> bool {
        let Some(stage) = self.0.stage.get() else { return false };
        if self.0.playing.swap(true, SeqCst) {
            return false;
        }
        let (this, play) = (Arc::clone(&self.0), Arc::clone(&stage.play));
        let (reloader, dir) = (Arc::clone(&stage.reloader), stage.dir.clone());
        stage.runtime.spawn(async move {
            let result = async {
                let mut next = settings(&dir)?;
                // What was served before the demo is served beside it.
                let before = reloader.settings();
                for (id, workload) in &before.workloads {
                    if !next.workloads.contains_key(id) {
                        next.workloads.insert(id.clone(), workload.clone());
                        next.stages.extend(before.stages.get(id).map(|stages| (id.clone(), stages.clone())));
                    }
                }
                reloader.apply(next).await?;
                play.run(|_| {}).await
            };
            match result.await {
                Ok(report) => tracing::info!(passed = report.passed, requests = report.requests, "the demo is over"),
                Err(error) => tracing::error!("the demo stopped: {error:#}"),
            }
            this.playing.store(false, SeqCst);
        });
        true
    }
}

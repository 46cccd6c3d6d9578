//! The process: what is started, in which order, and how it stops.
//!
//! Start: store, queue, policies and datasets, recorder, first snapshot, then the listener: when the port answers,
//! everything behind it works. Stop: the listener first, so that requests in flight finish, and with it all that asks
//! questions through it; then the writer, so that they are stored; then the reconcilers.

mod builtin;
mod control;
mod discovery;
mod door;
mod feedback;
mod gateway;
mod graders;
mod ground;
mod handover;
mod opening;
mod options;
mod pressure;
mod reconcile;
mod reload;
mod resolve;
mod scoring;
mod stage;
mod tester;
mod trial;

use std::{net::SocketAddr, sync::Arc};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use weir_config::Settings;
use weir_core::{Entropy, clock::SystemClock};
use weir_jobs::{Bench, Lead};
use weir_optimizer::windows::Windows;
use weir_router::SnapshotCell;
use weir_sim::SimHandle;
use weir_store::Store;
use weir_telemetry::otlp::Exporter;

use crate::entropy::OsEntropy;

use door::Door;
use ground::Ground;
use reload::InForce;
use resolve::Resolver;
use stage::Stages;
use tester::Tester;

pub(crate) use door::loopback;
pub use handover::Inherited;
pub use options::Options;
pub use reload::Reloader;
pub use resolve::check;

/// A running weir.
pub struct App {
    /// Where it listens.
    pub addr: SocketAddr,
    /// Its database.
    pub store: Store,
    /// What the router reads.
    pub snapshots: Arc<SnapshotCell>,
    /// The newest windows.
    pub windows: watch::Receiver<Arc<Windows>>,
    /// The built-in provider, when some deployment uses it.
    pub sim: Option<SimHandle>,
    /// Swaps the configuration.
    pub reloader: Arc<Reloader>,
    relieved: CancellationToken,
    lead: Arc<Lead>,
    stages: Stages,
    exporter: Option<Arc<Exporter>>,
}

impl App {
    /// Starts everything and returns once the port answers.
    ///
    /// # Errors
    /// When the store, the spool or the port cannot be had, a scorer does not compile, or a dataset cannot be read.
    pub async fn start(mut settings: Settings, options: Options) -> anyhow::Result<Self> {
        let Options { sim_seed, metrics, exporter, base, clock, demo, inherited, steps, bare } = options;
        let clock = clock.unwrap_or_else(|| Arc::new(SystemClock::default()));
        let entropy: Arc<dyn Entropy> = Arc::new(OsEntropy);
        let door = Door::claim(settings.server.bind, inherited, &*entropy)?;
        let addr = door.addr;

        let sim = builtin::start(&settings, sim_seed).await?;
        let resolver = Resolver::new(base, sim.as_ref().map(SimHandle::base_url), &clock)?;
        let targets = resolver.deployments(&mut settings)?;
        let scoring = resolver.scorers(&settings)?;
        let in_force = InForce::new(settings, scoring);
        let (ground, tail) = Ground::lay(clock, entropy, in_force, steps, door.is_shared()).await?;
        let mut stages = Stages::new(bare);
        let stop = stages.front.stop.clone();

        let (reloads, reloaded) = watch::channel(0);
        let (publisher, windows) = reconcile::first_snapshot(&ground, reloaded).await?;
        let gateway = gateway::assemble(&ground, targets, metrics, &door.token, stop.clone());
        let reloader = Arc::new(Reloader::new(&ground, Arc::clone(&gateway), resolver, reloads));

        let own = door.own_url();
        let tester = Tester::new(&own, &door.token, Arc::clone(&ground.transport), Arc::clone(&ground.clock))?;
        let bench = Bench::new(&own, &door.token)?;
        let desk = scoring::start(&ground, tail, bench, exporter.clone(), &mut stages);
        reconcile::start(&ground, publisher, &windows, &gateway, &reloader, &mut stages.back);

        gateway.set_ready(true);
        let control = control::assemble(&ground, &windows, desk, tester, demo, stop);
        let settings = ground.in_force.settings.load_full();
        let relieved = door.open(&gateway, control, &settings.server, bare, &mut stages)?;
        let Ground { store, snapshots, lead, .. } = ground;
        Ok(Self { addr, store, snapshots, windows, sim, reloader, relieved, lead, stages, exporter })
    }

    /// The address a person opens.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", loopback(self.addr))
    }

    /// Returns once another process has taken the port over; it is time to [`App::stop`].
    pub async fn relieved(&self) {
        self.relieved.cancelled().await;
    }

    /// Drains, stores what is left, and stops. One that is relieved first lets its kept connections go.
    pub async fn stop(self) {
        self.stages.stop(self.relieved.is_cancelled()).await;
        self.lead.leave();
        if let Some(exporter) = self.exporter {
            // The exporter's client blocks; it has its own threads.
            drop(tokio::task::spawn_blocking(move || exporter.shutdown()).await);
        }
        self.store.close().await;
    }
}

/// Names the process's TLS implementation, for libraries that look it up.
pub fn install_crypto() {
    // A second call finds it installed, which is as good.
    drop(rustls::crypto::ring::default_provider().install_default());
}

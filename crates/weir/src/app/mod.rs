//! The process: what is started, in which order, and how it stops.
//!
//! Start: store, queue, policies and datasets, recorder, first snapshot, then the listener: when the port answers,
//! everything behind it works. Stop: the listener first, so that requests in flight finish, and with it all that asks
//! questions through it; then the writer, so that they are stored; then the reconcilers.

mod builtin;
mod discovery;
mod feedback;
mod handover;
mod opening;
mod pressure;
mod reload;
mod resolve;
mod tester;
mod trial;

use std::{
    net::{SocketAddr, TcpListener as StdListener},
    path::PathBuf,
    sync::Arc,
};

use anyhow::{Context, bail, ensure};
use arc_swap::ArcSwap;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};
use tokio_util::sync::CancellationToken;
use weir_api::{ApiState, DemoControl};
use weir_config::{ConfigProblem, Settings};
use weir_core::{Clock, Entropy, SpanId, clock::SystemClock, sink::SpanSink};
use weir_gateway::{Ending, IngressConfig, Limits, Parts, State};
use weir_jobs::{
    Anchors, Backfiller, Bells, Bench, Canaries, CanariesParts, Desk, Lead, Mirrors, OpenaiRuns, OutputTokens, Pacer,
    Planner, Prober, ProberParts, Publisher, PublisherParts, Rates, Recent, Recorder, References, Runner, Scoring,
    Turns, Writer, WriterParts,
};
use weir_optimizer::windows::Windows;
use weir_providers::transport::{Credential, Env, Policy, Transport, Vault};
use weir_router::{Live, SnapshotCell};
use weir_sim::SimHandle;
use weir_store::{Steps, Store};
use weir_telemetry::{metrics::Metrics, otlp::Exporter};

use crate::entropy::OsEntropy;

use discovery::Discovery;
use handover::Offer;

pub use handover::Inherited;
pub use reload::Reloader;

/// Largest spool on disk.
const SPOOL_BYTES: u64 = 1 << 30;

/// How a process is started.
#[derive(Default)]
pub struct Options {
    /// Seed of the built-in provider; 0 unless a run is to be varied.
    pub sim_seed: u64,
    /// Metrics, when the process installed them.
    pub metrics: Option<Metrics>,
    /// The collector, when one is configured.
    pub exporter: Option<Arc<Exporter>>,
    /// Folder that files named in the configuration are relative to.
    pub base: PathBuf,
    /// The time; the machine's unless a story moves it by hand.
    pub clock: Option<Arc<dyn Clock>>,
    /// Plays the demo when the dashboard asks.
    pub demo: Option<Arc<dyn DemoControl>>,
    /// The port of the weir that this one takes over from.
    pub inherited: Option<Inherited>,
    /// Told of each step of a canary's change; `None` outside tests of crashes.
    pub steps: Option<Steps>,
    /// Answers and does nothing by itself: no scoring, probing or planning, and no port to hand over.
    pub bare: bool,
}

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
    front: Stage,
    /// What asks through this process's own door.
    askers: Stage,
    writer: Stage,
    back: Stage,
    exporter: Option<Arc<Exporter>>,
}

/// Tasks that stop together.
struct Stage {
    stop: CancellationToken,
    tasks: Vec<JoinHandle<()>>,
    /// Takes no task up.
    idle: bool,
}

impl Stage {
    fn new() -> Self {
        Self { stop: CancellationToken::new(), tasks: Vec::new(), idle: false }
    }
    fn spawn(&mut self, task: impl Future<Output = ()> + Send + 'static) {
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

impl App {
    /// Starts everything and returns once the port answers.
    ///
    /// # Errors
    /// When the store, the spool or the port cannot be had, a scorer does not compile, or a dataset cannot be read.
    pub async fn start(mut settings: Settings, options: Options) -> anyhow::Result<Self> {
        let clock = options.clock.unwrap_or_else(|| Arc::new(SystemClock::default()));
        let entropy: Arc<dyn Entropy> = Arc::new(OsEntropy);
        let listener = listen(settings.server.bind, options.inherited.as_ref())?;
        let addr = listener.local_addr()?;
        let data_dir = settings.server.data_dir.clone();
        let sim = start_sim(&settings, options.sim_seed).await?;
        resolve::fill(&mut settings, sim.as_ref().map(SimHandle::base_url).as_deref());
        let env: Env = Arc::new(|name| std::env::var(name).ok());
        let vault = Vault::new(env, Arc::clone(&clock))?;
        let targets = resolve::targets(&settings, &|source| vault.credential(source))?;
        let scoring = Arc::new(ArcSwap::from_pointee(compile(&settings, &options.base)?));
        let limits = weir_store::Options { steps: options.steps, ..weir_store::Options::default() };
        let tokens = Arc::new(OutputTokens::default());
        let store = opening::open(&settings, &clock, &limits, &tokens, options.inherited.is_some()).await?;
        let (recorder, tail) = Recorder::open(&data_dir.join("spool"), SPOOL_BYTES)
            .with_context(|| format!("cannot use the spool in {}", data_dir.display()))?;

        let transport =
            Arc::new(Transport::new(Policy { allow_private: settings.egress.allow_private, ..Policy::default() })?);
        let (snapshots, live) = (Arc::new(SnapshotCell::default()), Arc::new(Live::default()));
        let feedback = Arc::new(feedback::key(&data_dir, &*entropy)?);
        let drawn = || SpanId::draw(&*entropy).to_string().into();
        let token: Arc<str> = options.inherited.as_ref().map_or_else(drawn, |elder| Arc::clone(&elder.token));
        let lead = Arc::new(Lead::open(&data_dir)?);
        let [mut front, mut askers, mut writer, mut back] = [(); 4].map(|()| Stage::new());
        askers.idle = options.bare;
        back.idle = options.bare;
        let server = settings.server.clone();
        let (keyring, presets) = (settings.keys.clone(), settings.presets.clone());
        let settings = Arc::new(ArcSwap::from_pointee(settings));

        let probed = Arc::clone(&settings);
        let anchored = Arc::clone(&settings);
        let mirrors = Arc::new(ArcSwap::from_pointee(Mirrors::of(&settings.load())));
        let (windows_sender, windows) = watch::channel(Arc::default());
        let (reloads_sender, reloads) = watch::channel(0);
        let publisher = Publisher::start(PublisherParts {
            store: store.clone(),
            settings: Arc::clone(&settings),
            reloads,
            cell: Arc::clone(&snapshots),
            live: Arc::clone(&live),
            tokens: Arc::clone(&tokens),
            clock: Arc::clone(&clock),
            windows: windows_sender,
        })
        .await?;
        let metrics = options.metrics;
        let configured = Arc::clone(&settings);
        let gateway = State::new(Parts {
            clock: Arc::clone(&clock),
            entropy: Arc::clone(&entropy),
            sink: Arc::clone(&recorder) as Arc<dyn SpanSink>,
            store: store.clone(),
            snapshots: Arc::clone(&snapshots),
            live: Arc::clone(&live),
            transport: Arc::clone(&transport),
            keyring,
            targets,
            presets,
            limits: Limits { body_bytes: server.max_body_bytes, ..Limits::default() },
            metrics: Box::new(move || metrics.as_ref().map(Metrics::render).unwrap_or_default()),
            internal_token: Arc::clone(&token),
            feedback: Arc::clone(&feedback),
            shutdown: front.stop.clone(),
        });
        let reloader = Arc::new(Reloader {
            settings,
            scoring: Arc::clone(&scoring),
            mirrors: Arc::clone(&mirrors),
            gateway: Arc::clone(&gateway),
            store: store.clone(),
            clock: Arc::clone(&clock),
            reloads: reloads_sender,
            sim_url: sim.as_ref().map(SimHandle::base_url),
            base: options.base,
            vault,
            found: ArcSwap::default(),
            turn: tokio::sync::Mutex::default(),
        });
        let discovery = Discovery {
            settings: Arc::clone(&probed),
            transport: Arc::clone(&transport),
            reloader: Arc::clone(&reloader),
            reloads: reloader.reloads.subscribe(),
        };

        let recent = Arc::new(Recent::default());
        let bells = Bells::default();
        let rates = Arc::new(ArcSwap::from_pointee(Rates::default()));
        let turns = Arc::new(Turns::default());
        let writer_parts = WriterParts {
            store: store.clone(),
            scoring: Arc::clone(&scoring),
            rates: Arc::clone(&rates),
            turns: Arc::clone(&turns),
            clock: Arc::clone(&clock),
            mirrors: Arc::clone(&mirrors),
            recent: Arc::clone(&recent),
            bells: bells.clone(),
            tokens,
            exporter: options.exporter.clone(),
        };
        writer.spawn(Writer::new(tail, writer_parts).run(writer.stop.clone()));
        let own = format!("http://{}/v1", loopback(addr));
        let tester = tester::Tester::new(&own, &token, Arc::clone(&transport), Arc::clone(&clock))?;
        let bench = Arc::new(Bench::new(&own, &token)?);
        let prober = Prober::new(ProberParts {
            store: store.clone(),
            settings: Arc::clone(&probed),
            cell: Arc::clone(&snapshots),
            bench: Arc::clone(&bench),
            lead: Arc::clone(&lead),
            transport: Arc::clone(&transport),
            clock: Arc::clone(&clock),
        });
        let pacer = Pacer {
            store: store.clone(),
            scoring: Arc::clone(&scoring),
            rates,
            cell: Arc::clone(&snapshots),
            clock: Arc::clone(&clock),
        };
        back.spawn(pacer.run(back.stop.clone()));
        let backfiller = Backfiller {
            store: store.clone(),
            lead: Arc::clone(&lead),
            scoring: Arc::clone(&scoring),
            bells: bells.clone(),
        };
        back.spawn(backfiller.run(back.stop.clone()));
        let desk = Arc::new(Desk {
            store: store.clone(),
            scoring,
            recent,
            bells,
            turns,
            references: Arc::new(References::new(store.clone())),
            bench,
            transport,
            clock: Arc::clone(&clock),
            entropy: Arc::clone(&entropy),
            exporter: options.exporter.clone(),
        });
        let api = weir_api::router(ApiState {
            store: store.clone(),
            snapshot: Arc::clone(&snapshots),
            live: Arc::clone(&live),
            settings: Arc::clone(&probed),
            windows: windows.clone(),
            clock: Arc::clone(&clock),
            entropy: Arc::clone(&entropy),
            sink: Arc::clone(&recorder) as Arc<dyn SpanSink>,
            feedback,
            demo: options.demo,
            tester: Arc::new(tester),
            trial: Arc::new(trial::Trials::new(Arc::clone(&desk))),
            stop: front.stop.clone(),
        });
        let worker_id = format!("{:08x}", entropy.next_u64() >> 32);
        askers.spawn(Anchors::new(Arc::clone(&desk), anchored, Arc::clone(&lead)).run(askers.stop.clone()));
        askers.spawn(OpenaiRuns::new(Arc::clone(&desk), Arc::clone(&lead)).run(askers.stop.clone()));
        askers.spawn(Runner::new(Arc::clone(&desk), worker_id.clone()).run(askers.stop.clone()));
        askers.spawn(weir_jobs::run_workers(desk, worker_id, askers.stop.clone()));
        askers.spawn(prober.run(askers.stop.clone()));
        let planner = Planner {
            store: store.clone(),
            lead: Arc::clone(&lead),
            settings: Arc::clone(&probed),
            cell: Arc::clone(&snapshots),
            windows: windows.clone(),
            clock: Arc::clone(&clock),
            entropy: Arc::clone(&entropy),
        };
        back.spawn(planner.run(back.stop.clone()));
        back.spawn(publisher.run(back.stop.clone()));
        let canaries = CanariesParts {
            store: store.clone(),
            live,
            cell: Arc::clone(&snapshots),
            settings: configured,
            mirrors,
            clock,
            recorder: Arc::clone(&recorder),
        };
        back.spawn(Canaries::new(canaries).run(back.stop.clone()));
        if let Some(limit) = server.max_memory_bytes.or_else(pressure::limit) {
            let pressed = Arc::clone(&gateway);
            back.spawn(pressure::watch(limit, move |short| pressed.set_pressed(short), back.stop.clone()));
        }
        back.spawn(discovery.run(back.stop.clone()));
        gateway.set_ready(true);
        let ingress = IngressConfig {
            max_connections: server.max_connections,
            drain_ms: server.drain_ms,
            ..IngressConfig::default()
        };
        let router = weir_gateway::router(&gateway).merge(api);
        let relieved = CancellationToken::new();
        if !options.bare {
            match Offer::new(&data_dir, listener.try_clone()?, token) {
                Ok(offer) => back.spawn(offer.run(relieved.clone(), front.stop.clone())),
                Err(error) => tracing::warn!(%error, "the next weir cannot take over from this one without a gap"),
            }
        }
        let ending = Ending { stop: front.stop.clone(), relieved: relieved.clone() };
        front.spawn(weir_gateway::serve(TcpListener::from_std(listener)?, router, ingress, ending));
        options.inherited.map_or(Ok(()), Inherited::serves)?;
        let exporter = options.exporter;
        Ok(Self {
            addr,
            store,
            snapshots,
            windows,
            sim,
            reloader,
            relieved,
            lead,
            front,
            askers,
            writer,
            back,
            exporter,
        })
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
        let relieved = self.relieved.is_cancelled();
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
        self.lead.leave();
        if let Some(exporter) = self.exporter {
            // The exporter's client blocks; it has its own threads.
            drop(tokio::task::spawn_blocking(move || exporter.shutdown()).await);
        }
        self.store.close().await;
    }
}

/// The elder's socket, or one of its own.
fn listen(bind: SocketAddr, inherited: Option<&Inherited>) -> anyhow::Result<StdListener> {
    let listener = match inherited {
        Some(elder) => {
            let held = elder.listener.local_addr()?;
            let same = bind.ip() == held.ip() && (bind.port() == held.port() || bind.port() == 0);
            ensure!(same, "the running weir listens on {held}, [server] bind is {bind}: stop it first");
            elder.listener.try_clone()?
        }
        None => StdListener::bind(bind).with_context(|| {
            format!(
                "cannot listen on {bind}; is another weir running? take over from it with `weir serve --takeover`, or \
                 set [server] bind"
            )
        })?,
    };
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// The address to dial a listener that may be bound to every interface.
pub(crate) fn loopback(addr: SocketAddr) -> SocketAddr {
    let mut dial = addr;
    if addr.ip().is_unspecified() {
        dial.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
    }
    dial
}

async fn start_sim(settings: &Settings, seed: u64) -> anyhow::Result<Option<SimHandle>> {
    if !settings.deployments.values().any(weir_config::DeploymentSetting::is_built_in) {
        return Ok(None);
    }
    Ok(Some(builtin::sim(seed).build().serve().await.context("the built-in provider cannot listen")?))
}

/// Compiles the scorers; every problem with its place in the file.
fn compile(settings: &Settings, base: &std::path::Path) -> anyhow::Result<Scoring> {
    let read = |name: &str| {
        let bytes = std::fs::read(base.join(name)).map_err(|error| error.to_string())?;
        match name.ends_with(".wasm") {
            true => Ok(BASE64_STANDARD.encode(bytes)),
            false => String::from_utf8(bytes).map_err(|_| "not UTF-8".to_owned()),
        }
    };
    match Scoring::compile(settings, &read) {
        Ok(scoring) => Ok(scoring),
        Err(problems) => bail!(problems.iter().map(ConfigProblem::to_string).collect::<Vec<_>>().join("\n")),
    }
}

/// What a start would find wrong beyond the file itself: scorers that do not compile, targets that cannot be used.
///
/// # Errors
/// Every problem, with its place in the file.
pub fn check(settings: &Settings, base: &std::path::Path) -> anyhow::Result<()> {
    let mut settings = settings.clone();
    // Any address does: nothing is dialled.
    resolve::fill(&mut settings, Some("http://127.0.0.1:9/v1"));
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    resolve::targets(&settings, &|source| Credential::idle(source.clone(), Arc::clone(&clock)))?;
    compile(&settings, base).map(drop)
}

/// Names the process's TLS implementation, for libraries that look it up.
pub fn install_crypto() {
    // A second call finds it installed, which is as good.
    drop(rustls::crypto::ring::default_provider().install_default());
}

//! What the request path reads. Built once by the binary; what a reload may change sits behind atomic pointers, so a
//! request in flight keeps what it started with and the next one sees the new.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

use arc_swap::ArcSwap;
use indexmap::IndexMap;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use weir_config::{FeedbackKey, Keyring};
use weir_core::{Clock, DeploymentId, Entropy, Problem, Timestamp, error, sink::SpanSink};
use weir_providers::transport::Transport;
use weir_router::{Live, SnapshotCell};
use weir_store::{Keep, Store};

use crate::{budget::KeyBudgets, endpoint::Endpoint, named::Presets};

/// Endpoints with their credentials, by deployment.
pub type Targets = IndexMap<DeploymentId, Arc<Endpoint>>;

/// What a gateway is made of.
pub struct Parts {
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Ids, draws and jitter. Must be seeded unguessably in production: span ids come from it.
    pub entropy: Arc<dyn Entropy>,
    /// Where finished requests go.
    pub sink: Arc<dyn SpanSink>,
    /// Where responses are kept that callers go on from.
    pub store: Store,
    /// What the router reads.
    pub snapshots: Arc<SnapshotCell>,
    /// Live health of deployments; must track every deployment of the snapshot.
    pub live: Arc<Live>,
    /// The one door to providers.
    pub transport: Arc<Transport>,
    /// Who may call.
    pub keyring: Keyring,
    /// Where deployments are reached.
    pub targets: Targets,
    /// What one call may be routed by instead.
    pub presets: Presets,
    /// Bounds.
    pub limits: Limits,
    /// Renders `/metrics`.
    pub metrics: Box<dyn Fn() -> String + Send + Sync>,
    /// The process token: a request that carries it comes from weir itself.
    pub internal_token: Arc<str>,
    /// Makes the tokens by which end users grade their answers.
    pub feedback: Arc<FeedbackKey>,
    /// Cancelled when shutdown begins; `/readyz` says so.
    pub shutdown: CancellationToken,
}

impl fmt::Debug for Parts {
    /// Shows nothing: the parts hold secrets and trait objects.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parts").finish_non_exhaustive()
    }
}

/// Bounds of the request path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Largest request body, in bytes.
    pub body_bytes: usize,
    /// Longest pause within a request body, in milliseconds.
    pub body_idle_ms: u64,
    /// Largest body a provider may answer with, in bytes.
    pub answer_bytes: usize,
    /// What is kept of a request and of its answer for scoring, in bytes each.
    pub capture_bytes: usize,
    /// Requests at once; further ones are refused with 503.
    pub concurrent_requests: usize,
    /// How long responses are stored, and how much of one key's.
    pub responses: Keep,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 20_000_000,
            body_idle_ms: 30_000,
            answer_bytes: 32 * 1024 * 1024,
            capture_bytes: 256 * 1024,
            concurrent_requests: 10_000,
            responses: Keep::default(),
        }
    }
}

/// What the request path reads.
pub struct State {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) sink: Arc<dyn SpanSink>,
    pub(crate) store: Store,
    pub(crate) snapshots: Arc<SnapshotCell>,
    pub(crate) live: Arc<Live>,
    pub(crate) transport: Arc<Transport>,
    pub(crate) keyring: ArcSwap<Keyring>,
    pub(crate) targets: ArcSwap<Targets>,
    pub(crate) presets: ArcSwap<Presets>,
    pub(crate) limits: Limits,
    pub(crate) metrics: Box<dyn Fn() -> String + Send + Sync>,
    pub(crate) internal_token: Arc<str>,
    pub(crate) feedback: Arc<FeedbackKey>,
    pub(crate) budgets: KeyBudgets,
    /// When this process began.
    pub(crate) since: Timestamp,
    shutdown: CancellationToken,
    ready: AtomicBool,
    pressed: AtomicBool,
    slots: Arc<Semaphore>,
}

impl fmt::Debug for State {
    /// Shows nothing of keys and tokens.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State").field("limits", &self.limits).finish_non_exhaustive()
    }
}

/// A place among the concurrent requests, freed when dropped.
pub(crate) type Slot = OwnedSemaphorePermit;

impl State {
    /// A gateway that is not ready yet: call [`State::set_ready`] once the first snapshot is published.
    #[must_use]
    pub fn new(parts: Parts) -> Arc<Self> {
        Arc::new(Self {
            since: parts.clock.now(),
            clock: parts.clock,
            entropy: parts.entropy,
            sink: parts.sink,
            store: parts.store,
            snapshots: parts.snapshots,
            live: parts.live,
            transport: parts.transport,
            keyring: ArcSwap::from_pointee(parts.keyring),
            targets: ArcSwap::from_pointee(parts.targets),
            presets: ArcSwap::from_pointee(parts.presets),
            metrics: parts.metrics,
            internal_token: parts.internal_token,
            feedback: parts.feedback,
            budgets: KeyBudgets::default(),
            shutdown: parts.shutdown,
            ready: AtomicBool::new(false),
            pressed: AtomicBool::new(false),
            slots: Arc::new(Semaphore::new(parts.limits.concurrent_requests)),
            limits: parts.limits,
        })
    }

    /// Replaces keys, endpoints and presets after a reload. Requests in flight keep theirs.
    pub fn reload(&self, keyring: Keyring, targets: Targets, presets: Presets) {
        self.presets.store(Arc::new(presets));
        self.keyring.store(Arc::new(keyring));
        self.targets.store(Arc::new(targets));
    }

    /// Tells `/readyz` whether this process can serve.
    pub fn set_ready(&self, ready: bool) {
        self.ready.store(ready, Relaxed);
    }

    /// Memory is short, or no longer: while it is, new requests are refused and those in flight finish.
    pub fn set_pressed(&self, pressed: bool) {
        self.pressed.store(pressed, Relaxed);
    }

    /// True when it can serve and shutdown has not begun.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.ready.load(Relaxed) && !self.shutdown.is_cancelled()
    }

    /// A place among the concurrent requests.
    ///
    /// # Errors
    /// W0501 when all are taken, or memory is short: refusing at once keeps those that were admitted fast.
    pub(crate) fn slot(&self) -> Result<Slot, Problem> {
        if self.pressed.load(Relaxed) {
            return Err(Problem::new(&error::OVERLOADED, "memory is short"));
        }
        Arc::clone(&self.slots).try_acquire_owned().map_err(|_| {
            let most = self.limits.concurrent_requests;
            Problem::new(&error::OVERLOADED, format!("{most} requests are in flight already"))
        })
    }
}

//! What the control plane needs, handed over once by the binary.

use std::{ops::Deref, sync::Arc};

use arc_swap::ArcSwap;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use weir_config::Settings;
use weir_core::{Clock, Entropy};
use weir_optimizer::windows::Windows;
use weir_router::{Live, SnapshotCell};
use weir_store::Store;

use crate::{evidence::Looks, throttle::Throttle};

/// Plays the demo against the built-in providers.
pub trait DemoControl: Send + Sync {
    /// Starts it; false when it is already running. Must not block.
    fn play(&self) -> bool;
}

/// What the control plane reads and writes.
pub struct ApiState {
    /// Spans, scores, datasets, policies, canaries, jobs.
    pub store: Store,
    /// What the router reads now.
    pub snapshot: Arc<SnapshotCell>,
    /// Live health of the deployments.
    pub live: Arc<Live>,
    /// The configuration, replaced whole on reload.
    pub settings: Arc<ArcSwap<Settings>>,
    /// The newest quality windows, published by the windows reconciler.
    pub windows: watch::Receiver<Arc<Windows>>,
    /// Wall time.
    pub clock: Arc<dyn Clock>,
    /// For ids and salts.
    pub entropy: Arc<dyn Entropy>,
    /// Present when the built-in providers are.
    pub demo: Option<Arc<dyn DemoControl>>,
    /// Cancelled at shutdown: event streams end, so that draining does not wait for them.
    pub stop: CancellationToken,
}

/// The state with what handlers keep between requests.
pub(crate) struct Shared {
    state: ApiState,
    pub(crate) looks: Looks,
    pub(crate) posted: Throttle,
}

impl Shared {
    pub(crate) fn new(state: ApiState) -> Self {
        Self { state, looks: Looks::default(), posted: Throttle::default() }
    }
}

impl Deref for Shared {
    type Target = ApiState;
    fn deref(&self) -> &ApiState {
        &self.state
    }
}

/// The state as handlers share it.
pub(crate) type App = Arc<Shared>;

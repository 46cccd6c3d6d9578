//! What a start may be given beside its configuration.

use std::{path::PathBuf, sync::Arc};

use weir_api::DemoControl;
use weir_core::Clock;
use weir_store::Steps;
use weir_telemetry::{metrics::Metrics, otlp::Exporter};

use super::Inherited;

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

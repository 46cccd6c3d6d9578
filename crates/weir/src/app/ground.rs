//! What all the rest stands on: the clock, what lies in the data folder, the way out, and what the router reads.

use std::sync::Arc;

use anyhow::Context;
use weir_config::FeedbackKey;
use weir_core::{Clock, Entropy};
use weir_jobs::{Lead, OutputTokens, Recorder, Tail};
use weir_providers::transport::{Policy, Transport};
use weir_router::{Live, SnapshotCell};
use weir_store::{Options, Steps, Store};

use super::{feedback, opening, reload::InForce};

/// Largest spool on disk.
const SPOOL_BYTES: u64 = 1 << 30;

/// What several parts of the process share. What only one of them needs is handed to that one.
pub(super) struct Ground {
    pub(super) clock: Arc<dyn Clock>,
    pub(super) entropy: Arc<dyn Entropy>,
    /// What a reload swaps.
    pub(super) in_force: InForce,
    pub(super) store: Store,
    pub(super) recorder: Arc<Recorder>,
    /// Whether this process leads those on the same data.
    pub(super) lead: Arc<Lead>,
    /// Makes and checks the tokens of end users.
    pub(super) feedback: Arc<FeedbackKey>,
    /// The one door out.
    pub(super) transport: Arc<Transport>,
    /// What the router reads.
    pub(super) snapshots: Arc<SnapshotCell>,
    /// Live health of deployments.
    pub(super) live: Arc<Live>,
    /// Mean completion tokens.
    pub(super) tokens: Arc<OutputTokens>,
}

impl Ground {
    /// Opens the store, with policies and datasets in it, and the recorder, whose other end is the writer's. `shared`
    /// while another process works on the same data.
    ///
    /// # Errors
    /// When the data folder cannot be used, or a dataset cannot be read.
    pub(super) async fn lay(
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        in_force: InForce,
        steps: Option<Steps>,
        shared: bool,
    ) -> anyhow::Result<(Self, Tail)> {
        let settings = in_force.settings.load_full();
        let data_dir = &settings.server.data_dir;
        let tokens = Arc::new(OutputTokens::default());
        let options = Options { steps, ..Options::default() };
        let store = opening::open(&settings, &clock, &options, &tokens, shared).await?;
        let (recorder, tail) = Recorder::open(&data_dir.join("spool"), SPOOL_BYTES)
            .with_context(|| format!("cannot use the spool in {}", data_dir.display()))?;
        let policy = Policy { allow_private: settings.egress.allow_private, ..Policy::default() };
        let ground = Self {
            transport: Arc::new(Transport::new(policy)?),
            feedback: Arc::new(feedback::key(data_dir, &*entropy)?),
            lead: Arc::new(Lead::open(data_dir)?),
            clock,
            entropy,
            in_force,
            store,
            recorder,
            snapshots: Arc::default(),
            live: Arc::default(),
            tokens,
        };
        Ok((ground, tail))
    }
}

//! What the control plane needs, handed over once by the binary.

use std::{ops::Deref, sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use futures::future::BoxFuture;
use serde_json::Value;
use tokio::sync::{Mutex, watch};
use tokio_util::sync::CancellationToken;
use weir_config::{FeedbackKey, Settings};
use weir_core::{Clock, DeploymentId, Entropy, NanoUsd, sink::SpanSink, span::Record};
use weir_evals::{
    Outcome, Scorer,
    openai::{Grader, Ran},
};
use weir_optimizer::windows::Windows;
use weir_router::{Live, SnapshotCell};
use weir_store::Store;

use crate::{
    budget::Spent,
    evidence::Looks,
    idempotent::Orders,
    minutely::Minutely,
    overview::{Moved, RANGES},
    throttle::Throttle,
};

/// Plays the demo against the built-in providers.
pub trait DemoControl: Send + Sync {
    /// Starts it; false when it is already running. Must not block.
    fn play(&self) -> bool;
}

/// Asks a deployment one short question, as a live test of its key.
pub trait DeploymentTest: Send + Sync {
    /// Asks through the gateway, which prices and records it; a failure is an answer too.
    fn test(&self, deployment: &DeploymentId) -> BoxFuture<'static, Tested>;
}

/// What a test of a deployment found.
#[derive(Debug, Clone, PartialEq)]
pub struct Tested {
    /// HTTP status of the gateway's answer; `None` when it gave none.
    pub status: Option<u16>,
    /// The answer's text, or what went wrong.
    pub text: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// From sending to the last byte.
    pub took: Duration,
    /// Dollars, when the price is known.
    pub cost_usd: Option<f64>,
    /// The request as recorded, hexadecimal.
    pub span_id: Option<String>,
}

/// Grades recorded answers by a definition that is not configured.
pub trait ScorerTrial: Send + Sync {
    /// Grades these answers, in their order, and stores nothing. A scorer that could not be asked is an outcome too.
    ///
    /// The future fails where the store cannot tell what is known of the right answers.
    fn grade(&self, scorer: Scorer, records: Vec<Record>) -> BoxFuture<'static, Result<Vec<Tried>, weir_store::Error>>;
}

/// What a definition says of one answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Tried {
    /// The grade, or why there is none.
    pub outcome: Outcome,
    /// What asking cost.
    pub cost: NanoUsd,
    /// From the first question to the last reply.
    pub took: Duration,
}

/// Runs graders of OpenAI's Evals.
pub trait GraderRun: Send + Sync {
    /// Grades one sample on behalf of the key of this name: its scope and its budget bind what is asked.
    fn run(&self, key: Arc<str>, grader: Grader, item: Value, sample: Value) -> BoxFuture<'static, Ran>;
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
    /// Where spans of other programs go.
    pub sink: Arc<dyn SpanSink>,
    /// Checks tokens of end users.
    pub feedback: Arc<FeedbackKey>,
    /// Present when the built-in providers are.
    pub demo: Option<Arc<dyn DemoControl>>,
    /// Asks deployments when somebody tests one.
    pub tester: Arc<dyn DeploymentTest>,
    /// Tries definitions of scorers.
    pub trial: Arc<dyn ScorerTrial>,
    /// Runs graders of other products.
    pub graders: Arc<dyn GraderRun>,
    /// Cancelled at shutdown: event streams end, so that draining does not wait for them.
    pub stop: CancellationToken,
}

/// The state with what handlers keep between requests.
pub(crate) struct Shared {
    state: ApiState,
    pub(crate) looks: Looks,
    pub(crate) posted: Throttle,
    /// Held while a deployment is tested: one at a time.
    pub(crate) testing: Mutex<()>,
    /// Held while a definition is tried: one at a time.
    pub(crate) trying: Mutex<()>,
    /// Orders that came with a key.
    pub(crate) orders: Orders,
    /// What keys have spent in their day.
    pub(crate) spent: Minutely<Spent>,
    /// How the front page's figures have moved since the day before.
    pub(crate) change: [Minutely<Moved>; RANGES.len()],
}

impl Shared {
    pub(crate) fn new(state: ApiState) -> Self {
        Self {
            state,
            looks: Looks::default(),
            posted: Throttle::default(),
            testing: Mutex::default(),
            trying: Mutex::default(),
            orders: Orders::default(),
            spent: Minutely::default(),
            change: Default::default(),
        }
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

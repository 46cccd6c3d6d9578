//! A gateway on a free port in front of a simulator, and a sink that remembers.

use std::{
    net::SocketAddr,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use http::Method;
use indexmap::IndexMap;
use serde_json::Value;
use tempfile::TempDir;
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};
use tokio_util::sync::CancellationToken;
use weir_config::Keyring;
use weir_core::{
    Clock, DeploymentId, Entropy, NanoUsd, RevisionId, Timestamp, WorkloadId,
    clock::SystemClock,
    deployment::{Capabilities, Deployment, Dialect, Price},
    entropy::Seeded,
    policy::{Author, ChainRules, Policy, Stage},
    sink::SpanSink,
    snapshot::{CanarySlot, CandidateView, Snapshot, WorkloadView},
    span::Record,
    workload::{Deadlines, Strictness, Workload},
};
use weir_gateway::{Ending, Endpoint, IngressConfig, Limits, Parts, State, Targets};
use weir_providers::transport::{self, Target, Transport};
use weir_router::{Live, SnapshotCell};
use weir_sim::{Control, Sim, SimHandle, SimModel};
use weir_store::Store;

use crate::client::{self, Reply};

/// What the deployments present to the simulator.
pub(crate) const PROVIDER_KEY: &str = "provider-key-0123456789";
/// The process token of the rig.
pub(crate) const TOKEN: &str = "process-token";

/// Remembers every record, and lets a test wait for the next one.
pub(crate) struct MemorySink {
    records: Mutex<Vec<Record>>,
    count: watch::Sender<usize>,
}

impl Default for MemorySink {
    fn default() -> Self {
        Self { records: Mutex::default(), count: watch::Sender::new(0) }
    }
}

impl SpanSink for MemorySink {
    fn record(&self, record: Record) {
        self.records.lock().expect("records").push(record);
        self.count.send_modify(|count| *count += 1);
    }
}

impl MemorySink {
    pub(crate) fn len(&self) -> usize {
        *self.count.borrow()
    }
    /// The only record there is.
    pub(crate) fn only(&self) -> Record {
        let records = self.records.lock().expect("records");
        assert_eq!(records.len(), 1, "exactly one record is wanted");
        records[0].clone()
    }
    /// All records, once there are `count`.
    pub(crate) async fn wait(&self, count: usize) -> Vec<Record> {
        let mut seen = self.count.subscribe();
        tokio::time::timeout(Duration::from_secs(10), seen.wait_for(|seen| *seen >= count))
            .await
            .unwrap_or_else(|_| panic!("{count} records within 10 s, found {}", self.len()))
            .expect("the sink lives");
        self.records.lock().expect("records").clone()
    }
}

/// A seeded stream that may be made to break.
struct Words {
    words: Seeded,
    left: AtomicI64,
}

impl Entropy for Words {
    fn next_u64(&self) -> u64 {
        assert!(self.left.fetch_sub(1, Ordering::SeqCst) != 0, "a defect");
        self.words.next_u64()
    }
}

/// The machine's clock, whose wall may be set to another time.
#[derive(Debug, Default)]
pub(crate) struct Wall {
    system: SystemClock,
    ahead_us: AtomicI64,
}

impl Wall {
    /// So many seconds ahead of the machine's; behind it when negative.
    pub(crate) fn set_ahead(&self, seconds: i64) {
        self.ahead_us.store(seconds * 1_000_000, Ordering::SeqCst);
    }
}

impl Clock for Wall {
    fn now(&self) -> Timestamp {
        Timestamp(self.system.now().0 + self.ahead_us.load(Ordering::SeqCst))
    }
    fn elapsed(&self) -> Duration {
        self.system.elapsed()
    }
}

/// How the rig differs from the plain one.
#[derive(Default)]
pub(crate) struct Setup {
    /// `[keys]` of a configuration; empty is open.
    pub(crate) keys: &'static str,
    pub(crate) limits: Limits,
    pub(crate) deadlines: Deadlines,
    pub(crate) strictness: Strictness,
    pub(crate) ingress: IngressConfig,
    /// A first candidate that nothing listens for.
    pub(crate) dead_first: bool,
    /// A first candidate at this address.
    pub(crate) raw_first: Option<SocketAddr>,
    /// Where deployments run, by name; nowhere in particular without.
    pub(crate) regions: &'static [(&'static str, &'static str)],
    /// `sim/large` has this many keys, and its provider takes none of them.
    pub(crate) refused_keys: usize,
    pub(crate) panicking_metrics: bool,
    /// This many words can be drawn before drawing panics.
    pub(crate) draws: Option<i64>,
    /// Half of all requests to `sim/small` as a canary, half to `sim/large` as its control.
    pub(crate) canary: bool,
    /// A stream that breaks off is gone on with at the next deployment.
    pub(crate) continue_streams: bool,
    /// What the store holds before it starts.
    pub(crate) before: Vec<Record>,
}

/// A running gateway. Candidates of `default` are `sim/large`, then `sim/small`; workload `maths` has the same; `others` has
/// `claude` and `gemini`, which speak Anthropic's and Gemini's dialects.
pub(crate) struct Rig {
    pub(crate) addr: SocketAddr,
    pub(crate) sink: Arc<MemorySink>,
    pub(crate) state: Arc<State>,
    pub(crate) live: Arc<Live>,
    pub(crate) sim: Control,
    pub(crate) wall: Arc<Wall>,
    pub(crate) shutdown: CancellationToken,
    /// Cancelled when another process has the port.
    pub(crate) relieved: CancellationToken,
    pub(crate) serving: JoinHandle<()>,
    _sim: SimHandle,
    _data: TempDir,
}

impl Rig {
    pub(crate) async fn start() -> Self {
        Self::with(Setup::default()).await
    }

    pub(crate) async fn with(setup: Setup) -> Self {
        let sim = Sim::builder()
            .seed(1)
            .require_key(PROVIDER_KEY)
            .keep_requests()
            .model(SimModel::new("large-1"))
            .model(SimModel::new("small-1"))
            .build()
            .serve()
            .await
            .expect("the simulator");
        let base_url = sim.base_url();
        let mut deployments = vec![
            deployment("sim/large", "sim", "large-1", &base_url),
            deployment("sim/small", "sim", "small-1", &base_url),
            speaking(Dialect::OpenaiResponses, "responses", "large-1", &base_url),
            speaking(Dialect::Anthropic, "claude", "large-1", &base_url),
            speaking(Dialect::Gemini, "gemini", "large-1", &base_url),
            speaking(Dialect::Mistral, "mistral", "large-1", &base_url),
            speaking(Dialect::Cohere, "cohere", "large-1", &base_url),
            speaking(Dialect::Bedrock, "bedrock", "large-1", &base_url),
            Arc::new(Deployment {
                id: "invoke".into(),
                ..(*elsewhere("bedrock", Dialect::Anthropic, &base_url, "bedrock")).clone()
            }),
            elsewhere("azure", Dialect::OpenaiChat, &base_url, "azure"),
            elsewhere("vertex", Dialect::Gemini, &base_url, "vertex/v1/projects/p/locations/l/publishers/google"),
        ];
        if setup.dead_first {
            // Port 1 of loopback: nothing listens there.
            deployments.insert(0, deployment("dead", "void", "none", "http://127.0.0.1:1/v1"));
        }
        if let Some(addr) = setup.raw_first {
            deployments.insert(0, deployment("raw", "raw", "raw-1", &format!("http://{addr}/v1")));
        }
        for (id, region) in setup.regions {
            let known = deployments.iter_mut().find(|deployment| deployment.id.as_str() == *id);
            Arc::make_mut(known.expect("a deployment")).capabilities.region = (*region).into();
        }
        let live = Arc::new(Live::default());
        live.track(deployments.iter().map(|deployment| &deployment.id));
        let snapshots = Arc::new(SnapshotCell::default());
        snapshots.publish(snapshot(&deployments, &setup));
        let sink = Arc::new(MemorySink::default());
        let shutdown = CancellationToken::new();
        let metrics = move || {
            assert!(!setup.panicking_metrics, "a defect");
            "weir_up 1\n".to_owned()
        };
        let data = tempfile::tempdir().expect("a folder");
        let wall = Arc::new(Wall::default());
        let store = Store::open(data.path(), Arc::clone(&wall) as Arc<dyn Clock>).await.expect("a store");
        let mut before = store.begin_spans().await.expect("a transaction");
        before.span_insert_many(&setup.before).await.expect("records");
        before.commit().await.expect("a commit");
        let state = State::new(Parts {
            clock: Arc::clone(&wall) as Arc<dyn Clock>,
            entropy: Arc::new(Words { words: Seeded::new(7), left: AtomicI64::new(setup.draws.unwrap_or(i64::MAX)) }),
            sink: Arc::clone(&sink) as Arc<dyn SpanSink>,
            store,
            snapshots,
            live: Arc::clone(&live),
            transport: Arc::new(Transport::new(transport::Policy::default()).expect("transport")),
            keyring: keyring(setup.keys),
            targets: targets(&deployments, setup.refused_keys),
            presets: weir_gateway::Presets::default(),
            limits: setup.limits,
            metrics: Box::new(metrics),
            internal_token: TOKEN.into(),
            feedback: Arc::new(weir_config::FeedbackKey::new([7; 32])),
            shutdown: shutdown.clone(),
        });
        state.set_ready(true);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let addr = listener.local_addr().expect("an address");
        let router = weir_gateway::router(&state);
        let relieved = CancellationToken::new();
        let ending = Ending { stop: shutdown.clone(), relieved: relieved.clone() };
        let serving = tokio::spawn(weir_gateway::serve(listener, router, setup.ingress, ending));
        Self {
            addr,
            sink,
            state,
            live,
            sim: sim.control.clone(),
            wall,
            shutdown,
            relieved,
            serving,
            _sim: sim,
            _data: data,
        }
    }

    pub(crate) async fn post(&self, body: &Value) -> Reply {
        self.post_with(&[], body.to_string()).await
    }

    pub(crate) async fn post_with(&self, headers: &[(&str, &str)], body: impl Into<bytes::Bytes>) -> Reply {
        client::send(self.addr, chat(headers, body)).await
    }

    pub(crate) async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Reply {
        client::send(self.addr, client::request(Method::GET, path, headers, "")).await
    }
}

/// A chat completion request.
pub(crate) fn chat(
    headers: &[(&str, &str)],
    body: impl Into<bytes::Bytes>,
) -> http::Request<http_body_util::Full<bytes::Bytes>> {
    client::request(Method::POST, "/v1/chat/completions", headers, body)
}

fn deployment(id: &str, provider: &str, model: &str, base_url: &str) -> Arc<Deployment> {
    Arc::new(Deployment {
        id: id.into(),
        provider: provider.into(),
        dialect: Dialect::OpenaiChat,
        base_url: base_url.into(),
        model: model.into(),
        capabilities: Capabilities::default(),
        price: Some(Price {
            version: "test".into(),
            input: NanoUsd::from_usd(1.0),
            cached_input: None,
            output: NanoUsd::from_usd(2.0),
            cache_write: None,
            reasoning: None,
            long: None,
            special: Default::default(),
        }),
    })
}

/// A service that hosts models of another, at this path of the simulator.
fn elsewhere(provider: &str, dialect: Dialect, base_url: &str, path: &str) -> Arc<Deployment> {
    let root = format!("{}/{path}", base_url.trim_end_matches("/v1"));
    let plain = deployment(provider, provider, "large-1", &root);
    Arc::new(Deployment { dialect, ..(*plain).clone() })
}

fn speaking(dialect: Dialect, id: &str, model: &str, base_url: &str) -> Arc<Deployment> {
    let plain = deployment(id, dialect.name(), model, &weir_sim::root(base_url, dialect));
    Arc::new(Deployment { dialect, ..(*plain).clone() })
}

fn targets(deployments: &[Arc<Deployment>], refused_keys: usize) -> Targets {
    let target = |deployment: &Arc<Deployment>| {
        let keys = if deployment.id.as_str() == "sim/large" && refused_keys > 0 {
            (0..refused_keys).map(|nth| format!("refused-{nth}")).collect()
        } else {
            vec![PROVIDER_KEY.to_owned()]
        };
        let targets = keys.into_iter().map(|key| Target::of(deployment, Some(key.into()), true).expect("a target"));
        (deployment.id.clone(), Arc::new(Endpoint::new(targets, None)))
    };
    deployments.iter().map(target).collect()
}

fn snapshot(deployments: &[Arc<Deployment>], setup: &Setup) -> Snapshot {
    let all: IndexMap<DeploymentId, _> =
        deployments.iter().map(|deployment| (deployment.id.clone(), Arc::clone(deployment))).collect();
    let view = |id: &str, dialects: &[Dialect]| {
        let id = WorkloadId::from(id);
        // Hosts of others' models are asked by name alone.
        let own = all.iter().filter(|(id, deployment)| {
            dialects.contains(&deployment.dialect) && !matches!(id.as_str(), "azure" | "vertex" | "invoke")
        });
        let own: IndexMap<DeploymentId, Arc<Deployment>> =
            own.map(|(id, deployment)| (id.clone(), Arc::clone(deployment))).collect();
        let workload = Workload {
            id: id.clone(),
            candidates: own.keys().cloned().collect(),
            floor: None,
            scorers: Vec::new(),
            quality: "quality".into(),
            sample: 1.0,
            half_life_s: 3_600.0,
            segments: Vec::new(),
            tenants: Vec::new(),
            guards: Vec::new(),
            optimize: Default::default(),
            deadlines: setup.deadlines,
            strictness: setup.strictness,
        };
        let continued = ChainRules { continue_streams: true, ..ChainRules::default() };
        let policy = Policy {
            revision: RevisionId::from("r-0001"),
            parent: None,
            workload: id.clone(),
            stages: match (setup.canary, setup.continue_streams) {
                (true, _) => vec![Stage::Filter, Stage::Canary],
                (false, true) => vec![Stage::Filter, Stage::Chain { rules: Arc::new(continued) }],
                (false, false) => vec![Stage::Filter],
            },
            admitted: own.keys().cloned().collect(),
            except: Vec::new(),
            author: Author::Config,
            reason: "the first".into(),
            at: Timestamp(0),
        };
        let candidates = own.values().enumerate().map(|(place, deployment)| CandidateView {
            suspect: false,
            deployment: Arc::clone(deployment),
            admitted: true,
            stable: place == 0,
            quality: None,
            output_tokens: None,
        });
        let canary = setup.canary.then(|| CanarySlot {
            id: "c-1".into(),
            candidate: "sim/small".into(),
            control: "sim/large".into(),
            share: 0.5,
            salt: 1,
            takes_over: false,
            except: Vec::new(),
            version: 1,
            lease_until: Duration::MAX,
        });
        let view = WorkloadView::new(Arc::new(workload), Arc::new(policy), candidates.collect(), canary);
        (id, Arc::new(view))
    };
    Snapshot {
        seq: 1,
        score_seq: 0,
        workloads: [
            view("default", &[Dialect::OpenaiChat]),
            view("maths", &[Dialect::OpenaiChat]),
            view("others", &[Dialect::Gemini, Dialect::Anthropic]),
        ]
        .into_iter()
        .collect(),
        deployments: all,
    }
}

fn keyring(keys: &str) -> Keyring {
    let env = |name: &str| match name {
        "DEV" => Some("dev-secret-0123456789".to_owned()),
        "OPS" => Some("ops-secret-0123456789".to_owned()),
        _ => None,
    };
    let settings = weir_config::parse(keys, Path::new("weir.toml"), &env);
    settings.unwrap_or_else(|invalid| panic!("{invalid:?}")).keys
}

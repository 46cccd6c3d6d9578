//! A control plane over a temporary store, and values to put into it.

use std::{collections::BTreeMap, path::Path, sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use axum::{
    Router,
    body::{Body, Bytes},
    http::{HeaderMap, Method, Request, StatusCode},
};
use futures::future::BoxFuture;
use http_body_util::BodyExt as _;
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;
use weir_api::{ApiState, DemoControl, DeploymentTest, GraderRun, ScorerTrial, Tested, Tried, router};
use weir_config::{FeedbackKey, Settings};
use weir_core::{
    Clock, DeploymentId, Grade, NanoUsd, SpanId, Timestamp, TraceId, Usage,
    clock::ManualClock,
    decision::{Arm, CandidateRecord, Decision, Exposure, Verdict as Fate},
    entropy::Seeded,
    route::Features,
    score::{Score, Source, Verdict},
    sink::SpanSink,
    snapshot::Quality,
    span::{Attempt, Origin, Outcome, Payload, Record, Span},
};
use weir_evals::{
    Exchange, Outcome as Graded, Scorer,
    openai::{Fault, Grader, Ran, Scope, Step},
};
use weir_optimizer::{
    revision,
    snapshot::{Inputs, OutputTokens, WorkloadInput, build},
    windows::Windows,
};
use weir_providers::dialect::text;
use weir_router::{Live, SnapshotCell};
use weir_store::{Options, Store};

/// 2026-11-21 00:00 UTC.
pub(crate) const START: Timestamp = Timestamp(1_795_219_200_000_000);

/// Admin key, caller key of tenant `dev`, caller key of tenant `other`.
pub(crate) const OPS: &str = "ops-secret-0123456789";
pub(crate) const DEV: &str = "dev-secret-0123456789";
pub(crate) const OTHER: &str = "other-secret-0123456789";

const WORKLOADS: &str = r#"
[workloads.maths]
candidates = ["sim/large", "sim/small"]
floor = 0.85
scorers = ["exact"]
[scorers.exact]
kind = "exact_match"
[scorers.tone]
kind = "judge"
prompt = "How kind is the answer?"
criteria = "Is the answer kind?"
model = "sim/large"
choices = { rude = 0.0, plain = 0.5, kind = 1.0 }
"#;
const KEYS: &str = r#"
[keys.ops]
secret = "env:OPS"
grant = "admin"
[keys.dev]
secret = "env:DEV"
grant = "caller"
[keys.other]
secret = "env:OTHER"
grant = "caller"
"#;

/// A hosted deployment with two keys, one of them the usual one; a caller and probes with budgets.
const HOSTED: &str = r#"
[workloads.maths]
candidates = ["sim/large", "sim/small", "groq/llama"]
floor = 0.85
scorers = ["exact"]
probes = { every = "1h", items = 1, max_usd_per_day = 2.0 }
[scorers.exact]
kind = "exact_match"
[deployments."groq/llama"]
provider = "groq"
model = "llama"
api_key = "env:GROQ_API_KEY"
more_api_keys = ["env:SPARE"]
[keys.ops]
secret = "env:OPS"
grant = "admin"
[keys.dev]
secret = "env:DEV"
grant = "caller"
max_usd_per_day = 1.0
"#;

/// The candidate judges itself.
const KIN: &str = r#"
[workloads.maths]
candidates = ["sim/large", "groq/llama"]
floor = 0.5
scorers = ["tone"]
[scorers.tone]
kind = "judge"
prompt = "How kind is the answer?"
criteria = "Is the answer kind?"
model = "groq/llama"
choices = { rude = 0.0, plain = 0.5, kind = 1.0 }
[deployments."groq/llama"]
provider = "groq"
model = "llama-3.3-70b"
api_key = "env:GROQ_API_KEY"
"#;

/// A control plane with everything a test wants to reach.
pub(crate) struct Home {
    pub(crate) app: Router,
    pub(crate) store: Store,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) live: Arc<Live>,
    pub(crate) windows: watch::Sender<Arc<Windows>>,
    pub(crate) stop: CancellationToken,
    pub(crate) dir: TempDir,
}

/// Stories record spans of other programs; here nothing does.
struct Sink;

impl SpanSink for Sink {
    fn record(&self, _: Record) {}
}

struct Once;

impl DemoControl for Once {
    fn play(&self) -> bool {
        true
    }
}

struct Answers;

impl DeploymentTest for Answers {
    fn test(&self, deployment: &DeploymentId) -> BoxFuture<'static, Tested> {
        let text = format!("ok from {deployment}");
        Box::pin(async move {
            Tested {
                status: Some(200),
                text,
                hint: None,
                took: Duration::from_millis(12),
                cost_usd: Some(0.000_1),
                span_id: None,
            }
        })
    }
}

/// Tries checks; a model says "kind" of everything.
struct Bench;

impl ScorerTrial for Bench {
    fn grade(&self, scorer: Scorer, records: Vec<Record>) -> BoxFuture<'static, Result<Vec<Tried>, weir_store::Error>> {
        let grade = |record: &Record| {
            let messages = text::messages(&record.payload.request);
            let answer = text::answer(&record.payload.response);
            let asked = scorer.asked().is_some();
            let outcome = match asked {
                true => Graded { explanation: Some("kind".to_owned()), ..Graded::grade(1.0) },
                false => scorer.run(&Exchange::new(&messages, &answer, None)),
            };
            let cost = if asked { NanoUsd(2_000) } else { NanoUsd::ZERO };
            Tried { outcome, cost, took: Duration::from_millis(3) }
        };
        let tried = records.iter().map(grade).collect();
        Box::pin(async move { Ok(tried) })
    }
}

/// Runs checks; a model says half of everything, on whose behalf it was asked, or nothing.
struct Panel;

impl GraderRun for Panel {
    fn run(&self, key: Arc<str>, grader: Grader, item: Value, sample: Value) -> BoxFuture<'static, Ran> {
        let mut ran = Ran { result: Err(Fault::Refused("no".into())), parts: BTreeMap::new(), tokens: BTreeMap::new() };
        match grader.begin(Scope { item: &item, sample: &sample }) {
            Step::Done(result) => ran.result = result.map_err(Fault::Other),
            Step::Ask(_) if item["silent"] == true => {}
            // Nobody makes embeddings here.
            Step::Embed { .. } => {}
            Step::Ask(_) => {
                ran.result = grader.read("{\"score\": 0.5}").map_err(Fault::Reply);
                ran.tokens.insert(key.to_string(), 7);
            }
            Step::Each(parts) => {
                ran.parts.extend(parts.into_iter().map(|(name, _)| (name, 0.25)));
                ran.result = grader.join(&ran.parts).map_err(Fault::Formula);
            }
        }
        Box::pin(async move { ran })
    }
}

/// Without keys: whoever calls is a local admin.
pub(crate) async fn open() -> Home {
    home(WORKLOADS.to_owned()).await
}

/// With three keys.
pub(crate) async fn keyed() -> Home {
    home(format!("{WORKLOADS}{KEYS}")).await
}

/// With a provider elsewhere, and budgets.
pub(crate) async fn hosted() -> Home {
    home(HOSTED.to_owned()).await
}

/// With a judge of the candidate's own family.
pub(crate) async fn kin() -> Home {
    home(KIN.to_owned()).await
}

async fn home(config: String) -> Home {
    let env = |name: &str| match name {
        "OPS" => Some(OPS.to_owned()),
        "DEV" => Some(DEV.to_owned()),
        "OTHER" => Some(OTHER.to_owned()),
        "GROQ_API_KEY" | "SPARE" => Some("provider-secret-0123456789".to_owned()),
        _ => None,
    };
    let settings = weir_config::parse(&config, Path::new("weir.toml"), &env).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::new(START));
    let options = Options { busy_timeout: Duration::from_millis(200), ..Options::default() };
    let store = Store::open_with(dir.path(), clock.clone(), &options).await.unwrap();
    let live = Arc::new(Live::default());
    live.track(settings.deployments.keys());
    let cell = Arc::new(SnapshotCell::default());
    publish(&settings, &store, &cell).await;
    let windows = watch::Sender::new(Arc::new(Windows::default()));
    let stop = CancellationToken::new();
    let app = router(ApiState {
        store: store.clone(),
        snapshot: cell,
        live: live.clone(),
        settings: Arc::new(ArcSwap::from_pointee(settings)),
        windows: windows.subscribe(),
        clock: clock.clone(),
        entropy: Arc::new(Seeded::new(7)),
        sink: Arc::new(Sink),
        feedback: Arc::new(FeedbackKey::new([7; 32])),
        demo: Some(Arc::new(Once)),
        tester: Arc::new(Answers),
        graders: Arc::new(Panel),
        trial: Arc::new(Bench),
        stop: stop.clone(),
    });
    Home { app, store, clock, live, windows, stop, dir }
}

async fn publish(settings: &Settings, store: &Store, cell: &SnapshotCell) {
    let deployments =
        settings.deployments.iter().map(|(id, setting)| (id.clone(), Arc::new(setting.deployment.clone()))).collect();
    let mut workloads = Vec::new();
    for (id, workload) in &settings.workloads {
        let stages = settings.stages.get(id).cloned().unwrap_or_default();
        let policy = revision::first(workload, &[], stages, START);
        store.policy_insert(&policy).await.unwrap();
        workloads.push(WorkloadInput { workload: Arc::new(workload.clone()), policy: Arc::new(policy), canary: None });
    }
    cell.publish(build(&Inputs {
        seq: 1,
        deployments: &deployments,
        workloads,
        windows: &Windows::default(),
        output_tokens: &OutputTokens::new(),
        now: START,
    }));
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Got {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Got {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&self.body)))
    }
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
    /// The error's code, after checking that it has the one shape of errors.
    pub(crate) fn code(&self) -> String {
        let json = self.json();
        let mut fields: Vec<&str> = json.as_object().unwrap().keys().map(String::as_str).collect();
        fields.sort_unstable();
        assert_eq!(fields, ["code", "hint", "message"]);
        json["code"].as_str().unwrap().to_owned()
    }
    pub(crate) fn message(&self) -> String {
        self.json()["message"].as_str().unwrap().to_owned()
    }
}

impl Home {
    pub(crate) async fn send(&self, request: Request<Body>) -> Got {
        let response = self.app.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        Got { status: parts.status, headers: parts.headers, body: body.collect().await.unwrap().to_bytes() }
    }
    /// As the local admin of open mode, or with the admin key of keyed mode.
    pub(crate) async fn get(&self, path: &str) -> Got {
        self.send(request(Method::GET, path).body(Body::empty()).unwrap()).await
    }
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Got {
        self.post_as(OPS, path, body).await
    }
    pub(crate) async fn post_as(&self, key: &str, path: &str, body: &Value) -> Got {
        let request = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header("host", "localhost:8080")
            .header("authorization", format!("Bearer {key}"))
            .header("content-type", "application/json")
            .body(Body::from(body.to_string()))
            .unwrap();
        self.send(request).await
    }
    /// Records requests as the recorder does.
    pub(crate) async fn record(&self, records: &[Record]) {
        let mut tx = self.store.begin_spans().await.unwrap();
        tx.span_insert_many(records).await.unwrap();
        tx.commit().await.unwrap();
    }
    /// Stores scores and publishes their windows, as workers and the reconciler do.
    pub(crate) async fn score(&self, scores: &[Score]) {
        self.store.score_insert_many(scores).await.unwrap();
        let mut windows = Windows::default();
        for (seq, score) in self.store.score_since(0, 100_000).await.unwrap() {
            windows.fold(seq, &score);
        }
        self.windows.send_replace(Arc::new(windows));
    }
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

pub(crate) fn request(method: Method, path: &str) -> axum::http::request::Builder {
    Request::builder()
        .method(method)
        .uri(path)
        .header("host", "localhost:8080")
        .header("authorization", format!("Bearer {OPS}"))
}

pub(crate) fn span_id(n: u64) -> SpanId {
    SpanId::from_bits((u128::from(n) << 64) | 7)
}

/// A finished request of tenant `dev` on `deployment`, `n` milliseconds after the start.
pub(crate) fn record(n: u64, deployment: &str) -> Record {
    Record {
        span: Span {
            id: span_id(n),
            trace_id: TraceId::from_bits(u128::from(n) + 1),
            parent_id: None,
            tenant: "dev".into(),
            workload: "maths".into(),
            origin: Origin::Client,
            session: None,
            model_asked: "weir/maths".into(),
            stream: false,
            started_at: START.plus(Duration::from_millis(n)),
            latency_us: 250_000,
            ttft_us: Some(90_000),
            outcome: Outcome::Ok,
            finish_reason: Some("stop".into()),
            identity: Default::default(),
            decision: Some(Arc::new(decision(deployment))),
            attempts: vec![Attempt {
                deployment: deployment.into(),
                started_us: 10,
                latency_us: 249_000,
                status: Some(200),
                error: None,
                cost: Some(NanoUsd(1_600_000)),
                dropped: Vec::new(),
                away_from: None,
            }],
            usage: Usage { input: 100, output: 20, ..Usage::default() },
            cost: Some(NanoUsd(1_600_000)),
            tags: r#"{"team":"blue"}"#.into(),
            errand: Default::default(),
        },
        payload: Payload {
            request: r#"{"messages":[{"role":"user","content":"6*7?"}]}"#.into(),
            response: r#"{"choices":[{"message":{"content":"42"}}]}"#.into(),
            truncated: false,
        },
    }
}

/// The record, received now.
pub(crate) fn at_the_clock(home: &Home, mut record: Record) -> Record {
    record.span.started_at = home.clock.now();
    record
}

pub(crate) fn decision(deployment: &str) -> Decision {
    Decision {
        workload: "maths".into(),
        segment: "all".into(),
        strategy: "filter → floor → cost".into(),
        revision: "r-0001".into(),
        snapshot_seq: 1,
        score_seq: 0,
        candidates: vec![CandidateRecord {
            deployment: deployment.into(),
            verdict: Fate::Chosen,
            quality: Some(Quality { mean: 0.93, lower: 0.91, upper: 0.95, n: 412 }),
            expected_cost: Some(NanoUsd(120_000)),
            in_flight: 2,
            latency_ms: Some(240.5),
            state: Default::default(),
        }],
        chain: vec![deployment.into()],
        propensity: 0.95,
        exposure: None,
        features: Features::default(),
        seed: u64::MAX,
        inputs: Default::default(),
        plan: Default::default(),
    }
}

/// A request that `canary` sent to its arm.
pub(crate) fn exposed(n: u64, canary: &str, arm: Arm) -> Record {
    let deployment = match arm {
        Arm::Candidate => "sim/small",
        Arm::Control => "sim/large",
    };
    let mut record = record(n, deployment);
    record.span.decision = Some(Arc::new(Decision {
        exposure: Some(Exposure { canary: canary.into(), arm, unit: n }),
        ..decision(deployment)
    }));
    record
}

pub(crate) fn score(n: u64, deployment: &str, grade: f64) -> Score {
    Score {
        span_id: span_id(n),
        workload: "maths".into(),
        segment: "all".into(),
        deployment: deployment.into(),
        scorer: "exact".into(),
        version: "v1".into(),
        verdict: Verdict::Scored { grade: Grade::new(grade).unwrap() },
        source: Source::Check,
        explanation: Some("as expected".to_owned()),
        p_sample: 1.0,
        propensity: 1.0,
        cost: NanoUsd::ZERO,
        at: START.plus(Duration::from_millis(n + 300)),
    }
}

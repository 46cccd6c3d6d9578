//! One running weir in this process, and the few things a story does to it.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use reqwest::{Client, Method, StatusCode, header::HeaderMap};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::sleep;
use weir::app::{App, Options, install_crypto};
use weir_sim::{Control, Entry};

/// No story waits longer than this for what must happen; a busy machine needs a part of it.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);
/// Between the first two looks, and between two when it takes long: looking takes what is looked for from the processor.
const LOOKS: (Duration, Duration) = (Duration::from_millis(5), Duration::from_millis(80));

/// A workload whose dataset the built-in provider knows, scored by an exact match.
pub(crate) const MATHS: &str = r#"
[workloads.maths]
candidates = ["sim/large", "sim/medium", "sim/small"]
floor = 0.8
scorers = ["exact"]
[scorers.exact]
kind = "exact_match"
[datasets.maths]
file = "maths.jsonl"
workload = "maths"
"#;
/// Items in the dataset of [`MATHS`].
pub(crate) const ITEMS: usize = 400;

/// A reply, read to its end.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
    pub(crate) fn span(&self) -> &str {
        self.header("x-weir-span-id")
    }
    pub(crate) fn deployment(&self) -> &str {
        self.header("x-weir-deployment")
    }
    /// The reply itself, once its status is checked.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self:?}");
        self
    }
}

/// Talks to a weir, as a program of its own would.
#[derive(Clone)]
pub(crate) struct Caller {
    pub(crate) base: String,
    http: Client,
}

impl Caller {
    pub(crate) fn new(base: String) -> Self {
        install_crypto();
        let http = Client::builder().timeout(DEADLINE).no_proxy().build().unwrap();
        Self { base, http }
    }

    /// One request; an error when the connection breaks before the reply is whole.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<reqwest::Body>,
    ) -> reqwest::Result<Reply> {
        let mut request = self.http.request(method, format!("{}{path}", self.base)).body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let reply = request.send().await?;
        let (status, headers) = (reply.status(), reply.headers().clone());
        Ok(Reply { status, headers, body: reply.text().await? })
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.send(Method::GET, path, &[], "").await.unwrap()
    }

    /// The JSON behind a path of the control plane.
    pub(crate) async fn api(&self, path: &str) -> Value {
        self.get(&format!("/api/v1{path}")).await.expect(200).json()
    }

    pub(crate) async fn order(&self, path: &str, body: Value) -> Reply {
        let headers = [("content-type", "application/json")];
        self.send(Method::POST, &format!("/api/v1{path}"), &headers, body.to_string()).await.unwrap()
    }

    pub(crate) async fn chat(&self, model: &str, prompt: &str) -> Reply {
        self.chat_with(&[], ask(model, prompt)).await
    }

    pub(crate) async fn chat_with(&self, headers: &[(&str, &str)], body: Value) -> Reply {
        self.send(Method::POST, "/v1/chat/completions", headers, body.to_string()).await.unwrap()
    }

    /// Grades one answer by hand.
    pub(crate) async fn grade(&self, span: &str, name: &str, value: f64) -> Reply {
        self.order("/scores", json!({"span_id": span, "name": name, "value": value})).await
    }

    /// The request as stored, once it is.
    pub(crate) async fn trace(&self, span: &str) -> Value {
        let path = format!("/api/v1/traces/{span}");
        let mut patience = Patience::new();
        // Not `eventually`: an async closure that borrows cannot be sent to another thread.
        loop {
            let reply = self.get(&path).await;
            if reply.status == 200 {
                return reply.json();
            }
            patience.wait(span).await;
        }
    }

    /// The request with at least one score.
    pub(crate) async fn scored(&self, span: &str) -> Value {
        eventually("the span is scored", async || {
            let trace = self.trace(span).await;
            (!trace["scores"].as_array().unwrap().is_empty()).then_some(trace)
        })
        .await
    }
}

/// Looks again and again until there is something, and fails after the deadline.
pub(crate) async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let mut patience = Patience::new();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        patience.wait(what).await;
    }
}

/// Time between looks, which grows, and its end.
struct Patience {
    start: Instant,
    pause: Duration,
}

impl Patience {
    fn new() -> Self {
        Self { start: Instant::now(), pause: LOOKS.0 }
    }

    async fn wait(&mut self, what: &str) {
        assert!(self.start.elapsed() < DEADLINE, "never came: {what}");
        sleep(self.pause).await;
        self.pause = self.pause.mul_f64(1.5).min(LOOKS.1);
    }
}

/// A chat completion as a caller writes it.
pub(crate) fn ask(model: &str, prompt: &str) -> Value {
    json!({"model": model, "messages": [{"role": "user", "content": prompt}]})
}

/// The prompt of an item of [`MATHS`], and its answer.
pub(crate) fn item(number: usize) -> (String, String) {
    (format!("What is {number} + 1?"), (number + 1).to_string())
}

/// A folder with `weir.toml`, which listens on a free port, and the dataset it may name.
pub(crate) fn folder(config: &str) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let head = "{\"weir\": \"dataset.v1\", \"name\": \"maths\", \"workload\": \"maths\"}\n".to_owned();
    let dataset = (0..ITEMS)
        .map(item)
        .fold(head, |text, (input, expected)| text + &json!({"input": input, "expected": expected}).to_string() + "\n");
    fs::write(dir.path().join("maths.jsonl"), dataset).unwrap();
    fs::write(dir.path().join("weir.toml"), whole(config)).unwrap();
    dir
}

/// The configuration with where to listen and where to keep data, unless it says so itself.
pub(crate) fn whole(config: &str) -> String {
    if config.contains("[server]") {
        return config.to_owned();
    }
    format!("[server]\nbind = \"127.0.0.1:0\"\ndata_dir = \"data\"\ndrain_ms = 2000\n{config}")
}

/// A running weir. Stops when dropped with its runtime; [`Rig::stop`] drains.
pub(crate) struct Rig {
    pub(crate) app: App,
    pub(crate) caller: Caller,
    pub(crate) dir: TempDir,
}

impl std::ops::Deref for Rig {
    type Target = Caller;
    fn deref(&self) -> &Caller {
        &self.caller
    }
}

impl Rig {
    pub(crate) async fn start(config: &str) -> Self {
        Self::with(config, Options::default()).await
    }

    pub(crate) async fn with(config: &str, options: Options) -> Self {
        install_crypto();
        let dir = folder(config);
        let settings = settings(dir.path());
        let app = App::start(settings, Options { base: dir.path().to_owned(), ..options }).await.unwrap();
        if let Some(sim) = &app.sim {
            for model in sim.control.models() {
                sim.control.set_latency(&model, 0.0, 0.0);
                sim.control.set_quality(&model, None, 1.0);
            }
            let entries = (0..ITEMS).map(item).map(|(prompt, answer)| Entry::new("maths", prompt, answer));
            sim.control.add_answers(entries);
        }
        let caller = Caller::new(app.url());
        Self { app, caller, dir }
    }

    pub(crate) fn sim(&self) -> &Control {
        &self.app.sim.as_ref().unwrap().control
    }

    pub(crate) fn database(&self) -> std::path::PathBuf {
        self.dir.path().join("data").join("weir.db")
    }

    /// Waits until the router sees the score with this number.
    pub(crate) async fn published(&self, seq: i64) {
        let mut windows = self.app.windows.clone();
        let seen = windows.wait_for(|windows| windows.score_seq() >= seq);
        tokio::time::timeout(DEADLINE, seen).await.unwrap().unwrap();
    }

    pub(crate) async fn stop(self) -> TempDir {
        self.app.stop().await;
        self.dir
    }
}

/// The settings in a story's folder.
pub(crate) fn settings(dir: &Path) -> weir_config::Settings {
    weir_config::load(Some(&dir.join("weir.toml")), &secret).unwrap_or_else(|invalid| panic!("{invalid}"))
}

/// The environment of every story.
pub(crate) fn secret(name: &str) -> Option<String> {
    name.starts_with("KEY_").then(|| format!("{}-0123456789abcdef", name.to_lowercase()))
}

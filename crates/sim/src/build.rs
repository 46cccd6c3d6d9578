//! Says what to simulate, and starts it.

use std::{
    collections::HashMap,
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, RwLock, atomic::AtomicU64},
};

use axum::{
    Router,
    extract::DefaultBodyLimit,
    routing::{get, post},
    serve::ListenerExt,
};
use tokio::{net::TcpListener, task::JoinHandle};
use weir_core::{Clock, clock::SystemClock, deployment::Dialect};

use crate::{
    answers::{Answers, Entry},
    control::{Control, Inner, Model},
    model::SimModel,
    passed, serve,
};

const MAX_BODY_BYTES: usize = 64 * 1024 * 1024;

/// A simulator, ready to serve.
pub struct Sim(Arc<Inner>);

/// Says what to simulate.
#[derive(Default)]
pub struct Builder {
    seed: u64,
    clock: Option<Arc<dyn Clock>>,
    key: Option<String>,
    keep: bool,
    models: Vec<SimModel>,
    answers: Vec<Entry>,
}

/// A simulator that is serving. It stops when this is dropped.
#[derive(Debug)]
pub struct SimHandle {
    /// Where it listens.
    pub addr: SocketAddr,
    /// Changes it.
    pub control: Control,
    task: JoinHandle<()>,
}

impl SimHandle {
    /// The root of its API, `http://127.0.0.1:…/v1`.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.addr)
    }
}

/// The root of the simulator's API in `dialect`, when `base_url` is that of [`SimHandle::base_url`].
#[must_use]
pub fn root(base_url: &str, dialect: Dialect) -> String {
    let origin = base_url.trim_end_matches("/v1");
    match dialect {
        Dialect::Mistral => format!("{origin}/mistral/v1"),
        Dialect::Cohere => format!("{origin}/cohere/v2"),
        Dialect::Bedrock => format!("{origin}/bedrock"),
        _ => base_url.to_owned(),
    }
}

impl Drop for SimHandle {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Builder {
    /// With this seed instead of 0.
    #[must_use]
    pub const fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }
    /// With this clock for `created`.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }
    /// Refuses requests that do not bring this key.
    #[must_use]
    pub fn require_key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into());
        self
    }
    /// Keeps every request for [`Control::take_requests`].
    #[must_use]
    pub const fn keep_requests(mut self) -> Self {
        self.keep = true;
        self
    }
    /// Adds a model; a later one of the same name wins.
    #[must_use]
    pub fn model(mut self, model: SimModel) -> Self {
        self.models.retain(|other| other.name != model.name);
        self.models.push(model);
        self
    }
    /// Adds to the answer key.
    #[must_use]
    pub fn answers(mut self, entries: impl IntoIterator<Item = Entry>) -> Self {
        self.answers.extend(entries);
        self
    }
    /// The simulator.
    #[must_use]
    pub fn build(self) -> Sim {
        let mut answers = Answers::new(self.models.len());
        for entry in self.answers {
            answers.insert(entry);
        }
        let names = self.models.iter().map(|model| model.name.clone());
        let by_name: HashMap<String, usize> = names.zip(0..).collect();
        let models = self.models.into_iter().enumerate();
        Sim(Arc::new(Inner {
            seed: self.seed,
            clock: self.clock.unwrap_or_else(|| Arc::new(SystemClock::default())),
            key: self.key,
            models: models.map(|(index, spec)| Model::new(index, spec)).collect(),
            by_name,
            answers: RwLock::new(answers),
            serial: AtomicU64::new(0),
            seen: self.keep.then(Mutex::default),
        }))
    }
}

impl Sim {
    /// A simulator without models.
    #[must_use]
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Changes it, also before it serves.
    #[must_use]
    pub fn control(&self) -> Control {
        Control(Arc::clone(&self.0))
    }

    /// Serves on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// No port can be bound.
    pub async fn serve(self) -> io::Result<SimHandle> {
        self.serve_on(TcpListener::bind(("127.0.0.1", 0)).await?)
    }

    /// Serves on `listener`, in a task of the current runtime.
    ///
    /// # Errors
    /// The listener has no local address.
    pub fn serve_on(self, listener: TcpListener) -> io::Result<SimHandle> {
        let addr = listener.local_addr()?;
        let control = self.control();
        let router = Router::new()
            .route("/v1/chat/completions", post(serve::openai))
            .route("/v1/responses", post(serve::responses))
            .route("/v1/embeddings", post(passed::document))
            .route("/v1/moderations", post(passed::document))
            .route("/v1/rerank", post(passed::document))
            .route("/v1/images/generations", post(passed::document))
            .route("/v1/images/edits", post(passed::recording))
            .route("/v1/images/variations", post(passed::recording))
            .route("/v1/completions", post(passed::document))
            .route("/v1/audio/speech", post(passed::document))
            .route("/v1/audio/transcriptions", post(passed::recording))
            .route("/v1/audio/translations", post(passed::recording))
            .route("/v1beta/models", get(passed::gemini_models))
            .route("/v1/messages", post(serve::anthropic))
            .route("/v1/messages/count_tokens", post(serve::count))
            .route("/v1/models/{*call}", post(serve::gemini))
            .route("/v1beta/models/{*call}", post(serve::gemini))
            .route("/v1/models", get(serve::list_models))
            .route("/api/tags", get(serve::list_tags))
            .route("/mistral/v1/chat/completions", post(serve::mistral))
            .route("/mistral/v1/embeddings", post(passed::document))
            .route("/cohere/v2/rerank", post(passed::document))
            .route("/cohere/v2/embed", post(passed::document))
            .route("/cohere/v2/chat", post(serve::cohere))
            .route("/bedrock/model/{model}/{verb}", post(serve::bedrock))
            .route("/azure/openai/deployments/{deployment}/chat/completions", post(serve::azure))
            .route("/vertex/{*call}", post(serve::vertex))
            .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
            .with_state(self.0);
        // A stream waits for no acknowledgement between its events; failing to say so only makes it slower.
        let listener = listener.tap_io(|socket| drop(socket.set_nodelay(true)));
        let task = tokio::spawn(async move {
            // Serving ends only with the task.
            drop(axum::serve(listener, router).await);
        });
        Ok(SimHandle { addr, control, task })
    }
}

impl std::fmt::Debug for Sim {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Sim").field(&self.control()).finish()
    }
}

impl std::fmt::Debug for Builder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Builder")
            .field("models", &self.models)
            .field("answers", &self.answers.len())
            .finish_non_exhaustive()
    }
}

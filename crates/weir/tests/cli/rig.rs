//! A weir on a free port, and the command line with its streams in memory.

use std::{collections::HashMap, sync::Arc, time::Duration};

use http::HeaderMap;
use tempfile::TempDir;
use weir::{
    app::{App, Options, install_crypto},
    command::{Io, run_with},
};
use weir_providers::transport::{Limits, Policy, Target, Transport};

const LIMITS: Limits = Limits {
    connect: Duration::from_secs(5),
    first_byte: Duration::from_secs(20),
    idle: Duration::from_secs(20),
    total: Duration::from_secs(20),
};

pub(crate) const CONFIG: &str = r#"
[workloads.maths]
candidates = ["sim/large", "sim/medium", "sim/small"]
floor = 0.8
scorers = ["exact"]

[workloads.support]
candidates = ["sim/large", "sim/small"]
floor = 0.7
scorers = ["exact"]

[scorers.exact]
kind = "exact_match"
"#;

/// A secret.
pub(crate) const KEY: &str = "ops-secret-0123456789";

/// A running weir with two workloads.
pub(crate) struct Weir {
    pub(crate) app: App,
    pub(crate) dir: TempDir,
    transport: Transport,
}

/// What a command did.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: u8,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// Who reads along.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Reader {
    /// A pipe.
    Pipe,
    /// A person at a terminal who types this.
    Person(&'static str),
}

impl Weir {
    pub(crate) async fn start() -> Self {
        Self::start_with("").await
    }

    /// With more configuration; `OPS` of the environment is [`KEY`].
    pub(crate) async fn start_with(more: &str) -> Self {
        install_crypto();
        let dir = tempfile::tempdir().unwrap();
        let mut settings = weir_config::parse(&format!("{CONFIG}{more}"), &dir.path().join("weir.toml"), &|name| {
            (name == "OPS").then(|| KEY.to_owned())
        })
        .unwrap();
        settings.server.bind = "127.0.0.1:0".parse().unwrap();
        settings.server.data_dir = dir.path().join("data");
        let app = App::start(settings, Options::default()).await.unwrap();
        let transport = Transport::new(Policy::default()).unwrap();
        Self { app, dir, transport }
    }

    /// Runs a command whose output is piped.
    pub(crate) async fn run(&self, args: &[&str]) -> Ran {
        self.run_for(Reader::Pipe, args).await
    }

    /// Runs a command for this reader.
    pub(crate) async fn run_for(&self, reader: Reader, args: &[&str]) -> Ran {
        let env = HashMap::from([("WEIR_SERVER".to_owned(), self.app.url())]);
        run(reader, env, args).await
    }

    /// Sends a prompt and waits until its span is stored; the span's id.
    pub(crate) async fn ask(&self, workload: &str, prompt: &str) -> String {
        let mut stored = self.app.store.span_changes();
        let chat = Target::chat(&format!("{}/v1", self.app.url()), None, true).unwrap();
        let body = serde_json::json!({
            "model": format!("weir/{workload}"), "messages": [{ "role": "user", "content": prompt }],
        });
        let response = self.transport.send(&chat, HeaderMap::new(), body.to_string().into(), LIMITS).await.unwrap();
        assert_eq!(response.status, 200);
        let span = response.headers["x-weir-span-id"].to_str().unwrap().to_owned();
        response.body.read_all(1 << 20).await.unwrap();
        let id = span.parse().unwrap();
        while self.app.store.span_get(id).await.unwrap().is_none() {
            stored.changed().await.unwrap();
        }
        span
    }
}

/// Runs one command line on a thread of its own, as a process would.
pub(crate) async fn run(reader: Reader, env: HashMap<String, String>, args: &[&str]) -> Ran {
    let args: Vec<String> = std::iter::once("weir").chain(args.iter().copied()).map(str::to_owned).collect();
    let env = Arc::new(env);
    tokio::task::spawn_blocking(move || {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let (tty, mut input) = match reader {
            Reader::Pipe => (false, "".as_bytes()),
            Reader::Person(types) => (true, types.as_bytes()),
        };
        let code = run_with(
            args,
            &mut Io {
                out: &mut out,
                err: &mut err,
                input: &mut input,
                env: &|name| env.get(name).cloned(),
                out_tty: tty,
                err_tty: tty,
                input_tty: tty,
            },
        );
        Ran { code, out: String::from_utf8(out).unwrap(), err: String::from_utf8(err).unwrap() }
    })
    .await
    .unwrap()
}

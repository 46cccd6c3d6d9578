//! The control plane over HTTP, through the same door as every other call of weir. Answers are kept as they came, so
//! that `--json` prints what the server said and not our idea of it.

use std::time::Duration;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use tokio_util::io::ReaderStream;
use weir_config::{SecretString, nearest};
use weir_core::error;
use weir_providers::{
    sse,
    transport::{Body, Limits, Policy, Response, Target, Transport},
};

use super::failure::{Failure, Refusal};

/// Where a weir listens unless configured.
pub(super) const DEFAULT_SERVER: &str = "http://127.0.0.1:8080";

/// Largest answer read.
const ANSWER_BYTES: usize = 64 << 20;
/// A day's figures take the server a moment; a dataset's import a longer one.
const LIMITS: Limits = Limits {
    connect: Duration::from_secs(3),
    first_byte: Duration::from_secs(60),
    idle: Duration::from_secs(30),
    total: Duration::from_secs(300),
};
/// A stream shows that it lives every 15 s and has no end.
const STREAM: Limits = Limits {
    connect: Duration::from_secs(3),
    first_byte: Duration::from_secs(20),
    idle: Duration::from_secs(60),
    total: Duration::from_secs(365 * 86_400),
};

/// A file takes as long as the network does; the server shows several times a second that it works.
const UPLOAD: Limits = Limits {
    connect: Duration::from_secs(3),
    first_byte: Duration::from_secs(3_600),
    idle: Duration::from_secs(60),
    total: Duration::from_secs(2 * 3_600),
};
/// Bytes of a file read at once.
const CHUNK_BYTES: usize = 256 << 10;

/// Talks to one weir.
pub(super) struct Client {
    transport: Transport,
    server: String,
    key: Option<SecretString>,
}

/// A JSON answer.
pub(super) struct Reply {
    /// As it came.
    pub(super) text: String,
    pub(super) value: Value,
}

impl Reply {
    /// The rows of a list.
    pub(super) fn items(&self) -> &[Value] {
        self.rows("items")
    }

    /// The list under `key`.
    pub(super) fn rows(&self, key: &str) -> &[Value] {
        self.value[key].as_array().map_or(&[], Vec::as_slice)
    }
}

impl Client {
    /// A client of the weir at `server`, such as `http://127.0.0.1:8080`; the scheme may be left out.
    pub(super) fn new(server: &str, key: Option<String>) -> Result<Self, Failure> {
        let server = server.trim_end_matches('/');
        let server = match server.contains("://") {
            true => server.to_owned(),
            false => format!("http://{server}"),
        };
        let transport = Transport::new(Policy::default()).map_err(|error| Failure::transport(&server, &error))?;
        Ok(Self { transport, server, key: key.map(SecretString::from) })
    }

    /// Where it talks to.
    pub(super) fn server(&self) -> &str {
        &self.server
    }

    /// Reads `path`, which starts behind `/api/v1`.
    pub(super) async fn get(&self, path: &str) -> Result<Reply, Failure> {
        let target = self.target(path)?;
        let (status, bytes) =
            self.transport.get_json(&target, LIMITS, ANSWER_BYTES).await.map_err(|error| self.failed(&error))?;
        self.read(status, &bytes)
    }

    /// Posts `body` to `path`, which starts behind `/api/v1`.
    pub(super) async fn post(&self, path: &str, body: impl Into<Bytes>) -> Result<Reply, Failure> {
        let target = self.target(path)?;
        let (status, bytes) = self
            .transport
            .post_json(&target, body.into(), LIMITS, ANSWER_BYTES)
            .await
            .map_err(|error| self.failed(&error))?;
        self.read(status, &bytes)
    }

    /// Where a chat completion would go now; nobody is asked.
    pub(super) async fn explain(&self, chat: Vec<u8>) -> Result<Reply, Failure> {
        let target = Target::chat(&format!("{}/v1", self.server), self.key.clone(), true);
        let target = target.map_err(|error| self.failed(&error))?;
        let only =
            HeaderMap::from_iter([(HeaderName::from_static("x-weir-explain"), HeaderValue::from_static("only"))]);
        let answer = async {
            let reply = self.transport.send(&target, only, chat.into(), LIMITS).await?;
            Ok((reply.status, reply.body.read_all(ANSWER_BYTES).await?))
        };
        let (status, bytes) = answer.await.map_err(|error| self.failed(&error))?;
        // The data plane puts its error in the dialect's envelope.
        let error = serde_json::from_slice::<Value>(&bytes).ok().map(|mut value| value["error"].take());
        match error.filter(Value::is_object) {
            Some(error) => self.read(status, error.to_string().as_bytes()),
            None => self.read(status, &bytes),
        }
    }

    /// Sends a file to `path` as it is read, and follows the events it answers with. `told` hears how many bytes went.
    pub(super) async fn upload(
        &self,
        path: &str,
        file: tokio::fs::File,
        told: impl Fn(u64) + Send + Sync + 'static,
    ) -> Result<Events<'_>, Failure> {
        let response = self.send(path, file, told).await?;
        self.events(response).await
    }

    /// Sends a file to `path` as it is read.
    pub(super) async fn send_file(&self, path: &str, file: tokio::fs::File) -> Result<Reply, Failure> {
        let response = self.send(path, file, |_| {}).await?;
        let status = response.status;
        let bytes = response.body.read_all(ANSWER_BYTES).await.map_err(|error| self.failed(&error))?;
        self.read(status, &bytes)
    }

    async fn send(
        &self,
        path: &str,
        file: tokio::fs::File,
        told: impl Fn(u64) + Send + Sync + 'static,
    ) -> Result<Response, Failure> {
        let target = self.target(path)?;
        let mut sent = 0;
        let chunks = ReaderStream::with_capacity(file, CHUNK_BYTES).inspect_ok(move |chunk| {
            sent += chunk.len() as u64;
            told(sent);
        });
        self.transport.upload(&target, chunks, UPLOAD).await.map_err(|error| self.failed(&error))
    }

    /// Writes the file at `path` to `into`.
    pub(super) async fn download(&self, path: &str, into: &mut dyn std::io::Write) -> Result<(), Failure> {
        let target = self.target(path)?;
        let mut response = self.transport.get(&target, UPLOAD).await.map_err(|error| self.failed(&error))?;
        if response.status != 200 {
            let status = response.status;
            let bytes = response.body.read_all(ANSWER_BYTES).await.map_err(|error| self.failed(&error))?;
            self.read(status, &bytes)?;
            return Err(Failure::Upstream(format!("{}{path} is no file", self.server)));
        }
        while let Some(chunk) = response.body.next().await {
            into.write_all(&chunk.map_err(|error| self.failed(&error))?)?;
        }
        Ok(())
    }

    /// Follows the events of `path`. Returns once the server says it listens, so that nothing after that is missed.
    pub(super) async fn stream(&self, path: &str) -> Result<Events<'_>, Failure> {
        let target = self.target(path)?;
        let response = self.transport.get(&target, STREAM).await.map_err(|error| self.failed(&error))?;
        let mut events = self.events(response).await?;
        events.next().await?;
        Ok(events)
    }

    async fn events(&self, response: Response) -> Result<Events<'_>, Failure> {
        if response.status != 200 {
            let bytes = response.body.read_all(ANSWER_BYTES).await;
            let bytes = bytes.map_err(|error| self.failed(&error))?;
            self.read(response.status, &bytes)?;
            return Err(Failure::Upstream(format!("{} answers with no stream", self.server)));
        }
        Ok(Events { client: self, body: response.body, reader: sse::Reader::new() })
    }

    /// Of an answer that knows no `name`: the nearest name of the list at `path` as the hint.
    pub(super) async fn suggest(&self, failure: Failure, nouns: &Nouns, name: &str) -> Failure {
        let Failure::Api(mut refusal) = failure else {
            return failure;
        };
        let unknown = format!("there is no {} `{name}`", nouns.kind);
        if refusal.code != error::NOT_FOUND.code || refusal.message != unknown {
            return Failure::Api(refusal);
        }
        // The error stands without a hint as well.
        if let Ok(reply) = self.get(nouns.path).await {
            let known: Vec<&str> = reply.items().iter().filter_map(|item| item[nouns.key].as_str()).collect();
            let all = format!("`weir {}` shows all {}", nouns.command, known.len());
            refusal.hint = Some(match nearest(name, known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`? {all}"),
                None => all,
            });
        }
        Failure::Api(refusal)
    }

    /// That nothing was found for `--workload NAME` may be because there is no such workload; then that is said.
    pub(super) async fn check_workload(&self, reply: &Reply, name: Option<&str>) -> Result<(), Failure> {
        match name.filter(|_| reply.items().is_empty()) {
            Some(name) => self.check_name(name).await,
            None => Ok(()),
        }
    }

    /// There is a workload of this name.
    pub(super) async fn check_name(&self, name: &str) -> Result<(), Failure> {
        match self.get(&format!("/workloads/{}", escape(name))).await {
            Ok(_) => Ok(()),
            Err(failure) => Err(self.suggest(failure, &WORKLOADS, name).await),
        }
    }

    fn target(&self, path: &str) -> Result<Target, Failure> {
        // The address is the caller's own word, so it may be a private one.
        Target::new(&format!("{}/api/v1{path}", self.server), self.key.clone(), true)
            .map_err(|error| self.failed(&error))
    }

    fn failed(&self, error: &weir_providers::transport::TransportError) -> Failure {
        Failure::transport(&self.server, error)
    }

    fn read(&self, status: u16, bytes: &[u8]) -> Result<Reply, Failure> {
        let text = String::from_utf8_lossy(bytes).into_owned();
        let value: Option<Value> = serde_json::from_str(&text).ok();
        let word = |key: &str| value.as_ref()?.get(key)?.as_str().map(str::to_owned);
        match (status, word("code"), word("message")) {
            (200..300, ..) if value.is_some() => Ok(Reply { value: value.unwrap_or_default(), text }),
            (400.., Some(code), Some(message)) => {
                let keyless = code == error::UNKNOWN_KEY.code && self.key.is_none();
                let hint = word("hint").filter(|_| !keyless);
                Err(Failure::Api(Refusal {
                    code,
                    message,
                    hint: hint.or_else(|| keyless.then(|| "set WEIR_KEY to a key of this server".to_owned())),
                }))
            }
            _ => Err(Failure::Upstream(format!("{} answers with status {status}, and not as weir does", self.server))),
        }
    }
}

/// Where the names of a kind are listed.
pub(super) struct Nouns {
    kind: &'static str,
    /// What lists them on the command line.
    command: &'static str,
    path: &'static str,
    key: &'static str,
}

/// Workloads by id.
pub(super) const WORKLOADS: Nouns = Nouns { kind: "workload", command: "workload list", path: "/workloads", key: "id" };
/// Canaries by id.
pub(super) const CANARIES: Nouns = Nouns { kind: "canary", command: "canary list", path: "/canaries", key: "id" };
/// Proposed routes by id; they are listed by `weir policy diff`.
pub(super) const DIFFS: Nouns = Nouns { kind: "policy diff", command: "policy diff", path: "/policy-diffs", key: "id" };
/// Eval runs by id.
pub(super) const RUNS: Nouns = Nouns { kind: "run", command: "eval list", path: "/runs", key: "id" };
/// Datasets by name.
pub(super) const DATASETS: Nouns = Nouns { kind: "dataset", command: "dataset list", path: "/datasets", key: "name" };

/// Events as they come.
pub(super) struct Events<'a> {
    client: &'a Client,
    body: Body,
    reader: sse::Reader,
}

impl Events<'_> {
    /// The next event's name and data, both empty for a sign of life. Nothing is lost when this is dropped half way.
    pub(super) async fn next(&mut self) -> Result<(String, String), Failure> {
        let broken = |what: &str| Failure::Upstream(format!("{}: {what}", self.client.server));
        loop {
            let event = self.reader.next_event().map_err(|error| broken(&error.to_string()))?;
            if let Some(event) = event {
                let name = String::from_utf8_lossy(event.name().unwrap_or_default()).into_owned();
                return Ok((name, String::from_utf8_lossy(&event.data()).into_owned()));
            }
            match self.body.next().await {
                Some(Ok(bytes)) => self.reader.push(&bytes),
                Some(Err(error)) => return Err(self.client.failed(&error)),
                None => return Err(broken("the server ended the stream")),
            }
        }
    }
}

/// One segment of a path, or one value of a query.
pub(super) fn escape(text: &str) -> String {
    text.bytes().fold(String::new(), |mut escaped, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
        escaped
    })
}

/// `?a=1&b=2` of what is given, or nothing.
pub(super) fn query(pairs: &[(&str, Option<&str>)]) -> String {
    let given = pairs.iter().filter_map(|(name, value)| Some((name, (*value)?)));
    let parts: Vec<String> = given.map(|(name, value)| format!("{name}={}", escape(value))).collect();
    match parts.is_empty() {
        true => String::new(),
        false => format!("?{}", parts.join("&")),
    }
}

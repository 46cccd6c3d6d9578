//! The control plane over HTTP, through the same door as every other call of weir. Answers are kept as they came, so
//! that `--json` prints what the server said and not our idea of it.

use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use serde_json::Value;
use weir_config::{SecretString, nearest};
use weir_core::error;
use weir_providers::{
    sse,
    transport::{Body, Limits, Policy, Target, Transport},
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

    /// Follows the events of `path`. Returns once the server says it listens, so that nothing after that is missed.
    pub(super) async fn stream(&self, path: &str) -> Result<Events<'_>, Failure> {
        let target = self.target(path)?;
        let response = self.transport.get(&target, STREAM).await.map_err(|error| self.failed(&error))?;
        if response.status != 200 {
            let bytes = response.body.read_all(ANSWER_BYTES).await;
            let bytes = bytes.map_err(|error| self.failed(&error))?;
            self.read(response.status, &bytes)?;
            return Err(Failure::Upstream(format!("{}{path} is no stream", self.server)));
        }
        let mut events = Events { client: self, body: response.body, reader: sse::Reader::new() };
        events.next().await?;
        Ok(events)
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
            let all = format!("`weir {} list` shows all {}", nouns.kind, known.len());
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
    path: &'static str,
    key: &'static str,
}

/// Workloads by id.
pub(super) const WORKLOADS: Nouns = Nouns { kind: "workload", path: "/workloads", key: "id" };
/// Canaries by id.
pub(super) const CANARIES: Nouns = Nouns { kind: "canary", path: "/canaries", key: "id" };
/// Datasets by name.
pub(super) const DATASETS: Nouns = Nouns { kind: "dataset", path: "/datasets", key: "name" };

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

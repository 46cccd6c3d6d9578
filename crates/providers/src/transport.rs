//! The one door out. Every outbound connection of weir (providers, judges) is made here, in this order: parse the URL,
//! apply the address policy to what it resolves to, dial, follow no redirect, and hold the answer to four time limits
//! and a size cap.
//!
//! The policy sits behind name resolution, so that neither a name that points inward nor one that changes between check
//! and use (DNS rebinding) gets through. Decompression is off and never negotiated: the cap counts real bytes, and a
//! compressed answer is refused, so there is no bomb to defuse.

mod address;
mod body;
mod credential;
mod error;
mod sigv4;
mod target;
mod tls;

use std::{
    collections::HashMap,
    io,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use bytes::Bytes;
use credential::Token;
use futures::Stream;
use http::{HeaderMap, HeaderValue, Method, header};
use reqwest::Url;
use tokio::time::Instant;
use weir_core::{Clock as _, clock::SystemClock, workload::Deadlines};

pub use address::forbidden;
pub use body::Body;
pub use credential::{Credential, Env, Vault};
pub use error::{Phase, TransportError};
pub use target::{Endpoint, Target};

/// How the door is built.
#[derive(Debug, Clone)]
pub struct Policy {
    /// Every target may be on a private network. Cloud metadata services stay out of reach.
    pub allow_private: bool,
    /// Idle connections kept for each host.
    pub idle_per_host: usize,
}

impl Default for Policy {
    fn default() -> Self {
        Self { allow_private: false, idle_per_host: 512 }
    }
}

/// Time limits of one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// TCP and TLS.
    pub connect: Duration,
    /// Call made to first byte of the answer's body.
    pub first_byte: Duration,
    /// Between two chunks.
    pub idle: Duration,
    /// Whole call; what is left of the request's total.
    pub total: Duration,
}

impl From<&Deadlines> for Limits {
    fn from(deadlines: &Deadlines) -> Self {
        Self {
            connect: Duration::from_millis(deadlines.connect_ms),
            first_byte: Duration::from_millis(deadlines.first_byte_ms),
            idle: Duration::from_millis(deadlines.idle_ms),
            total: Duration::from_millis(deadlines.total_ms),
        }
    }
}

impl Limits {
    /// The same with this much left in total.
    #[must_use]
    pub const fn with_total(mut self, total: Duration) -> Self {
        self.total = total;
        self
    }
}

/// An answer whose head has come. Dropping it ends the call at once.
#[derive(Debug)]
pub struct Response {
    /// HTTP status.
    pub status: u16,
    /// The provider's headers; forward none of them but the Retry-After family.
    pub headers: HeaderMap,
    /// The rest.
    pub body: Body,
}

/// Pooled connections to everything outside.
pub struct Transport {
    policy: Policy,
    tls: rustls::ClientConfig,
    /// One pool for each connect limit and address policy: the client takes both when it is built. Limits come from the
    /// configuration, so there are only a few.
    clients: RwLock<HashMap<(Duration, bool), reqwest::Client>>,
}

impl std::fmt::Debug for Transport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Transport").field("policy", &self.policy).finish_non_exhaustive()
    }
}

impl Transport {
    /// Builds the door. Trusts the system's certificate authorities, or Mozilla's where the system has none.
    ///
    /// # Errors
    /// [`TransportError::Setup`] when TLS cannot be set up.
    pub fn new(policy: Policy) -> Result<Self, TransportError> {
        Ok(Self { policy, tls: tls::config()?, clients: RwLock::default() })
    }

    /// Posts `body` as JSON and waits for the head of the answer. `headers` are added to weir's own. Dropping the future
    /// ends the call at once.
    ///
    /// # Errors
    /// A [`TransportError`] that says how far the call came.
    pub async fn send(
        &self,
        target: &Target,
        headers: HeaderMap,
        body: Bytes,
        limits: Limits,
    ) -> Result<Response, TransportError> {
        self.send_to(target, &Endpoint::Whole, headers, body, limits).await
    }

    /// The same to any endpoint of the target.
    ///
    /// # Errors
    /// As [`Self::send`].
    pub async fn send_to(
        &self,
        target: &Target,
        at: &Endpoint,
        headers: HeaderMap,
        body: Bytes,
        limits: Limits,
    ) -> Result<Response, TransportError> {
        self.call(Method::POST, target, &target.url(at), headers, body, limits).await
    }

    /// Posts JSON and reads the whole answer, of at most `cap` bytes.
    ///
    /// # Errors
    /// As [`Self::send`] and [`Body::read_all`].
    pub async fn post_json(
        &self,
        target: &Target,
        body: Bytes,
        limits: Limits,
        cap: usize,
    ) -> Result<(u16, Bytes), TransportError> {
        let response = self.send(target, HeaderMap::new(), body, limits).await?;
        Ok((response.status, response.body.read_all(cap).await?))
    }

    /// Posts a file of any length as it is read and waits for the head of the answer.
    ///
    /// # Errors
    /// As [`Self::send`].
    pub async fn upload(
        &self,
        target: &Target,
        chunks: impl Stream<Item = io::Result<Bytes>> + Send + 'static,
        limits: Limits,
    ) -> Result<Response, TransportError> {
        let body = reqwest::Body::wrap_stream(chunks);
        self.dial(Method::POST, target, &target.url(&Endpoint::Whole), HeaderMap::new(), body, limits).await
    }

    /// Gets a document and waits for the head of the answer, for streams of events.
    ///
    /// # Errors
    /// A [`TransportError`] that says how far the call came.
    pub async fn get(&self, target: &Target, limits: Limits) -> Result<Response, TransportError> {
        self.call(Method::GET, target, &target.url(&Endpoint::Whole), HeaderMap::new(), Bytes::new(), limits).await
    }

    /// Gets a JSON document of at most `cap` bytes.
    ///
    /// # Errors
    /// As [`Self::send`] and [`Body::read_all`].
    pub async fn get_json(&self, target: &Target, limits: Limits, cap: usize) -> Result<(u16, Bytes), TransportError> {
        let response = self.get(target, limits).await?;
        Ok((response.status, response.body.read_all(cap).await?))
    }

    async fn call(
        &self,
        method: Method,
        target: &Target,
        url: &Url,
        mut headers: HeaderMap,
        body: Bytes,
        limits: Limits,
    ) -> Result<Response, TransportError> {
        if !body.is_empty() && !headers.contains_key(header::CONTENT_TYPE) {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        self.dial(method, target, url, headers, body.into(), limits).await
    }

    async fn dial(
        &self,
        method: Method,
        target: &Target,
        url: &Url,
        headers: HeaderMap,
        body: reqwest::Body,
        limits: Limits,
    ) -> Result<Response, TransportError> {
        let allow_private = self.policy.allow_private || target.allow_private;
        target.check(allow_private)?;
        let start = Instant::now();
        let held = match &target.credential {
            Some(credential) => Some(credential.held(PATIENCE.min(limits.first_byte).min(limits.total)).await?),
            None => None,
        };
        let client = self.client(limits.connect, allow_private)?;
        let mut request = reqwest::Request::new(method, url.clone());
        *request.headers_mut() = headers;
        let own = request.headers_mut();
        own.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        own.insert(header::USER_AGENT, HeaderValue::from_static(USER_AGENT));
        for (name, value) in &target.headers {
            own.insert(name, value.clone());
        }
        let fetched = match held.as_ref().map(|held| &held.token) {
            Some(Token::Headers(headers)) => {
                request.headers_mut().extend(headers.clone());
                None
            }
            Some(Token::Aws(credentials)) => Some(target.signer_of(credentials.clone())),
            None => None,
        };
        if let Some(signer) = fetched.as_ref().or(target.signer.as_ref()) {
            signer.sign(&mut request, body.as_bytes().unwrap_or_default(), SystemClock::default().now())?;
        }
        *request.body_mut() = Some(body);

        let first_byte = limits.first_byte.min(limits.total);
        let response = tokio::time::timeout_at(start + first_byte, client.execute(request))
            .await
            .map_err(|_| TransportError::timeout(Phase::FirstByte, first_byte))?
            .map_err(|error| error::sort(&error, limits.connect))?;
        let (head, body) = http::Response::from(response).into_parts();
        if let Some(credential) = target.credential.as_ref().filter(|_| matches!(head.status.as_u16(), 401 | 403)) {
            credential.doubt();
        }
        let encoded = head.headers.get(header::CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity");
        let body = if !encoded {
            Body::new(body, start, first_byte, limits)
        } else if head.status.is_success() {
            let found = "a content encoding that was not asked for".to_owned();
            return Err(TransportError::Broken(found));
        } else {
            // The status still says what class of failure it is; the text cannot be read.
            Body::empty()
        };
        Ok(Response { status: head.status.as_u16(), headers: head.headers, body })
    }

    fn client(&self, connect: Duration, allow_private: bool) -> Result<reqwest::Client, TransportError> {
        let key = (connect, allow_private);
        let known = self.clients.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = known.get(&key) {
            return Ok(client.clone());
        }
        drop(known);
        let mut clients = self.clients.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(&key) {
            return Ok(client.clone());
        }
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(self.tls.clone())
            .dns_resolver(Arc::new(address::Resolver { allow_private }))
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .tcp_nodelay(true)
            .tcp_keepalive(Duration::from_secs(60))
            .connect_timeout(connect)
            .pool_max_idle_per_host(self.policy.idle_per_host)
            .pool_idle_timeout(Duration::from_secs(60))
            .build()
            .map_err(|error| TransportError::Setup(error::innermost(&error)))?;
        clients.insert(key, client.clone());
        Ok(client)
    }
}

/// How long a call waits for the first credentials of a source that has just been turned to.
const PATIENCE: Duration = Duration::from_secs(10);
const USER_AGENT: &str = concat!("weir/", env!("CARGO_PKG_VERSION"));

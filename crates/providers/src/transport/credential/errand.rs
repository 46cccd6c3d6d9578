//! What sources of credentials ask with: one client, short answers, no redirects. Unlike calls of deployments it may reach
//! metadata services and private networks: that is where credentials come from, and the operator's environment, not a
//! request, says where.

use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt as _;

use crate::transport::{TransportError, error, tls};

/// One question and its answer.
const WHOLE: Duration = Duration::from_secs(15);
const CONNECT: Duration = Duration::from_secs(5);
/// No answer of such a service is larger.
const MOST_BYTES: usize = 1 << 20;

/// Runs errands.
#[derive(Debug, Clone)]
pub(super) struct Errand(reqwest::Client);

impl Errand {
    pub(super) fn new() -> Result<Self, TransportError> {
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls::config()?)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .connect_timeout(CONNECT)
            .timeout(WHOLE)
            .pool_max_idle_per_host(1)
            .build();
        client.map(Self).map_err(|error| TransportError::Setup(error::innermost(&error)))
    }

    /// Asks, and reads the whole answer.
    ///
    /// # Errors
    /// In words, without the URL: it may hold a secret.
    pub(super) async fn run(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, Failed> {
        let failed = |error: &reqwest::Error| Failed { slow: error.is_timeout(), why: error::innermost(error) };
        let request = reqwest::Request::try_from(request).map_err(|error| failed(&error))?;
        let host = request.url().host_str().unwrap_or_default().to_owned();
        let named = |failed: Failed| Failed { why: format!("{host}: {}", failed.why), ..failed };
        let answer = self.0.execute(request).await.map_err(|error| named(failed(&error)))?;
        let (head, body) = http::Response::from(answer).into_parts();
        let mut chunks = http_body_util::BodyDataStream::new(body);
        let mut whole = Vec::new();
        while let Some(chunk) = chunks.next().await {
            whole.extend_from_slice(&chunk.map_err(|error| named(failed(&error)))?);
            if whole.len() > MOST_BYTES {
                return Err(named(Failed { slow: false, why: "an answer that is too large".to_owned() }));
            }
        }
        Ok(http::Response::from_parts(head, whole.into()))
    }
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
#[error("{why}")]
pub(super) struct Failed {
    /// It took too long.
    pub(super) slow: bool,
    pub(super) why: String,
}

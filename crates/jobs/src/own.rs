//! What weir asks of its own gateway beside judging: golden probes, shadow answers and eval runs. Marked as its own by the process
//! token, so that it is routed, priced and recorded like all traffic and never counted as any.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use weir_core::{
    DeploymentId, NanoUsd, SpanId, WorkloadId,
    span::{Errand, Origin},
};
use weir_providers::transport::{Endpoint, Limits, Transport, TransportError};

use crate::Bench;

/// Largest answer that is read.
const REPLY_BYTES: usize = 32 << 20;
const LIMITS: Limits = Limits {
    connect: Duration::from_secs(2),
    first_byte: Duration::from_secs(60),
    idle: Duration::from_secs(60),
    total: Duration::from_secs(600),
};
const ORIGIN: HeaderName = HeaderName::from_static("x-weir-origin");
const ABOUT: HeaderName = HeaderName::from_static("x-weir-about");
const SEALED: HeaderName = HeaderName::from_static("x-weir-sealed");
const WORKLOAD: HeaderName = HeaderName::from_static("x-weir-workload");
const BEHALF: HeaderName = HeaderName::from_static("x-weir-behalf");
const SPAN_ID: HeaderName = HeaderName::from_static("x-weir-span-id");
const COST_USD: HeaderName = HeaderName::from_static("x-weir-cost-usd");
const DEPLOYMENT: HeaderName = HeaderName::from_static("x-weir-deployment");
const RETRY_AFTER: HeaderName = HeaderName::from_static("retry-after");

/// On whose account weir asks.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Account<'a> {
    /// Its own.
    Own,
    /// A workload's, which then decides who answers.
    Workload(&'a WorkloadId),
    /// The key's of this name: its scope and its budget bind.
    Key(&'a str),
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Asked {
    /// HTTP status.
    pub(crate) status: u16,
    /// The span it was recorded as.
    pub(crate) span: Option<SpanId>,
    /// What it cost; `None` where a price is unknown.
    pub(crate) cost: Option<NanoUsd>,
    /// Who served it.
    pub(crate) deployment: Option<String>,
    /// Seconds after which a refused request may be sent again.
    pub(crate) retry_after_s: Option<u64>,
    /// The whole answer.
    pub(crate) body: Bytes,
}

/// Tells the gateway whose words a request repeats, and whether they may be kept.
pub(crate) fn tell(headers: &mut HeaderMap, errand: &Errand) {
    // Hashes and span ids are hexadecimal, so each is a header's value.
    if let Some(about) = errand.about.as_deref().and_then(|about| HeaderValue::from_str(about).ok()) {
        headers.insert(ABOUT, about);
    }
    if errand.sealed {
        headers.insert(SEALED, HeaderValue::from_static("1"));
    }
}

impl Bench {
    /// One chat completion, read to its end. The body names who is asked as its `model`; what is a workload there goes by
    /// the account's all the same, so leave that out for those.
    ///
    /// # Errors
    /// When the gateway cannot be reached or the account's name cannot be sent.
    pub(crate) async fn own(
        &self,
        transport: &Transport,
        origin: Origin,
        account: Account<'_>,
        errand: &Errand,
        body: Bytes,
    ) -> Result<Asked, TransportError> {
        self.own_at(transport, &Endpoint::Whole, (origin, account), errand, body).await
    }

    /// The same of another endpoint.
    pub(crate) async fn own_at(
        &self,
        transport: &Transport,
        at: &Endpoint,
        (origin, account): (Origin, Account<'_>),
        errand: &Errand,
        body: Bytes,
    ) -> Result<Asked, TransportError> {
        let mut headers = self.headers.clone();
        headers.insert(ORIGIN, HeaderValue::from_static(origin.name()));
        tell(&mut headers, errand);
        let named = match account {
            Account::Own => None,
            Account::Workload(workload) => Some((WORKLOAD, workload.as_str())),
            Account::Key(key) => Some((BEHALF, key)),
        };
        if let Some((header, name)) = named {
            let name = HeaderValue::from_str(name)
                .map_err(|_| TransportError::Refused("an account's name that no header can hold".into()))?;
            headers.insert(header, name);
        }
        let response = transport.send_to(&self.target, at, headers, body, LIMITS).await?;
        let text = |name: HeaderName| response.headers.get(name).and_then(|value| value.to_str().ok());
        let status = response.status;
        let span = text(SPAN_ID).and_then(|id| id.parse().ok());
        let cost = text(COST_USD).and_then(|usd| usd.parse().ok()).map(NanoUsd::from_usd);
        let deployment = text(DEPLOYMENT).map(str::to_owned);
        let retry_after_s = text(RETRY_AFTER).and_then(|seconds| seconds.parse().ok());
        let body = response.body.read_all(REPLY_BYTES).await?;
        Ok(Asked { status, span, cost, deployment, retry_after_s, body })
    }
}

/// Members that tell another dialect's request from a chat completion.
const FOREIGN: [&str; 3] = ["system", "contents", "input"];

/// The caller's own request asked of one deployment, whole instead of streamed; `None` when it is not a chat completion.
pub(crate) fn addressed(request: &[u8], deployment: &DeploymentId) -> Option<Bytes> {
    let mut body: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(request).ok()?;
    if FOREIGN.iter().any(|member| body.contains_key(*member)) {
        return None;
    }
    body.insert("model".to_owned(), deployment.as_str().into());
    body.remove("stream");
    body.remove("stream_options");
    serde_json::to_vec(&body).ok().map(Bytes::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_keeps_all_but_where_it_goes_and_how_it_is_sent() {
        let sent = br#"{"model":"weir/maths","stream":true,"stream_options":{"include_usage":true},"x":[1.50]}"#;
        let body = addressed(sent, &DeploymentId::from("sim/small")).unwrap();
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(body, serde_json::json!({"model": "sim/small", "x": [1.5]}));
        assert_eq!(addressed(b"{\"system\":\"s\",\"messages\":[]}", &DeploymentId::from("sim/small")), None);
        assert_eq!(addressed(b"[1]", &DeploymentId::from("sim/small")), None);
        assert_eq!(addressed(b"{\"cut\":", &DeploymentId::from("sim/small")), None);
    }
}

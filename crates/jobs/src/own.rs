//! What weir asks of its own gateway beside judging: golden probes. Marked as its own by the process
//! token, so that it is routed, priced and recorded like all traffic and never counted as any.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue};
use weir_core::{NanoUsd, WorkloadId, span::Origin};
use weir_providers::transport::{Limits, Transport, TransportError};

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
const WORKLOAD: HeaderName = HeaderName::from_static("x-weir-workload");
const COST_USD: HeaderName = HeaderName::from_static("x-weir-cost-usd");

impl Bench {
    /// One chat completion on a workload's account, read to its end; what it cost, as far as prices are known. The body names the deployment as its `model`.
    ///
    /// # Errors
    /// When the gateway cannot be reached or the workload's name cannot be sent.
    pub(crate) async fn own(
        &self,
        transport: &Transport,
        origin: Origin,
        workload: &WorkloadId,
        body: Bytes,
    ) -> Result<NanoUsd, TransportError> {
        let mut headers = self.headers.clone();
        let workload = HeaderValue::from_str(workload.as_str())
            .map_err(|_| TransportError::Refused("a workload's name that no header can hold".into()))?;
        headers.insert(ORIGIN, HeaderValue::from_static(origin.name()));
        headers.insert(WORKLOAD, workload);
        let response = transport.send(&self.target, headers, body, LIMITS).await?;
        let cost = response.headers.get(COST_USD).and_then(|usd| usd.to_str().ok()?.parse().ok());
        response.body.read_all(REPLY_BYTES).await?;
        Ok(cost.map_or(NanoUsd::ZERO, NanoUsd::from_usd))
    }
}

//! One request as recorded: who, what was decided, what was tried, what it cost. Payloads travel beside the span and
//! are stored apart from it, so that lists stay small and texts can be purged on their own.

use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::{DeploymentId, NanoUsd, SpanId, Timestamp, TraceId, Usage, WorkloadId, decision::Decision};

/// One request through the gateway.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Span {
    /// Unguessable.
    pub id: SpanId,
    /// The caller's trace, or a fresh one.
    pub trace_id: TraceId,
    /// The caller's span from `traceparent`.
    pub parent_id: Option<u64>,
    /// Name of the key that called; spans are visible to their own tenant only.
    pub tenant: Arc<str>,
    /// Whose traffic.
    pub workload: WorkloadId,
    /// Who asked: a client, or weir itself.
    pub origin: Origin,
    /// The caller's session, for affinity and canary units.
    pub session: Option<Arc<str>>,
    /// `model` as the caller wrote it.
    pub model_asked: Arc<str>,
    /// Answer wanted as a stream.
    pub stream: bool,
    /// Request received.
    pub started_at: Timestamp,
    /// Received to last byte sent, in microseconds.
    pub latency_us: u64,
    /// Received to first byte of the answer, in microseconds.
    pub ttft_us: Option<u64>,
    /// How it ended.
    pub outcome: Outcome,
    /// The dialect's own word.
    pub finish_reason: Option<Arc<str>>,
    /// Why this route; `None` when the request failed before routing.
    pub decision: Option<Arc<Decision>>,
    /// Every upstream call, in order.
    pub attempts: Vec<Attempt>,
    /// Tokens of the answer that was served.
    pub usage: Usage,
    /// All attempts together; `None` when a price is unknown.
    pub cost: Option<NanoUsd>,
    /// The caller's tags, a JSON object as text; empty when none.
    pub tags: Arc<str>,
}

impl Span {
    /// The deployment whose answer was served: the last attempt, when it succeeded.
    #[must_use]
    pub fn served_by(&self) -> Option<&DeploymentId> {
        self.attempts.last().filter(|attempt| attempt.error.is_none()).map(|attempt| &attempt.deployment)
    }
}

/// Who asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// A client. The only origin that is ever scored.
    Client,
    /// A judge or an eval run asking through the gateway.
    Eval,
}

/// How a request ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Outcome {
    /// The whole answer was relayed.
    Ok,
    /// The client left before the end.
    Cancelled,
    /// It failed; a cut stream is a failure.
    Failed {
        /// `W0000`.
        code: Arc<str>,
        /// What happened; no secrets, no payload.
        message: Arc<str>,
    },
}

impl Outcome {
    /// `ok`, `cancelled` or `failed`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Cancelled => "cancelled",
            Self::Failed { .. } => "failed",
        }
    }
}

/// One upstream call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    /// Where.
    pub deployment: DeploymentId,
    /// Since the request was received, in microseconds.
    pub started_us: u64,
    /// In microseconds.
    pub latency_us: u64,
    /// HTTP status; `None` when none came.
    pub status: Option<u16>,
    /// Why it failed: `connect`, `timeout`, `rate_limit`, `server_error`, …; `None` when it served.
    pub error: Option<Arc<str>>,
    /// What it cost; `None` when the price is unknown.
    pub cost: Option<NanoUsd>,
}

/// The texts of one request, bounded, kept apart from its span.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Payload {
    /// The request body as received.
    pub request: Bytes,
    /// The answer: the body, or for streams the dialect's whole event text.
    pub response: Bytes,
    /// True when either was cut at the bound; such an answer is not scored.
    pub truncated: bool,
}

/// What the gateway hands to the recorder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The span.
    pub span: Span,
    /// Its texts.
    pub payload: Payload,
}

//! One request as recorded: who, what was decided, what was tried, what it cost. Payloads travel beside the span and
//! are stored apart from it, so that lists stay small and texts can be purged on their own.

use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::{
    DeploymentId, NanoUsd, SpanId, Timestamp, TraceId, Usage, WorkloadId,
    decision::Decision,
    workload::{SEGMENT_ALL, SEGMENT_EXTERNAL, SEGMENT_PROBE, SEGMENT_SHADOW},
};

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
    /// Who the provider says answered.
    #[serde(default, skip_serializing_if = "Identity::is_unknown")]
    pub identity: Identity,
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
    /// What it is for, where weir itself asked.
    #[serde(default, skip_serializing_if = "Errand::is_none")]
    pub errand: Errand,
}

impl Span {
    /// The deployment whose answer was served: the attempt that succeeded.
    #[must_use]
    pub fn served_by(&self) -> Option<&DeploymentId> {
        self.attempts.iter().rfind(|attempt| attempt.error.is_none()).map(|attempt| &attempt.deployment)
    }

    /// The series that scores of this answer belong to: the decision's part of the workload for clients, one of their
    /// own for what weir asked itself.
    #[must_use]
    pub fn segment(&self) -> Arc<str> {
        match self.origin {
            Origin::Probe => SEGMENT_PROBE.into(),
            Origin::Shadow => SEGMENT_SHADOW.into(),
            Origin::External => SEGMENT_EXTERNAL.into(),
            Origin::Client | Origin::Eval => {
                self.decision.as_ref().map_or_else(|| SEGMENT_ALL.into(), |decision| Arc::clone(&decision.segment))
            }
        }
    }

    /// Probability that the route which served was chosen, `0..=1`. A fallback's answer counts as certain, because no
    /// draw chose it.
    #[must_use]
    pub fn propensity(&self) -> f64 {
        let drawn = self.decision.as_ref().filter(|decision| decision.chain.first() == self.served_by());
        drawn.map_or(1.0, |decision| decision.propensity)
    }
}

/// What a provider says of the model that answered. A change of it is a change of what is measured.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Identity {
    /// `model` of the answer, often more exact than the one asked for; at most [`Identity::BYTES`].
    pub model: Option<Arc<str>>,
    /// `system_fingerprint` of the answer; at most [`Identity::BYTES`].
    pub fingerprint: Option<Arc<str>>,
}

impl Identity {
    /// Longest name kept; longer ones are taken for none.
    pub const BYTES: usize = 128;

    /// From what an answer says; names that are empty, too long or hold control characters are taken for none.
    #[must_use]
    pub fn new(model: Option<&str>, fingerprint: Option<&str>) -> Self {
        let name = |text: Option<&str>| {
            text.filter(|text| (1..=Self::BYTES).contains(&text.len()) && !text.chars().any(char::is_control))
                .map(Arc::from)
        };
        Self { model: name(model), fingerprint: name(fingerprint) }
    }

    /// True when the provider said neither.
    #[must_use]
    pub const fn is_unknown(&self) -> bool {
        self.model.is_none() && self.fingerprint.is_none()
    }
}

/// Who asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// A client. The only origin that counts as traffic: in figures, in windows, in canaries.
    Client,
    /// A judge or an eval run asking through the gateway; never scored.
    Eval,
    /// A golden probe: a known prompt, asked on schedule, scored into windows of its own.
    Probe,
    /// A client's request asked again of a canary's candidate after the reply; scored, billed to nobody.
    Shadow,
    /// A call that another program made and told of: scored into windows of its own, never traffic.
    External,
}

impl Origin {
    /// The word stored, sent and shown.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Eval => "eval",
            Self::Probe => "probe",
            Self::Shadow => "shadow",
            Self::External => "external",
        }
    }

    /// The origin of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [Self::Client, Self::Eval, Self::Probe, Self::Shadow, Self::External]
            .into_iter()
            .find(|origin| origin.name() == name)
    }
}

/// What a request of weir's own repeats of others' words, and whether its texts may be kept.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Errand {
    /// Whose words it repeats: the hash of a dataset's item, or the id of a span. When those are purged, so are its texts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<Arc<str>>,
    /// It repeats a held-out item, so its texts are kept nowhere: whoever may read requests could tune on them.
    #[serde(default)]
    pub sealed: bool,
}

impl Errand {
    /// One that repeats what was said in this request.
    #[must_use]
    pub fn about(span: SpanId) -> Self {
        Self { about: Some(span.to_string().into()), sealed: false }
    }

    /// One that repeats the item of this hash.
    #[must_use]
    pub fn of_item(hash: &str, held_out: bool) -> Self {
        Self { about: Some(hash.into()), sealed: held_out }
    }

    /// A client's request, or one that repeats nobody's words.
    #[must_use]
    pub const fn is_none(&self) -> bool {
        self.about.is_none() && !self.sealed
    }
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
    /// JSON paths of the request that this deployment's dialect could not express.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dropped: Vec<Arc<str>>,
    /// The region that had just gone silent, where it was asked before its turn for being in another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub away_from: Option<Arc<str>>,
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

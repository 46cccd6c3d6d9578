//! How requests look to people: one line of a list, and all that is known of one.

use serde::Serialize;
use utoipa::ToSchema;
use weir_core::{
    NanoUsd, Usage,
    score::Verdict,
    snapshot::Snapshot,
    span::{Attempt, Outcome, Payload, Span},
};
use weir_store::{ScoreRow, SpanRow};

use crate::{
    decision::{ArmWord, DecisionView},
    time::rfc3339,
};

/// What a request is, in one line.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TraceHead {
    span_id: String,
    trace_id: String,
    workload: String,
    /// Who answered last, well or not.
    deployment: Option<String>,
    /// The stages walked.
    strategy: Option<String>,
    /// The policy revision that decided.
    revision: Option<String>,
    /// `ok`, `cancelled` or `failed`.
    #[schema(schema_with = crate::words::outcome)]
    status: String,
    /// `W0000` of a failure.
    code: Option<String>,
    /// `client` or `eval`.
    #[schema(schema_with = crate::words::origin)]
    origin: &'static str,
    stream: bool,
    started_at: String,
    latency_ms: f64,
    /// To the first byte.
    ttft_ms: Option<f64>,
    input_tokens: u64,
    output_tokens: u64,
    /// All attempts together; `null` when a price is unknown.
    cost_usd: Option<f64>,
    /// The arm, when a canary took it.
    arm: Option<ArmWord>,
    canary: Option<String>,
    /// Newest grade of the workload's quality scorer.
    score: Option<f64>,
}

/// One row of the list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TraceRow {
    #[serde(flatten)]
    head: TraceHead,
    /// Upstream calls.
    attempts: u64,
}

/// One request with all that is known of it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TraceDetail {
    #[serde(flatten)]
    head: TraceHead,
    /// `model` as the caller wrote it.
    model_asked: String,
    session: Option<String>,
    /// Name of the key that called.
    tenant: String,
    /// The dialect's own word.
    finish_reason: Option<String>,
    /// What happened, when it failed.
    error: Option<String>,
    /// The caller's tags.
    #[schema(value_type = Object)]
    tags: serde_json::Value,
    decision: Option<DecisionView>,
    /// Every upstream call, in order.
    attempts: Vec<AttemptView>,
    usage: UsageView,
    scores: Vec<ScoreView>,
    /// The body as received; empty when it is not here.
    request: String,
    /// The answer: its body, or the whole event text of a stream.
    response: String,
    /// True when either text was cut at the bound.
    truncated: bool,
    /// Why its texts are not here, in a sentence; `null` when they are.
    texts_missing: Option<&'static str>,
}

/// Of a request that repeats a held-out item, or that one was made from.
const SEALED: &str = "Its words are those of a held-out item, so they are not shown: whoever reads requests could tune on \
     them. The dataset shows the item to whoever reveals it, and writes that down.";
/// Of one whose texts are gone.
const PURGED: &str = "Its texts have been purged.";

/// One upstream call.
#[derive(Debug, Serialize, ToSchema)]
struct AttemptView {
    deployment: String,
    /// Since the request was received, in microseconds.
    started_us: u64,
    /// In microseconds.
    latency_us: u64,
    /// HTTP status; `null` when none came.
    status: Option<u16>,
    /// Why it failed; `null` when it served.
    error: Option<String>,
    /// Nano-dollars; `null` when the price is unknown.
    cost: Option<i64>,
    /// JSON paths of the request that the deployment's dialect could not express.
    dropped: Vec<String>,
    /// The region that had just gone silent, where it was asked before its turn for being in another one.
    away_from: Option<String>,
}

/// Tokens, as the provider counted them.
#[derive(Debug, Serialize, ToSchema)]
struct UsageView {
    /// Cached ones included.
    input: u64,
    /// Reasoning included.
    output: u64,
    cached_input: u64,
    /// Written to the provider's cache.
    cache_write: u64,
    reasoning: u64,
    /// True when weir counted, because the provider did not.
    estimated: bool,
}

/// One scorer's word.
#[derive(Debug, Serialize, ToSchema)]
struct ScoreView {
    /// Its place in the score log.
    seq: i64,
    scorer: String,
    version: String,
    /// `scored` or `unscored`.
    #[schema(schema_with = crate::words::score_status)]
    status: &'static str,
    value: Option<f64>,
    /// Why there is no grade.
    reason: Option<&'static str>,
    /// `check`, `judge`, `battle` or `api`.
    source: &'static str,
    /// In the scorer's words.
    explanation: Option<String>,
    /// The probability with which the answer was chosen for scoring.
    p_sample: f64,
    at: String,
    cost_usd: f64,
}

impl TraceRow {
    /// `snapshot` names the scorer whose grade is shown.
    pub(crate) fn new(row: &SpanRow, snapshot: &Snapshot) -> Self {
        Self { head: TraceHead::new(row, snapshot), attempts: row.attempts }
    }
}

impl TraceHead {
    fn new(row: &SpanRow, snapshot: &Snapshot) -> Self {
        let score = match snapshot.workloads.get(&row.workload) {
            Some(view) => row.grade(&view.workload.quality),
            None => row.scores.iter().rev().find_map(|score| score.grade),
        };
        Self {
            span_id: row.span_id.to_string(),
            trace_id: row.trace_id.to_string(),
            workload: row.workload.to_string(),
            deployment: row.deployment.as_ref().map(ToString::to_string),
            strategy: row.strategy.clone(),
            revision: row.revision.as_ref().map(ToString::to_string),
            status: row.status.clone(),
            code: row.code.clone(),
            origin: row.origin.name(),
            stream: row.stream,
            started_at: rfc3339(row.started_at),
            latency_ms: millis(row.latency_us),
            ttft_ms: row.ttft_us.map(millis),
            input_tokens: row.input_tokens,
            output_tokens: row.output_tokens,
            cost_usd: row.cost.map(NanoUsd::as_usd),
            arm: row.arm.map(ArmWord::from),
            canary: row.canary.as_ref().map(ToString::to_string),
            score,
        }
    }
}

impl From<&Attempt> for AttemptView {
    fn from(attempt: &Attempt) -> Self {
        Self {
            deployment: attempt.deployment.to_string(),
            started_us: attempt.started_us,
            latency_us: attempt.latency_us,
            status: attempt.status,
            error: attempt.error.as_deref().map(str::to_owned),
            cost: attempt.cost.map(|cost| cost.0),
            dropped: attempt.dropped.iter().map(|path| path.to_string()).collect(),
            away_from: attempt.away_from.as_deref().map(str::to_owned),
        }
    }
}

impl From<Usage> for UsageView {
    fn from(usage: Usage) -> Self {
        Self {
            input: usage.input,
            output: usage.output,
            cached_input: usage.cached_input,
            cache_write: usage.cache_write,
            reasoning: usage.reasoning,
            estimated: usage.estimated,
        }
    }
}

impl From<&ScoreRow> for ScoreView {
    fn from(row: &ScoreRow) -> Self {
        let score = &row.score;
        let (status, value, reason) = match score.verdict {
            Verdict::Scored { grade } => ("scored", Some(grade.value()), None),
            Verdict::Unscored { reason } => ("unscored", None, Some(reason.name())),
        };
        Self {
            p_sample: score.p_sample,
            seq: row.seq,
            scorer: score.scorer.to_string(),
            version: score.version.to_string(),
            status,
            value,
            reason,
            source: score.source.name(),
            explanation: score.explanation.clone(),
            at: rfc3339(score.at),
            cost_usd: score.cost.as_usd(),
        }
    }
}

impl TraceDetail {
    /// `scores` in order of arrival; `snapshot` names the scorer whose grade is shown at the head.
    pub(crate) fn new(
        span: &Span,
        row: &SpanRow,
        payload: Option<&Payload>,
        scores: &[ScoreRow],
        snapshot: &Snapshot,
    ) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self {
            head: TraceHead::new(row, snapshot),
            model_asked: span.model_asked.to_string(),
            session: span.session.as_deref().map(str::to_owned),
            tenant: span.tenant.to_string(),
            finish_reason: span.finish_reason.as_deref().map(str::to_owned),
            error: match &span.outcome {
                Outcome::Failed { message, .. } => Some(message.to_string()),
                Outcome::Ok | Outcome::Cancelled => None,
            },
            tags: serde_json::from_str(&span.tags)
                .unwrap_or_else(|_| serde_json::Value::Object(serde_json::Map::new())),
            decision: span.decision.as_deref().map(DecisionView::from),
            attempts: span.attempts.iter().map(AttemptView::from).collect(),
            usage: span.usage.into(),
            scores: scores.iter().map(ScoreView::from).collect(),
            request: payload.map(|payload| text(&payload.request)).unwrap_or_default(),
            response: payload.map(|payload| text(&payload.response)).unwrap_or_default(),
            truncated: payload.is_some_and(|payload| payload.truncated),
            texts_missing: match payload {
                Some(_) => None,
                None if span.errand.sealed => Some(SEALED),
                None => Some(PURGED),
            },
        }
    }
}

fn millis(us: u64) -> f64 {
    us as f64 / 1e3
}

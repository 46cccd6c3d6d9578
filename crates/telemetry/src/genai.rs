//! A recorded span as OpenTelemetry spans: one for the request, one child per upstream attempt. Built straight from
//! the record after the reply is gone, so the request path pays nothing for it.

use std::{
    borrow::Cow,
    time::{Duration, SystemTime},
};

use opentelemetry::{
    InstrumentationScope, KeyValue, StringValue, Value,
    trace::{Event, SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState},
};
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks};
use weir_core::{
    Timestamp,
    score::{Score, Verdict},
    span::{Attempt, Outcome, Span},
};

use crate::semconv;

/// The request's span first, then its attempts. No payload and no secret is in any of them.
#[must_use]
pub fn spans(span: &Span) -> Vec<SpanData> {
    let root = span_id(span, 0);
    let parent = span.parent_id.map_or(SpanId::INVALID, |id| SpanId::from_bytes(id.to_be_bytes()));
    let start = system_time(span.started_at);
    let mut data = vec![SpanData {
        parent_span_is_remote: parent != SpanId::INVALID,
        span_kind: SpanKind::Server,
        status: status(&span.outcome),
        attributes: request_attributes(span),
        ..blank(span, root, parent, format!("chat {}", span.workload), start, Duration::from_micros(span.latency_us))
    }];
    data.extend((1u64..).zip(&span.attempts).map(|(number, attempt)| SpanData {
        span_kind: SpanKind::Client,
        status: attempt.error.as_ref().map_or(Status::Ok, |error| Status::error(error.to_string())),
        attributes: attempt_attributes(attempt),
        ..blank(
            span,
            span_id(span, number),
            root,
            format!("attempt {}", attempt.deployment),
            start + Duration::from_micros(attempt.started_us),
            Duration::from_micros(attempt.latency_us),
        )
    }));
    data
}

/// A score as a span of no length under the request's span, carrying the `gen_ai.evaluation.result` event.
#[must_use]
pub fn evaluation(span: &Span, score: &Score) -> SpanData {
    let mut attributes = vec![KeyValue::new(semconv::EVALUATION_NAME, score.scorer.to_string())];
    match &score.verdict {
        Verdict::Scored { grade } => attributes.push(KeyValue::new(semconv::EVALUATION_VALUE, grade.value())),
        Verdict::Unscored { reason } => attributes.push(KeyValue::new(semconv::ERROR_TYPE, reason.name())),
    }
    if let Some(explanation) = &score.explanation {
        attributes.push(KeyValue::new(semconv::EVALUATION_EXPLANATION, explanation.clone()));
    }
    let at = system_time(score.at);
    // Distinct per scorer, stable over re-delivery.
    let salt = score
        .scorer
        .as_str()
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    let mut events = SpanEvents::default();
    events.events.push(Event::new(semconv::EVALUATION, at, attributes, 0));
    SpanData {
        events,
        ..blank(
            span,
            span_id(span, salt | 1 << 63),
            span_id(span, 0),
            format!("evaluate {}", score.scorer),
            at,
            Duration::ZERO,
        )
    }
}

/// OTel ids are 64 bits: the low half of ours, moved by the child's number.
fn span_id(span: &Span, child: u64) -> SpanId {
    let low = (span.id.bits() & u128::from(u64::MAX)) as u64;
    SpanId::from_bytes((low ^ child).to_be_bytes())
}

fn blank(span: &Span, id: SpanId, parent: SpanId, name: String, start: SystemTime, length: Duration) -> SpanData {
    let trace = TraceId::from_bytes(span.trace_id.bits().to_be_bytes());
    SpanData {
        span_context: SpanContext::new(trace, id, TraceFlags::SAMPLED, false, TraceState::default()),
        parent_span_id: parent,
        parent_span_is_remote: false,
        span_kind: SpanKind::Internal,
        name: Cow::Owned(name),
        start_time: start,
        end_time: start + length,
        attributes: Vec::new(),
        dropped_attributes_count: 0,
        events: SpanEvents::default(),
        links: SpanLinks::default(),
        status: Status::Unset,
        instrumentation_scope: InstrumentationScope::builder("weir").build(),
    }
}

fn request_attributes(span: &Span) -> Vec<KeyValue> {
    let mut attributes = vec![
        KeyValue::new(semconv::OPERATION, "chat"),
        KeyValue::new(semconv::REQUEST_MODEL, span.model_asked.to_string()),
        KeyValue::new(semconv::SPAN, span.id.to_string()),
        KeyValue::new(semconv::WORKLOAD, span.workload.to_string()),
        KeyValue::new(semconv::ORIGIN, span.origin.name()),
        KeyValue::new(semconv::INPUT_TOKENS, int(span.usage.input)),
        KeyValue::new(semconv::OUTPUT_TOKENS, int(span.usage.output)),
        KeyValue::new(semconv::CACHED_TOKENS, int(span.usage.cached_input)),
        KeyValue::new(semconv::ATTEMPTS, int(span.attempts.len() as u64)),
    ];
    let mut text = |key: &'static str, value: Option<String>| attributes.extend(value.map(|v| KeyValue::new(key, v)));
    text(semconv::DEPLOYMENT, span.served_by().map(ToString::to_string));
    text(semconv::CONVERSATION, span.session.as_ref().map(ToString::to_string));
    text(semconv::FALLBACK_REASON, span.attempts.first().and_then(|a| a.error.as_ref()).map(ToString::to_string));
    if let Outcome::Failed { code, .. } = &span.outcome {
        attributes.push(KeyValue::new(semconv::ERROR_TYPE, code.to_string()));
    }
    if let Some(reason) = &span.finish_reason {
        let list = vec![StringValue::from(reason.to_string())];
        attributes.push(KeyValue::new(semconv::FINISH_REASONS, Value::Array(list.into())));
    }
    for (name, value) in
        [(semconv::RESPONSE_MODEL, &span.identity.model), (semconv::FINGERPRINT, &span.identity.fingerprint)]
    {
        if let Some(value) = value {
            attributes.push(KeyValue::new(name, value.to_string()));
        }
    }
    if let Some(ttft) = span.ttft_us {
        attributes.push(KeyValue::new(semconv::TTFT_MS, ttft as f64 / 1_000.0));
    }
    if let Some(cost) = span.cost {
        attributes.push(KeyValue::new(semconv::COST_TOTAL, cost.as_usd()));
        attributes.push(KeyValue::new(semconv::COST_NANO, cost.0));
    }
    if let Some(decision) = &span.decision {
        attributes.push(KeyValue::new(semconv::SEGMENT, decision.segment.to_string()));
        attributes.push(KeyValue::new(semconv::STRATEGY, decision.strategy.to_string()));
        attributes.push(KeyValue::new(semconv::REVISION, decision.revision.to_string()));
        attributes.push(KeyValue::new(semconv::PROPENSITY, decision.propensity));
        let candidates = serde_json::to_string(&decision.candidates).unwrap_or_default();
        attributes.push(KeyValue::new(semconv::CANDIDATES, candidates));
    }
    attributes
}

fn attempt_attributes(attempt: &Attempt) -> Vec<KeyValue> {
    let mut attributes = vec![KeyValue::new(semconv::DEPLOYMENT, attempt.deployment.to_string())];
    attributes.extend(attempt.status.map(|status| KeyValue::new(semconv::STATUS_CODE, i64::from(status))));
    attributes.extend(attempt.error.as_ref().map(|error| KeyValue::new(semconv::ERROR_TYPE, error.to_string())));
    attributes.extend(attempt.cost.map(|cost| KeyValue::new(semconv::COST_NANO, cost.0)));
    if !attempt.dropped.is_empty() {
        let dropped: Vec<StringValue> = attempt.dropped.iter().map(|path| path.to_string().into()).collect();
        attributes.push(KeyValue::new(semconv::DROPPED, Value::Array(dropped.into())));
    }
    attributes
}

fn status(outcome: &Outcome) -> Status {
    match outcome {
        Outcome::Ok => Status::Ok,
        Outcome::Cancelled => Status::error("cancelled"),
        Outcome::Failed { message, .. } => Status::error(message.to_string()),
    }
}

fn system_time(at: Timestamp) -> SystemTime {
    SystemTime::UNIX_EPOCH + at.since(Timestamp(0))
}

fn int(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

//! A recorded span becomes one server span and one client span per attempt, in GenAI terms.

use opentelemetry::{
    Value,
    trace::{SpanKind, Status},
};
use opentelemetry_sdk::trace::SpanData;
use weir_core::{
    Grade, NanoUsd, SpanId, Timestamp, TraceId, Usage,
    score::{Score, Source, Verdict},
    span::{Attempt, Origin, Outcome, Span},
};
use weir_telemetry::{genai, semconv};

fn span() -> Span {
    let attempt = |deployment: &str, error: Option<&str>| Attempt {
        deployment: deployment.into(),
        started_us: 10,
        latency_us: 500,
        status: Some(if error.is_some() { 429 } else { 200 }),
        error: error.map(Into::into),
        cost: Some(NanoUsd(7)),
        dropped: Vec::new(),
        away_from: None,
    };
    Span {
        id: SpanId::from_bits(0xabcd),
        trace_id: TraceId::from_bits(0x1234),
        parent_id: Some(0x99),
        tenant: "local".into(),
        workload: "maths".into(),
        origin: Origin::Client,
        session: None,
        model_asked: "auto".into(),
        stream: false,
        started_at: Timestamp(1_700_000_000_000_000),
        latency_us: 2_000,
        ttft_us: Some(1_500),
        outcome: Outcome::Ok,
        finish_reason: Some("stop".into()),
        identity: Default::default(),
        decision: None,
        attempts: vec![attempt("a", Some("rate_limit")), attempt("b", None)],
        usage: Usage { input: 12, output: 3, ..Usage::default() },
        cost: Some(NanoUsd(14)),
        tags: "".into(),
        errand: Default::default(),
    }
}

fn attribute(data: &SpanData, key: &str) -> Option<Value> {
    data.attributes.iter().find(|pair| pair.key.as_str() == key).map(|pair| pair.value.clone())
}

#[test]
fn attempts_are_children_of_the_request_and_the_fallback_says_why() {
    let data = genai::spans(&span());
    let [request, first, second] = data.as_slice() else { panic!("{data:?}") };
    assert_eq!(request.span_context.trace_id().to_string(), format!("{:032x}", 0x1234));
    assert_eq!(request.parent_span_id.to_string(), format!("{:016x}", 0x99));
    assert!(request.parent_span_is_remote);
    assert_eq!(request.span_kind, SpanKind::Server);
    assert_eq!(attribute(request, semconv::DEPLOYMENT), Some("b".into()));
    assert_eq!(attribute(request, semconv::FALLBACK_REASON), Some("rate_limit".into()));
    assert_eq!(attribute(request, semconv::INPUT_TOKENS), Some(Value::I64(12)));
    assert_eq!(attribute(request, semconv::COST_TOTAL), Some(Value::F64(14e-9)));
    for child in [first, second] {
        assert_eq!(child.parent_span_id, request.span_context.span_id());
        assert_ne!(child.span_context.span_id(), request.span_context.span_id());
    }
    assert_eq!(first.status, Status::error("rate_limit"));
    assert_eq!(request.end_time.duration_since(request.start_time).unwrap().as_micros(), 2_000);
}

#[test]
fn a_score_is_an_evaluation_event_under_the_request() {
    let span = span();
    let score = Score {
        span_id: span.id,
        workload: span.workload.clone(),
        segment: "all".into(),
        deployment: "b".into(),
        scorer: "exact".into(),
        version: "1".into(),
        verdict: Verdict::Scored { grade: Grade::ONE },
        source: Source::Check,
        explanation: None,
        p_sample: 1.0,
        propensity: 1.0,
        cost: NanoUsd::ZERO,
        at: Timestamp(1_700_000_000_500_000),
    };
    let data = genai::evaluation(&span, &score);
    let event = &data.events.events[0];
    assert_eq!(event.name, semconv::EVALUATION);
    assert!(event.attributes.iter().any(|pair| pair.value == Value::F64(1.0)));
    assert_eq!(data.parent_span_id, genai::spans(&span)[0].span_context.span_id());
}

//! Spans of other programs, as OTLP brings them, read into weir's own records so that they can be scored. What a model
//! was asked and what it said is found under the names of OpenTelemetry's GenAI conventions, of OpenInference, or of
//! Langfuse; a span that is no call of a model is left out.

mod messages;

use std::{collections::HashMap, sync::Arc, time::Duration};

use opentelemetry_proto::tonic::{
    collector::trace::v1::{ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse},
    common::v1::{KeyValue, any_value::Value},
    trace::v1::{Span as Proto, status::StatusCode},
};
use prost::Message as _;
use serde_json::json;
use weir_core::{
    NanoUsd, SpanId, Timestamp, TraceId, Usage,
    span::{Attempt, Identity, Origin, Outcome, Payload, Record, Span},
};

use crate::semconv;

/// Names longer than this are cut.
const NAME_CHARS: usize = 200;

/// What one export holds.
#[derive(Debug, Default)]
pub struct Export {
    /// Calls of models.
    pub records: Vec<Record>,
    /// Grades that came with the spans.
    pub evaluations: Vec<Evaluation>,
    /// Spans that could not be read, and why the last of them.
    pub rejected: u64,
    /// Why the last rejected span could not be read.
    pub why: String,
}

/// A grade of a span, as another evaluator gave it.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluation {
    /// OpenTelemetry's id of the graded span.
    pub span: u64,
    /// The evaluator.
    pub name: String,
    /// On its own scale.
    pub value: f64,
    /// Its words.
    pub explanation: Option<String>,
}

/// Whose traffic the spans are, where they do not say so themselves.
#[derive(Debug, Clone, Default)]
pub struct Whose {
    /// The key that sent them.
    pub tenant: Arc<str>,
    /// The workload of spans that name none.
    pub workload: Option<String>,
}

/// An export in protobuf.
///
/// # Errors
/// When the bytes are none.
pub fn from_protobuf(bytes: &[u8], whose: &Whose) -> Result<Export, String> {
    ExportTraceServiceRequest::decode(bytes).map(|request| read(request, whose)).map_err(|error| error.to_string())
}

/// An export in JSON.
///
/// # Errors
/// When the text is none; the message names the place.
pub fn from_json(bytes: &[u8], whose: &Whose) -> Result<Export, String> {
    serde_json::from_slice(bytes).map(|request| read(request, whose)).map_err(|error| error.to_string())
}

/// The answer to an export, in protobuf.
#[must_use]
pub fn reply_protobuf(export: &Export) -> Vec<u8> {
    let partial = (export.rejected > 0).then(|| ExportTracePartialSuccess {
        rejected_spans: i64::try_from(export.rejected).unwrap_or(i64::MAX),
        error_message: export.why.clone(),
    });
    ExportTraceServiceResponse { partial_success: partial }.encode_to_vec()
}

/// The answer to an export, in JSON.
#[must_use]
pub fn reply_json(export: &Export) -> String {
    match export.rejected {
        0 => "{}".to_owned(),
        rejected => {
            json!({"partialSuccess": {"rejectedSpans": rejected.to_string(), "errorMessage": export.why}}).to_string()
        }
    }
}

/// Attributes by name.
type Attributes<'a> = HashMap<&'a str, &'a Value>;

fn attributes(all: &[KeyValue]) -> Attributes<'_> {
    all.iter().filter_map(|one| Some((one.key.as_str(), one.value.as_ref()?.value.as_ref()?))).collect()
}

fn read(request: ExportTraceServiceRequest, whose: &Whose) -> Export {
    let mut export = Export::default();
    for group in &request.resource_spans {
        let resource = group.resource.as_ref().map(|one| attributes(&one.attributes)).unwrap_or_default();
        for span in group.scope_spans.iter().flat_map(|scope| &scope.spans) {
            let own = attributes(&span.attributes);
            evaluations(span, &mut export.evaluations);
            if !is_model_call(&own) {
                continue;
            }
            match record(span, &own, &resource, whose) {
                Ok(record) => export.records.push(record),
                Err(why) => {
                    export.rejected += 1;
                    export.why = why;
                }
            }
        }
    }
    export
}

fn text<'a>(attributes: &Attributes<'a>, names: &[&str]) -> Option<&'a str> {
    names.iter().find_map(|name| match attributes.get(name) {
        Some(Value::StringValue(text)) if !text.is_empty() => Some(text.as_str()),
        _ => None,
    })
}

fn number(attributes: &Attributes<'_>, names: &[&str]) -> Option<f64> {
    names.iter().find_map(|name| match attributes.get(name)? {
        Value::IntValue(number) => Some(*number as f64),
        Value::DoubleValue(number) => Some(*number),
        Value::StringValue(text) => text.parse().ok(),
        _ => None,
    })
}

/// A call of a model: not a tool, an agent or a step around it.
fn is_model_call(attributes: &Attributes<'_>) -> bool {
    if let Some(kind) = text(attributes, &[semconv::OPENINFERENCE_KIND]) {
        return kind.eq_ignore_ascii_case("llm");
    }
    if let Some(kind) = text(attributes, &[semconv::LANGFUSE_KIND]) {
        return kind.eq_ignore_ascii_case("generation");
    }
    match text(attributes, &[semconv::OPERATION]) {
        Some(operation) => matches!(operation, "chat" | "text_completion" | "generate_content"),
        None => text(attributes, &[semconv::REQUEST_MODEL, semconv::RESPONSE_MODEL]).is_some(),
    }
}

fn record(span: &Proto, own: &Attributes<'_>, resource: &Attributes<'_>, whose: &Whose) -> Result<Record, String> {
    let trace: [u8; 16] = span.trace_id.as_slice().try_into().map_err(|_| "a trace id is not 16 bytes".to_owned())?;
    let id: [u8; 8] = span.span_id.as_slice().try_into().map_err(|_| "a span id is not 8 bytes".to_owned())?;
    if trace == [0; 16] || id == [0; 8] {
        return Err("an id is all zeroes".to_owned());
    }
    if span.end_time_unix_nano < span.start_time_unix_nano {
        return Err("a span ends before it begins".to_owned());
    }
    let cut = |text: &str| text.chars().take(NAME_CHARS).collect::<String>();
    let started_at = Timestamp(i64::try_from(span.start_time_unix_nano / 1_000).unwrap_or(i64::MAX));
    let latency = Duration::from_nanos(span.end_time_unix_nano - span.start_time_unix_nano);
    let latency_us = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
    let model = text(own, &[semconv::REQUEST_MODEL, semconv::OPENINFERENCE_MODEL, semconv::LANGFUSE_MODEL]);
    let model = cut(model.or_else(|| text(own, &[semconv::RESPONSE_MODEL])).unwrap_or("unknown"));
    let provider = text(own, &[semconv::PROVIDER, semconv::SYSTEM, semconv::OPENINFERENCE_PROVIDER]);
    let deployment = provider.map_or_else(|| model.clone(), |provider| format!("{}/{model}", cut(provider)));
    let workload = text(own, &[semconv::WORKLOAD])
        .or_else(|| text(resource, &[semconv::WORKLOAD]))
        .or(whose.workload.as_deref())
        .or_else(|| text(resource, &[semconv::SERVICE]))
        .unwrap_or("external");
    let failed = span.status.as_ref().is_some_and(|status| status.code == StatusCode::Error as i32);
    let error = failed.then(|| {
        let told = text(own, &[semconv::ERROR_TYPE]).unwrap_or("error");
        (Arc::<str>::from(cut(told)), Arc::<str>::from(cut(span.status.as_ref().map_or("", |one| &one.message))))
    });
    let cost = number(own, &[semconv::COST_TOTAL]).filter(|usd| usd.is_finite() && *usd >= 0.0).map(NanoUsd::from_usd);
    let tokens = |names: &[&str]| number(own, names).filter(|count| *count >= 0.0).map_or(0, |count| count as u64);
    let (asked, said) = (messages::asked(span, own), messages::said(span, own));
    let finish = messages::finish(own);
    let request = json!({"model": model, "messages": asked});
    let response = json!({"choices": [{"index": 0, "message": said, "finish_reason": finish}]});
    Ok(Record {
        span: Span {
            id: span_id(started_at, &trace, id),
            trace_id: TraceId::from_bits(u128::from_be_bytes(trace)),
            parent_id: span.parent_span_id.as_slice().try_into().ok().map(u64::from_be_bytes),
            tenant: Arc::clone(&whose.tenant),
            workload: cut(workload).into(),
            origin: Origin::External,
            session: text(own, &[semconv::CONVERSATION, semconv::OPENINFERENCE_SESSION]).map(|id| cut(id).into()),
            model_asked: model.as_str().into(),
            stream: false,
            started_at,
            latency_us,
            ttft_us: None,
            outcome: match &error {
                None => Outcome::Ok,
                Some((code, message)) => Outcome::Failed { code: Arc::clone(code), message: Arc::clone(message) },
            },
            finish_reason: finish.map(Into::into),
            identity: Identity::new(text(own, &[semconv::RESPONSE_MODEL]), text(own, &[semconv::FINGERPRINT])),
            decision: None,
            attempts: vec![Attempt {
                deployment: deployment.as_str().into(),
                started_us: 0,
                latency_us,
                status: None,
                error: error.map(|(code, _)| code),
                cost,
                dropped: Vec::new(),
                away_from: None,
            }],
            usage: Usage {
                input: tokens(&[semconv::INPUT_TOKENS, semconv::OPENINFERENCE_INPUT_TOKENS]),
                output: tokens(&[semconv::OUTPUT_TOKENS, semconv::OPENINFERENCE_OUTPUT_TOKENS]),
                ..Usage::default()
            },
            cost,
            tags: "".into(),
            errand: Default::default(),
        },
        payload: Payload {
            request: request.to_string().into(),
            response: response.to_string().into(),
            truncated: false,
        },
    })
}

/// weir's id of a foreign span: its time, some of its trace, and its own 64 bits at the end, by which it is found. The
/// same span delivered twice is one.
fn span_id(at: Timestamp, trace: &[u8; 16], id: [u8; 8]) -> SpanId {
    let ms = u128::from((at.0 / 1_000).cast_unsigned() & 0xffff_ffff_ffff);
    let salt = u128::from(trace[14]) << 8 | u128::from(trace[15]);
    SpanId::from_bits(ms << 80 | salt << 64 | u128::from(u64::from_be_bytes(id)))
}

/// `gen_ai.evaluation.result` events, on the graded span itself or on a child of it.
fn evaluations(span: &Proto, found: &mut Vec<Evaluation>) {
    for event in span.events.iter().filter(|event| event.name == semconv::EVALUATION) {
        let own = attributes(&event.attributes);
        let graded = if is_model_call(&attributes(&span.attributes)) { &span.span_id } else { &span.parent_span_id };
        let id: Result<[u8; 8], _> = graded.as_slice().try_into();
        let (Ok(id), Some(name), Some(value)) =
            (id, text(&own, &[semconv::EVALUATION_NAME]), number(&own, &[semconv::EVALUATION_VALUE]))
        else {
            continue;
        };
        found.push(Evaluation {
            span: u64::from_be_bytes(id),
            name: name.to_owned(),
            value,
            explanation: text(&own, &[semconv::EVALUATION_EXPLANATION]).map(str::to_owned),
        });
    }
}

#[cfg(test)]
mod tests;

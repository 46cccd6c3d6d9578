use serde_json::{Value as Json, json};
use weir_core::span::Outcome;

use super::*;

fn attribute(key: &str, value: Json) -> Json {
    let value = match value {
        Json::String(text) => json!({"stringValue": text}),
        Json::Number(number) if number.is_f64() => json!({"doubleValue": number}),
        Json::Number(number) => json!({"intValue": number.to_string()}),
        Json::Array(items) => {
            let values: Vec<Json> = items.iter().map(|item| json!({"stringValue": item})).collect();
            json!({"arrayValue": {"values": values}})
        }
        other => panic!("{other}"),
    };
    json!({"key": key, "value": value})
}

/// Id, attributes and events.
type Span<'a> = (&'a str, &'a [(&'a str, Json)], Json);

fn export(spans: &[Span<'_>]) -> Export {
    let spans: Vec<Json> = spans
        .iter()
        .map(|(id, attributes, events)| {
            let attributes: Vec<Json> = attributes.iter().map(|(key, value)| attribute(key, value.clone())).collect();
            json!({
                "traceId": "5b8efff798038103d269b633813fc60c", "spanId": id, "parentSpanId": "eee19b7ec3c1b174",
                "name": "x", "kind": 3, "startTimeUnixNano": "1795219200000000000",
                "endTimeUnixNano": "1795219200250000000", "attributes": attributes, "events": events,
            })
        })
        .collect();
    let text = json!({"resourceSpans": [{
        "resource": {"attributes": [attribute("service.name", "shop".into())]},
        "scopeSpans": [{"scope": {"name": "t"}, "spans": spans}],
    }]});
    let whose = Whose { tenant: "ops".into(), workload: None };
    from_json(text.to_string().as_bytes(), &whose).unwrap()
}

fn texts(record: &Record) -> (Json, Json) {
    let request: Json = serde_json::from_slice(&record.payload.request).unwrap();
    let response: Json = serde_json::from_slice(&record.payload.response).unwrap();
    (request["messages"].clone(), response["choices"][0]["message"]["content"].clone())
}

#[test]
fn spans_of_three_conventions_say_the_same() {
    let asked = json!([{"role": "user", "parts": [{"type": "text", "content": "6*7?"}]}]).to_string();
    let said = json!([{"role": "assistant", "parts": [{"type": "text", "content": "42"}]}]).to_string();
    let export = export(&[
        (
            "0000000000000001",
            &[
                ("gen_ai.operation.name", "chat".into()),
                ("gen_ai.provider.name", "openai".into()),
                ("gen_ai.request.model", "gpt-x".into()),
                ("gen_ai.input.messages", asked.into()),
                ("gen_ai.output.messages", said.into()),
                ("gen_ai.usage.input_tokens", 12.into()),
                ("gen_ai.response.finish_reasons", json!(["stop"])),
            ],
            json!([]),
        ),
        (
            "0000000000000002",
            &[
                ("openinference.span.kind", "LLM".into()),
                ("llm.provider", "openai".into()),
                ("llm.model_name", "gpt-x".into()),
                ("llm.input_messages.0.message.role", "user".into()),
                ("llm.input_messages.0.message.content", "6*7?".into()),
                ("llm.output_messages.0.message.role", "assistant".into()),
                ("llm.output_messages.0.message.content", "42".into()),
                ("llm.token_count.prompt", 12.into()),
            ],
            json!([]),
        ),
        (
            "0000000000000003",
            &[
                ("gen_ai.system", "openai".into()),
                ("gen_ai.request.model", "gpt-x".into()),
                ("gen_ai.prompt.0.role", "user".into()),
                ("gen_ai.prompt.0.content", "6*7?".into()),
                ("gen_ai.completion.0.content", "42".into()),
                ("gen_ai.usage.input_tokens", "12".into()),
            ],
            json!([]),
        ),
        ("0000000000000004", &[("openinference.span.kind", "TOOL".into())], json!([])),
    ]);
    assert_eq!((export.records.len(), export.rejected), (3, 0));
    for record in &export.records {
        assert_eq!(texts(record), (json!([{"role": "user", "content": "6*7?"}]), json!("42")), "{record:?}");
        let span = &record.span;
        assert_eq!((span.served_by().unwrap().as_str(), span.workload.as_str()), ("openai/gpt-x", "shop"));
        assert_eq!((span.usage.input, span.latency_us, span.origin), (12, 250_000, Origin::External));
    }
    assert_eq!(export.records[0].span.id.to_string(), export.records[0].span.id.to_string());
    assert!(export.records[0].span.id.to_string().ends_with("0000000000000001"));
    assert_eq!(export.records[0].span.finish_reason.as_deref(), Some("stop"));
}

#[test]
fn a_grade_that_came_with_a_span_is_found() {
    let event = json!([{"name": "gen_ai.evaluation.result", "timeUnixNano": "1", "attributes": [
        attribute("gen_ai.evaluation.name", "tone".into()), attribute("gen_ai.evaluation.score.value", 0.5.into()),
        attribute("gen_ai.evaluation.explanation", "dry".into())]}]);
    let export = export(&[
        ("0000000000000001", &[("gen_ai.request.model", "m".into())], event.clone()),
        ("0000000000000002", &[("openinference.span.kind", "EVALUATOR".into())], event),
    ]);
    let spans: Vec<u64> = export.evaluations.iter().map(|one| one.span).collect();
    assert_eq!(spans, [1, 0xeee1_9b7e_c3c1_b174]);
    assert_eq!((export.evaluations[0].value, export.evaluations[0].explanation.as_deref()), (0.5, Some("dry")));
}

#[test]
fn what_cannot_be_read_is_rejected_and_the_rest_is_taken() {
    let good = ("0000000000000001", &[("gen_ai.request.model", Json::from("m"))][..], json!([]));
    let export = export(&[("00", &[("gen_ai.request.model", "m".into())], json!([])), good]);
    assert_eq!((export.records.len(), export.rejected), (1, 1));
    assert_eq!(
        reply_json(&export),
        r#"{"partialSuccess":{"rejectedSpans":"1","errorMessage":"a span id is not 8 bytes"}}"#
    );
    assert!(!reply_protobuf(&export).is_empty());
    assert_eq!(export.records[0].span.outcome, Outcome::Ok);
    assert!(from_protobuf(b"\xff\xff", &Whose::default()).is_err());
    assert!(from_json(b"{", &Whose::default()).is_err());
    assert!(from_protobuf(b"", &Whose::default()).unwrap().records.is_empty());
}

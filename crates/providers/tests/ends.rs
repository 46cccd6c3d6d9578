//! How answers end, whole and streamed: refusals in words, filters, what nobody could read; and what their calls are by then.
#![expect(clippy::unwrap_used, reason = "helpers of tests may fail loudly")]

mod fixture;

use bytes::{Bytes, BytesMut};
use serde_json::{Value, json};
use weir_core::deployment::Dialect::{self, Anthropic, Bedrock, Cohere, Gemini, OpenaiChat, OpenaiResponses};
use weir_providers::{
    exchange::{Entry, Inbound},
    stream::{StreamEnd, StreamFailure},
};

use fixture::deployment;

/// A question of a caller of `to`.
fn question(to: Dialect, stream: bool) -> (Entry, Bytes) {
    let body = match to {
        Gemini => json!({"contents": [{"parts": [{"text": "hi"}]}]}),
        OpenaiResponses => json!({"model": "m", "input": "hi", "stream": stream}),
        _ => {
            json!({"model": "m", "max_tokens": 9, "stream": stream, "messages": [{"role": "user", "content": "hi"}]})
        }
    };
    let gemini = || Entry::Gemini { model: "m".into(), stream, sse: true };
    let entry = if to == Gemini { gemini() } else { Entry::Body(to) };
    (entry, Bytes::from(body.to_string()))
}

fn whole(from: Dialect, to: Dialect, answer: &Value) -> Result<Value, String> {
    let (entry, body) = question(to, false);
    let inbound = Inbound::read(&entry, &body, 0).unwrap();
    let said = inbound.reply(from, Bytes::from(answer.to_string()), 0).map_err(|broken| broken.to_string())?;
    Ok(serde_json::from_slice(&said.0).unwrap())
}

/// What a caller gets of these events, and how it ended.
fn streamed(from: Dialect, to: Dialect, events: &[Value]) -> (Vec<Value>, StreamEnd) {
    let (entry, body) = question(to, true);
    let inbound = Inbound::read(&entry, &body, 0).unwrap();
    let mut stream = inbound.stream(&deployment(from), 0);
    let mut out = BytesMut::new();
    for event in events {
        stream.push(format!("data: {event}\n\n").as_bytes(), &mut out);
    }
    let end = stream.end(None, &mut out);
    let text = String::from_utf8(out.to_vec()).unwrap();
    let said = text.lines().filter_map(|line| serde_json::from_str(line.strip_prefix("data: ")?).ok());
    (said.collect(), end)
}

fn chat(message: &Value, stop: &str) -> Value {
    json!({"id": "c", "model": "m", "choices": [{"index": 0, "message": message, "finish_reason": stop}]})
}

#[test]
fn a_refusal_in_words_is_an_answer_and_what_a_filter_stops_is_none() {
    let refused = chat(&json!({"role": "assistant", "content": null, "refusal": "no"}), "stop");
    let filtered = chat(&json!({"role": "assistant", "content": "h"}), "content_filter");
    let (answer, stopped) = ("/status", "/incomplete_details/reason");
    let said = whole(OpenaiChat, OpenaiResponses, &refused).unwrap();
    assert_eq!((said.pointer(answer).unwrap(), said.pointer(stopped)), (&json!("completed"), None));
    assert_eq!(said["output"][0]["content"][0], json!({"type": "refusal", "refusal": "no"}));
    let said = whole(OpenaiChat, OpenaiResponses, &filtered).unwrap();
    assert_eq!((&said["status"], said.pointer(stopped).unwrap()), (&json!("incomplete"), &json!("content_filter")));
    for answer in [refused, filtered] {
        assert_eq!(whole(OpenaiChat, Anthropic, &answer).unwrap()["stop_reason"], "refusal");
        assert_eq!(whole(OpenaiChat, Gemini, &answer).unwrap()["candidates"][0]["finishReason"], "SAFETY");
    }
    let part = json!({"type": "refusal", "refusal": "no"});
    let item = json!({"type": "message", "role": "assistant", "content": [part]});
    let response = json!({"id": "r", "model": "m", "status": "completed", "output": [item]});
    let said = whole(OpenaiResponses, OpenaiChat, &response).unwrap();
    let choice = &said["choices"][0];
    assert_eq!((&choice["finish_reason"], &choice["message"]["refusal"]), (&json!("stop"), &json!("no")));

    let delta = |delta: Value, stop: Value| json!({"id": "c", "choices": [{"index": 0, "delta": delta, "finish_reason": stop}]});
    let events = [delta(json!({"refusal": "no"}), Value::Null), delta(json!({}), json!("stop"))];
    let (said, end) = streamed(OpenaiChat, OpenaiResponses, &events);
    assert_eq!((end, &said.last().unwrap()["type"]), (StreamEnd::Finished, &json!("response.completed")));
}

#[test]
fn calls_that_nobody_could_read_are_no_answer() {
    for word in ["MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL"] {
        let answer = json!({"candidates": [{"content": {}, "finishReason": word, "index": 0}]});
        for to in [OpenaiChat, OpenaiResponses, Anthropic] {
            assert!(whole(Gemini, to, &answer).unwrap_err().contains(word));
            let (said, end) = streamed(Gemini, to, std::slice::from_ref(&answer));
            assert!(matches!(end, StreamEnd::Failed(StreamFailure::Error(_))) && said.is_empty(), "{end:?}");
        }
    }
    let answer = json!({"output": {"message": {"content": []}}, "stopReason": "malformed_tool_use"});
    assert!(whole(Bedrock, OpenaiChat, &answer).unwrap_err().contains("malformed_tool_use"));
}

#[test]
fn a_text_in_pieces_is_one_text() {
    let part = |text: &str| json!({"text": text});
    let parts = [part("Hel"), part("lo"), part("")];
    let answer = json!({"candidates": [{"content": {"parts": parts}, "finishReason": "STOP", "index": 0}]});
    let said = whole(Gemini, OpenaiResponses, &answer).unwrap();
    assert_eq!(said.pointer("/output/0/content/0/text").unwrap(), "Hello");
    assert_eq!(said["output"].as_array().unwrap().len(), 1);
    assert_eq!(whole(Gemini, Anthropic, &answer).unwrap()["content"], json!([{"type": "text", "text": "Hello"}]));
}

#[test]
fn images_in_the_making_are_passed_on_and_counted() {
    let (entry, body) =
        (Entry::Raw("images/generations"), Bytes::from_static(br#"{"model":"m","prompt":"x","stream":true}"#));
    let inbound = Inbound::read(&entry, &body, 0).unwrap();
    let deployment = deployment(OpenaiChat);
    let partial = "event: image_generation.partial_image\ndata: {\"type\":\"image_generation.partial_image\",\"b64_json\":\"AA\"}\n\n";
    let last = "event: image_generation.completed\ndata: {\"type\":\"image_generation.completed\",\"b64_json\":\"BB\",\
                \"usage\":{\"input_tokens\":5,\"output_tokens\":7,\"total_tokens\":12}}\n\n";
    for (said, whole) in [([partial, last].concat(), true), (partial.to_owned(), false)] {
        let (mut stream, mut out) = (inbound.stream(&deployment, 0), BytesMut::new());
        stream.push(said.as_bytes(), &mut out);
        let end = stream.end(None, &mut out);
        assert_eq!((out.as_ref(), end == StreamEnd::Finished), (said.as_bytes(), whole), "byte for byte");
        if whole {
            let usage = stream.usage(0);
            assert_eq!((usage.input, usage.output, usage.estimated), (5, 7, false));
        }
    }
}

/// The number and the arguments of each piece of a call.
fn calls(said: &[Value]) -> Vec<(u64, String)> {
    let deltas = said.iter().filter_map(|chunk| chunk.pointer("/choices/0/delta/tool_calls/0"));
    let read = |call: &Value| {
        (call["index"].as_u64().unwrap(), call.pointer("/function/arguments").unwrap().as_str().unwrap().to_owned())
    };
    deltas.map(read).collect()
}

#[test]
fn calls_are_numbered_from_none_whatever_was_said_before_them() {
    let added =
        |place: u64, item: Value| json!({"type": "response.output_item.added", "output_index": place, "item": item});
    let call = |name: &str| json!({"type": "function_call", "call_id": name, "name": name, "arguments": ""});
    let more = |place: u64, delta: &str| json!({"type": "response.function_call_arguments.delta", "output_index": place, "delta": delta});
    let events = [
        json!({"type": "response.created", "response": {"id": "r", "model": "m"}}),
        added(0, json!({"type": "reasoning", "summary": []})),
        added(1, call("f")),
        added(2, call("g")),
        more(1, "{}"),
        more(2, "[]"),
        json!({"type": "response.completed", "response": {"id": "r", "status": "completed"}}),
    ];
    let (said, end) = streamed(OpenaiResponses, OpenaiChat, &events);
    assert_eq!(end, StreamEnd::Finished);
    let numbered = [(0, ""), (1, ""), (0, "{}"), (1, "[]")].map(|(number, text)| (number, text.to_owned()));
    assert_eq!(calls(&said), numbered);
}

#[test]
fn a_call_without_arguments_has_an_empty_object() {
    let events = [
        json!({"type": "message-start", "id": "c", "delta": {"message": {"role": "assistant"}}}),
        json!({"type": "tool-call-start", "delta": {"message": {"tool_calls": {"id": "a", "function": {"name": "f"}}}}}),
        json!({"type": "tool-call-end"}),
        json!({"type": "message-end", "delta": {"finish_reason": "TOOL_CALL"}}),
    ];
    let (said, end) = streamed(Cohere, OpenaiChat, &events);
    assert_eq!((end, calls(&said).pop()), (StreamEnd::Finished, Some((0, "{}".to_owned()))));
}

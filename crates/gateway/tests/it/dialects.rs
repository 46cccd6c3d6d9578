//! Each dialect in, each deployment out, over HTTP: what one provider says the caller reads in its own words.

use http::Method;
use serde_json::{Value, json};
use weir_core::workload::Strictness;

use crate::{
    client::{self, Reply},
    rig::{Rig, Setup},
};

/// The first three speak what callers speak.
const DEPLOYMENTS: [&str; 7] = ["sim/large", "claude", "gemini", "mistral", "cohere", "bedrock", "invoke"];

/// Those whose fakes say what they think.
fn thinks(model: &str) -> bool {
    !matches!(model, "sim/large" | "mistral")
}

/// A caller's dialect, with what a test needs to say in it.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Caller {
    OpenAi,
    Anthropic,
    Gemini,
}

const CALLERS: [Caller; 3] = [Caller::OpenAi, Caller::Anthropic, Caller::Gemini];

/// What an answer comes down to.
#[derive(Debug, PartialEq, Default)]
struct Said {
    text: String,
    thought: String,
    signature: String,
    calls: Vec<(String, String, Value)>,
    stop: String,
    input: u64,
    output: u64,
}

impl Caller {
    async fn send(self, rig: &Rig, model: &str, mut body: Value, stream: bool) -> Reply {
        let path = match self {
            Self::OpenAi => "/v1/chat/completions".to_owned(),
            Self::Anthropic => "/v1/messages".to_owned(),
            Self::Gemini if stream => format!("/v1beta/models/{model}:streamGenerateContent?alt=sse"),
            Self::Gemini => format!("/v1beta/models/{model}:generateContent"),
        };
        if self != Self::Gemini {
            body["model"] = model.into();
            body["stream"] = stream.into();
        }
        if self == Self::OpenAi && stream {
            body["stream_options"] = json!({"include_usage": true});
        }
        client::send(rig.addr, client::request(Method::POST, &path, &[], body.to_string())).await
    }

    async fn ask(self, rig: &Rig, model: &str, body: Value, stream: bool) -> Said {
        let reply = self.send(rig, model, body, stream).await;
        assert_eq!(reply.status, 200, "{self:?} to {model}: {}", reply.body);
        if stream { self.streamed(&reply.body) } else { self.whole(&reply.json()) }
    }

    /// A question, with tools and thinking as asked.
    fn question(self, text: &str, tool: bool, thinks: bool) -> Value {
        let schema = json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]});
        let mut body = match self {
            Self::OpenAi => {
                json!({"messages": [{"role": "system", "content": "be brief"}, {"role": "user", "content": text}]})
            }
            Self::Anthropic => {
                json!({"max_tokens": 4000, "system": "be brief", "messages": [{"role": "user", "content": text}]})
            }
            Self::Gemini => json!({
                "systemInstruction": {"parts": [{"text": "be brief"}]},
                "contents": [{"role": "user", "parts": [{"text": text}]}],
            }),
        };
        if tool {
            body["tools"] = match self {
                Self::OpenAi => {
                    json!([{"type": "function", "function": {"name": "get_weather", "parameters": schema}}])
                }
                Self::Anthropic => json!([{"name": "get_weather", "input_schema": schema}]),
                Self::Gemini => json!([{"functionDeclarations": [{"name": "get_weather", "parameters": schema}]}]),
            };
        }
        if thinks {
            match self {
                Self::OpenAi => body["reasoning_effort"] = "medium".into(),
                Self::Anthropic => body["thinking"] = json!({"type": "enabled", "budget_tokens": 2000}),
                Self::Gemini => {
                    body["generationConfig"] =
                        json!({"thinkingConfig": {"thinkingBudget": 2000, "includeThoughts": true}});
                }
            }
        }
        body
    }

    /// The same conversation with the model's turn and the result of its call.
    fn go_on(self, mut body: Value, reply: &Value) -> Value {
        let (key, more) = match self {
            Self::OpenAi => {
                let message = reply["choices"][0]["message"].clone();
                let id = message["tool_calls"][0]["id"].clone();
                ("messages", vec![message, json!({"role": "tool", "tool_call_id": id, "content": "sunny"})])
            }
            Self::Anthropic => {
                let content = reply["content"].clone();
                let call = content.as_array().unwrap().iter().find(|block| block["type"] == "tool_use").unwrap();
                let result = json!({"type": "tool_result", "tool_use_id": call["id"], "content": "sunny"});
                (
                    "messages",
                    vec![
                        json!({"role": "assistant", "content": content}),
                        json!({"role": "user", "content": [result]}),
                    ],
                )
            }
            Self::Gemini => {
                let content = reply["candidates"][0]["content"].clone();
                let response = json!({"name": "get_weather", "response": {"result": "sunny"}});
                ("contents", vec![content, json!({"role": "user", "parts": [{"functionResponse": response}]})])
            }
        };
        body[key].as_array_mut().unwrap().extend(more);
        body
    }

    fn whole(self, reply: &Value) -> Said {
        let mut said = Said::default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let count = |value: &Value| value.as_u64().unwrap_or_default();
        match self {
            Self::OpenAi => {
                let message = &reply["choices"][0]["message"];
                said.text = text(&message["content"]) + &text(&message["refusal"]);
                said.thought = text(&message["reasoning_content"]);
                said.signature = text(&message["thinking_blocks"][0]["signature"]);
                for call in message["tool_calls"].as_array().into_iter().flatten() {
                    let function = &call["function"];
                    let arguments = serde_json::from_str(function["arguments"].as_str().unwrap()).unwrap();
                    said.calls.push((text(&call["id"]), text(&function["name"]), arguments));
                }
                said.stop = text(&reply["choices"][0]["finish_reason"]);
                said.input = count(&reply["usage"]["prompt_tokens"]);
                said.output = count(&reply["usage"]["completion_tokens"]);
            }
            Self::Anthropic => {
                assert_eq!((&reply["type"], &reply["role"]), (&json!("message"), &json!("assistant")));
                for block in reply["content"].as_array().unwrap() {
                    match block["type"].as_str().unwrap() {
                        "text" => said.text += &text(&block["text"]),
                        "thinking" => {
                            said.thought += &text(&block["thinking"]);
                            said.signature += &text(&block["signature"]);
                        }
                        _ => said.calls.push((text(&block["id"]), text(&block["name"]), block["input"].clone())),
                    }
                }
                said.stop = text(&reply["stop_reason"]);
                let usage = &reply["usage"];
                said.input = count(&usage["input_tokens"])
                    + count(&usage["cache_read_input_tokens"])
                    + count(&usage["cache_creation_input_tokens"]);
                said.output = count(&usage["output_tokens"]);
            }
            Self::Gemini => {
                let candidate = &reply["candidates"][0];
                for part in candidate["content"]["parts"].as_array().into_iter().flatten() {
                    said.signature += &text(&part["thoughtSignature"]);
                    if part["thought"] == true {
                        said.thought += &text(&part["text"]);
                    } else if let Some(call) = part.get("functionCall") {
                        said.calls.push((text(&call["id"]), text(&call["name"]), call["args"].clone()));
                    } else {
                        said.text += &text(&part["text"]);
                    }
                }
                said.stop = text(&candidate["finishReason"]);
                let usage = &reply["usageMetadata"];
                said.input = count(&usage["promptTokenCount"]);
                said.output = count(&usage["candidatesTokenCount"]) + count(&usage["thoughtsTokenCount"]);
            }
        }
        said
    }

    /// Puts a stream together as this dialect's SDKs do, checking how it is framed.
    fn streamed(self, body: &str) -> Said {
        let events: Vec<Value> = body
            .replace("\r\n", "\n")
            .split("\n\n")
            .flat_map(str::lines)
            .filter_map(|line| line.strip_prefix("data: "))
            .filter(|data| *data != "[DONE]")
            .map(|data| serde_json::from_str(data).unwrap())
            .collect();
        match self {
            Self::OpenAi => {
                assert!(body.ends_with("data: [DONE]\n\n"), "{body}");
                let mut message = json!({"content": "", "refusal": "", "reasoning_content": "", "tool_calls": [], "thinking_blocks": []});
                let (mut finish, mut usage) = (Value::Null, Value::Null);
                for event in &events {
                    assert_eq!(event["object"], "chat.completion.chunk");
                    let delta = &event["choices"][0]["delta"];
                    for key in ["content", "refusal", "reasoning_content"] {
                        let more = message[key].as_str().unwrap().to_owned() + delta[key].as_str().unwrap_or_default();
                        message[key] = more.into();
                    }
                    message["thinking_blocks"]
                        .as_array_mut()
                        .unwrap()
                        .extend(delta["thinking_blocks"].as_array().cloned().unwrap_or_default());
                    for piece in delta["tool_calls"].as_array().into_iter().flatten() {
                        let calls = message["tool_calls"].as_array_mut().unwrap();
                        let index = piece["index"].as_u64().unwrap() as usize;
                        if calls.len() <= index {
                            calls.push(piece.clone());
                        } else {
                            let arguments = &mut calls[index]["function"]["arguments"];
                            *arguments = (arguments.as_str().unwrap().to_owned()
                                + piece["function"]["arguments"].as_str().unwrap())
                            .into();
                        }
                    }
                    if !event["choices"][0]["finish_reason"].is_null() {
                        finish = event["choices"][0]["finish_reason"].clone();
                    }
                    if event["usage"].is_object() {
                        usage = event["usage"].clone();
                    }
                }
                self.whole(&json!({"choices": [{"message": message, "finish_reason": finish}], "usage": usage}))
            }
            Self::Anthropic => {
                let kinds: Vec<&str> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
                assert_eq!((kinds.first(), kinds.last()), (Some(&"message_start"), Some(&"message_stop")), "{body}");
                let mut message = events[0]["message"].clone();
                let mut inputs = Vec::new();
                for event in &events {
                    let index = event["index"].as_u64().unwrap_or_default() as usize;
                    match event["type"].as_str().unwrap() {
                        "content_block_start" => {
                            let content = message["content"].as_array_mut().unwrap();
                            assert_eq!(content.len(), index, "blocks are numbered in order");
                            content.push(event["content_block"].clone());
                            inputs.push(String::new());
                        }
                        "content_block_delta" => {
                            let delta = event["delta"].as_object().unwrap();
                            let (key, value) = delta.iter().find(|(key, _)| *key != "type").unwrap();
                            if key == "partial_json" {
                                inputs[index] += value.as_str().unwrap();
                            } else {
                                let whole = &mut message["content"][index][key];
                                *whole = (whole.as_str().unwrap().to_owned() + value.as_str().unwrap()).into();
                            }
                        }
                        "message_delta" => {
                            message["stop_reason"] = event["delta"]["stop_reason"].clone();
                            for (key, value) in event["usage"].as_object().unwrap() {
                                message["usage"][key] = value.clone();
                            }
                        }
                        _ => {}
                    }
                }
                for (index, input) in inputs.iter().enumerate().filter(|(_, input)| !input.is_empty()) {
                    message["content"][index]["input"] = serde_json::from_str(input).unwrap();
                }
                self.whole(&message)
            }
            Self::Gemini => {
                let mut parts = Vec::new();
                for event in &events {
                    parts.extend(event["candidates"][0]["content"]["parts"].as_array().cloned().unwrap_or_default());
                }
                let last = events.last().unwrap();
                let candidate =
                    json!({"content": {"parts": parts}, "finishReason": last["candidates"][0]["finishReason"]});
                self.whole(&json!({"candidates": [candidate], "usageMetadata": last["usageMetadata"]}))
            }
        }
    }
}

#[tokio::test]
async fn every_dialect_reads_every_provider_the_same_plain_and_streamed() {
    let rig = Rig::start().await;
    for caller in CALLERS {
        for model in DEPLOYMENTS {
            let body = caller.question("say hello to me", false, false);
            let plain = caller.ask(&rig, model, body.clone(), false).await;
            assert_eq!(plain.text, "I am large-1, a simulated model. You said 4 words.", "{caller:?} to {model}");
            assert!(plain.input > 0 && plain.output > 0, "{plain:?}");
            let want = match caller {
                Caller::OpenAi => "stop",
                Caller::Anthropic => "end_turn",
                Caller::Gemini => "STOP",
            };
            assert_eq!(plain.stop, want);
            assert_eq!(caller.ask(&rig, model, body, true).await, plain, "{caller:?} to {model}");
        }
    }
}

#[tokio::test]
async fn tools_are_called_and_answered_and_thoughts_come_back_with_their_signatures() {
    let rig = Rig::start().await;
    for caller in CALLERS {
        for model in DEPLOYMENTS {
            let thinks = thinks(model);
            let body = caller.question("please get_weather", true, thinks);
            let reply = caller.send(&rig, model, body.clone(), false).await;
            assert_eq!(reply.status, 200, "{caller:?} to {model}: {}", reply.body);
            let plain = caller.whole(&reply.json());
            let (id, name, input) =
                plain.calls.first().unwrap_or_else(|| panic!("{caller:?} to {model}: {}", reply.body));
            assert_eq!((name.as_str(), input), ("get_weather", &json!({"city": "sim"})));
            assert!(!id.is_empty());
            let want = match caller {
                Caller::OpenAi => "tool_calls",
                Caller::Anthropic => "tool_use",
                Caller::Gemini => "STOP",
            };
            assert_eq!(plain.stop, want, "{caller:?} to {model}");
            assert_eq!(!plain.thought.is_empty(), thinks, "{caller:?} to {model}: {}", reply.body);
            // Anthropic's own clients want every thought signed.
            let signs = thinks && (model != "cohere" || caller == Caller::Anthropic);
            assert_eq!(!plain.signature.is_empty(), signs, "{caller:?} to {model}: {}", reply.body);
            let mut streamed = caller.ask(&rig, model, body.clone(), true).await;
            assert_eq!(streamed.calls.len(), plain.calls.len());
            streamed.calls.clone_from(&plain.calls);
            assert_eq!(streamed, plain, "{caller:?} to {model}");
            // The simulator refuses thoughts that it has not signed, and calls without results.
            let next = caller.ask(&rig, model, caller.go_on(body, &reply.json()), false).await;
            assert!(next.text.starts_with("I am large-1"), "{caller:?} to {model}: {next:?}");
        }
    }
}

#[tokio::test]
async fn a_refusal_is_a_refusal_everywhere() {
    let rig = Rig::start().await;
    for caller in CALLERS {
        // Cohere has no word for it.
        for model in DEPLOYMENTS.into_iter().filter(|model| *model != "cohere") {
            for stream in [false, true] {
                let said = caller.ask(&rig, model, caller.question("please refuse", false, false), stream).await;
                assert_eq!(said.text, "I cannot help with that.", "{caller:?} to {model}");
                let want = match caller {
                    // OpenAI's format says a refusal in a field of its own.
                    Caller::OpenAi if matches!(model, "sim/large" | "mistral") => "stop",
                    Caller::OpenAi => "content_filter",
                    Caller::Anthropic => "refusal",
                    Caller::Gemini => "SAFETY",
                };
                assert_eq!(said.stop, want, "{caller:?} to {model}, stream {stream}");
            }
        }
    }
}

#[tokio::test]
async fn unknown_fields_survive_in_the_same_dialect_and_are_refused_by_name_in_another() {
    let rig = Rig::start().await;
    for (caller, own) in CALLERS.into_iter().zip(DEPLOYMENTS) {
        let mut body = caller.question("hi there", false, false);
        body["field_of_tomorrow"] = json!({"a": [1, 2.50]});
        assert_eq!(caller.send(&rig, own, body.clone(), false).await.status, 200, "{caller:?}");
        let seen: Value = serde_json::from_slice(&rig.sim.take_requests().remove(0).body).unwrap();
        assert_eq!(seen["field_of_tomorrow"], json!({"a": [1, 2.50]}), "{caller:?}");
        // InvokeModel takes what Anthropic takes.
        let same = |other: &str| other == own || own == "claude" && other == "invoke";
        for other in DEPLOYMENTS.into_iter().filter(|other| !same(other)) {
            let reply = caller.send(&rig, other, body.clone(), false).await;
            assert_eq!(reply.status, 400, "{caller:?} to {other}: {}", reply.body);
            assert!(reply.message().contains("`$.field_of_tomorrow`"), "{}", reply.body);
            assert!(rig.sim.take_requests().is_empty(), "nothing is sent");
        }
    }
}

#[tokio::test]
async fn a_lenient_workload_drops_what_cannot_be_said_and_tells() {
    let rig = Rig::with(Setup { strictness: Strictness::Lenient, ..Setup::default() }).await;
    let mut body = Caller::OpenAi.question("hi there", false, false);
    body["logit_bias"] = json!({"50256": -100});
    body["seed"] = 7.into();
    let reply = Caller::OpenAi.send(&rig, "claude", body, false).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    assert_eq!(reply.header("x-weir-dropped"), "$.logit_bias, $.seed");
    let record = rig.sink.only();
    let dropped: Vec<&str> = record.span.attempts[0].dropped.iter().map(|path| &**path).collect();
    assert_eq!(dropped, ["$.logit_bias", "$.seed"]);
}

/// The text that OpenAI's responses say, plain or put together from the events, with the last event's own view.
fn responded(reply: &Reply, stream: bool) -> (String, Value) {
    let text = |response: &Value| -> String {
        let items = response["output"].as_array().unwrap().iter().filter(|item| item["type"] == "message");
        items.filter_map(|item| item["content"][0]["text"].as_str()).collect()
    };
    if !stream {
        return (text(&reply.json()), reply.json());
    }
    let events: Vec<Value> = reply
        .body
        .split("\n\n")
        .filter_map(|event| event.split_once("\ndata: "))
        .map(|(name, data)| {
            let event: Value = serde_json::from_str(data).unwrap();
            assert_eq!(event["type"], name.strip_prefix("event: ").unwrap());
            event
        })
        .collect();
    let numbers: Vec<u64> = events.iter().map(|event| event["sequence_number"].as_u64().unwrap()).collect();
    assert!(numbers.iter().zip(0..).all(|(number, want)| *number == want), "{numbers:?}");
    let last = events.last().unwrap();
    let said: String = events
        .iter()
        .filter(|event| event["type"] == "response.output_text.delta")
        .map(|event| event["delta"].as_str().unwrap())
        .collect();
    assert_eq!(said, text(&last["response"]));
    (said, last["response"].clone())
}

#[tokio::test]
async fn responses_are_answered_by_every_provider_with_tools_and_thoughts() {
    let rig = Rig::start().await;
    let send = async |body: Value| {
        client::send(rig.addr, client::request(Method::POST, "/v1/responses", &[], body.to_string())).await
    };
    let schema = json!({"type": "object", "properties": {"city": {"type": "string"}}});
    for model in DEPLOYMENTS {
        for stream in [false, true] {
            let ask = json!({"model": model, "stream": stream, "instructions": "be brief", "input": "say hello to me"});
            let reply = send(ask).await;
            assert_eq!(reply.status, 200, "{model}: {}", reply.body);
            let (text, response) = responded(&reply, stream);
            assert_eq!(text, "I am large-1, a simulated model. You said 4 words.", "{model}");
            assert_eq!((&response["object"], &response["status"]), (&json!("response"), &json!("completed")));
            assert!(response["usage"]["total_tokens"].as_u64().unwrap() > 0);

            let input = json!([{"role": "user", "content": [{"type": "input_text", "text": "please get_weather"}]}]);
            let tools = json!([{"type": "function", "name": "get_weather", "parameters": schema}]);
            let mut ask = json!({"model": model, "stream": stream, "input": input, "tools": tools});
            if thinks(model) {
                ask["reasoning"] = json!({"effort": "medium"});
            }
            let (_, response) = responded(&send(ask.clone()).await, stream);
            let output = response["output"].as_array().unwrap();
            let call = output.iter().find(|item| item["type"] == "function_call").unwrap();
            assert_eq!(call["arguments"], "{\"city\":\"sim\"}", "{model}");
            assert_eq!(output.iter().any(|item| item["type"] == "reasoning"), thinks(model), "{response}");
            let turns = ask["input"].as_array_mut().unwrap();
            turns.extend(output.iter().cloned());
            turns.push(json!({"type": "function_call_output", "call_id": call["call_id"], "output": "sunny"}));
            let reply = send(ask).await;
            assert_eq!(reply.status, 200, "{model}: {}", reply.body);
            assert!(responded(&reply, stream).0.starts_with("I am large-1"));
        }
        let reply = send(json!({"model": model, "input": "hi", "previous_response_id": "resp_1"})).await;
        assert_eq!(reply.status, 400);
        assert!(reply.message().contains("$.previous_response_id: found `resp_1`"), "{}", reply.body);
        let reply = send(json!({"model": model, "input": "say hello to me", "max_output_tokens": 2})).await;
        assert_eq!(reply.json()["incomplete_details"]["reason"], "max_output_tokens", "{}", reply.body);
    }
}

#[tokio::test]
async fn errors_come_in_the_callers_own_shape_and_status() {
    let rig = Rig::with(Setup { keys: "[keys.dev]\nsecret = \"env:DEV\"", ..Setup::default() }).await;
    let send = async |path: &str, headers: &[(&str, &str)], body: &str| {
        client::send(rig.addr, client::request(Method::POST, path, headers, body.to_owned())).await
    };
    let question = |caller: Caller| {
        let mut body = caller.question("hi", false, false);
        body["model"] = "nothing-like-it".into();
        body.to_string()
    };
    let key = "dev-secret-0123456789";
    for (status, headers, kind) in
        [(401, vec![], "authentication_error"), (404, vec![("x-api-key", key)], "not_found_error")]
    {
        let reply = send("/v1/messages", &headers, &question(Caller::Anthropic)).await;
        assert_eq!(reply.status, status, "{}", reply.body);
        assert_eq!((&reply.json()["type"], &reply.json()["error"]["type"]), (&json!("error"), &json!(kind)));
        assert_eq!(reply.header("request-id"), reply.header("x-weir-span-id"));
    }
    let path = "/v1beta/models/nothing-like-it:generateContent";
    for (status, headers, path, word) in [
        (401, vec![], path.to_owned(), "UNAUTHENTICATED"),
        (404, vec![("x-goog-api-key", key)], path.to_owned(), "NOT_FOUND"),
        (404, vec![], format!("{path}?key={key}"), "NOT_FOUND"),
        (404, vec![("x-goog-api-key", key)], "/v1beta/models/gemini:fly".to_owned(), "NOT_FOUND"),
    ] {
        let reply = send(&path, &headers, r#"{"contents":[{"parts":[{"text":"hi"}]}]}"#).await;
        assert_eq!(reply.status, status, "{}", reply.body);
        assert_eq!((&reply.json()["error"]["code"], &reply.json()["error"]["status"]), (&json!(status), &json!(word)));
    }
    for (path, body, place) in [
        (
            "/v1/messages",
            r#"{"model":"claude","max_tokens":9,"messages":[{"role":"user","content":7}]}"#,
            "$.messages[0].content",
        ),
        ("/v1beta/models/gemini:generateContent", r#"{"contents":[7]}"#, "$.contents[0]"),
    ] {
        let reply = send(path, &[("x-api-key", key)], body).await;
        assert_eq!(reply.status, 400, "{}", reply.body);
        assert!(reply.message().contains(place), "{}", reply.body);
    }
    let orphan = json!({"model": "sim/large", "max_tokens": 9, "messages": [
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "none", "content": "4"}]}]});
    let reply = send("/v1/messages", &[("x-api-key", key)], &orphan.to_string()).await;
    assert_eq!(reply.status, 400);
    assert!(reply.message().contains("$.messages[0].content[0].tool_use_id"), "{}", reply.body);
}

#[tokio::test]
async fn a_failure_after_the_first_token_is_the_dialects_own_error_event() {
    let rig = Rig::start().await;
    rig.sim.set_fault("large-1", weir_sim::Fault::ErrorEventAfter(2), 1.0);
    for model in DEPLOYMENTS {
        let question = |caller: Caller| caller.question("say hello to me", false, false);
        let reply = Caller::Anthropic.send(&rig, model, question(Caller::Anthropic), true).await;
        assert!(reply.body.contains("event: error\ndata: {\"type\":\"error\""), "{model}: {}", reply.body);
        assert!(!reply.body.contains("message_stop"), "{model}: {}", reply.body);
        let reply = Caller::Gemini.send(&rig, model, question(Caller::Gemini), true).await;
        assert!(
            reply.body.trim_end().lines().last().unwrap().starts_with("data: {\"error\""),
            "{model}: {}",
            reply.body
        );
    }
    for fault in [weir_sim::Fault::CutStreamAfter(2), weir_sim::Fault::EndStreamAfter(2), weir_sim::Fault::Garbage(2)] {
        rig.sim.set_fault("large-1", fault, 1.0);
        for model in DEPLOYMENTS {
            let body = Caller::Anthropic.question("say hello to me", false, false);
            let reply = Caller::Anthropic.send(&rig, model, body, true).await;
            assert!(reply.body.contains("event: error"), "{model}: {}", reply.body);
        }
    }
}

#[tokio::test]
async fn a_gemini_stream_without_sse_is_one_json_array() {
    let rig = Rig::start().await;
    let body = Caller::Gemini.question("say hello to me", false, false).to_string();
    for model in DEPLOYMENTS {
        let path = format!("/v1beta/models/{model}:streamGenerateContent");
        let reply = client::send(rig.addr, client::request(Method::POST, &path, &[], body.clone())).await;
        assert_eq!(reply.header("content-type"), "application/json");
        let pieces = reply.json();
        let text: String = pieces
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|piece| piece["candidates"][0]["content"]["parts"][0]["text"].as_str())
            .collect();
        assert_eq!(text, "I am large-1, a simulated model. You said 4 words.", "{model}");
    }
}

#[tokio::test]
async fn tokens_are_counted_by_the_provider_where_it_can_and_estimated_elsewhere() {
    let rig = Rig::start().await;
    let count = async |path: &str, body: Value| {
        let reply = client::send(rig.addr, client::request(Method::POST, path, &[], body.to_string())).await;
        assert_eq!(reply.status, 200, "{}", reply.body);
        reply.json()
    };
    let message =
        |model: &str| json!({"model": model, "messages": [{"role": "user", "content": "four words are here"}]});
    assert_eq!(count("/v1/messages/count_tokens", message("claude")).await, json!({"input_tokens": 8}));
    assert!(count("/v1/messages/count_tokens", message("sim/large")).await["input_tokens"].as_u64().unwrap() > 8);
    let contents = json!({"contents": [{"parts": [{"text": "four words are here"}]}]});
    assert_eq!(count("/v1beta/models/gemini:countTokens", contents.clone()).await["totalTokens"], 8);
    assert_eq!(count("/v1/models/gemini:countTokens", contents.clone()).await["totalTokens"], 8);
    // Wrapped, the instructions count too, and the model that the provider is told is its own.
    let mut whole = contents;
    whole["model"] = "models/gemini".into();
    whole["systemInstruction"] = json!({"parts": [{"text": "be very, very brief"}]});
    let wrapped = json!({"generateContentRequest": whole.clone()});
    assert_eq!(count("/v1beta/models/gemini:countTokens", wrapped).await["totalTokens"], 16);
    assert_eq!(count("/v1beta/models/gemini:countTokens", whole).await["totalTokens"], 16);
    let bad = json!({"generateContentRequest": {"contents": [{"parts": 5}]}}).to_string();
    let path = "/v1beta/models/gemini:countTokens";
    let reply = client::send(rig.addr, client::request(Method::POST, path, &[], bad)).await;
    assert_eq!(reply.status, 400);
    let said = reply.json()["error"]["message"].as_str().unwrap_or_default().to_owned();
    assert!(said.contains("$.generateContentRequest.contents[0].parts"), "{said}");
    assert_eq!(rig.sink.len(), 0);
}

#[tokio::test]
async fn a_fallback_may_speak_another_dialect() {
    let rig = Rig::start().await;
    let body = Caller::OpenAi.question("say hello to me", false, false);
    let said = Caller::OpenAi.ask(&rig, "weir/others", body.clone(), true).await;
    assert!(said.text.starts_with("I am large-1"));
    assert_eq!(
        Caller::Gemini
            .ask(&rig, "weir/others", Caller::Gemini.question("say hello to me", false, false), false)
            .await
            .text,
        said.text
    );
}

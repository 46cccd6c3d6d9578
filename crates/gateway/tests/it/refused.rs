//! Requests that are wrong by their own dialect, in every dialect and at every door, whoever would have answered them: a
//! refusal in the caller's own shape that says where.

use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};

use crate::{
    client::{self, Reply},
    rig::{Rig, Setup},
};

const BODY_BYTES: usize = 100_000;

/// One way in.
struct Door {
    path: &'static str,
    shape: Shape,
    /// A request that is fine; `MODEL` stands for the deployment.
    good: Value,
    /// Whom it is asked of; Gemini's doors say it in the path.
    models: &'static [&'static str],
    /// A string in it.
    text: &'static str,
    /// Values of a wrong type, and where they are then found.
    wrong: Vec<(&'static str, Value, &'static str)>,
    /// What answers a call that nobody made, and where it is found.
    unasked: Option<(&'static str, Value, &'static str)>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Shape {
    OpenAi,
    Anthropic,
    Gemini,
}

const CHATS: &[&str] = &["sim/large", "responses", "claude", "gemini", "bedrock"];

/// A value that is no string, no number and no list.
fn none() -> Value {
    json!({"x": 1})
}

fn openai() -> Vec<Door> {
    let tool = json!({"role": "tool", "tool_call_id": "call_1", "content": "x"});
    let output = json!({"type": "function_call_output", "call_id": "call_1", "output": "x"});
    let door = |path, good, models, text, wrong, unasked| Door {
        path,
        shape: Shape::OpenAi,
        good,
        models,
        text,
        wrong,
        unasked,
    };
    vec![
        door(
            "/v1/chat/completions",
            json!({"model": "MODEL", "messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}]}),
            CHATS,
            "/messages/0/content/0/text",
            vec![
                ("/messages/0/role", json!(7), "$.messages[0].role"),
                ("/messages/0/content/0/text", json!([1]), "$.messages[0].content[0].text"),
                ("/messages", json!("hi"), "$.messages"),
                ("/temperature", json!("hot"), "$.temperature"),
                ("/tools", json!([{"type": "function", "function": {"name": 1}}]), "$.tools[0].function.name"),
                ("/max_tokens", json!(-1), "$.max_tokens"),
                ("/stream", json!("yes"), "$.stream"),
            ],
            Some(("/messages/0", tool, "$.messages[0].tool_call_id")),
        ),
        door(
            "/v1/completions",
            json!({"model": "MODEL", "prompt": "hi"}),
            &["sim/large"],
            "/prompt",
            vec![("/prompt", none(), "$.prompt"), ("/max_tokens", json!("many"), "$.max_tokens")],
            None,
        ),
        door(
            "/v1/responses",
            json!({"model": "MODEL", "input": [{"role": "user", "content": "hi"}]}),
            CHATS,
            "/input/0/content",
            vec![
                ("/input", json!(7), "$.input"),
                ("/input/0/content", json!([{"type": "input_text", "text": 7}]), "$.input[0].content[0].text"),
                ("/store", json!("yes"), "$.store"),
                ("/reasoning", json!("much"), "$.reasoning"),
                ("/max_output_tokens", json!([]), "$.max_output_tokens"),
            ],
            Some(("/input/0", output, "$.input[0]")),
        ),
        door(
            "/v1/embeddings",
            json!({"model": "MODEL", "input": "hi"}),
            &["sim/large", "gemini"],
            "/input",
            vec![
                ("/input", none(), "$.input"),
                ("/input", json!([none()]), "$.input[0]"),
                ("/dimensions", json!("x"), "$.dimensions"),
            ],
            None,
        ),
    ]
}

fn anthropic() -> Vec<Door> {
    let result = json!([{"type": "tool_result", "tool_use_id": "toolu_1", "content": "x"}]);
    let wrong = || {
        vec![
            ("/messages/0/content", json!(7), "$.messages[0].content"),
            ("/messages/0/content", json!([{"type": "text", "text": 7}]), "$.messages[0].content[0].text"),
            ("/messages/0", json!("hi"), "$.messages[0]"),
            ("/system", json!(true), "$.system"),
            ("/tools", json!([{"name": 7}]), "$.tools[0].name"),
        ]
    };
    ["/v1/messages", "/v1/messages/count_tokens"]
        .map(|path| Door {
            path,
            shape: Shape::Anthropic,
            good: json!({"model": "MODEL", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}),
            models: CHATS,
            text: "/messages/0/content",
            wrong: wrong(),
            unasked: Some(("/messages/0/content", result.clone(), "$.messages[0].content[0].tool_use_id")),
        })
        .into()
}

fn gemini() -> Vec<Door> {
    let result = json!([{"functionResponse": {"name": "f", "response": {}}}]);
    let chat = |path| Door {
        path,
        shape: Shape::Gemini,
        good: json!({"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}),
        models: CHATS,
        text: "/contents/0/parts/0/text",
        wrong: vec![
            ("/contents", json!("hi"), "$.contents"),
            ("/contents/0/parts/0/text", json!(7), "$.contents[0].parts[0].text"),
            ("/contents/0/parts", json!(7), "$.contents[0].parts"),
            ("/generationConfig", json!({"topP": "x"}), "$.generationConfig.topP"),
            ("/tools", json!({"x": 1}), "$.tools"),
        ],
        unasked: Some(("/contents/0/parts", result.clone(), "$.contents[0].parts[0].functionResponse")),
    };
    let embed = Door {
        path: "/v1beta/models/MODEL:embedContent",
        shape: Shape::Gemini,
        good: json!({"content": {"parts": [{"text": "hi"}]}}),
        models: &["sim/large", "gemini"],
        text: "/content/parts/0/text",
        wrong: vec![("/content", json!("hi"), "$.content"), ("/content/parts", json!(7), "$.content.parts")],
        unasked: None,
    };
    vec![
        chat("/v1beta/models/MODEL:generateContent"),
        chat("/v1beta/models/MODEL:streamGenerateContent?alt=sse"),
        chat("/v1beta/models/MODEL:countTokens"),
        embed,
    ]
}

impl Door {
    async fn send(&self, rig: &Rig, model: &str, body: impl Into<Bytes>) -> Reply {
        let path = self.path.replace("MODEL", model);
        client::send(rig.addr, client::request(Method::POST, &path, &[], body)).await
    }

    fn fine(&self, model: &str) -> Value {
        let mut body = self.good.clone();
        if self.shape != Shape::Gemini {
            body["model"] = model.into();
        }
        body
    }

    /// The request with this value at that place, made where it is missing.
    fn with(&self, model: &str, place: &str, value: &Value) -> Value {
        let mut body = self.fine(model);
        match body.pointer_mut(place) {
            Some(old) => *old = value.clone(),
            None => body[place.trim_start_matches('/')] = value.clone(),
        }
        body
    }

    /// What the error says, in the shape that the door's callers read.
    fn refused(&self, reply: &Reply, status: u16, case: &str) -> String {
        let case = format!("{} {case}", self.path);
        assert_eq!(reply.status.as_u16(), status, "{case}: {}", reply.body);
        let body = reply.json();
        let error = &body["error"];
        let shaped = match self.shape {
            Shape::OpenAi => error["type"].is_string() && error.get("param").is_some() && error["code"].is_string(),
            Shape::Anthropic => body["type"] == "error" && error["type"].is_string(),
            Shape::Gemini => error["code"] == status && error["status"].is_string(),
        };
        assert!(shaped, "{case}: {body}");
        error["message"].as_str().expect("a message").to_owned()
    }
}

/// The body with these bytes in the place of a string's text.
fn bytes(body: &Value, place: &str, text: &[u8]) -> Vec<u8> {
    let mut body = body.clone();
    *body.pointer_mut(place).expect("a place") = "MARK".into();
    let whole = body.to_string();
    let (before, after) = whole.split_once("MARK").expect("a mark");
    [before.as_bytes(), text, after.as_bytes()].concat()
}

#[tokio::test]
async fn what_is_wrong_is_a_400_at_every_door_that_says_where() {
    let limits = weir_gateway::Limits { body_bytes: BODY_BYTES, ..Default::default() };
    let rig = Rig::with(Setup { limits, ..Setup::default() }).await;
    for door in openai().into_iter().chain(anthropic()).chain(gemini()) {
        for model in door.models {
            let fine = door.fine(model);
            let reply = door.send(&rig, model, fine.to_string()).await;
            assert_eq!(reply.status, 200, "{} to {model}: {}", door.path, reply.body);

            let said = door.refused(&door.send(&rig, model, bytes(&fine, door.text, b"\xff\xfe")).await, 400, "bytes");
            assert!(said.contains("invalid UTF-8"), "{said}");
            let half = door.refused(&door.send(&rig, model, bytes(&fine, door.text, br"\ud800")).await, 400, "half");
            assert!(half.contains("surrogate") && half.contains("$."), "{half}");
            let whole = fine.to_string();
            let cut = door.refused(&door.send(&rig, model, whole[..whole.len() - 1].to_owned()).await, 400, "cut");
            assert!(cut.contains('$'), "{cut}");
            for other in ["", "null", "[]", "7", "\"x\""] {
                door.refused(&door.send(&rig, model, other).await, 400, other);
            }

            let deep = format!("{{\"deep\":{}{},{}", "[".repeat(100), "]".repeat(100), &whole[1..]);
            let said = door.refused(&door.send(&rig, model, deep).await, 400, "deep");
            assert!(said.contains("$.deep[0]") && said.contains("levels"), "{said}");
            let twice = format!("{{\"new\":{{\"a\":1,\"\\u0061\":2}},{}", &whole[1..]);
            let said = door.refused(&door.send(&rig, model, twice).await, 400, "twice");
            assert!(said.contains("$.new.") && said.contains("twice"), "{said}");
            let large = bytes(&fine, door.text, &vec![b'x'; BODY_BYTES]);
            door.refused(&door.send(&rig, model, large).await, 413, "large");

            for (place, value, path) in &door.wrong {
                let body = door.with(model, place, value);
                let said = door.refused(&door.send(&rig, model, body.to_string()).await, 400, path);
                assert!(said.contains(path), "{} to {model}: wants {path}: {said}", door.path);
            }
            if let Some((place, value, path)) = &door.unasked {
                let body = door.with(model, place, value);
                let said = door.refused(&door.send(&rig, model, body.to_string()).await, 400, "unasked");
                assert!(said.contains(path), "{} to {model}: wants {path}: {said}", door.path);
            }
        }
    }
}

#[tokio::test]
async fn a_part_that_nobody_knows_is_refused_by_name() {
    let rig = Rig::start().await;
    let hologram = json!([{"type": "hologram", "hologram": {"url": "x"}}]);
    for door in openai().into_iter().chain(anthropic()) {
        let place = door.text.strip_suffix("/0/text").unwrap_or(door.text);
        if !place.ends_with("content") || door.path.contains("count") {
            continue;
        }
        for model in CHATS {
            let body = door.with(model, place, &hologram);
            let said = door.refused(&door.send(&rig, model, body.to_string()).await, 400, "hologram");
            assert!(said.contains("content[0]") || said.contains("content.0"), "{} to {model}: {said}", door.path);
        }
    }
}

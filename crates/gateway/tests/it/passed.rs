//! What is not a chat: passed on, translated where another dialect has the same, paid for and never scored.

use http::Method;
use serde_json::{Value, json};

use crate::{client, rig::Rig};

async fn send(rig: &Rig, path: &str, body: impl Into<String>) -> client::Reply {
    client::send(rig.addr, client::request(Method::POST, path, &[], body.into())).await
}

#[tokio::test]
async fn endpoints_that_are_no_chats_are_passed_on_paid_for_and_never_scored() {
    let rig = Rig::start().await;
    let body = r#"{"model":"sim/large","input":["hello there","and you"],"encoding_format":"float"}"#;
    for (number, path) in
        ["embeddings", "moderations", "rerank", "images/generations", "completions"].into_iter().enumerate()
    {
        let reply = send(&rig, &format!("/v1/{path}"), body).await;
        assert_eq!(reply.status, 200, "{path}: {}", reply.body);
        let seen = rig.sim.take_requests().remove(0);
        assert_eq!(seen.body, body.replace("sim/large", "large-1"), "{path}");
        let record = rig.sink.wait(number + 1).await.remove(number);
        assert!(record.payload.truncated && record.payload.response.is_empty());
        if path == "embeddings" {
            assert_eq!(reply.json()["data"].as_array().unwrap().len(), 2);
            assert_eq!((record.span.usage.input, record.span.usage.output), (7, 0));
            assert_eq!(record.span.cost.unwrap().0, 7_000);
        }
    }
    let reply = send(&rig, "/v1/embeddings", body.replace("sim/large", "claude")).await;
    assert_eq!(reply.status, 400, "{}", reply.body);
}

#[tokio::test]
async fn texts_become_vectors_in_either_dialect_at_either_provider() {
    let rig = Rig::start().await;
    let width = |vector: &Value| vector.as_array().map(Vec::len);
    for model in ["sim/large", "gemini", "mistral"] {
        let body = json!({"model": model, "input": ["a", "b"]}).to_string();
        let reply = send(&rig, "/v1/embeddings", body).await;
        assert_eq!(reply.status, 200, "{model}: {}", reply.body);
        assert_eq!(width(&reply.json()["data"][1]["embedding"]), Some(8), "{model}: {}", reply.body);
        let content = |text: &str| json!({"model": "models/x", "content": {"parts": [{"text": text}]}});
        let one = send(&rig, &format!("/v1beta/models/{model}:embedContent"), content("a").to_string()).await;
        assert_eq!(width(&one.json()["embedding"]["values"]), Some(8), "{model}: {}", one.body);
        let batch = json!({"requests": [content("a"), content("b")]}).to_string();
        let both = send(&rig, &format!("/v1beta/models/{model}:batchEmbedContents"), batch).await;
        assert_eq!(width(&both.json()["embeddings"][1]["values"]), Some(8), "{model}: {}", both.body);
    }
    let reply = send(&rig, "/v1beta/models/gemini:embedContent", r#"{"content":7}"#).await;
    assert_eq!(reply.status, 400, "{}", reply.body);
}

#[tokio::test]
async fn sound_goes_both_ways() {
    let rig = Rig::start().await;
    let speech =
        json!({"model": "sim/large", "input": "hello", "voice": "alloy", "response_format": "mp3"}).to_string();
    let reply = send(&rig, "/v1/audio/speech", speech).await;
    assert_eq!((reply.status.as_u16(), reply.header("content-type")), (200, "audio/mpeg"), "{}", reply.body);
    assert!(reply.body.starts_with("ID3"), "{}", reply.body);
    let form = |model: &str, format: &str| {
        format!(
            "--b\r\ncontent-disposition: form-data; name=\"model\"\r\n\r\n{model}\r\n\
             --b\r\ncontent-disposition: form-data; name=\"response_format\"\r\n\r\n{format}\r\n\
             --b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.mp3\"\r\n\r\nsound\r\n--b--\r\n"
        )
    };
    let hear = async |kind: &str, body: String| {
        let headers = [("content-type", kind)];
        client::send(rig.addr, client::request(Method::POST, "/v1/audio/transcriptions", &headers, body)).await
    };
    let kind = "multipart/form-data; boundary=b";
    let reply = hear(kind, form("sim/large", "json")).await;
    assert_eq!(reply.json()["text"], "I heard 5 bytes.", "{}", reply.body);
    let record = rig.sink.wait(2).await.remove(1);
    assert_eq!((record.span.usage.input, record.span.usage.output), (10, 5));
    assert_eq!(record.span.cost.unwrap().0, 20_000);
    let reply = hear(kind, form("sim/large", "text")).await;
    assert_eq!(reply.body, "I heard 5 bytes.");
    assert_eq!(hear(kind, form("nobody", "json")).await.status, 404);
    assert_eq!(hear(kind, "--b--".into()).await.status, 400);
    assert_eq!(hear("application/json", "{}".into()).await.status, 415);
}

#[tokio::test]
async fn models_are_listed_as_each_dialect_lists_them() {
    let rig = Rig::start().await;
    let openai = rig.get("/v1/models", &[]).await.json();
    let ids: Vec<&str> = openai["data"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect();
    assert!(ids.contains(&"weir/default") && ids.contains(&"claude"), "{ids:?}");
    let anthropic = rig.get("/v1/models", &[("anthropic-version", "2023-06-01")]).await.json();
    assert_eq!((&anthropic["has_more"], &anthropic["first_id"]), (&json!(false), &json!(ids[0])));
    assert_eq!(anthropic["data"][0]["type"], "model");
    let gemini = rig.get("/v1beta/models", &[]).await.json();
    assert_eq!(gemini["models"].as_array().unwrap().len(), ids.len());
    let one = rig.get("/v1beta/models/weir/default", &[]).await;
    assert_eq!(one.json()["name"], "models/weir/default", "{}", one.body);
    assert_eq!(rig.get("/v1beta/models/nobody", &[]).await.json()["error"]["status"], "NOT_FOUND");
    // Google's own clients ask at the stable version too, where OpenAI's do.
    for (path, who) in [
        ("/v1/models", ("x-goog-api-key", "k")),
        ("/v1/models", ("x-goog-api-client", "google-genai-sdk/3.4.0")),
        ("/v1/models?key=k", ("accept", "*/*")),
    ] {
        assert_eq!(rig.get(path, &[who]).await.json(), gemini, "{path} {who:?}");
    }
    let google = [("x-goog-api-key", "k")];
    assert_eq!(rig.get("/v1/models/weir/default", &google).await.json(), one.json());
    assert_eq!(rig.get("/v1/models/nobody", &google).await.json()["error"]["status"], "NOT_FOUND");
    // A name with a slash stands without `models/` in front.
    let reply = send(&rig, "/v1beta/weir/default:generateContent", r#"{"contents":[{"parts":[{"text":"hi"}]}]}"#).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
}

//! Amazon Bedrock's InvokeModel for Anthropic's models: Anthropic Messages in Bedrock's wrapping.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::{BufMut as _, Bytes, BytesMut};
use serde_json::{Value, json};

use super::{Asked, Reply, anthropic, bedrock::frame};

/// Reads a request; the path says the model and whether to stream, and the body must not.
pub(super) fn read(body: &[u8], call: &str) -> Result<Asked, String> {
    let mut request: Value = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    let (model, verb) = call.rsplit_once('/').ok_or("no operation on the model")?;
    let top = request.as_object_mut().ok_or("Malformed input request, please reformat your input and try again.")?;
    if top.get("anthropic_version").and_then(Value::as_str) != Some("bedrock-2023-05-31") {
        return Err("anthropic_version: Field required".to_owned());
    }
    if let Some(key) = ["model", "stream"].into_iter().find(|key| top.contains_key(*key)) {
        return Err(format!("Malformed input request: #: extraneous key [{key}] is not permitted"));
    }
    top.insert("model".into(), model.into());
    top.insert("stream".into(), verb.ends_with("-stream").into());
    anthropic::read(request.to_string().as_bytes())
}

/// The events of a text as frames.
fn framed(events: &[u8]) -> Bytes {
    let text = String::from_utf8_lossy(events);
    let mut out = BytesMut::new();
    for data in text.split("\n\n").filter_map(|event| event.lines().find_map(|line| line.strip_prefix("data: "))) {
        out.put_slice(&frame("event", "chunk", &json!({"bytes": STANDARD.encode(data), "p": "abcd"})));
    }
    out.freeze()
}

pub(super) fn events(reply: &Reply) -> Vec<Bytes> {
    anthropic::events(reply).iter().map(|event| framed(event)).collect()
}

pub(super) fn done() -> Bytes {
    framed(b"data: {\"type\":\"message_stop\",\"amazon-bedrock-invocationMetrics\":{\"inputTokenCount\":1}}\n\n")
}

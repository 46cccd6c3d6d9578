//! Endpoints that are not chats: vectors, verdicts, ranks, images, sound, and the older completions.

use std::sync::Arc;

use axum::{
    extract::{Multipart, State},
    http::{HeaderMap, Uri, header},
    response::{IntoResponse, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde_json::{Value, json};
use weir_core::entropy::{mix, unit};

use crate::{
    control::{Inner, hash},
    serve::{keep, refuse},
    wire::{Asked, Wire},
};

/// Numbers of a vector.
const WIDTH: u64 = 8;

/// What a text is as a vector: the same text is always the same one.
fn vector(text: &str) -> Vec<f32> {
    (0..WIDTH).map(|at| (unit(mix(hash(text) ^ at)) * 2.0 - 1.0) as f32).collect()
}

/// A vector as OpenAI writes it: numbers, or their little-endian bytes in base64.
fn embedding(text: &str, base64: bool) -> Value {
    let numbers = vector(text);
    if !base64 {
        return json!(numbers);
    }
    let bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
    STANDARD.encode(bytes).into()
}

fn missing(name: &str) -> Response {
    refuse(Wire::OpenAi, 404, &format!("the model `{name}` does not exist"), "model_not_found")
}

/// The request whose tokens are counted. As the real one, it takes contents and nothing beside them, or all that an answer
/// is asked with, wrapped and naming the model of the path.
///
/// # Errors
/// What is wrong with it, in words.
pub(crate) fn counted(call: &str, body: &[u8]) -> Result<Asked, String> {
    let request: Value = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    let model = call.rsplit_once(':').map_or(call, |(model, _)| model);
    let Some(wrapped) = request.get("generateContentRequest") else {
        let members = request.as_object().into_iter().flatten();
        return match members.map(|(key, _)| key).find(|key| *key != "contents") {
            Some(key) => Err(format!("Invalid JSON payload received. Unknown name \"{key}\": Cannot find field.")),
            None => Wire::Gemini.read(body, Some(call)),
        };
    };
    if wrapped.get("model").and_then(Value::as_str) != Some(&format!("models/{model}")) {
        return Err("GenerateContentRequest.model: the model of the path is wanted".to_owned());
    }
    Wire::Gemini.read(wrapped.to_string().as_bytes(), Some(call))
}

/// An endpoint that takes a JSON document.
pub(crate) async fn document(State(inner): State<Arc<Inner>>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let request: Value = match serde_json::from_slice(&body) {
        Ok(request) => request,
        Err(error) => return refuse(Wire::OpenAi, 400, &error.to_string(), "invalid_json"),
    };
    let name = request.get("model").and_then(Value::as_str).unwrap_or_default();
    if !inner.by_name.contains_key(name) {
        return missing(name);
    }
    keep(&inner, &headers, &body);
    let texts = |key: &str| match request.get(key) {
        Some(Value::Array(some)) => some.iter().map(Value::to_string).collect(),
        Some(one) => vec![one.to_string()],
        None => Vec::new(),
    };
    let input = texts("input");
    let tokens: u64 = input.iter().map(|text| (text.len() as u64).div_ceil(4)).sum();
    let usage = json!({"prompt_tokens": tokens, "total_tokens": tokens});
    let answer = match uri.path().rsplit('/').next() {
        Some("embeddings") => {
            let base64 = request.get("encoding_format").and_then(Value::as_str) == Some("base64");
            let data = input.iter().enumerate();
            let data = data.map(
                |(index, text)| json!({"object": "embedding", "index": index, "embedding": embedding(text, base64)}),
            );
            json!({"object": "list", "data": data.collect::<Vec<_>>(), "model": name, "usage": usage})
        }
        Some("embed") => {
            // Cohere's, which must be told what the texts are for.
            if request.get("input_type").is_none() {
                return refuse(Wire::Cohere, 400, "input_type is required for this model", "invalid_request");
            }
            let texts = texts("texts");
            let vectors: Vec<_> = texts.iter().map(|text| vector(text)).collect();
            let billed = json!({"billed_units": {"input_tokens": texts.len()}});
            json!({"id": "embed-sim", "embeddings": {"float": vectors}, "texts": texts, "meta": billed})
        }
        Some("moderations") => {
            let results = input.iter().map(|_| json!({"flagged": false, "categories": {}, "category_scores": {}}));
            json!({"id": "modr-sim", "model": name, "results": results.collect::<Vec<_>>()})
        }
        Some("rerank") => {
            let documents = texts("documents");
            let results = documents.iter().enumerate();
            let results = results.map(|(index, text)| json!({"index": index, "relevance_score": unit(hash(text))}));
            json!({"model": name, "results": results.collect::<Vec<_>>()})
        }
        Some("generations") => json!({"created": 0, "data": [{"b64_json": "iVBORw0KGgo="}]}),
        Some("speech") => {
            let sound = format!("ID3 sim {}", input.concat());
            return ([(header::CONTENT_TYPE, "audio/mpeg")], sound).into_response();
        }
        _ => {
            let piece = |text: &str, stop: Option<&str>| {
                json!({
                    "id": "cmpl-sim", "object": "text_completion", "created": 0, "model": name,
                    "choices": [{"index": 0, "text": text, "logprobs": null, "finish_reason": stop}],
                })
            };
            if request.get("stream").and_then(Value::as_bool) == Some(true) {
                let pieces = [piece("I am", None), piece(" simulated.", None), piece("", Some("stop"))];
                let events: String = pieces.iter().map(|piece| format!("data: {piece}\n\n")).collect();
                let events = format!("{events}data: [DONE]\n\n");
                return ([(header::CONTENT_TYPE, "text/event-stream")], events).into_response();
            }
            let mut whole = piece("I am simulated.", Some("stop"));
            whole["usage"] = json!({"prompt_tokens": 4, "completion_tokens": 3, "total_tokens": 7});
            whole
        }
    };
    axum::Json(answer).into_response()
}

/// A form with the field `model` and a file: what is said in a recording, or an image made of another.
pub(crate) async fn recording(State(inner): State<Arc<Inner>>, uri: Uri, mut form: Multipart) -> Response {
    let (mut name, mut length, mut format) = (String::new(), None, String::new());
    loop {
        let field = match form.next_field().await {
            Ok(Some(field)) => field,
            Ok(None) => break,
            Err(error) => return refuse(Wire::OpenAi, 400, &error.body_text(), "invalid_form"),
        };
        let key = field.name().unwrap_or_default().to_owned();
        let bytes = field.bytes().await.unwrap_or_default();
        match key.as_str() {
            "model" => name = String::from_utf8_lossy(&bytes).into_owned(),
            "response_format" => format = String::from_utf8_lossy(&bytes).into_owned(),
            "file" | "image" | "image[]" => length = Some(bytes.len()),
            _ => {}
        }
    }
    if !inner.by_name.contains_key(&name) {
        return missing(&name);
    }
    let Some(length) = length else {
        return refuse(Wire::OpenAi, 400, "file: field required", "invalid_form");
    };
    if uri.path().contains("/images/") {
        return axum::Json(json!({"created": 0, "data": [{"b64_json": "iVBORw0KGgo="}]})).into_response();
    }
    let text = format!("I heard {length} bytes.");
    if format == "text" {
        return text.into_response();
    }
    let details = json!({"audio_tokens": 10, "text_tokens": 0});
    let usage = json!({
        "type": "tokens", "input_tokens": 10, "output_tokens": 5, "total_tokens": 15, "input_token_details": details,
    });
    axum::Json(json!({"text": text, "usage": usage})).into_response()
}

/// Gemini's embedContent and batchEmbedContents.
pub(crate) fn embed_contents(call: &str, body: &Bytes) -> Response {
    let request: Value = match serde_json::from_slice(body) {
        Ok(request) => request,
        Err(error) => return refuse(Wire::Gemini, 400, &error.to_string(), "INVALID_ARGUMENT"),
    };
    let one = |content: &Value| {
        let parts = content.pointer("/content/parts").and_then(Value::as_array).into_iter().flatten();
        let text: String = parts.filter_map(|part| part.get("text")?.as_str()).collect();
        json!({"values": vector(&text)})
    };
    let answer = if call.ends_with(":batchEmbedContents") {
        let requests = request.get("requests").and_then(Value::as_array).into_iter().flatten();
        json!({"embeddings": requests.map(one).collect::<Vec<_>>()})
    } else if request.get("content").is_some() {
        json!({"embedding": one(&request)})
    } else {
        return refuse(Wire::Gemini, 400, "content is not specified", "INVALID_ARGUMENT");
    };
    axum::Json(answer).into_response()
}

/// The models, as Gemini lists them.
pub(crate) async fn gemini_models(State(inner): State<Arc<Inner>>) -> Response {
    let models = inner.models.iter().map(|model| {
        let name = &model.spec().name;
        json!({"name": format!("models/{name}"), "displayName": name, "supportedGenerationMethods": ["generateContent"]})
    });
    axum::Json(json!({"models": models.collect::<Vec<_>>()})).into_response()
}

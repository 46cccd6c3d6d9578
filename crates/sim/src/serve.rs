//! One request: read it, decide what to say, hand it to [`crate::play`].

use std::{
    io,
    sync::{Arc, PoisonError, atomic::Ordering},
    time::Duration,
};

use axum::{
    body::Body,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures::{StreamExt, stream};
use serde_json::{Value, json};
use weir_core::entropy::{mix, unit};

use crate::{
    control::{Inner, Model, Seen, hash},
    fault::Fault,
    judge,
    model::SimModel,
    passed,
    play::{self, Pace, Presence},
    wire::{self, Asked, Choice, Finish, Reply, Usage, Wire},
};

const MAX_SEEN: usize = 10_000;

/// Keeps a request, where the simulator was built to.
pub(crate) fn keep(inner: &Inner, headers: &HeaderMap, body: &Bytes) {
    if let Some(seen) = &inner.seen {
        let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() < MAX_SEEN {
            seen.push(Seen { headers: headers.clone(), body: body.clone() });
        }
    }
}

pub(crate) async fn list_models(State(inner): State<Arc<Inner>>) -> Response {
    let specs = inner.models.iter().map(Model::spec);
    let models: Vec<Value> =
        specs.map(|spec| json!({"id": spec.name, "object": "model", "created": 0, "owned_by": "sim"})).collect();
    axum::Json(json!({"object": "list", "data": models})).into_response()
}

/// The same as Ollama lists them.
pub(crate) async fn list_tags(State(inner): State<Arc<Inner>>) -> Response {
    let specs = inner.models.iter().map(Model::spec);
    let models: Vec<Value> = specs.map(|spec| json!({"name": spec.name, "model": spec.name, "size": 0})).collect();
    axum::Json(json!({"models": models})).into_response()
}

/// A chat completion.
pub(crate) async fn openai(State(inner): State<Arc<Inner>>, headers: HeaderMap, body: Bytes) -> Response {
    complete(inner, Wire::OpenAi, None, headers, body).await
}

/// One of OpenAI's responses.
pub(crate) async fn responses(State(inner): State<Arc<Inner>>, headers: HeaderMap, body: Bytes) -> Response {
    complete(inner, Wire::Responses, None, headers, body).await
}

/// An Anthropic message.
pub(crate) async fn anthropic(State(inner): State<Arc<Inner>>, headers: HeaderMap, body: Bytes) -> Response {
    if !headers.contains_key("anthropic-version") {
        return refuse(Wire::Anthropic, 400, "anthropic-version: header is required", "invalid_request_error");
    }
    complete(inner, Wire::Anthropic, None, headers, body).await
}

/// The tokens of an Anthropic message, counted as [`anthropic`] counts them.
pub(crate) async fn count(body: Bytes) -> Response {
    // The limit is what a count leaves out.
    let mut request: Value = serde_json::from_slice(&body).unwrap_or_default();
    if let Some(request) = request.as_object_mut() {
        request.insert("max_tokens".into(), 1.into());
    }
    match Wire::Anthropic.read(request.to_string().as_bytes(), None) {
        Ok(asked) => axum::Json(json!({"input_tokens": asked.prompt_tokens})).into_response(),
        Err(error) => refuse(Wire::Anthropic, 400, &error, "invalid_request_error"),
    }
}

/// A request that is signed with the first half of a key `ID:SECRET`. The signature itself is taken on trust: that of a
/// client whose own it is, such as Amazon's, is what weir's is held against.
fn signed_by(authorization: &str, key: &str) -> bool {
    let id = key.split(':').next().unwrap_or_default();
    authorization.starts_with(&format!("AWS4-HMAC-SHA256 Credential={id}/")) && authorization.contains("Signature=")
}

/// A chat of Mistral's.
pub(crate) async fn mistral(State(inner): State<Arc<Inner>>, headers: HeaderMap, body: Bytes) -> Response {
    complete(inner, Wire::Mistral, None, headers, body).await
}

/// A chat of Cohere's.
pub(crate) async fn cohere(State(inner): State<Arc<Inner>>, headers: HeaderMap, body: Bytes) -> Response {
    complete(inner, Wire::Cohere, None, headers, body).await
}

/// What a path of Bedrock's asks of a model.
pub(crate) async fn bedrock(
    State(inner): State<Arc<Inner>>,
    Path((model, verb)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let wire = if verb.starts_with("invoke") { Wire::Invoke } else { Wire::Bedrock };
    complete(inner, wire, Some(format!("{model}/{verb}")), headers, body).await
}

/// A chat of OpenAI's at Azure, whose path says the model.
pub(crate) async fn azure(
    State(inner): State<Arc<Inner>>,
    Path(deployment): Path<String>,
    uri: axum::http::Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if !uri.query().is_some_and(|query| query.contains("api-version=")) {
        return refuse(Wire::OpenAi, 404, "Resource not found: no api-version", "404");
    }
    let mut request: Value = serde_json::from_slice(&body).unwrap_or_default();
    if let Some(request) = request.as_object_mut() {
        request.insert("model".into(), deployment.into());
    }
    complete(inner, Wire::OpenAi, None, headers, request.to_string().into()).await
}

/// Gemini at Vertex: `v1/projects/…/models/{model}:{verb}`.
pub(crate) async fn vertex(
    State(inner): State<Arc<Inner>>,
    Path(call): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let call = call.rsplit_once("/models/").map_or(call.clone(), |(_, call)| call.to_owned());
    complete(inner, Wire::Gemini, Some(call), headers, body).await
}

/// What a Gemini path asks of a model.
pub(crate) async fn gemini(
    State(inner): State<Arc<Inner>>,
    Path(call): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if call.ends_with(":countTokens") {
        return match passed::counted(&call, &body) {
            Ok(asked) => axum::Json(json!({"totalTokens": asked.prompt_tokens})).into_response(),
            Err(error) => refuse(Wire::Gemini, 400, &error, "INVALID_ARGUMENT"),
        };
    }
    if call.ends_with(":embedContent") || call.ends_with(":batchEmbedContents") {
        keep(&inner, &headers, &body);
        return passed::embed_contents(&call, &body);
    }
    complete(inner, Wire::Gemini, Some(call), headers, body).await
}

/// Plays one request.
async fn complete(inner: Arc<Inner>, wire: Wire, call: Option<String>, headers: HeaderMap, body: Bytes) -> Response {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let bearer = || text("authorization").map(|value| value.strip_prefix("Bearer ").unwrap_or(value));
    let presented = match wire {
        Wire::Anthropic => text("x-api-key"),
        Wire::Gemini => text("x-goog-api-key").or_else(bearer),
        Wire::OpenAi | Wire::Responses => text("api-key").or_else(bearer),
        Wire::Mistral | Wire::Cohere | Wire::Bedrock | Wire::Invoke => bearer(),
    };
    if let Some(key) = &inner.key
        && presented != Some(key)
        && !presented.is_some_and(|presented| matches!(wire, Wire::Bedrock | Wire::Invoke) && signed_by(presented, key))
    {
        return refuse(wire, 401, "incorrect api key provided", "invalid_api_key");
    }
    let request = match wire.read(&body, call.as_deref()) {
        Ok(request) => request,
        Err(error) => return refuse(wire, 400, &error, "invalid_json"),
    };
    let model = inner.by_name.get(&request.model);
    let Some(model) = model.and_then(|index| inner.models.get(*index)) else {
        let message = format!("the model `{}` does not exist", request.model);
        return refuse(wire, 404, &message, "model_not_found");
    };
    let number = model.requests.fetch_add(1, Ordering::SeqCst);
    let presence = Presence::new(&inner, model);
    keep(&inner, &headers, &body);
    let fault = model.fault(inner.seed, number);
    if let Some(response) = before_answer(fault.as_ref(), wire, presented.unwrap_or_default()).await {
        presence.finish();
        return response;
    }
    let spec = model.spec();
    let reply = answer(&inner, model, &spec, wire, &request, number, fault.as_ref());
    let pace = Pace {
        ttft_ms: spec.ttft_ms,
        token_ms: spec.token_ms,
        jitter: spec.jitter,
        seed: mix(inner.seed ^ model.salt ^ number),
        hidden: spec.verbosity,
    };
    if request.stream {
        play::streamed(&reply, fault, pace, presence)
    } else {
        play::whole(&reply, fault, pace, presence).await
    }
}

pub(crate) fn refuse(wire: Wire, status: u16, message: &str, code: &str) -> Response {
    let body = wire.error(status, message, "invalid_request_error", code);
    json_response(StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST), body)
}

pub(crate) fn json_response(status: StatusCode, body: Bytes) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}

/// Faults that replace the whole answer, or hold it back.
async fn before_answer(fault: Option<&Fault>, wire: Wire, key: &str) -> Option<Response> {
    match fault? {
        Fault::Status(status, headers) => {
            let status = StatusCode::from_u16(*status).unwrap_or(StatusCode::BAD_GATEWAY);
            let message = format!("simulated {status}");
            let mut response = json_response(status, wire.error(status.as_u16(), &message, "sim_error", "sim"));
            for (name, value) in headers {
                if let (Ok(name), Ok(value)) =
                    (header::HeaderName::try_from(name), header::HeaderValue::try_from(value))
                {
                    response.headers_mut().insert(name, value);
                }
            }
            Some(response)
        }
        Fault::Hang => std::future::pending().await,
        Fault::SlowFirstByte(ms) => {
            tokio::time::sleep(Duration::from_millis(*ms)).await;
            None
        }
        Fault::EmptyBody => Some(json_response(StatusCode::OK, Bytes::new())),
        Fault::Html => {
            let page = "<html><body><h1>Welcome</h1></body></html>";
            Some(([(header::CONTENT_TYPE, "text/html")], page).into_response())
        }
        Fault::HugeBody(length) => {
            let piece = Bytes::from(vec![b'a'; 64 * 1024]);
            let pieces = length.div_ceil(piece.len());
            let start = stream::once(async { Bytes::from_static(b"{\"choices\":[{\"message\":\"") });
            let rest = stream::iter(std::iter::repeat_n(piece, pieces));
            let body = Body::from_stream(start.chain(rest).map(Ok::<_, io::Error>));
            Some(([(header::CONTENT_TYPE, "application/json")], body).into_response())
        }
        Fault::RevokedKey(revoked) if *revoked == key => {
            Some(refuse(wire, 401, "incorrect api key provided", "invalid_api_key"))
        }
        Fault::EchoAuthHeader => {
            let message = format!("incorrect credentials: Bearer {key}");
            let body = wire.error(500, &message, "server_error", "echo");
            Some(json_response(StatusCode::INTERNAL_SERVER_ERROR, body))
        }
        Fault::Redirect(to) => Some((StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, to.clone())]).into_response()),
        _ => None,
    }
}

fn answer(
    inner: &Inner,
    model: &Model,
    spec: &SimModel,
    wire: Wire,
    request: &Asked,
    number: u64,
    fault: Option<&Fault>,
) -> Reply {
    let calls = calls(request);
    let refused = request.prompt.contains(REFUSE);
    let mut text = match (refused, calls.is_empty()) {
        (true, _) => "I cannot help with that.".to_owned(),
        (false, true) => say(inner, model, spec, request),
        (false, false) => String::new(),
    };
    let mut finish = if refused { Finish::Refusal } else { Finish::End };
    if let Some((at, stop)) = request.stop.iter().filter_map(|stop| Some((text.find(stop.as_str())?, stop))).min() {
        text.truncate(at);
        finish = Finish::Sequence(stop.clone());
    }
    let mut tokens = wire::tokens(&text);
    let limit = request.output_limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX);
    if tokens.len() > limit {
        tokens.truncate(limit);
        finish = Finish::Length;
    }
    if !calls.is_empty() {
        finish = Finish::Tools;
    }
    let thought =
        request.thinks.then(|| format!("The question has {} words.", request.prompt.split_whitespace().count()));
    let reasoning = spec.verbosity + thought.as_deref().map_or(0, |thought| wire::tokens(thought).len() as u64);
    let cached = if request.caches { request.prompt_tokens / 2 } else { 0 };
    Reply {
        wire,
        id: inner.serial.fetch_add(1, Ordering::Relaxed) ^ number.rotate_left(32),
        created_s: inner.clock.now().as_millis() / 1_000,
        model: spec.name.clone(),
        usage: match fault {
            Some(Fault::NoUsage) => Usage::None,
            Some(Fault::InsaneUsage) => Usage::Insane,
            _ => Usage::Counted {
                prompt: request.prompt_tokens,
                cached,
                written: cached / 2,
                answer: tokens.len() as u64 + calls.len() as u64 * 8,
                reasoning,
            },
        },
        thought,
        tokens,
        calls,
        finish,
        include_usage: request.include_usage,
    }
}

/// A prompt with these words is refused.
const REFUSE: &str = "please refuse";

/// The tools the model calls: those that the choice or the prompt names.
fn calls(request: &Asked) -> Vec<(String, Value)> {
    let named = |name: &str| match &request.choice {
        Choice::Never => false,
        Choice::Named(only) => only == name,
        Choice::Auto | Choice::Required => request.prompt.contains(name),
    };
    if request.answered {
        return Vec::new();
    }
    let called = |(name, schema): &(String, Value)| (name.clone(), wire::sample(schema));
    let calls: Vec<_> = request.tools.iter().filter(|(name, _)| named(name)).map(called).collect();
    if calls.is_empty() && request.choice == Choice::Required {
        return request.tools.iter().take(1).map(called).collect();
    }
    calls
}

/// The answer's text: a verdict, a right or wrong answer to a known prompt, or something polite.
fn say(inner: &Inner, model: &Model, spec: &SimModel, request: &Asked) -> String {
    let prompt = request.prompt.as_str();
    let answers = inner.answers.read().unwrap_or_else(PoisonError::into_inner);
    let draw = |of: &str, count: u64| mix(inner.seed ^ model.salt ^ mix(hash(of) ^ mix(count)));
    if let Some(format) = &request.format
        && let Some(case) = judge::read(format, prompt)
    {
        let known = answers.find(&case.input);
        let expected = known.as_ref().map(|known| known.entry.expected.as_str());
        return case.verdict(expected, unit(draw(prompt, 0)) < spec.judge_agreement);
    }
    if let Some(known) = answers.find(prompt) {
        let word = draw(prompt, known.ask(model.index));
        return if unit(word) < spec.quality_for(&known.entry.workload) {
            known.entry.expected.clone()
        } else {
            answers.wrong(&known.entry, mix(word))
        };
    }
    let files = match request.files {
        0 => String::new(),
        files => format!(" and {files} files"),
    };
    let words = prompt.split_whitespace().count();
    let polite = format!("I am {}, a simulated model. You said {words} words{files}.", spec.name);
    match &request.format {
        Some(format) if format.get("type") != Some(&Value::from("text")) => match format.pointer("/json_schema/schema")
        {
            Some(schema) => wire::sample(schema).to_string(),
            None => json!({ "answer": polite }).to_string(),
        },
        _ => polite,
    }
}

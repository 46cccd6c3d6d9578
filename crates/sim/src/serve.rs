//! One request: read it, decide what to say, hand it to [`crate::play`].

use std::{
    io,
    sync::{Arc, PoisonError, atomic::Ordering},
    time::Duration,
};

use axum::{
    body::Body,
    extract::State,
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
    play::{self, Pace, Presence},
    wire::{self, Reply, Request},
};

const MAX_SEEN: usize = 10_000;

pub(crate) async fn list_models(State(inner): State<Arc<Inner>>) -> Response {
    let specs = inner.models.iter().map(Model::spec);
    let models: Vec<Value> =
        specs.map(|spec| json!({"id": spec.name, "object": "model", "created": 0, "owned_by": "sim"})).collect();
    axum::Json(json!({"object": "list", "data": models})).into_response()
}

/// Plays one request.
pub(crate) async fn complete(State(inner): State<Arc<Inner>>, headers: HeaderMap, body: Bytes) -> Response {
    let authorization = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if let Some(key) = &inner.key
        && authorization.strip_prefix("Bearer ") != Some(key)
    {
        return refuse(401, "incorrect api key provided", "invalid_api_key");
    }
    let request: Request<'_> = match serde_json::from_slice(&body) {
        Ok(request) => request,
        Err(error) => return refuse(400, &error.to_string(), "invalid_json"),
    };
    let model = inner.by_name.get(&*request.model);
    let Some(model) = model.and_then(|index| inner.models.get(*index)) else {
        let message = format!("the model `{}` does not exist", request.model);
        return refuse(404, &message, "model_not_found");
    };
    let number = model.requests.fetch_add(1, Ordering::SeqCst);
    let presence = Presence::new(&inner, model);
    if let Some(seen) = &inner.seen {
        let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() < MAX_SEEN {
            seen.push(Seen { headers: headers.clone(), body: body.clone() });
        }
    }
    let fault = model.fault(inner.seed, number);
    if let Some(response) = before_answer(fault.as_ref(), authorization).await {
        presence.finish();
        return response;
    }
    let spec = model.spec();
    let reply = answer(&inner, model, &spec, &request, number, fault.as_ref());
    let pace = Pace {
        ttft_ms: spec.ttft_ms,
        token_ms: spec.token_ms,
        jitter: spec.jitter,
        seed: mix(inner.seed ^ model.salt ^ number),
        hidden: spec.verbosity,
    };
    if request.stream == Some(true) {
        let include_usage = request.stream_options.as_ref().is_some_and(|options| options.include_usage);
        play::streamed(&reply, include_usage, fault, pace, presence)
    } else {
        play::whole(&reply, fault, pace, presence).await
    }
}

fn refuse(status: u16, message: &str, code: &str) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    json_response(status, wire::error(message, "invalid_request_error", code))
}

pub(crate) fn json_response(status: StatusCode, body: Bytes) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}

/// Faults that replace the whole answer, or hold it back.
async fn before_answer(fault: Option<&Fault>, authorization: &str) -> Option<Response> {
    match fault? {
        Fault::Status(status, headers) => {
            let status = StatusCode::from_u16(*status).unwrap_or(StatusCode::BAD_GATEWAY);
            let message = format!("simulated {status}");
            let mut response = json_response(status, wire::error(&message, "sim_error", "sim"));
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
        Fault::EchoAuthHeader => {
            let message = format!("incorrect credentials: {authorization}");
            let body = wire::error(&message, "server_error", "echo");
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
    request: &Request<'_>,
    number: u64,
    fault: Option<&Fault>,
) -> Reply {
    let prompt = request.prompt();
    let text = say(inner, model, spec, request, &prompt);
    let mut tokens = wire::tokens(&text);
    let limit = usize::try_from(request.output_limit()).unwrap_or(usize::MAX);
    let finish_reason = if tokens.len() > limit { "length" } else { "stop" };
    tokens.truncate(limit);
    let usage = match fault {
        Some(Fault::NoUsage) => None,
        Some(Fault::InsaneUsage) => Some(wire::insane_usage()),
        _ => Some(wire::usage(request.prompt_tokens(), tokens.len() as u64, spec.verbosity)),
    };
    Reply {
        id: inner.serial.fetch_add(1, Ordering::Relaxed) ^ number.rotate_left(32),
        created_s: inner.clock.now().as_millis() / 1_000,
        model: spec.name.clone(),
        tokens,
        finish_reason,
        usage,
    }
}

/// The answer's text: a verdict, a right or wrong answer to a known prompt, or something polite.
fn say(inner: &Inner, model: &Model, spec: &SimModel, request: &Request<'_>, prompt: &str) -> String {
    let answers = inner.answers.read().unwrap_or_else(PoisonError::into_inner);
    let draw = |of: &str, count: u64| mix(inner.seed ^ model.salt ^ mix(hash(of) ^ mix(count)));
    if let Some(format) = &request.response_format
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
    let polite =
        format!("I am {}, a simulated model. You said {} words.", spec.name, prompt.split_whitespace().count());
    if request.response_format.as_ref().is_some_and(|format| format.get("type") != Some(&Value::from("text"))) {
        return json!({ "answer": polite }).to_string();
    }
    polite
}

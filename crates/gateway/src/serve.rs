//! One request, one direction. Each step takes the last one's value; nothing travels in request extensions.
//!
//! ```text
//! bytes → Inbound → Target → Plan{decision, legs} → dispatch → Served → reply
//! ```
//!
//! The flight notes each step. A failure at any of them becomes the reply and the span's outcome; a client that goes
//! away drops all of this, and the flight records `cancelled`.

use std::{sync::Arc, time::Duration};

use axum::{body::Body, response::Response};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use weir_core::{DeploymentId, Problem, decision::Decision, deployment::Dialect, error, route::Route, span::Outcome};
use weir_providers::{
    dialect::openai_chat::Reply,
    exchange::{Entry, Inbound},
};
use weir_router::Shape;

use crate::{
    State,
    admit::Admitted,
    attempt::{Outbound, Served},
    body, budget,
    capture::Capture,
    dispatch::dispatch,
    flight::{Flight, Nth},
    headers::{self, Asked},
    ids::Ids,
    plan::{self, Question},
    relay::Relay,
    resume::Resume,
    rim::{Refusal, json_reply},
    stored::{self, Keeping, Prepared},
};

/// Serves one chat, whatever the dialect.
pub(crate) async fn chat(
    state: &Arc<State>,
    route: &Route,
    ids: Ids,
    caller: Admitted,
    entry: &Entry,
    head: &HeaderMap,
    body: Body,
) -> Response {
    let dialect = entry.dialect();
    // A request that is shed must cost nothing, so it is not recorded either.
    let slot = match state.slot() {
        Ok(slot) => slot,
        Err(problem) => return Refusal::from(problem).reply(&ids, dialect),
    };
    let mut flight = Flight::begin(state, ids, &caller, slot);
    if !entry.is_chat() {
        flight.answer = Capture::nothing();
    }
    let asking = Asking { route, caller: &caller, entry, head };
    let answered = answer(state, &mut flight, &asking, body).await;
    let (asked, nth, served, keeping, resume) = match answered {
        Ok(Answered::Said(asked, nth, served, keeping, resume)) => (asked, nth, served, keeping, resume),
        Ok(Answered::Explained(decision)) => return explained(&mut flight, &decision),
        Err(refusal) => {
            let refusal = Refusal { problem: flight.tellable(refusal.problem), ..refusal };
            flight.fail(&refusal.problem);
            let mut reply = refusal.reply(&flight.ids, dialect);
            stamp_route(&flight, reply.headers_mut());
            return reply;
        }
    };
    match served {
        Served::Plain(body, answer, kind) => {
            if let Some(keeping) = keeping
                && let Ok(response) = serde_json::from_slice(&body)
            {
                Box::pin(keeping.keep(state, response)).await;
            }
            let mut reply = plain(flight, &asked, dialect, nth, body, answer);
            if let Some(kind) = kind {
                reply.headers_mut().insert(header::CONTENT_TYPE, kind);
            }
            reply
        }
        Served::Stream(opened) => {
            let mut reply = Response::new(Body::empty());
            stamp(&flight, &asked, dialect, reply.headers_mut());
            let headers = reply.headers_mut();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(entry.stream_type()));
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
            // Told to buffering proxies: a token held back is a token late.
            headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
            *reply.body_mut() = Body::new(Relay::new(state, flight, nth, opened, keeping, resume));
            reply
        }
    }
}

/// Who asks what, beside the body.
struct Asking<'a> {
    route: &'a Route,
    caller: &'a Admitted,
    entry: &'a Entry,
    head: &'a HeaderMap,
}

/// The whole body, within the bounds of its route.
pub(crate) async fn read(state: &State, route: &Route, head: &HeaderMap, body: Body) -> Result<Bytes, Problem> {
    let limit = state.limits.body_bytes.min(route.body_limit);
    body::check_head(head, limit)?;
    let idle = Duration::from_millis(state.limits.body_idle_ms);
    body::read(body, limit, idle).await
}

/// From bytes to an answer in hand.
async fn answer(state: &State, flight: &mut Flight, asking: &Asking<'_>, body: Body) -> Result<Answered, Refusal> {
    let head = asking.head;
    let body = read(state, asking.route, head, body).await?;
    flight.received(body.clone());

    let hops = headers::hops(head)?;
    let asked = Asked::read(head)?;
    let Prepared { body, label, keeping } = match asking.entry {
        Entry::Body(Dialect::OpenaiResponses) => {
            Box::pin(stored::prepare(state, asking.caller, flight.ids.span, body)).await?
        }
        _ => Prepared { body, label: None, keeping: None },
    };
    // Whoever scores the answer, or asks again, needs the whole conversation.
    flight.request = body.clone();
    let inbound = inbound(state, flight, &asked, asking.entry, &body)?.labelled(label).with_betas(betas(head));
    let question = Question { caller: asking.caller, head, asked: &asked, peek: &inbound.peek, body: &body };
    if asked.explain_only {
        return Ok(Answered::Explained(Box::new(plan::preview(state, flight, &question)?)));
    }
    let plan = plan::plan(state, flight, &question)?;
    let max_cost = budget::reserve(state, flight, asking.caller.budget(), asked.max_cost, &plan.legs).await?;
    let request = Outbound {
        inbound: &inbound,
        headers: passed_on(head),
        lenient: plan.lenient,
        legs: &plan.legs,
        detours: &plan.detours,
        plan: &plan.decision.plan,
        max_cost,
        limits: plan.limits,
        input_estimate: flight.input_estimate,
        shape: Shape::of(&plan.decision.features),
        hops,
    };
    let (nth, served) = dispatch(state, flight, &request).await?;
    if plan.decision.features.session
        && let Some(vital) = flight.last_deployment().and_then(|id| state.live.vital(id))
    {
        state.live.warmed(plan.decision.inputs.unit, &vital, state.clock.elapsed());
    }
    let resume = Resume::of(&request, &plan.decision, &body, flight);
    Ok(Answered::Said(asked, nth, served, keeping, resume))
}

/// What becomes of a request that is not refused.
#[expect(clippy::large_enum_variant, reason = "it is matched at once; a box would be an allocation for each request")]
enum Answered {
    /// A deployment answered.
    Said(Asked, Nth, Served, Option<Keeping>, Option<Box<Resume>>),
    /// Nobody was asked: the caller wants to know where the request would go.
    Explained(Box<Decision>),
}

/// A decision and its sentences.
fn explained(flight: &mut Flight, decision: &Decision) -> Response {
    flight.forget();
    let body = serde_json::json!({ "decision": decision, "sentences": weir_router::explain(decision) });
    let mut reply = json_reply(StatusCode::OK, Body::from(body.to_string()));
    flight.ids.stamp(reply.headers_mut());
    reply
}

/// Reads what weir acts on out of the body.
fn inbound<'a>(
    state: &State,
    flight: &mut Flight,
    asked: &Asked,
    entry: &'a Entry,
    body: &'a Bytes,
) -> Result<Inbound<'a>, Problem> {
    flight.tags = Arc::clone(&asked.tags);
    flight.session = asked.session.clone();
    let now_s = state.clock.now().as_millis() / 1_000;
    let inbound = Inbound::read(entry, body, now_s).map_err(|bad| Problem::new(&error::BAD_JSON, bad.to_string()))?;
    flight.model_asked = inbound.peek.model.as_ref().into();
    flight.stream = inbound.peek.stream;
    Ok(inbound)
}

/// Headers that say how to read the body, for deployments of the caller's own dialect.
fn passed_on(head: &HeaderMap) -> HeaderMap {
    let names = ["anthropic-version", "anthropic-beta"].map(HeaderName::from_static);
    names.into_iter().filter_map(|name| head.get(&name).cloned().map(|value| (name, value))).collect()
}

/// The caller's `anthropic-beta`, for deployments that want it in the body.
fn betas(head: &HeaderMap) -> Option<String> {
    let all: Vec<&str> = head.get_all("anthropic-beta").iter().filter_map(|value| value.to_str().ok()).collect();
    (!all.is_empty()).then(|| all.join(","))
}

/// A whole answer: recorded, then given to the client as it came.
fn plain(mut flight: Flight, asked: &Asked, dialect: Dialect, nth: Nth, body: Bytes, answer: Reply) -> Response {
    flight.usage = answer.usage;
    flight.finish_reason = answer.finish_reason.as_deref().map(Arc::from);
    flight.identity = answer.identity;
    flight.attempt_ended(nth, None, None, answer.usage);
    flight.answer.set(&body);
    let mut reply = json_reply(StatusCode::OK, Body::from(body));
    stamp(&flight, asked, dialect, reply.headers_mut());
    if let Some(cost) = flight.cost()
        && let Some(value) = headers::value(&cost.to_string())
    {
        reply.headers_mut().insert(headers::COST_USD, value);
    }
    flight.finish(Outcome::Ok);
    reply
}

/// The headers of a served reply.
fn stamp(flight: &Flight, asked: &Asked, dialect: Dialect, headers: &mut HeaderMap) {
    flight.ids.stamp(headers);
    flight.ids.name(dialect, headers);
    if let Some(token) = flight.feedback_token() {
        headers.insert(headers::FEEDBACK_TOKEN, token);
    }
    stamp_route(flight, headers);
    let unsaid = flight.unsaid();
    if !unsaid.is_empty()
        && let Some(value) = headers::value(&unsaid.join(", "))
    {
        headers.insert(headers::DROPPED, value);
    }
    headers.insert(headers::CACHE, HeaderValue::from_static("off"));
    if asked.explain
        && let Some(decision) = &flight.decision
        && let Some(value) = headers::decision_value(decision)
    {
        headers.insert(headers::DECISION, value);
    }
}

/// Where the request went, as far as it got.
fn stamp_route(flight: &Flight, headers: &mut HeaderMap) {
    let Some(decision) = &flight.decision else {
        return;
    };
    let deployment = flight.last_deployment().map(DeploymentId::as_str);
    for (name, text) in [
        (headers::WORKLOAD, Some(flight.workload.as_str())),
        (headers::DEPLOYMENT, deployment),
        (headers::REVISION, Some(decision.revision.as_str())),
    ] {
        if let Some(value) = text.and_then(headers::value) {
            headers.insert(name, value);
        }
    }
    // Stages are joined by an arrow that not every client can read in a header.
    if let Some(value) = headers::value(&decision.strategy.replace(" → ", ", ")) {
        headers.insert(headers::STRATEGY, value);
    }
    headers.insert(headers::ATTEMPTS, HeaderValue::from(flight.attempts()));
}

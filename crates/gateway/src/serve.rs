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
use weir_core::{
    DeploymentId, Problem,
    decision::{Decision, Verdict},
    deployment::Dialect,
    entropy::{hash, mix},
    error,
    policy::{FailureClass, Policy, Stage},
    route::{Features, Route},
    snapshot::Snapshot,
    span::Outcome,
    workload::{Deadlines, Strictness},
};
use weir_providers::{
    dialect::openai_chat::{Peek, Reply},
    exchange::{Entry, Inbound},
    transport,
};
use weir_router::{Ask, NoRoute, Shape};

use crate::{
    State,
    address::{self, Target},
    admit::Admitted,
    attempt::{Leg, Outbound, Served},
    body,
    capture::Capture,
    complexity::complexity,
    dispatch::dispatch,
    facts::{self, Sources},
    flight::{Flight, Nth},
    headers::{self, Asked},
    ids::Ids,
    relay::Relay,
    rim::{Refusal, json_reply},
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
    let (asked, nth, served) = match answered {
        Ok(answered) => answered,
        Err(refusal) => {
            flight.fail(&refusal.problem);
            let mut reply = refusal.reply(&flight.ids, dialect);
            stamp_route(&flight, reply.headers_mut());
            return reply;
        }
    };
    match served {
        Served::Plain(body, answer) => plain(flight, &asked, dialect, nth, body, answer),
        Served::Stream(opened) => {
            let mut reply = Response::new(Body::empty());
            stamp(&flight, &asked, dialect, reply.headers_mut());
            let headers = reply.headers_mut();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(entry.stream_type()));
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
            // Told to buffering proxies: a token held back is a token late.
            headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
            let input_estimate = flight.input_estimate;
            *reply.body_mut() = Body::new(Relay::new(state, flight, nth, opened, input_estimate));
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
async fn answer(
    state: &State,
    flight: &mut Flight,
    asking: &Asking<'_>,
    body: Body,
) -> Result<(Asked, Nth, Served), Refusal> {
    let head = asking.head;
    let body = read(state, asking.route, head, body).await?;
    flight.received(body.clone());

    let hops = headers::hops(head)?;
    let asked = Asked::read(head)?;
    let inbound = inbound(state, flight, &asked, asking.entry, &body)?;
    let question = Question { caller: asking.caller, head, asked: &asked, peek: &inbound.peek, body: &body };
    let plan = plan(state, flight, &question)?;
    let request = Outbound {
        inbound: &inbound,
        headers: passed_on(head),
        lenient: plan.lenient,
        legs: &plan.legs,
        detours: &plan.detours,
        plan: &plan.decision.plan,
        max_cost: asked.max_cost,
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
    Ok((asked, nth, served))
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

/// What is known of a request when its route is chosen.
struct Question<'a> {
    caller: &'a Admitted,
    head: &'a HeaderMap,
    asked: &'a Asked,
    peek: &'a Peek<'a>,
    body: &'a Bytes,
}

/// Where the request goes and how long it may take.
struct Plan {
    decision: Arc<Decision>,
    legs: Vec<Leg>,
    detours: Vec<(FailureClass, Vec<Leg>)>,
    limits: transport::Limits,
    lenient: bool,
}

/// Chooses. Synchronous and lock-free: one load of the snapshot, one of the endpoints.
fn plan(state: &State, flight: &mut Flight, question: &Question<'_>) -> Result<Plan, Problem> {
    let Question { caller, head, asked, peek, body } = question;
    let snapshot = state.snapshots.load();
    let wanted = headers::text(head, &headers::WORKLOAD)?;
    let target = address::resolve(&snapshot, caller.scope(), &peek.model, wanted)?;
    flight.workload = target.workload.clone();
    let view = snapshot.workloads.get(&target.workload);
    let needs = view.filter(|_| target.pinned.is_none()).map_or_else(Needs::default, |view| Needs::of(&view.policy));
    let mut features = Features { session: flight.session.is_some(), ..peek.features() };
    if needs.complexity {
        features.complexity = Some(complexity(body, &features));
    }
    flight.input_estimate = features.input_tokens;
    let scope = needs.scope.then(|| {
        facts::scope(&Sources {
            model: &peek.model,
            features: &features,
            headers: head,
            key: &flight.tenant,
            tags: &flight.tags,
            body,
            budget: asked.max_cost,
        })
    });
    let ask = Ask {
        workload: &target.workload,
        features,
        unit: unit(flight),
        seed: state.entropy.next_u64(),
        turn: if needs.turn { state.live.lane(&target.workload).turn() } else { 0 },
        scope: scope.as_ref(),
        now: state.clock.now(),
        uptime: state.clock.elapsed(),
    };
    let decision = decide(state, &snapshot, &ask, &target).map_err(|no_route| {
        let problem = no_candidate(&no_route);
        if let NoRoute::NoCandidate(decision) = no_route {
            flight.decided(*decision);
        }
        problem
    })?;
    let decision = flight.decided(decision);
    let legs = legs(state, &snapshot, &decision, &decision.chain);
    if legs.is_empty() {
        return Err(Problem::new(&error::NO_CANDIDATE, "the chosen deployments have just left the configuration"));
    }
    let next = decision.plan.rules.next.iter();
    let detours = next.map(|(class, chain)| (*class, self::legs(state, &snapshot, &decision, chain))).collect();
    let deadlines = view.map_or_else(Deadlines::default, |view| view.workload.deadlines);
    let mut limits = transport::Limits::from(&deadlines);
    if let Some(timeout_ms) = asked.timeout_ms {
        limits.total = limits.total.min(Duration::from_millis(timeout_ms));
    }
    let lenient = view.is_some_and(|view| view.workload.strictness == Strictness::Lenient);
    Ok(Plan { decision, legs, detours, limits, lenient })
}

/// What a policy needs to know beyond the features that every request has.
#[derive(Debug, Clone, Copy, Default)]
struct Needs {
    scope: bool,
    complexity: bool,
    turn: bool,
}

impl Needs {
    fn of(policy: &Policy) -> Self {
        let mut needs = Self::default();
        for stage in &policy.stages {
            needs.scope |= stage.has_condition();
            needs.complexity |= stage.has_condition() || matches!(stage.bare(), Stage::Complexity { .. });
            needs.turn |= matches!(stage.bare(), Stage::RoundRobin);
        }
        needs
    }
}

fn decide(state: &State, snapshot: &Snapshot, ask: &Ask<'_>, target: &Target) -> Result<Decision, NoRoute> {
    match &target.pinned {
        Some(deployment) => Ok(weir_router::pin(snapshot, &state.live, ask, deployment)),
        None => weir_router::decide(snapshot, &state.live, ask),
    }
}

/// Deployments with what a call needs. One that a reload has just removed is passed over.
fn legs(state: &State, snapshot: &Snapshot, decision: &Decision, chain: &[DeploymentId]) -> Vec<Leg> {
    let targets = state.targets.load();
    let leg = |id: &DeploymentId| {
        let known = decision.candidates.iter().find(|candidate| candidate.deployment == *id);
        Some(Leg {
            deployment: Arc::clone(snapshot.deployments.get(id)?),
            endpoint: Arc::clone(targets.get(id)?),
            vital: state.live.vital(id)?,
            cost: known.and_then(|candidate| candidate.expected_cost),
        })
    };
    chain.iter().filter_map(leg).collect()
}

/// What the canary randomises over: the session where there is one, so that a conversation stays on its arm.
fn unit(flight: &Flight) -> u64 {
    match &flight.session {
        Some(session) => mix(hash(session)),
        None => flight.ids.span.bits() as u64,
    }
}

fn no_candidate(no_route: &NoRoute) -> Problem {
    let problem = Problem::new(&error::NO_CANDIDATE, no_route.to_string());
    let NoRoute::NoCandidate(decision) = no_route else {
        return problem;
    };
    let why = decision.candidates.iter().map(|candidate| {
        let why = match candidate.verdict {
            Verdict::NotCapable => "cannot do what the request needs",
            Verdict::Unhealthy => "is failing",
            Verdict::NotAdmitted => "is not admitted",
            Verdict::Suspect => "is under suspicion",
            Verdict::BelowFloor => "is below the floor",
            Verdict::Unproven => "is unproven",
            Verdict::Excluded => "is kept out by a rule of the policy",
            Verdict::OverCeiling => "is over a ceiling of cost or latency",
            Verdict::Chosen | Verdict::Fallback | Verdict::OtherArm => "was passed over",
        };
        format!("`{}` {why}", candidate.deployment)
    });
    problem.hint(why.collect::<Vec<_>>().join(", "))
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

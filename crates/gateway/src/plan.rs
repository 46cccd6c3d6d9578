//! Where a request goes and how long it may take: what routing asks of it, what the router answers, and the endpoints
//! behind that answer. Synchronous and lock-free: one load of the snapshot, one of the endpoints.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::HeaderMap;
use weir_core::{
    DeploymentId, Problem,
    decision::{Decision, Verdict},
    entropy::{hash, mix},
    error,
    policy::{FailureClass, Policy, Stage},
    route::Features,
    segment::SegmentBy,
    snapshot::{Snapshot, WorkloadView},
    workload::{Deadlines, Strictness},
};
use weir_providers::{dialect::openai_chat::Peek, transport};
use weir_router::{Ask, NoRoute};

use crate::{
    State,
    address::{self, Target},
    admit::Admitted,
    attempt::Leg,
    complexity::complexity,
    facts::{self, Sources},
    flight::Flight,
    headers::{self, Asked},
    language::language,
    named,
};

/// What is known of a request when its route is chosen.
pub(crate) struct Question<'a> {
    pub(crate) caller: &'a Admitted,
    pub(crate) head: &'a HeaderMap,
    pub(crate) asked: &'a Asked,
    pub(crate) peek: &'a Peek<'a>,
    pub(crate) body: &'a Bytes,
}

/// Where the request goes and how long it may take.
pub(crate) struct Plan {
    pub(crate) decision: Arc<Decision>,
    pub(crate) legs: Vec<Leg>,
    pub(crate) detours: Vec<(FailureClass, Vec<Leg>)>,
    pub(crate) limits: transport::Limits,
    pub(crate) lenient: bool,
}

/// Chooses.
///
/// # Errors
/// When the request names what is not there or not the key's, or nobody can serve it; the decision is then on record.
pub(crate) fn plan(state: &State, flight: &mut Flight, question: &Question<'_>) -> Result<Plan, Problem> {
    let snapshot = state.snapshots.load();
    let (view, decision) = choose(state, &snapshot, flight, question, true)?;
    let decision = decision.map_err(|no_route| {
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
    let workload = view.as_ref().map(|view| &view.workload);
    let deadlines = workload.map_or_else(Deadlines::default, |workload| workload.deadlines);
    let mut limits = transport::Limits::from(&deadlines);
    if let Some(timeout_ms) = question.asked.timeout_ms {
        limits.total = limits.total.min(Duration::from_millis(timeout_ms));
    }
    let lenient = workload.is_some_and(|workload| workload.strictness == Strictness::Lenient);
    Ok(Plan { decision, legs, detours, limits, lenient })
}

/// What would be decided of such a request now. Nothing comes of it: no turn is taken, no canary counts it.
///
/// # Errors
/// As [`plan`], but for a request that nobody can serve: its decision says why.
pub(crate) fn preview(state: &State, flight: &mut Flight, question: &Question<'_>) -> Result<Decision, Problem> {
    match choose(state, &state.snapshots.load(), flight, question, false)?.1 {
        Ok(decision) => Ok(decision),
        Err(NoRoute::NoCandidate(decision)) => Ok(*decision),
        Err(no_route) => Err(no_candidate(&no_route)),
    }
}

type Chosen = (Option<Arc<WorkloadView>>, Result<Decision, NoRoute>);

/// The workload as this call sees it, and what the router says; `in_turn` takes the workload's next turn.
fn choose(
    state: &State,
    snapshot: &Snapshot,
    flight: &mut Flight,
    question: &Question<'_>,
    in_turn: bool,
) -> Result<Chosen, Problem> {
    let Question { caller, head, asked, peek, body } = question;
    let wanted = headers::text(head, &headers::WORKLOAD)?;
    let target = address::resolve(snapshot, caller.scope(), &peek.model, wanted)?;
    flight.workload = target.workload.clone();
    let known = snapshot.workloads.get(&target.workload);
    let named = named::view(state, caller, &target, known, asked.policy.as_deref())?;
    let view = named.as_ref().or(known);
    let needs = view.filter(|_| target.pinned.is_none()).map_or_else(Needs::default, |view| Needs::of(&view.policy));
    let mut features = Features { session: flight.session.is_some(), ..peek.features() };
    if needs.complexity {
        features.complexity = Some(complexity(body, &features));
    }
    if view.is_some_and(|view| view.segments.by().contains(&SegmentBy::Language)) {
        features.language = Some(language(body, peek.messages_end));
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
    let lane = needs.turn.then(|| state.live.lane(&target.workload));
    let ask = Ask {
        workload: &target.workload,
        tenant: &flight.tenant,
        features,
        unit: unit(flight),
        seed: state.entropy.next_u64(),
        turn: lane.map_or(0, |lane| if in_turn { lane.turn() } else { lane.coming() }),
        scope: scope.as_ref(),
        now: state.clock.now(),
        uptime: state.clock.elapsed(),
    };
    let decision = decide(state, snapshot, &ask, &target, named.as_deref());
    Ok((view.cloned(), decision))
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

fn decide(
    state: &State,
    snapshot: &Snapshot,
    ask: &Ask<'_>,
    target: &Target,
    named: Option<&WorkloadView>,
) -> Result<Decision, NoRoute> {
    match (&target.pinned, named) {
        (Some(deployment), _) => Ok(weir_router::pin(snapshot, &state.live, ask, deployment)),
        (None, Some(view)) => weir_router::decide_by(view, snapshot, &state.live, ask),
        (None, None) => weir_router::decide(snapshot, &state.live, ask),
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
            last_resort: known.is_some_and(|candidate| candidate.state.last_resort || candidate.state.exhausted),
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

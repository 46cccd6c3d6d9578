//! One request in flight: what will be its span, filled in step by step. It is recorded exactly once, whatever
//! happens: by `finish`, or by the drop guard when the client went away and the whole pipeline was dropped.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::HeaderValue;
use weir_core::{
    DeploymentId, NanoUsd, Problem, Timestamp, Usage, WorkloadId,
    decision::{Arm, Decision},
    deployment::{Deployment, Price},
    error,
    span::{Attempt, Errand, Identity, Origin, Outcome, Payload, Record, Span},
};
use weir_router::ExposedGuard;

use crate::{State, address, admit::Admitted, capture::Capture, ids::Ids, state::Slot};

/// The error class of an attempt whose client went away.
const CANCELLED: &str = "cancelled";
/// The error class of an attempt that another one of the same request was quicker than.
const LOST: &str = "lost";

/// What hyper reads at first.
const READ_BUFFER: usize = 8 << 10;

/// One request in flight.
pub(crate) struct Flight {
    state: Arc<State>,
    pub(crate) ids: Ids,
    pub(crate) tenant: Arc<str>,
    pub(crate) workload: WorkloadId,
    pub(crate) origin: Origin,
    errand: Errand,
    pub(crate) session: Option<Arc<str>>,
    pub(crate) model_asked: Arc<str>,
    pub(crate) tags: Arc<str>,
    pub(crate) stream: bool,
    pub(crate) decision: Option<Arc<Decision>>,
    pub(crate) finish_reason: Option<Arc<str>>,
    /// Who the provider says answered.
    pub(crate) identity: Identity,
    /// Tokens of the answer as far as it is known.
    pub(crate) usage: Usage,
    /// Prompt tokens as estimated from the request.
    pub(crate) input_estimate: u64,
    /// The request body, as received.
    pub(crate) request: Bytes,
    /// The answer, as relayed.
    pub(crate) answer: Capture,
    started_at: Timestamp,
    started: Duration,
    ttft: Option<Duration>,
    attempts: Vec<Try>,
    /// Calls made and where the answer came from, once the record is gone.
    made: usize,
    last: Option<DeploymentId>,
    recorded: bool,
    /// Of the key's budget, until the cost is known.
    pub(crate) reserved: Option<NanoUsd>,
    /// Holds a canary's evidence back until this request is recorded.
    exposed: Option<ExposedGuard>,
    /// Frees the request's place when the flight ends.
    _slot: Slot,
}

/// One upstream call.
struct Try {
    deployment: Arc<Deployment>,
    attempt: Attempt,
    ended: bool,
}

/// Which call of a flight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Nth(usize);

impl Flight {
    /// Takes off. From here on the request is recorded.
    pub(crate) fn begin(state: &Arc<State>, ids: Ids, caller: &Admitted, slot: Slot) -> Self {
        Self {
            ids,
            tenant: Arc::clone(&caller.tenant),
            workload: address::DEFAULT.into(),
            origin: caller.origin,
            errand: caller.errand.clone(),
            session: None,
            model_asked: Arc::default(),
            tags: Arc::default(),
            stream: false,
            decision: None,
            finish_reason: None,
            identity: Identity::default(),
            usage: Usage::default(),
            input_estimate: 0,
            request: Bytes::new(),
            answer: Capture::new(state.limits.capture_bytes),
            started_at: state.clock.now(),
            started: state.clock.elapsed(),
            ttft: None,
            attempts: Vec::new(),
            made: 0,
            last: None,
            recorded: false,
            reserved: None,
            exposed: None,
            state: Arc::clone(state),
            _slot: slot,
        }
    }

    /// The whole request is here, and its time begins: how long a client takes to upload is not the answer's latency.
    pub(crate) fn received(&mut self, request: Bytes) {
        self.request = request;
        // In flight before its start is read, so that nobody sees a later one and not this one.
        self.exposed = Some(self.state.live.exposed().begin(self.state.clock.now()));
        self.started_at = self.state.clock.now();
        self.started = self.state.clock.elapsed();
    }

    /// The answer will be a while. A short request is a piece of the buffer that its connection read it into, which would
    /// be kept with it for as long as the stream lasts.
    pub(crate) fn settles(&mut self) {
        if self.request.len() < READ_BUFFER {
            self.request = Bytes::copy_from_slice(&self.request);
        }
    }

    /// The route is chosen. Only a canary's requests go on being counted as exposed.
    pub(crate) fn decided(&mut self, decision: Decision) -> Arc<Decision> {
        match &decision.exposure {
            None => self.exposed = None,
            Some(exposure) if exposure.arm == Arm::Candidate => {
                let vital = decision.chain.first().and_then(|id| self.state.live.vital(id));
                if let (Some(exposed), Some(vital)) = (&mut self.exposed, vital) {
                    exposed.on_candidate(vital);
                }
            }
            Some(_) => {}
        }
        if let Some(exposure) = &decision.exposure {
            self.state.live.gates().of(&exposure.canary).sent(exposure.arm);
        }
        Arc::clone(self.decision.insert(Arc::new(decision)))
    }

    /// Time since the request was received.
    pub(crate) fn age(&self) -> Duration {
        self.state.clock.elapsed().saturating_sub(self.started)
    }

    /// What lets an end user grade this answer; none for what weir asks itself.
    pub(crate) fn feedback_token(&self) -> Option<HeaderValue> {
        let token =
            (self.origin == Origin::Client).then(|| self.state.feedback.token(self.ids.span, self.started_at))?;
        HeaderValue::from_str(&token).ok()
    }

    /// An upstream call begins, before its turn where a region has gone silent.
    pub(crate) fn attempt(&mut self, deployment: &Arc<Deployment>, away_from: Option<&str>) -> Nth {
        let attempt = Attempt {
            deployment: deployment.id.clone(),
            started_us: micros(self.age()),
            latency_us: 0,
            status: None,
            error: None,
            cost: Some(NanoUsd::ZERO),
            dropped: Vec::new(),
            away_from: away_from.map(Arc::from),
        };
        self.attempts.push(Try { deployment: Arc::clone(deployment), attempt, ended: false });
        Nth(self.attempts.len() - 1)
    }
    /// What its deployment's dialect could not express.
    pub(crate) fn dropped(&mut self, nth: Nth, fields: &[String]) {
        if let Some(tried) = self.attempts.get_mut(nth.0) {
            tried.attempt.dropped = fields.iter().map(|field| field.as_str().into()).collect();
        }
    }
    /// The same of the attempt that is served, or was the last.
    pub(crate) fn unsaid(&self) -> &[Arc<str>] {
        let served = self.attempts.iter().rfind(|tried| tried.attempt.error.is_none());
        served.or_else(|| self.attempts.last()).map_or(&[], |tried| &tried.attempt.dropped)
    }
    /// Its status line came, and at this age of it the answer that will be served began.
    pub(crate) fn answered(&mut self, nth: Nth, status: Option<u16>, first: Duration) {
        if let Some(tried) = self.attempts.get_mut(nth.0) {
            tried.attempt.status = status;
            self.ttft = Some(Duration::from_micros(tried.attempt.started_us) + first);
        }
    }
    /// The call goes on with an answer that another has begun.
    pub(crate) fn resumed(&mut self, nth: Nth, status: Option<u16>) {
        if let Some(tried) = self.attempts.get_mut(nth.0) {
            tried.attempt.status = status;
        }
    }
    /// The call ended, with `error` as its class when it failed and `usage` as far as it is known.
    pub(crate) fn attempt_ended(&mut self, nth: Nth, status: Option<u16>, error: Option<&str>, usage: Usage) {
        let age = micros(self.age());
        let Some(tried) = self.attempts.get_mut(nth.0).filter(|tried| !tried.ended) else {
            return;
        };
        tried.ended = true;
        let attempt = &mut tried.attempt;
        attempt.latency_us = age.saturating_sub(attempt.started_us);
        attempt.status = status.or(attempt.status);
        attempt.error = error.map(Arc::from);
        attempt.cost = cost(tried.deployment.price.as_ref(), &usage);
    }
    /// An answer that was passed over is served after all.
    pub(crate) fn reprieve(&mut self, nth: Nth) {
        if let Some(tried) = self.attempts.get_mut(nth.0) {
            tried.attempt.error = None;
        }
    }
    /// The call did not take place: nothing was sent.
    pub(crate) fn unasked(&mut self, nth: Nth) {
        if nth.0 + 1 == self.attempts.len() {
            self.attempts.pop();
        } else {
            self.attempt_ended(nth, None, Some("refused"), Usage::default());
        }
    }
    /// A call was given up because another one was quicker: the provider has the prompt and will bill it.
    pub(crate) fn lost(&mut self, nth: Nth) {
        let usage = Usage { input: self.input_estimate, estimated: true, ..Usage::default() };
        self.attempt_ended(nth, None, Some(LOST), usage);
    }
    /// The client went away while this call was under way.
    pub(crate) fn left(&mut self, nth: Nth, usage: Usage) {
        self.attempt_ended(nth, None, Some(CANCELLED), usage);
    }
    /// Calls made so far.
    pub(crate) fn attempts(&self) -> usize {
        self.attempts.len().max(self.made)
    }
    /// Whether a call went there.
    pub(crate) fn has_asked(&self, deployment: &DeploymentId) -> bool {
        self.attempts.iter().any(|tried| tried.deployment.id == *deployment)
    }
    /// Whether a region was left for another one.
    pub(crate) fn has_left_a_region(&self) -> bool {
        self.attempts.iter().any(|tried| tried.attempt.away_from.is_some())
    }
    /// Where the answer came from, or the last call went.
    pub(crate) fn last_deployment(&self) -> Option<&DeploymentId> {
        let served = self.attempts.iter().rfind(|tried| tried.attempt.error.is_none());
        served.or_else(|| self.attempts.last()).map(|tried| &tried.deployment.id).or(self.last.as_ref())
    }
    /// All attempts together; `None` when a price is unknown.
    pub(crate) fn cost(&self) -> Option<NanoUsd> {
        self.attempts.iter().map(|tried| tried.attempt.cost).sum()
    }

    /// The same with the attempt under way at `usage`.
    pub(crate) fn cost_with(&self, deployment: &Deployment, usage: &Usage) -> Option<NanoUsd> {
        Some(self.cost()? + cost(deployment.price.as_ref(), usage)?)
    }

    /// Nothing was asked of anybody, so there is nothing to record.
    pub(crate) fn forget(&mut self) {
        self.recorded = true;
    }

    /// The problem as it may be told: a provider's words on a sealed request may quote it.
    pub(crate) fn tellable(&self, problem: Problem) -> Problem {
        if !self.errand.sealed {
            return problem;
        }
        let what = problem.code.title;
        Problem::new(
            problem.code,
            format!("{what}; its words are not kept, because the request repeats a held-out item"),
        )
    }

    /// Records the request as failed.
    pub(crate) fn fail(&mut self, problem: &Problem) {
        self.finish(Outcome::Failed { code: problem.code.code.into(), message: problem.message.as_str().into() });
    }

    /// Hands the span to the sink; when this returns it survives a killed process. Later calls do nothing.
    pub(crate) fn finish(&mut self, outcome: Outcome) {
        if std::mem::replace(&mut self.recorded, true) {
            return;
        }
        let payload = self.texts();
        self.last = self.last_deployment().cloned();
        self.made = self.attempts.len();
        let span = Span {
            id: self.ids.span,
            trace_id: self.ids.trace,
            parent_id: self.ids.parent,
            tenant: Arc::clone(&self.tenant),
            workload: self.workload.clone(),
            origin: self.origin,
            session: self.session.take(),
            model_asked: Arc::clone(&self.model_asked),
            stream: self.stream,
            started_at: self.started_at,
            latency_us: micros(self.age()),
            ttft_us: self.ttft.map(micros),
            outcome,
            finish_reason: self.finish_reason.take(),
            identity: std::mem::take(&mut self.identity),
            decision: self.decision.clone(),
            cost: self.cost(),
            attempts: std::mem::take(&mut self.attempts).into_iter().map(|tried| tried.attempt).collect(),
            usage: self.usage,
            tags: Arc::clone(&self.tags),
            errand: std::mem::take(&mut self.errand),
        };
        if let Some(reserved) = self.reserved.take() {
            // What is not known may have been all of it.
            self.state.budgets.settle(&span.tenant, reserved, span.cost.unwrap_or(reserved), self.state.clock.now());
        }
        self.judge(&span);
        self.state.sink.record(Record { span, payload });
    }
}

impl Flight {
    /// What was asked and answered, within bounds; nothing of a sealed request, so that no file ever holds it.
    fn texts(&mut self) -> Payload {
        if self.errand.sealed {
            return Payload::default();
        }
        let limit = self.state.limits.capture_bytes;
        let cut = self.request.len() > limit;
        let request = if cut { self.request.slice(..limit) } else { std::mem::take(&mut self.request) };
        let (response, response_cut) = self.answer.take();
        Payload { request, response, truncated: cut || response_cut }
    }

    /// A canary whose own requests fail here is not exposed by the next one, whatever anybody else knows.
    fn judge(&self, span: &Span) {
        let failed = span.attempts.first().is_some_and(|first| first.error.as_deref().is_some_and(|e| e != CANCELLED));
        let Some(exposure) = self.decision.as_ref().and_then(|decision| decision.exposure.as_ref()).filter(|_| failed)
        else {
            return;
        };
        if self.state.live.gates().of(&exposure.canary).failed(exposure.arm) {
            self.state.snapshots.withdraw(&exposure.canary);
        }
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        if self.recorded {
            return;
        }
        for nth in 0..self.attempts.len() {
            let open = self.attempts.get(nth).is_some_and(|tried| !tried.ended);
            if open && self.usage == Usage::default() {
                // The provider has the prompt and will bill it, whether or not anybody waits for the answer.
                self.usage = Usage { input: self.input_estimate, estimated: true, ..Usage::default() };
            }
            self.attempt_ended(Nth(nth), None, Some(CANCELLED), self.usage);
        }
        if std::thread::panicking() {
            self.fail(&Problem::new(&error::INTERNAL, "weir failed on this request"));
        } else {
            self.finish(Outcome::Cancelled);
        }
    }
}

/// What `usage` costs at `price`. Nothing used costs nothing, whatever the price.
fn cost(price: Option<&Price>, usage: &Usage) -> Option<NanoUsd> {
    if usage.input == 0 && usage.output == 0 {
        return Some(NanoUsd::ZERO);
    }
    price.and_then(|price| price.cost(usage))
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

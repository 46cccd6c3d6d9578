//! One request in flight: what will be its span, filled in step by step. It is recorded exactly once, whatever
//! happens: by `finish`, or by the drop guard when the client went away and the whole pipeline was dropped.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use weir_core::{
    DeploymentId, NanoUsd, Problem, Timestamp, Usage, WorkloadId,
    decision::{Arm, Decision},
    deployment::{Deployment, Price},
    error,
    span::{Attempt, Identity, Origin, Outcome, Payload, Record, Span},
};
use weir_router::ExposedGuard;

use crate::{State, address, admit::Admitted, capture::Capture, ids::Ids, state::Slot};

/// The error class of an attempt whose client went away.
const CANCELLED: &str = "cancelled";

/// One request in flight.
pub(crate) struct Flight {
    state: Arc<State>,
    pub(crate) ids: Ids,
    pub(crate) tenant: Arc<str>,
    pub(crate) workload: WorkloadId,
    pub(crate) origin: Origin,
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
    attempts: Vec<Attempt>,
    trying: Option<Trying>,
    recorded: bool,
    /// Holds a canary's evidence back until this request is recorded.
    exposed: Option<ExposedGuard>,
    /// Frees the request's place when the flight ends.
    _slot: Slot,
}

/// An attempt that has not ended.
struct Trying {
    deployment: Arc<Deployment>,
    started: Duration,
    status: Option<u16>,
    dropped: Vec<Arc<str>>,
}

impl Flight {
    /// Takes off. From here on the request is recorded.
    pub(crate) fn begin(state: &Arc<State>, ids: Ids, caller: &Admitted, slot: Slot) -> Self {
        Self {
            ids,
            tenant: Arc::clone(&caller.tenant),
            workload: address::DEFAULT.into(),
            origin: caller.origin,
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
            trying: None,
            recorded: false,
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

    /// The route is chosen. Only a canary's requests go on being counted as exposed.
    pub(crate) fn decided(&mut self, decision: Decision) -> &Decision {
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
        self.decision.insert(Arc::new(decision))
    }

    /// Time since the request was received.
    pub(crate) fn age(&self) -> Duration {
        self.state.clock.elapsed().saturating_sub(self.started)
    }

    /// An upstream call begins.
    pub(crate) fn attempt(&mut self, deployment: &Arc<Deployment>) {
        self.trying =
            Some(Trying { deployment: Arc::clone(deployment), started: self.age(), status: None, dropped: Vec::new() });
    }
    /// Its status line came.
    pub(crate) fn status(&mut self, status: u16) {
        if let Some(trying) = &mut self.trying {
            trying.status = Some(status);
        }
    }
    /// What its deployment's dialect could not express.
    pub(crate) fn dropped(&mut self, fields: &[String]) {
        if let Some(trying) = &mut self.trying {
            trying.dropped = fields.iter().map(|field| field.as_str().into()).collect();
        }
    }
    /// The same of the attempt that is served, or was the last.
    pub(crate) fn lost(&self) -> &[Arc<str>] {
        match (&self.trying, self.attempts.last()) {
            (Some(trying), _) => &trying.dropped,
            (None, Some(attempt)) => &attempt.dropped,
            (None, None) => &[],
        }
    }
    /// The answer that will be served began at this age.
    pub(crate) fn answered(&mut self, age: Duration) {
        self.ttft = Some(age);
    }
    /// The call ended, with `error` as its class when it failed and `usage` as far as it is known. Returns how long
    /// it took.
    pub(crate) fn attempt_ended(&mut self, error: Option<&str>, usage: Usage) -> Duration {
        let Some(trying) = self.trying.take() else {
            return Duration::ZERO;
        };
        let took = self.age().saturating_sub(trying.started);
        self.attempts.push(Attempt {
            deployment: trying.deployment.id.clone(),
            started_us: micros(trying.started),
            latency_us: micros(took),
            status: trying.status,
            error: error.map(Arc::from),
            cost: cost(trying.deployment.price.as_ref(), &usage),
            dropped: trying.dropped,
        });
        took
    }
    /// Calls made so far.
    pub(crate) fn attempts(&self) -> usize {
        self.attempts.len() + usize::from(self.trying.is_some())
    }
    /// Where the last call went.
    pub(crate) fn last_deployment(&self) -> Option<&DeploymentId> {
        let trying = self.trying.as_ref().map(|trying| &trying.deployment.id);
        trying.or_else(|| self.attempts.last().map(|attempt| &attempt.deployment))
    }
    /// All attempts together; `None` when a price is unknown.
    pub(crate) fn cost(&self) -> Option<NanoUsd> {
        self.attempts.iter().map(|attempt| attempt.cost).sum()
    }

    /// The same with the attempt under way at `usage`.
    pub(crate) fn cost_with(&self, usage: &Usage) -> Option<NanoUsd> {
        let price = self.trying.as_ref().and_then(|trying| trying.deployment.price.as_ref());
        Some(self.cost()? + cost(price, usage)?)
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
        let limit = self.state.limits.capture_bytes;
        let cut = self.request.len() > limit;
        let request = if cut { self.request.slice(..limit) } else { std::mem::take(&mut self.request) };
        let (response, response_cut) = self.answer.take();
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
            attempts: std::mem::take(&mut self.attempts),
            usage: self.usage,
            tags: Arc::clone(&self.tags),
        };
        let payload = Payload { request, response, truncated: cut || response_cut };
        self.state.sink.record(Record { span, payload });
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        if self.recorded {
            return;
        }
        if self.trying.is_some() && self.usage == Usage::default() {
            // The provider has the prompt and will bill it, whether or not anybody waits for the answer.
            self.usage = Usage { input: self.input_estimate, estimated: true, ..Usage::default() };
        }
        self.attempt_ended(Some(CANCELLED), self.usage);
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
    price.map(|price| price.cost(usage))
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

//! One upstream call: sent, judged, and noted in the deployment's vital signs. A stream counts as answered when its
//! first token is in hand; whatever goes wrong before it, the client has seen nothing.
//!
//! An attempt does not touch the flight: several may run at once, and the one that loses is simply dropped.

use std::{sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use futures::StreamExt as _;
use http::{HeaderMap, HeaderValue, header};
use weir_core::{NanoUsd, Problem, Usage, decision::Plan, deployment::Deployment, error, policy::FailureClass};
use weir_providers::{
    dialect::openai_chat::Reply,
    exchange::{Inbound, Unsendable},
    outcome, scrub,
    stream::{Step, Stream, StreamEnd, StreamFailure},
    transport::{self, TransportError},
};
use weir_router::{Fault, InFlight, Sample, Shape, Vital};

use crate::{
    State,
    endpoint::{Endpoint, Full, Key, Place},
    headers,
};

/// What is read of an error's body, and for how long.
const ERROR_BYTES: usize = 64 * 1024;
const ERROR_WAIT: Duration = Duration::from_secs(2);
/// How long a deployment rests whose only key is rejected, or whose account is empty.
const REJECTED: Duration = Duration::from_secs(30);

/// One deployment of the chain, with all that a call needs.
#[derive(Debug, Clone)]
pub(crate) struct Leg {
    pub(crate) deployment: Arc<Deployment>,
    pub(crate) endpoint: Arc<Endpoint>,
    pub(crate) vital: Arc<Vital>,
    /// What the request is expected to cost there; `None` when its price is unknown.
    pub(crate) cost: Option<NanoUsd>,
    /// It misses the floor or has no headroom left, and is asked when nobody else serves.
    pub(crate) last_resort: bool,
}

/// The request as it leaves.
pub(crate) struct Outbound<'a> {
    pub(crate) inbound: &'a Inbound<'a>,
    /// What a deployment of the caller's own dialect gets beside the body.
    pub(crate) headers: HeaderMap,
    /// Drop what a deployment's dialect cannot express, instead of refusing.
    pub(crate) lenient: bool,
    /// The order to walk.
    pub(crate) legs: &'a [Leg],
    /// Whom to ask after a failure of a class, in place of the rest of that order.
    pub(crate) detours: &'a [(FailureClass, Vec<Leg>)],
    /// How to walk it.
    pub(crate) plan: &'a Plan,
    /// What of these may be expected to be spent, where the caller set a bound.
    pub(crate) max_cost: Option<NanoUsd>,
    /// Time limits; `total` is for all attempts together.
    pub(crate) limits: transport::Limits,
    /// Stands in where a provider does not count prompt tokens.
    pub(crate) input_estimate: u64,
    /// Kind of request, for latencies.
    pub(crate) shape: Shape,
    /// What goes upstream as `x-weir-hops`.
    pub(crate) hops: HeaderValue,
}

/// What a deployment answered.
#[expect(clippy::large_enum_variant, reason = "moved and never kept: a box would be an allocation for each answer")]
pub(crate) enum Served {
    /// The whole body, checked, and what it is where that may be no JSON.
    Plain(Bytes, Reply, Option<HeaderValue>),
    /// A stream that has said its first token, or all it has to say.
    Stream(Box<Opened>),
}

/// A stream whose first token is in hand.
pub(crate) struct Opened {
    pub(crate) leg: Leg,
    pub(crate) key: Arc<Key>,
    pub(crate) chat: Stream,
    /// `None` when the provider has said everything and `out` is the end.
    pub(crate) body: Option<transport::Body>,
    /// What the client gets first.
    pub(crate) out: BytesMut,
    /// Kind of request, for latencies.
    pub(crate) shape: Shape,
    /// Counts the stream at its deployment until it ends.
    pub(crate) in_flight: InFlight,
    /// Its place there.
    pub(crate) _place: Place,
}

/// Why one attempt failed.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) class: FailureClass,
    /// In words; no secrets.
    pub(crate) message: String,
    /// How long the provider asks to wait.
    pub(crate) wait: Option<Duration>,
    /// What the failed attempt used up; boxed, because results hold either this or an answer.
    pub(crate) usage: Box<Usage>,
    /// The provider said itself that it failed, or was never asked.
    pub(crate) answered: bool,
    /// Another key of the same deployment may do.
    pub(crate) other_key: bool,
    /// The bound is weir's own: the provider was not asked.
    pub(crate) ours: bool,
}

impl Failure {
    pub(crate) fn new(class: FailureClass, message: impl Into<String>) -> Self {
        Self {
            class,
            message: message.into(),
            wait: None,
            usage: Box::default(),
            answered: false,
            other_key: false,
            ours: false,
        }
    }

    /// Its deployment could not be reached or said nothing in time, and perhaps its region with it.
    pub(crate) fn is_silence(&self) -> bool {
        let silent = matches!(self.class, FailureClass::Connect | FailureClass::Timeout);
        silent && !self.answered && !self.ours
    }

    /// A request that the deployment's dialect cannot say, or that is wrong by its own.
    fn unsendable(error: &Unsendable) -> Self {
        let class = match error {
            Unsendable::Bad(_) => FailureClass::Caller,
            Unsendable::Untranslatable(_) => FailureClass::Untranslatable,
        };
        Self::new(class, error.to_string())
    }

    /// An upstream call that gave no whole answer.
    pub(crate) fn transport(error: &TransportError) -> Self {
        let answered = matches!(error, TransportError::Refused(_) | TransportError::Setup(_));
        Self { answered, ..Self::new(FailureClass::from(error), error.to_string()) }
    }

    /// A stream that ended badly. What the provider says in it is shown without its key.
    pub(crate) fn stream(failure: &StreamFailure, secret: Option<&weir_config::SecretString>) -> Self {
        let message = match failure {
            StreamFailure::Error(data) => {
                let said = scrub::error_message(200, data, secret);
                said.replacen("the provider answered 200", "the provider sent an error in its stream", 1)
            }
            other => other.to_string(),
        };
        Self::new(FailureClass::from(failure), message)
    }

    /// The deployment has no place left.
    fn full(deployment: &Deployment) -> Self {
        let message = format!("`{}` has no place left and its queue is full or too slow", deployment.id);
        Self { ours: true, ..Self::new(FailureClass::RateLimit, message) }
    }

    /// What the client is told when this was the last word.
    pub(crate) fn problem(&self, deployment: &Deployment) -> Problem {
        if self.ours {
            return Problem::new(&error::OVERLOADED, self.message.clone());
        }
        Problem::new(self.class.code(), format!("`{}`: {}", deployment.id, self.message))
    }
}

/// What became of one call.
pub(crate) struct Tried {
    pub(crate) result: Result<Served, Failure>,
    pub(crate) status: Option<u16>,
    /// What its deployment's dialect could not express.
    pub(crate) dropped: Vec<String>,
    /// The answer that will be served began at this age of the attempt.
    pub(crate) first: Duration,
}

/// How a call stands among the others of its request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Turn {
    /// Of the request's total.
    pub(crate) left: Duration,
    /// Nobody else is left to ask.
    pub(crate) last: bool,
    /// What earlier attempts cost; `None` when a price is unknown.
    pub(crate) spent: Option<NanoUsd>,
}

/// Makes one upstream call, and tells the deployment's vital signs what came of it.
pub(crate) async fn attempt(state: &State, leg: &Leg, request: &Outbound<'_>, turn: Turn) -> Tried {
    let Turn { left, last, spent } = turn;
    let nothing = |failure| Tried { result: Err(failure), status: None, dropped: Vec::new(), first: Duration::ZERO };
    let began = state.clock.elapsed();
    let place = match leg.endpoint.place().await {
        Ok(place) => place,
        Err(Full) => return nothing(Failure::full(&leg.deployment)),
    };
    let uptime = state.clock.elapsed();
    let Some(key) = leg.endpoint.key(uptime) else {
        return nothing(Failure::new(FailureClass::Auth, "the deployment has no address"));
    };
    let Some(in_flight) = leg.vital.begin(request.input_estimate, last, uptime) else {
        let resting = Failure::new(FailureClass::Connect, "it rests after failures, and enough others probe it");
        return nothing(Failure { ours: true, ..resting });
    };
    let left = left.saturating_sub(uptime.saturating_sub(began));
    let mut call = Call {
        state,
        leg,
        request,
        key,
        spent,
        status: None,
        dropped: Vec::new(),
        first: Duration::ZERO,
        began: uptime,
    };
    let result = call.make(request.limits.with_total(left), in_flight, place).await;
    Tried { result, status: call.status, dropped: call.dropped, first: call.first }
}

/// One call under way.
struct Call<'a> {
    state: &'a State,
    leg: &'a Leg,
    request: &'a Outbound<'a>,
    key: &'a Arc<Key>,
    /// What earlier attempts cost.
    spent: Option<NanoUsd>,
    status: Option<u16>,
    dropped: Vec<String>,
    first: Duration,
    /// Uptime.
    began: Duration,
}

impl Call<'_> {
    async fn make(&mut self, limits: transport::Limits, in_flight: InFlight, place: Place) -> Result<Served, Failure> {
        // Judged by reference, so that the guard is there to be told and then handed on or dropped.
        match self.send(limits).await {
            Ok(Answer::Plain(body, reply, kind)) => {
                self.passed(&in_flight, true);
                Ok(Served::Plain(body, reply, kind))
            }
            Ok(Answer::Stream { chat, body, out }) => {
                self.passed(&in_flight, body.is_none());
                Ok(Served::Stream(Box::new(Opened {
                    leg: self.leg.clone(),
                    key: Arc::clone(self.key),
                    chat,
                    body,
                    out,
                    shape: self.request.shape,
                    in_flight,
                    _place: place,
                })))
            }
            Err(mut failure) => {
                // One that began its answer and stalled has had its time.
                failure.answered |= self.status.is_some_and(|status| status != 200);
                self.failed(&mut failure, &in_flight);
                Err(failure)
            }
        }
    }

    fn passed(&self, in_flight: &InFlight, whole: bool) {
        let uptime = self.state.clock.elapsed();
        self.leg.vital.key_taken(self.key.nth);
        let sample = Sample {
            shape: self.request.shape,
            first: self.first,
            total: whole.then(|| uptime.saturating_sub(self.began)),
            slow: self.first > self.request.limits.first_byte / 2,
        };
        in_flight.succeeded(&sample, uptime);
    }

    fn failed(&self, failure: &mut Failure, in_flight: &InFlight) {
        let uptime = self.state.clock.elapsed();
        match failure.class {
            FailureClass::RateLimit => {
                self.key.limited(failure.wait, uptime);
                failure.other_key = self.leg.endpoint.has_rested_key(uptime);
                if !failure.other_key {
                    self.leg.vital.refused(failure.wait, uptime);
                }
                in_flight.answered(uptime);
            }
            FailureClass::Auth | FailureClass::Quota => {
                self.key.rejected(uptime);
                self.leg.vital.key_rejected(self.key.nth);
                failure.other_key = self.leg.endpoint.has_rested_key(uptime);
                tracing::error!(deployment = %self.leg.deployment.id, "a provider key is rejected: {}", failure.message);
                if !failure.other_key {
                    in_flight.failed(Fault::Fatal, Some(REJECTED), uptime);
                }
            }
            class => match fault(class) {
                Some(fault) => in_flight.failed(fault, failure.wait, uptime),
                None => in_flight.answered(uptime),
            },
        }
        // A head is a word, also of one that is late or stalls; and whom nobody asked keeps no silence.
        if failure.answered || self.status.is_some() {
            in_flight.heard(uptime);
        }
    }

    async fn send(&mut self, limits: transport::Limits) -> Result<Answer, Failure> {
        let (request, leg) = (self.request, self.leg);
        let spoken = leg.deployment.dialect;
        let outgoing = request.inbound.outgoing(&leg.deployment, request.lenient);
        let outgoing = outgoing.map_err(|error| Failure::unsendable(&error))?;
        self.dropped = outgoing.dropped;
        let mut sent = if spoken == request.inbound.dialect() { request.headers.clone() } else { HeaderMap::new() };
        sent.insert(headers::HOPS, request.hops.clone());
        if let Some(kind) = outgoing.content_type.as_deref().and_then(headers::value) {
            sent.insert(header::CONTENT_TYPE, kind);
        }
        let streamed = request.inbound.peek.stream;
        let sent =
            self.state.transport.send_to(&self.key.target, &outgoing.endpoint, sent, outgoing.body, limits).await;
        let response = sent.map_err(|error| Failure::transport(&error))?;
        self.status = Some(response.status);
        if let Some(told) = outcome::rate_limits(&response.headers, self.state.clock.now()) {
            leg.vital.told(&told, self.state.clock.elapsed());
        }
        if response.status != 200 {
            return Err(self.refused(response).await);
        }
        if streamed {
            return self.open(response.body).await;
        }
        self.first = self.age();
        let most = self.state.limits.answer_bytes;
        let kind = response.headers.get(header::CONTENT_TYPE).cloned();
        let body = response.body.read_all(most).await.map_err(|error| Failure::transport(&error))?;
        let read = request.inbound.reply(spoken, body, request.input_estimate);
        let (body, reply) =
            read.map_err(|broken| Failure::new(FailureClass::InvalidOutput, format!("the answer is {broken}")))?;
        // What is not a chat may be no JSON: sound, or plain text.
        let kind = kind.filter(|_| !request.inbound.is_chat());
        Ok(Answer::Plain(body, reply, kind))
    }

    /// Since the call was made.
    fn age(&self) -> Duration {
        self.state.clock.elapsed().saturating_sub(self.began)
    }

    /// A status that is no answer: read what it says, within bounds.
    async fn refused(&self, response: transport::Response) -> Failure {
        let wait = outcome::retry_after(&response.headers, self.state.clock.now());
        let body = tokio::time::timeout(ERROR_WAIT, response.body.read_all(ERROR_BYTES)).await;
        // An error whose text cannot be read is still that error.
        let body = body.ok().and_then(Result::ok).unwrap_or_default();
        let class = outcome::of_status(response.status, &body).unwrap_or(FailureClass::InvalidOutput);
        let message = scrub::error_message(response.status, &body, self.key.target.secret().as_ref());
        Failure { wait, ..Failure::new(class, message) }
    }

    /// Reads a stream up to its first token, or further where the policy holds more back, or to its end where a verifier
    /// has to see all of it. Whatever goes wrong before, the client has seen nothing.
    async fn open(&mut self, mut body: transport::Body) -> Result<Answer, Failure> {
        let request = self.request;
        let to_its_end = request.plan.accept.is_some();
        let commit_after = request.plan.rules.commit_after;
        let mut chat = request.inbound.stream(&self.leg.deployment, request.input_estimate);
        let mut pieces = 0;
        let mut out = BytesMut::new();
        let broke = loop {
            let before = out.len();
            match body.next().await {
                Some(Ok(chunk)) => match chat.push(&chunk, &mut out) {
                    Step::More => {
                        pieces += u32::from(out.len() > before);
                        if !out.is_empty() && self.first.is_zero() {
                            self.first = self.age();
                        }
                        if !out.is_empty() && !to_its_end && pieces >= commit_after {
                            return Ok(Answer::Stream { chat, body: Some(body), out });
                        }
                        if to_its_end && out.len() > self.state.limits.answer_bytes {
                            let cap = self.state.limits.answer_bytes;
                            return Err(Failure::transport(&TransportError::TooLarge { cap }));
                        }
                    }
                    Step::Done | Step::Failed => break None,
                },
                Some(Err(error)) => break Some(error),
                None => break None,
            }
        };
        if self.first.is_zero() {
            self.first = self.age();
        }
        let price = self.leg.deployment.price.as_ref();
        let cost = |usage: &Usage| Some(self.spent? + price?.cost(usage)?);
        end(&mut chat, broke.as_ref(), self.key, cost, request.input_estimate, &mut out)?;
        Ok(Answer::Stream { chat, body: None, out })
    }
}

/// Ends a stream: writes its last bytes, or says why the answer is not whole. A connection that broke after the answer
/// was whole does not matter. `cost` says what the request cost with this usage.
///
/// # Errors
/// When the answer is not whole.
pub(crate) fn end(
    chat: &mut Stream,
    broke: Option<&TransportError>,
    key: &Key,
    cost: impl Fn(&Usage) -> Option<NanoUsd>,
    input_estimate: u64,
    out: &mut BytesMut,
) -> Result<Usage, Failure> {
    let usage = chat.usage(input_estimate);
    let extension = cost(&usage).map(|cost| format!("{{\"cost_usd\":{cost}}}"));
    match chat.end(extension.as_deref(), out) {
        StreamEnd::Finished => Ok(usage),
        StreamEnd::Failed(failure) => {
            let failure = match (broke, &failure) {
                (Some(error), StreamFailure::Cut | StreamFailure::Empty) => Failure::transport(error),
                _ => Failure::stream(&failure, key.target.secret().as_ref()),
            };
            // What was received is paid for, also when it is thrown away.
            Err(Failure { usage: Box::new(if chat.started() { usage } else { Usage::default() }), ..failure })
        }
    }
}

enum Answer {
    Plain(Bytes, Reply, Option<HeaderValue>),
    Stream { chat: Stream, body: Option<transport::Body>, out: BytesMut },
}

/// What counts against a deployment's health.
pub(crate) const fn fault(class: FailureClass) -> Option<Fault> {
    match class {
        FailureClass::Connect => Some(Fault::Connect),
        FailureClass::Timeout => Some(Fault::Timeout),
        FailureClass::ServerError => Some(Fault::Server),
        FailureClass::InvalidOutput => Some(Fault::Broken),
        FailureClass::Auth | FailureClass::Quota => Some(Fault::Fatal),
        FailureClass::RateLimit
        | FailureClass::Caller
        | FailureClass::Untranslatable
        | FailureClass::ContextWindow
        | FailureClass::ContentPolicy => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_that_was_asked_and_said_nothing_is_silent() {
        for (class, silent) in
            [(FailureClass::Connect, true), (FailureClass::Timeout, true), (FailureClass::ServerError, false)]
        {
            assert_eq!(Failure::new(class, "").is_silence(), silent, "{class:?}");
            assert!(!Failure { answered: true, ..Failure::new(class, "") }.is_silence(), "{class:?}");
            assert!(!Failure { ours: true, ..Failure::new(class, "") }.is_silence(), "{class:?}");
        }
        let timeout = TransportError::Timeout { phase: transport::Phase::Connect, after_ms: 1 };
        for (error, silent) in [
            (TransportError::Connect(String::new()), true),
            (timeout, true),
            (TransportError::Refused(String::new()), false),
            (TransportError::Setup(String::new()), false),
        ] {
            let failure = Failure::transport(&error);
            assert_eq!((failure.class, failure.is_silence()), (FailureClass::Connect, silent), "{error}");
        }
    }
}

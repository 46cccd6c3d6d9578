//! One upstream call: sent, judged, and noted on the span and in the deployment's vital signs. A stream counts as
//! answered when its first token is in hand; whatever goes wrong before it, the client has seen nothing.

use std::{sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use futures::StreamExt as _;
use http::{HeaderMap, HeaderValue};
use weir_core::{Problem, Usage, deployment::Deployment};
use weir_providers::{
    dialect::openai_chat::Reply,
    exchange::{Inbound, Unsendable},
    outcome::{Class, retry_after},
    scrub,
    stream::{Step, Stream, StreamFailure},
    transport::{self, Target, TransportError},
};
use weir_router::{InFlight, Vital};

use crate::{State, flight::Flight, headers, relay};

/// What is read of an error's body, and for how long.
const ERROR_BYTES: usize = 64 * 1024;
const ERROR_WAIT: Duration = Duration::from_secs(2);

/// One deployment of the chain, with all that a call needs.
#[derive(Debug, Clone)]
pub(crate) struct Leg {
    pub(crate) deployment: Arc<Deployment>,
    pub(crate) target: Arc<Target>,
    pub(crate) vital: Arc<Vital>,
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
    /// Time limits; `total` is for all attempts together.
    pub(crate) limits: transport::Limits,
    /// Stands in where a provider does not count prompt tokens.
    pub(crate) input_estimate: u64,
    /// What goes upstream as `x-weir-hops`.
    pub(crate) hops: HeaderValue,
}

/// What a deployment answered.
pub(crate) enum Served {
    /// The whole body, checked.
    Plain(Bytes, Reply),
    /// A stream that has said its first token, or all it has to say.
    Stream(Box<Opened>),
}

/// A stream whose first token is in hand.
pub(crate) struct Opened {
    pub(crate) leg: Leg,
    pub(crate) chat: Stream,
    /// `None` when the provider has said everything and `out` is the end.
    pub(crate) body: Option<transport::Body>,
    /// What the client gets first.
    pub(crate) out: BytesMut,
    /// Counts the stream at its deployment until it ends.
    pub(crate) _in_flight: InFlight,
}

/// Why one attempt failed.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) class: Class,
    /// In words; no secrets.
    pub(crate) message: String,
    /// How long the provider asks to wait.
    pub(crate) wait: Option<Duration>,
    /// What the failed attempt used up.
    pub(crate) usage: Usage,
}

impl Failure {
    pub(crate) fn new(class: Class, message: impl Into<String>) -> Self {
        Self { class, message: message.into(), wait: None, usage: Usage::default() }
    }

    /// A request that the deployment's dialect cannot say, or that is wrong by its own.
    pub(crate) fn unsendable(error: &Unsendable) -> Self {
        let class = match error {
            Unsendable::Bad(_) => Class::Caller,
            Unsendable::Untranslatable(_) => Class::Untranslatable,
        };
        Self::new(class, error.to_string())
    }

    /// An upstream call that gave no whole answer.
    pub(crate) fn transport(error: &TransportError) -> Self {
        Self::new(Class::from(error), error.to_string())
    }

    /// A stream that ended badly. What the provider says in it is shown without its key.
    pub(crate) fn stream(failure: &StreamFailure, target: &Target) -> Self {
        let message = match failure {
            StreamFailure::Error(data) => {
                let said = scrub::error_message(200, data, target.secret());
                said.replacen("the provider answered 200", "the provider sent an error in its stream", 1)
            }
            other => other.to_string(),
        };
        Self::new(Class::from(failure), message)
    }

    /// What the client is told when this was the last word.
    pub(crate) fn problem(&self, deployment: &Deployment) -> Problem {
        Problem::new(self.class.code(), format!("`{}`: {}", deployment.id, self.message))
    }
}

/// Makes one upstream call.
///
/// # Errors
/// Why it did not serve; the attempt is then closed on the flight.
pub(crate) async fn attempt(
    state: &State,
    flight: &mut Flight,
    leg: &Leg,
    request: &Outbound<'_>,
    left: Duration,
) -> Result<Served, Failure> {
    let in_flight = leg.vital.begin(state.clock.elapsed());
    flight.attempt(&leg.deployment);
    let began = flight.age();
    let limits = request.limits.with_total(left);
    match call(state, flight, leg, request, limits, in_flight).await {
        Ok(served) => {
            leg.vital.succeeded(flight.age().saturating_sub(began));
            Ok(served)
        }
        Err(failure) => {
            if failure.class.unhealthy() {
                leg.vital.failed(state.clock.elapsed());
            }
            flight.attempt_ended(Some(failure.class.name()), failure.usage);
            Err(failure)
        }
    }
}

async fn call(
    state: &State,
    flight: &mut Flight,
    leg: &Leg,
    request: &Outbound<'_>,
    limits: transport::Limits,
    in_flight: InFlight,
) -> Result<Served, Failure> {
    let spoken = leg.deployment.dialect;
    let outgoing =
        request.inbound.outgoing(&leg.deployment, request.lenient).map_err(|error| Failure::unsendable(&error))?;
    flight.dropped(&outgoing.dropped);
    let mut sent = if spoken == request.inbound.dialect() { request.headers.clone() } else { HeaderMap::new() };
    sent.insert(headers::HOPS, request.hops.clone());
    let streamed = request.inbound.peek.stream;
    let response = state
        .transport
        .send_to(&leg.target, request.inbound.endpoint(), sent, outgoing.body, limits)
        .await
        .map_err(|error| Failure::transport(&error))?;
    flight.status(response.status);
    if response.status != 200 {
        return Err(refused(state, leg, response).await);
    }
    if streamed {
        let opened = open(flight, leg, request, response.body, in_flight).await?;
        return Ok(Served::Stream(Box::new(opened)));
    }
    let first_byte = flight.age();
    let body = response.body.read_all(state.limits.answer_bytes).await.map_err(|error| Failure::transport(&error))?;
    let (body, reply) = request
        .inbound
        .reply(spoken, body, request.input_estimate)
        .map_err(|broken| Failure::new(Class::Broken, format!("the answer is {broken}")))?;
    flight.answered(first_byte);
    Ok(Served::Plain(body, reply))
}

/// A status that is no answer: read what it says, within bounds.
async fn refused(state: &State, leg: &Leg, response: transport::Response) -> Failure {
    let wait = retry_after(&response.headers, state.clock.now());
    let body = tokio::time::timeout(ERROR_WAIT, response.body.read_all(ERROR_BYTES)).await;
    // An error whose text cannot be read is still that error.
    let body = body.ok().and_then(Result::ok).unwrap_or_default();
    let class = Class::of_status(response.status, &body).unwrap_or(Class::Broken);
    let message = scrub::error_message(response.status, &body, leg.target.secret());
    Failure { wait, ..Failure::new(class, message) }
}

/// Reads a stream up to its first token. Whatever goes wrong before it, the client has seen nothing.
async fn open(
    flight: &mut Flight,
    leg: &Leg,
    request: &Outbound<'_>,
    mut body: transport::Body,
    in_flight: InFlight,
) -> Result<Opened, Failure> {
    let mut chat = request.inbound.stream(leg.deployment.dialect, request.input_estimate);
    let mut out = BytesMut::new();
    let broke = loop {
        match body.next().await {
            Some(Ok(chunk)) => match chat.push(&chunk, &mut out) {
                Step::More if out.is_empty() => {}
                Step::More => {
                    flight.answered(flight.age());
                    let leg = leg.clone();
                    return Ok(Opened { leg, chat, body: Some(body), out, _in_flight: in_flight });
                }
                Step::Done | Step::Failed => break None,
            },
            Some(Err(error)) => break Some(error),
            None => break None,
        }
    };
    flight.answered(flight.age());
    relay::end(flight, leg, &mut chat, broke.as_ref(), request.input_estimate, &mut out)?;
    Ok(Opened { leg: leg.clone(), chat, body: None, out, _in_flight: in_flight })
}

//! A stream on its way to the client. It polls the provider's body directly, without a task or a channel in between:
//! the client's pace is the provider's pace, and when hyper drops this body because the client is gone, the upstream
//! call ends with it.
//!
//! The span is recorded, and a response that is to be stored is stored, before the last piece is handed over, so a client that saw `[DONE]` can rely on it.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use futures::{Stream as _, future::BoxFuture};
use http_body::{Body, Frame};
use weir_core::{Usage, deployment::Deployment, policy::FailureClass, span::Outcome};
use weir_providers::{
    stream::Step,
    transport::{self, TransportError},
};

use crate::{
    State,
    attempt::{Failure, Opened, Served, Tried, end, fault},
    flight::{Flight, Nth},
    resume::{Asking, Resume},
    rim,
    stored::Keeping,
};

/// Times the provider's body is polled once more after the answer was whole, so that its connection can be reused.
const MOST_LAST_POLLS: usize = 4;

/// The body of a streamed reply.
pub(crate) struct Relay {
    state: Arc<State>,
    flight: Flight,
    nth: Nth,
    opened: Box<Opened>,
    keeping: Option<Keeping>,
    resume: Option<Box<Resume>>,
    /// What calls used that broke off.
    lost: Usage,
    phase: Phase,
}

enum Phase {
    /// Reading on.
    Open,
    /// The stream broke off; another deployment is asked to go on.
    Resuming(Asking),
    /// The end is in `out` and on record, and the whole is being stored.
    Storing(BoxFuture<'static, ()>),
    /// The end is in `out` and on record.
    Whole,
    /// Nothing more to say.
    Over,
}

impl Relay {
    pub(crate) fn new(
        state: &Arc<State>,
        flight: Flight,
        nth: Nth,
        opened: Box<Opened>,
        keeping: Option<Keeping>,
        resume: Option<Box<Resume>>,
    ) -> Self {
        let (state, lost) = (Arc::clone(state), Usage::default());
        let mut relay = Self { state, flight, nth, opened, keeping, resume, lost, phase: Phase::Open };
        if relay.opened.body.is_some() {
            relay.flight.settles();
        } else {
            relay.said();
        }
        relay
    }

    /// What comes after a whole answer: it is stored where that was asked for.
    fn store(&mut self) -> Phase {
        match (self.keeping.take(), self.opened.chat.take_response()) {
            (Some(keeping), Some(response)) => {
                let state = Arc::clone(&self.state);
                Phase::Storing(Box::pin(async move { keeping.keep(&state, response).await }))
            }
            _ => Phase::Whole,
        }
    }

    /// The provider has said everything, and `out` is the end.
    fn said(&mut self) {
        let usage = self.opened.chat.usage(self.flight.input_estimate);
        self.flight.answer.push(&self.opened.out);
        self.finish(usage);
    }

    /// The whole answer is in hand; its last call used so much.
    fn finish(&mut self, usage: Usage) {
        let (flight, chat) = (&mut self.flight, &self.opened.chat);
        flight.usage = self.lost;
        flight.usage += usage;
        flight.finish_reason = chat.finish_reason().map(Arc::from);
        flight.identity = chat.identity().clone();
        flight.attempt_ended(self.nth, None, None, usage);
        flight.finish(Outcome::Ok);
        self.phase = self.store();
    }

    /// Ends the provider's stream, well or badly.
    fn close(&mut self, broke: Option<&TransportError>) {
        let Opened { leg, key, chat, out, in_flight, shape, body, .. } = &mut *self.opened;
        let (flight, uptime) = (&self.flight, self.state.clock.elapsed());
        let cost = |usage: &Usage| flight.cost_with(&leg.deployment, usage);
        match end(chat, broke, key, cost, flight.input_estimate, out) {
            Ok(usage) => {
                in_flight.completed(*shape, flight.age(), uptime);
                self.flight.answer.push(out);
                self.finish(usage);
            }
            Err(failure) => {
                if let Some(fault) = fault(failure.class) {
                    in_flight.failed(fault, failure.wait, uptime);
                }
                *body = None;
                self.flight.answer.push(out);
                let deployment = Arc::clone(&leg.deployment);
                self.broke_off(&failure, &deployment);
            }
        }
    }

    /// A call failed after the answer had begun: somebody else goes on with it, or the reply ends in an error, which is
    /// then in `out`.
    fn broke_off(&mut self, failure: &Failure, deployment: &Deployment) {
        let flight = &mut self.flight;
        if failure.ours {
            flight.unasked(self.nth);
        } else {
            flight.attempt_ended(self.nth, None, Some(failure.class.name()), *failure.usage);
        }
        self.lost += *failure.usage;
        flight.usage = self.lost;
        let problem = flight.tellable(failure.problem(deployment));
        rim::log(&problem, &flight.ids);
        let next = self.resume.as_mut().and_then(|resume| resume.next(&self.state, flight, failure.class));
        if let Some((deployment, asking)) = next {
            self.nth = flight.attempt(&deployment, None);
            self.phase = Phase::Resuming(asking);
            return;
        }
        let last = self.opened.chat.error(&problem);
        flight.answer.push(&last);
        self.opened.out.extend_from_slice(&last);
        flight.fail(&problem);
        self.phase = Phase::Whole;
    }

    /// What came of asking another deployment to go on.
    fn resumed(&mut self, deployment: &Deployment, tried: Tried) {
        self.flight.dropped(self.nth, &tried.dropped);
        self.flight.resumed(self.nth, tried.status);
        match tried.result {
            Ok(Served::Stream(opened)) => {
                self.opened = opened;
                self.phase = Phase::Open;
                if self.opened.body.is_none() {
                    self.said();
                }
            }
            Ok(Served::Plain(..)) => {
                let failure = Failure::new(FailureClass::InvalidOutput, "the answer is no stream");
                self.broke_off(&failure, deployment);
            }
            Err(failure) => self.broke_off(&failure, deployment),
        }
    }
}

impl Body for Relay {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let this = &mut *self;
        loop {
            if let Phase::Storing(stored) = &mut this.phase {
                ready!(stored.as_mut().poll(cx));
                this.phase = Phase::Whole;
            }
            if !this.opened.out.is_empty() {
                let piece = this.opened.out.split().freeze();
                if matches!(this.phase, Phase::Open) {
                    this.flight.answer.push(&piece);
                }
                return Poll::Ready(Some(Ok(Frame::data(piece))));
            }
            match &mut this.phase {
                Phase::Resuming(asking) => {
                    let (deployment, tried) = ready!(asking.as_mut().poll(cx));
                    this.resumed(&deployment, tried);
                    continue;
                }
                Phase::Open | Phase::Storing(_) => {}
                Phase::Whole => {
                    last_polls(this.opened.body.take(), cx);
                    this.phase = Phase::Over;
                    return Poll::Ready(None);
                }
                Phase::Over => return Poll::Ready(None),
            }
            let Some(body) = &mut this.opened.body else {
                this.close(None);
                continue;
            };
            match ready!(Pin::new(body).poll_next(cx)) {
                Some(Ok(chunk)) => match this.opened.chat.push(&chunk, &mut this.opened.out) {
                    Step::More => {}
                    Step::Done | Step::Failed => this.close(None),
                },
                Some(Err(error)) => this.close(Some(&error)),
                None => this.close(None),
            }
        }
    }
}

/// Reads the end of the provider's body if it is there already: its connection then returns to the pool. One that
/// lingers is dropped; the client never waits for it.
fn last_polls(body: Option<transport::Body>, cx: &mut Context<'_>) {
    let Some(mut body) = body else { return };
    for _ in 0..MOST_LAST_POLLS {
        if !matches!(Pin::new(&mut body).poll_next(cx), Poll::Ready(Some(Ok(_)))) {
            return;
        }
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        let input = self.flight.input_estimate;
        // The client left. The call under way is billed for its own part: those that broke off have been.
        let usage = match self.phase {
            Phase::Open => self.opened.chat.usage(input),
            Phase::Resuming(_) => Usage { input, estimated: true, ..Usage::default() },
            Phase::Storing(_) | Phase::Whole | Phase::Over => return,
        };
        self.flight.usage = self.lost;
        self.flight.usage += usage;
        self.flight.left(self.nth, usage);
    }
}

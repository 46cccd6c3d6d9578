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
use weir_core::{Usage, span::Outcome};
use weir_providers::{
    stream::{Step, Stream},
    transport::{self, TransportError},
};

use crate::{
    State,
    attempt::{Opened, end, fault},
    flight::{Flight, Nth},
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
    phase: Phase,
}

enum Phase {
    /// Reading on.
    Open,
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
    ) -> Self {
        let mut relay = Self { state: Arc::clone(state), flight, nth, opened, keeping, phase: Phase::Open };
        if relay.opened.body.is_some() {
            relay.flight.settles();
        } else {
            let (flight, opened) = (&mut relay.flight, &relay.opened);
            let usage = opened.chat.usage(flight.input_estimate);
            flight.answer.push(&opened.out);
            finish(flight, nth, &opened.chat, usage);
            relay.phase = relay.store();
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

    /// Ends the reply, well or badly, and records it; what is left to say is then in `out`.
    fn close(&mut self, broke: Option<&TransportError>) {
        let Opened { leg, key, chat, out, in_flight, shape, body, .. } = &mut *self.opened;
        let (flight, uptime) = (&mut self.flight, self.state.clock.elapsed());
        let cost = |usage: &Usage| flight.cost_with(&leg.deployment, usage);
        let input_estimate = flight.input_estimate;
        match end(chat, broke, key, cost, input_estimate, out) {
            Ok(usage) => {
                in_flight.completed(*shape, flight.age(), uptime);
                flight.answer.push(out);
                finish(flight, self.nth, chat, usage);
                self.phase = self.store();
            }
            Err(failure) => {
                if let Some(fault) = fault(failure.class) {
                    in_flight.failed(fault, failure.wait, uptime);
                }
                flight.attempt_ended(self.nth, None, Some(failure.class.name()), failure.usage);
                flight.usage = failure.usage;
                let problem = failure.problem(&leg.deployment);
                rim::log(&problem, &flight.ids);
                out.extend_from_slice(&chat.error(&problem));
                flight.answer.push(out);
                flight.fail(&problem);
                *body = None;
                self.phase = Phase::Whole;
            }
        }
    }
}

/// The whole answer is in hand.
fn finish(flight: &mut Flight, nth: Nth, chat: &Stream, usage: Usage) {
    flight.usage = usage;
    flight.finish_reason = chat.finish_reason().map(Arc::from);
    flight.identity = chat.identity().clone();
    flight.attempt_ended(nth, None, None, usage);
    flight.finish(Outcome::Ok);
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
            match this.phase {
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
        if matches!(self.phase, Phase::Open) {
            // The client left: what it was sent is billed by the flight's own guard.
            self.flight.usage = self.opened.chat.usage(self.flight.input_estimate);
        }
    }
}

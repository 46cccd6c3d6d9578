//! A stream on its way to the client. It polls the provider's body directly, without a task or a channel in between:
//! the client's pace is the provider's pace, and when hyper drops this body because the client is gone, the upstream
//! call ends with it.
//!
//! The span is recorded before the last piece is handed over, so a client that saw `[DONE]` can rely on it.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use futures::Stream as _;
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
};

/// Times the provider's body is polled once more after the answer was whole, so that its connection can be reused.
const MOST_LAST_POLLS: usize = 4;

/// The body of a streamed reply.
pub(crate) struct Relay {
    state: Arc<State>,
    flight: Flight,
    nth: Nth,
    opened: Box<Opened>,
    input_estimate: u64,
    phase: Phase,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Reading on.
    Open,
    /// The end is in `out` and on record.
    Whole,
    /// Nothing more to say.
    Over,
}

impl Relay {
    pub(crate) fn new(
        state: &Arc<State>,
        mut flight: Flight,
        nth: Nth,
        opened: Box<Opened>,
        input_estimate: u64,
    ) -> Self {
        let phase = if opened.body.is_some() {
            flight.settles();
            Phase::Open
        } else {
            flight.answer.push(&opened.out);
            finish(&mut flight, nth, &opened.chat, opened.chat.usage(input_estimate));
            Phase::Whole
        };
        Self { state: Arc::clone(state), flight, nth, opened, input_estimate, phase }
    }

    /// Ends the reply, well or badly, and records it; what is left to say is then in `out`.
    fn close(&mut self, broke: Option<&TransportError>) {
        let Opened { leg, key, chat, out, in_flight, shape, body, .. } = &mut *self.opened;
        let (flight, uptime) = (&mut self.flight, self.state.clock.elapsed());
        let cost = |usage: &Usage| flight.cost_with(&leg.deployment, usage);
        match end(chat, broke, key, cost, self.input_estimate, out) {
            Ok(usage) => {
                in_flight.completed(*shape, flight.age(), uptime);
                flight.answer.push(out);
                finish(flight, self.nth, chat, usage);
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
            }
        }
        self.phase = Phase::Whole;
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
            if !this.opened.out.is_empty() {
                let piece = this.opened.out.split().freeze();
                if this.phase == Phase::Open {
                    this.flight.answer.push(&piece);
                }
                return Poll::Ready(Some(Ok(Frame::data(piece))));
            }
            match this.phase {
                Phase::Open => {}
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
        if self.phase == Phase::Open {
            // The client left: what it was sent is billed by the flight's own guard.
            self.flight.usage = self.opened.chat.usage(self.input_estimate);
        }
    }
}

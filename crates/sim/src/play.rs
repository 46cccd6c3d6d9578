//! Sends an answer at its model's pace, with the fault that was drawn for it.

use std::{
    io,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use axum::{
    body::Body,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures::{StreamExt, stream};
use weir_core::entropy::{mix, unit};

use crate::{
    control::{Inner, Model},
    fault::Fault,
    serve::json_response,
    wire::Reply,
};

/// How fast an answer comes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    pub(crate) ttft_ms: f64,
    pub(crate) token_ms: f64,
    pub(crate) jitter: f64,
    /// Of this one answer.
    pub(crate) seed: u64,
    /// Hidden tokens, waited for before the first visible one.
    pub(crate) hidden: u64,
}

/// Counts a request in, and out when dropped: before [`Presence::finish`], its caller has left.
pub(crate) struct Presence {
    inner: Arc<Inner>,
    model: usize,
    whole: bool,
}

impl Presence {
    pub(crate) fn new(inner: &Arc<Inner>, model: &Model) -> Self {
        model.in_flight.fetch_add(1, Ordering::SeqCst);
        Self { inner: Arc::clone(inner), model: model.index, whole: false }
    }
    pub(crate) fn finish(mut self) {
        self.whole = true;
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        if let Some(model) = self.inner.models.get(self.model) {
            model.in_flight.fetch_sub(1, Ordering::SeqCst);
            if !self.whole {
                model.aborted.fetch_add(1, Ordering::SeqCst);
            }
        }
    }
}

impl Pace {
    /// `ms` with this pace's jitter, drawn for step `step`; `None` when there is nothing to wait for.
    fn wait(&self, ms: f64, step: u64) -> Option<Duration> {
        let spread = 1.0 + self.jitter * (2.0 * unit(mix(self.seed ^ step)) - 1.0);
        let ms = (ms * spread).max(0.0);
        (ms > 0.0).then(|| Duration::from_secs_f64(ms / 1_000.0))
    }
}

pub(crate) async fn whole(reply: &Reply, fault: Option<Fault>, pace: Pace, presence: Presence) -> Response {
    let steps = (reply.tokens.len() as u64 + pace.hidden) as f64;
    if let Some(wait) = pace.wait(pace.token_ms.mul_add(steps, pace.ttft_ms), 0) {
        tokio::time::sleep(wait).await;
    }
    let body = reply.body();
    let half = body.slice(..body.len() / 2);
    let json = [(header::CONTENT_TYPE, "application/json")];
    let broken = |end: io::Result<Bytes>| {
        // Yields first, so that the half is on the wire when the end comes.
        let end = stream::once(async move {
            tokio::task::yield_now().await;
            end
        });
        let pieces = stream::iter([Ok(half.clone())]).chain(end);
        (json.clone(), Body::from_stream(pieces)).into_response()
    };
    if let Some(Fault::StallAfter(_)) = fault {
        let stall = stream::once(async move {
            let _presence = presence;
            std::future::pending::<io::Result<Bytes>>().await
        });
        let pieces = stream::iter([Ok(half)]).chain(stall);
        return (json, Body::from_stream(pieces)).into_response();
    }
    presence.finish();
    match fault {
        Some(Fault::Garbage(_)) => json_response(StatusCode::OK, Bytes::from_static(b"\x7fELF{]")),
        Some(Fault::CutStreamAfter(_)) => broken(Err(io::ErrorKind::ConnectionReset.into())),
        Some(Fault::EndStreamAfter(_)) => broken(Ok(Bytes::new())),
        Some(Fault::ErrorEventAfter(_)) => {
            let error = reply.wire.error(500, "simulated failure", "server_error", "sim");
            json_response(StatusCode::OK, error)
        }
        Some(Fault::Trickle) => {
            let bytes = stream::iter(0..body.len()).then(move |at| {
                let byte = body.slice(at..=at);
                async move {
                    tokio::task::yield_now().await;
                    Ok::<_, io::Error>(byte)
                }
            });
            (json, Body::from_stream(bytes)).into_response()
        }
        _ => json_response(StatusCode::OK, body),
    }
}

/// One move of a stream.
enum Move {
    Wait(Duration),
    /// Lets the connection write what it holds.
    Flush,
    Send(Bytes),
    Cut,
    Stall,
}

pub(crate) fn streamed(reply: &Reply, fault: Option<Fault>, pace: Pace, presence: Presence) -> Response {
    let moves = script(reply, fault.as_ref(), pace);
    let state = Some((moves.into_iter(), presence));
    let body = stream::unfold(state, |state| async move {
        let (mut moves, presence) = state?;
        loop {
            match moves.next() {
                None => {
                    presence.finish();
                    return None;
                }
                Some(Move::Wait(wait)) => tokio::time::sleep(wait).await,
                Some(Move::Flush) => tokio::task::yield_now().await,
                Some(Move::Send(bytes)) => return Some((Ok(bytes), Some((moves, presence)))),
                Some(Move::Stall) => std::future::pending().await,
                Some(Move::Cut) => {
                    presence.finish();
                    let cut = Err(io::Error::from(io::ErrorKind::ConnectionReset));
                    return Some((cut, None));
                }
            }
        }
    });
    let headers = [(header::CONTENT_TYPE, reply.wire.stream_type()), (header::CACHE_CONTROL, "no-cache")];
    (headers, Body::from_stream(body)).into_response()
}

fn script(reply: &Reply, fault: Option<&Fault>, pace: Pace) -> Vec<Move> {
    let events = reply.events();
    let mut moves = Vec::with_capacity(events.len() * 2 + 2);
    let first = pace.token_ms.mul_add(pace.hidden as f64, pace.ttft_ms);
    for (step, event) in events.into_iter().enumerate() {
        // Step 0 is the role, so step n + 1 comes after n content chunks.
        let said = step.checked_sub(1);
        match fault {
            Some(Fault::CutStreamAfter(after)) if said == Some(*after) => {
                moves.extend([Move::Flush, Move::Cut]);
                return moves;
            }
            Some(Fault::EndStreamAfter(after)) if said == Some(*after) => return moves,
            Some(Fault::StallAfter(after)) if said == Some(*after) => {
                moves.push(Move::Stall);
                return moves;
            }
            Some(Fault::ErrorEventAfter(after)) if said == Some(*after) => {
                moves.push(Move::Send(reply.wire.error_event()));
                return moves;
            }
            Some(Fault::Garbage(after)) if said == Some(*after) => {
                moves.push(Move::Send(Bytes::from_static(b"data: {\"choices\":[{]\n\n")));
            }
            _ => {}
        }
        let wait = match step {
            0 => pace.wait(first, 0),
            1 => None,
            _ => pace.wait(pace.token_ms, step as u64),
        };
        moves.extend(wait.map(Move::Wait));
        moves.push(Move::Send(event));
    }
    let done = || reply.wire.done().map(Move::Send);
    match fault {
        Some(Fault::NoDone) => {}
        Some(Fault::DoubleDone) => moves.extend(done().into_iter().chain(done())),
        Some(Fault::LingerAfterDone) => moves.extend(done().into_iter().chain([Move::Stall])),
        _ => moves.extend(done()),
    }
    if fault == Some(&Fault::Trickle) {
        let single = |step: Move| match step {
            Move::Send(bytes) => {
                (0..bytes.len()).flat_map(|at| [Move::Send(bytes.slice(at..=at)), Move::Flush]).collect()
            }
            other => vec![other],
        };
        return moves.into_iter().flat_map(single).collect();
    }
    moves
}

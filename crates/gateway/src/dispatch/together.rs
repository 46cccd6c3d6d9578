//! Several deployments at once: a race from the start, or a hedge when the first is late (Dean and Barroso 2013, "The
//! Tail at Scale"). The first good answer is served; the others are cancelled by being dropped, and billed for what
//! they were sent.

use std::{future::Future, pin::Pin, time::Duration};

use futures::{StreamExt as _, future::pending, stream::FuturesUnordered};

use super::{Next, Walk};
use crate::{
    State,
    attempt::{Leg, Outbound, Served, Tried, Turn, attempt},
    flight::{Flight, Nth},
    rim::Refusal,
};

/// One call under way.
type Running<'r> = Pin<Box<dyn Future<Output = (Nth, &'r Leg, Tried)> + Send + 'r>>;

/// Asks `width` deployments at once, and one more after `hedge_ms`.
pub(super) async fn run<'a>(
    state: &'a State,
    flight: &mut Flight,
    request: &'a Outbound<'a>,
    walk: &mut Walk<'a>,
    width: u8,
    hedge_ms: Option<u64>,
) -> Result<(Nth, Served), Refusal> {
    walk.together = true;
    let mut running: FuturesUnordered<Running<'_>> = FuturesUnordered::new();
    let mut open: Vec<Nth> = Vec::new();
    let start =
        |flight: &mut Flight, walk: &mut Walk<'a>, leg: &'a Leg, turn: Turn, open: &mut Vec<Nth>| -> Running<'_> {
            let nth = flight.attempt(&leg.deployment, walk.away_from());
            walk.step();
            open.push(nth);
            Box::pin(async move { (nth, leg, attempt(state, leg, request, turn).await) })
        };
    for _ in 0..width {
        let Some((leg, turn)) = walk.next(state, flight) else { break };
        running.push(start(flight, walk, leg, turn, &mut open));
    }
    let mut hedge = hedge_ms.map(|after_ms| Box::pin(tokio::time::sleep(Duration::from_millis(after_ms))));
    loop {
        let late = async {
            match &mut hedge {
                Some(timer) => timer.await,
                None => pending().await,
            }
        };
        tokio::select! {
            biased;
            ended = running.next() => {
                let Some((nth, leg, tried)) = ended else { break };
                open.retain(|other| *other != nth);
                match walk.judge(state, flight, leg, nth, tried) {
                    Ok(served) => {
                        open.into_iter().for_each(|other| flight.lost(other));
                        return Ok((nth, served));
                    }
                    Err(Next::Stop) => break,
                    Err(_) if !running.is_empty() => {}
                    Err(_) => {
                        let Some((leg, turn)) = walk.next(state, flight) else { break };
                        running.push(start(flight, walk, leg, turn, &mut open));
                    }
                }
            }
            () = late => {
                hedge = None;
                if let Some((leg, turn)) = walk.next(state, flight) {
                    running.push(start(flight, walk, leg, turn, &mut open));
                }
            }
        }
    }
    open.into_iter().for_each(|other| flight.lost(other));
    walk.give_up(flight)
}

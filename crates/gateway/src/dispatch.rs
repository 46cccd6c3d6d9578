//! The only loop that tries again or elsewhere. It walks the decision's chain until one deployment serves, holding all
//! attempts together to one deadline. Nothing has been relayed to the client while it runs: once a byte has, nobody may
//! try again, so an attempt at a stream lasts up to its first token.
//!
//! One retry in place per request, and only from the workload's budget: against a provider that fails for everyone, more
//! would multiply its load (Google SRE book, "Handling Overload").

mod order;
mod together;
mod walk;

use weir_core::decision::Mode;

use crate::{
    State,
    attempt::{Outbound, Served, attempt},
    flight::{Flight, Nth},
    rim::Refusal,
};

pub(crate) use walk::{MOST_ATTEMPTS, too_dear};
use walk::{Next, Walk};

/// Walks the chain until a deployment serves; also says which call it was.
///
/// # Errors
/// The last failure; a caller's error at once.
pub(crate) async fn dispatch<'a>(
    state: &'a State,
    flight: &mut Flight,
    request: &'a Outbound<'a>,
) -> Result<(Nth, Served), Refusal> {
    let mut walk = Walk::new(state, flight, request);
    match request.plan.mode {
        Mode::Failover => one_by_one(state, flight, request, &mut walk).await,
        // Boxed: few requests take this road, and all would carry its size.
        Mode::Race { width } => Box::pin(together::run(state, flight, request, &mut walk, width, None)).await,
        Mode::Hedge { after_ms } => Box::pin(together::run(state, flight, request, &mut walk, 1, Some(after_ms))).await,
    }
}

async fn one_by_one<'a>(
    state: &State,
    flight: &mut Flight,
    request: &'a Outbound<'a>,
    walk: &mut Walk<'a>,
) -> Result<(Nth, Served), Refusal> {
    while let Some((leg, turn)) = walk.next(state, flight) {
        let nth = flight.attempt(&leg.deployment, walk.away_from());
        let tried = attempt(state, leg, request, turn).await;
        match walk.judge(state, flight, leg, nth, tried) {
            Ok(served) => return Ok((nth, served)),
            Err(Next::Stop) => break,
            Err(Next::Retry(wait)) => tokio::time::sleep(wait).await,
            Err(Next::Elsewhere) => {}
        }
    }
    walk.give_up(flight)
}

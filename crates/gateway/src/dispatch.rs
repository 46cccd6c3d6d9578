//! The only retry and fallback loop. It walks the decision's chain until one deployment serves, holding all attempts
//! together to one deadline. Nothing has been relayed to the client while it runs: once a byte has, nobody may try
//! again, so an attempt at a stream lasts up to its first token.
//!
//! One retry in place per request, and only from the shared budget: against a provider that fails for everyone, more
//! would multiply its load (Google SRE book, "Handling Overload").

use std::time::Duration;

use http::HeaderValue;
use weir_core::{Problem, error};
use weir_providers::outcome::Class;

use crate::{
    State,
    attempt::{Failure, Leg, Outbound, Served, attempt},
    flight::Flight,
    rim::Refusal,
};

/// Upstream calls for one request.
const MOST_ATTEMPTS: usize = 4;
/// A provider that asks for a longer wait than this is left for another one at once.
const MOST_WAIT: Duration = Duration::from_secs(2);
/// A retry in place waits a random part of this: full jitter, so that clients of one failure don't return together.
const JITTER: Duration = Duration::from_millis(100);

/// Walks the chain until a deployment serves.
///
/// # Errors
/// The last failure; a caller's error at once.
pub(crate) async fn dispatch(state: &State, flight: &mut Flight, request: &Outbound<'_>) -> Result<Served, Refusal> {
    state.retries.deposit();
    let mut retried = false;
    let mut last = None;
    let mut at = 0;
    while flight.attempts() < MOST_ATTEMPTS
        && let Some(leg) = request.legs.get(at)
        && let Some(left) = request.limits.total.checked_sub(flight.age())
        && !left.is_zero()
    {
        let failure = match attempt(state, flight, leg, request, left).await {
            Ok(served) => return Ok(served),
            Err(failure) => failure,
        };
        let next =
            next(&failure, !retried, at + 1 < request.legs.len(), request.limits.total.saturating_sub(flight.age()));
        last = Some((failure, leg));
        match next {
            Next::Stop => break,
            Next::Retry(wait) if state.retries.withdraw() => {
                retried = true;
                let jitter = || JITTER.mul_f64(state.entropy.next_unit());
                tokio::time::sleep(wait.unwrap_or_else(jitter)).await;
            }
            Next::Retry(_) | Next::Elsewhere => at += 1,
        }
    }
    Err(refusal(last, flight.age()))
}

/// What to do after a failure.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    /// The request itself is wrong.
    Stop,
    /// The same deployment again, after this long, or after a little jitter.
    Retry(Option<Duration>),
    /// The next of the chain.
    Elsewhere,
}

fn next(failure: &Failure, may_retry: bool, others: bool, left: Duration) -> Next {
    if !failure.class.fallback() {
        return Next::Stop;
    }
    if !may_retry || !failure.class.retryable() {
        return Next::Elsewhere;
    }
    match (failure.wait, failure.class) {
        (Some(wait), _) if wait > MOST_WAIT || wait >= left => Next::Elsewhere,
        (Some(wait), _) => Next::Retry(Some(wait)),
        // These rarely pass within a few milliseconds: in place only where there is nowhere else.
        (None, Class::RateLimit | Class::Connect) if others => Next::Elsewhere,
        (None, _) => Next::Retry(None),
    }
}

fn refusal(last: Option<(Failure, &Leg)>, age: Duration) -> Refusal {
    let Some((failure, leg)) = last else {
        let age_ms = age.as_millis();
        let problem = Problem::new(
            &error::UPSTREAM_TIMEOUT,
            format!("the time limit had passed after {age_ms} ms, before any provider was asked"),
        );
        return Refusal { problem, retry_after: None, exhausted: true };
    };
    // Rounded up: coming back early would only be refused again.
    let seconds = failure.wait.map(|wait| wait.as_secs() + u64::from(wait.subsec_nanos() > 0));
    Refusal {
        problem: failure.problem(&leg.deployment),
        retry_after: seconds.map(HeaderValue::from),
        exhausted: failure.class.fallback(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn failed(class: Class, wait_ms: Option<u64>) -> Failure {
        Failure { wait: wait_ms.map(Duration::from_millis), ..Failure::new(class, "") }
    }

    #[test]
    fn a_callers_error_stops_the_walk() {
        assert_eq!(next(&failed(Class::Caller, None), true, true, MINUTE), Next::Stop);
    }

    #[test]
    fn a_long_wait_sends_the_request_elsewhere_and_a_short_one_is_waited_out() {
        let short = failed(Class::RateLimit, Some(1_500));
        assert_eq!(next(&short, true, true, MINUTE), Next::Retry(short.wait));
        let long = failed(Class::RateLimit, Some(2_001));
        assert_eq!(next(&long, true, true, MINUTE), Next::Elsewhere);
        let late = next(&short, true, true, Duration::from_millis(1_500));
        assert_eq!(late, Next::Elsewhere, "the wait would eat the whole deadline");
    }

    #[test]
    fn one_retry_in_place_is_all() {
        let failure = failed(Class::ServerError, None);
        assert_eq!(next(&failure, true, true, MINUTE), Next::Retry(None));
        assert_eq!(next(&failure, false, true, MINUTE), Next::Elsewhere);
    }

    #[test]
    fn what_another_try_would_not_mend_goes_elsewhere_at_once() {
        for class in [Class::Timeout, Class::Auth, Class::Broken] {
            assert_eq!(next(&failed(class, None), true, false, MINUTE), Next::Elsewhere, "{class:?}");
        }
        assert_eq!(next(&failed(Class::Connect, None), true, true, MINUTE), Next::Elsewhere);
        assert_eq!(next(&failed(Class::Connect, None), true, false, MINUTE), Next::Retry(None));
    }
}

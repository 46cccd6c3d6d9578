//! Whom to ask next, and what an answer or a failure means for the rest of the walk.

use std::{sync::Arc, time::Duration};

use http::HeaderValue;
use weir_core::{
    NanoUsd, Problem, Usage,
    decision::Health,
    error,
    policy::{ChainRules, FailureClass},
};
use weir_router::Lane;

use super::order::Order;
use crate::{
    State,
    attempt::{Failure, Leg, Outbound, Served, Tried, Turn},
    flight::{Flight, Nth},
    rim::Refusal,
    verify,
};

/// Upstream calls for one request.
pub(crate) const MOST_ATTEMPTS: usize = 4;
/// A provider that asks for a longer wait than this is left for another one at once.
const MOST_WAIT: Duration = Duration::from_secs(2);
/// A retry in place waits a random part of this: full jitter, so that clients of one failure don't return together.
const JITTER: Duration = Duration::from_millis(100);

/// What to do after a failure.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// The request itself is wrong, or the policy goes no further.
    Stop,
    /// The same deployment again, after this long.
    Retry(Duration),
    /// The next of the chain.
    Elsewhere,
}

/// One walk along the chain.
pub(super) struct Walk<'a> {
    request: &'a Outbound<'a>,
    order: Order<'a>,
    at: usize,
    lane: Arc<Lane>,
    retried: bool,
    /// Several are asked at once: each step is taken when a call begins, and none is made twice.
    pub(super) together: bool,
    /// What the first choice is expected to cost.
    first_cost: Option<NanoUsd>,
    /// Why a deployment was left out, where one was.
    left_out: Option<String>,
    last: Option<(Failure, &'a Leg)>,
    /// An answer that was not good enough; served when nobody has a better one.
    held: Option<(Nth, Served)>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(state: &State, flight: &Flight, request: &'a Outbound<'a>) -> Self {
        let lane = state.live.lane(&flight.workload);
        lane.deposit(request.plan.rules.retry_budget);
        Self {
            request,
            order: Order::new(request.legs),
            at: 0,
            lane,
            retried: false,
            together: false,
            first_cost: request.legs.first().and_then(|leg| leg.cost),
            left_out: None,
            last: None,
            held: None,
        }
    }

    /// The next deployment to ask, and how the call stands; `None` when nobody, no attempt or no time is left.
    pub(super) fn next(&mut self, state: &State, flight: &Flight) -> Option<(&'a Leg, Turn)> {
        let left = self.request.limits.total.checked_sub(flight.age()).filter(|left| !left.is_zero())?;
        if flight.attempts() >= MOST_ATTEMPTS {
            return None;
        }
        loop {
            let leg = self.order.get(self.at)?;
            let last = self.at + 1 == self.order.len();
            // Since the decision others may have opened its breaker.
            let rests = !last && leg.vital.health(state.clock.elapsed()) == Health::Open;
            if !rests && self.affords(leg, flight) {
                return Some((leg, Turn { left, last, spent: flight.cost() }));
            }
            self.at += 1;
        }
    }

    /// Whether the call keeps within what the policy and the caller allow to spend.
    fn affords(&mut self, leg: &Leg, flight: &Flight) -> bool {
        let request = self.request;
        let first = (self.at > 0).then_some(self.first_cost);
        let why = too_dear(&request.plan.rules, request.max_cost, flight.cost(), leg.cost, first);
        if let Some(why) = why {
            self.left_out = Some(format!("`{}` {why}", leg.deployment.id));
        }
        why.is_none()
    }

    /// Whose silence put the one that is next before its turn.
    pub(super) fn away_from(&self) -> Option<&'a str> {
        self.order.away_from(self.at)
    }

    /// Another one is asked beside the call under way.
    pub(super) const fn step(&mut self) {
        self.at += 1;
    }

    /// Notes what came of a call.
    ///
    /// # Errors
    /// What to do next when it did not serve.
    pub(super) fn judge(
        &mut self,
        state: &State,
        flight: &mut Flight,
        leg: &'a Leg,
        nth: Nth,
        tried: Tried,
    ) -> Result<Served, Next> {
        flight.dropped(nth, &tried.dropped);
        let failure = match tried.result {
            Ok(served) => {
                flight.answered(nth, tried.status, tried.first);
                let accept = self.request.plan.accept.as_ref();
                if accept.is_none_or(|accept| verify::accepts(accept, &served)) {
                    return Ok(served);
                }
                let usage = usage(&served, self.request.input_estimate);
                flight.attempt_ended(nth, tried.status, Some(verify::REJECTED), usage);
                self.held = Some((nth, served));
                self.at += usize::from(!self.together);
                return Err(Next::Elsewhere);
            }
            Err(failure) => failure,
        };
        if failure.ours {
            flight.unasked(nth);
        } else {
            flight.attempt_ended(nth, tried.status, Some(failure.class.name()), *failure.usage);
        }
        // A head is a word, also where its body stalled.
        let silent = tried.status.is_none() && failure.is_silence();
        let next = self.after(state, flight, &failure, leg, silent);
        self.last = Some((failure, leg));
        Err(next)
    }

    fn after(&mut self, state: &State, flight: &Flight, failure: &Failure, leg: &'a Leg, silent: bool) -> Next {
        let rules = &self.request.plan.rules;
        let Some(class) = failure.class.named().filter(|class| rules.on.contains(class)) else {
            return Next::Stop;
        };
        let others = self.at + 1 < self.order.len();
        // The last attempt is for somebody else, where there is somebody else.
        let here = !self.together && (!others || flight.attempts() + 1 < MOST_ATTEMPTS);
        if failure.other_key && here {
            return Next::Retry(Duration::ZERO);
        }
        let left = self.request.limits.total.saturating_sub(flight.age());
        let wait = again(failure, others, left).filter(|_| here && !self.retried && self.lane.withdraw());
        if let Some(wait) = wait {
            self.retried = true;
            return Next::Retry(wait.unwrap_or_else(|| JITTER.mul_f64(state.entropy.next_unit())));
        }
        self.at += usize::from(!self.together);
        if let Some(detour) = self.detour(class) {
            (self.order, self.at) = (Order::fixed(detour), 0);
        } else if silent {
            let (rules, max_cost, spent) = (&self.request.plan.rules, self.request.max_cost, flight.cost());
            let first = Some(self.first_cost);
            let affordable = |leg: &Leg| too_dear(rules, max_cost, spent, leg.cost, first).is_none();
            self.order.leave(&leg.deployment.capabilities.region, self.at, affordable);
        }
        Next::Elsewhere
    }

    /// Whom to ask after a failure of this class, once.
    fn detour(&self, class: FailureClass) -> Option<&'a [Leg]> {
        let (_, legs) = self.request.detours.iter().find(|(of, _)| *of == class)?;
        (!self.order.is(legs)).then_some(legs)
    }

    /// The answer that was held back, or why there is none.
    pub(super) fn give_up(&mut self, flight: &mut Flight) -> Result<(Nth, Served), Refusal> {
        if let Some((nth, served)) = self.held.take() {
            flight.reprieve(nth);
            return Ok((nth, served));
        }
        let Some((failure, leg)) = self.last.take() else {
            return Err(self.nobody(flight.age()));
        };
        // Rounded up: coming back early would only be refused again.
        let seconds = failure.wait.map(|wait| wait.as_secs() + u64::from(wait.subsec_nanos() > 0));
        let mut problem = failure.problem(&leg.deployment);
        if let Some(why) = self.left_out.take() {
            problem = problem.hint(why);
        }
        let ours = failure.ours.then(|| HeaderValue::from_static("1"));
        Err(Refusal {
            problem,
            retry_after: seconds.map(HeaderValue::from).or(ours),
            exhausted: !failure.class.is_callers() && !failure.ours,
        })
    }

    fn nobody(&mut self, age: Duration) -> Refusal {
        if let Some(why) = self.left_out.take() {
            return Refusal::from(Problem::new(&error::NO_CANDIDATE, why));
        }
        let age_ms = age.as_millis();
        let problem = Problem::new(
            &error::UPSTREAM_TIMEOUT,
            format!("the time limit had passed after {age_ms} ms, before any provider was asked"),
        );
        Refusal { problem, retry_after: None, exhausted: true }
    }
}

/// Why a call may not be made for its cost: all attempts together may cost `max_cost` and what the policy says, and a
/// fallback no more than the `first` choice where the policy says so.
pub(crate) fn too_dear(
    rules: &ChainRules,
    max_cost: Option<NanoUsd>,
    spent: Option<NanoUsd>,
    cost: Option<NanoUsd>,
    first: Option<Option<NanoUsd>>,
) -> Option<&'static str> {
    let policy = rules.max_cost_usd.map(NanoUsd::from_usd);
    let over = policy.into_iter().chain(max_cost).min().is_some_and(|most| match (spent, cost) {
        (Some(spent), Some(cost)) => spent + cost > most,
        // An unknown price may be anything.
        _ => true,
    });
    if over {
        return Some("would cost more than the bound for one request");
    }
    let dearer = !rules.allow_dearer && first.is_some_and(|first| cost.is_none_or(|cost| Some(cost) > first));
    dearer.then_some("is dearer than the first choice")
}

/// How long to wait before the same deployment is asked again; `Some(None)` is a little jitter, `None` is never.
fn again(failure: &Failure, others: bool, left: Duration) -> Option<Option<Duration>> {
    if failure.ours || !failure.class.retryable() {
        return None;
    }
    match (failure.wait, failure.class) {
        // Others have room now; this one is left alone for as long as it asked.
        (_, FailureClass::RateLimit | FailureClass::Connect) if others => None,
        (Some(wait), _) if wait > MOST_WAIT || wait >= left => None,
        (Some(wait), _) => Some(Some(wait)),
        // One that says it is late may be quicker now; one that said nothing has had its time.
        (None, FailureClass::Timeout) if !failure.answered => None,
        (None, _) => Some(None),
    }
}

fn usage(served: &Served, input_estimate: u64) -> Usage {
    match served {
        Served::Plain(_, reply, _) => reply.usage,
        Served::Stream(opened) => opened.chat.usage(input_estimate),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn failed(class: FailureClass, wait_ms: Option<u64>) -> Failure {
        Failure { wait: wait_ms.map(Duration::from_millis), ..Failure::new(class, "") }
    }

    #[test]
    fn a_long_wait_sends_the_request_elsewhere_and_a_short_one_is_waited_out() {
        let short = failed(FailureClass::RateLimit, Some(1_500));
        assert_eq!(again(&short, false, MINUTE), Some(short.wait));
        assert_eq!(again(&short, true, MINUTE), None, "others have room now");
        let busy = failed(FailureClass::ServerError, Some(1_500));
        assert_eq!(again(&busy, true, MINUTE), Some(busy.wait));
        assert_eq!(again(&failed(FailureClass::ServerError, Some(2_001)), true, MINUTE), None);
        let late = again(&short, false, Duration::from_millis(1_500));
        assert_eq!(late, None, "the wait would eat the whole deadline");
    }

    #[test]
    fn what_another_try_would_not_mend_goes_elsewhere_at_once() {
        for class in [FailureClass::Timeout, FailureClass::Auth, FailureClass::InvalidOutput, FailureClass::Quota] {
            assert_eq!(again(&failed(class, None), false, MINUTE), None, "{class:?}");
        }
        assert_eq!(again(&failed(FailureClass::Connect, None), true, MINUTE), None);
        assert_eq!(again(&failed(FailureClass::Connect, None), false, MINUTE), Some(None));
        assert_eq!(again(&failed(FailureClass::ServerError, None), true, MINUTE), Some(None));
    }

    #[test]
    fn a_provider_that_says_it_timed_out_is_asked_again() {
        let said = Failure { answered: true, ..failed(FailureClass::Timeout, None) };
        assert_eq!(again(&said, true, MINUTE), Some(None));
    }
}

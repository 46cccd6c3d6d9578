//! What is left of a deployment's rate limit, as its provider last said in response headers, less what was sent since.
//! The router avoids a 429 before it happens.

use std::{
    sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed},
    time::Duration,
};

use weir_core::route::RateLimits;

/// A refusal without a time to wait rests a deployment this long.
const REST: Duration = Duration::from_secs(1);
/// Longest rest a refusal may ask for.
const REST_MAX: Duration = Duration::from_secs(60);

/// What is left of one deployment's rate limit.
#[derive(Debug, Default)]
pub(crate) struct Headroom {
    requests: Left,
    tokens: Left,
    /// Uptime in microseconds until which it refuses.
    refuses_until: AtomicU64,
}

#[derive(Debug, Default)]
struct Left {
    left: AtomicI64,
    /// Uptime in microseconds at which the limit is whole again; what is left is unknown after it.
    reset: AtomicU64,
}

impl Left {
    fn lacks(&self, need: i64, now: u64) -> bool {
        self.reset.load(Relaxed) > now && self.left.load(Relaxed) < need
    }
    fn spend(&self, amount: i64, now: u64) {
        if self.reset.load(Relaxed) > now {
            self.left.fetch_sub(amount, Relaxed);
        }
    }
    fn told(&self, left: Option<u64>, reset: Option<Duration>, uptime: Duration) {
        if let (Some(left), Some(reset)) = (left, reset) {
            self.left.store(i64::try_from(left).unwrap_or(i64::MAX), Relaxed);
            self.reset.store(micros(uptime + reset.min(REST_MAX)), Relaxed);
        }
    }
}

impl Headroom {
    /// True when a request of so many tokens would be refused.
    pub(crate) fn exhausted(&self, tokens: u64, uptime: Duration) -> bool {
        let now = micros(uptime);
        self.refuses_until.load(Relaxed) > now
            || self.requests.lacks(1, now)
            || self.tokens.lacks(i64::try_from(tokens).unwrap_or(i64::MAX), now)
    }

    /// A request was sent.
    pub(crate) fn spend(&self, tokens: u64, uptime: Duration) {
        let now = micros(uptime);
        self.requests.spend(1, now);
        self.tokens.spend(i64::try_from(tokens).unwrap_or(i64::MAX), now);
    }

    /// The provider said what is left.
    pub(crate) fn told(&self, limits: &RateLimits, uptime: Duration) {
        self.requests.told(limits.requests_left, limits.requests_reset, uptime);
        self.tokens.told(limits.tokens_left, limits.tokens_reset, uptime);
    }

    /// The provider refused for rate, and may have said for how long.
    pub(crate) fn refused(&self, wait: Option<Duration>, uptime: Duration) {
        self.refuses_until.store(micros(uptime + wait.unwrap_or(REST).min(REST_MAX)), Relaxed);
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(s: u64) -> Duration {
        Duration::from_secs(s)
    }

    #[test]
    fn what_is_sent_is_taken_off_until_the_limit_is_whole_again() {
        let headroom = Headroom::default();
        assert!(!headroom.exhausted(1_000_000, at(0)), "nothing is known");
        let limits = RateLimits {
            requests_left: Some(2),
            requests_reset: Some(at(10)),
            tokens_left: Some(1_000),
            tokens_reset: Some(at(5)),
        };
        headroom.told(&limits, at(0));
        assert!(headroom.exhausted(1_001, at(0)) && !headroom.exhausted(1_000, at(0)));
        headroom.spend(400, at(1));
        assert!(headroom.exhausted(700, at(1)));
        assert!(!headroom.exhausted(700, at(5)), "tokens are back");
        headroom.spend(1, at(6));
        assert!(headroom.exhausted(1, at(6)), "no request left");
        assert!(!headroom.exhausted(1, at(10)));
    }

    #[test]
    fn a_refusal_rests_it_for_as_long_as_it_asks_within_a_bound() {
        let headroom = Headroom::default();
        headroom.refused(None, at(0));
        assert!(headroom.exhausted(0, Duration::from_millis(999)) && !headroom.exhausted(0, at(1)));
        headroom.refused(Some(at(3_600)), at(1));
        assert!(headroom.exhausted(0, at(60)) && !headroom.exhausted(0, at(61)));
    }
}

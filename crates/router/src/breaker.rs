//! Whether a deployment may be tried: a breaker that counts each class of failure exactly, in one-second buckets.
//!
//! It opens on a run of failures, on a share of failures or of slow answers in the last seconds, or at once when the
//! deployment can only fail (its key is refused). Open means no traffic for a back-off that doubles up to a bound, or
//! for as long as the provider asked. After it a bounded number of requests probe; when enough pass, traffic comes back
//! by a ramp, so that a deployment which has just restarted is not knocked over by its share.

use std::{
    sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed},
    time::Duration,
};

use weir_core::decision::Health;

/// Failures in a row that open it.
const RUN: u32 = 5;
/// Seconds looked back at.
const WINDOW_S: u32 = 10;
/// Seconds for which a failure counts in the error rate that stages weigh: who was passed over for it is asked again
/// soon after it is well.
const WEIGHED_S: u32 = 6;
/// Calls in the window before shares speak.
const LEAST_CALLS: u32 = 20;
/// Share of failures of one class that opens it.
const FAILED_SHARE: f64 = 0.5;
/// Share of slow answers that opens it.
const SLOW_SHARE: f64 = 0.8;
/// First back-off; doubles with each further opening.
const BACKOFF_BASE: Duration = Duration::from_secs(1);
/// Longest back-off: a deployment that has recovered is found again within ten seconds.
const BACKOFF_MAX: Duration = Duration::from_secs(5);
/// Longest wait that a provider may ask for.
const WAIT_MAX: Duration = Duration::from_secs(60);
/// Probes at once.
const PROBES: u32 = 2;
/// Probes in a row that close it.
const PASSES: u32 = 2;
/// How long traffic takes to come back in full, and what it starts with.
const RAMP: Duration = Duration::from_secs(5);
const RAMP_FROM: f64 = 0.1;

/// A class of failure that counts against a deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// No connection.
    Connect,
    /// Too late.
    Timeout,
    /// The provider failed.
    Server,
    /// Not what the dialect promises.
    Broken,
    /// It can only fail: its key is refused, or its credit is used up.
    Fatal,
}

const CLASSES: usize = 4;

/// One deployment's breaker.
#[derive(Debug, Default)]
pub(crate) struct Breaker {
    calls: Ring,
    failures: [Ring; CLASSES],
    slow: Ring,
    run: AtomicU32,
    /// Uptime in microseconds; 0 while closed.
    open_until: AtomicU64,
    openings: AtomicU32,
    probes: AtomicU32,
    passes: AtomicU32,
    /// Uptime in microseconds of the last closing, plus one; 0 before the first.
    closed_at: AtomicU64,
    /// It was opened by streams that broke off: that one has begun proves nothing then.
    breaks_off: AtomicBool,
}

impl Breaker {
    pub(crate) fn health(&self, uptime: Duration) -> Health {
        match self.open_until.load(Relaxed) {
            0 => Health::Up,
            until if until > micros(uptime) || self.probes.load(Relaxed) >= PROBES => Health::Open,
            _ => Health::Probing,
        }
    }

    /// Claims a probe where one is due: `Ok(true)` for a probe, `Ok(false)` for an ordinary call, `Err` when all probes
    /// are taken.
    pub(crate) fn claim(&self, uptime: Duration) -> Result<bool, ()> {
        let until = self.open_until.load(Relaxed);
        if until == 0 || until > micros(uptime) {
            return Ok(false);
        }
        let claimed = self.probes.try_update(Relaxed, Relaxed, |taken| (taken < PROBES).then_some(taken + 1));
        claimed.map(|_| true).map_err(|_| ())
    }

    pub(crate) fn release(&self) {
        self.probes.fetch_sub(1, Relaxed);
    }

    /// A whole answer came; `slow` says that it came much later than it should.
    pub(crate) fn passed(&self, slow: bool, uptime: Duration) {
        if !self.is_too_slow(slow, uptime) {
            self.run.store(0, Relaxed);
            self.credit(uptime);
        }
    }

    /// A stream has begun; `slow` as with [`Self::passed`]. It is one call, whose end [`Self::completed`] or
    /// [`Self::broke_off`] tells: until then failures in a row are still in a row.
    pub(crate) fn began(&self, slow: bool, uptime: Duration) {
        if !self.is_too_slow(slow, uptime) && !self.breaks_off.load(Relaxed) {
            self.credit(uptime);
        }
    }

    /// Counts a call that did not fail; true when it opened the breaker.
    fn is_too_slow(&self, slow: bool, uptime: Duration) -> bool {
        let second = second(uptime);
        self.calls.add(second);
        if !slow {
            return false;
        }
        self.slow.add(second);
        let opens = self.share(&self.slow, second) >= SLOW_SHARE && self.open_until.load(Relaxed) == 0;
        if opens {
            self.open(None, uptime);
        }
        opens
    }

    /// A stream that began has ended well.
    pub(crate) fn completed(&self, uptime: Duration) {
        self.run.store(0, Relaxed);
        if self.breaks_off.load(Relaxed) {
            self.credit(uptime);
        }
    }

    /// A stream that began broke off.
    pub(crate) fn broke_off(&self, fault: Fault, probe: bool, uptime: Duration) {
        self.breaks_off.store(true, Relaxed);
        self.fail(fault, None, probe, uptime);
    }

    /// One more of the answers that close it.
    fn credit(&self, uptime: Duration) {
        let until = self.open_until.load(Relaxed);
        // What was under way when it opened and passes while it rests says nothing about now.
        let rested = until != 0 && until <= micros(uptime);
        if rested && self.passes.fetch_add(1, Relaxed) + 1 >= PASSES {
            self.closed_at.store(micros(uptime) + 1, Relaxed);
            self.openings.store(0, Relaxed);
            self.breaks_off.store(false, Relaxed);
            self.open_until.store(0, Relaxed);
        }
    }

    /// A call failed. While it is open only a probe's failure counts: calls that were under way when it opened say
    /// nothing new.
    pub(crate) fn failed(&self, fault: Fault, wait: Option<Duration>, probe: bool, uptime: Duration) {
        self.breaks_off.store(false, Relaxed);
        self.calls.add(second(uptime));
        self.fail(fault, wait, probe, uptime);
    }

    fn fail(&self, fault: Fault, wait: Option<Duration>, probe: bool, uptime: Duration) {
        let second = second(uptime);
        let ring = self.failures.get(fault as usize);
        if let Some(ring) = ring {
            ring.add(second);
        }
        let until = self.open_until.load(Relaxed);
        if until != 0 {
            if probe || until <= micros(uptime) {
                self.open(wait, uptime);
            }
            return;
        }
        let run = self.run.fetch_add(1, Relaxed) + 1;
        let share = ring.map_or(1.0, |ring| self.share(ring, second));
        if run >= RUN || share >= FAILED_SHARE || fault == Fault::Fatal {
            self.open(wait, uptime);
        }
    }

    fn open(&self, wait: Option<Duration>, uptime: Duration) {
        let doublings = self.openings.fetch_add(1, Relaxed).min(8);
        let backoff = BACKOFF_BASE.saturating_mul(1 << doublings).min(BACKOFF_MAX);
        let rest = wait.map_or(backoff, |wait| wait.clamp(backoff, WAIT_MAX));
        self.passes.store(0, Relaxed);
        self.open_until.store(micros(uptime + rest).max(1), Relaxed);
    }

    /// Share of recent calls in `ring`; 0 while there are too few.
    fn share(&self, ring: &Ring, second: u32) -> f64 {
        let since = self.closed_second();
        let calls = self.calls.sum(second, since);
        if calls < LEAST_CALLS {
            return 0.0;
        }
        f64::from(ring.sum(second, since)) / f64::from(calls)
    }

    /// Share of recent calls that failed, `0..=1`.
    pub(crate) fn error_rate(&self, uptime: Duration) -> f64 {
        let second = second(uptime);
        let since = self.closed_second().max(second.checked_sub(WEIGHED_S));
        let failures: u32 = self.failures.iter().map(|ring| ring.sum(second, since)).sum();
        if failures == 0 {
            return 0.0;
        }
        f64::from(failures) / f64::from(self.calls.sum(second, since).max(failures))
    }

    /// Second of uptime since which it is closed, 0 if it has never opened; `None` while it is not closed.
    pub(crate) fn well_since_s(&self) -> Option<u64> {
        let closed_at = Duration::from_micros(self.closed_at.load(Relaxed).saturating_sub(1));
        (self.open_until.load(Relaxed) == 0).then_some(closed_at.as_secs())
    }

    fn closed_second(&self) -> Option<u32> {
        let at = self.closed_at.load(Relaxed);
        (at != 0).then(|| second(Duration::from_micros(at - 1)))
    }

    /// Share of its ordinary traffic that it is trusted with.
    pub(crate) fn ramp(&self, uptime: Duration) -> f64 {
        match self.closed_at.load(Relaxed) {
            0 => 1.0,
            at => {
                let back = micros(uptime).saturating_sub(at - 1) as f64 / RAMP.as_micros() as f64;
                (RAMP_FROM + (1.0 - RAMP_FROM) * back).min(1.0)
            }
        }
    }

    /// Failures in a row.
    pub(crate) fn run(&self) -> u32 {
        self.run.load(Relaxed)
    }
}

/// Counts by second, each with the second it belongs to in one word, so that none is lost and none is old.
#[derive(Debug, Default)]
struct Ring([AtomicU64; WINDOW_S as usize]);

impl Ring {
    fn add(&self, second: u32) {
        let Some(slot) = self.0.get((second % WINDOW_S) as usize) else { return };
        let add = |word: u64| {
            let same = (word >> 32) as u32 == second;
            Some(if same { word + 1 } else { (u64::from(second) << 32) | 1 })
        };
        // It never refuses.
        let _ = slot.try_update(Relaxed, Relaxed, add);
    }

    /// Of the window that ends with `second`; what came up to `since` does not count.
    fn sum(&self, second: u32, since: Option<u32>) -> u32 {
        let recent = |word: u64| {
            let at = (word >> 32) as u32;
            at <= second && at + WINDOW_S > second && since.is_none_or(|since| at > since)
        };
        self.0.iter().map(|slot| slot.load(Relaxed)).filter(|&word| recent(word)).map(|word| word as u32).sum()
    }
}

/// Never 0, so that an unused bucket is told from the first second.
fn second(uptime: Duration) -> u32 {
    u32::try_from(uptime.as_secs()).unwrap_or(u32::MAX - WINDOW_S).saturating_add(WINDOW_S)
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn fail(breaker: &Breaker, ms: u64) {
        breaker.failed(Fault::Server, None, false, at(ms));
    }

    #[test]
    fn a_run_of_failures_opens_it_and_probes_bring_it_back_by_a_ramp() {
        let breaker = Breaker::default();
        (0..4).for_each(|_| fail(&breaker, 0));
        assert_eq!(breaker.health(at(0)), Health::Up);
        fail(&breaker, 0);
        assert_eq!(breaker.health(at(999)), Health::Open);
        assert_eq!(breaker.health(at(1_000)), Health::Probing);
        assert_eq!((breaker.claim(at(1_000)), breaker.claim(at(1_000))), (Ok(true), Ok(true)));
        assert_eq!(breaker.claim(at(1_000)), Err(()), "probes are bounded");
        assert_eq!(breaker.health(at(1_000)), Health::Open, "others stay away while probes run");
        breaker.passed(false, at(1_010));
        breaker.passed(false, at(1_020));
        breaker.release();
        breaker.release();
        assert_eq!(breaker.health(at(1_021)), Health::Up);
        assert!(breaker.ramp(at(1_021)) < 0.11);
        assert!((0.5..0.6).contains(&breaker.ramp(at(3_520))));
        assert!((breaker.ramp(at(6_100)) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn a_probe_that_fails_doubles_the_rest_up_to_a_bound() {
        let breaker = Breaker::default();
        (0..5).for_each(|_| fail(&breaker, 0));
        let mut now = 1_000;
        for rest in [2_000, 4_000, 5_000, 5_000] {
            assert_eq!(breaker.claim(at(now)), Ok(true));
            breaker.failed(Fault::Timeout, None, true, at(now));
            breaker.release();
            assert_eq!(breaker.health(at(now + rest - 1)), Health::Open);
            now += rest;
            assert_eq!(breaker.health(at(now)), Health::Probing);
        }
    }

    #[test]
    fn what_fails_after_it_opened_does_not_open_it_longer() {
        let breaker = Breaker::default();
        (0..50).for_each(|_| fail(&breaker, 0));
        assert_eq!(breaker.health(at(1_000)), Health::Probing);
    }

    #[test]
    fn a_share_of_one_class_opens_it_although_others_pass_in_between() {
        let breaker = Breaker::default();
        for call in 0..40 {
            if call % 2 == 0 { fail(&breaker, call * 10) } else { breaker.passed(false, at(call * 10)) }
        }
        assert_eq!(breaker.health(at(400)), Health::Open);
        let mixed = Breaker::default();
        for call in 0..60_u64 {
            match call % 4 {
                0 => mixed.failed(Fault::Timeout, None, false, at(call * 10)),
                1 => fail(&mixed, call * 10),
                _ => mixed.passed(false, at(call * 10)),
            }
        }
        assert_eq!(mixed.health(at(600)), Health::Up, "no class has half");
        assert!((mixed.error_rate(at(600)) - 0.5).abs() < 1e-9);
        assert!(mixed.error_rate(at(20_000)).abs() < 1e-9, "old buckets do not count");
    }

    #[test]
    fn streams_that_begin_and_break_off_open_it_and_beginning_again_is_no_proof() {
        let breaker = Breaker::default();
        for call in 0..5 {
            breaker.began(false, at(call));
            assert_eq!(breaker.health(at(call)), Health::Up);
            breaker.broke_off(Fault::Broken, false, at(call));
        }
        assert_eq!(breaker.health(at(5)), Health::Open);
        assert!((breaker.error_rate(at(5)) - 1.0).abs() < 1e-9, "each is one call");
        for _ in 0..2 {
            assert_eq!(breaker.claim(at(1_100)), Ok(true));
            breaker.began(false, at(1_100));
        }
        assert_ne!(breaker.health(at(1_101)), Health::Up, "they have only begun");
        breaker.completed(at(1_200));
        breaker.completed(at(1_300));
        assert_eq!(breaker.health(at(1_301)), Health::Up);
    }

    #[test]
    fn slow_answers_and_refused_keys_open_it_too() {
        let slow = Breaker::default();
        (0..30).for_each(|_| slow.passed(true, at(5)));
        assert_eq!(slow.health(at(6)), Health::Open);
        let fatal = Breaker::default();
        fatal.failed(Fault::Fatal, Some(Duration::from_secs(20)), false, at(0));
        assert_eq!(fatal.health(at(19_999)), Health::Open);
    }
}

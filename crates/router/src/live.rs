//! Live health beside the snapshot: what dispatch learned in the last seconds, in atomics. Reading it costs no lock
//! and no allocation; it never enters a replayable decision except as recorded numbers.
//!
//! The breaker counts consecutive failures. Open means no traffic for a back-off that doubles up to a bound; after it
//! exactly one caller claims the probe by moving the deadline, so a recovering endpoint is not stampeded.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use arc_swap::ArcSwap;
use indexmap::IndexMap;
use weir_core::DeploymentId;

use crate::Exposed;

/// Failures in a row that open the breaker.
const OPEN_AFTER: u32 = 5;
/// First back-off; doubles with each further failure.
const BACKOFF_BASE: Duration = Duration::from_secs(1);
/// Longest back-off.
const BACKOFF_MAX: Duration = Duration::from_secs(30);
/// How long a claimed probe keeps others away.
const PROBE_WINDOW: Duration = Duration::from_secs(5);
/// Weight of the newest latency in the moving average.
const EWMA_WEIGHT: f64 = 0.1;

/// Whether a deployment may be tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// No recent run of failures.
    Up,
    /// Breaker open.
    Open,
    /// Back-off over: the next request probes it.
    Probing,
}

impl Health {
    /// The word shown.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Open => "open",
            Self::Probing => "probing",
        }
    }
}

/// Vital signs of one deployment.
#[derive(Debug, Default)]
pub struct Vital {
    in_flight: AtomicU32,
    /// Of a canary that has it as its candidate; a part of what is in flight.
    pub(crate) exposed: AtomicU32,
    /// Microseconds as `f64` bits; 0 before the first answer.
    latency_us: AtomicU64,
    failures: AtomicU32,
    /// Uptime in microseconds until which the breaker is open.
    open_until_us: AtomicU64,
}

impl Vital {
    /// Requests in flight.
    #[must_use]
    pub fn in_flight(&self) -> u32 {
        self.in_flight.load(Relaxed)
    }
    /// Requests in flight that a canary sent here as to its candidate.
    #[must_use]
    pub fn exposed(&self) -> u32 {
        self.exposed.load(Relaxed)
    }
    /// Smoothed latency in milliseconds; `None` before the first answer.
    #[must_use]
    pub fn latency_ms(&self) -> Option<f64> {
        let us = f64::from_bits(self.latency_us.load(Relaxed));
        (us > 0.0).then_some(us / 1_000.0)
    }
    /// Failures in a row.
    #[must_use]
    pub fn failures(&self) -> u32 {
        self.failures.load(Relaxed)
    }
    /// Whether it may be tried at this uptime.
    #[must_use]
    pub fn health(&self, uptime: Duration) -> Health {
        if self.failures() < OPEN_AFTER {
            Health::Up
        } else if self.open_until_us.load(Relaxed) > micros(uptime) {
            Health::Open
        } else {
            Health::Probing
        }
    }

    /// Counts one request in flight until the guard is dropped; claims the probe when the breaker is half open.
    #[must_use]
    pub fn begin(self: &Arc<Self>, uptime: Duration) -> InFlight {
        if self.health(uptime) == Health::Probing {
            self.open_until_us.store(micros(uptime + PROBE_WINDOW), Relaxed);
        }
        self.in_flight.fetch_add(1, Relaxed);
        InFlight(Arc::clone(self))
    }

    /// An answer came after `latency`.
    pub fn succeeded(&self, latency: Duration) {
        self.failures.store(0, Relaxed);
        let newest = micros(latency) as f64;
        // A lost race between two updates loses one sample of an average: harmless.
        let old = f64::from_bits(self.latency_us.load(Relaxed));
        let next = if old > 0.0 { old + EWMA_WEIGHT * (newest - old) } else { newest.max(1.0) };
        self.latency_us.store(next.to_bits(), Relaxed);
    }

    /// The deployment failed (not the caller's request).
    pub fn failed(&self, uptime: Duration) {
        let failures = self.failures.fetch_add(1, Relaxed).saturating_add(1);
        if failures >= OPEN_AFTER {
            let doublings = (failures - OPEN_AFTER).min(16);
            let backoff = BACKOFF_BASE.saturating_mul(1 << doublings).min(BACKOFF_MAX);
            self.open_until_us.store(micros(uptime + backoff), Relaxed);
        }
    }
}

/// One request in flight; dropping it ends it.
#[derive(Debug)]
pub struct InFlight(Arc<Vital>);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Relaxed);
    }
}

/// The vital signs of all deployments, and the canary requests in flight.
#[derive(Debug, Default)]
pub struct Live {
    vitals: ArcSwap<IndexMap<DeploymentId, Arc<Vital>>>,
    exposed: Arc<Exposed>,
}

impl Live {
    /// Keeps signs for exactly these deployments; those already known keep their history.
    pub fn track<'a>(&self, deployments: impl Iterator<Item = &'a DeploymentId>) {
        let old = self.vitals.load();
        let next = deployments.map(|id| (id.clone(), old.get(id).cloned().unwrap_or_default())).collect();
        self.vitals.store(Arc::new(next));
    }
    /// The signs of one deployment; `None` when it is not tracked.
    #[must_use]
    pub fn vital(&self, deployment: &DeploymentId) -> Option<Arc<Vital>> {
        self.vitals.load().get(deployment).cloned()
    }
    /// Canary requests in flight.
    #[must_use]
    pub const fn exposed(&self) -> &Arc<Exposed> {
        &self.exposed
    }
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

    #[test]
    fn five_failures_open_the_breaker_and_one_caller_claims_the_probe() {
        let vital = Arc::new(Vital::default());
        for _ in 0..4 {
            vital.failed(at(0));
        }
        assert_eq!(vital.health(at(0)), Health::Up);
        vital.failed(at(0));
        assert_eq!(vital.health(at(999)), Health::Open);
        assert_eq!(vital.health(at(1_000)), Health::Probing);
        let probe = vital.begin(at(1_000));
        assert_eq!(vital.health(at(1_001)), Health::Open, "others stay away while the probe runs");
        vital.failed(at(1_100));
        drop(probe);
        assert_eq!(vital.health(at(3_000)), Health::Open, "the back-off doubled");
        assert_eq!(vital.health(at(3_100)), Health::Probing);
        vital.succeeded(at(20));
        assert_eq!(vital.health(at(3_101)), Health::Up);
    }

    #[test]
    fn in_flight_falls_when_the_guard_goes() {
        let vital = Arc::new(Vital::default());
        let guards = [vital.begin(at(0)), vital.begin(at(0))];
        assert_eq!(vital.in_flight(), 2);
        drop(guards);
        assert_eq!(vital.in_flight(), 0);
    }

    #[test]
    fn tracking_again_keeps_what_was_learned() {
        let live = Live::default();
        let ids = [DeploymentId::from("a"), DeploymentId::from("b")];
        live.track(ids.iter());
        live.vital(&ids[0]).unwrap().succeeded(at(10));
        live.track(ids[..1].iter());
        assert_eq!(live.vital(&ids[0]).unwrap().latency_ms(), Some(10.0));
        assert!(live.vital(&ids[1]).is_none());
    }
}

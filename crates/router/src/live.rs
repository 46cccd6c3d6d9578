//! Live signals beside the snapshot: what dispatch learned in the last seconds, in atomics. Reading them costs no lock
//! and no allocation; they enter a decision's record as numbers, so that it can be made again without them.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use arc_swap::{ArcSwap, Guard};
use indexmap::IndexMap;
use weir_core::{DeploymentId, WorkloadId, decision::Health, route::RateLimits};

use crate::{
    Estimate, Exposed, Fault, Gates, Lane, Shape, breaker::Breaker, headroom::Headroom, latency::Latencies,
    silence::Silence, warm::Warm,
};

/// Weight of the newest latency in the moving average.
const EWMA_WEIGHT: f64 = 0.1;

/// Vital signs of one deployment.
#[derive(Debug, Default)]
pub struct Vital {
    /// Tells deployments apart in small tables; never 0.
    pub(crate) tag: u16,
    in_flight: AtomicU32,
    /// Of these, streams that have begun.
    streaming: AtomicU32,
    /// Of a canary that has it as its candidate; a part of what is in flight.
    pub(crate) exposed: AtomicU32,
    /// Microseconds as `f64` bits; 0 before the first answer.
    latency_us: AtomicU64,
    breaker: Breaker,
    pub(crate) silence: Silence,
    headroom: Headroom,
    latencies: Latencies,
    /// One bit for each of its keys that its provider has rejected and not taken since.
    rejected: AtomicU64,
}

/// One answer's times.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    /// What kind of request it was.
    pub shape: Shape,
    /// To the first token, or to the first byte of an answer that was not streamed.
    pub first: Duration,
    /// To the end; `None` while a stream is still coming.
    pub total: Option<Duration>,
    /// The first byte came much later than it should.
    pub slow: bool,
}

impl Vital {
    fn new(id: &DeploymentId) -> Self {
        let hash = weir_core::entropy::hash(id.as_str());
        Self { tag: (hash as u16).max(1), ..Self::default() }
    }

    /// Requests in flight.
    #[must_use]
    pub fn in_flight(&self) -> u32 {
        self.in_flight.load(Relaxed)
    }
    /// Requests in flight that it has said nothing to yet.
    pub(crate) fn unanswered(&self) -> u32 {
        // Two loads: a request may end between them.
        self.in_flight().saturating_sub(self.streaming.load(Relaxed))
    }
    /// Requests in flight that a canary sent here as to its candidate.
    #[must_use]
    pub fn exposed(&self) -> u32 {
        self.exposed.load(Relaxed)
    }
    /// Smoothed latency over all shapes, in milliseconds; `None` before the first answer.
    #[must_use]
    pub fn latency_ms(&self) -> Option<f64> {
        let us = f64::from_bits(self.latency_us.load(Relaxed));
        (us > 0.0).then_some(us / 1_000.0)
    }
    /// What requests of this shape have taken lately; `None` without recent answers. What was measured before it failed
    /// says nothing of how fast it comes back, and would keep the trials from it that show it.
    #[must_use]
    pub fn estimate(&self, shape: Shape, uptime: Duration) -> Option<Estimate> {
        self.latencies.estimate(shape, self.breaker.well_since_s()?, uptime)
    }
    /// Failures in a row.
    #[must_use]
    pub fn failures(&self) -> u32 {
        self.breaker.run()
    }
    /// Whether it may be tried at this uptime.
    #[must_use]
    pub fn health(&self, uptime: Duration) -> Health {
        self.breaker.health(uptime)
    }
    /// Share of its ordinary traffic that it is trusted with, `0..=1`: below 1 while it comes back.
    #[must_use]
    pub fn ramp(&self, uptime: Duration) -> f64 {
        self.breaker.ramp(uptime)
    }
    /// Share of recent calls that failed, `0..=1`.
    #[must_use]
    pub fn error_rate(&self, uptime: Duration) -> f64 {
        self.breaker.error_rate(uptime)
    }
    /// True when a request of so many tokens would be refused for rate.
    #[must_use]
    pub fn exhausted(&self, tokens: u64, uptime: Duration) -> bool {
        self.headroom.exhausted(tokens, uptime)
    }
    /// Its provider said what is left of its rate limit.
    pub fn told(&self, limits: &RateLimits, uptime: Duration) {
        self.headroom.told(limits, uptime);
    }
    /// Its provider refused for rate, and may have said for how long.
    pub fn refused(&self, wait: Option<Duration>, uptime: Duration) {
        self.headroom.refused(wait, uptime);
    }

    /// Its provider rejected its `nth` key.
    pub fn key_rejected(&self, nth: usize) {
        self.rejected.fetch_or(bit(nth), Relaxed);
    }
    /// Its provider took its `nth` key.
    pub fn key_taken(&self, nth: usize) {
        // Nearly always there is nothing to take back: every answer comes by here.
        if self.rejected.load(Relaxed) & bit(nth) != 0 {
            self.rejected.fetch_and(!bit(nth), Relaxed);
        }
    }
    /// True when its `nth` key was rejected when it was last used.
    #[must_use]
    pub fn is_key_rejected(&self, nth: usize) -> bool {
        self.rejected.load(Relaxed) & bit(nth) != 0
    }

    /// Counts one request of so many tokens in flight until the guard is dropped. It claims a probe when one is due;
    /// `None` when all probes are taken, unless `whatever`.
    #[must_use]
    pub fn begin(self: &Arc<Self>, tokens: u64, whatever: bool, uptime: Duration) -> Option<InFlight> {
        let probe = match self.breaker.claim(uptime) {
            Ok(probe) => probe,
            Err(()) if whatever => false,
            Err(()) => return None,
        };
        self.headroom.spend(tokens, uptime);
        self.in_flight.fetch_add(1, Relaxed);
        Some(InFlight { vital: Arc::clone(self), probe, began: AtomicBool::new(false) })
    }

    fn succeeded(&self, sample: &Sample, uptime: Duration) {
        self.silence.broken(uptime);
        match sample.total {
            Some(_) => self.breaker.passed(sample.slow, uptime),
            None => self.breaker.began(sample.slow, uptime),
        }
        self.latencies.record(sample.shape, Some(sample.first), sample.total, uptime);
        let newest = micros(sample.total.unwrap_or(sample.first)) as f64;
        // A lost race between two updates loses one sample of an average: harmless.
        let old = f64::from_bits(self.latency_us.load(Relaxed));
        let next = if old > 0.0 { old + EWMA_WEIGHT * (newest - old) } else { newest.max(1.0) };
        self.latency_us.store(next.to_bits(), Relaxed);
    }
}

/// One request in flight; dropping it ends it.
#[derive(Debug)]
pub struct InFlight {
    vital: Arc<Vital>,
    probe: bool,
    /// Its stream has begun, and counts as a call already.
    began: AtomicBool,
}

impl InFlight {
    /// Its answer came, or began to.
    pub fn succeeded(&self, sample: &Sample, uptime: Duration) {
        if sample.total.is_none() && !self.began.swap(true, Relaxed) {
            self.vital.streaming.fetch_add(1, Relaxed);
        }
        self.vital.succeeded(sample, uptime);
    }
    /// It answered, if only to say that the request cannot be served: it is alive.
    pub fn answered(&self, uptime: Duration) {
        self.vital.silence.broken(uptime);
        self.vital.breaker.passed(false, uptime);
    }
    /// It said something, whatever that was.
    pub fn heard(&self, uptime: Duration) {
        self.vital.silence.broken(uptime);
    }
    /// The stream that began has ended well.
    pub fn completed(&self, shape: Shape, total: Duration, uptime: Duration) {
        self.vital.silence.broken(uptime);
        self.vital.breaker.completed(uptime);
        self.vital.latencies.record(shape, None, Some(total), uptime);
    }
    /// The deployment failed (not the caller's request), and may have said for how long.
    pub fn failed(&self, fault: Fault, wait: Option<Duration>, uptime: Duration) {
        let breaker = &self.vital.breaker;
        if self.began.load(Relaxed) {
            breaker.broke_off(fault, self.probe, uptime);
        } else {
            breaker.failed(fault, wait, self.probe, uptime);
        }
        self.vital.silence.failed(fault, breaker.health(uptime) != Health::Up, uptime);
    }
    /// Where it is.
    #[must_use]
    pub const fn vital(&self) -> &Arc<Vital> {
        &self.vital
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        if *self.began.get_mut() {
            self.vital.streaming.fetch_sub(1, Relaxed);
        }
        self.vital.in_flight.fetch_sub(1, Relaxed);
        if self.probe {
            self.vital.breaker.release();
        }
    }
}

/// The vital signs of all deployments, what is kept for each workload, and the canary requests in flight.
#[derive(Debug, Default)]
pub struct Live {
    vitals: ArcSwap<IndexMap<DeploymentId, Arc<Vital>>>,
    lanes: ArcSwap<IndexMap<WorkloadId, Arc<Lane>>>,
    warm: Warm,
    exposed: Arc<Exposed>,
    gates: Gates,
}

impl Live {
    /// Keeps signs for exactly these deployments; those already known keep their history.
    pub fn track<'a>(&self, deployments: impl Iterator<Item = &'a DeploymentId>) {
        let old = self.vitals.load();
        let keep = |id: &DeploymentId| old.get(id).cloned().unwrap_or_else(|| Arc::new(Vital::new(id)));
        let next = deployments.map(|id| (id.clone(), keep(id))).collect();
        self.vitals.store(Arc::new(next));
    }
    /// The signs of one deployment; `None` when it is not tracked.
    #[must_use]
    pub fn vital(&self, deployment: &DeploymentId) -> Option<Arc<Vital>> {
        self.vitals.load().get(deployment).cloned()
    }
    pub(crate) fn vitals(&self) -> Guard<Arc<IndexMap<DeploymentId, Arc<Vital>>>> {
        self.vitals.load()
    }
    /// What is kept for one workload; made when it is first asked for.
    #[must_use]
    pub fn lane(&self, workload: &WorkloadId) -> Arc<Lane> {
        if let Some(lane) = self.lanes.load().get(workload) {
            return Arc::clone(lane);
        }
        let fresh = Arc::<Lane>::default();
        self.lanes.rcu(|lanes| {
            let mut lanes = IndexMap::clone(lanes);
            lanes.entry(workload.clone()).or_insert_with(|| Arc::clone(&fresh));
            lanes
        });
        self.lanes.load().get(workload).cloned().unwrap_or(fresh)
    }
    /// A session was served there, so its prompt is in that provider's cache.
    pub fn warmed(&self, session: u64, vital: &Vital, uptime: Duration) {
        self.warm.note(session, vital.tag, uptime);
    }
    pub(crate) const fn warm(&self) -> &Warm {
        &self.warm
    }
    /// The gates of canaries.
    #[must_use]
    pub const fn gates(&self) -> &Gates {
        &self.gates
    }
    /// Canary requests in flight.
    #[must_use]
    pub const fn exposed(&self) -> &Arc<Exposed> {
        &self.exposed
    }
}

/// Keys beyond the 64th are not told apart: none of them is kept.
fn bit(nth: usize) -> u64 {
    u32::try_from(nth).ok().and_then(|nth| 1_u64.checked_shl(nth)).unwrap_or(0)
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use weir_core::route::Features;

    use super::*;

    fn sample(ms: u64) -> Sample {
        let took = Duration::from_millis(ms);
        Sample { shape: Shape::of(&Features::default()), first: took, total: Some(took), slow: false }
    }

    #[test]
    fn in_flight_falls_when_the_guard_goes() {
        let vital = Arc::new(Vital::default());
        let guards = [(); 2].map(|()| vital.begin(1, false, Duration::ZERO).unwrap());
        assert_eq!(vital.in_flight(), 2);
        drop(guards);
        assert_eq!(vital.in_flight(), 0);
    }

    #[test]
    fn a_stream_that_has_begun_is_in_flight_and_not_unanswered() {
        let vital = Arc::new(Vital::default());
        let [begun, waiting] = [(); 2].map(|()| vital.begin(1, false, Duration::ZERO).unwrap());
        for _ in 0..2 {
            begun.succeeded(&Sample { total: None, ..sample(10) }, Duration::ZERO);
        }
        assert_eq!((vital.in_flight(), vital.unanswered()), (2, 1));
        drop(begun);
        assert_eq!((vital.in_flight(), vital.unanswered()), (1, 1));
        drop(waiting);
        assert_eq!((vital.in_flight(), vital.unanswered()), (0, 0));
    }

    #[test]
    fn a_probe_is_given_back_when_its_request_ends_without_a_verdict() {
        let vital = Arc::new(Vital::default());
        for _ in 0..5 {
            vital.begin(1, false, Duration::ZERO).unwrap().failed(Fault::Server, None, Duration::ZERO);
        }
        let later = Duration::from_secs(1);
        let probes = [(); 2].map(|()| vital.begin(1, false, later).unwrap());
        assert!(vital.begin(1, false, later).is_none());
        assert!(vital.begin(1, true, later).is_some(), "the last resort is always tried");
        drop(probes);
        assert_eq!(vital.health(later), Health::Probing);
    }

    #[test]
    fn one_that_comes_back_is_unknown_until_it_has_answered_again() {
        let vital = Arc::new(Vital::default());
        let shape = sample(10).shape;
        let answers = |at: Duration| vital.begin(1, false, at).unwrap().succeeded(&sample(10), at);
        answers(Duration::ZERO);
        assert!(vital.estimate(shape, Duration::ZERO).is_some());
        for _ in 0..5 {
            vital.begin(1, false, Duration::ZERO).unwrap().failed(Fault::Server, None, Duration::ZERO);
        }
        let later = Duration::from_secs(3);
        assert_eq!((vital.health(later), vital.estimate(shape, later)), (Health::Probing, None));
        answers(later);
        assert_eq!(vital.estimate(shape, later), None, "one answer does not close it");
        answers(later);
        assert!(vital.estimate(shape, later).is_some());
    }

    #[test]
    fn tracking_again_keeps_what_was_learned() {
        let live = Live::default();
        let ids = [DeploymentId::from("a"), DeploymentId::from("b")];
        live.track(ids.iter());
        let vital = live.vital(&ids[0]).unwrap();
        vital.begin(1, false, Duration::ZERO).unwrap().succeeded(&sample(10), Duration::ZERO);
        live.track(ids[..1].iter());
        assert_eq!(live.vital(&ids[0]).unwrap().latency_ms(), Some(10.0));
        assert!(live.vital(&ids[1]).is_none());
    }

    #[test]
    fn each_workload_has_its_own_lane() {
        let live = Live::default();
        let (a, b) = (WorkloadId::from("a"), WorkloadId::from("b"));
        assert_eq!([live.lane(&a).turn(), live.lane(&a).turn(), live.lane(&b).turn()], [0, 1, 0]);
    }

    #[test]
    fn a_rejected_key_is_known_until_it_is_taken_again_and_no_other_key_clears_it() {
        let vital = Vital::default();
        vital.key_rejected(1);
        vital.key_rejected(64);
        vital.key_taken(0);
        assert_eq!([0, 1, 2, 64].map(|nth| vital.is_key_rejected(nth)), [false, true, false, false]);
        vital.key_taken(1);
        assert!(!vital.is_key_rejected(1));
    }
}

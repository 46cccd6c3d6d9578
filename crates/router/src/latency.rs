//! How fast a deployment answers, by the shape of the request: a long prompt with tools is not slow, it is long. Each
//! shape has two sketches, of the time to the first token and of the whole answer, over the last one to two minutes.
//!
//! A sketch is a histogram whose buckets grow by a quarter, in atomics; the two quantiles that routing reads are kept
//! ready by the writer, so that reading them is one load each.
//!
//! A few answers say little, and old ones less. An estimate carries its doubt, and is drawn by as much towards what its
//! rivals take: one slow answer makes nobody the slowest.

use std::{
    sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed},
    time::Duration,
};

use weir_core::route::Features;

/// Shapes told apart: four sizes of prompt, streamed or not, with tools or not.
const SHAPES: usize = 16;
/// From 1 ms by quarters to above 20 minutes.
const BUCKETS: usize = 64;
const GROWTH: f64 = 1.25;
/// Half of the window.
const HALF_S: u64 = 60;
/// Without an answer for this long nothing is known.
const FORGET_S: u64 = 300;
/// So many answers of its own count for as much as all that is known of its rivals.
const PRIOR: f64 = 4.0;
/// Up to this doubt an estimate stands as it is.
const SURE: f64 = 0.1;

/// What requests have in common that take alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape(usize);

impl Shape {
    /// The shape of a request.
    #[must_use]
    pub const fn of(features: &Features) -> Self {
        let size = match features.input_tokens {
            0..=256 => 0,
            257..=2_048 => 1,
            2_049..=16_384 => 2,
            _ => 3,
        };
        Self(size | (features.stream as usize) << 2 | (features.tools as usize) << 3)
    }
}

/// What is known of one shape at one deployment, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// Median.
    pub p50_ms: f64,
    /// 95th percentile.
    pub p95_ms: f64,
    /// `0..=1`: 0 with many recent answers, 1 without any.
    pub doubt: f64,
}

/// What a pool of deployments takes: the mean of the logarithms of their medians, since latencies differ by factors, each
/// with weight `1 - doubt`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pool {
    ln_ms: f64,
}

impl Pool {
    /// Of these medians and doubts; `None` when no doubt is worth the trouble.
    pub(crate) fn of(known: impl Iterator<Item = (f64, f64)> + Clone) -> Option<Self> {
        if !known.clone().any(|(_, doubt)| doubt > SURE) {
            return None;
        }
        let (sum, weight) = known.fold((0.0, 0.0), |(sum, weight), (ms, doubt)| {
            let own = 1.0 - doubt;
            (sum + own * ms.ln(), weight + own)
        });
        (weight > 0.0).then(|| Self { ln_ms: sum / weight })
    }

    /// By what a median is to be multiplied: `ln x' = (1 - doubt) ln x + doubt m`.
    pub(crate) fn draws(&self, ms: f64, doubt: f64) -> f64 {
        if doubt > SURE { (doubt * (self.ln_ms - ms.ln())).exp() } else { 1.0 }
    }
}

/// The sketches of one deployment.
#[derive(Debug)]
pub(crate) struct Latencies {
    /// First token, then whole answer, of each shape.
    shapes: Box<[[Rolling; 2]]>,
}

impl Default for Latencies {
    fn default() -> Self {
        Self { shapes: (0..SHAPES).map(|_| <[Rolling; 2]>::default()).collect() }
    }
}

impl Latencies {
    pub(crate) fn record(&self, shape: Shape, first: Option<Duration>, total: Option<Duration>, uptime: Duration) {
        let Some([firsts, totals]) = self.shapes.get(shape.0) else { return };
        if let Some(first) = first {
            firsts.record(first, uptime);
        }
        if let Some(total) = total {
            totals.record(total, uptime);
        }
    }

    /// What a caller of this shape waits for: the first token of a stream, else the whole answer. `None` without an
    /// answer since that second.
    pub(crate) fn estimate(&self, shape: Shape, since_s: u64, uptime: Duration) -> Option<Estimate> {
        let streamed = shape.0 & 4 != 0;
        let [firsts, totals] = self.shapes.get(shape.0)?;
        if streamed { firsts.estimate(since_s, uptime) } else { totals.estimate(since_s, uptime) }
    }
}

#[derive(Debug)]
struct Rolling {
    /// The minute each half counts, plus one; 0 before the first.
    minutes: [AtomicU64; 2],
    counts: [[AtomicU32; BUCKETS]; 2],
    p50: AtomicU32,
    p95: AtomicU32,
    /// Values behind the two.
    count: AtomicU32,
    /// Second of the newest value, plus one.
    newest: AtomicU64,
}

impl Default for Rolling {
    fn default() -> Self {
        Self {
            minutes: Default::default(),
            counts: std::array::from_fn(|_| std::array::from_fn(|_| AtomicU32::new(0))),
            p50: AtomicU32::new(0),
            p95: AtomicU32::new(0),
            count: AtomicU32::new(0),
            newest: AtomicU64::new(0),
        }
    }
}

impl Rolling {
    fn record(&self, took: Duration, uptime: Duration) {
        let minute = uptime.as_secs() / HALF_S + 1;
        let half = (minute % 2) as usize;
        let ([Some(at), Some(other)], Some(counts)) =
            ([self.minutes.get(half), self.minutes.get(1 - half)], self.counts.get(half))
        else {
            return;
        };
        let seen = at.load(Relaxed);
        if seen != minute && at.compare_exchange(seen, minute, Relaxed, Relaxed).is_ok() {
            // Whoever starts the minute clears it; what others add in between is lost, which is harmless.
            for count in counts {
                count.store(0, Relaxed);
            }
        }
        if let Some(count) = counts.get(bucket(took)) {
            count.fetch_add(1, Relaxed);
        }
        let before = (other.load(Relaxed) + 1 == minute).then(|| self.counts.get(1 - half)).flatten();
        self.settle(counts, before);
        self.newest.store(uptime.as_secs() + 1, Relaxed);
    }

    /// Puts the quantiles where readers find them.
    fn settle(&self, now: &[AtomicU32; BUCKETS], before: Option<&[AtomicU32; BUCKETS]>) {
        let mut sums = [0_u32; BUCKETS];
        let mut total = 0_u32;
        for (index, sum) in sums.iter_mut().enumerate() {
            let of = |counts: &[AtomicU32; BUCKETS]| counts.get(index).map_or(0, |count| count.load(Relaxed));
            *sum = of(now).saturating_add(before.map_or(0, of));
            total = total.saturating_add(*sum);
        }
        let quantile = |share: f64| {
            let rank = (share * f64::from(total)).ceil() as u32;
            let mut below = 0_u32;
            let place = sums.iter().position(|sum| {
                below = below.saturating_add(*sum);
                below >= rank
            });
            value(place.unwrap_or(0)) as f32
        };
        self.p50.store(quantile(0.5).to_bits(), Relaxed);
        self.p95.store(quantile(0.95).to_bits(), Relaxed);
        self.count.store(total, Relaxed);
    }

    fn estimate(&self, since_s: u64, uptime: Duration) -> Option<Estimate> {
        let newest = self.newest.load(Relaxed);
        let age_s = (uptime.as_secs() + 1).saturating_sub(newest);
        if newest <= since_s || age_s > FORGET_S {
            return None;
        }
        let read = |of: &AtomicU32| f64::from(f32::from_bits(of.load(Relaxed)));
        let count = f64::from(self.count.load(Relaxed));
        let fresh = 1.0 - age_s as f64 / FORGET_S as f64;
        let doubt = 1.0 - fresh * count / (count + PRIOR);
        Some(Estimate { p50_ms: read(&self.p50), p95_ms: read(&self.p95), doubt })
    }
}

fn bucket(took: Duration) -> usize {
    let ms = took.as_secs_f64() * 1_000.0;
    let index = if ms <= 1.0 { 0.0 } else { (ms.ln() / GROWTH.ln()).ceil() };
    (index as usize).min(BUCKETS - 1)
}

/// The middle of a bucket, in milliseconds.
fn value(bucket: usize) -> f64 {
    GROWTH.powi(i32::try_from(bucket).unwrap_or(0)) / GROWTH.sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: Shape = Shape::of(&Features {
        input_tokens: 10,
        max_output_tokens: None,
        stream: false,
        tools: false,
        vision: false,
        json_schema: false,
        session: false,
        complexity: None,
        language: None,
    });

    #[test]
    fn quantiles_are_right_to_an_eighth_and_each_shape_has_its_own() {
        let latencies = Latencies::default();
        for ms in 1..=100_u64 {
            latencies.record(SHORT, None, Some(Duration::from_millis(ms * 10)), Duration::ZERO);
        }
        let found = latencies.estimate(SHORT, 0, Duration::ZERO).unwrap();
        assert!((found.p50_ms / 500.0 - 1.0).abs() < 0.13, "{found:?}");
        assert!((found.p95_ms / 950.0 - 1.0).abs() < 0.13, "{found:?}");
        let long = Shape::of(&Features { input_tokens: 100_000, ..Features::default() });
        assert_eq!(latencies.estimate(long, 0, Duration::ZERO), None);
    }

    #[test]
    fn doubt_falls_with_answers_and_grows_with_silence() {
        let (latencies, took) = (Latencies::default(), Duration::from_millis(10));
        let doubt = |at_s: u64| latencies.estimate(SHORT, 0, Duration::from_secs(at_s)).unwrap().doubt;
        let mut last = 1.0;
        for count in 1..=40_u32 {
            latencies.record(SHORT, None, Some(took), Duration::ZERO);
            let now = doubt(0);
            assert!(now < last && now > 0.0, "{count}: {now}");
            assert!((now - PRIOR / (f64::from(count) + PRIOR)).abs() < 1e-9, "{count}: {now}");
            last = now;
        }
        assert!(last < SURE);
        for at_s in [30, 60, 150, 299] {
            assert!(doubt(at_s) > last);
            last = doubt(at_s);
        }
        assert!(last > 0.99, "there is no step to the silence after which nothing is known");
    }

    #[test]
    fn what_was_slow_two_minutes_ago_is_forgotten_and_silence_is_no_evidence() {
        let latencies = Latencies::default();
        latencies.record(SHORT, None, Some(Duration::from_secs(9)), Duration::ZERO);
        let later = Duration::from_secs(125);
        latencies.record(SHORT, None, Some(Duration::from_millis(20)), later);
        assert!(latencies.estimate(SHORT, 0, later).unwrap().p95_ms < 30.0);
        assert_eq!(latencies.estimate(SHORT, 0, later + Duration::from_secs(301)), None);
        assert_eq!(latencies.estimate(SHORT, 126, later), None, "it came back since");
    }
}

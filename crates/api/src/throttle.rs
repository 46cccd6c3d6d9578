//! How many scores one key may post: a token bucket per key. Scores steer routing and each is a durable write, so one
//! caller must neither fill the log nor keep others from writing. The number of buckets is the number of keys.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// Seconds of the rate that may come at once.
const BURST_S: f64 = 5.0;

/// Buckets by the key's name.
#[derive(Debug, Default)]
pub(crate) struct Throttle(Mutex<HashMap<Arc<str>, Bucket>>);

#[derive(Debug, Clone, Copy)]
struct Bucket {
    tokens: f64,
    filled: Duration,
}

impl Throttle {
    /// Takes one token of `name`'s bucket, which fills at `per_s` tokens a second. `now` is monotonic time.
    ///
    /// # Errors
    /// How long until there is one.
    pub(crate) fn take(&self, name: &Arc<str>, per_s: u32, now: Duration) -> Result<(), Duration> {
        let rate = f64::from(per_s.max(1));
        let most = rate * BURST_S;
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let bucket = buckets.entry(Arc::clone(name)).or_insert(Bucket { tokens: most, filled: now });
        let since = now.saturating_sub(bucket.filled).as_secs_f64();
        bucket.tokens = (bucket.tokens + since * rate).min(most);
        bucket.filled = bucket.filled.max(now);
        if bucket.tokens >= 1.0 {
            bucket.tokens -= 1.0;
            return Ok(());
        }
        Err(Duration::from_secs_f64((1.0 - bucket.tokens) / rate))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_and_then_the_rate_and_keys_do_not_share() {
        let throttle = Throttle::default();
        let (one, other): (Arc<str>, Arc<str>) = ("one".into(), "other".into());
        let passed = |name, ms, tries: u32| {
            (0..tries).filter(|_| throttle.take(name, 10, Duration::from_millis(ms)).is_ok()).count()
        };
        assert_eq!(passed(&one, 0, 1_000), 50);
        assert_eq!(throttle.take(&one, 10, Duration::ZERO), Err(Duration::from_millis(100)));
        assert_eq!(passed(&one, 1_000, 1_000), 10);
        assert_eq!(passed(&other, 1_000, 1_000), 50);
        assert_eq!(passed(&one, 3_600_000, 1_000), 50, "an idle hour saves up no more than a burst");
        assert_eq!(passed(&one, 0, 1_000), 0, "a clock that steps back gives nothing");
    }
}

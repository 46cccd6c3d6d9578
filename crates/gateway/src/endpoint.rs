//! Where a deployment is reached: its keys, used in turn, and a gate that bounds the requests it gets at once.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use weir_config::Gate;
use weir_providers::transport::Target;

/// A key that was refused for rate, without a word on how long, rests this long.
const REST: Duration = Duration::from_secs(1);
/// A key that was rejected is tried again after this long: it may have been restored.
const REJECTED: Duration = Duration::from_secs(300);

/// One deployment's keys and gate.
#[derive(Debug)]
pub struct Endpoint {
    keys: Box<[Arc<Key>]>,
    turn: AtomicUsize,
    gate: Option<Bound>,
}

/// The same address with one of its keys.
#[derive(Debug)]
pub(crate) struct Key {
    /// Its place among the deployment's keys.
    pub(crate) nth: usize,
    pub(crate) target: Target,
    /// Uptime in microseconds.
    rests_until: AtomicU64,
}

#[derive(Debug)]
struct Bound {
    places: Arc<Semaphore>,
    waiting: AtomicUsize,
    gate: Gate,
}

/// A place at a deployment; `None` where their number is not bound.
pub(crate) type Place = Option<OwnedSemaphorePermit>;

/// No place became free in time.
#[derive(Debug)]
pub(crate) struct Full;

impl Endpoint {
    /// The same address with each of these keys; without any it cannot be called.
    #[must_use]
    pub fn new(targets: impl IntoIterator<Item = Target>, gate: Option<Gate>) -> Self {
        let key = |(nth, target)| Arc::new(Key { nth, target, rests_until: AtomicU64::new(0) });
        let bound = |gate: Gate| Bound {
            places: Arc::new(Semaphore::new(gate.concurrency)),
            waiting: AtomicUsize::new(0),
            gate,
        };
        Self {
            keys: targets.into_iter().enumerate().map(key).collect(),
            turn: AtomicUsize::new(0),
            gate: gate.map(bound),
        }
    }

    /// The next key that does not rest; the next one whatever when all do.
    pub(crate) fn key(&self, uptime: Duration) -> Option<&Arc<Key>> {
        if let [only] = &*self.keys {
            return Some(only);
        }
        let from = self.turn.fetch_add(1, Relaxed);
        let nth = |step: usize| self.keys.get((from + step) % self.keys.len().max(1));
        let rested = (0..self.keys.len()).filter_map(nth).find(|key| key.is_rested(uptime));
        rested.or_else(|| nth(0))
    }

    /// True when another key than a resting one is left.
    pub(crate) fn has_rested_key(&self, uptime: Duration) -> bool {
        self.keys.iter().any(|key| key.is_rested(uptime))
    }

    /// A place, waiting in the queue where there is room in it.
    ///
    /// # Errors
    /// When the queue is full or no place became free in time.
    pub(crate) async fn place(&self) -> Result<Place, Full> {
        let Some(bound) = &self.gate else {
            return Ok(None);
        };
        if let Ok(place) = Arc::clone(&bound.places).try_acquire_owned() {
            return Ok(Some(place));
        }
        let _waiting = Waiting::new(bound).ok_or(Full)?;
        let wait = Duration::from_millis(bound.gate.queue_ms);
        let place = tokio::time::timeout(wait, Arc::clone(&bound.places).acquire_owned()).await;
        place.ok().and_then(Result::ok).map(Some).ok_or(Full)
    }
}

impl Key {
    fn is_rested(&self, uptime: Duration) -> bool {
        self.rests_until.load(Relaxed) <= micros(uptime)
    }
    /// It was refused for rate.
    pub(crate) fn limited(&self, wait: Option<Duration>, uptime: Duration) {
        self.rests_until.store(micros(uptime + wait.unwrap_or(REST)), Relaxed);
    }
    /// It was rejected.
    pub(crate) fn rejected(&self, uptime: Duration) {
        self.rests_until.store(micros(uptime + REJECTED), Relaxed);
    }
}

/// A place in the queue, given back when dropped.
struct Waiting<'a>(&'a Bound);

impl<'a> Waiting<'a> {
    fn new(bound: &'a Bound) -> Option<Self> {
        let room = |waiting: usize| (waiting < bound.gate.queue).then_some(waiting + 1);
        bound.waiting.try_update(Relaxed, Relaxed, room).ok().map(|_| Self(bound))
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Relaxed);
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(keys: usize, gate: Option<Gate>) -> Endpoint {
        let target = |nth| Target::chat("https://example.com/v1", Some(format!("key-{nth}").into()), false).unwrap();
        Endpoint::new((0..keys).map(target), gate)
    }

    fn name(key: &Key) -> String {
        use weir_config::ExposeSecret as _;
        key.target.secret().unwrap().expose_secret().to_owned()
    }

    #[test]
    fn keys_take_turns_and_those_that_rest_are_passed_over() {
        let endpoint = endpoint(3, None);
        let names: Vec<_> = (0..4).map(|_| name(endpoint.key(Duration::ZERO).unwrap())).collect();
        assert_eq!(names, ["key-0", "key-1", "key-2", "key-0"]);
        endpoint.key(Duration::ZERO).unwrap().limited(None, Duration::ZERO);
        endpoint.key(Duration::ZERO).unwrap().rejected(Duration::ZERO);
        for _ in 0..3 {
            assert_eq!(name(endpoint.key(Duration::from_millis(999)).unwrap()), "key-0");
        }
        let later: std::collections::BTreeSet<_> =
            (0..6).map(|_| name(endpoint.key(Duration::from_secs(1)).unwrap())).collect();
        assert_eq!(later.len(), 2, "the limited one is back, the rejected one is not");
    }

    #[tokio::test(start_paused = true)]
    async fn a_gate_lets_so_many_in_and_so_many_wait_for_so_long() {
        let endpoint = endpoint(1, Some(Gate { concurrency: 1, queue: 1, queue_ms: 500 }));
        let first = endpoint.place().await.unwrap();
        assert!(first.is_some());
        let (waited, refused) = tokio::join!(endpoint.place(), async {
            let start = tokio::time::Instant::now();
            let refused = endpoint.place().await;
            assert!(start.elapsed().is_zero(), "a full queue refuses at once");
            refused
        });
        assert!(waited.is_err() && refused.is_err());
        let (second, ()) = tokio::join!(endpoint.place(), async { drop(first) });
        assert!(second.is_ok());
    }
}

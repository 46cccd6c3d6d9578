//! Who says nothing any more, and who may have gone with it. A breaker learns of its own deployment only: when a region is
//! lost, the next one there would have to be waited for until its own breaker knows. So whoever stands beside one whose
//! breaker silence has opened, and was not heard since, is in doubt: a few requests go on asking it, and the others go
//! to another region first.

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

use weir_core::decision::Health;

use crate::{
    Fault,
    slate::{Context, Entry, Slate},
};

/// Requests that one in doubt may leave unanswered and still be asked in its turn: they are what shows that it is well. A
/// stream that has begun shows nothing more until it ends.
const TRIALS: u32 = 2;

/// When one deployment was last heard of, and since when it is silent. Microseconds of uptime plus one; 0 is never.
#[derive(Debug, Default)]
pub(crate) struct Silence {
    since: AtomicU64,
    heard: AtomicU64,
}

impl Silence {
    /// A word came, good or bad.
    pub(crate) fn broken(&self, uptime: Duration) {
        // Of two words that come at once the later one counts.
        self.heard.fetch_max(stamp(uptime), Relaxed);
    }

    /// A call failed; `open` says whether its breaker is.
    pub(crate) fn failed(&self, fault: Fault, open: bool, uptime: Duration) {
        if !matches!(fault, Fault::Connect | Fault::Timeout) {
            self.broken(uptime);
        } else if open && self.read().1.is_none() {
            self.since.store(stamp(uptime), Relaxed);
        }
    }

    /// When it was last heard of, and since when it is silent: `None` when it was heard since, or its breaker never opened
    /// for it.
    pub(crate) fn read(&self) -> (u64, Option<u64>) {
        let (heard, since) = (self.heard.load(Relaxed), self.since.load(Relaxed));
        (heard, (since > heard).then_some(since))
    }
}

/// Notes who is in doubt.
pub(crate) fn doubt(entries: &mut [Entry], context: &Context<'_>) {
    if entries.iter().all(|entry| entry.silent_since.is_none()) {
        return;
    }
    for index in 0..entries.len() {
        let region = context.region(index);
        let Some(own) = entries.get(index).filter(|own| !region.is_empty() && own.state.health == Health::Up) else {
            continue;
        };
        let lost = entries.iter().enumerate().any(|(other, entry)| {
            let unheard = entry.silent_since.is_some_and(|since| own.heard < since);
            unheard && other != index && context.region(other) == region
        });
        if let Some(entry) = entries.get_mut(index) {
            entry.state.doubted = lost;
        }
    }
}

/// Whether this one is to be asked after those in other regions: it is in doubt, enough requests are finding out, and there
/// is one elsewhere that is in none and serves.
pub(crate) fn waits(slate: &Slate, context: &Context<'_>, index: usize) -> bool {
    if slate.entry(index).is_none_or(|entry| !entry.state.doubted || entry.unanswered < TRIALS) {
        return false;
    }
    let region = context.region(index);
    slate.order.iter().any(|&other| {
        let at = context.region(other);
        let sound = |entry: &Entry| entry.state.health == Health::Up && !entry.state.doubted;
        !at.is_empty() && at != region && slate.entry(other).is_some_and(sound)
    })
}

fn stamp(uptime: Duration) -> u64 {
    u64::try_from(uptime.as_micros()).unwrap_or(u64::MAX - 1).saturating_add(1)
}

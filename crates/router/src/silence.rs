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
    Fault, Vital,
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
        self.heard.store(stamp(uptime), Relaxed);
    }

    /// A call failed; `open` says whether its breaker is.
    pub(crate) fn failed(&self, fault: Fault, open: bool, uptime: Duration) {
        if !matches!(fault, Fault::Connect | Fault::Timeout) {
            self.broken(uptime);
        } else if open && self.since().is_none() {
            self.since.store(stamp(uptime), Relaxed);
        }
    }

    /// Since when it is silent; `None` when it was heard since, or its breaker never opened for it.
    fn since(&self) -> Option<u64> {
        let since = self.since.load(Relaxed);
        (since > self.heard.load(Relaxed)).then_some(since)
    }

    fn unheard_since(&self, moment: u64) -> bool {
        self.heard.load(Relaxed) < moment
    }
}

/// Notes who is in doubt. Costs two loads for each candidate while nobody is silent.
pub(crate) fn doubt<'v>(entries: &mut [Entry], context: &Context<'_>, vital: impl Fn(usize) -> Option<&'v Vital>) {
    let silence = |index: usize| vital(index).map(|vital| &vital.silence);
    let silent = |index: usize| silence(index).and_then(Silence::since).map(|since| (context.region(index), since));
    if (0..entries.len()).all(|index| silent(index).is_none()) {
        return;
    }
    let count = entries.len();
    for (index, entry) in entries.iter_mut().enumerate() {
        let region = context.region(index);
        let (false, Some(own)) = (region.is_empty(), silence(index)) else { continue };
        let mut others = (0..count).filter(|other| *other != index).filter_map(silent);
        let lost = others.any(|(of, since)| of == region && own.unheard_since(since));
        entry.state.doubted = lost && entry.state.health == Health::Up;
    }
}

/// Whether this one is to be asked after those in other regions: it is in doubt, enough requests are finding out, and there
/// is one elsewhere that is in none.
pub(crate) fn waits(slate: &Slate, context: &Context<'_>, index: usize) -> bool {
    let region = context.region(index);
    let elsewhere = |other: usize| {
        let at = context.region(other);
        !at.is_empty() && at != region && slate.entry(other).is_some_and(|entry| !entry.state.doubted)
    };
    slate.entry(index).is_some_and(|entry| entry.state.doubted && entry.unanswered >= TRIALS)
        && slate.order.iter().any(|&other| elsewhere(other))
}

fn stamp(uptime: Duration) -> u64 {
    u64::try_from(uptime.as_micros()).unwrap_or(u64::MAX - 1).saturating_add(1)
}

//! Which deployment a session last came to: its provider has the prompt in its cache, so the same prompt is cheaper
//! there. A fixed table of atomics; a session that is pushed out only costs what it would have cost anyway.

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

const PLACES: usize = 16_384;
/// How long providers keep a prompt.
const MINUTES: u64 = 5;

/// Sessions and where they are warm.
#[derive(Debug)]
pub(crate) struct Warm(Box<[AtomicU64]>);

impl Default for Warm {
    fn default() -> Self {
        Self((0..PLACES).map(|_| AtomicU64::new(0)).collect())
    }
}

/// A word holds the upper half of the session's hash, the deployment's tag and the minute.
const fn word(session: u64, tag: u16, minute: u64) -> u64 {
    (session & 0xffff_ffff_0000_0000) | ((tag as u64) << 16) | (minute & 0xffff)
}

const fn minute(uptime: Duration) -> u64 {
    uptime.as_secs() / 60
}

impl Warm {
    pub(crate) fn note(&self, session: u64, tag: u16, uptime: Duration) {
        if let Some(place) = self.0.get(session as usize % PLACES) {
            place.store(word(session, tag, minute(uptime)), Relaxed);
        }
    }

    /// The tag of the deployment where the session is warm.
    pub(crate) fn tag(&self, session: u64, uptime: Duration) -> Option<u16> {
        let found = self.0.get(session as usize % PLACES)?.load(Relaxed);
        let same = found != 0 && (found ^ session) >> 32 == 0;
        let age = minute(uptime).wrapping_sub(found) & 0xffff;
        (same && age < MINUTES).then_some((found >> 16) as u16)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_warm_where_it_last_was_for_five_minutes() {
        let warm = Warm::default();
        let session = 0x1234_5678_9abc_def0;
        assert_eq!(warm.tag(session, Duration::ZERO), None);
        warm.note(session, 7, Duration::from_secs(60));
        assert_eq!(warm.tag(session, Duration::from_secs(350)), Some(7));
        assert_eq!(warm.tag(session, Duration::from_secs(361)), None);
        assert_eq!(warm.tag(session ^ (1 << 40), Duration::from_secs(61)), None);
    }
}

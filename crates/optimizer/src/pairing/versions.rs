//! Which version of each scorer is folded. Both arms are scored by the same one at any time, but what was proven under one
//! version is no proof under the next: folding stops before the first unit with another version of the canary's scorer or of
//! one of its guards.

use std::sync::Arc;

use weir_core::ScorerName;

/// A scorer's version that is not the one that is folded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherVersion {
    /// The guard; `None` for the canary's own scorer.
    pub guard: Option<ScorerName>,
    /// The version that is folded.
    pub was: Arc<str>,
    /// The one that came after it.
    pub now: Arc<str>,
}

/// A version by the place of its scorer: 0 for the canary's own, then the guards in the plan's order.
pub(super) type Version = (usize, Arc<str>);

/// The first version that came of each scorer, and the first other one.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Versions {
    folded: Vec<Option<Arc<str>>>,
    other: Option<(usize, Arc<str>, Arc<str>)>,
}

impl Versions {
    /// Whether a unit with these words may be folded; once one may not, none may.
    pub(super) fn take(&mut self, seen: &[Version]) -> bool {
        for (place, version) in seen {
            if self.folded.len() <= *place {
                self.folded.resize_with(place + 1, || None);
            }
            let Some(folded) = self.folded.get_mut(*place) else { continue };
            let folded = folded.get_or_insert_with(|| Arc::clone(version));
            if folded != version && self.other.is_none() {
                self.other = Some((*place, Arc::clone(folded), Arc::clone(version)));
            }
        }
        !self.have_changed()
    }

    /// Whether folding has stopped.
    pub(super) const fn have_changed(&self) -> bool {
        self.other.is_some()
    }

    /// The folded version of the canary's own scorer.
    pub(super) fn own(&self) -> Option<&Arc<str>> {
        self.folded.first()?.as_ref()
    }

    /// The first other version of any scorer.
    pub(super) fn other(&self, guards: &[ScorerName]) -> Option<OtherVersion> {
        let (place, was, now) = self.other.as_ref()?;
        let guard = place.checked_sub(1).and_then(|place| guards.get(place)).cloned();
        Some(OtherVersion { guard, was: Arc::clone(was), now: Arc::clone(now) })
    }
}

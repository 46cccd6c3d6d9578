//! Which version of a scorer steers. A changed scorer steers as soon as it speaks; a late word of the version before it
//! does not take the wheel back, but a version that was put back into force does, after a few words.

use std::sync::Arc;

use weir_core::score::Source;

/// Words in a row that put an older version back.
const WORDS_BACK: u32 = 8;
/// Words in a row that a version posted through the API needs: one caller's typing error must not empty a window.
const WORDS_POSTED: u32 = 20;

/// The versions that a scorer spoke in on one workload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Versions {
    current: Arc<str>,
    known: Vec<Arc<str>>,
    challenger: Option<(Arc<str>, u32)>,
}

impl Versions {
    pub(super) fn new(first: &Arc<str>) -> Self {
        Self { current: Arc::clone(first), known: vec![Arc::clone(first)], challenger: None }
    }

    pub(super) const fn current(&self) -> &Arc<str> {
        &self.current
    }

    /// Takes in one word of this version.
    pub(super) fn speak(&mut self, version: &Arc<str>, source: Source) {
        if *version == self.current {
            self.challenger = None;
            return;
        }
        let new = !self.known.contains(version);
        let wanted = match (source, new) {
            (Source::Api, _) => WORDS_POSTED,
            (_, true) => 1,
            (_, false) => WORDS_BACK,
        };
        let words = match &self.challenger {
            Some((challenger, words)) if challenger == version => words + 1,
            _ => 1,
        };
        if words < wanted {
            self.challenger = Some((Arc::clone(version), words));
            return;
        }
        if new {
            self.known.push(Arc::clone(version));
        }
        self.current = Arc::clone(version);
        self.challenger = None;
    }
}

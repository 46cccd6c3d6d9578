//! What a translation cannot say: refused with its name, or dropped and noted.

use std::fmt;

/// How much is lost without it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Weight {
    /// The answer would be another one: refused unless the workload is lenient.
    Matters,
    /// The answer is the same: dropped and noted. Cache hints, ids for abuse reports, positions.
    Hint,
}

/// Places in the caller's document that the target cannot express.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Losses(Vec<(String, Weight)>);

/// A request that the target's dialect cannot express.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Untranslatable {
    /// JSON paths of what is lost: `$.logit_bias`.
    pub fields: Vec<String>,
    /// The target's dialect.
    pub dialect: &'static str,
}

impl fmt::Display for Untranslatable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fields: Vec<_> = self.fields.iter().map(|field| format!("`{field}`")).collect();
        write!(f, "{} cannot be expressed in the dialect {}", fields.join(", "), self.dialect)
    }
}

/// Most places named in one error or on one span.
const MOST: usize = 32;

impl Losses {
    pub(crate) fn matters(&mut self, path: impl Into<String>) {
        self.note(path.into(), Weight::Matters);
    }
    pub(crate) fn hint(&mut self, path: impl Into<String>) {
        self.note(path.into(), Weight::Hint);
    }
    fn note(&mut self, path: String, weight: Weight) {
        if self.0.len() < MOST && !self.0.iter().any(|(known, _)| *known == path) {
            self.0.push((path, weight));
        }
    }

    /// What was dropped.
    ///
    /// # Errors
    /// Something that matters is among it, and the workload is not lenient.
    pub(crate) fn settle(self, lenient: bool, dialect: &'static str) -> Result<Vec<String>, Untranslatable> {
        let refused = |(_, weight): &&(String, Weight)| *weight == Weight::Matters && !lenient;
        let fields: Vec<_> = self.0.iter().filter(refused).map(|(path, _)| path.clone()).collect();
        if !fields.is_empty() {
            return Err(Untranslatable { fields, dialect });
        }
        Ok(self.0.into_iter().map(|(path, _)| path).collect())
    }
}

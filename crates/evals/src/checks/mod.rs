//! Programmatic checks, one file a family. Each file holds the family's definition as written in a configuration, its
//! exact formula, the public package whose numbers it must equal, and the vectors that prove it.
//!
//! To add a family: a file with a spec struct (`deny_unknown_fields`, defaults skipped when serialised) and a
//! `compile`, a variant in [`crate::spec::ScorerSpec`], a name in `KINDS`.

pub mod exact;
pub mod json;
pub mod json_diff;
pub mod levenshtein;
pub mod limits;
pub mod matching;
pub mod number;
pub mod overlap;
pub mod pattern;
pub mod substring;
mod words;

use crate::exchange::{Exchange, Outcome};

/// A compiled check. The caller has made sure that there is an answer.
pub(crate) trait Check: Send + Sync {
    /// Grades one answer.
    fn check(&self, exchange: &Exchange<'_>) -> Outcome;
}

/// Leaves defaults out of the canonical form, so that a new optional field changes no version.
pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

#[cfg(test)]
pub(crate) mod testing {
    //! One call from a TOML definition to an outcome.

    use weir_core::chat::Answer;

    use crate::{Exchange, Outcome, Reference, ScorerSpec, compile};

    pub(crate) fn run(spec: &str, answer: &str, expected: serde_json::Value) -> Outcome {
        let value: toml::Value = toml::from_str::<toml::Table>(spec).unwrap().into();
        let spec = ScorerSpec::parse(&serde_json::to_value(value).unwrap()).unwrap();
        let answer = Answer { text: answer.into(), ..Answer::default() };
        let reference = Reference::expecting(expected);
        compile(&spec).unwrap().run(&Exchange { messages: &[], answer: &answer, reference: Some(&reference) })
    }

    pub(crate) fn grade(spec: &str, answer: &str, expected: serde_json::Value) -> f64 {
        run(spec, answer, expected).value().unwrap()
    }

    pub(crate) fn close(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-9
    }
}

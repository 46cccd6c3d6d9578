//! Programmatic checks, one file a family. Each file holds the family's definition as written in a configuration, its
//! exact formula, the public package whose numbers it must equal, and the vectors that prove it.
//!
//! To add a family: a file with a spec struct (`deny_unknown_fields`, defaults skipped when serialised) and a
//! `compile`, a variant in [`crate::spec::ScorerSpec`], a name in `KINDS`.

pub mod bleu;
pub mod chrf;
pub mod code_exec;
pub mod diversity;
pub mod error_rate;
pub mod exact;
pub mod expr;
pub mod forms;
pub mod json;
pub mod json_diff;
pub mod levenshtein;
pub mod limits;
pub mod list_contains;
pub mod matching;
pub mod measured;
pub mod meteor;
mod ngrams;
pub mod number;
mod numeral;
pub mod overlap;
pub mod pattern;
mod porter;
mod python;
pub mod quotes;
pub mod readability;
pub mod refusal;
pub mod retrieval;
pub mod rouge;
pub mod secrets;
pub mod substring;
pub mod ter;
mod text;
pub mod tools;
pub mod trajectory;
mod words;
mod xml;

pub(crate) use self::exact::shorten as shortened;
use crate::exchange::{Exchange, Outcome};

/// A compiled check.
pub(crate) trait Check: Send + Sync {
    /// Grades one answer.
    fn check(&self, exchange: &Exchange<'_>) -> Outcome;
    /// What it looks at, which decides what an answer without text means to it.
    fn reads(&self) -> Reads {
        Reads::Text
    }
    /// Whether it looks at what was asked, not only at the answer.
    fn reads_prompt(&self) -> bool {
        false
    }
    /// It may take a second: not for where many answers are graded in a row.
    fn is_heavy(&self) -> bool {
        false
    }
}

/// What a check looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reads {
    /// The text, which may be empty.
    Text,
    /// The text, of which there must be some.
    Response,
    /// Not the text, or not only: tool calls, timings.
    Run,
}

/// Leaves defaults out of the canonical form, so that a new optional field changes no version.
pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

#[cfg(test)]
pub(crate) mod testing {
    //! One call from a TOML definition to an outcome.

    use weir_core::chat::{Answer, ToolCall};

    use crate::{Exchange, Outcome, Reference, ScorerSpec, compile};

    pub(crate) fn run(spec: &str, answer: &str, expected: serde_json::Value) -> Outcome {
        let value: toml::Value = toml::from_str::<toml::Table>(spec).unwrap().into();
        let spec = ScorerSpec::parse(&serde_json::to_value(value).unwrap()).unwrap();
        let answer = Answer { text: answer.into(), ..Answer::default() };
        let reference = Reference::expecting(expected);
        compile(&spec).unwrap().run(&Exchange::new(&[], &answer, Some(&reference)))
    }

    /// Runs a scorer on an answer that is only tool calls: pairs of name and arguments.
    pub(crate) fn with_calls(spec: &str, calls: &serde_json::Value, expected: Option<serde_json::Value>) -> Outcome {
        let value: toml::Value = toml::from_str::<toml::Table>(spec).unwrap().into();
        let spec = ScorerSpec::parse(&serde_json::to_value(value).unwrap()).unwrap();
        let calls = calls.as_array().unwrap().iter();
        let tool_calls = calls
            .map(|call| ToolCall { name: call[0].as_str().unwrap().into(), arguments: call[1].to_string() })
            .collect();
        let answer = Answer { tool_calls, ..Answer::default() };
        let expected_tools = expected.map(|tools| serde_json::from_value(tools).unwrap());
        let reference = Reference { expected_tools, ..Reference::default() };
        compile(&spec).unwrap().run(&Exchange::new(&[], &answer, Some(&reference)))
    }

    pub(crate) fn grade(spec: &str, answer: &str, expected: serde_json::Value) -> f64 {
        run(spec, answer, expected).value().unwrap()
    }

    pub(crate) fn close(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-9
    }
}

//! What came of a grader: its score, or what kept it from one.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Graded;

/// What a grader did with one sample.
#[derive(Debug, Clone, PartialEq)]
pub struct Ran {
    /// Its score, or why there is none.
    pub result: Result<Graded, Fault>,
    /// The scores of a `multi`'s graders, as far as they got.
    pub parts: BTreeMap<String, f64>,
    /// Tokens that its models took, by model.
    pub tokens: BTreeMap<String, u64>,
}

/// Why a grader has no score: the instrument's failure, never the sample's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The model could not be asked, or failed.
    #[error("{0}")]
    Model(String),
    /// The model would not answer.
    #[error("the grader refused: {0}")]
    Refused(String),
    /// The model said something else than it was asked for.
    #[error("{0}")]
    Reply(String),
    /// A template names what is not there.
    #[error("`{0}` leads nowhere")]
    Name(String),
    /// The formula has no number for these scores.
    #[error("{0}")]
    Formula(String),
    /// The texts cannot be compared.
    #[error("{0}")]
    Other(String),
}

/// A sample as templates read it: `output_text`, and `output_json` where the text is JSON.
#[must_use]
pub fn sample_of(text: &str) -> Value {
    let mut sample = json!({ "output_text": text });
    if let Ok(value) = serde_json::from_str(text) {
        sample["output_json"] = value;
    }
    sample
}

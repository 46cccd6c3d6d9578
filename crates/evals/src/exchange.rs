//! What a scorer sees, and what it says.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use weir_core::{
    Grade,
    chat::{Answer, Message},
    score::{Unscored, Verdict},
};

use crate::canonical::canonical_json;

/// One answer with what it answered and what it should have been.
#[derive(Debug, Clone, Copy)]
pub struct Exchange<'a> {
    /// The conversation that was sent.
    pub messages: &'a [Message],
    /// What came back.
    pub answer: &'a Answer,
    /// What is known about the right answer; `None` for traffic without a dataset item.
    pub reference: Option<&'a Reference>,
    /// What was measured while it was answered; `None` when nothing was.
    pub measured: Option<&'a Measured>,
}

/// What was measured while a request was answered.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Measured {
    /// Request received to last byte, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<f64>,
    /// Request received to first byte of the answer, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttft_ms: Option<f64>,
    /// All attempts together, in dollars.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_usd: Option<f64>,
    /// Tokens of the prompt and the answer together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens: Option<u64>,
    /// Attempts after the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retries: Option<u64>,
    /// The answer came from a cache.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cached: bool,
}

/// What is known about the right answer.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Reference {
    /// The right answer: text, number or JSON. A list of texts or numbers means any of them to text scorers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<Value>,
    /// Passages the answer should rest on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub context: Vec<String>,
    /// What a good answer must do, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub criteria: Option<String>,
    /// The tools that a good answer calls, in order; `None` when nothing is known, empty when it should call none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_tools: Option<Vec<ExpectedTool>>,
    /// The answer it is compared with by pairwise judges.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<String>,
}

/// A tool call that is expected. In a file: its name alone, or name and arguments.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(from = "WrittenTool")]
pub struct ExpectedTool {
    /// Which tool.
    pub name: String,
    /// Its arguments, an object; any when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arguments: Option<Value>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum WrittenTool {
    Name(String),
    Call {
        name: String,
        #[serde(default, alias = "args", alias = "input_parameters", alias = "inputParameters")]
        arguments: Option<Value>,
    },
}

impl From<WrittenTool> for ExpectedTool {
    fn from(written: WrittenTool) -> Self {
        match written {
            WrittenTool::Name(name) => Self { name, arguments: None },
            WrittenTool::Call { name, arguments } => Self { name, arguments },
        }
    }
}

impl Reference {
    /// A reference that is only an expected answer.
    #[must_use]
    pub fn expecting(expected: impl Into<Value>) -> Self {
        Self { expected: Some(expected.into()), ..Self::default() }
    }
}

impl<'a> Exchange<'a> {
    /// An exchange of which nothing was measured.
    #[must_use]
    pub const fn new(messages: &'a [Message], answer: &'a Answer, reference: Option<&'a Reference>) -> Self {
        Self { messages, answer, reference, measured: None }
    }
}

impl Exchange<'_> {
    /// The expected answer, where there is one; JSON null counts as none.
    pub(crate) fn expected(&self) -> Option<&Value> {
        self.reference?.expected.as_ref().filter(|value| !value.is_null())
    }

    /// The expected answers as texts: each element of a flat list, else the one value.
    pub(crate) fn targets(&self) -> Option<Vec<String>> {
        Some(targets(self.expected()?))
    }
}

fn targets(expected: &Value) -> Vec<String> {
    match expected {
        Value::Array(items) if !items.is_empty() && items.iter().all(is_scalar) => items.iter().map(as_text).collect(),
        one => vec![as_text(one)],
    }
}

fn is_scalar(value: &Value) -> bool {
    !matches!(value, Value::Array(_) | Value::Object(_))
}

/// A value as a model would write it: texts bare, everything else as compact JSON.
pub(crate) fn as_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => canonical_json(other),
    }
}

/// What a scorer says about one exchange.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// A grade, or why there is none.
    pub verdict: Verdict,
    /// The scorer's reason, short, for people.
    pub explanation: Option<String>,
    /// What was measured, in its own unit, where the grade is made from something else: milliseconds, dollars, an error
    /// rate.
    pub raw: Option<f64>,
}

impl Outcome {
    /// A grade. Rounding just outside `0..=1` is brought back; what is no number at all is a failure of the scorer.
    #[must_use]
    pub fn grade(value: f64) -> Self {
        match Grade::new(value.clamp(0.0, 1.0)) {
            Ok(grade) => Self { verdict: Verdict::Scored { grade }, explanation: None, raw: None },
            Err(error) => Self::unscored(Unscored::ScoringFailed, error.to_string()),
        }
    }
    /// 1 or 0.
    pub(crate) fn pass(pass: bool) -> Self {
        Self { verdict: Verdict::Scored { grade: Grade::pass(pass) }, explanation: None, raw: None }
    }
    /// An error rate of 0 or more: the grade is what is missing to 1.
    pub(crate) fn rate(rate: f64, unit: &str) -> Self {
        Self { raw: Some(rate), ..Self::grade(1.0 - rate) }.because(format!("{rate:.4} {unit}"))
    }
    /// No grade.
    #[must_use]
    pub fn unscored(reason: Unscored, why: impl Into<String>) -> Self {
        Self { verdict: Verdict::Unscored { reason }, explanation: Some(why.into()), raw: None }
    }
    /// The scorer needs an expected answer and there is none.
    pub(crate) fn no_reference() -> Self {
        Self::unscored(Unscored::NoReference, "no expected answer to compare with")
    }
    /// With a reason for people.
    #[must_use]
    pub(crate) fn because(mut self, why: impl Into<String>) -> Self {
        self.explanation = Some(why.into());
        self
    }
    /// The grade, where there is one.
    #[must_use]
    pub fn value(&self) -> Option<f64> {
        match self.verdict {
            Verdict::Scored { grade } => Some(grade.value()),
            Verdict::Unscored { .. } => None,
        }
    }
    /// Why there is no grade, where there is none.
    #[must_use]
    pub fn reason(&self) -> Option<Unscored> {
        match self.verdict {
            Verdict::Scored { .. } => None,
            Verdict::Unscored { reason } => Some(reason),
        }
    }
}

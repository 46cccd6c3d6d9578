//! A scorer as written in a configuration file, its version, and its compiled form.
//!
//! A spec is data: it is parsed strictly (unknown kinds and keys are errors), hashed to a version, and compiled once.
//! What is wrong with it (a regular expression, a schema, a template name) is an error here, at load, and never a
//! score. Fields at their default are left out of the hash, so that a new optional field changes no version.

use serde::{Deserialize, Serialize};
use weir_core::score::Unscored;

use crate::{
    canonical::{canonical_json, text_hash},
    checks::{
        Check,
        exact::ExactMatchSpec,
        json::{JsonSchemaSpec, ValidJsonSpec},
        json_diff::JsonDiffSpec,
        levenshtein::LevenshteinSpec,
        limits::{OneLineSpec, WordCountSpec},
        matching::MatchSpec,
        number::{NumericDiffSpec, NumericToleranceSpec},
        overlap::F1TokensSpec,
        pattern::{PatternExtractSpec, RegexSpec},
        substring::SubstringSpec,
    },
    exchange::{Exchange, Outcome},
    judge::JudgeSpec,
};

/// A scorer's definition, tagged by `kind`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ScorerSpec {
    /// The answer equals the reference.
    ExactMatch(ExactMatchSpec),
    /// The answer contains a text.
    Contains(SubstringSpec),
    /// The answer contains a text, whatever its case.
    Icontains(SubstringSpec),
    /// The answer begins with a text.
    StartsWith(SubstringSpec),
    /// The answer ends with a text.
    EndsWith(SubstringSpec),
    /// The answer matches one pattern and does not match another.
    Regex(RegexSpec),
    /// What a pattern takes out of the answer equals the reference.
    PatternExtract(PatternExtractSpec),
    /// The answer begins with, ends with, contains or is the reference, as text or as a number.
    Match(MatchSpec),
    /// F1 of the bags of words.
    F1Tokens(F1TokensSpec),
    /// One minus the normalised edit distance.
    Levenshtein(LevenshteinSpec),
    /// One minus the relative difference of two numbers.
    NumericDiff(NumericDiffSpec),
    /// The number lies within a tolerance of the reference.
    NumericTolerance(NumericToleranceSpec),
    /// The answer is a JSON object or array.
    ValidJson(ValidJsonSpec),
    /// The answer is JSON that fits a schema.
    JsonSchema(JsonSchemaSpec),
    /// Recursive likeness of two JSON values.
    JsonDiff(JsonDiffSpec),
    /// The answer has one line.
    OneLine(OneLineSpec),
    /// The number of words lies between two bounds.
    WordCount(WordCountSpec),
    /// A model is asked.
    Judge(JudgeSpec),
}

/// Every kind, as written.
pub const KINDS: &[&str] = &[
    "exact_match",
    "contains",
    "icontains",
    "starts_with",
    "ends_with",
    "regex",
    "pattern_extract",
    "match",
    "f1_tokens",
    "levenshtein",
    "numeric_diff",
    "numeric_tolerance",
    "valid_json",
    "json_schema",
    "json_diff",
    "one_line",
    "word_count",
    "judge",
];

/// A definition that cannot be used. These are found at load; no request ever meets one.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SpecError {
    /// A regular expression does not compile.
    #[error("`{field}`: `{pattern}` is not a regular expression: {message}")]
    Pattern {
        /// The key it stands under.
        field: &'static str,
        /// As written.
        pattern: String,
        /// What the parser says.
        message: String,
    },
    /// A JSON schema is not one.
    #[error("`schema` is not a JSON schema: {message}")]
    Schema {
        /// What the compiler says.
        message: String,
    },
    /// A key is missing, out of range or at odds with another.
    #[error("`{field}`: {message}")]
    Field {
        /// The key.
        field: &'static str,
        /// What was found and what is wanted.
        message: String,
    },
    /// The definition does not have the shape of its kind.
    #[error("{message}")]
    Shape {
        /// What was found and what is wanted.
        message: String,
    },
}

impl SpecError {
    pub(crate) fn field(field: &'static str, message: impl Into<String>) -> Self {
        Self::Field { field, message: message.into() }
    }
}

impl ScorerSpec {
    /// Reads a definition from a configuration value.
    ///
    /// # Errors
    /// When `kind` is unknown (the nearest is named), a key is unknown or has the wrong type.
    pub fn parse(value: &serde_json::Value) -> Result<Self, SpecError> {
        if let Some(kind) = value.get("kind").and_then(serde_json::Value::as_str)
            && !KINDS.contains(&kind)
        {
            let hint = crate::nearest::suggest(kind, KINDS.iter().copied());
            return Err(SpecError::field("kind", format!("no scorer kind is called `{kind}`{hint}")));
        }
        Self::deserialize(value).map_err(|error| SpecError::Shape { message: error.to_string() })
    }

    /// Hash of everything that decides the score, 12 hex digits. A new version opens a new quality window.
    #[must_use]
    pub fn version(&self) -> String {
        let resolved = match self {
            Self::Judge(judge) => Self::Judge(judge.resolved().unwrap_or_else(|_| judge.clone())),
            other => other.clone(),
        };
        // Serialising a plain data type cannot fail; the debug text keeps even that case distinct.
        let value =
            serde_json::to_value(&resolved).unwrap_or_else(|_| serde_json::Value::String(format!("{resolved:?}")));
        text_hash(&canonical_json(&value), 12)
    }

    /// The judge, when a model must be asked.
    #[must_use]
    pub const fn judge(&self) -> Option<&JudgeSpec> {
        match self {
            Self::Judge(judge) => Some(judge),
            _ => None,
        }
    }

    /// Replaces file names (a judge's `template` that ends in `.toml`, a schema's `schema_file`) by their contents,
    /// so that the version covers them. `read` gets the name as written.
    ///
    /// # Errors
    /// When a file cannot be read or does not hold what it should.
    pub fn resolve_files(&mut self, read: &dyn Fn(&str) -> Result<String, String>) -> Result<(), SpecError> {
        match self {
            Self::Judge(judge) => judge.resolve_file(read),
            Self::JsonSchema(schema) => schema.resolve_file(read),
            _ => Ok(()),
        }
    }
}

/// A compiled scorer: cheap to run, safe to share.
pub struct Scorer {
    version: String,
    work: Work,
}

enum Work {
    Check(Box<dyn Check>),
    Judge(Box<JudgeSpec>),
}

impl std::fmt::Debug for Scorer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scorer").field("version", &self.version).finish_non_exhaustive()
    }
}

/// Compiles a definition.
///
/// # Errors
/// When it is not usable; the message names the key.
pub fn compile(spec: &ScorerSpec) -> Result<Scorer, SpecError> {
    let work = match spec {
        ScorerSpec::ExactMatch(it) => Work::Check(it.compile()),
        ScorerSpec::Contains(it) => Work::Check(it.contains()?),
        ScorerSpec::Icontains(it) => Work::Check(it.icontains()?),
        ScorerSpec::StartsWith(it) => Work::Check(it.starts_with()?),
        ScorerSpec::EndsWith(it) => Work::Check(it.ends_with()?),
        ScorerSpec::Regex(it) => Work::Check(it.compile()?),
        ScorerSpec::PatternExtract(it) => Work::Check(it.compile()?),
        ScorerSpec::Match(it) => Work::Check(it.compile()),
        ScorerSpec::F1Tokens(it) => Work::Check(it.compile()),
        ScorerSpec::Levenshtein(it) => Work::Check(it.compile()),
        ScorerSpec::NumericDiff(it) => Work::Check(it.compile()),
        ScorerSpec::NumericTolerance(it) => Work::Check(it.compile()?),
        ScorerSpec::ValidJson(it) => Work::Check(it.compile()),
        ScorerSpec::JsonSchema(it) => Work::Check(it.compile()?),
        ScorerSpec::JsonDiff(it) => Work::Check(it.compile()),
        ScorerSpec::OneLine(it) => Work::Check(it.compile()),
        ScorerSpec::WordCount(it) => Work::Check(it.compile()?),
        ScorerSpec::Judge(judge) => Work::Judge(Box::new(judge.resolved()?)),
    };
    Ok(Scorer { version: spec.version(), work })
}

impl Scorer {
    /// The version of the definition it was compiled from.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The judge with its template filled in, when a model must be asked.
    #[must_use]
    pub fn judge(&self) -> Option<&JudgeSpec> {
        match &self.work {
            Work::Check(_) => None,
            Work::Judge(judge) => Some(judge),
        }
    }

    /// Why this exchange cannot be scored at all, before anything is run or paid for.
    #[must_use]
    pub fn precheck(&self, exchange: &Exchange<'_>) -> Option<Outcome> {
        match &self.work {
            Work::Judge(judge) => {
                if let Some(missing) = judge.missing(exchange) {
                    let why = format!("the judge needs `{missing}` and the item has none");
                    return Some(Outcome::unscored(Unscored::NoReference, why));
                }
                no_response(exchange)
            }
            Work::Check(_) => {
                // An empty answer may be the right one; only then is there something to compare.
                let wants_nothing =
                    exchange.targets().is_some_and(|targets| targets.iter().any(|target| target.trim().is_empty()));
                if wants_nothing { None } else { no_response(exchange) }
            }
        }
    }

    /// Grades one answer. Never blocks, never panics. A judge cannot be run here: ask it with [`crate::judge`].
    #[must_use]
    pub fn run(&self, exchange: &Exchange<'_>) -> Outcome {
        if let Some(outcome) = self.precheck(exchange) {
            return outcome;
        }
        match &self.work {
            Work::Check(check) => check.check(exchange),
            Work::Judge(_) => {
                Outcome::unscored(Unscored::ScoringFailed, "a judge is asked over the gateway, not run in process")
            }
        }
    }
}

fn no_response(exchange: &Exchange<'_>) -> Option<Outcome> {
    exchange.answer.text.trim().is_empty().then(|| {
        let why = match &exchange.answer.refusal {
            Some(_) => "the model refused and gave no text",
            None => "the answer has no text",
        };
        Outcome::unscored(Unscored::NoResponse, why)
    })
}

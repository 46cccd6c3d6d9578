//! Scores. A scorer that could not score says why; it never says zero.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{DeploymentId, Grade, NanoUsd, ScorerName, SpanId, Timestamp, WorkloadId};

/// One scorer's word on one span. Unique by (span, scorer, version): delivering it twice stores it once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// What was scored.
    pub span_id: SpanId,
    /// Whose traffic.
    pub workload: WorkloadId,
    /// The part of the workload's prompts.
    pub segment: Arc<str>,
    /// Whose answer.
    pub deployment: DeploymentId,
    /// Which scorer.
    pub scorer: ScorerName,
    /// Its version: a hash of its definition; a new version opens a new window.
    pub version: Arc<str>,
    /// The word.
    pub verdict: Verdict,
    /// Where it came from.
    pub source: Source,
    /// Why, in the scorer's words.
    pub explanation: Option<String>,
    /// Probability that the span was chosen for scoring, `0..=1`.
    pub p_sample: f64,
    /// Probability that the route was chosen, `0..=1`.
    pub propensity: f64,
    /// What scoring cost.
    pub cost: NanoUsd,
    /// When.
    pub at: Timestamp,
}

/// A scorer's word.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum Verdict {
    /// A grade.
    Scored {
        /// `0..=1`.
        grade: Grade,
    },
    /// No grade, and why.
    Unscored {
        /// The reason.
        reason: Unscored,
    },
}

/// Why there is no grade.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unscored {
    /// The scorer needs a reference and the item has none.
    NoReference,
    /// The answer has no text.
    NoResponse,
    /// The number in the answer is not finite.
    InvalidNumber,
    /// The answer was cut at the payload bound.
    Truncated,
    /// The judge answered outside its contract.
    GraderFailed,
    /// The scorer itself failed.
    ScoringFailed,
    /// The judge could not be reached in time.
    Timeout,
    /// The judge's provider refused for rate.
    RateLimited,
    /// Verdict-shaped text in the graded answer.
    InjectionSuspected,
    /// The model refused.
    Refusal,
    /// The answer does not have the form in which it could be graded.
    InvalidResponseFormat,
    /// The scorer's budget is spent.
    BudgetExhausted,
    /// The scorer cannot work as it is configured.
    ConfigError,
    /// The answer came from a cache; what is measured did not happen.
    Cached,
    /// A text without a word that the scorer can see.
    NoTokens,
    /// The answer makes no statement that could be checked.
    NoStatements,
    /// What the scorer looks at was not recorded, such as tool calls, log probabilities and timings, or cannot be read
    /// any more.
    NotRecorded,
    /// It waited for longer than its rule allows.
    Expired,
}

impl Unscored {
    /// The word stored and shown.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoReference => "no_reference",
            Self::NoResponse => "no_response",
            Self::InvalidNumber => "invalid_number",
            Self::Truncated => "truncated",
            Self::GraderFailed => "grader_failed",
            Self::ScoringFailed => "scoring_failed",
            Self::Timeout => "timeout",
            Self::RateLimited => "rate_limited",
            Self::InjectionSuspected => "injection_suspected",
            Self::Refusal => "refusal",
            Self::InvalidResponseFormat => "invalid_response_format",
            Self::BudgetExhausted => "budget_exhausted",
            Self::ConfigError => "config_error",
            Self::Cached => "cached",
            Self::NoTokens => "no_tokens",
            Self::NoStatements => "no_statements",
            Self::NotRecorded => "not_recorded",
            Self::Expired => "expired",
        }
    }
}

/// Where a score came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// A programmatic check.
    Check,
    /// A model-based judge.
    Judge,
    /// A judge that compared a shadow's answer with the one that the caller got, in both orders: 1 won, 0.5 tied, 0 lost.
    Battle,
    /// Posted through the API.
    Api,
}

impl Source {
    /// The word stored and shown.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Check => "check",
            Self::Judge => "judge",
            Self::Battle => "battle",
            Self::Api => "api",
        }
    }
}

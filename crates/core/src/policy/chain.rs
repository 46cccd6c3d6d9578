//! How dispatch walks the chain of a decision.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::DeploymentId;

/// Why an attempt failed, as far as a fallback depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureClass {
    /// No connection.
    Connect,
    /// Too late.
    Timeout,
    /// Refused for rate.
    RateLimit,
    /// The provider failed.
    ServerError,
    /// The provider refuses weir's key.
    Auth,
    /// The account has no credit left.
    Quota,
    /// Not what the dialect promises, or refused by a verifier.
    InvalidOutput,
    /// The prompt is too long for the model.
    ContextWindow,
    /// The provider's content policy.
    ContentPolicy,
}

impl FailureClass {
    /// Every class.
    pub const ALL: [Self; 9] = [
        Self::Connect,
        Self::Timeout,
        Self::RateLimit,
        Self::ServerError,
        Self::Auth,
        Self::Quota,
        Self::InvalidOutput,
        Self::ContextWindow,
        Self::ContentPolicy,
    ];

    /// The word used in the configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Timeout => "timeout",
            Self::RateLimit => "rate_limit",
            Self::ServerError => "server_error",
            Self::Auth => "auth",
            Self::Quota => "quota",
            Self::InvalidOutput => "invalid_output",
            Self::ContextWindow => "context_window",
            Self::ContentPolicy => "content_policy",
        }
    }
}

/// How dispatch walks the chain.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ChainRules {
    /// Failures after which the next deployment is asked. The request itself is never at fault with these, unless
    /// `context_window` or `content_policy` is named.
    pub on: Vec<FailureClass>,
    /// Whom to ask after a failure of this class, in place of the order the policy found.
    pub next: IndexMap<FailureClass, Vec<DeploymentId>>,
    /// Most that all attempts of one request may be expected to cost together, in dollars.
    pub max_cost_usd: Option<f64>,
    /// A fallback may be expected to cost more than the first choice.
    pub allow_dearer: bool,
    /// Retries in place, as a share of recent requests.
    pub retry_budget: f64,
    /// Pieces of a stream held back before the first is relayed; until then another deployment may take over.
    pub commit_after: u32,
}

impl Default for ChainRules {
    fn default() -> Self {
        use FailureClass::{Auth, Connect, InvalidOutput, Quota, RateLimit, ServerError, Timeout};
        Self {
            on: vec![Connect, Timeout, RateLimit, ServerError, Auth, Quota, InvalidOutput],
            next: IndexMap::new(),
            max_cost_usd: None,
            allow_dearer: true,
            retry_budget: 0.2,
            commit_after: 1,
        }
    }
}

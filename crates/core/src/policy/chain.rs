//! How dispatch walks the chain of a decision.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::{Code, DeploymentId, error};

/// Why an attempt failed: what retries, fallbacks, breakers and the caller's error depend on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureClass {
    /// No connection.
    Connect,
    /// Too late.
    Timeout,
    /// 429.
    RateLimit,
    /// 5xx, 409, 425.
    ServerError,
    /// The provider refuses weir's key.
    Auth,
    /// The account has no credit left.
    Quota,
    /// Not what the dialect promises: a 200 that is none, a redirect, a cut stream.
    InvalidOutput,
    /// The prompt is too long for the model.
    ContextWindow,
    /// The provider's content policy forbids it.
    ContentPolicy,
    /// The provider says the request is wrong.
    Caller,
    /// The deployment's dialect cannot express the request; nothing was sent.
    Untranslatable,
}

impl FailureClass {
    /// Those that a policy may name.
    pub const NAMED: [Self; 9] = [
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

    /// The word used in the configuration and stored with the attempt.
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
            Self::Caller => "caller",
            Self::Untranslatable => "untranslatable",
        }
    }

    /// The class that a policy means by this word; `None` for any other.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        Self::NAMED.into_iter().find(|class| class.name() == word)
    }

    /// The same deployment may answer if asked again.
    #[must_use]
    pub const fn retryable(self) -> bool {
        matches!(self, Self::Connect | Self::Timeout | Self::RateLimit | Self::ServerError)
    }

    /// What a policy's fallbacks call it; `None` for a caller's error, after which nobody else is asked.
    #[must_use]
    pub const fn named(self) -> Option<Self> {
        match self {
            Self::Caller => None,
            Self::Untranslatable => Some(Self::InvalidOutput),
            named => Some(named),
        }
    }

    /// The request itself is at fault, as far as this deployment goes.
    #[must_use]
    pub const fn is_callers(self) -> bool {
        matches!(self, Self::Caller | Self::ContextWindow | Self::ContentPolicy | Self::Untranslatable)
    }

    /// What the caller is told when no attempt is left.
    #[must_use]
    pub fn code(self) -> &'static Code {
        match self {
            Self::Connect => &error::UPSTREAM_CONNECT,
            Self::Timeout => &error::UPSTREAM_TIMEOUT,
            Self::RateLimit => &error::UPSTREAM_RATE_LIMIT,
            Self::ServerError => &error::UPSTREAM_STATUS,
            Self::Auth | Self::Quota => &error::UPSTREAM_AUTH,
            Self::Caller | Self::ContextWindow | Self::ContentPolicy => &error::UPSTREAM_REFUSED,
            Self::Untranslatable => &error::UNTRANSLATABLE,
            Self::InvalidOutput => &error::UPSTREAM_BROKEN,
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
    /// A stream that breaks off later goes on at the next deployment, which gets what was said as the beginning of its
    /// answer; else it ends in an error.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub continue_streams: bool,
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
            continue_streams: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_has_one_word_in_a_policy_in_a_record_and_in_a_file() {
        for class in FailureClass::NAMED {
            assert_eq!(FailureClass::of_word(class.name()), Some(class));
            assert_eq!(serde_json::to_value(class).unwrap(), class.name());
            assert_eq!(class.named(), Some(class));
        }
        for unnamed in [FailureClass::Caller, FailureClass::Untranslatable] {
            assert_eq!(FailureClass::of_word(unnamed.name()), None, "a policy has no say in it");
        }
    }
}

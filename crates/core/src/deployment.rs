//! A deployment: one credentialed endpoint of one model, with what it can do and what it costs. Its key is not here:
//! secrets stay with the transport.

use serde::{Deserialize, Serialize};

use crate::{DeploymentId, NanoUsd, Usage};

/// The wire format an endpoint speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dialect {
    /// OpenAI chat completions.
    #[default]
    OpenaiChat,
    /// OpenAI responses.
    OpenaiResponses,
    /// Anthropic Messages.
    Anthropic,
    /// Gemini's generateContent.
    Gemini,
}

impl Dialect {
    /// Its name in configuration, messages and views.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::OpenaiChat => "openai_chat",
            Self::OpenaiResponses => "openai_responses",
            Self::Anthropic => "anthropic",
            Self::Gemini => "gemini",
        }
    }
}

/// One endpoint of one model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Deployment {
    /// Its name in the configuration.
    pub id: DeploymentId,
    /// `gen_ai.provider.name`: `openai`, `sim`, …
    pub provider: String,
    /// What it speaks.
    pub dialect: Dialect,
    /// Root of its API, such as `https://api.openai.com/v1`.
    pub base_url: String,
    /// The provider's name for the model.
    pub model: String,
    /// What it can do.
    pub capabilities: Capabilities,
    /// What it costs; `None` is unknown, never free.
    pub price: Option<Price>,
}

/// What a deployment can do. Requests that need more are not sent to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capabilities {
    /// Function calling.
    pub tools: bool,
    /// Image input.
    pub vision: bool,
    /// Output bound to a JSON schema.
    pub json_schema: bool,
    /// Largest prompt plus answer, in tokens.
    pub context_tokens: u64,
    /// Where it runs, for rules of residency; empty when nobody said.
    #[serde(default)]
    pub region: String,
}

impl Default for Capabilities {
    fn default() -> Self {
        Self { tools: true, vision: true, json_schema: true, context_tokens: 128_000, region: String::new() }
    }
}

/// Prices per million tokens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Price {
    /// Which catalog or override this is, stored with each span so that history can be repriced.
    pub version: String,
    /// Prompt tokens.
    pub input: NanoUsd,
    /// Prompt tokens read from the provider's cache; `None` costs as `input`.
    pub cached_input: Option<NanoUsd>,
    /// Completion tokens, reasoning included.
    pub output: NanoUsd,
}

impl Price {
    /// What `usage` costs: cached input at its own price, all other input and output at theirs.
    #[must_use]
    pub fn cost(&self, usage: &Usage) -> NanoUsd {
        let cached = usage.cached_input.min(usage.input);
        self.input.per_million(usage.input - cached)
            + self.cached_input.unwrap_or(self.input).per_million(cached)
            + self.output.per_million(usage.output)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cached_input_is_billed_once_at_its_own_price() {
        let price = Price {
            version: "test".into(),
            input: NanoUsd::from_usd(2.0),
            cached_input: Some(NanoUsd::from_usd(0.5)),
            output: NanoUsd::from_usd(8.0),
        };
        let usage = Usage { input: 1_000, cached_input: 400, output: 100, ..Usage::default() };
        assert_eq!(price.cost(&usage), NanoUsd(1_200_000 + 200_000 + 800_000));
    }
}

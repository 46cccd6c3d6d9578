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
    /// Mistral's chat completions; no caller's.
    Mistral,
    /// Cohere's chat, version 2; no caller's.
    Cohere,
    /// Amazon Bedrock's Converse; no caller's.
    Bedrock,
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
            Self::Mistral => "mistral",
            Self::Cohere => "cohere",
            Self::Bedrock => "bedrock",
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
    /// Prompt tokens written to the provider's cache; `None` costs as `input`.
    #[serde(default)]
    pub cache_write: Option<NanoUsd>,
    /// Reasoning tokens; `None` costs as `output`.
    #[serde(default)]
    pub reasoning: Option<NanoUsd>,
    /// What all tokens of a request with a long prompt cost instead.
    #[serde(default)]
    pub long: Option<LongPrice>,
}

/// Prices per million tokens of requests with long prompts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LongPrice {
    /// Prompts of more tokens than this.
    pub over: u64,
    /// Prompt tokens.
    pub input: NanoUsd,
    /// Prompt tokens read from the provider's cache; `None` costs as `input`.
    pub cached_input: Option<NanoUsd>,
    /// Completion tokens, reasoning included.
    pub output: NanoUsd,
}

impl Price {
    /// What `usage` costs: each token once, cached input, input written to the cache and reasoning at their own prices.
    #[must_use]
    pub fn cost(&self, usage: &Usage) -> NanoUsd {
        let long = self.long.as_ref().filter(|long| usage.input > long.over);
        let (input, cached_input, output) = match long {
            Some(long) => (long.input, long.cached_input, long.output),
            None => (self.input, self.cached_input, self.output),
        };
        let cached = usage.cached_input.min(usage.input);
        let written = usage.cache_write.min(usage.input - cached);
        let reasoning = usage.reasoning.min(usage.output);
        let cache_write = self.cache_write.filter(|_| long.is_none()).unwrap_or(input);
        let thought = self.reasoning.filter(|_| long.is_none()).unwrap_or(output);
        input.per_million(usage.input - cached - written)
            + cached_input.unwrap_or(input).per_million(cached)
            + cache_write.per_million(written)
            + output.per_million(usage.output - reasoning)
            + thought.per_million(reasoning)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_token_is_billed_once_at_its_own_price() {
        let price = Price {
            version: "test".into(),
            input: NanoUsd::from_usd(2.0),
            cached_input: Some(NanoUsd::from_usd(0.5)),
            output: NanoUsd::from_usd(8.0),
            cache_write: Some(NanoUsd::from_usd(2.5)),
            reasoning: None,
            long: Some(LongPrice {
                over: 200_000,
                input: NanoUsd::from_usd(4.0),
                cached_input: None,
                output: NanoUsd::from_usd(12.0),
            }),
        };
        let usage = Usage { input: 1_000, cached_input: 400, output: 100, ..Usage::default() };
        assert_eq!(price.cost(&usage), NanoUsd(1_200_000 + 200_000 + 800_000));
        let writes = Usage { cache_write: 100, ..usage };
        assert_eq!(price.cost(&writes), NanoUsd(1_000_000 + 250_000 + 200_000 + 800_000), "written once, not twice");
        let long = Usage { input: 300_000, output: 1_000, ..Usage::default() };
        assert_eq!(price.cost(&long), NanoUsd::from_usd(1.2 + 0.012));
        let thinks = Price { reasoning: Some(NanoUsd::from_usd(1.0)), long: None, ..price };
        let usage = Usage { output: 100, reasoning: 60, ..Usage::default() };
        assert_eq!(thinks.cost(&usage), NanoUsd(40 * 8_000 + 60 * 1_000));
    }
}

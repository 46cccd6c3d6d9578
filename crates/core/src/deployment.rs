//! A deployment: one credentialed endpoint of one model, with what it can do and what it costs. Its key is not here:
//! secrets stay with the transport.

use serde::{Deserialize, Serialize};

use crate::{DeploymentId, NanoUsd, Usage, usage::Tier};

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
    /// What sound, images and other tiers cost.
    #[serde(default)]
    pub special: SpecialPrices,
}

/// Prices per million tokens of what is no text, of a cache that is kept for longer, and of tiers that a provider may serve
/// a call in. What is not known and
/// was used makes the cost of the call unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SpecialPrices {
    /// Prompt tokens written to the provider's cache for an hour.
    pub cache_write_hour: Option<NanoUsd>,
    /// Prompt tokens of sound.
    pub audio_input: Option<NanoUsd>,
    /// Completion tokens of sound.
    pub audio_output: Option<NanoUsd>,
    /// Prompt tokens of images; `None` costs as text, as it does wherever images are read and not made.
    pub image_input: Option<NanoUsd>,
    /// Completion tokens of images.
    pub image_output: Option<NanoUsd>,
    /// Thousandths of the usual price in a batch.
    pub batch: Option<u32>,
    /// Thousandths of the usual price of slower service.
    pub flex: Option<u32>,
    /// Thousandths of the usual price of faster service.
    pub priority: Option<u32>,
}

impl SpecialPrices {
    /// Thousandths of the usual price.
    const fn factor(&self, tier: Tier) -> Option<u32> {
        match tier {
            Tier::Standard => Some(1_000),
            Tier::Batch => self.batch,
            Tier::Flex => self.flex,
            Tier::Priority => self.priority,
        }
    }
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
    /// What `usage` costs: each token once, cached input, input written to the cache, reasoning, sound and images at their
    /// own prices, all of it at that of its tier. `None` when one of these is not known.
    #[must_use]
    pub fn cost(&self, usage: &Usage) -> Option<NanoUsd> {
        let text = self.text_cost(usage);
        let special =
            usage.audio_input | usage.audio_output | usage.image_input | usage.image_output | usage.cache_write_hour;
        if special == 0 && usage.tier == Tier::Standard {
            return Some(text);
        }
        let factor = self.special.factor(usage.tier)?;
        let (input, output) = self.plain(usage);
        // What is special of the input is none that was read from the cache: of that, only the whole is known.
        let fresh = usage.input.saturating_sub(usage.cached_input).saturating_sub(usage.cache_write);
        let heard = usage.audio_input.min(fresh);
        let seen = usage.image_input.min(fresh - heard);
        let spoken = usage.audio_output.min(usage.output.saturating_sub(usage.reasoning));
        let drawn = usage.image_output.min(usage.output.saturating_sub(usage.reasoning) - spoken);
        let kept = usage.cache_write_hour.min(usage.cache_write).min(usage.input.saturating_sub(usage.cached_input));
        let mut nanos = i128::from(text.0);
        for (count, price, plain) in [
            (kept, self.special.cache_write_hour, self.write(usage)),
            (heard, self.special.audio_input, input),
            (seen, self.special.image_input.or(Some(input)), input),
            (spoken, self.special.audio_output, output),
            (drawn, self.special.image_output, output),
        ] {
            if count > 0 {
                nanos += i128::from(price?.per_million(count).0) - i128::from(plain.per_million(count).0);
            }
        }
        Some(NanoUsd(i64::try_from(nanos * i128::from(factor) / 1_000).unwrap_or(i64::MAX)))
    }

    /// Input and output at the length of this prompt.
    fn plain(&self, usage: &Usage) -> (NanoUsd, NanoUsd) {
        match self.long.as_ref().filter(|long| usage.input > long.over) {
            Some(long) => (long.input, long.output),
            None => (self.input, self.output),
        }
    }

    /// Input that is written to the cache for the usual time.
    fn write(&self, usage: &Usage) -> NanoUsd {
        let long = self.long.as_ref().filter(|long| usage.input > long.over);
        long.map_or(self.cache_write.unwrap_or(self.input), |long| long.input)
    }

    /// As if all of it were text at the usual price.
    fn text_cost(&self, usage: &Usage) -> NanoUsd {
        let long = self.long.as_ref().filter(|long| usage.input > long.over);
        let (input, cached_input, output) = match long {
            Some(long) => (long.input, long.cached_input, long.output),
            None => (self.input, self.cached_input, self.output),
        };
        let cached = usage.cached_input.min(usage.input);
        let written = usage.cache_write.min(usage.input - cached);
        let reasoning = usage.reasoning.min(usage.output);
        let thought = self.reasoning.filter(|_| long.is_none()).unwrap_or(output);
        input.per_million(usage.input - cached - written)
            + cached_input.unwrap_or(input).per_million(cached)
            + self.write(usage).per_million(written)
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
            special: SpecialPrices::default(),
        };
        let usage = Usage { input: 1_000, cached_input: 400, output: 100, ..Usage::default() };
        assert_eq!(price.cost(&usage), Some(NanoUsd(1_200_000 + 200_000 + 800_000)));
        let writes = Usage { cache_write: 100, ..usage };
        assert_eq!(
            price.cost(&writes),
            Some(NanoUsd(1_000_000 + 250_000 + 200_000 + 800_000)),
            "written once, not twice"
        );
        let long = Usage { input: 300_000, output: 1_000, ..Usage::default() };
        assert_eq!(price.cost(&long), Some(NanoUsd::from_usd(1.2 + 0.012)));
        let thinks = Price { reasoning: Some(NanoUsd::from_usd(1.0)), long: None, ..price };
        let usage = Usage { output: 100, reasoning: 60, ..Usage::default() };
        assert_eq!(thinks.cost(&usage), Some(NanoUsd(40 * 8_000 + 60 * 1_000)));
    }

    #[test]
    fn sound_images_and_tiers_have_their_own_prices_and_an_unknown_one_makes_all_of_it_unknown() {
        let special = SpecialPrices {
            audio_input: Some(NanoUsd::from_usd(40.0)),
            audio_output: Some(NanoUsd::from_usd(80.0)),
            image_output: Some(NanoUsd::from_usd(30.0)),
            batch: Some(500),
            priority: Some(1_750),
            ..SpecialPrices::default()
        };
        let price = Price {
            version: "test".into(),
            input: NanoUsd::from_usd(2.0),
            cached_input: None,
            output: NanoUsd::from_usd(8.0),
            cache_write: None,
            reasoning: None,
            long: None,
            special,
        };
        let usage = Usage { input: 1_000, output: 200, ..Usage::default() };
        let plain = 2_000_000 + 1_600_000;
        let hears = Usage { audio_input: 100, audio_output: 50, ..usage };
        assert_eq!(price.cost(&hears), Some(NanoUsd(plain + 100 * 38_000 + 50 * 72_000)));
        let draws = Usage { image_input: 300, image_output: 200, ..usage };
        assert_eq!(price.cost(&draws), Some(NanoUsd(plain + 200 * 22_000)), "images that are read cost as text");
        let more_than_all = Usage { audio_input: 9_000, cached_input: 400, ..usage };
        assert_eq!(price.cost(&more_than_all), Some(NanoUsd(plain + 600 * 38_000)));
        for (tier, want) in [(Tier::Batch, Some(500)), (Tier::Priority, Some(1_750)), (Tier::Flex, None)] {
            let want = want.map(|factor: i64| NanoUsd(plain * factor / 1_000));
            assert_eq!(price.cost(&Usage { tier, ..usage }), want, "{tier:?}");
        }
        let kept = Usage { cache_write: 300, cache_write_hour: 100, ..usage };
        assert_eq!(price.cost(&kept), None, "what an hour costs is not known");
        let hourly = SpecialPrices { cache_write_hour: Some(NanoUsd::from_usd(4.0)), ..special };
        let hourly = Price { special: hourly, cache_write: Some(NanoUsd::from_usd(2.5)), ..price.clone() };
        assert_eq!(hourly.cost(&kept), Some(NanoUsd(plain + 200 * 500 + 100 * 2_000)));
        let text_only = Price { special: SpecialPrices::default(), ..price };
        assert_eq!(text_only.cost(&usage), Some(NanoUsd(plain)));
        assert_eq!(text_only.cost(&Usage { image_input: 5, ..usage }), Some(NanoUsd(plain)));
        for unknown in [
            Usage { audio_input: 1, ..usage },
            Usage { audio_output: 1, ..usage },
            Usage { image_output: 1, ..usage },
            Usage { tier: Tier::Batch, ..usage },
        ] {
            assert_eq!(text_only.cost(&unknown), None, "{unknown:?}");
        }
    }
}

//! Token counts of one call, as the provider reported them.

use std::ops::AddAssign;

use serde::{Deserialize, Serialize};

/// How a provider says it served a call, which may have a price of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// As usual.
    #[default]
    Standard,
    /// Later, in a batch.
    Batch,
    /// Slower.
    Flex,
    /// Faster.
    Priority,
}

impl Tier {
    /// The tier of this name, in the words of OpenAI and Anthropic; any other is the usual one.
    #[must_use]
    pub fn named(word: &str) -> Self {
        match word {
            "batch" => Self::Batch,
            "flex" => Self::Flex,
            "priority" => Self::Priority,
            _ => Self::Standard,
        }
    }

    const fn is_standard(&self) -> bool {
        matches!(self, Self::Standard)
    }
}

const fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// Tokens of one call. `cached_input`, `cache_write`, `audio_input` and `image_input` are parts of `input`,
/// `cache_write_hour` is a part of `cache_write`; `reasoning`, `audio_output` and `image_output` are parts of `output`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Usage {
    /// Prompt tokens, cached ones included.
    pub input: u64,
    /// Completion tokens, reasoning included.
    pub output: u64,
    /// Prompt tokens read from the provider's cache.
    #[serde(default)]
    pub cached_input: u64,
    /// Prompt tokens written to the provider's cache.
    #[serde(default)]
    pub cache_write: u64,
    /// What of it was written for an hour.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub cache_write_hour: u64,
    /// Completion tokens spent on hidden reasoning.
    #[serde(default)]
    pub reasoning: u64,
    /// Prompt tokens of sound.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub audio_input: u64,
    /// Completion tokens of sound.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub audio_output: u64,
    /// Prompt tokens of images.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub image_input: u64,
    /// Completion tokens of images.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub image_output: u64,
    /// How it was served.
    #[serde(default, skip_serializing_if = "Tier::is_standard")]
    pub tier: Tier,
    /// True when weir estimated the counts because the provider gave none.
    #[serde(default)]
    pub estimated: bool,
}

impl AddAssign for Usage {
    fn add_assign(&mut self, other: Self) {
        self.input = self.input.saturating_add(other.input);
        self.output = self.output.saturating_add(other.output);
        self.cached_input = self.cached_input.saturating_add(other.cached_input);
        self.cache_write = self.cache_write.saturating_add(other.cache_write);
        self.cache_write_hour = self.cache_write_hour.saturating_add(other.cache_write_hour);
        self.reasoning = self.reasoning.saturating_add(other.reasoning);
        self.audio_input = self.audio_input.saturating_add(other.audio_input);
        self.audio_output = self.audio_output.saturating_add(other.audio_output);
        self.image_input = self.image_input.saturating_add(other.image_input);
        self.image_output = self.image_output.saturating_add(other.image_output);
        if self.tier.is_standard() {
            self.tier = other.tier;
        }
        self.estimated = self.estimated || other.estimated;
    }
}

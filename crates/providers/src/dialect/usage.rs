//! Token counts, believed only within reason: what is missing, negative, fractional or absurd is replaced by the estimates
//! and marked, so that no provider can make a request cost less than nothing.

use serde_json::Value;
use weir_core::{Usage, usage::Tier};

/// More tokens than any model takes or gives in one call; counts above it are not believed.
const MAX_TOKENS: f64 = 20_000_000.0;

/// The count at `pointer`, if it can be believed.
pub(crate) fn sane(value: &Value, pointer: &str) -> Option<u64> {
    let count = value.pointer(pointer)?.as_f64()?;
    ((0.0..=MAX_TOKENS).contains(&count) && count.fract() == 0.0).then_some(count as u64)
}

/// What stands in where a provider gives no count.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Estimate {
    pub(crate) input: u64,
    pub(crate) output: u64,
}

/// Counts as read, before they are made whole. `input` is everything read, cached or not; `output` everything written.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Counts {
    pub(crate) input: Option<u64>,
    pub(crate) output: Option<u64>,
    pub(crate) cached: Option<u64>,
    pub(crate) cache_write: Option<u64>,
    /// What of it is kept for an hour.
    pub(crate) cache_write_hour: Option<u64>,
    pub(crate) reasoning: Option<u64>,
    /// Sound and images, in and out.
    pub(crate) special: Special,
    pub(crate) tier: Option<Tier>,
}

/// Parts of the input and the output that are no text.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Special {
    pub(crate) audio_input: Option<u64>,
    pub(crate) audio_output: Option<u64>,
    pub(crate) image_input: Option<u64>,
    pub(crate) image_output: Option<u64>,
}

impl Special {
    /// From OpenAI's details of both.
    fn openai(usage: &Value, input: &str, output: &str) -> Self {
        let detail = |details: &str, key: &str| sane(usage, &format!("/{details}/{key}"));
        Self {
            audio_input: detail(input, "audio_tokens"),
            audio_output: detail(output, "audio_tokens"),
            image_input: detail(input, "image_tokens"),
            image_output: detail(output, "image_tokens"),
        }
    }

    /// From Gemini's lists of modalities.
    fn gemini(usage: &Value) -> Self {
        let detail = |list: &str, modality: &str| {
            let of = |one: &&Value| one.get("modality").and_then(Value::as_str) == Some(modality);
            let all = usage.get(list)?.as_array()?;
            all.iter().find(of).and_then(|one| sane(one, "/tokenCount"))
        };
        Self {
            audio_input: detail("promptTokensDetails", "AUDIO"),
            audio_output: detail("candidatesTokensDetails", "AUDIO"),
            image_input: detail("promptTokensDetails", "IMAGE"),
            image_output: detail("candidatesTokensDetails", "IMAGE"),
        }
    }

    fn or(self, before: Self) -> Self {
        Self {
            audio_input: self.audio_input.or(before.audio_input),
            audio_output: self.audio_output.or(before.audio_output),
            image_input: self.image_input.or(before.image_input),
            image_output: self.image_output.or(before.image_output),
        }
    }
}

/// The tier that an answer or its usage names, if it does.
pub(crate) fn tier(document: &Value) -> Option<Tier> {
    document.get("service_tier").and_then(Value::as_str).map(Tier::named)
}

impl Counts {
    /// These, served as `document` says.
    pub(crate) fn served(self, document: &Value) -> Self {
        Self { tier: tier(document).or(self.tier), ..self }
    }

    pub(crate) fn whole(self, estimate: Estimate) -> Usage {
        let input = self.input.unwrap_or(estimate.input);
        let output = self.output.unwrap_or(estimate.output);
        let cached_input = self.cached.unwrap_or(0).min(input);
        let cache_write = self.cache_write.unwrap_or(0).min(input - cached_input);
        Usage {
            input,
            output,
            cached_input,
            cache_write,
            cache_write_hour: self.cache_write_hour.unwrap_or(0).min(cache_write),
            reasoning: self.reasoning.unwrap_or(0).min(output),
            audio_input: self.special.audio_input.unwrap_or(0).min(input),
            audio_output: self.special.audio_output.unwrap_or(0).min(output),
            image_input: self.special.image_input.unwrap_or(0).min(input),
            image_output: self.special.image_output.unwrap_or(0).min(output),
            tier: self.tier.unwrap_or_default(),
            estimated: self.input.is_none() || self.output.is_none(),
        }
    }

    /// OpenAI's `usage`, also where those who copy it put some of it elsewhere.
    pub(crate) fn openai(usage: &Value) -> Self {
        let reasoning = sane(usage, "/completion_tokens_details/reasoning_tokens");
        let (input, output) = (sane(usage, "/prompt_tokens"), sane(usage, "/completion_tokens"));
        // xAI counts its thoughts beside what is said, which only the total tells.
        let apart = |said: &u64| {
            let thoughts = reasoning.unwrap_or(0);
            thoughts > 0 && sane(usage, "/total_tokens") == input.map(|input| input + said + thoughts)
        };
        Self {
            input,
            output: output.map(|said| if apart(&said) { said + reasoning.unwrap_or(0) } else { said }),
            // DeepSeek's and Moonshot's have names of their own.
            cached: ["/prompt_tokens_details/cached_tokens", "/prompt_cache_hit_tokens", "/cached_tokens"]
                .iter()
                .find_map(|place| sane(usage, place)),
            cache_write: sane(usage, "/prompt_tokens_details/cache_write_tokens"),
            cache_write_hour: None,
            reasoning,
            special: Special::openai(usage, "prompt_tokens_details", "completion_tokens_details"),
            tier: None,
        }
    }

    /// `usage` of OpenAI's responses.
    pub(crate) fn responses(usage: &Value) -> Self {
        Self {
            input: sane(usage, "/input_tokens"),
            output: sane(usage, "/output_tokens"),
            cached: sane(usage, "/input_tokens_details/cached_tokens"),
            cache_write: sane(usage, "/input_tokens_details/cache_write_tokens"),
            cache_write_hour: None,
            reasoning: sane(usage, "/output_tokens_details/reasoning_tokens"),
            special: Special::openai(usage, "input_tokens_details", "output_tokens_details"),
            tier: None,
        }
    }

    /// Anthropic's `usage`, which counts cached input apart.
    pub(crate) fn anthropic(usage: &Value) -> Self {
        let cached = sane(usage, "/cache_read_input_tokens");
        let cache_write = sane(usage, "/cache_creation_input_tokens");
        let fresh = sane(usage, "/input_tokens");
        Self {
            input: fresh.map(|fresh| fresh + cached.unwrap_or(0) + cache_write.unwrap_or(0)),
            output: sane(usage, "/output_tokens"),
            cached,
            cache_write,
            cache_write_hour: sane(usage, "/cache_creation/ephemeral_1h_input_tokens"),
            reasoning: sane(usage, "/output_tokens_details/thinking_tokens"),
            special: Special::default(),
            tier: tier(usage),
        }
    }

    /// Gemini's `usageMetadata`, which counts thoughts and prompts of tools apart.
    pub(crate) fn gemini(usage: &Value) -> Self {
        let thoughts = sane(usage, "/thoughtsTokenCount");
        let said = sane(usage, "/candidatesTokenCount").or_else(|| {
            // A blocked prompt has no candidates to count.
            let (total, prompt) = (sane(usage, "/totalTokenCount")?, sane(usage, "/promptTokenCount")?);
            Some(total.saturating_sub(prompt).saturating_sub(thoughts.unwrap_or(0)))
        });
        let prompt = sane(usage, "/promptTokenCount");
        Self {
            input: prompt.map(|prompt| prompt + sane(usage, "/toolUsePromptTokenCount").unwrap_or(0)),
            output: said.map(|said| said + thoughts.unwrap_or(0)),
            cached: sane(usage, "/cachedContentTokenCount"),
            cache_write: None,
            cache_write_hour: None,
            reasoning: thoughts,
            special: Special::gemini(usage),
            tier: None,
        }
    }

    /// These where they are known, else what was known before.
    pub(crate) fn or(self, before: Self) -> Self {
        Self {
            input: self.input.or(before.input),
            output: self.output.or(before.output),
            cached: self.cached.or(before.cached),
            cache_write: self.cache_write.or(before.cache_write),
            cache_write_hour: self.cache_write_hour.or(before.cache_write_hour),
            reasoning: self.reasoning.or(before.reasoning),
            special: self.special.or(before.special),
            tier: self.tier.or(before.tier),
        }
    }
}

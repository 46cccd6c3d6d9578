//! A whole answer, neutral.

use serde_json::Value;
use weir_core::{Usage, deployment::Dialect};

use super::{Part, signature};

/// An answer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Reply {
    /// The provider's id for it.
    pub(crate) id: String,
    /// The model, as the provider calls it.
    pub(crate) model: String,
    /// At least one.
    pub(crate) choices: Vec<Choice>,
    pub(crate) usage: Usage,
}

impl Reply {
    /// Marks what `from` signed, for a caller of `to`.
    pub(crate) fn mark(&mut self, from: Dialect, to: Dialect) {
        for part in self.choices.iter_mut().flat_map(|choice| &mut choice.parts) {
            match part {
                Part::Thinking { signature: Some(signed), .. } | Part::Redacted(signed) => {
                    *signed = signature::mark(from, to, signed);
                }
                Part::Thinking { signature: unsigned @ None, .. }
                    if matches!(to, Dialect::Anthropic | Dialect::OpenaiResponses) =>
                {
                    *unsigned = Some(signature::UNSIGNED.to_owned());
                }
                _ => {}
            }
        }
    }
}

/// One of several answers.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Choice {
    pub(crate) parts: Vec<Part>,
    pub(crate) stop: Stop,
    /// Log probabilities in OpenAI's form.
    pub(crate) logprobs: Option<Value>,
}

/// Why a model stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stop {
    /// It was done.
    End,
    /// The token limit.
    Length,
    /// A stop sequence, where the provider tells it.
    Sequence(Option<String>),
    /// It waits for the results of its calls.
    Tools,
    /// A filter stopped it, or it refused without words that say so.
    Refusal,
    /// It refused in words that are marked as a refusal, which is an answer.
    Refused,
    /// It wants to be asked to go on.
    Pause,
}

impl Stop {
    pub(crate) fn of_openai(word: &str) -> Self {
        match word {
            "length" | "model_length" => Self::Length,
            "tool_calls" | "function_call" => Self::Tools,
            "content_filter" => Self::Refusal,
            _ => Self::End,
        }
    }
    pub(crate) const fn openai(&self) -> &'static str {
        match self {
            Self::End | Self::Sequence(_) | Self::Pause | Self::Refused => "stop",
            Self::Length => "length",
            Self::Tools => "tool_calls",
            Self::Refusal => "content_filter",
        }
    }
    pub(crate) fn of_anthropic(word: &str, sequence: Option<&str>) -> Self {
        match word {
            "max_tokens" | "model_context_window_exceeded" => Self::Length,
            "stop_sequence" => Self::Sequence(sequence.map(str::to_owned)),
            "tool_use" => Self::Tools,
            "refusal" => Self::Refusal,
            "pause_turn" => Self::Pause,
            _ => Self::End,
        }
    }
    pub(crate) const fn anthropic(&self) -> &'static str {
        match self {
            Self::End => "end_turn",
            Self::Length => "max_tokens",
            Self::Sequence(_) => "stop_sequence",
            Self::Tools => "tool_use",
            Self::Refusal | Self::Refused => "refusal",
            Self::Pause => "pause_turn",
        }
    }
    /// `calls` says that the answer calls tools: Gemini has no word of its own for that.
    pub(crate) fn of_gemini(word: &str, calls: bool) -> Self {
        match word {
            "MAX_TOKENS" => Self::Length,
            "SAFETY" | "RECITATION" | "BLOCKLIST" | "PROHIBITED_CONTENT" | "SPII" | "IMAGE_SAFETY" | "LANGUAGE" => {
                Self::Refusal
            }
            _ if calls => Self::Tools,
            _ => Self::End,
        }
    }
    pub(crate) const fn gemini(&self) -> &'static str {
        match self {
            Self::End | Self::Sequence(_) | Self::Tools | Self::Pause => "STOP",
            Self::Length => "MAX_TOKENS",
            Self::Refusal | Self::Refused => "SAFETY",
        }
    }
}

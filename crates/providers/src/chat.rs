//! The one neutral chat: what every dialect's request, answer and stream are decoded into and encoded from when caller and
//! provider speak differently. Between the same dialects it is never built.
//!
//! It holds what at least two dialects can say. What only one can is named in [`Request::dropped`], so that it is refused
//! or noted, never lost in silence.

mod event;
mod losses;
mod reply;
pub(crate) mod signature;

pub(crate) use event::Event;
pub(crate) use losses::Losses;
pub use losses::Untranslatable;
pub(crate) use reply::{Choice, Reply, Stop};

use serde_json::Value;
use weir_core::deployment::Dialect;

/// A request.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Request {
    /// The caller's dialect.
    pub(crate) origin: Dialect,
    pub(crate) messages: Vec<Message>,
    pub(crate) tools: Vec<Tool>,
    pub(crate) tool_choice: Option<ToolChoice>,
    /// Several calls in one answer.
    pub(crate) parallel_tools: Option<bool>,
    pub(crate) max_tokens: Option<u64>,
    pub(crate) temperature: Option<f64>,
    pub(crate) top_p: Option<f64>,
    pub(crate) top_k: Option<u64>,
    pub(crate) stop: Vec<String>,
    pub(crate) seed: Option<i64>,
    /// Answers wanted.
    pub(crate) n: Option<u64>,
    pub(crate) presence_penalty: Option<f64>,
    pub(crate) frequency_penalty: Option<f64>,
    /// Log probabilities of each token, with so many alternatives.
    pub(crate) logprobs: Option<u64>,
    pub(crate) format: Option<Format>,
    pub(crate) thinking: Option<Thinking>,
    /// How much is said: low, medium, high.
    pub(crate) verbosity: Option<String>,
    /// The end user, an opaque id.
    pub(crate) user: Option<String>,
    pub(crate) stream: bool,
    /// What the neutral form cannot hold.
    pub(crate) dropped: Losses,
}

/// One turn.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Message {
    pub(crate) role: Role,
    pub(crate) parts: Vec<Part>,
    /// Where it was in the caller's document.
    pub(crate) at: String,
}

/// Who said it. Results of tools are parts of user turns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    System,
    User,
    Assistant,
}

/// A piece of a turn.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Part {
    Text(String),
    Image {
        source: Source,
        detail: Option<String>,
    },
    File {
        source: Source,
        name: Option<String>,
    },
    Audio {
        data: String,
        format: String,
    },
    /// Visible reasoning. The signature proves to its provider that the text is its own.
    Thinking {
        text: String,
        signature: Option<String>,
    },
    /// Reasoning that only its provider can read.
    Redacted(String),
    Call(Call),
    Result {
        id: String,
        name: Option<String>,
        content: Vec<Self>,
        error: bool,
    },
    Refusal(String),
    /// All before this may be cached.
    CachePoint,
}

/// A call of a tool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) id: String,
    pub(crate) name: String,
    /// JSON text.
    pub(crate) arguments: String,
}

impl Call {
    /// The arguments as a value; nothing said is an empty object.
    pub(crate) fn input(&self) -> Result<Value, serde_json::Error> {
        if self.arguments.trim().is_empty() {
            return Ok(Value::Object(serde_json::Map::new()));
        }
        serde_json::from_str(&self.arguments)
    }
}

/// Where a file's bytes are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    Url(String),
    /// Base64 in the standard alphabet.
    Data {
        media: String,
        data: String,
    },
    /// Uploaded at the provider.
    Id(String),
}

impl Source {
    /// A `data:` URL is its data, any other URL stays one.
    pub(crate) fn of_url(url: &str) -> Self {
        let data = url.strip_prefix("data:").and_then(|rest| rest.split_once(','));
        match data.and_then(|(head, data)| Some((head.strip_suffix(";base64")?, data))) {
            Some((media, data)) => Self::Data { media: media.to_owned(), data: data.to_owned() },
            None => Self::Url(url.to_owned()),
        }
    }

    /// As one URL, which holds the data where there are any; `None` for what was uploaded.
    pub(crate) fn url(&self) -> Option<String> {
        match self {
            Self::Url(url) => Some(url.clone()),
            Self::Data { media, data } => Some(format!("data:{media};base64,{data}")),
            Self::Id(_) => None,
        }
    }
}

/// A function the model may call.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tool {
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    /// JSON Schema of the arguments.
    pub(crate) schema: Option<Value>,
    pub(crate) strict: Option<bool>,
}

/// Whether tools are called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ToolChoice {
    Auto,
    Never,
    Required,
    Named(String),
}

/// What the answer has to be.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Format {
    Json,
    Schema { name: String, schema: Value, strict: Option<bool> },
}

/// How much to reason. Dialects count in words or in tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Thinking {
    Off,
    Effort(String),
    Budget(u64),
    /// As much as the model likes.
    Adaptive,
}

impl Thinking {
    /// In tokens; the steps are those of LiteLLM, so that people who move keep what they had.
    pub(crate) fn budget(&self) -> Option<u64> {
        match self {
            Self::Off => Some(0),
            Self::Budget(tokens) => Some(*tokens),
            Self::Adaptive => None,
            Self::Effort(word) => match word.as_str() {
                "none" => Some(0),
                "minimal" | "low" => Some(1_024),
                "medium" => Some(2_048),
                "high" => Some(4_096),
                _ => Some(8_192),
            },
        }
    }

    /// In words.
    pub(crate) fn effort(&self) -> &str {
        match self {
            Self::Off => "none",
            Self::Effort(word) => word,
            Self::Adaptive => "medium",
            Self::Budget(tokens) => match tokens {
                0 => "none",
                1..=1_024 => "low",
                1_025..=2_048 => "medium",
                _ => "high",
            },
        }
    }
}

impl Request {
    /// Where the caller wrote what OpenAI calls `name`.
    pub(crate) fn field(&self, name: &str) -> String {
        let own = match (self.origin, name) {
            (Dialect::Gemini, "response_format") => "generationConfig.responseMimeType",
            (Dialect::Gemini, "reasoning_effort") => "generationConfig.thinkingConfig",
            (Dialect::Gemini, "top_p") => "generationConfig.topP",
            (Dialect::Gemini, "top_k") => "generationConfig.topK",
            (Dialect::Gemini, "tool_choice") => "toolConfig.functionCallingConfig",
            (Dialect::Gemini, "n") => "generationConfig.candidateCount",
            (Dialect::Gemini, "logprobs") => "generationConfig.responseLogprobs",
            (Dialect::Gemini, "top_logprobs") => "generationConfig.logprobs",
            (Dialect::Gemini, "stop") => "generationConfig.stopSequences",
            (Dialect::Gemini, "presence_penalty") => "generationConfig.presencePenalty",
            (Dialect::Gemini, "frequency_penalty") => "generationConfig.frequencyPenalty",
            (Dialect::Gemini, name) => return format!("$.generationConfig.{name}"),
            (Dialect::Anthropic, "response_format") => "output_config.format",
            (Dialect::Anthropic, "reasoning_effort") => "thinking",
            (Dialect::OpenaiResponses, "verbosity") => "text.verbosity",
            (Dialect::Anthropic, "stop") => "stop_sequences",
            (Dialect::Anthropic, "parallel_tool_calls") => "tool_choice.disable_parallel_tool_use",
            (_, name) => name,
        };
        format!("$.{own}")
    }

    /// Notes the settings that the caller has made among these, in OpenAI's words: the target knows none of them.
    pub(crate) fn without(&self, names: &[&str], losses: &mut Losses) {
        let made = [
            ("top_k", self.top_k.is_some()),
            ("stop", !self.stop.is_empty()),
            ("seed", self.seed.is_some()),
            ("n", self.n.is_some_and(|n| n > 1)),
            ("presence_penalty", self.presence_penalty.is_some_and(|penalty| penalty != 0.0)),
            ("frequency_penalty", self.frequency_penalty.is_some_and(|penalty| penalty != 0.0)),
            ("logprobs", self.logprobs.is_some()),
        ];
        for (name, _) in made.iter().filter(|(name, made)| *made && names.contains(name)) {
            losses.matters(self.field(name));
        }
        // A wish for more or fewer words.
        if names.contains(&"verbosity") && self.verbosity.is_some() {
            losses.hint(self.field("verbosity"));
        }
    }

    /// The last turn of `role`, or a new one: dialects differ in what they put into one message.
    pub(crate) fn turn(&mut self, role: Role, at: &str) -> &mut Message {
        let fits = self.messages.last().is_some_and(|last| last.role == role);
        if !fits {
            self.messages.push(Message { role, parts: Vec::new(), at: at.to_owned() });
        }
        let last = self.messages.len() - 1;
        &mut self.messages[last]
    }

    /// The name of the call with this id, among the turns so far.
    pub(crate) fn call_named(&self, id: &str) -> Option<&str> {
        self.messages.iter().rev().flat_map(|message| &message.parts).find_map(|part| match part {
            Part::Call(call) if call.id == id => Some(call.name.as_str()),
            _ => None,
        })
    }
}

/// What a tool said at `at`, for targets that take only text of it; what else there was is noted.
pub(crate) fn text_of_result(content: &[Part], at: &str, losses: &mut Losses) -> String {
    if content.iter().any(|part| !matches!(part, Part::Text(_) | Part::CachePoint)) {
        losses.matters(format!("{at}: a tool result that is not text"));
    }
    text_of(content)
}

/// The texts among `parts`, joined by newlines.
pub(crate) fn text_of(parts: &[Part]) -> String {
    let texts = parts.iter().filter_map(|part| match part {
        Part::Text(text) | Part::Refusal(text) => Some(text.as_str()),
        _ => None,
    });
    texts.collect::<Vec<_>>().join("\n")
}

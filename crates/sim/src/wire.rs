//! Wire formats from the provider's side. Each reads a request into [`Asked`] and writes a [`Reply`]; none of this shares a
//! line with weir's own codecs, so that one can catch the other's mistakes.

mod anthropic;
mod gemini;
mod openai;

use bytes::Bytes;
use serde_json::{Value, json};

/// Which format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wire {
    OpenAi,
    Anthropic,
    Gemini,
}

/// A request, as far as the simulator minds it.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    pub(crate) model: String,
    /// The last thing the user said.
    pub(crate) prompt: String,
    pub(crate) prompt_tokens: u64,
    pub(crate) output_limit: Option<u64>,
    /// OpenAI's `response_format`, or the like of it.
    pub(crate) format: Option<Value>,
    pub(crate) stop: Vec<String>,
    pub(crate) stream: bool,
    pub(crate) include_usage: bool,
    /// Names and schemas.
    pub(crate) tools: Vec<(String, Value)>,
    pub(crate) choice: Choice,
    /// The last turn brings results of tools.
    pub(crate) answered: bool,
    pub(crate) thinks: bool,
    /// Images and files sent.
    pub(crate) files: usize,
    /// Something is marked for the cache.
    pub(crate) caches: bool,
}

/// Whether tools are called.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) enum Choice {
    /// When the prompt names one.
    #[default]
    Auto,
    Never,
    Required,
    Named(String),
}

/// One answer, before it takes a shape on the wire.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) wire: Wire,
    pub(crate) id: u64,
    pub(crate) created_s: i64,
    pub(crate) model: String,
    /// Visible reasoning; [`signature`] signs it.
    pub(crate) thought: Option<String>,
    /// The answer's tokens: words with the space before them, long words in pieces.
    pub(crate) tokens: Vec<String>,
    pub(crate) calls: Vec<(String, Value)>,
    pub(crate) finish: Finish,
    pub(crate) usage: Usage,
    pub(crate) include_usage: bool,
}

/// Why it stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Finish {
    End,
    Length,
    Sequence(String),
    Tools,
    Refusal,
}

/// What it claims to have used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Usage {
    None,
    Insane,
    Counted { prompt: u64, cached: u64, written: u64, answer: u64, reasoning: u64 },
}

/// Cuts text into tokens of at most eight characters. Joined, they are the text.
pub(crate) fn tokens(text: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    for word in text.split_inclusive(' ') {
        let mut token = String::new();
        for (count, character) in word.chars().enumerate() {
            if count > 0 && count % 8 == 0 {
                tokens.push(std::mem::take(&mut token));
            }
            token.push(character);
        }
        tokens.push(token);
    }
    tokens
}

/// Four bytes a token, and three tokens of framing for each message.
fn count(texts: impl Iterator<Item = usize>) -> u64 {
    texts.map(|length| (length as u64).div_ceil(4) + 3).sum()
}

/// What a thought is signed with.
fn signature(thought: &str) -> String {
    format!("sim-{:016x}", crate::control::hash(thought))
}

/// A value that a JSON schema allows, more or less.
pub(crate) fn sample(schema: &Value) -> Value {
    if let Some(first) = schema.pointer("/enum/0").or_else(|| schema.get("const")) {
        return first.clone();
    }
    if let Some(option) = schema.pointer("/anyOf/0") {
        return sample(option);
    }
    let kind = schema.get("type").and_then(|kind| kind.as_str().or_else(|| kind.pointer("/0")?.as_str()));
    match kind.unwrap_or("object").to_ascii_lowercase().as_str() {
        "string" => "sim".into(),
        "integer" | "number" => 1.into(),
        "boolean" => true.into(),
        "null" => Value::Null,
        "array" => json!([schema.get("items").map_or_else(|| "sim".into(), sample)]),
        _ => {
            let properties = schema.get("properties").and_then(Value::as_object);
            properties.into_iter().flatten().map(|(name, schema)| (name.clone(), sample(schema))).collect()
        }
    }
}

impl Wire {
    /// Reads a request; an error in words when it is not of this format.
    pub(crate) fn read(self, body: &[u8], call: Option<&str>) -> Result<Asked, String> {
        match self {
            Self::OpenAi => openai::read(body),
            Self::Anthropic => anthropic::read(body),
            Self::Gemini => gemini::read(body, call.unwrap_or_default()),
        }
    }

    /// An error in the format's shape.
    pub(crate) fn error(self, status: u16, message: &str, kind: &str, code: &str) -> Bytes {
        let body = match self {
            Self::OpenAi => json!({"error": {"message": message, "type": kind, "param": null, "code": code}}),
            Self::Anthropic => json!({"type": "error", "error": {"type": kind, "message": message}}),
            Self::Gemini => json!({"error": {"code": status, "message": message, "status": code}}),
        };
        Bytes::from(body.to_string())
    }

    /// An error in a stream.
    pub(crate) fn error_event(self) -> Bytes {
        let error = self.error(500, "simulated failure", "server_error", "sim");
        let name: &[u8] = if self == Self::Anthropic { b"event: error\n" } else { b"" };
        Bytes::from([name, b"data: ", &*error, b"\n\n"].concat())
    }

    /// The last word of a stream, where there is one.
    pub(crate) const fn done(self) -> Option<Bytes> {
        match self {
            Self::OpenAi => Some(Bytes::from_static(b"data: [DONE]\n\n")),
            Self::Anthropic => Some(Bytes::from_static(b"event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n")),
            Self::Gemini => None,
        }
    }
}

impl Reply {
    /// The whole answer as one document.
    pub(crate) fn body(&self) -> Bytes {
        let body = match self.wire {
            Wire::OpenAi => openai::body(self),
            Wire::Anthropic => anthropic::body(self),
            Wire::Gemini => gemini::body(self),
        };
        Bytes::from(body.to_string())
    }

    /// The events of a stream: how it begins, each token, and how it ends. Without its last word.
    pub(crate) fn events(&self) -> Vec<Bytes> {
        match self.wire {
            Wire::OpenAi => openai::events(self),
            Wire::Anthropic => anthropic::events(self),
            Wire::Gemini => gemini::events(self),
        }
    }

    /// The id of a call.
    fn call_id(&self, number: usize) -> String {
        format!("call_{:x}_{number}", self.id)
    }
}

//! Wire formats from the provider's side. Each reads a request into [`Asked`] and writes a [`Reply`]; none of this shares a
//! line with weir's own codecs, so that one can catch the other's mistakes.

mod anthropic;
mod bedrock;
mod cohere;
mod gemini;
mod invoke;
mod mistral;
mod openai;
mod responses;

use bytes::Bytes;
use serde_json::{Value, json};

/// Which format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wire {
    OpenAi,
    Responses,
    Anthropic,
    Gemini,
    Mistral,
    Cohere,
    Bedrock,
    Invoke,
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

/// Deepest that a sample goes: schemas may refer to themselves.
const MOST_LEVELS: usize = 8;

/// A value that a JSON schema allows, more or less. References are those within the schema.
pub(crate) fn sample(schema: &Value) -> Value {
    sample_of(schema, schema, MOST_LEVELS)
}

fn sample_of(schema: &Value, root: &Value, levels: usize) -> Value {
    let Some(levels) = levels.checked_sub(1) else { return Value::Null };
    let sample = |schema: &Value| sample_of(schema, root, levels);
    if let Some(place) = schema.get("$ref").and_then(Value::as_str) {
        return root.pointer(place.trim_start_matches('#')).map_or(Value::Null, sample);
    }
    if let Some(only) = schema.pointer("/allOf/0") {
        return sample(only);
    }
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

/// What Amazon calls an error with this status.
const fn exception(status: u16) -> &'static str {
    match status {
        401 | 403 => "AccessDeniedException",
        404 => "ResourceNotFoundException",
        429 => "ThrottlingException",
        400..=499 => "ValidationException",
        503 => "ServiceUnavailableException",
        _ => "InternalServerException",
    }
}

impl Wire {
    /// Reads a request; an error in words when it is not of this format.
    pub(crate) fn read(self, body: &[u8], call: Option<&str>) -> Result<Asked, String> {
        match self {
            Self::OpenAi => openai::read(body),
            Self::Responses => responses::read(body),
            Self::Anthropic => anthropic::read(body),
            Self::Gemini => gemini::read(body, call.unwrap_or_default()),
            Self::Mistral => mistral::read(body),
            Self::Cohere => cohere::read(body),
            Self::Bedrock => bedrock::read(body, call.unwrap_or_default()),
            Self::Invoke => invoke::read(body, call.unwrap_or_default()),
        }
    }

    /// An error in the format's shape.
    pub(crate) fn error(self, status: u16, message: &str, kind: &str, code: &str) -> Bytes {
        let body = match self {
            Self::OpenAi | Self::Responses => {
                json!({"error": {"message": message, "type": kind, "param": null, "code": code}})
            }
            Self::Mistral => json!({"object": "error", "message": message, "type": kind, "param": null, "code": code}),
            Self::Cohere => json!({"id": "sim", "message": message}),
            Self::Bedrock | Self::Invoke => json!({"message": message, "__type": exception(status)}),
            Self::Anthropic => json!({"type": "error", "error": {"type": kind, "message": message}}),
            Self::Gemini => json!({"error": {"code": status, "message": message, "status": code}}),
        };
        Bytes::from(body.to_string())
    }

    /// An error in a stream.
    pub(crate) fn error_event(self) -> Bytes {
        let error = match self {
            Self::Bedrock | Self::Invoke => return bedrock::error_event(),
            // A stream of Cohere's ends with what went wrong.
            Self::Cohere => Bytes::from_static(
                br#"{"type":"message-end","delta":{"finish_reason":"ERROR","error":"simulated failure"}}"#,
            ),
            Self::Responses => Bytes::from_static(
                br#"{"type":"error","code":"server_error","message":"simulated failure","param":null,"sequence_number":9}"#,
            ),
            _ => self.error(500, "simulated failure", "server_error", "sim"),
        };
        let named = matches!(self, Self::Anthropic | Self::Responses);
        let name: &[u8] = if named { b"event: error\n" } else { b"" };
        Bytes::from([name, b"data: ", &*error, b"\n\n"].concat())
    }

    /// The last word of a stream, where there is one.
    pub(crate) fn done(self) -> Option<Bytes> {
        match self {
            Self::OpenAi | Self::Mistral => Some(Bytes::from_static(b"data: [DONE]\n\n")),
            Self::Anthropic => Some(Bytes::from_static(b"event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n")),
            Self::Invoke => Some(invoke::done()),
            Self::Gemini | Self::Responses | Self::Cohere | Self::Bedrock => None,
        }
    }

    /// The content type of a stream.
    pub(crate) const fn stream_type(self) -> &'static str {
        match self {
            Self::Bedrock | Self::Invoke => "application/vnd.amazon.eventstream",
            _ => "text/event-stream",
        }
    }
}

impl Reply {
    /// The whole answer as one document.
    pub(crate) fn body(&self) -> Bytes {
        let body = match self.wire {
            Wire::OpenAi | Wire::Mistral => openai::body(self),
            Wire::Responses => responses::body(self),
            Wire::Cohere => cohere::body(self),
            Wire::Bedrock => bedrock::body(self),
            Wire::Anthropic | Wire::Invoke => anthropic::body(self),
            Wire::Gemini => gemini::body(self),
        };
        Bytes::from(body.to_string())
    }

    /// The events of a stream: how it begins, each token, and how it ends. Without its last word.
    pub(crate) fn events(&self) -> Vec<Bytes> {
        match self.wire {
            Wire::OpenAi | Wire::Mistral => openai::events(self),
            Wire::Responses => responses::events(self),
            Wire::Cohere => cohere::events(self),
            Wire::Bedrock => bedrock::events(self),
            Wire::Invoke => invoke::events(self),
            Wire::Anthropic => anthropic::events(self),
            Wire::Gemini => gemini::events(self),
        }
    }

    /// The id of a call.
    fn call_id(&self, number: usize) -> String {
        match self.wire {
            Wire::Mistral => format!("{:09x}", (self.id ^ number as u64) & 0xf_ffff_ffff),
            _ => format!("call_{:x}_{number}", self.id),
        }
    }
}

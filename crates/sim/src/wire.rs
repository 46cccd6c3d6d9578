//! OpenAI chat completions from the provider's side: requests in, answers, chunks and errors out.

use std::borrow::Cow;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};

/// What the simulator reads of a request.
#[derive(Debug, Deserialize)]
pub(crate) struct Request<'a> {
    #[serde(borrow)]
    pub(crate) model: Cow<'a, str>,
    pub(crate) messages: Vec<Turn>,
    #[serde(default)]
    pub(crate) stream: Option<bool>,
    #[serde(default)]
    pub(crate) stream_options: Option<StreamOptions>,
    #[serde(default)]
    pub(crate) max_tokens: Option<u64>,
    #[serde(default)]
    pub(crate) max_completion_tokens: Option<u64>,
    #[serde(default)]
    pub(crate) response_format: Option<Value>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Turn {
    pub(crate) role: String,
    #[serde(default)]
    content: Option<Content>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Content {
    Text(String),
    Parts(Vec<Part>),
}

#[derive(Debug, Deserialize)]
struct Part {
    #[serde(default)]
    text: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct StreamOptions {
    #[serde(default)]
    pub(crate) include_usage: bool,
}

impl Turn {
    fn text(&self) -> Cow<'_, str> {
        match &self.content {
            None => Cow::Borrowed(""),
            Some(Content::Text(text)) => Cow::Borrowed(text),
            Some(Content::Parts(parts)) => {
                let texts = parts.iter().map(|part| part.text.as_str());
                Cow::Owned(texts.collect::<Vec<_>>().join("\n"))
            }
        }
    }
}

impl Request<'_> {
    /// The last user message.
    pub(crate) fn prompt(&self) -> Cow<'_, str> {
        let last = self.messages.iter().rev().find(|turn| turn.role == "user");
        last.map_or(Cow::Borrowed(""), Turn::text)
    }
    /// Four bytes a token, and three tokens of framing for each message.
    pub(crate) fn prompt_tokens(&self) -> u64 {
        let texts = self.messages.iter().map(|turn| turn.text().len() as u64);
        texts.map(|length| length.div_ceil(4) + 3).sum()
    }
    pub(crate) fn output_limit(&self) -> u64 {
        self.max_completion_tokens.or(self.max_tokens).unwrap_or(u64::MAX)
    }
}

/// One answer, before it takes a shape on the wire.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) id: u64,
    pub(crate) created_s: i64,
    pub(crate) model: String,
    /// The answer's tokens: words with the space before them, long words in pieces.
    pub(crate) tokens: Vec<String>,
    pub(crate) finish_reason: &'static str,
    /// `None` when the fault is to send no usage.
    pub(crate) usage: Option<Value>,
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

pub(crate) fn usage(prompt: u64, answer: u64, reasoning: u64) -> Value {
    let output = answer + reasoning;
    json!({
        "prompt_tokens": prompt,
        "completion_tokens": output,
        "total_tokens": prompt + output,
        "prompt_tokens_details": {"cached_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": reasoning},
    })
}

pub(crate) fn insane_usage() -> Value {
    json!({"prompt_tokens": -5, "completion_tokens": 1e18, "total_tokens": "many"})
}

impl Reply {
    /// The whole answer as one document.
    pub(crate) fn body(&self) -> Bytes {
        let mut body = json!({
            "id": format!("chatcmpl-sim-{:x}", self.id),
            "object": "chat.completion",
            "created": self.created_s,
            "model": self.model,
            "system_fingerprint": "fp_sim",
            "choices": [{
                "index": 0,
                "message": {"role": "assistant", "content": self.tokens.concat(), "refusal": null},
                "logprobs": null,
                "finish_reason": self.finish_reason,
            }],
        });
        if let (Some(usage), Some(members)) = (&self.usage, body.as_object_mut()) {
            members.insert("usage".to_owned(), usage.clone());
        }
        Bytes::from(body.to_string())
    }

    /// The events of a stream: the role, each token, the end, and usage when it was asked for. Without `[DONE]`.
    pub(crate) fn events(&self, include_usage: bool) -> Vec<Bytes> {
        let head = format!(
            r#"data: {{"id":"chatcmpl-sim-{:x}","object":"chat.completion.chunk","created":{},"model":{},"system_fingerprint":"fp_sim","#,
            self.id,
            self.created_s,
            Value::from(self.model.as_str()),
        );
        let pending = if include_usage { r#","usage":null"# } else { "" };
        let event = |delta: &str, reason: &str| {
            Bytes::from(format!(
                "{head}\"choices\":[{{\"index\":0,\"delta\":{delta},\"logprobs\":null,\"finish_reason\":{reason}}}]{pending}}}\n\n"
            ))
        };
        let mut events = Vec::with_capacity(self.tokens.len() + 3);
        events.push(event(r#"{"role":"assistant","content":"","refusal":null}"#, "null"));
        for token in &self.tokens {
            let delta = format!(r#"{{"content":{}}}"#, Value::from(token.as_str()));
            events.push(event(&delta, "null"));
        }
        events.push(event("{}", &format!("\"{}\"", self.finish_reason)));
        if let (true, Some(usage)) = (include_usage, &self.usage) {
            events.push(Bytes::from(format!("{head}\"choices\":[],\"usage\":{usage}}}\n\n")));
        }
        events
    }
}

/// An error in the dialect's shape.
pub(crate) fn error(message: &str, kind: &str, code: &str) -> Bytes {
    let body = json!({"error": {"message": message, "type": kind, "param": null, "code": code}});
    Bytes::from(body.to_string())
}

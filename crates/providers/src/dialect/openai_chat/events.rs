//! Streamed answers into neutral events, and from them.

use bytes::BytesMut;
use serde_json::{Map, Value, json};
use weir_core::Usage;

use crate::{
    chat::{Event, Stop},
    dialect::{Meta, usage::Counts, value},
    stream::StreamFailure,
};

/// Reads chunks.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    begun: bool,
    counts: Counts,
    called: bool,
    refused: bool,
}

impl Decoder {
    /// Reads one chunk.
    ///
    /// # Errors
    /// The chunk is an error.
    pub(crate) fn read(&mut self, chunk: &Value, raw: &[u8], out: &mut Vec<Event>) -> Result<(), StreamFailure> {
        if chunk.get("error").is_some_and(|error| !error.is_null()) {
            return Err(StreamFailure::Error(bytes::Bytes::copy_from_slice(raw)));
        }
        let text = |value: &Value, key: &str| value::text(value, key).filter(|text| !text.is_empty());
        if !self.begun {
            self.begun = true;
            out.push(Event::Start {
                id: text(chunk, "id").unwrap_or_default(),
                model: text(chunk, "model").unwrap_or_default(),
            });
        }
        for choice in chunk.get("choices").and_then(Value::as_array).into_iter().flatten() {
            let number = choice.get("index").and_then(Value::as_u64).unwrap_or(0);
            let delta = choice.get("delta").unwrap_or(&Value::Null);
            if let Some(text) = text(delta, "reasoning_content").or_else(|| text(delta, "reasoning")) {
                out.push(Event::Thinking { choice: number, text });
            }
            if let Some(text) = text(delta, "content") {
                out.push(Event::Text { choice: number, text });
            }
            // Mistral's thinking models answer in parts.
            for piece in delta.get("content").and_then(Value::as_array).into_iter().flatten() {
                out.extend(super::thought(piece).map(|text| Event::Thinking { choice: number, text }));
                out.extend(text(piece, "text").map(|text| Event::Text { choice: number, text }));
            }
            if let Some(text) = text(delta, "refusal") {
                self.refused = true;
                out.push(Event::Refusal { choice: number, text });
            }
            for call in delta.get("tool_calls").and_then(Value::as_array).into_iter().flatten() {
                self.called = true;
                let which = call.get("index").and_then(Value::as_u64).unwrap_or(0);
                let function = call.get("function").unwrap_or(&Value::Null);
                if let Some(name) = text(function, "name") {
                    let id = text(call, "id").unwrap_or_else(|| format!("call_{which}"));
                    out.push(Event::Call { choice: number, number: which, id, name });
                }
                if let Some(json) = text(function, "arguments") {
                    out.push(Event::Arguments { choice: number, number: which, json });
                }
            }
            if let Some(logprobs) = choice.get("logprobs").filter(|value| !value.is_null()) {
                out.push(Event::Logprobs { choice: number, logprobs: logprobs.clone() });
            }
            if let Some(reason) = choice.get("finish_reason").and_then(Value::as_str) {
                let stop = match Stop::of_openai(reason) {
                    Stop::End if self.refused => Stop::Refused,
                    Stop::End if self.called => Stop::Tools,
                    stop => stop,
                };
                out.push(Event::Stop { choice: number, stop });
            }
        }
        self.counts = self.counts.served(chunk);
        if let Some(usage) = chunk.get("usage").filter(|usage| usage.is_object()) {
            self.counts = Counts::openai(usage).or(self.counts);
        }
        Ok(())
    }

    pub(crate) const fn counts(&self) -> Counts {
        self.counts
    }
}

/// Writes chunks.
#[derive(Debug)]
pub(crate) struct Encoder {
    id: String,
    model: String,
    created_s: i64,
    /// Choices whose role has been said.
    begun: Vec<u64>,
    thinking: String,
    include_usage: bool,
}

impl Encoder {
    pub(crate) fn new(meta: &Meta, include_usage: bool) -> Self {
        Self {
            id: super::id(""),
            model: String::new(),
            created_s: meta.created_s,
            begun: Vec::new(),
            thinking: String::new(),
            include_usage,
        }
    }

    pub(crate) fn write(&mut self, event: &Event, out: &mut BytesMut) {
        match event {
            Event::Start { id, model } => {
                self.id = super::id(id);
                self.model.clone_from(model);
                self.begin(0, out);
            }
            Event::Text { choice, text } => self.delta(*choice, json!({"content": text}), out),
            Event::Refusal { choice, text } => self.delta(*choice, json!({"refusal": text}), out),
            Event::Thinking { choice, text } => {
                self.thinking.push_str(text);
                self.delta(*choice, json!({"reasoning_content": text}), out);
            }
            Event::Signature { choice, signature } => {
                let text = std::mem::take(&mut self.thinking);
                let block = json!({"type": "thinking", "thinking": text, "signature": signature});
                self.delta(*choice, json!({"thinking_blocks": [block]}), out);
            }
            Event::Redacted { choice, data } => {
                let block = json!({"type": "redacted_thinking", "data": data});
                self.delta(*choice, json!({"thinking_blocks": [block]}), out);
            }
            Event::Call { choice, number, id, name } => {
                let function = json!({"name": name, "arguments": ""});
                let call = json!({"index": number, "id": id, "type": "function", "function": function});
                self.delta(*choice, json!({"tool_calls": [call]}), out);
            }
            Event::Arguments { choice, number, json } => {
                let call = json!({"index": number, "function": {"arguments": json}});
                self.delta(*choice, json!({"tool_calls": [call]}), out);
            }
            Event::Logprobs { choice, logprobs } => {
                self.begin(*choice, out);
                let choice = json!({"index": choice, "delta": {}, "logprobs": logprobs, "finish_reason": null});
                self.chunk(json!([choice]), None, out);
            }
            Event::Stop { choice, stop } => {
                self.begin(*choice, out);
                let choice = json!({"index": choice, "delta": {}, "logprobs": null, "finish_reason": stop.openai()});
                self.chunk(json!([choice]), None, out);
            }
        }
    }

    /// The end: the usage chunk, if the caller asked for it, and `[DONE]`.
    pub(crate) fn finish(&mut self, usage: &Usage, extension: Option<&str>, out: &mut BytesMut) {
        if self.include_usage {
            let weir = extension.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
            self.chunk(json!([]), Some((super::usage(usage), weir)), out);
        }
        out.extend_from_slice(b"data: [DONE]\n\n");
    }

    fn begin(&mut self, choice: u64, out: &mut BytesMut) {
        if !self.begun.contains(&choice) {
            self.begun.push(choice);
            let delta = json!({"role": "assistant", "content": ""});
            let choice = json!({"index": choice, "delta": delta, "logprobs": null, "finish_reason": null});
            self.chunk(json!([choice]), None, out);
        }
    }

    fn delta(&mut self, choice: u64, delta: Value, out: &mut BytesMut) {
        self.begin(choice, out);
        let choice = json!({"index": choice, "delta": delta, "logprobs": null, "finish_reason": null});
        self.chunk(json!([choice]), None, out);
    }

    fn chunk(&self, choices: Value, usage: Option<(Value, Value)>, out: &mut BytesMut) {
        let mut chunk = Map::new();
        chunk.insert("id".into(), self.id.as_str().into());
        chunk.insert("object".into(), "chat.completion.chunk".into());
        chunk.insert("created".into(), self.created_s.into());
        chunk.insert("model".into(), self.model.as_str().into());
        chunk.insert("choices".into(), choices);
        match usage {
            Some((usage, weir)) => {
                chunk.insert("usage".into(), usage);
                if !weir.is_null() {
                    chunk.insert("weir".into(), weir);
                }
            }
            None if self.include_usage => {
                chunk.insert("usage".into(), Value::Null);
            }
            None => {}
        }
        crate::dialect::sse_data(&Value::Object(chunk), out);
    }
}

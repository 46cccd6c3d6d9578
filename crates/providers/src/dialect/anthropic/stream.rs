//! Streamed answers into neutral events, and from them. Blocks come one after another, each with its own start and stop;
//! other dialects have no such brackets, so the encoder opens and closes them as the kind of what is said changes.

use bytes::{Bytes, BytesMut};
use serde_json::{Value, json};
use weir_core::Usage;

use crate::{
    chat::{Call, Event, Stop, signature::UNSIGNED},
    dialect::{sse_event, usage::Counts, value::text_at},
    stream::StreamFailure,
};

/// Reads events.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    counts: Counts,
    /// Number of the next call.
    calls: u64,
    /// The call under way, whose arguments have not begun.
    input: Option<(u64, Value)>,
    done: bool,
}

impl Decoder {
    /// Reads one event's data.
    ///
    /// # Errors
    /// The event is an error.
    pub(crate) fn read(&mut self, event: &Value, raw: &[u8], out: &mut Vec<Event>) -> Result<(), StreamFailure> {
        let text = |pointer: &str| text_at(event, pointer);
        match event.get("type").and_then(Value::as_str).unwrap_or_default() {
            "message_start" => {
                self.count(event.pointer("/message/usage"));
                out.push(Event::Start {
                    id: text("/message/id").unwrap_or_default(),
                    model: text("/message/model").unwrap_or_default(),
                });
            }
            "content_block_start" => match text("/content_block/type").as_deref() {
                Some("tool_use") => {
                    let number = self.calls;
                    self.calls += 1;
                    out.push(Event::Call {
                        choice: 0,
                        number,
                        id: text("/content_block/id").unwrap_or_default(),
                        name: text("/content_block/name").unwrap_or_default(),
                    });
                    let input = event.pointer("/content_block/input").cloned().unwrap_or_default();
                    self.input = Some((number, input));
                }
                Some("redacted_thinking") => {
                    out.push(Event::Redacted { choice: 0, data: text("/content_block/data").unwrap_or_default() });
                }
                Some("text") => self.said(text("/content_block/text"), out),
                _ => {}
            },
            "content_block_delta" => match text("/delta/type").as_deref() {
                Some("text_delta") => self.said(text("/delta/text"), out),
                Some("thinking_delta") => {
                    out.push(Event::Thinking { choice: 0, text: text("/delta/thinking").unwrap_or_default() });
                }
                Some("signature_delta") => {
                    out.push(Event::Signature { choice: 0, signature: text("/delta/signature").unwrap_or_default() });
                }
                Some("input_json_delta") => {
                    if let Some(json) = text("/delta/partial_json").filter(|json| !json.is_empty()) {
                        self.input = None;
                        let number = self.calls.saturating_sub(1);
                        out.push(Event::Arguments { choice: 0, number, json });
                    }
                }
                _ => {}
            },
            "content_block_stop" => {
                // Arguments that came whole with the start, or not at all.
                if let Some((number, input)) = self.input.take() {
                    let json = if input.is_object() { input.to_string() } else { "{}".to_owned() };
                    out.push(Event::Arguments { choice: 0, number, json });
                }
            }
            "message_delta" => {
                self.count(event.get("usage"));
                if let Some(word) = text("/delta/stop_reason") {
                    let stop = Stop::of_anthropic(&word, text("/delta/stop_sequence").as_deref());
                    out.push(Event::Stop { choice: 0, stop });
                }
            }
            "message_stop" => self.done = true,
            "error" => return Err(StreamFailure::Error(Bytes::copy_from_slice(raw))),
            _ => {}
        }
        Ok(())
    }

    fn said(&self, text: Option<String>, out: &mut Vec<Event>) {
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            out.push(Event::Text { choice: 0, text });
        }
    }

    fn count(&mut self, usage: Option<&Value>) {
        if let Some(usage) = usage {
            let new = Counts::anthropic(usage);
            // The end may count output alone, or all again: cached input is then not in what `input` says.
            self.counts = new.or(self.counts);
        }
    }

    pub(crate) const fn counts(&self) -> Counts {
        self.counts
    }
    /// `message_stop` has come.
    pub(crate) const fn done(&self) -> bool {
        self.done
    }
}

/// What block is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Open {
    Text,
    Thinking,
    Call(u64),
}

/// Writes events.
#[derive(Debug, Default)]
pub(crate) struct Encoder {
    begun: bool,
    open: Option<Open>,
    index: u64,
    stop: Option<Stop>,
    /// The thought that is open has its signature.
    signed: bool,
    input_estimate: u64,
    /// Calls that began while another's block was open. Dialects with numbered calls may mix their pieces; here a block
    /// that was closed cannot be taken up again.
    late: Vec<(u64, Call)>,
}

impl Encoder {
    pub(crate) fn new(input_estimate: u64) -> Self {
        Self { input_estimate, ..Self::default() }
    }

    pub(crate) fn write(&mut self, event: &Event, out: &mut BytesMut) {
        match event {
            Event::Start { id, model } => self.start(id, model, out),
            Event::Text { choice: 0, text } | Event::Refusal { choice: 0, text } => {
                self.open(Open::Text, &json!({"type": "text", "text": ""}), out);
                self.delta(&json!({"type": "text_delta", "text": text}), out);
            }
            Event::Thinking { choice: 0, text } => {
                self.think(out);
                self.delta(&json!({"type": "thinking_delta", "thinking": text}), out);
            }
            Event::Signature { choice: 0, signature } => {
                self.think(out);
                self.delta(&json!({"type": "signature_delta", "signature": signature}), out);
                self.signed = true;
                self.close(out);
            }
            Event::Redacted { choice: 0, data } => {
                self.close(out);
                self.block(&json!({"type": "redacted_thinking", "data": data}), out);
                self.open = Some(Open::Thinking);
                self.signed = true;
                self.close(out);
            }
            Event::Call { choice: 0, number, id, name } => {
                let call = Call { id: id.clone(), name: name.clone(), arguments: String::new() };
                if matches!(self.open, Some(Open::Call(_))) {
                    self.late.push((*number, call));
                } else {
                    self.open(Open::Call(*number), &tool_use(&call), out);
                }
            }
            Event::Arguments { choice: 0, number, json } => {
                if self.open == Some(Open::Call(*number)) {
                    self.delta(&json!({"type": "input_json_delta", "partial_json": json}), out);
                } else if let Some((_, call)) = self.late.iter_mut().find(|(late, _)| late == number) {
                    call.arguments.push_str(json);
                }
            }
            Event::Stop { choice: 0, stop } => self.stop = Some(stop.clone()),
            // There is one choice here, and no log probabilities.
            _ => {}
        }
    }

    /// The end, with what is known of tokens by now.
    pub(crate) fn finish(&mut self, usage: &Usage, out: &mut BytesMut) {
        self.start("", "", out);
        self.close(out);
        let stop = self.stop.take().unwrap_or(Stop::End);
        let sequence = if let Stop::Sequence(sequence) = &stop { sequence.as_deref() } else { None };
        let delta = json!({"stop_reason": stop.anthropic(), "stop_sequence": sequence});
        let event = json!({"type": "message_delta", "delta": delta, "usage": super::usage(usage)});
        sse_event("message_delta", &event, out);
        sse_event("message_stop", &json!({"type": "message_stop"}), out);
    }

    fn start(&mut self, id: &str, model: &str, out: &mut BytesMut) {
        if std::mem::replace(&mut self.begun, true) {
            return;
        }
        // The real counts come at the end; the prompt's is estimated until then.
        let usage = json!({"input_tokens": self.input_estimate, "output_tokens": 0});
        let message = json!({
            "id": super::id(id), "type": "message", "role": "assistant", "model": model, "content": [],
            "stop_reason": null, "stop_sequence": null, "usage": usage,
        });
        sse_event("message_start", &json!({"type": "message_start", "message": message}), out);
    }

    fn think(&mut self, out: &mut BytesMut) {
        self.open(Open::Thinking, &json!({"type": "thinking", "thinking": "", "signature": ""}), out);
    }

    fn open(&mut self, kind: Open, block: &Value, out: &mut BytesMut) {
        self.start("", "", out);
        if self.open == Some(kind) {
            return;
        }
        self.close(out);
        self.block(block, out);
        self.open = Some(kind);
    }

    fn block(&self, block: &Value, out: &mut BytesMut) {
        let event = json!({"type": "content_block_start", "index": self.index, "content_block": block});
        sse_event("content_block_start", &event, out);
    }

    fn delta(&self, delta: &Value, out: &mut BytesMut) {
        let event = json!({"type": "content_block_delta", "index": self.index, "delta": delta});
        sse_event("content_block_delta", &event, out);
    }

    fn close(&mut self, out: &mut BytesMut) {
        let signed = std::mem::take(&mut self.signed);
        if self.open == Some(Open::Thinking) && !signed {
            self.delta(&json!({"type": "signature_delta", "signature": UNSIGNED}), out);
        }
        if self.open.take().is_some() {
            sse_event("content_block_stop", &json!({"type": "content_block_stop", "index": self.index}), out);
            self.index += 1;
        }
        for (number, call) in std::mem::take(&mut self.late) {
            self.block(&tool_use(&call), out);
            self.open = Some(Open::Call(number));
            self.delta(&json!({"type": "input_json_delta", "partial_json": call.arguments}), out);
            self.close(out);
        }
    }
}

fn tool_use(call: &Call) -> Value {
    json!({"type": "tool_use", "id": call.id, "name": call.name, "input": {}})
}

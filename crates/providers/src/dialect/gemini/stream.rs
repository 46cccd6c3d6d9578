//! Streamed answers into neutral events, and from them. Each event is an answer of its own shape with the next piece; calls
//! come whole, so the encoder holds a call's arguments until they are. There is no last event: the stream just ends.

use bytes::{Bytes, BytesMut};
use serde_json::{Map, Value, json};
use weir_core::Usage;

use crate::{
    chat::{Call, Event, Stop},
    dialect::{sse_data, usage::Counts},
    stream::StreamFailure,
};

/// Reads events.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    begun: bool,
    counts: Counts,
    calls: u64,
}

impl Decoder {
    /// Reads one event's data.
    ///
    /// # Errors
    /// The event is an error.
    pub(crate) fn read(&mut self, event: &Value, raw: &[u8], out: &mut Vec<Event>) -> Result<(), StreamFailure> {
        if event.get("error").is_some() {
            return Err(StreamFailure::Error(Bytes::copy_from_slice(raw)));
        }
        let text = |key: &str| event.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        if !std::mem::replace(&mut self.begun, true) {
            out.push(Event::Start { id: text("responseId"), model: text("modelVersion") });
        }
        if let Some(usage) = event.get("usageMetadata") {
            self.counts = Counts::gemini(usage).or(self.counts);
        }
        let candidates = event.get("candidates").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        for candidate in candidates {
            if let Some(word) = super::whole::failure(candidate) {
                return Err(StreamFailure::ended_with(word));
            }
            let choice = candidate.get("index").and_then(Value::as_u64).unwrap_or(0);
            for piece in candidate.pointer("/content/parts").and_then(Value::as_array).into_iter().flatten() {
                self.part(choice, piece, out);
            }
            if let Some(word) = candidate.get("finishReason").and_then(Value::as_str) {
                out.push(Event::Stop { choice, stop: Stop::of_gemini(word, self.calls > 0) });
            }
        }
        if candidates.is_empty() && event.pointer("/promptFeedback/blockReason").is_some() {
            out.push(Event::Stop { choice: 0, stop: Stop::Refusal });
        }
        Ok(())
    }

    fn part(&mut self, choice: u64, piece: &Value, out: &mut Vec<Event>) {
        let text = piece.get("text").and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned);
        let signature = piece.get("thoughtSignature").and_then(Value::as_str).map(str::to_owned);
        let sign = |out: &mut Vec<Event>| {
            out.extend(signature.map(|signature| Event::Signature { choice, signature }));
        };
        if piece.get("thought").and_then(Value::as_bool) == Some(true) {
            out.extend(text.map(|text| Event::Thinking { choice, text }));
            sign(out);
            return;
        }
        sign(out);
        out.extend(text.map(|text| Event::Text { choice, text }));
        if let Some(call) = piece.get("functionCall") {
            let number = self.calls;
            self.calls += 1;
            let Call { id, name, arguments } = super::whole::call(call, number);
            out.push(Event::Call { choice, number, id, name });
            out.push(Event::Arguments { choice, number, json: arguments });
        }
    }

    pub(crate) const fn counts(&self) -> Counts {
        self.counts
    }
}

/// Most bytes of arguments held for calls that are not whole yet.
const MOST_HELD: usize = 4 * 1024 * 1024;

/// Writes events.
#[derive(Debug, Default)]
pub(crate) struct Encoder {
    id: String,
    model: String,
    calls: Vec<(u64, u64, Call)>,
    held: usize,
    signature: Option<String>,
    stops: Vec<(u64, Stop)>,
}

impl Encoder {
    pub(crate) fn write(&mut self, event: &Event, out: &mut BytesMut) {
        match event {
            Event::Start { id, model } => {
                self.id.clone_from(id);
                self.model.clone_from(model);
            }
            Event::Text { choice, text } | Event::Refusal { choice, text } => {
                let part = self.signed(json!({"text": text}));
                self.event(*choice, vec![part], out);
            }
            Event::Thinking { choice, text } => {
                self.event(*choice, vec![json!({"text": text, "thought": true})], out);
            }
            Event::Signature { signature, .. } => self.signature = Some(signature.clone()),
            Event::Call { choice, number, id, name } => {
                let call = Call { id: id.clone(), name: name.clone(), arguments: String::new() };
                self.calls.push((*choice, *number, call));
            }
            Event::Arguments { choice, number, json } => {
                let same = |(of, which, _): &&mut (u64, u64, Call)| of == choice && which == number;
                if let Some((_, _, call)) = self.calls.iter_mut().find(same)
                    && self.held + json.len() <= MOST_HELD
                {
                    self.held += json.len();
                    call.arguments.push_str(json);
                }
            }
            Event::Stop { choice, stop } => {
                self.calls(*choice, out);
                self.stops.push((*choice, stop.clone()));
            }
            // Reasoning that only its provider can read, log probabilities of pieces: not here.
            Event::Redacted { .. } | Event::Logprobs { .. } => {}
        }
    }

    /// The last event: why it stopped, and what is known of tokens.
    pub(crate) fn finish(&mut self, usage: &Usage, out: &mut BytesMut) {
        if self.stops.is_empty() {
            self.stops.push((0, Stop::End));
        }
        for (choice, _) in self.stops.clone() {
            self.calls(choice, out);
        }
        let candidates = self.stops.iter().map(|(choice, stop)| {
            let said = if *choice == 0 { self.signature.take() } else { None };
            let parts = said.map(|signature| json!({"text": "", "thoughtSignature": signature}));
            super::candidate(*choice, parts.into_iter().collect(), Some(stop))
        });
        let candidates = candidates.collect::<Vec<_>>();
        self.write_event(Value::Array(candidates), Some(usage), out);
    }

    /// All calls of a choice, whole now.
    fn calls(&mut self, choice: u64, out: &mut BytesMut) {
        let (mine, others) = std::mem::take(&mut self.calls).into_iter().partition(|(of, _, _)| *of == choice);
        self.calls = others;
        let mine: Vec<(u64, u64, Call)> = mine;
        let parts: Vec<Value> = mine
            .into_iter()
            .map(|(_, _, call)| {
                let args = call.input().unwrap_or_else(|_| json!({"arguments": call.arguments}));
                self.signed(json!({"functionCall": {"id": call.id, "name": call.name, "args": args}}))
            })
            .collect();
        if !parts.is_empty() {
            self.event(choice, parts, out);
        }
    }

    fn signed(&mut self, mut part: Value) -> Value {
        if let (Some(signature), Some(part)) = (self.signature.take(), part.as_object_mut()) {
            part.insert("thoughtSignature".into(), signature.into());
        }
        part
    }

    fn event(&self, choice: u64, parts: Vec<Value>, out: &mut BytesMut) {
        self.write_event(json!([super::candidate(choice, parts, None)]), None, out);
    }

    fn write_event(&self, candidates: Value, usage: Option<&Usage>, out: &mut BytesMut) {
        let mut event = Map::new();
        event.insert("candidates".into(), candidates);
        if let Some(usage) = usage {
            event.insert("usageMetadata".into(), super::usage(usage));
        }
        event.insert("modelVersion".into(), self.model.as_str().into());
        event.insert("responseId".into(), self.id.as_str().into());
        sse_data(&Value::Object(event), out);
    }
}

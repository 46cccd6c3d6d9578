//! Streamed answers into neutral events, and from them. Output items come one after another, each announced, filled and
//! closed; the last event holds the whole response once more.

use bytes::{Bytes, BytesMut};
use serde_json::{Value, json};
use weir_core::Usage;

use crate::{
    chat::{Call, Event, Stop, signature::UNSIGNED},
    dialect::{Meta, openai_responses::kept::Label, sse_event, usage::Counts, value::text_at},
    stream::StreamFailure,
};

/// Reads events.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    counts: Counts,
    /// Places of calls among all items: others number calls alone.
    calls: Vec<u64>,
    refused: bool,
    done: bool,
}

impl Decoder {
    /// Reads one event's data.
    ///
    /// # Errors
    /// The event is an error.
    pub(crate) fn read(&mut self, event: &Value, raw: &[u8], out: &mut Vec<Event>) -> Result<(), StreamFailure> {
        let text = |pointer: &str| text_at(event, pointer);
        let delta = || text("/delta").filter(|delta| !delta.is_empty());
        let place = event.get("output_index").and_then(Value::as_u64).unwrap_or(0);
        match event.get("type").and_then(Value::as_str).unwrap_or_default() {
            "response.created" => out.push(Event::Start {
                id: text("/response/id").unwrap_or_default(),
                model: text("/response/model").unwrap_or_default(),
            }),
            "response.output_text.delta" => out.extend(delta().map(|text| Event::Text { choice: 0, text })),
            "response.refusal.delta" => {
                self.refused = true;
                out.extend(delta().map(|text| Event::Refusal { choice: 0, text }));
            }
            "response.reasoning_summary_text.delta" | "response.reasoning_text.delta" => {
                out.extend(delta().map(|text| Event::Thinking { choice: 0, text }));
            }
            "response.output_item.added" if text("/item/type").as_deref() == Some("function_call") => {
                out.push(Event::Call {
                    choice: 0,
                    number: self.number(place),
                    id: text("/item/call_id").unwrap_or_default(),
                    name: text("/item/name").unwrap_or_default(),
                });
            }
            "response.function_call_arguments.delta" => {
                let number = self.number(place);
                out.extend(delta().map(|json| Event::Arguments { choice: 0, number, json }));
            }
            "response.output_item.done" if text("/item/type").as_deref() == Some("reasoning") => {
                let signature = text("/item/encrypted_content");
                out.extend(signature.map(|signature| Event::Signature { choice: 0, signature }));
            }
            "response.completed" | "response.incomplete" => {
                let response = event.get("response").unwrap_or(&Value::Null);
                if let Some(usage) = response.get("usage") {
                    self.counts = Counts::responses(usage).served(response);
                }
                out.push(Event::Stop { choice: 0, stop: super::stop(response, !self.calls.is_empty(), self.refused) });
                self.done = true;
            }
            "response.failed" | "error" => {
                // The failure's own words, where every other dialect has them.
                let error = event.pointer("/response/error").or_else(|| event.get("error"));
                let said = error.map_or_else(|| raw.to_vec(), |error| json!({"error": error}).to_string().into_bytes());
                return Err(StreamFailure::Error(Bytes::from(said)));
            }
            _ => {}
        }
        Ok(())
    }

    /// The number of the call at this place.
    fn number(&mut self, place: u64) -> u64 {
        let known = self.calls.iter().position(|known| *known == place);
        known.unwrap_or_else(|| {
            self.calls.push(place);
            self.calls.len() - 1
        }) as u64
    }

    pub(crate) const fn counts(&self) -> Counts {
        self.counts
    }
    /// The last event has come.
    pub(crate) const fn done(&self) -> bool {
        self.done
    }
}

/// The item under way.
#[derive(Debug)]
enum Open {
    Text(String),
    Refusal(String),
    Thinking(String, Option<String>),
    Call(u64, Call),
}

/// Writes events.
#[derive(Debug)]
pub(crate) struct Encoder {
    id: String,
    model: String,
    created_s: i64,
    begun: bool,
    sequence: u64,
    open: Option<Open>,
    output: Vec<Value>,
    /// Calls that began while another was open; items cannot be taken up again once they are closed.
    late: Vec<(u64, Call)>,
    stop: Stop,
    label: Option<Label>,
    /// The last event's response.
    response: Option<Value>,
}

impl Encoder {
    pub(crate) fn new(meta: &Meta, label: Option<Label>) -> Self {
        Self {
            id: String::new(),
            model: String::new(),
            created_s: meta.created_s,
            begun: false,
            sequence: 0,
            open: None,
            output: Vec::new(),
            late: Vec::new(),
            stop: Stop::End,
            label,
            response: None,
        }
    }

    /// The whole response, once it has ended; the second time there is none.
    pub(crate) fn take_response(&mut self) -> Option<Value> {
        self.response.take()
    }

    pub(crate) fn write(&mut self, event: &Event, out: &mut BytesMut) {
        match event {
            Event::Start { id, model } => self.start(id, model, out),
            Event::Text { choice: 0, text } => {
                if !matches!(self.open, Some(Open::Text(_))) {
                    self.begin(Open::Text(String::new()), out);
                }
                if let Some(Open::Text(said)) = &mut self.open {
                    said.push_str(text);
                }
                let delta = json!({"content_index": 0, "delta": text, "logprobs": []});
                self.item_event("response.output_text.delta", delta, out);
            }
            Event::Refusal { choice: 0, text } => {
                if !matches!(self.open, Some(Open::Refusal(_))) {
                    self.begin(Open::Refusal(String::new()), out);
                }
                if let Some(Open::Refusal(said)) = &mut self.open {
                    said.push_str(text);
                }
                self.item_event("response.refusal.delta", json!({"content_index": 0, "delta": text}), out);
            }
            Event::Thinking { choice: 0, text } => {
                self.think(out);
                if let Some(Open::Thinking(said, _)) = &mut self.open {
                    said.push_str(text);
                }
                let delta = json!({"summary_index": 0, "delta": text});
                self.item_event("response.reasoning_summary_text.delta", delta, out);
            }
            Event::Signature { choice: 0, signature } | Event::Redacted { choice: 0, data: signature } => {
                self.think(out);
                if let Some(Open::Thinking(_, signed)) = &mut self.open {
                    *signed = Some(signature.clone());
                }
                self.close(out);
            }
            Event::Call { choice: 0, number, id, name } => {
                let call = Call { id: id.clone(), name: name.clone(), arguments: String::new() };
                if matches!(self.open, Some(Open::Call(..))) {
                    self.late.push((*number, call));
                } else {
                    self.begin(Open::Call(*number, call), out);
                }
            }
            Event::Arguments { choice: 0, number, json } => {
                if let Some(Open::Call(open, call)) = &mut self.open
                    && open == number
                {
                    call.arguments.push_str(json);
                    self.item_event("response.function_call_arguments.delta", json!({"delta": json}), out);
                } else if let Some((_, call)) = self.late.iter_mut().find(|(late, _)| late == number) {
                    call.arguments.push_str(json);
                }
            }
            Event::Stop { choice: 0, stop } => self.stop = stop.clone(),
            _ => {}
        }
    }

    /// The end: the whole response once more.
    pub(crate) fn finish(&mut self, usage: &Usage, out: &mut BytesMut) {
        self.start("", "", out);
        self.close(out);
        let end = Some((&self.stop, usage));
        let response = self.response(&self.output, end);
        let (status, _) = super::status(&self.stop);
        self.response = self.label.is_some().then(|| response.clone());
        self.event(&format!("response.{status}"), json!({"response": response}), out);
    }

    fn response(&self, output: &[Value], end: Option<(&Stop, &Usage)>) -> Value {
        let mut response = super::response(&self.id, &self.model, self.created_s, output, end);
        if let Some(label) = &self.label {
            label.stamp(&mut response, true);
        }
        response
    }

    fn start(&mut self, id: &str, model: &str, out: &mut BytesMut) {
        if std::mem::replace(&mut self.begun, true) {
            return;
        }
        self.id = self.label.as_ref().map_or_else(|| super::id(id), |label| label.id.clone());
        self.model = model.to_owned();
        for name in ["response.created", "response.in_progress"] {
            let response = self.response(&[], None);
            self.event(name, json!({"response": response}), out);
        }
    }

    fn think(&mut self, out: &mut BytesMut) {
        if !matches!(self.open, Some(Open::Thinking(..))) {
            self.begin(Open::Thinking(String::new(), None), out);
        }
    }

    fn item_id(&self) -> String {
        let kind = match &self.open {
            Some(Open::Call(..)) => "fc",
            Some(Open::Thinking(..)) => "rs",
            _ => "msg",
        };
        format!("{kind}_{}_{}", self.id.trim_start_matches("resp_"), self.output.len())
    }

    fn begin(&mut self, open: Open, out: &mut BytesMut) {
        self.start("", "", out);
        self.close(out);
        self.open = Some(open);
        let id = self.item_id();
        let (item, part) = match &self.open {
            Some(Open::Call(_, call)) => (super::function_call(&id, call, "in_progress"), None),
            Some(Open::Thinking(..)) => (super::reasoning(&id, "", None), None),
            Some(Open::Refusal(_)) => {
                (super::message(&id, &[], "in_progress"), Some(json!({"type": "refusal", "refusal": ""})))
            }
            _ => (super::message(&id, &[], "in_progress"), Some(super::output_text(""))),
        };
        let thinks = matches!(self.open, Some(Open::Thinking(..)));
        let index = self.output.len();
        self.event("response.output_item.added", json!({"output_index": index, "item": item}), out);
        if let Some(part) = part {
            self.item_event("response.content_part.added", json!({"content_index": 0, "part": part}), out);
        } else if thinks {
            let part = json!({"type": "summary_text", "text": ""});
            self.item_event("response.reasoning_summary_part.added", json!({"summary_index": 0, "part": part}), out);
        }
    }

    fn close(&mut self, out: &mut BytesMut) {
        self.close_one(out);
        for (number, call) in std::mem::take(&mut self.late) {
            let arguments = call.arguments.clone();
            let bare = Call { arguments: String::new(), ..call };
            self.begin(Open::Call(number, bare), out);
            if let Some(Open::Call(_, call)) = &mut self.open {
                call.arguments.clone_from(&arguments);
            }
            self.item_event("response.function_call_arguments.delta", json!({"delta": arguments}), out);
            self.close_one(out);
        }
    }

    fn close_one(&mut self, out: &mut BytesMut) {
        let id = self.item_id();
        let item = match &self.open {
            None => return,
            Some(Open::Text(text)) => {
                let (part, text) = (super::output_text(text), text.clone());
                let item = super::message(&id, std::slice::from_ref(&part), "completed");
                let done = json!({"content_index": 0, "text": text, "logprobs": []});
                self.item_event("response.output_text.done", done, out);
                self.item_event("response.content_part.done", json!({"content_index": 0, "part": part}), out);
                item
            }
            Some(Open::Refusal(text)) => {
                let (part, text) = (json!({"type": "refusal", "refusal": text}), text.clone());
                let item = super::message(&id, std::slice::from_ref(&part), "completed");
                self.item_event("response.refusal.done", json!({"content_index": 0, "refusal": text}), out);
                self.item_event("response.content_part.done", json!({"content_index": 0, "part": part}), out);
                item
            }
            Some(Open::Thinking(text, signature)) => {
                let item = super::reasoning(&id, text, Some(signature.as_deref().unwrap_or(UNSIGNED)));
                let text = text.clone();
                let part = json!({"type": "summary_text", "text": text});
                self.item_event("response.reasoning_summary_text.done", json!({"summary_index": 0, "text": text}), out);
                self.item_event("response.reasoning_summary_part.done", json!({"summary_index": 0, "part": part}), out);
                item
            }
            Some(Open::Call(_, call)) => {
                let item = super::function_call(&id, call, "completed");
                let done = json!({"name": call.name, "arguments": call.arguments});
                self.item_event("response.function_call_arguments.done", done, out);
                item
            }
        };
        let index = self.output.len();
        self.event("response.output_item.done", json!({"output_index": index, "item": item}), out);
        self.output.push(item);
        self.open = None;
    }

    /// An event about the item under way.
    fn item_event(&mut self, name: &str, mut members: Value, out: &mut BytesMut) {
        if let Some(members) = members.as_object_mut() {
            members.insert("item_id".into(), self.item_id().into());
            members.insert("output_index".into(), self.output.len().into());
        }
        self.event(name, members, out);
    }

    fn event(&mut self, name: &str, mut members: Value, out: &mut BytesMut) {
        if let Some(members) = members.as_object_mut() {
            members.insert("type".into(), name.into());
            members.insert("sequence_number".into(), self.sequence.into());
        }
        self.sequence += 1;
        sse_event(name, &members, out);
    }
}

//! A stream whose two sides differ, or whose dialect is not OpenAI's. Each event is decoded once, for what weir must know
//! of any stream; between the same dialects the event's own bytes are then forwarded, else what it says is written anew.

use bytes::{BufMut as _, Bytes, BytesMut};
use serde_json::Value;
use weir_core::{Problem, Usage, deployment::Dialect, span::Identity};

use super::{Step, StreamEnd, StreamFailure, progress::Progress};
use crate::{
    chat::{Event, Stop},
    dialect::{
        self, Meta, anthropic, bedrock, cohere, gemini,
        openai_chat::{self, estimate_tokens},
        openai_responses::{self, kept::Label},
        usage::{Counts, Estimate},
    },
    frames,
    sse::{MAX_EVENT_BYTES, Reader},
};

/// How a stream between two dialects is made.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) from: Dialect,
    /// Events come in frames, as InvokeModel's do.
    pub(crate) wrapped: bool,
    pub(crate) to: Dialect,
    /// Said of answers that do not say their model.
    pub(crate) model: String,
    pub(crate) meta: Meta,
    /// What the answer is stored as.
    pub(crate) label: Option<Label>,
    /// The caller asked for OpenAI's usage chunk.
    pub(crate) include_usage: bool,
    /// The caller reads a JSON array instead of events, as Gemini has it without `alt=sse`.
    pub(crate) array: bool,
    pub(crate) input_estimate: u64,
}

/// The state of one stream.
#[derive(Debug)]
pub struct Mixed {
    framing: Framing,
    state: State,
}

/// How the provider's events are told apart.
#[derive(Debug)]
enum Framing {
    Sse(Reader),
    Frames(frames::Reader),
    /// Frames that each hold an event of Anthropic's.
    Wrapped(frames::Reader),
}

impl Framing {
    /// Reads the next event; false when more bytes are needed.
    ///
    /// # Errors
    /// It is damaged or over the bound.
    fn next(&mut self, state: &mut State, out: &mut BytesMut) -> Result<bool, StreamFailure> {
        match self {
            Self::Sse(reader) => {
                let Some(event) = reader.next_event().map_err(|_| StreamFailure::TooLarge)? else { return Ok(false) };
                state.take(&event.data(), event.raw, b"", out);
            }
            Self::Wrapped(reader) => {
                let Some(frame) = reader.next_frame()? else { return Ok(false) };
                let (data, raw) = bedrock::invoke::event(&frame)?;
                state.take(&data, &raw, b"", out);
            }
            Self::Frames(reader) => {
                let Some(frame) = reader.next_frame()? else { return Ok(false) };
                // The kind of event is in the frame's headers: in JSON it becomes the name of the only member.
                let mut data = BytesMut::with_capacity(frame.payload.len() + frame.name.len() + 8);
                data.extend_from_slice(b"{");
                data.extend_from_slice(Value::from(frame.name).to_string().as_bytes());
                data.extend_from_slice(b":");
                data.extend_from_slice(&frame.payload);
                data.extend_from_slice(b"}");
                state.take(&data, b"", b"", out);
            }
        }
        Ok(true)
    }
}

#[derive(Debug)]
struct State {
    plan: Plan,
    decoder: Decoder,
    /// `None` forwards events as they came.
    encoder: Option<Encoder>,
    /// What the caller gets, held until the first token.
    held: BytesMut,
    /// Elements of the array written.
    elements: usize,
    progress: Progress,
    stop: Option<Stop>,
    identity: Identity,
    /// Bytes said, for estimates.
    said: usize,
    events: Vec<Event>,
    /// The whole response of a labelled answer that is forwarded.
    response: Option<Value>,
}

#[derive(Debug)]
enum Decoder {
    Chat(openai_chat::Decoder),
    Responses(openai_responses::Decoder),
    Anthropic(anthropic::Decoder),
    Gemini(gemini::Decoder),
    Cohere(cohere::Decoder),
    Bedrock(bedrock::Decoder),
}

#[derive(Debug)]
enum Encoder {
    Chat(openai_chat::Encoder),
    Responses(Box<openai_responses::Encoder>),
    Anthropic(anthropic::Encoder),
    Gemini(gemini::Encoder),
}

impl Decoder {
    fn new(dialect: Dialect) -> Self {
        match dialect {
            Dialect::OpenaiChat | Dialect::Mistral => Self::Chat(openai_chat::Decoder::default()),
            Dialect::Cohere => Self::Cohere(cohere::Decoder::default()),
            Dialect::Bedrock => Self::Bedrock(bedrock::Decoder::default()),
            Dialect::OpenaiResponses => Self::Responses(openai_responses::Decoder::default()),
            Dialect::Anthropic => Self::Anthropic(anthropic::Decoder::default()),
            Dialect::Gemini => Self::Gemini(gemini::Decoder::default()),
        }
    }
    fn read(&mut self, event: &Value, raw: &[u8], out: &mut Vec<Event>) -> Result<(), StreamFailure> {
        match self {
            Self::Chat(decoder) => decoder.read(event, raw, out),
            Self::Responses(decoder) => decoder.read(event, raw, out),
            Self::Anthropic(decoder) => decoder.read(event, raw, out),
            Self::Gemini(decoder) => decoder.read(event, raw, out),
            Self::Cohere(decoder) => decoder.read(event, out),
            Self::Bedrock(decoder) => decoder.read(event, out),
        }
    }
    const fn counts(&self) -> Counts {
        match self {
            Self::Chat(decoder) => decoder.counts(),
            Self::Responses(decoder) => decoder.counts(),
            Self::Anthropic(decoder) => decoder.counts(),
            Self::Gemini(decoder) => decoder.counts(),
            Self::Cohere(decoder) => decoder.counts(),
            Self::Bedrock(decoder) => decoder.counts(),
        }
    }
    /// The dialect's last word has come.
    const fn done(&self) -> bool {
        match self {
            Self::Anthropic(decoder) => decoder.done(),
            Self::Responses(decoder) => decoder.done(),
            Self::Cohere(decoder) => decoder.done(),
            Self::Bedrock(decoder) => decoder.done(),
            Self::Chat(_) | Self::Gemini(_) => false,
        }
    }
}

impl Encoder {
    fn new(plan: &Plan) -> Self {
        match plan.to {
            Dialect::OpenaiResponses => {
                Self::Responses(Box::new(openai_responses::Encoder::new(&plan.meta, plan.label.clone())))
            }
            Dialect::Anthropic => Self::Anthropic(anthropic::Encoder::new(plan.input_estimate)),
            Dialect::Gemini => Self::Gemini(gemini::Encoder::default()),
            // Nobody calls in the others.
            _ => Self::Chat(openai_chat::Encoder::new(&plan.meta, plan.include_usage)),
        }
    }
    fn write(&mut self, event: &Event, out: &mut BytesMut) {
        match self {
            Self::Chat(encoder) => encoder.write(event, out),
            Self::Responses(encoder) => encoder.write(event, out),
            Self::Anthropic(encoder) => encoder.write(event, out),
            Self::Gemini(encoder) => encoder.write(event, out),
        }
    }
    fn finish(&mut self, usage: &Usage, extension: Option<&str>, out: &mut BytesMut) {
        match self {
            Self::Chat(encoder) => encoder.finish(usage, extension, out),
            Self::Anthropic(encoder) => encoder.finish(usage, out),
            Self::Responses(encoder) => encoder.finish(usage, out),
            Self::Gemini(encoder) => encoder.finish(usage, out),
        }
    }
}

impl Mixed {
    pub(crate) fn new(plan: Plan) -> Self {
        Self {
            framing: match plan.from {
                Dialect::Bedrock => Framing::Frames(frames::Reader::default()),
                _ if plan.wrapped => Framing::Wrapped(frames::Reader::default()),
                _ => Framing::Sse(Reader::new()),
            },
            state: State {
                decoder: Decoder::new(plan.from),
                encoder: (plan.from != plan.to).then(|| Encoder::new(&plan)),
                plan,
                held: BytesMut::new(),
                elements: 0,
                progress: Progress::default(),
                stop: None,
                identity: Identity::default(),
                said: 0,
                events: Vec::new(),
                response: None,
            },
        }
    }

    /// Takes the provider's next bytes; see [`super::Stream::push`].
    pub fn push(&mut self, bytes: &[u8], out: &mut BytesMut) -> Step {
        if self.state.progress.step() == Step::More {
            match &mut self.framing {
                Framing::Sse(reader) => reader.push(bytes),
                Framing::Frames(reader) | Framing::Wrapped(reader) => reader.push(bytes),
            }
        }
        while self.state.progress.step() == Step::More {
            match self.framing.next(&mut self.state, out) {
                Ok(true) => {}
                Ok(false) => return Step::More,
                Err(failure) => self.state.progress.failure = Some(failure),
            }
        }
        self.state.progress.step()
    }

    /// Ends the stream; see [`super::Stream::end`].
    pub fn end(&mut self, extension: Option<&str>, out: &mut BytesMut) -> StreamEnd {
        let state = &mut self.state;
        if state.progress.step() == Step::More
            && let Framing::Sse(reader) = &self.framing
            && let Some(event) = reader.residue()
        {
            state.take(&event.data(), event.raw, b"\n\n", out);
            state.progress.residue_taken();
        }
        let end = state.progress.end(state.stop.is_some());
        if end != StreamEnd::Finished {
            return end;
        }
        let usage = state.usage(state.plan.input_estimate);
        let mut last = BytesMut::new();
        match &mut state.encoder {
            Some(encoder) => encoder.finish(&usage, extension, &mut last),
            None if state.plan.to == Dialect::Anthropic && !state.progress.done => {
                last.extend_from_slice(b"event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n");
            }
            None => {}
        }
        state.progress.started = true;
        state.give(&last, out);
        if state.plan.array {
            out.extend_from_slice(if state.elements == 0 { b"[]" } else { b"\n]\n" });
        }
        end
    }

    /// True once a token has come.
    #[must_use]
    pub const fn started(&self) -> bool {
        self.state.progress.started
    }

    /// Why the model stopped, in the caller's dialect.
    #[must_use]
    pub fn finish_reason(&self) -> Option<&'static str> {
        self.state.stop.as_ref().map(|stop| word(self.state.plan.to, stop))
    }

    /// Who the provider says answers.
    #[must_use]
    pub const fn identity(&self) -> &Identity {
        &self.state.identity
    }

    /// The whole response of a labelled answer, once it has ended.
    pub fn take_response(&mut self) -> Option<Value> {
        match &mut self.state.encoder {
            Some(Encoder::Responses(encoder)) => encoder.take_response(),
            _ => self.state.response.take(),
        }
    }

    /// Tokens so far.
    #[must_use]
    pub fn usage(&self, input_estimate: u64) -> Usage {
        self.state.usage(input_estimate)
    }

    /// weir's own error, framed as this stream is.
    #[must_use]
    pub fn error(&self, problem: &Problem) -> Bytes {
        if !self.state.plan.array {
            return dialect::sse_error(self.state.plan.to, problem);
        }
        let mut out = BytesMut::new();
        out.extend_from_slice(if self.state.elements == 0 { b"[" } else { b",\r\n" });
        out.extend_from_slice(&dialect::error_body(self.state.plan.to, problem));
        out.extend_from_slice(b"\n]\n");
        out.freeze()
    }
}

/// Why it stopped, in a dialect's own word.
pub(crate) const fn word(dialect: Dialect, stop: &Stop) -> &'static str {
    match dialect {
        Dialect::OpenaiResponses => openai_responses::status(stop).0,
        Dialect::Anthropic => stop.anthropic(),
        Dialect::Gemini => stop.gemini(),
        _ => stop.openai(),
    }
}

impl State {
    fn take(&mut self, data: &[u8], raw: &[u8], terminator: &[u8], out: &mut BytesMut) {
        let data = data.trim_ascii();
        if data == b"[DONE]" {
            self.progress.done = true;
            return;
        }
        let mut fresh = BytesMut::new();
        if data.is_empty() {
            // Comments and bare names: kept where bytes are, meaningless elsewhere.
            if self.encoder.is_some() || self.plan.array {
                return;
            }
        } else {
            let Some(mut value) = serde_json::from_slice::<Value>(data).ok().filter(Value::is_object) else {
                self.progress.failure = Some(StreamFailure::NotJson);
                return;
            };
            let mut events = std::mem::take(&mut self.events);
            events.clear();
            if let Err(failure) = self.decoder.read(&value, data, &mut events) {
                self.progress.failure = Some(failure);
                return;
            }
            for event in &mut events {
                self.note(event);
                if let Event::Start { model, .. } = event
                    && model.is_empty()
                {
                    model.clone_from(&self.plan.model);
                }
                if let Some(encoder) = &mut self.encoder {
                    event.mark(self.plan.from, self.plan.to);
                    encoder.write(event, &mut fresh);
                }
            }
            self.events = events;
            self.progress.done = self.decoder.done();
            if self.encoder.is_none()
                && let Some(label) = &self.plan.label
                && let Some(response) = value.get_mut("response")
            {
                label.stamp(response, false);
                self.response = self.progress.done.then(|| response.clone());
                let name = value.get("type").and_then(Value::as_str).unwrap_or_default();
                dialect::sse_event(name, &value, &mut fresh);
                self.give(&fresh, out);
                return;
            }
        }
        if self.encoder.is_none() {
            fresh.extend_from_slice(raw);
            fresh.extend_from_slice(terminator);
        }
        self.give(&fresh, out);
    }

    /// What weir must know of any stream.
    fn note(&mut self, event: &Event) {
        let said = match event {
            Event::Text { text, .. } | Event::Refusal { text, .. } | Event::Thinking { text, .. } => text.len(),
            Event::Arguments { json, .. } => json.len(),
            Event::Call { name, .. } => name.len(),
            Event::Redacted { .. } => 1,
            Event::Stop { stop, .. } => {
                self.stop = Some(stop.clone());
                self.progress.started = true;
                0
            }
            Event::Start { model, .. } => {
                self.identity = Identity::new(Some(model), None);
                0
            }
            Event::Signature { .. } | Event::Logprobs { .. } => 0,
        };
        self.said += said;
        self.progress.started |= said > 0;
    }

    /// Hands on what was written, or holds it until the first token.
    fn give(&mut self, fresh: &[u8], out: &mut BytesMut) {
        if !self.progress.started {
            self.held.extend_from_slice(fresh);
            if self.held.len() > MAX_EVENT_BYTES {
                self.progress.failure = Some(StreamFailure::TooLarge);
            }
            return;
        }
        let held = self.held.split();
        for piece in [&held, fresh] {
            if self.plan.array { self.elements(piece, out) } else { out.extend_from_slice(piece) }
        }
    }

    /// Events as elements of one array.
    fn elements(&mut self, events: &[u8], out: &mut BytesMut) {
        let mut reader = Reader::new();
        reader.push(events);
        while let Ok(Some(event)) = reader.next_event() {
            let data = event.data();
            if !data.is_empty() {
                out.put_slice(if self.elements == 0 { b"[" } else { b",\r\n" });
                out.put_slice(&data);
                self.elements += 1;
            }
        }
    }

    fn usage(&self, input_estimate: u64) -> Usage {
        self.decoder.counts().whole(Estimate { input: input_estimate, output: estimate_tokens(self.said) })
    }
}

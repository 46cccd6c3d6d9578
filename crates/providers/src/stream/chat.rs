//! One OpenAI chat stream to an OpenAI chat caller. Whole events are forwarded as they came; of each only what says that
//! a token has come, why it stopped and what it cost is read.

use std::{borrow::Cow, fmt};

use bytes::{Bytes, BytesMut};
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;
use weir_core::{Usage, span::Identity};

use super::{Step, StreamEnd, StreamFailure, progress::Progress};
use crate::{
    dialect::openai_chat::{Envelope, estimate_tokens, identity, read_usage, splice_usage_extension},
    sse::{Event, Reader},
};

#[derive(Deserialize)]
struct Choice<'a> {
    /// What the older completions say.
    #[serde(borrow, default)]
    text: Option<&'a RawValue>,
    #[serde(default)]
    delta: Option<Said>,
    #[serde(borrow, default)]
    finish_reason: Option<Cow<'a, str>>,
}

/// The state of one stream.
#[derive(Debug)]
pub struct ChatStream {
    reader: Reader,
    state: State,
}

#[derive(Debug)]
struct State {
    usage_asked: bool,
    /// Events with a `type` are taken beside chunks: what is passed on has some of its own, such as images in the making.
    typed: bool,
    /// The last of them has come; none has to follow.
    typed_end: bool,
    /// Whole events held until the first token.
    held: BytesMut,
    progress: Progress,
    chunks: u64,
    usage: Option<Box<RawValue>>,
    service_tier: Option<Box<RawValue>>,
    usage_event: Option<Bytes>,
    finish_reason: Option<String>,
    delta_bytes: usize,
    identity: Identity,
}

impl ChatStream {
    /// A stream whose caller asked for the usage chunk, or did not.
    #[must_use]
    pub fn new(usage_asked: bool) -> Self {
        Self {
            reader: Reader::new(),
            state: State {
                usage_asked,
                typed: false,
                typed_end: false,
                held: BytesMut::new(),
                progress: Progress::default(),
                chunks: 0,
                usage: None,
                service_tier: None,
                usage_event: None,
                finish_reason: None,
                delta_bytes: 0,
                identity: Identity::default(),
            },
        }
    }

    /// A stream that is passed on and no chat.
    #[must_use]
    pub(crate) fn passed() -> Self {
        let mut stream = Self::new(false);
        stream.state.typed = true;
        stream
    }

    /// Takes the provider's next bytes and appends to `out` what the caller gets of them: nothing before the first token,
    /// then whole events as received. The usage-only chunk is kept until [`Self::end`].
    pub fn push(&mut self, bytes: &[u8], out: &mut BytesMut) -> Step {
        if self.state.progress.step() == Step::More {
            self.reader.push(bytes);
        }
        while self.state.progress.step() == Step::More {
            match self.reader.next_event() {
                Ok(Some(event)) => self.state.take(event, b"", out),
                Ok(None) => return Step::More,
                Err(_) => self.state.progress.failure = Some(StreamFailure::TooLarge),
            }
        }
        self.state.progress.step()
    }

    /// Ends the stream: after [`Step::Done`] or [`Step::Failed`], at the end of the provider's bytes, or when its
    /// connection broke. Writes the last event if only its blank line is missing, the usage chunk if the caller asked for
    /// it, with `"weir":extension` spliced in, and `[DONE]` when the answer is whole. Call it once.
    pub fn end(&mut self, extension: Option<&str>, out: &mut BytesMut) -> StreamEnd {
        let state = &mut self.state;
        if state.progress.step() == Step::More
            && let Some(event) = self.reader.residue()
        {
            state.take(event, b"\n\n", out);
            state.progress.residue_taken();
        }
        let end = state.progress.end(state.finish_reason.is_some());
        if end != StreamEnd::Finished {
            return end;
        }
        out.extend_from_slice(&state.held.split());
        if let Some(chunk) = state.usage_event.take()
            && state.usage_asked
        {
            let chunk = match extension {
                Some(extension) => splice_usage_extension(&chunk, extension),
                None => chunk,
            };
            write_data(&chunk, out);
        }
        if !state.typed_end || state.progress.done {
            out.extend_from_slice(b"data: [DONE]\n\n");
        }
        end
    }

    /// True once the caller has got, or would have got, a token: from here on another deployment cannot take over.
    #[must_use]
    pub const fn started(&self) -> bool {
        self.state.progress.started
    }

    /// The dialect's word for why the model stopped, once it has.
    #[must_use]
    pub fn finish_reason(&self) -> Option<&str> {
        self.state.finish_reason.as_deref()
    }

    /// Who the provider says answers, once it has said so.
    #[must_use]
    pub const fn identity(&self) -> &Identity {
        &self.state.identity
    }

    /// Tokens so far: the provider's count if it sent one, else estimated from what was relayed.
    #[must_use]
    pub fn usage(&self, input_estimate: u64) -> Usage {
        let output = self.state.chunks.min(estimate_tokens(self.state.delta_bytes));
        read_usage(self.state.usage.as_deref(), self.state.service_tier.as_deref(), input_estimate, output)
    }
}

impl State {
    fn take(&mut self, event: Event<'_>, terminator: &[u8], out: &mut BytesMut) {
        let data = event.data();
        let trimmed = data.trim_ascii();
        if trimmed == b"[DONE]" {
            self.progress.done = true;
            return;
        }
        if !trimmed.is_empty() && !self.read(trimmed) {
            return;
        }
        if self.progress.started {
            out.extend_from_slice(&self.held.split());
            out.extend_from_slice(event.raw);
            out.extend_from_slice(terminator);
        } else {
            self.held.extend_from_slice(event.raw);
            self.held.extend_from_slice(terminator);
            if self.held.len() > crate::sse::MAX_EVENT_BYTES {
                self.progress.failure = Some(StreamFailure::TooLarge);
            }
        }
    }

    /// Reads one chunk; false when it is not to be forwarded.
    fn read(&mut self, data: &[u8]) -> bool {
        let chunk: Option<Envelope<'_, Choice<'_>>> = data
            .first()
            .filter(|first| **first == b'{')
            .and_then(|_| std::str::from_utf8(data).ok())
            .and_then(|text| serde_json::from_str(text).ok());
        let Some(chunk) = chunk else {
            self.progress.failure = Some(StreamFailure::NotJson);
            return false;
        };
        if chunk.error.is_some() {
            self.progress.failure = Some(StreamFailure::Error(Bytes::copy_from_slice(data)));
            return false;
        }
        if self.identity.is_unknown() {
            self.identity = identity(chunk.model, chunk.system_fingerprint);
        }
        if let Some(usage) = chunk.usage {
            self.usage = Some(usage.to_owned());
        }
        if let Some(tier) = chunk.service_tier
            && self.service_tier.is_none()
        {
            self.service_tier = Some(tier.to_owned());
        }
        if let (true, None, Some(kind)) = (self.typed, &chunk.choices, chunk.kind) {
            self.progress.started = true;
            let kind = kind.get().trim_matches('"');
            if kind.ends_with(".completed") || kind.ends_with(".done") {
                self.typed_end = true;
                self.finish_reason = Some("stop".to_owned());
            }
            return true;
        }
        let choices = chunk.choices.unwrap_or_default();
        if choices.is_empty() && chunk.usage.is_some() {
            self.usage_event = Some(Bytes::copy_from_slice(data));
            return false;
        }
        for choice in choices {
            if let Some(reason) = choice.finish_reason {
                self.finish_reason = Some(reason.into_owned());
                self.progress.started = true;
            }
            let text = choice.text.map_or(0, |text| text.get().len().saturating_sub(2));
            if text > 0 && choice.text.is_some_and(|text| text.get().starts_with('"')) {
                self.delta_bytes += text;
                self.chunks += 1;
                self.progress.started = true;
            }
            if let Some(Said(bytes @ 1..)) = choice.delta {
                self.delta_bytes += bytes;
                self.chunks += 1;
                self.progress.started = true;
            }
        }
        true
    }
}

/// A delta's members: the one that says nothing, and all others.
#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "lowercase")]
enum Name {
    Role,
    #[serde(other)]
    Other,
}

/// Bytes of what a delta says. Zero when it says nothing, as the opening delta with only a role does.
struct Said(usize);

impl<'de> Deserialize<'de> for Said {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Said;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a delta object or null")
            }
            fn visit_unit<E>(self) -> Result<Said, E> {
                Ok(Said(0))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Said, A::Error> {
                let mut bytes = 0;
                while let Some((name, value)) = members.next_entry::<Name, &'de RawValue>()? {
                    // Any other member counts: content, refusal, tool calls, and whatever a provider calls its reasoning.
                    if matches!(name, Name::Other) {
                        bytes += match value.get() {
                            "null" | "\"\"" | "[]" | "{}" => 0,
                            text if text.starts_with('"') => text.len() - 2,
                            other => other.len(),
                        };
                    }
                }
                Ok(Said(bytes))
            }
        }
        from.deserialize_any(Members)
    }
}

/// Writes JSON as one event; line feeds in it start new data lines.
fn write_data(json: &[u8], out: &mut BytesMut) {
    for line in json.split(|byte| *byte == b'\n') {
        out.extend_from_slice(b"data: ");
        out.extend_from_slice(line);
        out.extend_from_slice(b"\n");
    }
    out.extend_from_slice(b"\n");
}

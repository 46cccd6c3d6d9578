//! One request between a caller's dialect and a deployment's: what weir reads of it, the body each deployment gets, and the
//! way back for whole and streamed answers. Pure.
//!
//! Where both speak the same, the body is spliced and answers pass as they came. Where they don't, the request is decoded
//! into the neutral form once, however many deployments are tried.

use std::sync::OnceLock;

pub use crate::chat::Untranslatable;
use bytes::Bytes;
use weir_core::{
    deployment::{Deployment, Dialect},
    span::Identity,
};

use crate::{
    chat::{Losses, Request},
    dialect::{
        BadRequest, Meta, Peek, anthropic, gemini,
        openai_chat::{self, Broken, Reply, Shape},
        openai_responses,
        usage::Estimate,
        value,
    },
    stream::{ChatStream, Mixed, Plan, Stream, word},
    transport::Endpoint,
};

/// What the route says of a request, beside its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// The body says all.
    Body(Dialect),
    /// An endpoint of OpenAI's that is passed on, such as `embeddings`; the body says the model.
    Raw(&'static str),
    /// Gemini's path says the model, whether to stream, and with `alt=sse` how.
    Gemini {
        /// The model's name, without `models/`.
        model: String,
        /// `streamGenerateContent`.
        stream: bool,
        /// Events instead of a JSON array.
        sse: bool,
    },
}

impl Entry {
    /// The caller's dialect.
    #[must_use]
    pub const fn dialect(&self) -> Dialect {
        match self {
            Self::Body(dialect) => *dialect,
            Self::Raw(_) => Dialect::OpenaiChat,
            Self::Gemini { .. } => Dialect::Gemini,
        }
    }

    /// True when the answer is a text that can be scored.
    #[must_use]
    pub const fn is_chat(&self) -> bool {
        !matches!(self, Self::Raw(_))
    }

    /// The content type of a streamed answer.
    #[must_use]
    pub const fn stream_type(&self) -> &'static str {
        match self {
            Self::Gemini { sse: false, .. } => "application/json",
            _ => "text/event-stream",
        }
    }
}

/// A request as read.
#[derive(Debug)]
pub struct Inbound<'a> {
    /// What weir acts on.
    pub peek: Peek<'a>,
    entry: &'a Entry,
    body: &'a Bytes,
    meta: Meta,
    neutral: OnceLock<Result<Request, BadRequest>>,
}

/// What a deployment gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// The body.
    pub body: Bytes,
    /// JSON paths of what was dropped on the way.
    pub dropped: Vec<String>,
}

/// Why a deployment cannot get a request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unsendable {
    /// The request is wrong by its own dialect.
    #[error(transparent)]
    Bad(#[from] BadRequest),
    /// The deployment's dialect cannot say it.
    #[error(transparent)]
    Untranslatable(#[from] Untranslatable),
}

impl<'a> Inbound<'a> {
    /// Reads a request. `now_s` is seconds since 1970, for answers that must say when they were made.
    ///
    /// # Errors
    /// The first place that is not what the dialect says.
    pub fn read(entry: &'a Entry, body: &'a Bytes, now_s: i64) -> Result<Self, BadRequest> {
        let peek = match entry {
            Entry::Body(Dialect::Anthropic) => openai_chat::peek_as(Shape::Anthropic, body)?,
            Entry::Body(Dialect::OpenaiResponses) => openai_chat::peek_as(Shape::Responses, body)?,
            Entry::Raw(_) => openai_chat::peek_as(Shape::Raw, body)?,
            Entry::Body(_) => openai_chat::peek(body)?,
            Entry::Gemini { model, stream, .. } => openai_chat::peek_gemini(model, *stream, body)?,
        };
        Ok(Self { peek, entry, body, meta: Meta { created_s: now_s }, neutral: OnceLock::new() })
    }

    /// The caller's dialect.
    #[must_use]
    pub const fn dialect(&self) -> Dialect {
        self.entry.dialect()
    }

    /// Where a deployment is asked.
    #[must_use]
    pub const fn endpoint(&self) -> Endpoint<'_> {
        match self.entry {
            Entry::Raw(path) => Endpoint::At(path),
            _ if self.peek.stream => Endpoint::Stream,
            _ => Endpoint::Whole,
        }
    }

    /// The body for a deployment.
    ///
    /// # Errors
    /// It cannot be said there.
    pub fn outgoing(&self, deployment: &Deployment, lenient: bool) -> Result<Outgoing, Unsendable> {
        if let Entry::Raw(path) = self.entry {
            if !matches!(deployment.dialect, Dialect::OpenaiChat | Dialect::OpenaiResponses) {
                let fields = vec![format!("/{path}")];
                return Err(Untranslatable { fields, dialect: deployment.dialect.name() }.into());
            }
            let body = openai_chat::splice(&self.peek, self.body, &deployment.model, false);
            return Ok(Outgoing { body, dropped: Vec::new() });
        }
        if deployment.dialect == self.dialect() {
            let body = match deployment.dialect {
                Dialect::OpenaiChat | Dialect::OpenaiResponses | Dialect::Anthropic => {
                    let want_usage = deployment.dialect == Dialect::OpenaiChat;
                    openai_chat::splice(&self.peek, self.body, &deployment.model, want_usage)
                }
                Dialect::Gemini => self.body.clone(),
            };
            return Ok(Outgoing { body, dropped: Vec::new() });
        }
        let request = self.neutral.get_or_init(|| self.decode()).as_ref().map_err(Clone::clone)?;
        let mut losses: Losses = request.dropped.clone();
        let document = match deployment.dialect {
            Dialect::OpenaiChat => {
                let own = matches!(deployment.provider.as_str(), "openai" | "azure");
                openai_chat::encode(request, &deployment.model, own, &mut losses)
            }
            Dialect::OpenaiResponses => openai_responses::encode(request, &deployment.model, &mut losses),
            Dialect::Anthropic => anthropic::encode(request, &deployment.model, &mut losses)?,
            Dialect::Gemini => gemini::encode(request, &mut losses)?,
        };
        let dropped = losses.settle(lenient, deployment.dialect.name())?;
        Ok(Outgoing { body: document.to_string().into(), dropped })
    }

    fn decode(&self) -> Result<Request, BadRequest> {
        let document = value::parse(self.body)?;
        match self.entry {
            Entry::Body(Dialect::Anthropic) => anthropic::decode(&document),
            Entry::Body(Dialect::OpenaiResponses) => openai_responses::decode(&document),
            Entry::Body(_) | Entry::Raw(_) => openai_chat::decode(&document),
            Entry::Gemini { stream, .. } => gemini::decode(&document, *stream),
        }
    }

    /// Checks a whole answer of a `from` deployment and gives it in the caller's dialect.
    ///
    /// # Errors
    /// It is not what the dialect promises.
    pub fn reply(&self, from: Dialect, body: Bytes, input_estimate: u64) -> Result<(Bytes, Reply), Broken> {
        let to = self.dialect();
        if let Entry::Raw(_) = self.entry {
            let reply = openai_chat::read_raw(&body, input_estimate)?;
            return Ok((body, reply));
        }
        if from == to && to == Dialect::OpenaiChat {
            let reply = openai_chat::read_reply(&body, input_estimate)?;
            return Ok((body, reply));
        }
        let estimate = Estimate { input: input_estimate, output: openai_chat::estimate_tokens(body.len()) };
        let document = openai_chat::document(&body)?;
        let neutral = match from {
            Dialect::OpenaiChat => {
                openai_chat::read_reply(&body, input_estimate)?;
                openai_chat::decode_reply(&document, estimate)?
            }
            Dialect::OpenaiResponses => openai_responses::decode_reply(&document, estimate)?,
            Dialect::Anthropic => anthropic::decode_reply(&document, estimate)?,
            Dialect::Gemini => gemini::decode_reply(&document, estimate)?,
        };
        let finish_reason = neutral.choices.first().map(|choice| word(to, &choice.stop).to_owned());
        let identity = Identity::new(Some(&neutral.model), None);
        let reply = Reply { usage: neutral.usage, finish_reason, choices: neutral.choices.len(), identity };
        if from == to {
            return Ok((body, reply));
        }
        let document = match to {
            Dialect::OpenaiChat => openai_chat::encode_reply(&neutral, &self.meta),
            Dialect::OpenaiResponses => openai_responses::encode_reply(&neutral, &self.meta),
            Dialect::Anthropic => anthropic::encode_reply(&neutral),
            Dialect::Gemini => gemini::encode_reply(&neutral),
        };
        Ok((document.to_string().into(), reply))
    }

    /// A streamed answer of a `from` deployment.
    #[must_use]
    pub fn stream(&self, from: Dialect, input_estimate: u64) -> Stream {
        let to = self.dialect();
        if !self.entry.is_chat() || (from == to && to == Dialect::OpenaiChat) {
            return Stream::Chat(Box::new(ChatStream::new(self.peek.include_usage)));
        }
        let array = matches!(self.entry, Entry::Gemini { sse: false, .. });
        let include_usage = self.peek.include_usage;
        Stream::Mixed(Box::new(Mixed::new(Plan { from, to, meta: self.meta, include_usage, array, input_estimate })))
    }
}

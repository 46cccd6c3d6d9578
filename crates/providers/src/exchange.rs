//! One request between a caller's dialect and a deployment's: what weir reads of it, the body each deployment gets, and the
//! way back for whole and streamed answers. Pure.
//!
//! Where both speak the same, the body is spliced and answers pass as they came. Where they don't, the request is decoded
//! into the neutral form once, however many deployments are tried.

mod entry;

use std::{borrow::Cow, sync::OnceLock};

pub use crate::chat::Untranslatable;
pub use entry::Entry;

use bytes::Bytes;
use weir_core::{
    deployment::{Deployment, Dialect},
    span::Identity,
};

use crate::{
    chat::{Losses, Request, signature},
    dialect::{
        BadRequest, Meta, Peek, anthropic,
        bedrock::{self, invoke},
        cohere, embed, form, gemini, mistral,
        openai_chat::{self, Broken, Reply, Shape},
        openai_responses::{self, kept::Label},
        shape,
        usage::Estimate,
        value,
    },
    stream::{ChatStream, Mixed, Plan, Stream, word},
    transport::Endpoint,
};

/// A request as read.
#[derive(Debug)]
pub struct Inbound<'a> {
    /// What weir acts on.
    pub peek: Peek<'a>,
    entry: &'a Entry,
    body: &'a Bytes,
    meta: Meta,
    label: Option<Label>,
    betas: Option<String>,
    neutral: OnceLock<Result<Request, BadRequest>>,
}

/// What a deployment gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// Which of its endpoints is asked.
    pub endpoint: Endpoint,
    /// The body.
    pub body: Bytes,
    /// What the body is, where that is not JSON.
    pub content_type: Option<String>,
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
        let peek = peek(entry, body)?;
        Ok(Self {
            peek,
            entry,
            body,
            meta: Meta { created_s: now_s },
            label: None,
            betas: None,
            neutral: OnceLock::new(),
        })
    }

    /// The same, whose answer says of itself what it is stored as.
    #[must_use]
    pub fn labelled(self, label: Option<Label>) -> Self {
        Self { label, ..self }
    }

    /// The same, asked with these betas of Anthropic's, parted by commas, where a body and not a header holds them.
    #[must_use]
    pub fn with_betas(self, betas: Option<String>) -> Self {
        Self { betas, ..self }
    }

    /// The caller's dialect.
    #[must_use]
    pub const fn dialect(&self) -> Dialect {
        self.entry.dialect()
    }

    /// True when the answer is a text that can be scored.
    #[must_use]
    pub const fn is_chat(&self) -> bool {
        self.entry.is_chat()
    }

    /// The body for a deployment.
    ///
    /// # Errors
    /// It cannot be said there.
    pub fn outgoing(&self, deployment: &Deployment, lenient: bool) -> Result<Outgoing, Unsendable> {
        if !self.entry.is_chat() {
            return self.passed_elsewhere(deployment);
        }
        let endpoint = if self.peek.stream { Endpoint::Stream } else { Endpoint::Whole };
        if deployment.dialect == self.dialect() {
            let mut body = self.passed_on(&deployment.model)?;
            if invoke::invokes(deployment) {
                body = invoke::adapt(value::parse(&body)?, self.betas.as_deref()).to_string().into();
            }
            return Ok(Outgoing { endpoint, body, content_type: None, dropped: Vec::new() });
        }
        let request = self.neutral.get_or_init(|| self.decode()).as_ref().map_err(Clone::clone)?;
        let mut losses: Losses = request.dropped.clone();
        let request = signature::keep_own(request, deployment.dialect, &mut losses);
        let request = request.as_ref();
        let document = match deployment.dialect {
            Dialect::OpenaiChat => {
                let own = matches!(deployment.provider.as_str(), "openai" | "azure");
                openai_chat::encode(request, &deployment.model, own, &mut losses)
            }
            Dialect::OpenaiResponses => openai_responses::encode(request, &deployment.model, &mut losses),
            Dialect::Anthropic if invoke::invokes(deployment) => {
                invoke::adapt(anthropic::encode(request, &deployment.model, &mut losses)?, None)
            }
            Dialect::Anthropic => anthropic::encode(request, &deployment.model, &mut losses)?,
            Dialect::Gemini => gemini::encode(request, &deployment.model, &deployment.provider, &mut losses)?,
            Dialect::Mistral => mistral::encode(request, &deployment.model, &mut losses),
            Dialect::Cohere => cohere::encode(request, &deployment.model, &mut losses),
            Dialect::Bedrock => bedrock::encode(request, &mut losses)?,
        };
        let dropped = losses.settle(lenient, deployment.dialect.name())?;
        Ok(Outgoing { endpoint, body: document.to_string().into(), content_type: None, dropped })
    }

    /// What is not a chat, for a deployment that has such an endpoint.
    fn passed_elsewhere(&self, deployment: &Deployment) -> Result<Outgoing, Unsendable> {
        let openai = matches!(deployment.dialect, Dialect::OpenaiChat | Dialect::OpenaiResponses | Dialect::Mistral);
        let at = |path: &'static str| Endpoint::At(Cow::Borrowed(path));
        let refused = |what: String| Untranslatable { fields: vec![what], dialect: deployment.dialect.name() };
        let mut content_type = None;
        let (endpoint, body) = match self.entry {
            Entry::Raw(path) if openai => {
                (at(path), openai_chat::splice(&self.peek, self.body, &deployment.model, false))
            }
            Entry::Embeddings if openai => {
                (at("embeddings"), openai_chat::splice(&self.peek, self.body, &deployment.model, false))
            }
            Entry::Form { path, boundary } if openai => {
                content_type = Some(format!("multipart/form-data; boundary={boundary}"));
                (at(path), form::splice(&self.peek, self.body, &deployment.model))
            }
            Entry::Embeddings if deployment.dialect == Dialect::Gemini => {
                let (path, body) = embed::to_gemini(&value::parse(self.body)?, &deployment.model)?;
                (Endpoint::At(path.into()), body)
            }
            Entry::EmbedContent { batch, .. } if deployment.dialect == Dialect::Gemini => {
                let (path, body) = embed::renamed(value::parse(self.body)?, *batch, &deployment.model);
                (Endpoint::At(path.into()), body)
            }
            Entry::EmbedContent { batch, .. } if openai => {
                (at("embeddings"), embed::to_openai(&value::parse(self.body)?, *batch, &deployment.model)?)
            }
            // Whose words reranking is asked in.
            Entry::Raw(path @ "rerank") if deployment.dialect == Dialect::Cohere => {
                (at(path), openai_chat::splice(&self.peek, self.body, &deployment.model, false))
            }
            Entry::Embeddings if deployment.dialect == Dialect::Cohere => {
                (at("embed"), embed::to_cohere(&value::parse(self.body)?, &deployment.model)?)
            }
            Entry::Raw(path) | Entry::Form { path, .. } => return Err(refused(format!("/{path}")).into()),
            _ => return Err(refused("/embeddings".to_owned()).into()),
        };
        Ok(Outgoing { endpoint, body, content_type, dropped: Vec::new() })
    }

    /// The caller's own body for a deployment of its dialect. What earlier turns got from models of other dialects, and
    /// only those can read, is left out.
    fn passed_on(&self, model: &str) -> Result<Bytes, BadRequest> {
        let splice = |peek: &Peek<'_>, body: &Bytes| match self.entry {
            Entry::Gemini { .. } => body.clone(),
            _ => openai_chat::splice(peek, body, model, self.dialect() == Dialect::OpenaiChat),
        };
        if !signature::has_marks(self.body) {
            return Ok(splice(&self.peek, self.body));
        }
        let mut document = value::parse(self.body)?;
        signature::prune(&mut document);
        let body = Bytes::from(document.to_string());
        Ok(splice(&peek(self.entry, &body)?, &body))
    }

    fn decode(&self) -> Result<Request, BadRequest> {
        let document = value::parse(self.body)?;
        match self.entry {
            Entry::Body(Dialect::Anthropic) => anthropic::decode(&document),
            Entry::Body(Dialect::OpenaiResponses) => openai_responses::decode(&document),
            Entry::Gemini { stream, .. } => gemini::decode(&document, *stream),
            _ => openai_chat::decode(&document),
        }
    }

    /// Checks a whole answer of a `from` deployment and gives it in the caller's dialect.
    ///
    /// # Errors
    /// It is not what the dialect promises.
    pub fn reply(&self, from: Dialect, body: Bytes, input_estimate: u64) -> Result<(Bytes, Reply), Broken> {
        let to = self.dialect();
        if !self.entry.is_chat() {
            return self.passed_back(from, body, input_estimate);
        }
        if from == to && to == Dialect::OpenaiChat {
            let reply = openai_chat::read_reply(&body, input_estimate)?;
            return Ok((body, reply));
        }
        let estimate = Estimate { input: input_estimate, output: openai_chat::estimate_tokens(body.len()) };
        let mut document = openai_chat::document(&body)?;
        let mut neutral = match from {
            Dialect::OpenaiChat | Dialect::Mistral => {
                openai_chat::read_reply(&body, input_estimate)?;
                openai_chat::decode_reply(&document, estimate)?
            }
            Dialect::Cohere => cohere::decode_reply(&document, estimate)?,
            Dialect::Bedrock => bedrock::decode_reply(&document, estimate)?,
            Dialect::OpenaiResponses => openai_responses::decode_reply(&document, estimate)?,
            Dialect::Anthropic => anthropic::decode_reply(&document, estimate)?,
            Dialect::Gemini => gemini::decode_reply(&document, estimate)?,
        };
        let finish_reason = neutral.choices.first().map(|choice| word(to, &choice.stop).to_owned());
        let identity = Identity::new(Some(&neutral.model), None);
        if neutral.model.is_empty() {
            neutral.model = self.peek.model.clone().into_owned();
        }
        let reply = Reply { usage: neutral.usage, finish_reason, choices: neutral.choices.len(), identity };
        if from == to {
            let Some(label) = &self.label else { return Ok((body, reply)) };
            label.stamp(&mut document, false);
            return Ok((document.to_string().into(), reply));
        }
        neutral.mark(from, to);
        let document = match to {
            Dialect::OpenaiResponses => openai_responses::encode_reply(&neutral, &self.meta, self.label.as_ref()),
            Dialect::Anthropic => anthropic::encode_reply(&neutral),
            Dialect::Gemini => gemini::encode_reply(&neutral),
            _ => openai_chat::encode_reply(&neutral, &self.meta),
        };
        Ok((document.to_string().into(), reply))
    }

    /// An answer that is not a chat's.
    fn passed_back(&self, from: Dialect, body: Bytes, input_estimate: u64) -> Result<(Bytes, Reply), Broken> {
        // Sound and plain text count nothing.
        if matches!(self.entry, Entry::Raw("audio/speech") | Entry::Form { .. })
            && !body.trim_ascii_start().starts_with(b"{")
        {
            return Ok((body, openai_chat::uncounted(input_estimate)));
        }
        let reply = openai_chat::read_raw(&body, input_estimate)?;
        let body = match (self.entry, from) {
            (Entry::Embeddings, Dialect::Gemini | Dialect::Cohere) => {
                let asked = value::parse(self.body).unwrap_or_default();
                let base64 = asked.get("encoding_format").is_some_and(|format| format == "base64");
                let said = openai_chat::document(&body)?;
                let list = if from == Dialect::Cohere { embed::from_cohere } else { embed::from_gemini };
                list(&said, &self.peek.model, base64, reply.usage.input)?
            }
            (Entry::EmbedContent { batch, .. }, Dialect::OpenaiChat | Dialect::OpenaiResponses | Dialect::Mistral) => {
                embed::from_openai(&openai_chat::document(&body)?, *batch)?
            }
            _ => body,
        };
        Ok((body, reply))
    }

    /// A streamed answer of a deployment.
    #[must_use]
    pub fn stream(&self, deployment: &Deployment, input_estimate: u64) -> Stream {
        let (from, to) = (deployment.dialect, self.dialect());
        if !self.entry.is_chat() {
            return Stream::Chat(Box::new(ChatStream::passed()));
        }
        if from == to && to == Dialect::OpenaiChat {
            return Stream::Chat(Box::new(ChatStream::new(self.peek.include_usage)));
        }
        let array = matches!(self.entry, Entry::Gemini { sse: false, .. });
        let include_usage = self.peek.include_usage;
        let model = self.peek.model.clone().into_owned();
        let label = self.label.clone();
        let wrapped = invoke::invokes(deployment);
        let plan = Plan { from, wrapped, to, model, meta: self.meta, label, include_usage, array, input_estimate };
        Stream::Mixed(Box::new(Mixed::new(plan)))
    }
}

/// What weir acts on of a request.
fn peek<'a>(entry: &'a Entry, body: &'a [u8]) -> Result<Peek<'a>, BadRequest> {
    match entry {
        Entry::Body(Dialect::Anthropic) => openai_chat::peek_as(Shape::Anthropic, &shape::ANTHROPIC, body),
        Entry::Body(Dialect::OpenaiResponses) => openai_chat::peek_as(Shape::Responses, &shape::RESPONSES, body),
        Entry::Raw(path) => openai_chat::peek_as(Shape::Raw, shape::passed(path), body),
        Entry::Embeddings => openai_chat::peek_as(Shape::Raw, &shape::EMBEDDINGS, body),
        Entry::Form { boundary, .. } => form::peek(boundary, body),
        Entry::EmbedContent { model, batch } => {
            embed::check(body, *batch)?;
            Ok(openai_chat::peek_bare(model, body))
        }
        Entry::Body(_) => openai_chat::peek(body),
        Entry::Gemini { model, stream, .. } => openai_chat::peek_gemini(model, *stream, body),
    }
}

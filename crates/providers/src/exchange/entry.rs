//! What is asked for, and in whose dialect.

use weir_core::deployment::Dialect;

/// What the route says of a request, beside its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// The body says all.
    Body(Dialect),
    /// An endpoint of OpenAI's that is passed on, such as `moderations`; the body says the model.
    Raw(&'static str),
    /// A form of OpenAI's with a file, such as `audio/transcriptions`; one of its fields says the model.
    Form {
        /// The path of the endpoint.
        path: &'static str,
        /// What separates the fields.
        boundary: String,
    },
    /// OpenAI's embeddings.
    Embeddings,
    /// Gemini's `embedContent`, or `batchEmbedContents`.
    EmbedContent {
        /// The model's name, without `models/`.
        model: String,
        /// Several contents at once.
        batch: bool,
    },
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
            Self::Raw(_) | Self::Form { .. } | Self::Embeddings => Dialect::OpenaiChat,
            Self::Gemini { .. } | Self::EmbedContent { .. } => Dialect::Gemini,
        }
    }

    /// True when the answer is a text that can be scored.
    #[must_use]
    pub const fn is_chat(&self) -> bool {
        matches!(self, Self::Body(_) | Self::Gemini { .. })
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

//! One streamed answer, from the provider's bytes to the caller's, without IO.
//!
//! Nothing is written before the first token, so that a stream that fails before it has said anything can be served by
//! another deployment and the caller never knows. A stream has a typed end, and only [`StreamEnd::Finished`] writes the
//! dialect's last word: a cut stream never looks like a success.

mod chat;
mod mixed;
mod progress;

pub use chat::ChatStream;
pub use mixed::Mixed;
pub(crate) use mixed::{Plan, word};

use bytes::{Bytes, BytesMut};
use weir_core::{Problem, Usage, deployment::Dialect, span::Identity};

use crate::{dialect, frames::BadFrame};

/// What to do after a push.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Read on.
    More,
    /// The answer is whole: stop reading, call `end`.
    Done,
    /// The stream is no good: stop reading, call `end`.
    Failed,
}

/// How a stream ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StreamEnd {
    /// The whole answer came; the dialect's last word has been written.
    Finished,
    /// It did not; the caller is owed an error event, or another attempt if nothing was written.
    Failed(StreamFailure),
}

/// Why a stream failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StreamFailure {
    /// It ended without saying why it stopped.
    #[error("the stream was cut")]
    Cut,
    /// It ended without saying anything.
    #[error("the stream was empty")]
    Empty,
    /// The provider sent an error event. Its data is raw: scrub it before showing it.
    #[error("the provider sent an error inside the stream")]
    Error(Bytes),
    /// An event that is not the dialect's JSON.
    #[error("the stream has an event that is not a chat chunk")]
    NotJson,
    /// An event over the bound.
    #[error("the stream has an event that is too large")]
    TooLarge,
}

impl StreamFailure {
    /// The provider ended its answer with a word for its own failure.
    pub(crate) fn ended_with(word: &str) -> Self {
        let error = serde_json::json!({"error": {"message": format!("the answer ended with {word}")}});
        Self::Error(Bytes::from(error.to_string()))
    }
}

impl From<BadFrame> for StreamFailure {
    fn from(bad: BadFrame) -> Self {
        match bad {
            BadFrame::TooLarge => Self::TooLarge,
            BadFrame::Damaged => Self::NotJson,
        }
    }
}

/// A stream between any two dialects.
#[derive(Debug)]
pub enum Stream {
    /// OpenAI chat on both sides, the common case, which reads as little as it can.
    Chat(Box<ChatStream>),
    /// Anything else.
    Mixed(Box<Mixed>),
}

impl Stream {
    /// Takes the provider's next bytes and writes what the caller gets to `out`: nothing before the first token.
    pub fn push(&mut self, bytes: &[u8], out: &mut BytesMut) -> Step {
        match self {
            Self::Chat(stream) => stream.push(bytes, out),
            Self::Mixed(stream) => stream.push(bytes, out),
        }
    }

    /// Ends the stream. `extension` is a JSON object for the usage chunk, where the dialect has one. Call it once.
    pub fn end(&mut self, extension: Option<&str>, out: &mut BytesMut) -> StreamEnd {
        match self {
            Self::Chat(stream) => stream.end(extension, out),
            Self::Mixed(stream) => stream.end(extension, out),
        }
    }

    /// True once the caller has got, or would have got, a token: from here on another deployment cannot take over.
    #[must_use]
    pub fn started(&self) -> bool {
        match self {
            Self::Chat(stream) => stream.started(),
            Self::Mixed(stream) => stream.started(),
        }
    }

    /// Why the model stopped, in the caller's dialect, once it has.
    #[must_use]
    pub fn finish_reason(&self) -> Option<&str> {
        match self {
            Self::Chat(stream) => stream.finish_reason(),
            Self::Mixed(stream) => stream.finish_reason(),
        }
    }

    /// Who the provider says answers, once it has said so.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        match self {
            Self::Chat(stream) => stream.identity(),
            Self::Mixed(stream) => stream.identity(),
        }
    }

    /// Tokens so far: the provider's count if it sent one, else estimated from what was relayed.
    #[must_use]
    pub fn usage(&self, input_estimate: u64) -> Usage {
        match self {
            Self::Chat(stream) => stream.usage(input_estimate),
            Self::Mixed(stream) => stream.usage(input_estimate),
        }
    }

    /// The whole response of an answer that is stored, once it has ended.
    pub fn take_response(&mut self) -> Option<serde_json::Value> {
        match self {
            Self::Chat(_) => None,
            Self::Mixed(stream) => stream.take_response(),
        }
    }

    /// weir's own error as the caller's dialect has it in a stream.
    #[must_use]
    pub fn error(&self, problem: &Problem) -> Bytes {
        match self {
            Self::Chat(_) => dialect::sse_error(Dialect::OpenaiChat, problem),
            Self::Mixed(stream) => stream.error(problem),
        }
    }
}

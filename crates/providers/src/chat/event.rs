//! One step of a streamed answer, neutral. Decoders make them, encoders write them, one at a time.

use weir_core::deployment::Dialect;

use super::{Stop, signature};

/// What happened. Steps of one choice come in order; calls of one choice are told apart by their number.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Event {
    /// The answer begins.
    Start {
        id: String,
        model: String,
    },
    Text {
        choice: u64,
        text: String,
    },
    Refusal {
        choice: u64,
        text: String,
    },
    Thinking {
        choice: u64,
        text: String,
    },
    /// Signs the thinking before it, or what comes next where there was none.
    Signature {
        choice: u64,
        signature: String,
    },
    Redacted {
        choice: u64,
        data: String,
    },
    /// A call begins.
    Call {
        choice: u64,
        number: u64,
        id: String,
        name: String,
    },
    /// More of a call's arguments, a piece of JSON text.
    Arguments {
        choice: u64,
        number: u64,
        json: String,
    },
    /// Log probabilities in OpenAI's form.
    Logprobs {
        choice: u64,
        logprobs: serde_json::Value,
    },
    Stop {
        choice: u64,
        stop: Stop,
    },
}

impl Event {
    /// Marks what `from` signed, for a caller of `to`.
    pub(crate) fn mark(&mut self, from: Dialect, to: Dialect) {
        if let Self::Signature { signature: signed, .. } | Self::Redacted { data: signed, .. } = self {
            *signed = signature::mark(from, to, signed);
        }
    }
}

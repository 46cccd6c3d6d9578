//! How a call can fail, shaped by what the caller does next.

use std::{error::Error, time::Duration};

use super::address::Forbidden;

/// A call that gave no whole answer. Holds no URL, key or payload.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// No connection: refused, unreachable, unknown name, bad certificate.
    #[error("could not connect: {0}")]
    Connect(String),
    /// A time limit passed.
    #[error("no {} within {after_ms} ms", phase.name())]
    Timeout {
        /// Which.
        phase: Phase,
        /// The limit, in milliseconds.
        after_ms: u64,
    },
    /// The address policy forbids the target.
    #[error("address refused: {0}")]
    Refused(String),
    /// The deployment's source of credentials gives none; says what to check.
    #[error("{0}")]
    Credential(String),
    /// The connection broke, or what came is not HTTP.
    #[error("broken answer: {0}")]
    Broken(String),
    /// The answer is over the cap.
    #[error("an answer larger than {cap} bytes")]
    TooLarge {
        /// In bytes.
        cap: usize,
    },
    /// The transport itself cannot be set up.
    #[error("cannot set up the transport: {0}")]
    Setup(String),
}

/// What was waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// TCP and TLS.
    Connect,
    /// The first byte of the answer.
    FirstByte,
    /// The next chunk.
    Idle,
    /// The end of the answer.
    Total,
}

impl Phase {
    /// In words.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Connect => "connection",
            Self::FirstByte => "first byte",
            Self::Idle => "next chunk",
            Self::Total => "end of the answer",
        }
    }
}

impl TransportError {
    pub(super) fn timeout(phase: Phase, after: Duration) -> Self {
        Self::Timeout { phase, after_ms: u64::try_from(after.as_millis()).unwrap_or(u64::MAX) }
    }
}

/// The client's error as one of ours.
pub(super) fn sort(error: &reqwest::Error, connect: Duration) -> TransportError {
    if let Some(forbidden) = chain(error).find_map(|cause| cause.downcast_ref::<Forbidden>()) {
        return TransportError::Refused(forbidden.to_string());
    }
    if error.is_connect() {
        if error.is_timeout() {
            return TransportError::timeout(Phase::Connect, connect);
        }
        return TransportError::Connect(innermost(error));
    }
    TransportError::Broken(innermost(error))
}

fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| (*error).source())
}

/// The root cause in words. The outer layers of the client name the URL; the innermost does not.
pub(super) fn innermost(error: &(dyn Error + 'static)) -> String {
    chain(error).last().map(|cause| cause.to_string().to_lowercase()).unwrap_or_default()
}

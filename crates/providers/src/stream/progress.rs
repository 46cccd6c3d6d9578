//! How far a stream has come, and what that makes its end.

use super::{Step, StreamEnd, StreamFailure};

/// Of any stream.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// A token has come, or why there will be none.
    pub(super) started: bool,
    /// The dialect's last word has come.
    pub(super) done: bool,
    pub(super) failure: Option<StreamFailure>,
}

impl Progress {
    /// Whether the provider's next bytes are wanted.
    pub(super) const fn step(&self) -> Step {
        match self.failure {
            Some(_) => Step::Failed,
            None if self.done => Step::Done,
            None => Step::More,
        }
    }

    /// The last event lacked its blank line: it counts when it is whole; half an event is a cut.
    pub(super) fn residue_taken(&mut self) {
        if self.failure == Some(StreamFailure::NotJson) {
            self.failure = Some(StreamFailure::Cut);
        }
    }

    /// What a stream is that ends here; `stopped` when the model has said why it stopped.
    pub(super) fn end(&self, stopped: bool) -> StreamEnd {
        match &self.failure {
            Some(failure) => StreamEnd::Failed(failure.clone()),
            None if stopped || (self.done && self.started) => StreamEnd::Finished,
            None if self.started => StreamEnd::Failed(StreamFailure::Cut),
            None => StreamEnd::Failed(StreamFailure::Empty),
        }
    }
}

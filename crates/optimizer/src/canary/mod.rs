//! A canary: from its plan, over evidence, to a verdict, to the next state.
//!
//! Promotion takes proof that the loss is smaller than the margin; absence of proof of harm never promotes. Rolling
//! back takes proof that the loss is larger than the margin, or that the candidate fails too often. An undecided
//! canary expires to the stable deployment. Verdicts are pure functions of evidence, head revision and time.

mod change;
mod outlook;
mod reading;
mod start;
mod step;
mod words;

pub use change::{Action, Change, act, apply};
pub use outlook::{Course, Outlook, outlook};
pub use reading::{ErrorGuard, Reading, evidence, read};
pub use start::{StartRequest, start};
pub use step::{HORIZON, Verdict, step};

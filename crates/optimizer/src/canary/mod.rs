//! A canary: from its plan, over evidence, to a verdict, to the next state.
//!
//! Promotion takes proof that the loss is smaller than the margin; absence of proof of harm never promotes. Rolling
//! back takes proof that the loss is larger than the margin, or that the candidate fails too often. An undecided
//! canary expires to the stable deployment. Verdicts are pure functions of evidence, head revision and time.

mod change;
mod guards;
mod orders;
mod outlook;
mod people;
mod reading;
pub mod replay;
mod spending;
mod start;
mod step;
mod words;

pub use change::{Change, apply};
pub use orders::{Action, act};
pub use outlook::{Course, Outlook, outlook};
pub use people::{asks_people, bias};
pub use reading::{Reading, read};
pub use spending::attempt;
pub use start::{Ground, StartRequest, start};
pub use step::{APPROVAL_WAIT, Verdict, step};

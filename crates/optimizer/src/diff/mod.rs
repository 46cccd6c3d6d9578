//! Policy diffs: a change of route in one sentence, with the numbers behind the sentence and the facts behind the
//! numbers. A diff is a proposal; it holds the revision it was made for, and applying it starts a canary.

mod document;
mod facts;
mod frontier;
mod propose;
mod words;

pub use document::{CostChange, ErrorChange, JudgeBias, LatencyChange, Outlook, PolicyDiff, QualityChange, Traffic};
pub use facts::{ChoiceFacts, Facts, LoggedFacts, PairFacts, PartFacts, Side, SpendFacts};
pub use frontier::{Frontier, Mixed};
pub use propose::propose;

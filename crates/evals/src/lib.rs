//! Scoring, pure: checks that grade an answer, judges that are asked to, the datasets they are held against, and the
//! suites that group both.
//!
//! Nothing here reads a clock, a file or a socket. A check turns an [`Exchange`] into an [`Outcome`]; a judge turns it
//! into a chat request ([`judge::build`]) and turns the reply back into a grade ([`judge::read`]); callers do the rest.
//! What cannot be scored is `Unscored` with a reason, never zero and never NaN.

pub mod asked;
mod canonical;
pub mod checks;
pub mod dataset;
mod exchange;
pub mod judge;
mod nearest;
pub mod openai;
pub mod promptfoo;
pub mod run;
pub mod shipped;
pub mod spec;
pub mod suite;

#[cfg(test)]
mod tests;

pub use canonical::{canonical_json, input_hash};
pub use exchange::{Exchange, ExpectedTool, Measured, Outcome, Reference};
pub use spec::{Asked, Scorer, ScorerSpec, SpecError, compile};

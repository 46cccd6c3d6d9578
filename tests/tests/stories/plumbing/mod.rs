//! The plumbing matters more than the test. Each story poisons what is compared in a way that destroys any test, however
//! good, and runs it through the real path: HTTP, recorder, scores, reconcilers, with a clock that moves when told.
//! Beside it stands the negative control: what the naive rule makes of the very same answers.
//!
//! `cargo xtask simulate plumbing --runs 300` plays each of them as often, several at a time, and prints a table.

mod fleet;
mod poisons;
mod scene;

pub(crate) use scene::{Answer, CONFIG, PROMOTES, Scene, TIMEOUT, mean, naive};

//! The command line against a weir in this process: what it prints, where, and what it returns.

#![expect(clippy::unwrap_used, reason = "tests may fail loudly")]

mod canaries;
mod datasets;
mod doctor;
mod evals;
mod forms;
mod labels;
mod refusals;
mod rig;
mod traces;

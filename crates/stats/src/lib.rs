//! Numbers, and nothing else: no IO, no clock, no randomness. Every function is a pure function of its
//! arguments, so that evidence can be rebuilt from stored scores and comes out bit for bit the same.
//!
//! - [`window`]: the recent quality of one deployment, with bounds.
//! - [`eprocess`]: is a candidate worse than the stable deployment by more than a margin? Valid at every look.
//! - [`drift`]: has a served deployment become worse than it was?
//! - [`guard`]: does a candidate fail too often? Decides after a handful of requests.
//! - [`srm`]: are the two arms as large as the split says?
//! - [`plan`]: how many pairs a decision takes.
//! - [`sketch`]: latency quantiles that merge.

pub mod drift;
pub mod eprocess;
pub mod guard;
pub mod histogram;
pub mod plan;
pub mod sketch;
pub mod srm;
pub mod window;

pub(crate) mod maths;

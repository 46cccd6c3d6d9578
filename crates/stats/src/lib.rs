//! Numbers, and nothing else: no IO, no clock, no randomness. Every function is a pure function of its
//! arguments, so that evidence can be rebuilt from stored scores and comes out bit for bit the same.
//!
//! - [`window`]: the recent quality of one deployment, with bounds.
//! - [`eprocess`]: is a candidate worse than the stable deployment by more than a margin? Valid at every look.
//! - [`betting`]: the same, pair by pair.
//! - [`asymptotic`]: means of what has no scale, such as dollars.
//! - [`mcnemar`]: do two arms win equally often where they disagree?
//! - [`drift`]: has a served deployment become worse than it was?
//! - [`guard`]: does a candidate fail too often? Decides after a handful of requests.
//! - [`srm`]: are the two arms as large as the split says?
//! - [`shrink`]: what to expect where little was seen.
//! - [`ppi`]: what people would have said, from few labels and many judge's grades.
//! - [`off_policy`]: what another policy would have got; refuses without support.
//! - [`plan`]: how many pairs a decision takes.
//! - [`maths`]: textbook functions.
//! - [`sketch`]: latency quantiles that merge.
//! - [`slope`]: how much one thing moves with another, such as a judge's error with the answer's length.

pub mod agreement;
pub mod asymptotic;
pub mod betting;
mod decay;
pub mod drift;
pub mod eprocess;
pub mod guard;
pub mod histogram;
pub mod mcnemar;
pub mod off_policy;
pub mod plan;
pub mod ppi;
pub mod shrink;
pub mod sketch;
pub mod slope;
pub mod srm;
pub mod window;

pub mod maths;

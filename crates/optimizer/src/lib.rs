//! From scores to the next snapshot and the next policy revision. Pure: no IO, no clock, no runtime; the caller
//! brings rows and the time, and gets values back. The same rows give the same decision, so every decision can be
//! replayed.
//!
//! - [`windows`]: scores into quality windows.
//! - [`snapshot`]: windows, policies and canaries into what the router reads.
//! - [`revision`]: how one policy follows another.
//! - [`pairing`]: a canary's exposures into pairs, in assignment order.
//! - [`canary`]: pairs into evidence, evidence into a verdict, a verdict into the next state.
//! - [`diff`]: a change of route in one sentence, with the maths attached.
//! - [`planner`]: what would be cheaper, what to try next.

pub mod canary;
pub mod diff;
pub mod pairing;
pub mod planner;
pub mod revision;
pub mod sampling;
pub mod snapshot;
pub mod windows;

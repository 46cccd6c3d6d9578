//! A canary's state machine, explored to the end: every state that any order of evidence, orders, crashes, races and
//! time can reach, breadth first, against the invariants I1 to I8. The steps are the real ones (`canary::step`,
//! `apply`, `act`, `replay::again`, `PairState::fold`); store and gateway are small models of what theirs promise.
//!
//! | file | explores | holds |
//! |---|---|---|
//! | `machine` | all evidence, orders, time, freezes; writes at once | I3, I6, I7, proof, approval, an end from everywhere |
//! | `crash` | two controllers that stop between any two effects, leases, the gateway | I1, I2, I3, I4, I7 |
//! | `fold` | every order of delivery, twice over, with restarts | I5, I8 |
//!
//! Beside each stands its negative control: with one guard taken away the search finds the broken law.
//! `cargo test -p weir-optimizer --test model -- --nocapture` prints the counts.

#![expect(clippy::unwrap_used, reason = "tests may fail loudly")]

mod crash;
mod evidence;
mod explore;
mod fold;
mod machine;
mod row;

//! Whole-system stories over real HTTP: the process as `weir serve` runs it, the built-in provider behind it, a fresh
//! data directory under it.
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may fail loudly")]

mod authorisation;
mod bad_input;
mod canary;
mod collector;
mod drift;
mod full_disk;
mod judging;
mod killed;
mod learning;
mod locked;
mod once;
mod plumbing;
mod process;
mod reloading;
mod rig;
mod shadow;

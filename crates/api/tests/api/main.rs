//! The control plane over its router: no socket, a real store in a temporary directory, a clock that stands still.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests may fail loudly")]

mod assets;
mod canary;
mod compat;
mod cost;
mod dataset;
mod diff;
mod fixture;
mod front;
mod guard;
mod heldout_source;
mod idempotent;
mod label;
mod live;
mod openai;
mod openapi;
mod precondition;
mod read;
mod score;
mod scorer_try;
mod system;

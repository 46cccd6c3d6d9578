//! A fake provider that speaks the real wire format over real HTTP, with quality, latency and faults that can be set and
//! changed while it runs. Demos, tests and benchmarks route against it and know the truth they should find.
//!
//! Every draw is a function of the seed, the model, the prompt and how often the model was asked it: two runs with one
//! seed answer alike, whatever the order in which requests of different prompts arrive.

mod answers;
mod build;
mod control;
mod fault;
mod judge;
mod model;
mod passed;
mod play;
mod serve;
mod sums;
mod wire;

pub use answers::{Entry, Kind};
pub use build::{Builder, Sim, SimHandle, root};
pub use control::{Control, Counters, Seen};
pub use fault::Fault;
pub use model::SimModel;

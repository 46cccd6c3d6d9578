//! The gateway over loopback HTTP, in front of the simulator.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests may fail loudly")]

mod admission;
mod client;
mod dialects;
mod dispatching;
mod elsewhere;
mod hostile;
mod listening;
mod pace;
mod passed;
mod plain;
mod refused;
mod regions;
mod rig;
mod stored;
mod streaming;

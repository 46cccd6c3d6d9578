//! Where a request goes. [`decide`] is a pure function of a snapshot, live health and a request: no IO, no clock, no
//! lock, and the same arguments always give the same [`weir_core::decision::Decision`].

mod away;
mod breaker;
mod cell;
mod decide;
mod explain;
mod exposed;
mod gates;
mod headroom;
mod lane;
mod latency;
mod live;
mod replay;
mod silence;
mod slate;
mod stages;
mod warm;

pub use away::{Left, away_from};
pub use breaker::Fault;
pub use cell::SnapshotCell;
pub use decide::{Ask, NoRoute, decide, decide_by, pin};
pub use explain::explain;
pub use exposed::{Exposed, ExposedGuard};
pub use gates::{Gate, Gates, withdraw};
pub use lane::Lane;
pub use latency::{Estimate, Shape};
pub use live::{InFlight, Live, Sample, Vital};
pub use replay::{WhatIf, replay};
pub use weir_core::decision::Health;

//! Where a request goes. [`decide`] is a pure function of a snapshot, live health and a request: no IO, no clock, no
//! lock, and the same arguments always give the same [`weir_core::decision::Decision`].

mod cell;
mod decide;
mod explain;
mod exposed;
mod live;
mod slate;
mod stages;

pub use cell::SnapshotCell;
pub use decide::{Ask, NoRoute, decide, pin};
pub use explain::explain;
pub use exposed::{Exposed, ExposedGuard};
pub use live::{Health, InFlight, Live, Vital};

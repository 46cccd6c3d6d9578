//! The drill: a configuration's own routing, before simulated providers that fail on purpose. Each scenario runs on a
//! weir of its own, so that no breaker remembers the one before: calm, fault, recovery, under steady traffic through
//! the gateway's own door. What callers met and what the attempts on record say become one row with its bounds.
//!
//! Every candidate counts as proven: floors are left out, because a drill has no grades. Deadlines longer than the
//! drill's patience are shortened to it.

mod figures;
mod load;
mod run;
mod scenario;
mod scene;

pub use figures::{Bounds, Report, Row};
pub use run::{Plan, Progress, run};
pub use scenario::Scenario;

//! A run: a suite's items asked of several arms, graded, and compared item by item.
//!
//! An *arm* is whoever answers: a deployment, a workload's router, a recorded file, or an earlier run that serves as the
//! baseline. This folder decides and writes nothing: `order` says what is to be done, `table` holds what came back,
//! `report` says what follows from it. Every interval may be looked at while the run is under way.

mod compare;
mod figure;
mod gate;
mod order;
mod report;
mod table;

pub use compare::Comparison;
pub use figure::Figure;
pub use gate::{GateOutcome, State};
pub use order::{Against, Arm, Order, Regrade, Take};
pub use report::{ArmReport, Metric, Report};

use table::Table;

#[cfg(test)]
mod tests;

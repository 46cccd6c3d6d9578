//! The demo: planted truth, real traffic through the gateway's own HTTP door, and a check of everything it shows.

mod client;
mod figures;
mod on_demand;
mod play;
mod scene;
mod traffic;

pub use figures::{CanaryFigures, WorkloadFigures};
pub use on_demand::OnDemand;
pub use play::{Check, Frame, Play, Report};
pub use scene::settings;

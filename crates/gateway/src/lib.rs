//! The data plane. One listener ([`serve`]), one table of routes ([`ROUTES`]), one pipeline from a request's bytes to its
//! recorded span.
//!
//! Read `serve.rs` first: it is the request from end to end. `dispatch.rs` is the only place that tries again or
//! elsewhere, `relay.rs` the only one that streams, `flight.rs` the only one that records.

mod address;
mod admit;
mod attempt;
mod body;
mod budget;
mod capture;
mod complexity;
mod count;
mod dispatch;
mod endpoint;
mod facts;
mod flight;
mod gemini;
mod head;
mod headers;
mod ids;
mod ingress;
mod language;
mod models;
mod named;
mod plan;
mod relay;
mod resume;
mod rim;
mod routes;
mod serve;
mod stall;
mod state;
mod stored;
mod trace;
mod verify;

pub use endpoint::Endpoint;
pub use ingress::{Ending, IngressConfig, serve};
pub use named::Presets;
pub use routes::{ROUTES, router};
pub use state::{Limits, Parts, State, Targets};

//! The words every other crate speaks, and nothing else: no IO, no clock of its own, no runtime.
//!
//! Values flow one way through these types: a request becomes [`route::Features`], the router turns them and a
//! [`snapshot::Snapshot`] into a [`decision::Decision`], dispatch turns that into a [`span::Span`], workers turn
//! the span into [`score::Score`]s, and reconcilers turn scores into the next snapshot.

pub mod canary;
pub mod chat;
pub mod clock;
pub mod credential;
pub mod decision;
pub mod deployment;
pub mod entropy;
pub mod error;
pub mod expr;
pub mod filter;
pub mod grade;
pub mod ids;
pub mod language;
pub mod money;
pub mod policy;
pub mod route;
pub mod rule;
pub mod run;
pub mod score;
pub mod segment;
pub mod sink;
pub mod snapshot;
pub mod span;
pub mod usage;
pub mod utc;
pub mod workload;

pub use clock::{Clock, Timestamp};
pub use entropy::Entropy;
pub use error::{Code, Fault, Problem};
pub use grade::Grade;
pub use ids::{CanaryId, DeploymentId, RevisionId, RuleName, ScorerName, SpanId, TraceId, WorkloadId};
pub use money::NanoUsd;
pub use usage::Usage;

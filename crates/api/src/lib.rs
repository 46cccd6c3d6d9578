//! The control plane: REST, its OpenAPI document, server-sent events, and the dashboard's embedded files.
//!
//! One file per resource, each with the same four parts: what it takes, what it checks, what it asks the store, and the
//! view it answers with. [`routes()`] is the only place where a handler becomes reachable; authorisation, body limits
//! and documentation come from the same rows.
//!
//! Nothing here decides: routing reads its snapshot, canaries are moved by the optimizer's pure functions, and a
//! person's orders to them go through the same compare-and-set as the optimizer's.

mod assets;
mod attention;
mod budget;
mod calibration;
mod canary;
mod canary_live;
mod canary_pairs;
mod canary_view;
mod compat;
mod cost;
mod dataset;
mod decision;
mod demo;
mod deployment;
mod deployment_test;
mod diff;
mod event;
mod evidence;
mod extract;
mod feed;
mod figure;
mod freeze;
mod guard;
mod idempotent;
mod job;
mod label;
mod live;
mod minutely;
mod openapi;
mod overview;
mod policy;
mod policy_replay;
mod precondition;
mod problem;
mod provider;
mod quarantine;
mod replay;
mod revert;
mod routes;
mod row;
mod rule;
mod run;
mod run_compare;
mod run_live;
mod run_order;
mod run_view;
mod score;
mod scorer;
mod scorer_try;
mod series;
mod state;
mod system;
mod throttle;
mod trace;
mod trace_facets;
mod trace_view;
mod view;
mod window;
mod words;
mod workload;

pub use openapi::document;
pub use routes::{router, routes};
pub use row::Row;
pub use state::{ApiState, DemoControl, DeploymentTest, GraderRun, ScorerTrial, Tested, Tried};

use weir_core::utc as time;

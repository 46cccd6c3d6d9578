//! One suite per resource, against a real file in a temporary directory.

mod canary;
mod cost;
mod dataset;
mod durability;
mod fixture;
mod identity;
mod job;
mod label;
mod migrating;
mod policy_diff;
mod purge;
mod response;
mod score;
mod series;
mod span;

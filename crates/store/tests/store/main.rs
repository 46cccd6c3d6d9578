//! One suite per resource, against a real file in a temporary directory.

mod canary;
mod cost;
mod dataset;
mod durability;
mod file;
mod fixture;
mod heldout_source;
mod identity;
mod job;
mod label;
mod migrating;
mod policy_diff;
mod policy_news;
mod purge;
mod response;
mod run;
mod score;
mod series;
mod shadow;
mod span;

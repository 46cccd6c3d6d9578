//! `decide` over random and told snapshots.
#![expect(clippy::unwrap_used, reason = "helpers of tests may fail loudly")]

mod away;
mod decide;
mod fixture;
mod latency;
mod outage;
mod policies;
mod region;

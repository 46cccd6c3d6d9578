//! Behaviour of the optimizer as its callers see it.

#![expect(clippy::unwrap_used, reason = "tests may fail loudly")]

mod advance;
mod diff;
mod drift;
mod guards;
mod make;
mod orders;
mod pairing;
mod people;
mod planner;
mod readings;
mod retreat;
mod simulation;
mod snapshot;
mod start;
mod windows;

//! What would be cheaper, what to try next, where, and at what price: proposals, never traffic. Whatever gives a
//! cheaper deployment more traffic still goes through a canary.
//!
//! - [`route`]: the cheapest mix that keeps the floor, and the frontier of cost against quality.
//! - [`next`]: which deployment is worth a canary.
//! - [`budget`]: how much traffic trying may take.
//! - [`logged`]: what logged traffic says of a route that was not taken.
//! - [`scope`]: where a deployment is good enough, found on one half of the units and reported on the other.

pub mod budget;
pub mod logged;
pub mod next;
pub mod route;
pub mod scope;

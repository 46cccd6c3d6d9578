//! The binary's parts, as a library so that tests and benchmarks start the very same process. The only crate that
//! reads the environment or prints.

pub mod app;
pub mod command;
pub mod demo;
pub mod drill;
pub mod entropy;

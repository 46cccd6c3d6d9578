//! The steps of `cargo xtask ci`, each also a command of its own.

pub(crate) mod clients;
pub(crate) mod demo;
pub(crate) mod deny;
pub(crate) mod fuzz;
pub(crate) mod openapi;
pub(crate) mod services;
pub(crate) mod web;

use std::time::Instant;

use anyhow::bail;

use crate::shell::{cargo, run};

/// A step's name and what it does.
type Step = (&'static str, fn() -> anyhow::Result<()>);

const STEPS: [Step; 8] = [
    ("fmt", fmt),
    ("lint", lint),
    ("deny", deny::run),
    ("stories", stories),
    ("demo", demo::run),
    ("web", web::run),
    ("clients", clients::run),
    ("fuzz", fuzz::brief),
];

/// Runs every step, whatever became of the one before.
///
/// # Errors
/// At the end, with the names of the steps that failed.
pub(crate) fn ci() -> anyhow::Result<()> {
    let mut failed = Vec::new();
    let mut told = Vec::new();
    for (name, step) in STEPS {
        println!("\n== {name}");
        let started = Instant::now();
        let result = step();
        let seconds = started.elapsed().as_secs_f64();
        if let Err(error) = &result {
            eprintln!("{name} failed: {error:#}");
            failed.push(name);
        }
        let word = if result.is_ok() { "ok" } else { "FAILED" };
        told.push(format!("{name:<8} {seconds:>7.1} s  {word}"));
    }
    println!("\n{}", told.join("\n"));
    if !failed.is_empty() {
        bail!("failed steps: {}", failed.join(", "));
    }
    Ok(())
}

pub(crate) fn fmt() -> anyhow::Result<()> {
    run(cargo(&["fmt", "--all", "--", "--check"]))
}

pub(crate) fn lint() -> anyhow::Result<()> {
    run(cargo(&["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"]))
}

/// The stories that take longer than a person waits for `cargo test`: real processes killed, comparisons poisoned.
pub(crate) fn stories() -> anyhow::Result<()> {
    run(cargo(&["test", "--locked", "--workspace", "--test", "stories", "--", "--ignored"]))
}

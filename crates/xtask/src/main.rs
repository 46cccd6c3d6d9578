//! `cargo xtask …`: what a developer runs beyond `cargo run` and `cargo test`. A tool, not the product: it prints, reads
//! the environment and opens sockets of its own.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command-line tool")]

mod bench;
mod drill;
mod paths;
mod replay;
mod shell;
mod simulate;
mod steps;
mod weir;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// What a developer runs beyond `cargo run` and `cargo test`.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Every step below up to `fuzz`, each timed; fails at the end with the list of those that failed
    Ci,
    /// The code is formatted
    Fmt,
    /// The lint wall, over every target
    Lint,
    /// The long stories, which `cargo test` leaves out: processes killed, comparisons poisoned
    Stories,
    /// The headless demo does all it promises
    Demo,
    /// The dashboard: types, tests, fresh build, and its stories in a browser where one is installed
    Web,
    /// Official clients against a running weir
    Clients,
    /// Licences, sources, bans and advisories of all dependencies
    Deny,
    /// The fuzz targets, each for some seconds (in `ci` for a fixed number of inputs)
    Fuzz(steps::fuzz::Args),
    /// Writes the committed OpenAPI document from a running weir
    Openapi,
    /// Starts Postgres, Redis and NATS where they do not answer on loopback
    Services,
    /// Measures
    #[command(subcommand)]
    Bench(bench::Command),
    /// Streams recorded prompts through a running gateway and says what routing saved
    ReplayRouting(replay::Args),
    /// Real processes killed at the steps of promotions and rollbacks, and started again
    DrillKill(drill::Args),
    /// Error rates and speeds of what decides, by seeded simulation through the code that decides
    Simulate(simulate::Args),
    /// A process under test; started by `bench`
    #[command(hide = true)]
    Child(bench::fakes::Args),
}

fn main() -> ExitCode {
    // Libraries look the process's TLS implementation up; a second call finds it installed, which is as good.
    drop(rustls::crypto::ring::default_provider().install_default());
    match run(Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Ci => steps::ci(),
        Command::Fmt => steps::fmt(),
        Command::Lint => steps::lint(),
        Command::Stories => steps::stories(),
        Command::Demo => steps::demo::run(),
        Command::Web => steps::web::run(),
        Command::Clients => steps::clients::run(),
        Command::Deny => steps::deny::run(),
        Command::Fuzz(args) => steps::fuzz::run(&args),
        Command::Openapi => steps::openapi::run(),
        Command::Services => steps::services::run(),
        Command::Bench(command) => bench::run(&command),
        Command::ReplayRouting(args) => replay::run(&args),
        Command::DrillKill(args) => drill::kill(&args),
        Command::Simulate(args) => simulate::run(&args),
        Command::Child(args) => bench::fakes::run(&args),
    }
}

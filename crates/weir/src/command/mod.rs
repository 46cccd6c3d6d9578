//! The command line: noun verb, data to standard output, all else to standard error.
//!
//! Exit codes: 0 fine, 1 negative result, 2 usage or configuration, 3 no server reached, 4 upstream.

mod anchor;
mod assent;
mod canary;
mod canary_start;
mod canary_watch;
mod client;
mod completions;
mod config;
mod dataset;
mod deployment;
mod doctor;
mod drill;
mod eval;
mod explain;
mod failure;
mod import;
mod io;
mod job;
mod label;
mod local;
mod look;
mod out;
mod play;
mod policy;
mod policy_diff;
mod policy_markdown;
mod remote;
mod route;
mod rule;
mod score;
mod scorer;
mod serve;
#[cfg(debug_assertions)]
mod standstill;
mod trace;
mod workload;

use std::{ffi::OsString, path::PathBuf, process::ExitCode, sync::LazyLock};

use clap::{Parser, Subcommand};

pub use io::Io;

use failure::{Failure, Outcome};
use out::Colour;

/// Version, commit of a release build, and the schema's revision.
static VERSION: LazyLock<String> = LazyLock::new(|| {
    let (version, commit) = (env!("CARGO_PKG_VERSION"), option_env!("WEIR_COMMIT").unwrap_or("development build"));
    format!("{version} ({commit}, schema {})", weir_store::schema_revision())
});

/// Routes each LLM call to the cheapest deployment that is proven good enough, and keeps proving it.
#[derive(Debug, Parser)]
#[command(name = "weir", version = VERSION.as_str(), before_help = "\
Examples:
  weir                      serve on http://127.0.0.1:8080 with ./weir.toml, or with fake providers without one
  weir demo                 watch the loop close in about 90 seconds, no key needed", after_help = "\
Exit codes: 0 fine, 1 negative result, 2 usage or configuration, 3 no server reached, 4 upstream")]
struct Cli {
    /// Configuration file [default: ./weir.toml where it exists]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// When to colour
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN")]
    color: Colour,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the gateway, the control plane and the dashboard (the default)
    Serve(serve::Args),
    /// Play the demo: planted providers, live traffic, canaries that promote and roll back
    Demo(play::Args),
    /// Fail simulated providers on purpose: what callers would meet, and for how long
    Drill(drill::Args),
    /// Kinds of traffic: quality, cost, candidates
    #[command(alias = "workloads")]
    Workload(workload::Noun),
    /// Newcomers on trial: start, watch, promote, roll back
    #[command(alias = "canaries")]
    Canary(canary::Noun),
    /// Policy revisions: what routed when, and why it changed
    #[command(alias = "policies")]
    Policy(policy::Noun),
    /// Recorded requests
    #[command(alias = "traces")]
    Trace(trace::Noun),
    /// Routing decisions
    #[command(alias = "routes")]
    Route(route::Noun),
    /// Grades of answers
    #[command(alias = "scores")]
    Score(score::Noun),
    /// Judges beside people
    #[command(alias = "scorers")]
    Scorer(scorer::Noun),
    /// Labelled answers that a judge grades again and again
    #[command(alias = "anchors")]
    Anchor(anchor::Noun),
    /// What quality is held against
    #[command(alias = "datasets")]
    Dataset(dataset::Noun),
    /// What people say of answers that a judge has graded
    #[command(alias = "labels")]
    Label(label::Noun),
    /// Runs of suites: start, compare, gate, grade again
    #[command(alias = "evals")]
    Eval(eval::Noun),
    /// Another product's evals as suites and datasets
    Import(import::Noun),
    /// Endpoints of models: price and health
    #[command(alias = "deployments")]
    Deployment(deployment::Noun),
    /// What is scored online: pause, resume, catch up
    #[command(alias = "rules")]
    Rule(rule::Noun),
    /// Scoring jobs
    #[command(alias = "jobs")]
    Job(job::Noun),
    /// Check, show or describe the configuration
    #[command(subcommand)]
    Config(config::Command),
    /// Check configuration, data folder, server and providers
    Doctor(doctor::Args),
    /// Print the page of an error code, such as W0301
    Explain(explain::Args),
    /// Print a completion script
    Completions(completions::Args),
}

/// Parses the process's arguments and runs the command.
#[must_use]
pub fn run() -> ExitCode {
    ExitCode::from(Io::process(|io| run_with(std::env::args_os(), io)))
}

/// Runs one command line, whose first word is the program's name; returns the exit code. Blocks until the command is
/// over, so it must not be called from an async task. `serve` and `demo` print to the process itself.
pub fn run_with(args: impl IntoIterator<Item = impl Into<OsString> + Clone>, io: &mut Io<'_>) -> u8 {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => return usage(&error, io),
    };
    let colour = cli.color;
    dispatch(cli, io).unwrap_or_else(|failure| {
        out::tell(io, &failure, colour);
        failure.exit_code()
    })
}

fn dispatch(cli: Cli, io: &mut Io<'_>) -> Outcome {
    let colour = cli.color;
    let config = cli.config.or_else(default_config);
    match cli.command.unwrap_or_else(|| Command::Serve(serve::Args::default())) {
        Command::Serve(args) => Ok(serve::run(&args, config.as_deref())?),
        Command::Demo(args) => Ok(play::run(&args)?),
        Command::Workload(noun) => remote::run(io, colour, &noun.remote, async |session| noun.run(session).await),
        Command::Canary(noun) => remote::run(io, colour, &noun.remote, async |session| noun.run(session).await),
        Command::Policy(noun) => remote::run(io, colour, &noun.remote, async |session| noun.run(session).await),
        Command::Trace(noun) => remote::run(io, colour, &noun.remote, async |session| noun.run(session).await),
        Command::Route(noun) => remote::run(io, colour, &noun.remote, async |session| noun.run(session).await),
        Command::Score(noun) => remote::run(io, colour, &noun.remote, async |session| noun.run(session).await),
        Command::Scorer(noun) => remote::run(io, colour, &noun.remote, async |session| noun.run(session).await),
        Command::Anchor(noun) => remote::run(io, colour, &noun.remote, async |session| noun.run(session).await),
        Command::Dataset(noun) => {
            local::run(io, colour, &noun.remote, config.as_deref(), async |session| noun.run(session).await)
        }
        Command::Label(noun) => remote::run(io, colour, &noun.remote, async |session| noun.run(session).await),
        Command::Eval(noun) => eval::run(io, colour, &noun, config.as_deref()),
        Command::Import(noun) => import::run(io, colour, &noun),
        Command::Deployment(noun) => remote::run(io, colour, &noun.remote, async |session| noun.run(session).await),
        Command::Rule(noun) => remote::run(io, colour, &noun.remote, async |session| noun.run(session).await),
        Command::Job(noun) => remote::run(io, colour, &noun.remote, async |session| noun.run(session).await),
        Command::Config(command) => config::run(&command, config.as_deref(), io),
        Command::Drill(args) => drill::run(io, colour, &args, config.as_deref()),
        Command::Doctor(args) => doctor::run(io, colour, &args, config.as_deref()),
        Command::Explain(args) => explain::run(&args, io),
        Command::Completions(args) => completions::run(&args, io),
    }
}

/// Help and version go to standard output, errors to standard error.
fn usage(error: &clap::Error, io: &mut Io<'_>) -> u8 {
    let text = error.render();
    let (stream, tty) = if error.use_stderr() { (&mut io.err, io.err_tty) } else { (&mut io.out, io.out_tty) };
    let text = if tty && (io.env)("NO_COLOR").is_none() { text.ansi().to_string() } else { text.to_string() };
    // With the stream gone there is nobody left to tell.
    drop(write!(stream, "{text}"));
    u8::try_from(error.exit_code()).unwrap_or(failure::USAGE)
}

/// `./weir.toml`, where it exists.
fn default_config() -> Option<PathBuf> {
    Some(PathBuf::from("weir.toml")).filter(|path| path.exists())
}

/// One variable of the environment.
fn env(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// A runtime for commands that call out; serving has its own.
fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    crate::app::install_crypto();
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}

//! Benchmarks. What is measured runs in processes of its own, over loopback, in a release build.

mod endure;
pub(crate) mod fakes;
mod gateway;
mod import;
mod kills;
mod known;
mod load;
mod loop_latency;
mod process;
mod retreat;
mod scoring;

use anyhow::bail;
use clap::Subcommand;

use crate::{shell, weir};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// What a request costs in weir, beside a bare proxy and a pass-through in the same run
    Gateway(gateway::Args),
    /// What one decision costs: time and allocations
    Decide,
    /// Thousands of slow streams, callers that leave, overload, hostile providers
    Endure(endure::Args),
    /// From the end of an answer to the first decision that knows its score
    Loop(loop_latency::Args),
    /// How long a dataset of 100,000 items takes from a file into the store
    Import(import::Args),
    /// Whether every answer is scored exactly once however often the process is killed
    Kills(kills::Args),
    /// From the score that proves a canary worse to the last answer it gives
    Retreat(retreat::Args),
    /// Answers scored in a minute by ten scorers while the gateway serves
    Scoring(scoring::Args),
    /// What it costs to say a request in another dialect, beside passing it on
    Translate,
}

pub(crate) fn run(command: &Command) -> anyhow::Result<()> {
    let bench = |krate, name| shell::run(shell::cargo(&["bench", "--quiet", "--locked", "-p", krate, "--bench", name]));
    match command {
        Command::Decide => return bench("weir-router", "decide"),
        Command::Translate => return bench("weir-providers", "translate"),
        _ => {}
    }
    // A slow load generator would be what is measured, so this program runs again as it would be deployed.
    let dev = match command {
        Command::Endure(args) => args.dev,
        Command::Import(args) => args.dev,
        Command::Kills(args) => args.dev,
        Command::Retreat(args) => args.dev,
        Command::Scoring(args) => args.dev,
        _ => false,
    };
    if cfg!(debug_assertions) && !dev {
        let words: Vec<String> = std::env::args().skip(1).collect();
        let mut args = vec!["run", "--quiet", "--release", "--locked", "-p", "xtask", "--"];
        args.extend(words.iter().map(String::as_str));
        return shell::run(shell::cargo(&args));
    }
    let binary = weir::build(if dev { weir::Profile::Dev } else { weir::Profile::Release })?;
    let runtime = weir::runtime()?;
    match command {
        Command::Gateway(args) => runtime.block_on(gateway::run(args, &binary)),
        Command::Decide | Command::Translate => Ok(()),
        Command::Endure(args) => runtime.block_on(endure::run(args, &binary)),
        Command::Import(args) => runtime.block_on(import::run(args, &binary)),
        Command::Kills(args) => runtime.block_on(kills::run(args, &binary)),
        Command::Retreat(args) => runtime.block_on(retreat::run(args, &binary)),
        Command::Scoring(args) => runtime.block_on(scoring::run(args, &binary)),
        Command::Loop(args) => runtime.block_on(loop_latency::run(args, &binary)),
    }
}

/// The value below which this share of the sorted values lies (nearest rank).
fn quantile<T: Copy>(sorted: &[T], share: f64) -> anyhow::Result<T> {
    let rank = (share * sorted.len() as f64).ceil() as usize;
    match sorted.get(rank.saturating_sub(1)) {
        Some(value) => Ok(*value),
        None => bail!("no values"),
    }
}

fn median(values: &[f64]) -> anyhow::Result<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    quantile(&sorted, 0.5)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_values_that_were_measured() {
        let sorted = [1.0, 2.0, 3.0, 4.0];
        assert_eq!(quantile(&sorted, 0.5).unwrap(), 2.0);
        assert_eq!(quantile(&sorted, 0.99).unwrap(), 4.0);
        assert_eq!(median(&[3.0, 1.0, 2.0]).unwrap(), 2.0);
        assert!(median(&[]).is_err());
    }
}

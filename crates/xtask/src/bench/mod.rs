//! Benchmarks. What is measured runs in processes of its own, over loopback, in a release build.

pub(crate) mod fakes;
mod gateway;
mod load;
mod loop_latency;
mod process;

use anyhow::bail;
use clap::Subcommand;

use crate::{shell, weir};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// What a request costs in weir, beside a bare proxy and a pass-through in the same run
    Gateway(gateway::Args),
    /// From the end of an answer to the first decision that knows its score
    Loop(loop_latency::Args),
}

pub(crate) fn run(command: &Command) -> anyhow::Result<()> {
    // A slow load generator would be what is measured, so this program runs again as it would be deployed.
    if cfg!(debug_assertions) {
        let words: Vec<String> = std::env::args().skip(1).collect();
        let mut args = vec!["run", "--quiet", "--release", "--locked", "-p", "xtask", "--"];
        args.extend(words.iter().map(String::as_str));
        return shell::run(shell::cargo(&args));
    }
    let binary = weir::build(weir::Profile::Release)?;
    let runtime = weir::runtime()?;
    match command {
        Command::Gateway(args) => runtime.block_on(gateway::run(args, &binary)),
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

//! Error rates and speeds of what decides, by seeded simulation through the code that decides: `weir-stats` and
//! `weir-optimizer`, every pair looked at. Prints Markdown tables; the same seed and runs give the same tables.

mod arms;
mod calibration;
mod coverage;
mod draw;
mod drift;
mod guard;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod machine;
mod planner;
mod retry;
mod rival;
mod run;
mod scopes;
mod shadow;
mod switches;
mod table3;
#[cfg(test)]
mod tests;
mod trials;

use std::time::Instant;

use clap::ValueEnum;

/// What to simulate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum What {
    /// Canary decisions: wrong promotions, power, speed
    Table3,
    /// Which of two variants is better, from batches of feedback
    Rival,
    /// Run length and delay of the drift detector
    Drift,
    /// A boundary candidate tried twenty times
    Retry,
    /// How often the 95 % band ever misses
    Coverage,
    /// Route switches between equal deployments
    Switches,
    /// Routes chosen from few scores
    Planner,
    /// Who is tried next, with pairs for a few trials
    Trials,
    /// The best of many scopes, where it was chosen and held out
    Scopes,
    /// Same-prompt pairs
    Shadow,
    /// The error guard
    Guard,
    /// Poisoned comparisons through HTTP, recorder, scores and reconcilers; not part of `all`, a run takes minutes
    Plumbing,
    /// Intervals of judges, of people, and of both
    Calibration,
    /// All of these
    All,
}

/// Seeded simulations of the statistics and the optimizer
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[arg(value_enum, default_value = "all")]
    what: What,
    /// Runs per row; rows that bound an error rate take all of them, others an eighth
    #[arg(long, default_value_t = 8_000, value_parser = clap::value_parser!(u32).range(8..))]
    runs: u32,
    /// Where the random numbers start
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Makes one table.
type Table = fn(u32, u64) -> String;

const TABLES: [(What, Table); 12] = [
    (What::Table3, table3::table),
    (What::Rival, rival::table),
    (What::Drift, drift::table),
    (What::Retry, retry::table),
    (What::Coverage, coverage::table),
    (What::Switches, switches::table),
    (What::Planner, planner::table),
    (What::Trials, trials::table),
    (What::Scopes, scopes::table),
    (What::Shadow, shadow::table),
    (What::Guard, guard::table),
    (What::Calibration, calibration::table),
];

/// Runs what was asked for.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    if args.what == What::Plumbing {
        println!(
            "| poison | runs | the naive rule promotes | weir promotes | rolled back | held |\n|---|---|---|---|---|---|"
        );
        return crate::drill::story("plumbing::", "WEIR_PLUMBING_RUNS", args.runs);
    }
    for (what, table) in TABLES.into_iter().filter(|(what, _)| args.what == *what || args.what == What::All) {
        let start = Instant::now();
        println!("{}", table(args.runs, args.seed));
        let name = what.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned());
        eprintln!("{name}: --runs {} --seed {}, {:.0} s\n", args.runs, args.seed, start.elapsed().as_secs_f64());
    }
    Ok(())
}

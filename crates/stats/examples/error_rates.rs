//! Error rates and speed of the canary's two tests, by seeded simulation: every pair is looked at, the first test to
//! reach its threshold decides. Prints one row per kind of grade and true difference.
//!
//! `cargo run --release -p weir-stats --example error_rates -- [runs] [pairs]`, default 500 runs of up to 10,000 pairs.

#![expect(clippy::print_stdout, reason = "an example prints its table")]

use weir_stats::{
    eprocess::{Grid, Tables},
    histogram::PairHistogram,
};

const MARGIN: f64 = 0.03;
const MIN_PAIRS: u64 = 100;
/// As the optimizer's defaults: 0.01 to promote, half of 0.05 for the paired test to roll back.
const PROMOTE_AT: f64 = 4.605_170_185_988_092;
const ROLLBACK_AT: f64 = 3.688_879_454_113_936;

/// SplitMix64 as uniform numbers.
struct Random(u64);

impl Random {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Draws a grade with this mean.
type Draw = fn(&mut Random, f64) -> f64;

fn pass_fail(random: &mut Random, mean: f64) -> f64 {
    f64::from(u8::from(random.next() < mean))
}

/// Five levels, binomial.
fn five_levels(random: &mut Random, mean: f64) -> f64 {
    (0..4).map(|_| pass_fail(random, mean)).sum::<f64>() / 4.0
}

/// Eleven levels, binomial: a judge's number with a standard deviation of 0.13 at mean 0.8.
fn judge(random: &mut Random, mean: f64) -> f64 {
    (0..10).map(|_| pass_fail(random, mean)).sum::<f64>() / 10.0
}

struct Row {
    promoted: Vec<u64>,
    rolled_back: Vec<u64>,
}

fn simulate(draw: Draw, baseline: f64, delta: f64, runs: u64, pairs: u64) -> Row {
    let tables = Tables::new(&Grid::for_margin(MARGIN), MARGIN);
    let mut random = Random(1);
    let mut row = Row { promoted: Vec::new(), rolled_back: Vec::new() };
    for _ in 0..runs {
        let mut seen = PairHistogram::default();
        for n in 1..=pairs {
            seen.add(draw(&mut random, baseline + delta), draw(&mut random, baseline));
            if tables.log_e_rollback(&seen) >= ROLLBACK_AT {
                row.rolled_back.push(n);
                break;
            }
            if n >= MIN_PAIRS && tables.log_e_promote(&seen) >= PROMOTE_AT {
                row.promoted.push(n);
                break;
            }
        }
    }
    row.promoted.sort_unstable();
    row.rolled_back.sort_unstable();
    row
}

fn cell(decided: &[u64], runs: u64) -> String {
    let share = 100.0 * decided.len() as f64 / runs as f64;
    match decided.get(decided.len() / 2) {
        Some(median) => format!("{share:.1} % ({median})"),
        None => "0".to_owned(),
    }
}

fn main() {
    let mut arguments = std::env::args().skip(1).filter_map(|word| word.parse::<u64>().ok());
    let runs = arguments.next().unwrap_or(500).max(1);
    let pairs = arguments.next().unwrap_or(10_000);
    println!("{runs} runs of up to {pairs} pairs, margin {MARGIN}; share of runs (median pairs)\n");
    println!("| grades | true difference | promoted | rolled back |\n|---|---|---|---|");
    let kinds: [(&str, Draw, f64); 4] = [
        ("pass/fail 80 %", pass_fail, 0.8),
        ("pass/fail 95 %", pass_fail, 0.95),
        ("five levels, mean 0.8", five_levels, 0.8),
        ("judge, mean 0.8, sd 0.13", judge, 0.8),
    ];
    for (name, draw, baseline) in kinds {
        for delta in [-0.2, -0.1, -0.05, -0.03, 0.0, 0.02] {
            let row = simulate(draw, baseline, delta, runs, pairs);
            println!("| {name} | {delta:+.2} | {} | {} |", cell(&row.promoted, runs), cell(&row.rolled_back, runs));
        }
    }
}

//! Same-prompt pairs: the same prompt's difficulty is in both grades and cancels in their difference, so far fewer pairs
//! prove the same. A judge whose grades vary by 0.2 over prompts and by 0.1 over answers, margin two points.

use std::fmt::Write as _;

use weir_stats::{betting::Bets, eprocess::Grid};

use super::{
    draw::Random,
    run::{Rate, each, or_dash, quantile},
};

const MARGIN: f64 = 0.02;
const MEAN: f64 = 0.7;
const PROMPT_SD: f64 = 0.2;
const NOISE_SD: f64 = 0.1;
const PAIRS: u32 = 10_000;
const MIN_PAIRS: u32 = 100;

/// Box and Muller.
fn normal(random: &mut Random) -> f64 {
    let radius = (-2.0 * random.unit().max(f64::MIN_POSITIVE).ln()).sqrt();
    radius * (std::f64::consts::TAU * random.unit()).cos()
}

fn cents(mean: f64, random: &mut Random) -> i32 {
    (100.0 * (mean + NOISE_SD * normal(random)).clamp(0.0, 1.0)).round() as i32
}

/// Pairs until an equal candidate is proven, on the same prompt or each on its own.
pub(super) fn pairs(same: bool, runs: u32, seed: u64) -> Vec<Option<u32>> {
    let grid = Grid::for_margin(MARGIN);
    let promote = Bets::promote(&grid, MARGIN);
    let bar = 100_f64.ln();
    each(if same { "same prompt" } else { "own prompts" }, runs, |run| {
        let mut random = Random::new(seed, run);
        let mut wealth = promote.start();
        (1..=PAIRS).find(|&n| {
            let first = MEAN + PROMPT_SD * normal(&mut random);
            let second = if same { first } else { MEAN + PROMPT_SD * normal(&mut random) };
            promote.add(&mut wealth, cents(first, &mut random) - cents(second, &mut random));
            n >= MIN_PAIRS && wealth.reaches(bar)
        })
    })
}

pub(super) fn table(runs: u32, seed: u64) -> String {
    let mut table = String::from(
        "| an equal candidate, margin 0.02, judge | promoted within 10,000 | median pairs | p90 |\n|---|---|---|---|\n",
    );
    for (same, name) in [(true, "both answer the same prompt"), (false, "each its own prompt")] {
        let seen = pairs(same, (runs / 8).max(1), seed);
        let taken: Vec<u32> = seen.iter().flatten().copied().collect();
        let at = |share| or_dash(quantile(&taken, share));
        _ = writeln!(table, "| {name} | {} | {} | {} |", Rate::of(&seen, Option::is_some), at(0.5), at(0.9));
    }
    table
}

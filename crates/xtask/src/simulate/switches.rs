//! How often traffic moves between two equal deployments: when only evidence of "better" moves it, and when the higher
//! of two recent means does.

use weir_stats::{betting::Bets, eprocess::Grid};

use super::{
    arms::ALPHA_PROMOTE,
    draw::{Draw, PASS_80, Random},
    run::each,
};

const PAIRS: u32 = 20_000;
const WINDOW: usize = 200;

/// Switches on evidence, and by the higher mean of the last [`WINDOW`] grades.
pub(super) fn switches(runs: u32, seed: u64) -> Vec<(u32, u32)> {
    let grid = Grid::for_margin(0.0);
    let better = Bets::promote(&grid, 0.0);
    let Some(draw) = PASS_80.draw(0.0) else { return Vec::new() };
    each("equal deployments", runs, |run| one(&better, &draw, &mut Random::new(seed, run)))
}

fn one(better: &Bets, draw: &Draw, random: &mut Random) -> (u32, u32) {
    let bar = (1.0 / ALPHA_PROMOTE).ln();
    let (mut by_evidence, mut by_window) = (0, 0);
    let mut wealth = better.start();
    let mut swapped = 1;
    let mut recent = vec![0; WINDOW];
    let (mut sum, mut first) = (0, true);
    for n in 0..PAIRS as usize {
        let difference = draw.cents(random) - draw.cents(random);
        better.add(&mut wealth, swapped * difference);
        if wealth.reaches(bar) {
            by_evidence += 1;
            swapped = -swapped;
            wealth = better.start();
        }
        sum += difference - std::mem::replace(&mut recent[n % WINDOW], difference);
        if n >= WINDOW && (sum > 0 && first || sum < 0 && !first) {
            by_window += 1;
            first = !first;
        }
    }
    (by_evidence, by_window)
}

pub(super) fn table(runs: u32, seed: u64) -> String {
    let all = switches((runs / 8).max(1), seed);
    let mean = |of: fn(&(u32, u32)) -> u32| all.iter().map(of).map(f64::from).sum::<f64>() / all.len().max(1) as f64;
    format!(
        "| two equal deployments, 20,000 pairs | mean switches |\n|---|---|\n\
         | on evidence | {:.3} |\n| by the higher mean of 200 | {:.0} |\n",
        mean(|run| run.0),
        mean(|run| run.1)
    )
}

//! Which of two variants is better, from batches of feedback: the first side whose evidence rejects "not better" wins.
//! The archived rival declares the wrong winner in 0 to 58 % of runs on these cells; here it is at most `DELTA`.

use std::fmt::Write as _;

use weir_stats::{betting::Bets, eprocess::Grid};

use super::{
    draw::Random,
    run::{Rate, each, or_dash, quantile},
};

/// Probability of a wrong winner, whatever the number of looks.
pub(super) const DELTA: f64 = 0.05;
/// Pass rates of the worse and the better variant.
pub(super) const RATES: [(f64, f64); 4] = [(0.90, 0.95), (0.90, 0.92), (0.95, 0.97), (0.98, 0.99)];
/// Feedback per update, both variants together.
pub(super) const BATCHES: [u32; 3] = [20, 100, 500];
/// Feedback of both variants, at most.
const FEEDBACK: u32 = 50_000;

/// Whether the better one won, after how much feedback.
pub(super) type Winner = Option<(bool, u32)>;

pub(super) fn winners((worse, better): (f64, f64), batch: u32, runs: u32, seed: u64) -> Vec<Winner> {
    let grid = Grid::for_margin(0.0);
    let (up, down) = (Bets::promote(&grid, 0.0), Bets::rollback(&grid, 0.0));
    let bar = (2.0 / DELTA).ln();
    each(&format!("{worse} / {better}, {batch} per update"), runs, |run| {
        let mut random = Random::new(seed, run);
        let mut pass = |rate: f64| if random.unit() < rate { 100 } else { 0 };
        let (mut for_better, mut for_worse) = (up.start(), down.start());
        let mut seen = 0;
        while seen < FEEDBACK {
            for _ in 0..batch / 2 {
                let difference = pass(better) - pass(worse);
                up.add(&mut for_better, difference);
                down.add(&mut for_worse, difference);
            }
            seen += batch;
            match (for_better.reaches(bar), for_worse.reaches(bar)) {
                (_, true) => return Some((false, seen)),
                (true, false) => return Some((true, seen)),
                (false, false) => {}
            }
        }
        None
    })
}

pub(super) fn wrong(winners: &[Winner]) -> Rate {
    Rate::of(winners, |winner| matches!(winner, Some((false, _))))
}

pub(super) fn table(runs: u32, seed: u64) -> String {
    let mut table = String::from(
        "| pass rates | feedback per update | wrong winner | right winner | median feedback |\n|---|---|---|---|---|\n",
    );
    for rates in RATES {
        for batch in BATCHES {
            let winners = winners(rates, batch, (runs / 4).max(1), seed);
            let right = Rate::of(&winners, |winner| matches!(winner, Some((true, _))));
            let seen: Vec<u32> = winners.iter().filter_map(|winner| winner.map(|(_, seen)| seen)).collect();
            _ = writeln!(
                table,
                "| {:.2} / {:.2} | {batch} | {} | {right} | {} |",
                rates.0,
                rates.1,
                wrong(&winners),
                or_dash(quantile(&seen, 0.5))
            );
        }
    }
    table
}

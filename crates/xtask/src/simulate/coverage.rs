//! How often the 95 % band of the difference ever misses the truth, looked at after every pair, beside the textbook
//! interval for one look. The band misses exactly when one of its two tests rejects the true difference.

use std::fmt::Write as _;

use weir_stats::{betting::Bets, eprocess::Grid};

use super::{
    arms::{MARGIN, PAIRS},
    draw::{KINDS, Kind, Random},
    run::{Rate, each},
};

/// Ever missed, by the band and by the interval for one look.
pub(super) fn misses(kind: Kind, delta: f64, runs: u32, seed: u64) -> Option<(Rate, Rate)> {
    let (candidate, control) = kind.draw(delta).zip(kind.draw(0.0))?;
    let truth = candidate.mean() - control.mean();
    let grid = Grid::for_margin(MARGIN);
    let (above, below) = (Bets::promote(&grid, -truth), Bets::rollback(&grid, -truth));
    let bar = (2.0_f64 / 0.05).ln();
    let ever = each(&format!("{} {delta:+.2}", kind.name), runs, |run| {
        let mut random = Random::new(seed, run);
        let mut wealth = [above.start(), below.start()];
        let (mut band, mut once) = (false, false);
        let (mut sum, mut squares) = (0.0, 0.0);
        for n in 1..=PAIRS {
            let cents = candidate.cents(&mut random) - control.cents(&mut random);
            above.add(&mut wealth[0], cents);
            below.add(&mut wealth[1], cents);
            band |= wealth.iter().any(|wealth| wealth.reaches(bar));
            let difference = f64::from(cents) / 100.0;
            sum += difference;
            squares += difference * difference;
            if n >= 50 {
                let mean = sum / f64::from(n);
                let error = ((squares / f64::from(n) - mean * mean) / f64::from(n)).sqrt();
                once |= (mean - truth).abs() > 1.96 * error;
            }
        }
        (band, once)
    });
    Some((Rate::of(&ever, |ever| ever.0), Rate::of(&ever, |ever| ever.1)))
}

pub(super) fn table(runs: u32, seed: u64) -> String {
    let mut table = String::from(
        "| grades | true difference | 95 % band ever misses | interval for one look ever misses |\n|---|---|---|---|\n",
    );
    for kind in KINDS {
        for delta in [0.0, -0.03] {
            if let Some((band, once)) = misses(kind, delta, (runs / 4).max(1), seed) {
                _ = writeln!(table, "| {} | {delta:+.2} | {band} | {once} |", kind.name);
            }
        }
    }
    table
}

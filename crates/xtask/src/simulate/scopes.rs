//! The winner's curse: the best of sixty-three scopes, as it looks on the answers it was chosen by and as it is on the
//! half that had no part in the choice. The candidate is three points worse everywhere.

use std::fmt::Write as _;

use weir_optimizer::planner::scope::{Observation, mine};

use super::{draw::Random, run::each};

const TRUTH: f64 = -0.03;
const BASE: f64 = 0.8;
const ANSWERS: u64 = 26_000;
/// Three features of three values: 9 + 27 + 27 scopes.
const VALUES: f64 = 3.0;

/// What was found and what the held-out half says, in each run.
pub(super) fn found(runs: u32, seed: u64) -> Vec<(f64, f64)> {
    let all = each("scopes", runs, |run| {
        let mut random = Random::new(seed, run);
        let observations: Vec<Observation> = (0..ANSWERS)
            .map(|unit| {
                let candidate = random.unit() < 0.5;
                let rate = if candidate { BASE + TRUTH } else { BASE };
                Observation {
                    unit,
                    features: (0..3).map(|_| (VALUES * random.unit()) as u16).collect(),
                    candidate,
                    grade: f64::from(u8::from(random.unit() < rate)),
                }
            })
            .collect();
        mine(&observations, seed ^ run).map(|mined| (mined.discovered.delta, mined.held_out.delta))
    });
    all.into_iter().flatten().collect()
}

pub(super) fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (count, sum) = values.fold((0_u32, 0.0), |(count, sum), value| (count + 1, sum + value));
    sum / f64::from(count.max(1))
}

pub(super) fn table(runs: u32, seed: u64) -> String {
    let found = found((runs / 8).max(1), seed);
    let mut table = String::from("| difference in the best of 63 scopes, −3.00 pt everywhere | mean |\n|---|---|\n");
    let points = |value: f64| 100.0 * value;
    _ = writeln!(table, "| where it was chosen | {:+.2} pt |", points(mean(found.iter().map(|one| one.0))));
    _ = writeln!(table, "| on the held-out half | {:+.2} pt |", points(mean(found.iter().map(|one| one.1))));
    table
}

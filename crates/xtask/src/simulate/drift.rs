//! The drift detector: grades to a false alarm, and grades from a decline to its alarm.

use std::fmt::Write as _;

use weir_stats::drift::{Detector, SLACK};

use super::{
    draw::{Draw, JUDGE, Kind, LIKERT, PASS_80, Random},
    run::{each, or_dash, quantile},
};

/// Runs stop here; means of truncated runs are too small, never too large.
const LONGEST: u32 = 100_000;
/// Grades at the old level before the decline.
const BEFORE: u32 = 500;

/// Grades until the alarm.
pub(super) fn run_length(reference: f64, draw: &Draw, random: &mut Random, most: u32) -> Option<u32> {
    let mut detector = Detector::new(reference);
    (1..=most).find(|_| {
        detector.add(f64::from(draw.cents(random)) / 100.0);
        detector.alarms()
    })
}

/// Grades from the decline to the alarm; a false alarm before it starts the detector again.
pub(super) fn delays(kind: Kind, drop: f64, runs: u32, seed: u64) -> Vec<u32> {
    let Some((before, after)) = kind.draw(0.0).zip(kind.draw(-drop)) else { return Vec::new() };
    let reference = kind.mean - SLACK;
    each(&format!("{} −{drop}", kind.name), runs, |run| {
        let mut random = Random::new(seed, run);
        let mut detector = Detector::new(reference);
        for _ in 0..BEFORE {
            detector.add(f64::from(before.cents(&mut random)) / 100.0);
            if detector.alarms() {
                detector = Detector::new(reference);
            }
        }
        (1..=LONGEST)
            .find(|_| {
                detector.add(f64::from(after.cents(&mut random)) / 100.0);
                detector.alarms()
            })
            .unwrap_or(LONGEST)
    })
}

fn mean_length(kind: Kind, reference: f64, runs: u32, seed: u64) -> f64 {
    let Some(draw) = kind.draw(0.0) else { return 0.0 };
    let lengths = each(&format!("{} in control", kind.name), runs, |run| {
        run_length(reference, &draw, &mut Random::new(seed, run), LONGEST).unwrap_or(LONGEST)
    });
    lengths.iter().copied().map(f64::from).sum::<f64>() / lengths.len().max(1) as f64
}

pub(super) fn table(runs: u32, seed: u64) -> String {
    let mut table = String::from(
        "| grades | mean run length, mean at the reference | 0.02 above it | median delay at −0.10 | at −0.20 |\n\
         |---|---|---|---|---|\n",
    );
    let few = (runs / 8).max(1);
    for kind in [PASS_80, LIKERT, JUDGE] {
        let median = |drop| or_dash(quantile(&delays(kind, drop, few, seed), 0.5));
        _ = writeln!(
            table,
            "| {} | {:.0} | {:.0} | {} | {} |",
            kind.name,
            mean_length(kind, kind.mean, few / 4, seed),
            mean_length(kind, kind.mean - SLACK, few / 4, seed),
            median(0.1),
            median(0.2),
        );
    }
    table
}

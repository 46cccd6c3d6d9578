//! Whose interval holds the truth: a judge's over many answers, people's over few labels, or both together
//! (`weir_stats::ppi`, as windows use it). The truth is planted: each answer is right with probability 0.75, and a judge passes right and
//! wrong answers with probabilities of its own.

use std::fmt::Write as _;

use weir_stats::ppi::{Alone, Labels, Trust};

use super::{
    draw::Random,
    run::{Rate, each},
};

/// Share of right answers.
const TRUTH: f64 = 0.75;
/// Answers that the judge alone has graded.
const GRADES: u32 = 2_000;
/// Labels that people gave.
pub(super) const LABELS: [u32; 2] = [50, 200];
/// Two-sided 95 %.
const Z: f64 = 1.959_963_984_540_054;

/// A judge by what it passes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Judge {
    name: &'static str,
    /// Of right answers.
    right: f64,
    /// Of wrong answers.
    wrong: f64,
}

pub(super) const SHARP: Judge = Judge { name: "sharp (passes 97 % of right, 5 % of wrong)", right: 0.97, wrong: 0.05 };
pub(super) const FLATTERING: Judge = Judge { name: "flattering (98 %, 45 %)", right: 0.98, wrong: 0.45 };
const HARSH: Judge = Judge { name: "harsh (80 %, 5 %)", right: 0.80, wrong: 0.05 };
const COIN: Judge = Judge { name: "a coin (70 %, 70 %)", right: 0.70, wrong: 0.70 };

pub(super) const JUDGES: [Judge; 4] = [SHARP, FLATTERING, HARSH, COIN];

/// What one estimator did over all runs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kept {
    /// The interval held the truth.
    pub(super) held: Rate,
    /// Mean width of the interval.
    pub(super) width: f64,
}

/// Judge alone, people alone, both with full trust, both tuned.
pub(super) fn intervals(judge: Judge, labels: u32, runs: u32, seed: u64) -> [Kept; 4] {
    let found = each(judge.name, runs, |run| {
        let mut random = Random::new(seed, run);
        let mut answer = || {
            let right = random.unit() < TRUTH;
            let passes = random.unit() < if right { judge.right } else { judge.wrong };
            (f64::from(u8::from(right)), f64::from(u8::from(passes)))
        };
        let mut both = Labels::default();
        for _ in 0..labels {
            let (human, grade) = answer();
            both.label(human, grade);
        }
        let mean = (0..GRADES).map(|_| answer().1).sum::<f64>() / f64::from(GRADES);
        let se = (mean * (1.0 - mean) / f64::from(GRADES)).sqrt();
        let alone = Alone { mean, se, n_eff: f64::from(GRADES) };
        let with = |trust| both.mean(&alone, trust, Z).map_or((0.0, 1.0), |mean| (mean.lower, mean.upper));
        let judged = (mean - Z * se, mean + Z * se);
        [judged, with(Trust::None), with(Trust::Full), with(Trust::Tuned)]
    });
    [0, 1, 2, 3].map(|at| Kept {
        held: Rate::of(&found, |found| (found[at].0..=found[at].1).contains(&TRUTH)),
        width: found.iter().map(|found| found[at].1 - found[at].0).sum::<f64>() / found.len().max(1) as f64,
    })
}

pub(super) fn table(runs: u32, seed: u64) -> String {
    let mut table = String::from(
        "| judge | labels | judge alone | people alone | both, full trust | both, tuned |\n|---|---|---|---|---|---|\n",
    );
    for judge in JUDGES {
        for labels in LABELS {
            let cells = intervals(judge, labels, runs, seed).map(|kept| format!("{}, {:.3}", kept.held, kept.width));
            _ = writeln!(table, "| {} | {labels} | {} |", judge.name, cells.join(" | "));
        }
    }
    table
}

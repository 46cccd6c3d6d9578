//! Routes chosen from few scores: how often the floor is truly missed, and at what price, by three ways of reading the
//! same scores. Six segments, six deployments, through `weir_optimizer`'s windows and its planner.

use std::{fmt::Write as _, sync::Arc};

use weir_core::{
    DeploymentId, Grade, NanoUsd, ScorerName, SpanId, Timestamp, WorkloadId,
    score::{Score, Source, Verdict},
};
use weir_optimizer::{
    planner::route::{Choice, Segment, cheapest},
    windows::{Window, Windows},
};

use super::{
    draw::Random,
    run::{Rate, each},
};

const SIDE: usize = 6;

/// How scores are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    /// Means as they are.
    Point,
    /// Lower bounds of windows that are drawn to their deployment's whole.
    Whole,
    /// Lower bounds of windows drawn to the fit over all parts, with its doubt: what the planner does.
    Fitted,
}

struct World {
    quality: Vec<Vec<f64>>,
    cost: Vec<f64>,
    share: Vec<f64>,
    floor: f64,
}

impl World {
    /// Deployments from poor and cheap to good and dear; segments easy to hard; every cell with a whim of its own.
    fn draw(random: &mut Random) -> Self {
        let hardness: Vec<f64> = (0..SIDE).map(|_| 0.2 * (random.unit() - 0.5)).collect();
        let skill: Vec<f64> = (0..SIDE).map(|m| 0.65 + 0.045 * m as f64 + 0.04 * (random.unit() - 0.5)).collect();
        let quality: Vec<Vec<f64>> = hardness
            .iter()
            .map(|hard| {
                skill.iter().map(|skill| (skill + hard + 0.1 * (random.unit() - 0.5)).clamp(0.05, 0.98)).collect()
            })
            .collect();
        let cost = (0..SIDE).map(|m| 1.6_f64.powi(m as i32) * (0.8 + 0.4 * random.unit())).collect();
        let share = (0..SIDE).map(|_| 0.2 + random.unit()).collect();
        let mut world = Self { quality, cost, share, floor: 0.0 };
        let (worst, best) = world.extremes();
        world.floor = worst + (best - worst) * (0.4 + 0.3 * random.unit());
        world
    }

    /// Quality of the cheapest and of the best deployment of each segment.
    fn extremes(&self) -> (f64, f64) {
        let best = self.mean(|row| row.iter().copied().fold(0.0, f64::max));
        (self.mean(|row| row[0]), best)
    }

    fn mean(&self, of: impl Fn(&[f64]) -> f64) -> f64 {
        let total: f64 = self.share.iter().sum();
        self.share.iter().zip(&self.quality).map(|(share, row)| share * of(row)).sum::<f64>() / total
    }

    fn segments(&self, quality: &[Vec<f64>]) -> Vec<Segment> {
        let choice = |(&cost, &quality): (&f64, &f64)| Some(Choice { cost, quality });
        self.share
            .iter()
            .zip(quality)
            .map(|(&share, row)| Segment {
                share,
                choices: self.cost.iter().zip(row).map(choice).collect(),
                floor: None,
            })
            .collect()
    }

    /// What the scores say of each cell.
    fn read(&self, scores: u32, reading: Reading, random: &mut Random) -> Vec<Vec<f64>> {
        let mut windows = Windows::new([]);
        let mut counts = vec![vec![0_u32; SIDE]; SIDE];
        let mut seq = 0;
        for (row, column) in (0..SIDE * SIDE).map(|at| (at / SIDE, at % SIDE)) {
            for _ in 0..scores {
                let passed = random.unit() < self.quality[row][column];
                counts[row][column] += u32::from(passed);
                if reading != Reading::Point {
                    seq += 1;
                    windows.fold(seq, &score(segment(row), deployment(column), passed));
                }
            }
        }
        if reading == Reading::Fitted {
            windows.fit();
        }
        let lower = |row: usize, column: usize| {
            windows
                .current(&workload(), &segment(row), &deployment(column), &scorer())
                .and_then(Window::quality)
                .map_or(0.0, |quality| quality.lower)
        };
        let cell = |row: usize, column: usize| match reading {
            Reading::Point => f64::from(counts[row][column]) / f64::from(scores),
            Reading::Whole | Reading::Fitted => lower(row, column),
        };
        (0..SIDE).map(|row| (0..SIDE).map(|column| cell(row, column)).collect()).collect()
    }
}

fn workload() -> WorkloadId {
    "maths".into()
}

fn scorer() -> ScorerName {
    "exact".into()
}

fn segment(row: usize) -> Arc<str> {
    format!("part-{row}").into()
}

fn deployment(column: usize) -> DeploymentId {
    format!("sim/{column}").into()
}

/// A check's verdict on an answer.
pub(super) fn score(segment: Arc<str>, deployment: DeploymentId, passed: bool) -> Score {
    Score {
        span_id: SpanId::from_bits(1),
        workload: workload(),
        segment,
        deployment,
        scorer: scorer(),
        version: "v1".into(),
        verdict: Verdict::Scored { grade: if passed { Grade::ONE } else { Grade::ZERO } },
        source: Source::Check,
        explanation: None,
        p_sample: 1.0,
        propensity: 1.0,
        cost: NanoUsd::ZERO,
        at: Timestamp(0),
    }
}

/// A route that was chosen: whether it truly misses the floor, and its cost relative to the best route.
pub(super) fn routes(reading: Reading, scores: u32, runs: u32, seed: u64) -> Vec<(bool, f64)> {
    let results = each(&format!("{reading:?}, {scores} scores"), runs, |run| {
        let mut random = Random::new(seed, run);
        let world = World::draw(&mut random);
        let oracle = cheapest(&world.segments(&world.quality), world.floor).ok()?;
        let known = world.read(scores, reading, &mut random);
        // No proven route: the best deployment of each segment serves, as the router does.
        let chosen = cheapest(&world.segments(&known), world.floor);
        let (quality, cost) = chosen.map_or_else(
            |_| (world.extremes().1, world.cost.iter().copied().fold(0.0, f64::max)),
            |mix| {
                let of = |choices: &[usize], value: &dyn Fn(usize, usize) -> f64| {
                    let total: f64 = world.share.iter().sum();
                    let sum = choices.iter().enumerate().map(|(row, &column)| world.share[row] * value(row, column));
                    sum.sum::<f64>() / total
                };
                let quality = |choices: &[usize]| of(choices, &|row, column| world.quality[row][column]);
                let (cheaper, better) = (quality(&mix.cheaper.choices), quality(&mix.better.choices));
                (cheaper + mix.weight * (better - cheaper), mix.cost)
            },
        );
        Some((quality < world.floor - 1e-9, cost / oracle.cost))
    });
    results.into_iter().flatten().collect()
}

pub(super) fn violations(routes: &[(bool, f64)]) -> Rate {
    Rate::of(routes, |route| route.0)
}

pub(super) fn table(runs: u32, seed: u64) -> String {
    let mut table =
        String::from("| scores per cell | read as | floor truly missed | cost / best possible |\n|---|---|---|---|\n");
    for scores in [200, 1_000] {
        for (reading, name) in [
            (Reading::Point, "means"),
            (Reading::Whole, "lower bounds, drawn to the whole workload"),
            (Reading::Fitted, "lower bounds, drawn to the fit of all parts"),
        ] {
            let routes = routes(reading, scores, (runs / 8).max(1), seed);
            let cost = routes.iter().map(|route| route.1).sum::<f64>() / routes.len().max(1) as f64;
            _ = writeln!(table, "| {scores} | {name} | {} | {cost:.2} |", violations(&routes));
        }
    }
    table
}

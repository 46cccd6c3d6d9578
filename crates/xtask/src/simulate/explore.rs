//! What to try next: six deployments of unknown quality, a tenth of the traffic to find out, grades that come late and for
//! a fifth of the answers. The choice is `weir_optimizer::planner::next`'s; who passes is decided by the canary's tests.

use std::{collections::VecDeque, fmt::Write as _};

use weir_optimizer::planner::next::{Bar, Known, ranked};
use weir_stats::{
    betting::{Bets, Wealth},
    eprocess::{Grid, attempt_alpha},
    window::{BOUND_Z, Cell},
};

use super::{
    arms::{ALPHA_PROMOTE, MARGIN},
    draw::Random,
    run::each,
};

const SIDE: usize = 6;
const REQUESTS: u32 = 20_000;
/// Share of the traffic that tries something.
const TRIED: f64 = 0.1;
/// Share of answers that are graded, and after how many requests.
const GRADED: f64 = 0.2;
const LATE: u32 = 100;
/// Requests between two looks at what to try.
const LOOK: u32 = 100;
const MIN_PAIRS: u32 = 100;
/// The floor is this far below the best.
const BELOW_BEST: f64 = 0.05;

/// Who is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Strategy {
    /// The one whose trial saves most per pair: what the planner does.
    Index,
    /// Anybody.
    Uniform,
    /// The cheapest that has not failed.
    Cheapest,
    /// No canary: the cheapest that a draw from what is known takes for good enough serves.
    Thompson,
}

/// The tests of a canary, and what one candidate's trial has come to.
struct Tests {
    promote: Bets,
    rollback: Bets,
    floor: Bets,
}

struct Trial {
    cell: Cell,
    wealth: [Wealth; 3],
    pairs: u32,
    failed: bool,
}

struct Run<'a> {
    cost: &'a [f64],
    quality: &'a [f64],
    floor: f64,
    tests: Tests,
    trials: Vec<Trial>,
    serving: usize,
    controls: VecDeque<i32>,
}

impl Tests {
    fn new(floor: f64) -> Self {
        let grid = Grid::for_margin(MARGIN);
        Self {
            promote: Bets::promote(&grid, MARGIN),
            rollback: Bets::rollback(&grid, MARGIN),
            floor: Bets::floor(&grid, floor),
        }
    }

    fn start(&self) -> [Wealth; 3] {
        [self.promote.start(), self.rollback.start(), self.floor.start()]
    }
}

impl Run<'_> {
    fn known(&self, k: usize) -> Option<Known> {
        let trial = &self.trials[k];
        // Nothing seen: an even chance, with the doubt of the prior's twenty grades.
        let unseen = Known { cost: self.cost[k], mean: 0.5, se: 0.11, variance: 0.5 };
        let seen = trial.cell.estimate(0.5).map_or(unseen, |estimate| Known {
            mean: estimate.mean,
            se: (estimate.mean - estimate.lower) / BOUND_Z,
            variance: 2.0 * estimate.mean * (1.0 - estimate.mean),
            ..unseen
        });
        (k != self.serving && !trial.failed).then_some(seen)
    }

    fn choose(&self, strategy: Strategy, random: &mut Random) -> Option<usize> {
        let open = || (0..SIDE).filter(|&k| self.known(k).is_some() && self.cost[k] < self.cost[self.serving]);
        match strategy {
            Strategy::Index => {
                let known: Vec<Option<Known>> = (0..SIDE).map(|k| self.known(k)).collect();
                let present = self.trials[self.serving].cell.estimate(0.5).map_or(0.5, |estimate| estimate.mean);
                let quality = self.floor.max(present.min(self.floor + MARGIN));
                let bar = Bar { cost: self.cost[self.serving], quality, tolerance: MARGIN, alpha: ALPHA_PROMOTE };
                ranked(&known, &bar).first().map(|(k, _)| *k)
            }
            Strategy::Uniform => {
                let open: Vec<usize> = open().collect();
                open.get((random.unit() * open.len() as f64) as usize).copied()
            }
            Strategy::Cheapest => open().min_by(|&a, &b| self.cost[a].total_cmp(&self.cost[b])),
            Strategy::Thompson => None,
        }
    }

    /// The cheapest that a draw takes for good enough; the one that serves where none is.
    fn thompson(&self, random: &mut Random) -> usize {
        let mut by_cost: Vec<usize> = (0..SIDE).collect();
        by_cost.sort_by(|&a, &b| self.cost[a].total_cmp(&self.cost[b]));
        let good = by_cost.into_iter().find(|&k| {
            let (mean, n) = self.trials[k].cell.moments().map_or((0.5, 0.0), |(mean, _, n)| (mean, n));
            let (mean, n) = ((mean * n + 1.0) / (n + 2.0), n + 3.0);
            mean + (mean * (1.0 - mean) / n).sqrt() * normal(random) >= self.floor
        });
        good.unwrap_or(self.serving)
    }

    fn graded(&mut self, k: usize, passed: bool, strategy: Strategy) {
        let cents = if passed { 100 } else { 0 };
        self.trials[k].cell.add(0.0, f64::from(u8::from(passed)), 1.0);
        if k == self.serving {
            self.controls.push_back(cents);
            return;
        }
        let Some(control) = self.controls.pop_front() else { return };
        self.controls.clear();
        let (trial, tests) = (&mut self.trials[k], &self.tests);
        tests.promote.add(&mut trial.wealth[0], cents - control);
        tests.rollback.add(&mut trial.wealth[1], cents - control);
        tests.floor.add(&mut trial.wealth[2], cents);
        trial.pairs += 1;
        let back = (1.0_f64 / 0.0245).ln();
        trial.failed |= trial.wealth[1].reaches(back) || trial.wealth[2].reaches(back);
        let proven = trial.wealth[0].reaches((1.0 / attempt_alpha(ALPHA_PROMOTE, 1)).ln());
        if strategy != Strategy::Thompson && !trial.failed && proven && trial.pairs >= MIN_PAIRS {
            self.serving = k;
            self.controls.clear();
            for trial in &mut self.trials {
                (trial.wealth, trial.pairs) = (self.tests.start(), 0);
            }
        }
    }
}

/// Mean cost of a request over what the cheapest good one costs, and the share of requests below the floor.
fn one(strategy: Strategy, random: &mut Random) -> (f64, f64) {
    let quality: Vec<f64> = (0..SIDE).map(|m| 0.65 + 0.045 * m as f64 + 0.08 * (random.unit() - 0.5)).collect();
    let cost: Vec<f64> = (0..SIDE).map(|m| 1.6_f64.powi(m as i32) * (0.8 + 0.4 * random.unit())).collect();
    let best = quality.iter().copied().fold(0.0, f64::max);
    let floor = best - BELOW_BEST;
    let tests = Tests::new(floor);
    let trial = || Trial { cell: Cell::new(0.0, 0.0), wealth: tests.start(), pairs: 0, failed: false };
    let trials = (0..SIDE).map(|_| trial()).collect();
    let serving = (0..SIDE).max_by(|&a, &b| quality[a].total_cmp(&quality[b])).unwrap_or(0);
    let mut run = Run { cost: &cost, quality: &quality, floor, trials, tests, serving, controls: VecDeque::new() };
    let mut later: VecDeque<(u32, usize, bool)> = VecDeque::new();
    let (mut spent, mut below, mut tried) = (0.0, 0_u32, None);
    for t in 0..REQUESTS {
        while later.front().is_some_and(|(due, ..)| *due <= t) {
            if let Some((_, k, passed)) = later.pop_front() {
                run.graded(k, passed, strategy);
            }
        }
        if strategy == Strategy::Uniform || t.is_multiple_of(LOOK) {
            tried = run.choose(strategy, random);
        }
        let explores = random.unit() < TRIED;
        let k = match strategy {
            Strategy::Thompson => run.thompson(random),
            _ => tried.filter(|&k| explores && k != run.serving && !run.trials[k].failed).unwrap_or(run.serving),
        };
        spent += cost[k];
        below += u32::from(run.quality[k] < floor - 1e-9);
        if random.unit() < GRADED {
            later.push_back((t + LATE, k, random.unit() < quality[k]));
        }
    }
    let good = (0..SIDE).filter(|&k| quality[k] >= floor).map(|k| cost[k]).fold(f64::INFINITY, f64::min);
    (spent / f64::from(REQUESTS) / good, f64::from(below) / f64::from(REQUESTS))
}

fn normal(random: &mut Random) -> f64 {
    let radius = (-2.0 * random.unit().max(1e-12).ln()).sqrt();
    radius * (std::f64::consts::TAU * random.unit()).cos()
}

/// Both, over all runs.
pub(super) fn means(strategy: Strategy, runs: u32, seed: u64) -> (f64, f64) {
    let all = each(&format!("{strategy:?}"), runs, |run| one(strategy, &mut Random::new(seed, run)));
    let mean = |of: fn(&(f64, f64)) -> f64| all.iter().map(of).sum::<f64>() / all.len().max(1) as f64;
    (mean(|one| one.0), mean(|one| one.1))
}

pub(super) fn table(runs: u32, seed: u64) -> String {
    let mut table =
        String::from("| what is tried | cost / cheapest good one | requests below the floor |\n|---|---|---|\n");
    for (strategy, name) in [
        (Strategy::Index, "saving × probability / pairs, 10 % of the traffic"),
        (Strategy::Uniform, "anybody, 10 %"),
        (Strategy::Cheapest, "the cheapest, 10 %"),
        (Strategy::Thompson, "Thompson sampling, without canaries"),
    ] {
        let (cost, below) = means(strategy, (runs / 8).max(1), seed);
        _ = writeln!(table, "| {name} | {cost:.2} | {:.2} % |", 100.0 * below);
    }
    table
}

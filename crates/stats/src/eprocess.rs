//! Betting e-processes on paired differences: evidence that may be looked at after every pair.
//!
//! Write `D` for candidate − control in `-1..=1` and `δ` for its mean. A gambler who bets a fixed fraction `λ` against
//! a hypothesis multiplies his wealth by `1 + λ·x(D)`, where `x ≥ -1` has mean ≤ 0 when the hypothesis holds. His
//! wealth, averaged over a fixed grid of `λ`, is a nonnegative supermartingale from 1, so by Ville's inequality it
//! ever reaches `1/α` with probability at most `α`, however often anyone looks. Because bets do not depend on past
//! pairs, wealth is a function of the histogram of `D`: it merges and can be rebuilt in any order.
//! Waudby-Smith and Ramdas, "Estimating means of bounded random variables by betting", JRSS B 2024.
//!
//! Grades are rounded to cents before they are paired; the tests speak of the means of the rounded grades.

use crate::{
    histogram::{GradeHistogram, PairHistogram},
    maths::log_mean_exp,
};

/// Bets for margins of 0.015 and more.
pub(crate) const COARSE: [f64; 8] = [0.03, 0.045, 0.07, 0.1, 0.15, 0.25, 0.4, 0.65];
/// Added for smaller margins, where the best bet is smaller.
const FINE: [f64; 2] = [0.0075, 0.015];
/// Below this margin the fine bets are added.
const FINE_BELOW: f64 = 0.015;
/// Halvings of `-1..=1` when an end of an interval is sought: ends are exact to 1.2e-10.
const BISECTIONS: u32 = 34;

/// The fractions bet, fixed before the first pair.
#[derive(Debug, Clone, PartialEq)]
pub struct Grid(Vec<f64>);

impl Grid {
    /// The grid for tests at this margin.
    #[must_use]
    pub fn for_margin(margin: f64) -> Self {
        let fine = if margin < FINE_BELOW { &FINE[..] } else { &[] };
        Self(fine.iter().chain(&COARSE).copied().collect())
    }

    /// The fractions, ascending.
    #[must_use]
    pub fn lambdas(&self) -> &[f64] {
        &self.0
    }

    /// `ln(1/G Σ_λ exp Σ count · ln(1 + λ·x))` over the outcomes `(x, count)`.
    fn log_wealth(&self, outcomes: impl Iterator<Item = (f64, u64)>) -> f64 {
        let outcomes: Vec<_> = outcomes.collect();
        log_mean_exp(
            self.0.iter().map(|&lambda| outcomes.iter().map(|&(x, count)| count as f64 * (lambda * x).ln_1p()).sum()),
        )
    }
}

/// Log evidence against `δ ≤ −margin`, `-1 < -margin < 1`: high means not worse than the margin.
#[must_use]
pub fn log_e_promote(grid: &Grid, pairs: &PairHistogram, margin: f64) -> f64 {
    grid.log_wealth(pairs.iter().map(|(d, n)| (promote_bet(d, margin), n)))
}

/// Log evidence against `δ ≥ −margin`: high means worse than the margin.
#[must_use]
pub fn log_e_rollback(grid: &Grid, pairs: &PairHistogram, margin: f64) -> f64 {
    grid.log_wealth(pairs.iter().map(|(d, n)| (rollback_bet(d, margin), n)))
}

/// Log evidence against `δ ≥ 0`: high means worse at all.
#[must_use]
pub fn log_e_harm(grid: &Grid, pairs: &PairHistogram) -> f64 {
    log_e_rollback(grid, pairs, 0.0)
}

/// Log evidence against `mean grade ≥ floor`: high means below the floor.
#[must_use]
pub fn log_e_floor(grid: &Grid, grades: &GradeHistogram, floor: f64) -> f64 {
    grid.log_wealth(grades.iter().map(|(y, n)| (floor_bet(y, floor), n)))
}

pub(crate) fn floor_bet(cents: i32, floor: f64) -> f64 {
    (floor - f64::from(cents) / 100.0) / (1.0 - floor).max(0.25)
}

pub(crate) fn promote_bet(cents: i32, margin: f64) -> f64 {
    (f64::from(cents) / 100.0 + margin) / (1.0 - margin)
}

pub(crate) fn rollback_bet(cents: i32, margin: f64) -> f64 {
    -(f64::from(cents) / 100.0 + margin) / (1.0 + margin)
}

/// The `1 − alpha` confidence interval of `δ`, valid at all looks together: differences that neither one-sided test
/// rejects at `alpha / 2`. Contains the mean, and nests as `alpha` falls. `(-1, 1)` without pairs.
#[must_use]
pub fn interval(grid: &Grid, pairs: &PairHistogram, alpha: f64) -> (f64, f64) {
    let bar = (2.0 / alpha).ln();
    // Evidence against δ ≤ m falls with m, evidence against δ ≥ m rises: each end is one crossing.
    let lower = crossing(|m| log_e_promote(grid, pairs, -m) >= bar).0;
    let upper = crossing(|m| log_e_rollback(grid, pairs, -m) < bar).1;
    (lower, upper)
}

/// The `1 − alpha` confidence interval of the mean grade, valid at all looks together: [`interval`] of `2y − 1`, halved
/// back to `0..=1`. `(0, 1)` without grades.
#[must_use]
pub fn mean_interval(grid: &Grid, grades: &GradeHistogram, alpha: f64) -> (f64, f64) {
    let stretched: PairHistogram = grades.iter().map(|(cents, count)| (2 * cents - 100, count)).collect();
    let (lower, upper) = interval(grid, &stretched, alpha);
    (f64::midpoint(lower, 1.0), f64::midpoint(upper, 1.0))
}

/// Brackets the point of `-1..=1` where `holds` turns from true to false.
fn crossing(holds: impl Fn(f64) -> bool) -> (f64, f64) {
    let (mut yes, mut no) = (-1.0, 1.0);
    for _ in 0..BISECTIONS {
        let middle = f64::midpoint(yes, no);
        if holds(middle) {
            yes = middle;
        } else {
            no = middle;
        }
    }
    (yes, no)
}

/// Part of an error rate that the first try may spend.
const FIRST_TRY: f64 = 0.9;

/// The error rate of the `attempt`-th try (from 1) of one candidate: nine tenths of `alpha` for the first, and
/// `0.1·α·6 / (π²·(attempt − 1)²)` for a later one. `Σ 6/(π²k²) = 1`, so all of them add up to `alpha`: however often it is
/// tried again, all tries together are promoted wrongly with probability at most `alpha` (union bound).
///
/// Most candidates are tried once, so the first try has nearly all of it: it takes 2 % more pairs than one that has all.
#[must_use]
pub fn attempt_alpha(alpha: f64, attempt: u32) -> f64 {
    match attempt {
        0 | 1 => alpha * FIRST_TRY,
        later => {
            let retry = f64::from(later - 1);
            alpha * (1.0 - FIRST_TRY) * 6.0 / (std::f64::consts::PI * retry).powi(2)
        }
    }
}

/// The logarithms of one margin, computed once: each evaluation is then a product of an 8×201 table with the counts.
#[derive(Debug, Clone)]
pub struct Tables {
    promote: Vec<Vec<f64>>,
    rollback: Vec<Vec<f64>>,
}

impl Tables {
    /// Tables for tests at `margin`.
    #[must_use]
    pub fn new(grid: &Grid, margin: f64) -> Self {
        let table = |bet: fn(i32, f64) -> f64| {
            grid.lambdas()
                .iter()
                .map(|lambda| (-100..=100).map(|cents| (lambda * bet(cents, margin)).ln_1p()).collect())
                .collect()
        };
        Self { promote: table(promote_bet), rollback: table(rollback_bet) }
    }

    /// As [`log_e_promote`].
    #[must_use]
    pub fn log_e_promote(&self, pairs: &PairHistogram) -> f64 {
        look_up(&self.promote, pairs)
    }

    /// As [`log_e_rollback`].
    #[must_use]
    pub fn log_e_rollback(&self, pairs: &PairHistogram) -> f64 {
        look_up(&self.rollback, pairs)
    }
}

fn look_up(table: &[Vec<f64>], pairs: &PairHistogram) -> f64 {
    log_mean_exp(table.iter().map(|row| row.iter().zip(pairs.counts()).map(|(log, &count)| log * count as f64).sum()))
}

//! The tests of [`crate::eprocess`] pair by pair: a sum per bet instead of a sum over 201 counters at each look. The
//! same evidence up to rounding, which is what simulations and monitors that look after every grade need.

use crate::{
    eprocess::{Grid, floor_bet, promote_bet, rollback_bet},
    maths::log_mean_exp,
};

/// Log factors of one test, by outcome in cents.
#[derive(Debug, Clone)]
pub struct Bets {
    count: usize,
    log_factors: Vec<f64>,
}

/// Log wealth of each bet so far.
#[derive(Debug, Clone)]
pub struct Wealth(Vec<f64>);

impl Bets {
    /// Against `δ ≤ −margin`.
    #[must_use]
    pub fn promote(grid: &Grid, margin: f64) -> Self {
        Self::new(grid, |cents| promote_bet(cents, margin))
    }

    /// Against `δ ≥ −margin`.
    #[must_use]
    pub fn rollback(grid: &Grid, margin: f64) -> Self {
        Self::new(grid, |cents| rollback_bet(cents, margin))
    }

    /// Against `mean grade ≥ floor`; its outcomes are grades.
    #[must_use]
    pub fn floor(grid: &Grid, floor: f64) -> Self {
        Self::new(grid, |cents| floor_bet(cents, floor))
    }

    fn new(grid: &Grid, bet: impl Fn(i32) -> f64) -> Self {
        let factors = (-100..=100)
            .flat_map(|cents| grid.lambdas().iter().map(move |lambda| (cents, lambda)))
            .map(|(cents, lambda)| (lambda * bet(cents)).max(-1.0).ln_1p());
        Self { count: grid.lambdas().len(), log_factors: factors.collect() }
    }

    /// Nothing won or lost yet.
    #[must_use]
    pub fn start(&self) -> Wealth {
        Wealth(vec![0.0; self.count])
    }

    /// Folds one outcome in cents, clamped to `-100..=100`.
    pub fn add(&self, wealth: &mut Wealth, cents: i32) {
        let at = (cents.clamp(-100, 100) + 100) as usize * self.count;
        let row = self.log_factors.get(at..at + self.count).unwrap_or_default();
        for (log, factor) in wealth.0.iter_mut().zip(row) {
            *log += factor;
        }
    }
}

impl Wealth {
    /// Log evidence: as the function of the same test in [`crate::eprocess`].
    #[must_use]
    pub fn log_e(&self) -> f64 {
        log_mean_exp(self.0.iter().copied())
    }

    /// Whether the evidence is at least `bar`. Cheap while it is far below: a mean is at most its largest term.
    #[must_use]
    pub fn reaches(&self, bar: f64) -> bool {
        self.0.iter().any(|&log| log >= bar) && self.log_e() >= bar
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        eprocess::{log_e_floor, log_e_promote, log_e_rollback},
        histogram::{GradeHistogram, PairHistogram},
    };

    #[test]
    fn it_agrees_with_the_histogram_at_every_look() {
        let grid = Grid::for_margin(0.03);
        let bets = [Bets::promote(&grid, 0.03), Bets::rollback(&grid, 0.03), Bets::floor(&grid, 0.77)];
        let mut wealth = [bets[0].start(), bets[1].start(), bets[2].start()];
        let (mut pairs, mut grades) = (PairHistogram::default(), GradeHistogram::default());
        for k in 0..500_i32 {
            let (candidate, control) = (k * 37 % 101, k * 53 % 101);
            pairs.add_cents(candidate - control, 1);
            grades.add(f64::from(candidate) / 100.0);
            bets[0].add(&mut wealth[0], candidate - control);
            bets[1].add(&mut wealth[1], candidate - control);
            bets[2].add(&mut wealth[2], candidate);
            let wanted = [
                log_e_promote(&grid, &pairs, 0.03),
                log_e_rollback(&grid, &pairs, 0.03),
                log_e_floor(&grid, &grades, 0.77),
            ];
            for (wealth, wanted) in wealth.iter().zip(wanted) {
                assert!((wealth.log_e() - wanted).abs() < 1e-9 * (1.0 + wanted.abs()));
                assert!(wealth.reaches(wanted - 1e-6) && !wealth.reaches(wanted + 1e-6));
            }
        }
    }
}

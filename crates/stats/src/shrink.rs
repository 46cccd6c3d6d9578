//! What to expect of a deployment on a segment it has hardly served: an additive fit of segment and deployment effects
//! over all windows of a workload, each effect shrunk towards none (Morris, "Parametric empirical Bayes inference",
//! JASA 1983; the two-way fit by backfitting, Buja, Hastie and Tibshirani, Ann. Statist. 1989).
//!
//! How much the fit counts is read off the windows themselves: where they scatter around it no more than their own grades
//! explain, it counts for much, and a lucky window is not taken for a good one. Its own doubt counts too, because it is
//! shared by every segment of a deployment.

use std::collections::HashSet;

use crate::window::{PRIOR_WEIGHT, Prior, VARIANCE_FLOOR};

/// Most grades that a prior counts for.
const MOST_WEIGHT: f64 = 10_000.0;

/// Sweeps over both effects: each at least halves what is left, so ends are good to 1e-9.
const SWEEPS: usize = 60;

/// One window: what a deployment got on a segment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Seen {
    /// Index of the segment.
    pub row: usize,
    /// Index of the deployment.
    pub column: usize,
    /// Mean grade, `0..=1`, not shrunk.
    pub mean: f64,
    /// Variance of one grade, `0..=0.25`.
    pub variance: f64,
    /// Effective grades behind it, `0..`.
    pub n_eff: f64,
}

/// The fit: `level + row effect + column effect`.
#[derive(Debug, Clone, PartialEq)]
pub struct Additive {
    level: f64,
    rows: Vec<f64>,
    columns: Vec<f64>,
    /// Grades that the fit counts for.
    weight: f64,
    /// Variance of the fit itself.
    doubt: f64,
}

impl Additive {
    /// Fits `rows × columns` effects. Windows out of range, without grades or with odd numbers are left out; without
    /// any, everything is `level`, the caller's guess.
    #[must_use]
    pub fn fit(rows: usize, columns: usize, seen: &[Seen], level: f64) -> Self {
        let usable = |one: &&Seen| {
            one.row < rows && one.column < columns && one.n_eff > 0.0 && one.n_eff.is_finite() && one.mean.is_finite()
        };
        let seen: Vec<Seen> = seen.iter().filter(usable).copied().collect();
        let total: f64 = seen.iter().map(|one| one.n_eff).sum();
        let (weight, doubt) = (PRIOR_WEIGHT, 0.0);
        let mut fit = Self { level, rows: vec![0.0; rows], columns: vec![0.0; columns], weight, doubt };
        if total <= 0.0 {
            return fit;
        }
        fit.level = seen.iter().map(|one| one.n_eff * one.mean).sum::<f64>() / total;
        for _ in 0..SWEEPS {
            fit.rows = effects(&seen, rows, |one| one.row, |one| one.mean - fit.level - fit.column(one.column));
            fit.columns = effects(&seen, columns, |one| one.column, |one| one.mean - fit.level - fit.row(one.row));
        }
        fit.weigh(&seen);
        fit
    }

    /// Method of moments: what windows scatter around the fit beyond their own noise is `τ²`, and a fit is worth `v / τ²`
    /// grades, never less than [`PRIOR_WEIGHT`]. With no windows to spare beyond the effects it stays at that.
    fn weigh(&mut self, seen: &[Seen]) {
        let groups = |of: fn(&Seen) -> usize| seen.iter().map(of).collect::<HashSet<_>>().len();
        let effects = (groups(|one| one.row) + groups(|one| one.column)) as f64 - 1.0;
        let cells = seen.len() as f64;
        let spare = cells - effects;
        if spare < 1.0 {
            return;
        }
        let mean = |of: &dyn Fn(&Seen) -> f64| seen.iter().map(of).sum::<f64>() / cells;
        let variance = |one: &Seen| one.variance.max(VARIANCE_FLOOR);
        let around = mean(&|one| (one.mean - self.prior(one.row, one.column).mean).powi(2)) * cells / spare;
        let noise = mean(&|one| variance(one) / one.n_eff);
        let scatter = (around - noise).max(0.0);
        let grade = mean(&|one| variance(one));
        self.weight = (grade / scatter).clamp(PRIOR_WEIGHT, MOST_WEIGHT);
        self.doubt = (noise + scatter) * effects / cells;
    }

    /// The prior of a cell; rows and columns out of range have no effect.
    #[must_use]
    pub fn prior(&self, row: usize, column: usize) -> Prior {
        let mean = (self.level + self.row(row) + self.column(column)).clamp(0.0, 1.0);
        Prior { mean, weight: self.weight, doubt: self.doubt }
    }

    fn row(&self, row: usize) -> f64 {
        self.rows.get(row).copied().unwrap_or(0.0)
    }

    fn column(&self, column: usize) -> f64 {
        self.columns.get(column).copied().unwrap_or(0.0)
    }
}

/// Mean residual of each group, shrunk as if [`PRIOR_WEIGHT`] more grades had shown no effect.
fn effects(seen: &[Seen], groups: usize, group: impl Fn(&Seen) -> usize, residual: impl Fn(&Seen) -> f64) -> Vec<f64> {
    let mut sums = vec![(0.0, PRIOR_WEIGHT); groups];
    for one in seen {
        if let Some((sum, weight)) = sums.get_mut(group(one)) {
            *sum += one.n_eff * residual(one);
            *weight += one.n_eff;
        }
    }
    sums.into_iter().map(|(sum, weight)| sum / weight).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_without_grades_gets_its_row_and_its_column() {
        // Truth: 0.7 + {0, −0.2} + {0, 0.1}; the cell (1, 1) was never seen.
        let seen = |row, column, mean| Seen { row, column, mean, variance: 0.2, n_eff: 1e7 };
        let fit = Additive::fit(2, 2, &[seen(0, 0, 0.7), seen(0, 1, 0.8), seen(1, 0, 0.5)], 0.5);
        assert!((fit.prior(1, 1).mean - 0.6).abs() < 1e-3, "{:?}", fit.prior(1, 1));
        assert!((fit.prior(0, 1).mean - 0.8).abs() < 1e-3);
        assert!((fit.prior(0, 1).weight - PRIOR_WEIGHT).abs() < 1e-9, "three windows say nothing of their scatter");
    }

    #[test]
    fn few_grades_move_an_effect_little_and_none_leave_the_guess() {
        let fit = Additive::fit(
            1,
            2,
            &[
                Seen { row: 0, column: 0, mean: 0.8, variance: 0.16, n_eff: 1_000.0 },
                Seen { row: 0, column: 1, mean: 0.0, variance: 0.0, n_eff: 1.0 },
            ],
            0.5,
        );
        assert!(fit.prior(0, 1).mean > 0.7, "{:?}", fit.prior(0, 1));
        let odd = Seen { row: 9, column: 0, mean: f64::NAN, variance: 0.1, n_eff: -1.0 };
        assert!((Additive::fit(1, 1, &[odd], 0.5).prior(0, 0).mean - 0.5).abs() < 1e-12);
        assert!((Additive::fit(1, 1, &[], 0.5).prior(7, 7).mean - 0.5).abs() < 1e-12);
    }

    #[test]
    fn a_fit_counts_for_as_much_as_the_windows_agree_with_it() {
        // Four by four cells of 200 grades: on the fit but for their noise, or far off it.
        let fit = |scatter: f64| {
            let seen: Vec<Seen> = (0..16)
                .map(|k| (k / 4, k % 4))
                .map(|(row, column)| {
                    let sign = if (row + column) % 2 == 0 { 1.0 } else { -1.0 };
                    let mean = 0.5 + 0.05 * row as f64 + 0.03 * column as f64 + sign * scatter;
                    Seen { row, column, mean, variance: 0.2, n_eff: 200.0 }
                })
                .collect();
            Additive::fit(4, 4, &seen, 0.5).prior(0, 0)
        };
        let (near, far) = (fit(0.01), fit(0.15));
        assert!(near.weight > 500.0 && far.weight < 21.0, "{near:?} {far:?}");
        assert!(near.doubt > 0.0 && far.doubt > near.doubt, "{near:?} {far:?}");
    }
}

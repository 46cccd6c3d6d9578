//! Figures with their uncertainty.

use serde::{Deserialize, Serialize};
use weir_stats::{
    asymptotic,
    eprocess::{Grid, interval, mean_interval},
    histogram::{GradeHistogram, PairHistogram},
};

/// A figure and the interval that holds at every look.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// The estimate.
    pub value: f64,
    /// Lower end.
    pub lower: f64,
    /// Upper end.
    pub upper: f64,
    /// Items behind it.
    pub n: u64,
}

impl Figure {
    /// The mean of grades in `0..=1`; `None` without one. Ends are those of grades rounded to cents.
    #[must_use]
    pub fn of_grades(grades: impl Iterator<Item = f64>, alpha: f64) -> Option<Self> {
        let mut histogram = GradeHistogram::default();
        let (mut sum, mut n) = (0.0, 0_u64);
        for grade in grades {
            histogram.add(grade);
            sum += grade;
            n += 1;
        }
        (n > 0).then(|| {
            let (lower, upper) = mean_interval(&Grid::for_margin(0.0), &histogram, alpha);
            let value = sum / n as f64;
            Self { value, lower: lower.min(value), upper: upper.max(value), n }
        })
    }

    /// The mean difference of pairs; `None` without one.
    #[must_use]
    pub fn of_pairs(pairs: &PairHistogram, alpha: f64) -> Option<Self> {
        let n = pairs.n();
        (n > 0).then(|| {
            let (lower, upper) = interval(&Grid::for_margin(0.0), pairs, alpha);
            Self { value: pairs.mean(), lower, upper, n }
        })
    }

    /// The mean of quantities without a scale; `None` without one.
    #[must_use]
    pub fn of_quantities(values: &[f64], alpha: f64) -> Option<Self> {
        let (value, lower, upper, n) = asymptotic::mean_interval(values, alpha)?;
        Some(Self { value, lower, upper, n })
    }
}

/// The `q` quantile of sorted values, by nearest rank; `None` of nothing.
pub(super) fn quantile(sorted: &[f64], q: f64) -> Option<f64> {
    let rank = (q * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.clamp(1, sorted.len().max(1)) - 1).copied()
}

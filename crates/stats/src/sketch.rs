//! Quantiles of latencies, mergeable, within 1 % of a value that was seen.
//!
//! DDSketch (Masson, Rim, Lee, VLDB 2019): bucket `i` holds values in `(γ^(i−1), γ^i]`, `γ = (1 + a) / (1 − a)`, so
//! any value of a bucket is within `a` of the bucket's mid value. Values are kept to `MIN..=MAX`, which bounds the
//! sketch at about 2,000 buckets without collapsing any.

use std::collections::BTreeMap;

/// Relative error of a quantile.
pub const RELATIVE_ERROR: f64 = 0.01;
/// Least value told apart; smaller ones count as this.
pub const MIN: f64 = 1e-6;
/// Largest value told apart; larger ones count as this.
pub const MAX: f64 = 1e12;

/// Counts of values in logarithmic buckets. Any unit; pick one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sketch {
    buckets: BTreeMap<i32, u64>,
    n: u64,
}

impl Sketch {
    /// Adds one value; negative values count as [`MIN`], NaN is ignored.
    pub fn add(&mut self, value: f64) {
        if value.is_nan() {
            return;
        }
        let bucket = (value.clamp(MIN, MAX).ln() / log_gamma()).ceil() as i32;
        *self.buckets.entry(bucket).or_default() += 1;
        self.n += 1;
    }

    /// Adds another sketch's counts.
    pub fn merge(&mut self, other: &Self) {
        for (&bucket, &count) in &other.buckets {
            *self.buckets.entry(bucket).or_default() += count;
        }
        self.n += other.n;
    }

    /// Values added.
    #[must_use]
    pub const fn n(&self) -> u64 {
        self.n
    }

    /// The value of rank `floor(q·(n − 1))`, within [`RELATIVE_ERROR`]; `None` when empty or `q` is not in `0..=1`.
    #[must_use]
    pub fn quantile(&self, q: f64) -> Option<f64> {
        if !(0.0..=1.0).contains(&q) || self.n == 0 {
            return None;
        }
        let rank = (q * (self.n - 1) as f64).floor() as u64;
        let mut seen = 0;
        self.buckets.iter().find_map(|(&bucket, &count)| {
            seen += count;
            (seen > rank).then(|| {
                let gamma = log_gamma().exp();
                2.0 * (f64::from(bucket) * log_gamma()).exp() / (gamma + 1.0)
            })
        })
    }
}

fn log_gamma() -> f64 {
    ((1.0 + RELATIVE_ERROR) / (1.0 - RELATIVE_ERROR)).ln()
}

//! A mean of quantities without a scale of their own, such as dollars or milliseconds, with an interval that may be
//! looked at after every observation.
//!
//! Grades have exact confidence sequences (`eprocess`), because they are bounded. What is not bounded has an asymptotic
//! one: `m ± s·sqrt(2(nρ²+1)/(n²ρ²)·ln(sqrt(nρ²+1)/α))`, which holds at all looks together once the variance is known
//! well enough. Waudby-Smith, Arbour, Sinha, Kennedy, Ramdas, "Time-uniform central limit theory", Annals of Statistics
//! 2024.

use crate::maths::square;

/// Observations at which the interval is tightest.
const TIGHTEST_AT: f64 = 100.0;

/// Mean, lower and upper end at `1 − alpha`, and the number of finite values. `None` without one; both ends are the mean
/// itself when there is only one or all are equal.
#[must_use]
pub fn mean_interval(values: &[f64], alpha: f64) -> Option<(f64, f64, f64, u64)> {
    let finite = || values.iter().copied().filter(|value| value.is_finite());
    let count = finite().count();
    if count == 0 {
        return None;
    }
    let n = count as f64;
    let mean = finite().sum::<f64>() / n;
    let variance = if count < 2 { 0.0 } else { finite().map(|value| square(value - mean)).sum::<f64>() / (n - 1.0) };
    let bar = -2.0 * alpha.ln();
    let rho_sq = (bar + (bar + 1.0).ln()) / TIGHTEST_AT;
    let spread = n * rho_sq + 1.0;
    let reach = (variance * 2.0 * spread / (n * n * rho_sq) * (spread.sqrt() / alpha).ln()).sqrt();
    Some((mean, mean - reach, mean + reach, count as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_is_wider_than_a_single_look_and_narrows() {
        let values = |n: u32| (0..n).map(|i| f64::from(i % 2)).collect::<Vec<_>>();
        let (mean, lower, upper, n) = mean_interval(&values(400), 0.05).unwrap();
        assert_eq!((mean, n), (0.5, 400));
        let once = 1.96 * 0.5 / 20.0;
        assert!(upper - mean > once && upper - mean < 2.0 * once, "{upper}");
        assert!((mean - lower - (upper - mean)).abs() < 1e-12);
        let (_, _, wider, _) = mean_interval(&values(40), 0.05).unwrap();
        assert!(wider > upper);
    }

    #[test]
    fn nothing_has_no_mean_and_what_is_not_a_number_does_not_count() {
        assert_eq!(mean_interval(&[], 0.05), None);
        assert_eq!(mean_interval(&[f64::NAN], 0.05), None);
        assert_eq!(mean_interval(&[3.0, f64::INFINITY], 0.05), Some((3.0, 3.0, 3.0, 1)));
    }
}

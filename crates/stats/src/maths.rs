//! Textbook functions that the standard library lacks.

/// `ln(mean(exp(x)))` without overflow.
pub(crate) fn log_mean_exp(logs: impl Iterator<Item = f64> + Clone) -> f64 {
    let top = logs.clone().fold(f64::NEG_INFINITY, f64::max);
    if !top.is_finite() {
        return top;
    }
    let (sum, count) = logs.fold((0.0, 0_u32), |(sum, count), log| (sum + (log - top).exp(), count + 1));
    top + (sum / f64::from(count)).ln()
}

/// `ln Γ(x)` for `x > 0`: the recurrence up to 16, then Stirling's series (DLMF 5.11.1), good to 1e-13 relative.
pub(crate) fn ln_gamma(x: f64) -> f64 {
    let mut shift = 0.0;
    let mut x = x;
    while x < 16.0 {
        shift += x.ln();
        x += 1.0;
    }
    let inverse = 1.0 / x;
    let square = inverse * inverse;
    let series = inverse
        * (1.0 / 12.0 + square * (-1.0 / 360.0 + square * (1.0 / 1260.0 + square * (-1.0 / 1680.0 + square / 1188.0))));
    (x - 0.5) * x.ln() - x + 0.5 * std::f64::consts::TAU.ln() + series - shift
}

/// `ln B(a, b)`.
pub(crate) fn ln_beta(a: f64, b: f64) -> f64 {
    ln_gamma(a) + ln_gamma(b) - ln_gamma(a + b)
}

pub(crate) fn square(x: f64) -> f64 {
    x * x
}

/// Standard normal distribution function, good to 1.5e-7 (Abramowitz and Stegun 7.1.26).
#[must_use]
pub fn normal_cdf(z: f64) -> f64 {
    const TERMS: [f64; 5] = [0.254_829_592, -0.284_496_736, 1.421_413_741, -1.453_152_027, 1.061_405_429];
    let x = z.abs() / std::f64::consts::SQRT_2;
    let t = 1.0 / (1.0 + 0.327_591_1 * x);
    let tail = 0.5 * t * TERMS.iter().rev().fold(0.0, |sum, term| sum * t + term) * (-x * x).exp();
    if z < 0.0 { tail } else { 1.0 - tail }
}

/// Student's quantile at the level of the normal quantile `z`, with `freedom` degrees of freedom: Cornish and Fisher's
/// expansion (Abramowitz and Stegun 26.7.5), good to 0.1 % from 5 degrees on.
pub(crate) fn student(z: f64, freedom: f64) -> f64 {
    let square = z * z;
    let terms = [
        (square + 1.0) / 4.0,
        ((5.0 * square + 16.0) * square + 3.0) / 96.0,
        (((3.0 * square + 19.0) * square + 17.0) * square - 15.0) / 384.0,
        ((((79.0 * square + 776.0) * square + 1482.0) * square - 1920.0) * square - 945.0) / 92_160.0,
    ];
    let inverse = 1.0 / freedom;
    z * (1.0 + inverse * terms.iter().rev().fold(0.0, |sum, term| sum * inverse + term))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ln_gamma_is_the_factorial() {
        let mut log_factorial = 0.0;
        for n in 1..170_u32 {
            assert!((ln_gamma(f64::from(n)) - log_factorial).abs() <= 1e-12 * (1.0 + log_factorial));
            log_factorial += f64::from(n).ln();
        }
        assert!((ln_gamma(0.5) - std::f64::consts::PI.sqrt().ln()).abs() < 1e-13);
    }

    #[test]
    fn the_normal_distribution_matches_its_table() {
        for (z, p) in [(0.0, 0.5), (1.0, 0.841_344_746), (-1.96, 0.024_997_895), (3.0, 0.998_650_102)] {
            assert!((normal_cdf(z) - p).abs() < 2e-7, "{z}");
        }
        assert!(normal_cdf(-40.0) >= 0.0 && normal_cdf(40.0) <= 1.0);
    }

    #[test]
    fn students_distribution_matches_its_table() {
        for (z, freedom, t) in [
            (1.959_964, 5.0, 2.570_582),
            (1.959_964, 28.0, 2.048_407),
            (1.281_552, 10.0, 1.372_184),
            (1.281_552, 1e9, 1.281_552),
        ] {
            assert!((student(z, freedom) / t - 1.0).abs() < 1e-3, "{z} {freedom}: {}", student(z, freedom));
        }
    }

    #[test]
    fn log_mean_exp_survives_large_logs() {
        let mean = log_mean_exp([1000.0, 1000.0 + 2.0_f64.ln()].into_iter());
        assert!((mean - 1000.0 - 1.5_f64.ln()).abs() < 1e-12);
        assert_eq!(log_mean_exp([f64::NEG_INFINITY].into_iter()), f64::NEG_INFINITY);
    }
}

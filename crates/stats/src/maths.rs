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

/// Standard normal quantile at `p` in `0..=1`, good to seven digits (Wichura, algorithm AS 241, Applied Statistics 1988):
/// minus infinity at 0, infinity at 1, NaN beyond.
#[must_use]
pub fn normal_quantile(p: f64) -> f64 {
    const MIDDLE: ([f64; 4], [f64; 4]) = (
        [3.387_132_717_9, 50.434_271_938, 159.291_132_02, 59.109_374_72],
        [1.0, 17.895_169_469, 78.757_757_664, 67.187_563_6],
    );
    const NEAR: ([f64; 4], [f64; 4]) = (
        [1.423_437_277_7, 2.756_815_39, 1.306_728_481_6, 0.170_238_211_03],
        [1.0, 0.737_001_642_5, 0.120_211_329_75, 0.0],
    );
    const FAR: ([f64; 4], [f64; 4]) = (
        [6.657_905_115, 3.081_226_386, 0.428_682_943_37, 0.017_337_203_997],
        [1.0, 0.241_978_942_25, 0.012_258_202_635, 0.0],
    );
    let rational = |(above, below): &([f64; 4], [f64; 4]), x: f64| {
        let polynomial = |terms: &[f64; 4]| terms.iter().rev().fold(0.0, |sum, term| sum * x + term);
        polynomial(above) / polynomial(below)
    };
    if !(0.0..=1.0).contains(&p) {
        return f64::NAN;
    }
    let off = p - 0.5;
    if off.abs() <= 0.425 {
        return off * rational(&MIDDLE, 0.180_625 - off * off);
    }
    let tail = (-p.min(1.0 - p).ln()).sqrt();
    let size = if tail.is_infinite() {
        tail
    } else if tail <= 5.0 {
        rational(&NEAR, tail - 1.6)
    } else {
        rational(&FAR, tail - 5.0)
    };
    size.copysign(off)
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
    fn the_normal_quantile_matches_its_table_and_has_ends() {
        // scipy.stats.norm.ppf
        for (p, z) in [
            (0.5, 0.0),
            (0.9, 1.281_551_565_5),
            (0.975, 1.959_963_984_5),
            (0.005, -2.575_829_303_5),
            (5e-7, -4.891_638_475_7),
            (1e-13, -7.348_796_102_8),
        ] {
            assert!((normal_quantile(p) - z).abs() < 2e-6, "{p}: {}", normal_quantile(p));
        }
        assert_eq!((normal_quantile(0.0), normal_quantile(1.0)), (f64::NEG_INFINITY, f64::INFINITY));
        assert!(normal_quantile(-0.1).is_nan() && normal_quantile(f64::NAN).is_nan());
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

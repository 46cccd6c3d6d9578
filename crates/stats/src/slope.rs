//! How much one thing moves with another: the least-squares slope, with an interval that stands where the spread is not
//! the same everywhere (MacKinnon and White's HC3, 1985, with Student's quantile at `n − 2`). Fixed-n: evaluate once.

use crate::maths::{square, student};

/// Points below which a line says nothing.
const LEAST: usize = 10;

/// A slope with its interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Slope {
    /// Change of `y` for one more of `x`.
    pub value: f64,
    /// Lower end.
    pub lower: f64,
    /// Upper end.
    pub upper: f64,
    /// Points it was drawn through.
    pub n: u64,
}

/// The slope of `y` over `x` through `(x, y)`, with its interval at the normal quantile `z`. `None` of fewer than ten
/// points, or where `x` is all but one value.
///
/// Points that lie on the line exactly are no proof that all do: the spread is never taken for less than one point that
/// is off by 1 makes.
#[must_use]
pub fn slope(points: &[(f64, f64)], z: f64) -> Option<Slope> {
    let n = points.len() as f64;
    if points.len() < LEAST || points.iter().any(|(x, y)| !x.is_finite() || !y.is_finite()) {
        return None;
    }
    let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / n;
    let (mean_x, mean_y) = (mean(|point| point.0), mean(|point| point.1));
    let spread: f64 = points.iter().map(|(x, _)| square(x - mean_x)).sum();
    // What is left of the spread when all `x` are one value, in the last bits.
    if spread <= 1e-9 * n * (1.0 + square(mean_x)) {
        return None;
    }
    let value = points.iter().map(|(x, y)| (x - mean_x) * (y - mean_y)).sum::<f64>() / spread;
    let off = |(x, y): &(f64, f64)| {
        let reach = square(x - mean_x);
        let left = y - mean_y - value * (x - mean_x);
        // One point alone at its `x` draws the line to itself: what it is off by says nothing, and counts as the least.
        let weight = (1.0 - 1.0 / n - reach / spread).max(1.0 / n);
        reach * square(left / weight)
    };
    let variance = points.iter().map(off).sum::<f64>() / square(spread);
    let reach = student(z, n - 2.0) * variance.max(1.0 / (n * spread)).sqrt();
    Some(Slope { value, lower: value - reach, upper: value + reach, n: points.len() as u64 })
}

#[cfg(test)]
mod tests {
    use super::*;

    const Z95: f64 = 1.959_963_984_540_054;
    const SLOPE: f64 = 0.506993006993007;
    const SE: f64 = 0.1488362588899702;

    #[test]
    fn it_is_the_textbooks_slope_and_hc3() {
        // By hand in double precision; t(0.975, 10) is 2.228138852.
        let points: Vec<(f64, f64)> = (0..12_u32)
            .map(|n| {
                let n = f64::from(n);
                (n, 0.5 * n + (n * 7.0) % 5.0 - 2.0)
            })
            .collect();
        let found = slope(&points, Z95).unwrap();
        assert!((found.value - SLOPE).abs() < 1e-12, "{found:?}");
        let se = (found.upper - found.value) / 2.228_138_852;
        assert!((se / SE - 1.0).abs() < 1e-3, "{found:?}");
    }

    #[test]
    fn few_points_one_value_and_no_number_draw_no_line_and_a_perfect_line_is_not_believed() {
        let flat: Vec<(f64, f64)> = (0..40_u32).map(|n| (f64::from(n), 0.0)).collect();
        assert_eq!(slope(&flat[..9], Z95), None);
        assert_eq!(slope(&[(3.3, 0.1); 40], Z95), None);
        let mut broken = flat.clone();
        broken[3].1 = f64::NAN;
        assert_eq!(slope(&broken, Z95), None);
        let found = slope(&flat, Z95).unwrap();
        assert!(found.value.abs() < 1e-15 && found.upper > 0.002 && found.lower < -0.002, "{found:?}");
        // All at one place but one: that one alone decides the slope, and the interval says so.
        let mut lone = vec![(1.0, 0.0); 39];
        lone.push((2.0, 1.0));
        let found = slope(&lone, Z95).unwrap();
        assert!((found.value - 1.0).abs() < 1e-12 && found.lower < 0.7, "{found:?}");
    }

    /// Grades whose spread grows with `x`, as a judge's do on long answers: the interval holds the slope at its level.
    #[test]
    fn it_holds_the_slope_at_its_level_where_the_spread_is_uneven() {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut uniform = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 11) as f64 / (1_u64 << 53) as f64
        };
        let mut held = 0;
        for _ in 0..1_000 {
            let points: Vec<(f64, f64)> = (0..60)
                .map(|_| {
                    let x = 9.0 * uniform();
                    (x, 0.02 * x + (uniform() - 0.5) * x / 9.0)
                })
                .collect();
            let found = slope(&points, Z95).unwrap();
            held += u32::from(found.lower <= 0.02 && 0.02 <= found.upper);
        }
        assert!((930..=990).contains(&held), "{held} of 1000");
    }
}

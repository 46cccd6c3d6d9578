//! Are the two arms as large as an even split makes them? A Bayes factor of "the split is something else", Beta(100,
//! 100) around a half, against "one half". It is a likelihood ratio, so it may be looked at after every unit
//! (Lindon and Malek, "Anytime-valid inference for multinomial count data", NeurIPS 2022). The same test shows
//! whether answers go missing more often in one arm.

use crate::maths::ln_beta;

/// Strength of the alternative, in units on each side.
const STRENGTH: f64 = 100.0;

/// Log Bayes factor against an even split of `a + b` units.
#[must_use]
pub fn log_bayes_factor(a: u64, b: u64) -> f64 {
    let (a, b) = (a as f64, b as f64);
    ln_beta(STRENGTH + a, STRENGTH + b) - ln_beta(STRENGTH, STRENGTH) + (a + b) * std::f64::consts::LN_2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_matches_reference_values() {
        for (a, b, expected) in [
            (50, 50, -0.203_149_217_055_695_9),
            (520, 480, -0.229_575_044_325_883_9),
            (5_200, 4_800, 5.878_780_056_087_635),
            (600, 400, 15.861_869_460_992_693),
        ] {
            let found = log_bayes_factor(a, b);
            assert!((found - expected).abs() < 1e-9, "{a}/{b}: {found}");
        }
    }
}

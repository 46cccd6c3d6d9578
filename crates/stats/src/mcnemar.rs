//! McNemar's test in its exact form: of the pairs on which two arms disagree, are the wins one side's?
//!
//! `p = min(1, 2·P(X ≤ min(b, c)))`, `X ~ Binomial(b + c, 1/2)`. For one look after all pairs are in; whoever looks
//! earlier goes by the confidence sequence of the difference.

use crate::maths::ln_gamma;

/// The two-sided p-value of `wins` against `losses`; 1 without disagreement.
#[must_use]
pub fn exact_p(wins: u64, losses: u64) -> f64 {
    let n = wins + losses;
    let ln_half = -(n as f64) * std::f64::consts::LN_2;
    let ln_choose = |k: u64| {
        let ln_factorial = |count: u64| ln_gamma(count as f64 + 1.0);
        ln_factorial(n) - ln_factorial(k) - ln_factorial(n - k)
    };
    let tail: f64 = (0..=wins.min(losses)).map(|k| (ln_choose(k) + ln_half).exp()).sum();
    (2.0 * tail).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_binomial_test_of_the_disagreements() {
        // scipy.stats.binomtest(k, n, 0.5).pvalue
        for (wins, losses, p) in [(0, 0, 1.0), (5, 5, 1.0), (1, 9, 0.021_484_375), (0, 6, 0.031_25), (8, 2, 0.109_375)]
        {
            assert!((exact_p(wins, losses) - p).abs() < 1e-12, "{wins} {losses}: {}", exact_p(wins, losses));
        }
        assert!(exact_p(4_000, 6_000) < 1e-80 && exact_p(4_000, 6_000) > 0.0);
    }
}

//! How far two raters agree beyond what chance gives: Cohen's κ (1960), Krippendorff's α (nominal and interval; 2004),
//! rates of a judge against people with Wilson's interval (1927). A high share of agreement says little where nearly
//! everything is right, so the base rate belongs beside every one of these.

use serde::{Deserialize, Serialize};

/// Two-way table of a judge's pass or fail against people's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confusion {
    /// Both say pass.
    pub both: u64,
    /// The judge says pass, people fail.
    pub judge_only: u64,
    /// The judge says fail, people pass.
    pub human_only: u64,
    /// Both say fail.
    pub neither: u64,
}

/// A share with its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Share {
    /// `0..=1`.
    pub value: f64,
    /// Lower end.
    pub lower: f64,
    /// Upper end.
    pub upper: f64,
    /// Cases it is a share of.
    pub n: u64,
}

const Z95: f64 = 1.959_963_984_540_054;

impl Share {
    /// `hits` of `n`, with Wilson's interval; `None` of nothing.
    #[must_use]
    pub fn of(hits: u64, n: u64) -> Option<Self> {
        Self::mean(hits as f64, n)
    }

    /// The mean of `n` grades in `0..=1` whose sum is `total`, with Wilson's interval: passes and failures spread as far
    /// as grades can, so the interval is never too narrow. `None` of nothing, and where the sum exceeds `n`.
    #[must_use]
    pub fn mean(total: f64, n: u64) -> Option<Self> {
        let (p, m) = (total / n as f64, n as f64);
        if n == 0 || !(0.0..=1.0).contains(&p) {
            return None;
        }
        let z2 = Z95 * Z95;
        let middle = (p + z2 / (2.0 * m)) / (1.0 + z2 / m);
        let reach = Z95 / (1.0 + z2 / m) * (p * (1.0 - p) / m + z2 / (4.0 * m * m)).sqrt();
        Some(Self { value: p, lower: (middle - reach).max(0.0), upper: (middle + reach).min(1.0), n })
    }
}

impl Confusion {
    /// Adds one case.
    pub const fn add(&mut self, judge: bool, human: bool) {
        match (judge, human) {
            (true, true) => self.both += 1,
            (true, false) => self.judge_only += 1,
            (false, true) => self.human_only += 1,
            (false, false) => self.neither += 1,
        }
    }

    /// Cases.
    #[must_use]
    pub const fn n(&self) -> u64 {
        self.both + self.judge_only + self.human_only + self.neither
    }

    /// Cases in which both say the same.
    #[must_use]
    pub fn agreement(&self) -> Option<Share> {
        Share::of(self.both + self.neither, self.n())
    }

    /// Cases that people pass.
    #[must_use]
    pub fn base_rate(&self) -> Option<Share> {
        Share::of(self.both + self.human_only, self.n())
    }

    /// Of what people pass, what the judge passes.
    #[must_use]
    pub fn true_positive_rate(&self) -> Option<Share> {
        Share::of(self.both, self.both + self.human_only)
    }

    /// Of what people fail, what the judge passes.
    #[must_use]
    pub fn false_positive_rate(&self) -> Option<Share> {
        Share::of(self.judge_only, self.judge_only + self.neither)
    }

    /// Cohen's κ: `(p_o − p_e) / (1 − p_e)`; `None` without cases, or where one rater never varies and chance explains
    /// everything.
    #[must_use]
    pub fn kappa(&self) -> Option<f64> {
        let (observed, expected) = self.chances()?;
        Some((observed - expected) / (1.0 - expected))
    }

    /// κ with its 95 % interval by the large-sample standard error `sqrt(p_o (1 − p_o) / n) / (1 − p_e)` (Cohen 1960).
    #[must_use]
    pub fn kappa_interval(&self) -> Option<(f64, f64, f64)> {
        let (observed, expected) = self.chances()?;
        let kappa = (observed - expected) / (1.0 - expected);
        let reach = Z95 * (observed * (1.0 - observed) / self.n() as f64).sqrt() / (1.0 - expected);
        Some((kappa, (kappa - reach).max(-1.0), (kappa + reach).min(1.0)))
    }

    fn chances(&self) -> Option<(f64, f64)> {
        let n = self.n() as f64;
        if self.n() == 0 {
            return None;
        }
        let observed = (self.both + self.neither) as f64 / n;
        let judge = (self.both + self.judge_only) as f64 / n;
        let human = (self.both + self.human_only) as f64 / n;
        let expected = judge * human + (1.0 - judge) * (1.0 - human);
        (expected < 1.0).then_some((observed, expected))
    }
}

/// Krippendorff's α of pairs of ratings, with the squared difference as the metric: of ratings 0 and 1 the nominal α, of
/// grades the interval α. `None` without a pair, or where all ratings are the same.
#[must_use]
pub fn alpha(pairs: &[(f64, f64)]) -> Option<f64> {
    let pairs: Vec<_> = pairs.iter().filter(|(a, b)| a.is_finite() && b.is_finite()).collect();
    let n = 2.0 * pairs.len() as f64;
    if pairs.is_empty() {
        return None;
    }
    // Within units each pair counts in both orders; over all, each rating meets every other.
    let observed = pairs.iter().map(|(a, b)| (a - b).powi(2)).sum::<f64>() * 2.0 / n;
    let sum: f64 = pairs.iter().map(|(a, b)| a + b).sum();
    let squares: f64 = pairs.iter().map(|(a, b)| a * a + b * b).sum();
    let expected = (2.0 * n * squares - 2.0 * sum * sum) / (n * (n - 1.0));
    (expected > 0.0).then(|| 1.0 - observed / expected)
}

/// Mean of paired differences with its standard error, which is at least what a spread of 0.1 would give: a few that
/// are all alike prove little. `None` of fewer than two.
#[must_use]
pub fn shift(differences: &[f64]) -> Option<(f64, f64)> {
    let n = differences.len() as f64;
    if differences.len() < 2 || differences.iter().any(|difference| !difference.is_finite()) {
        return None;
    }
    let mean = differences.iter().sum::<f64>() / n;
    let variance = differences.iter().map(|difference| (difference - mean).powi(2)).sum::<f64>() / (n - 1.0);
    Some((mean, (variance.max(0.01) / n).sqrt()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bits(text: &str) -> Vec<bool> {
        text.chars().map(|c| c == '1').collect()
    }

    fn table(a: &str, b: &str) -> Confusion {
        let mut table = Confusion::default();
        bits(a).into_iter().zip(bits(b)).for_each(|(judge, human)| table.add(judge, human));
        table
    }

    /// `sklearn.metrics.cohen_kappa_score` and `krippendorff.alpha` on the same ratings.
    #[test]
    fn kappa_and_alpha_agree_with_their_oracles() {
        let (a, b) = ("1101011011", "1001011111");
        let table = table(a, b);
        assert!((table.kappa().unwrap() - 0.523_809_5).abs() < 1e-6);
        let pairs: Vec<(f64, f64)> =
            bits(a).into_iter().zip(bits(b)).map(|(a, b)| (f64::from(u8::from(a)), f64::from(u8::from(b)))).collect();
        assert!((alpha(&pairs).unwrap() - 0.547_619).abs() < 1e-6);
        let (kappa, lower, upper) = table.kappa_interval().unwrap();
        assert!(lower < kappa && kappa < upper && upper <= 1.0);
    }

    #[test]
    fn rates_have_their_own_denominators_and_intervals() {
        let table = Confusion { both: 80, judge_only: 10, human_only: 5, neither: 5 };
        let close = |share: Option<Share>, value: f64| (share.unwrap().value - value).abs() < 1e-12;
        assert!(close(table.agreement(), 0.85) && close(table.base_rate(), 0.85));
        assert!(close(table.true_positive_rate(), 80.0 / 85.0) && close(table.false_positive_rate(), 10.0 / 15.0));
        // Wilson, 8 of 10: statsmodels' proportion_confint(8, 10, method="wilson").
        let share = Share::of(8, 10).unwrap();
        assert!((share.lower - 0.490_162_5).abs() < 1e-6 && (share.upper - 0.943_317_8).abs() < 1e-6, "{share:?}");
    }

    #[test]
    fn a_shift_has_an_error_even_when_all_shift_alike() {
        let (mean, error) = shift(&[-1.0; 16]).unwrap();
        assert!((mean + 1.0).abs() < 1e-12 && (error - 0.025).abs() < 1e-12);
        let (mean, error) = shift(&[0.5, -0.5, 0.5, -0.5]).unwrap();
        assert!(mean.abs() < 1e-12 && (error - (1.0_f64 / 3.0 / 4.0).sqrt()).abs() < 1e-12);
        assert_eq!((shift(&[1.0]), shift(&[1.0, f64::NAN])), (None, None));
    }

    #[test]
    fn where_nothing_varies_nothing_is_said() {
        assert_eq!(Confusion::default().kappa(), None);
        assert_eq!(Confusion { both: 9, ..Confusion::default() }.kappa(), None);
        assert_eq!(alpha(&[]), None);
        assert_eq!(alpha(&[(1.0, 1.0), (1.0, 1.0)]), None);
        assert_eq!(Share::of(0, 0), None);
        assert_eq!(alpha(&[(0.0, 0.0), (1.0, 1.0)]), Some(1.0));
    }
}

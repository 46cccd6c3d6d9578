//! What another policy would have got, from traffic the present one served and the probabilities it logged. Inverse
//! propensities (Horvitz and Thompson 1952), self-normalised (Swaminathan and Joachims, NeurIPS 2015), and doubly
//! robust (Dudík, Langford, Li, ICML 2011). Refuses where the logged traffic does not cover the other policy.

use serde::{Deserialize, Serialize};

/// Largest ratio of probabilities one answer may count with.
pub const CLIP: f64 = 20.0;
/// Fewer effective answers than this are no estimate.
pub const LEAST_EFFECTIVE: f64 = 200.0;
/// A choice that was made less often than this is not covered.
pub const COVERED: f64 = 0.005;
/// More of the other policy's choices than this, not covered, are no estimate.
pub const MOST_UNCOVERED: f64 = 0.01;

/// One answer as it was logged, and what the other policy would have done.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Logged {
    /// Its grade, `0..=1`.
    pub grade: f64,
    /// Probability of the choice that was made, `0..=1`.
    pub propensity: f64,
    /// Probability that the other policy makes the same choice, `0..=1`.
    pub target: f64,
    /// Grade expected of the choice that was made, such as its window's mean.
    pub expected: f64,
    /// Grade expected of the other policy on this request.
    pub expected_target: f64,
    /// Share of the other policy's choices here that are logged with less than [`COVERED`], `0..=1`.
    pub uncovered: f64,
}

/// Sums over logged answers. Mergeable, order-free beyond rounding.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct OffPolicy {
    n: u64,
    weight: f64,
    weight_sq: f64,
    weighted: f64,
    weighted_sq: f64,
    robust: f64,
    robust_sq: f64,
    uncovered: f64,
}

/// The estimates.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Value {
    /// Inverse-propensity mean: unbiased, noisy.
    pub ips: f64,
    /// Self-normalised: a cross-check.
    pub snips: f64,
    /// Doubly robust: the one to report.
    pub dr: f64,
    /// Standard error of `dr`.
    pub se: f64,
    /// Effective answers, `(Σρ)² / Σρ²`.
    pub ess: f64,
    /// Answers.
    pub n: u64,
}

/// Why there is no estimate: the change needs shadow traffic or a canary.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum Refusal {
    /// Too few answers like those the other policy would give.
    TooFew {
        /// Effective answers.
        ess: f64,
    },
    /// Too much of what it would do was never tried.
    Uncovered {
        /// Share of its choices, `0..=1`.
        share: f64,
    },
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::TooFew { ess } => {
                write!(f, "{ess:.0} effective answers, {LEAST_EFFECTIVE:.0} are needed: try it in shadow or a canary")
            }
            Self::Uncovered { share } => write!(
                f,
                "{:.1} % of its choices were never tried, 1 % may be: try it in shadow or a canary",
                100.0 * share
            ),
        }
    }
}

impl OffPolicy {
    /// Adds one answer; one with numbers that are not finite, or a propensity that is not positive, counts as not
    /// covered.
    pub fn add(&mut self, logged: &Logged) {
        self.n += 1;
        let ratio = (logged.target / logged.propensity).clamp(0.0, CLIP);
        let robust = logged.expected_target + ratio * (logged.grade - logged.expected);
        let usable = logged.propensity > 0.0 && ratio.is_finite() && robust.is_finite() && logged.grade.is_finite();
        if !usable {
            self.uncovered += 1.0;
            return;
        }
        self.weight += ratio;
        self.weight_sq += ratio * ratio;
        self.weighted += ratio * logged.grade;
        self.weighted_sq += (ratio * logged.grade).powi(2);
        self.robust += robust;
        self.robust_sq += robust * robust;
        self.uncovered += if logged.uncovered.is_nan() { 1.0 } else { logged.uncovered.clamp(0.0, 1.0) };
    }

    /// Adds another's sums.
    pub fn merge(&mut self, other: &Self) {
        self.n += other.n;
        self.weight += other.weight;
        self.weight_sq += other.weight_sq;
        self.weighted += other.weighted;
        self.weighted_sq += other.weighted_sq;
        self.robust += other.robust;
        self.robust_sq += other.robust_sq;
        self.uncovered += other.uncovered;
    }

    /// Effective answers; 0 without any.
    #[must_use]
    pub fn ess(&self) -> f64 {
        if self.weight_sq > 0.0 { self.weight * self.weight / self.weight_sq } else { 0.0 }
    }

    /// The estimates.
    ///
    /// # Errors
    /// When fewer than [`LEAST_EFFECTIVE`] effective answers, or more than [`MOST_UNCOVERED`] of the other policy's
    /// choices uncovered.
    pub fn value(&self) -> Result<Value, Refusal> {
        let n = self.n as f64;
        let share = self.uncovered / n.max(1.0);
        if share > MOST_UNCOVERED {
            return Err(Refusal::Uncovered { share });
        }
        let ess = self.ess();
        if ess < LEAST_EFFECTIVE {
            return Err(Refusal::TooFew { ess });
        }
        let dr = self.robust / n;
        Ok(Value {
            ips: self.weighted / n,
            snips: self.weighted / self.weight,
            dr,
            se: ((self.robust_sq / n - dr * dr).max(0.0) / n).sqrt(),
            ess,
            n: self.n,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The logged policy takes A with `p`; A passes 0.9, B 0.6. The other policy takes B always.
    fn sums(n: u32, p: f64) -> OffPolicy {
        let mut sums = OffPolicy::default();
        for k in 0..n {
            let phase = |step: f64| (f64::from(k) * step).fract();
            let takes_a = phase(0.618_033_988_749) < p;
            let passes = phase(0.414_213_562_373) < if takes_a { 0.9 } else { 0.6 };
            sums.add(&Logged {
                grade: f64::from(u8::from(passes)),
                propensity: if takes_a { p } else { 1.0 - p },
                target: if takes_a { 0.0 } else { 1.0 },
                expected: if takes_a { 0.9 } else { 0.5 },
                expected_target: 0.5,
                uncovered: f64::from(u8::from(1.0 - p < COVERED)),
            });
        }
        sums
    }

    #[test]
    fn covered_policies_are_valued_though_the_model_of_them_is_wrong() {
        let value = sums(20_000, 0.8).value().unwrap();
        for found in [value.ips, value.snips, value.dr] {
            assert!((found - 0.6).abs() < 0.02, "{value:?}");
        }
        assert!((value.ess - 4_000.0).abs() < 50.0 && value.se < 0.02, "{value:?}");
    }

    #[test]
    fn too_little_support_is_refused() {
        assert!(matches!(sums(500, 0.8).value(), Err(Refusal::TooFew { ess }) if ess < 200.0));
        assert!(matches!(sums(20_000, 0.999).value(), Err(Refusal::Uncovered { share }) if share > 0.5));
        assert!(matches!(OffPolicy::default().value(), Err(Refusal::TooFew { .. })));
        let mut odd = sums(20_000, 0.8);
        let nothing = Logged {
            grade: f64::NAN,
            propensity: 0.0,
            target: 1.0,
            expected: 0.5,
            expected_target: 0.5,
            uncovered: f64::NAN,
        };
        (0..400).for_each(|_| odd.add(&nothing));
        assert!(odd.value().unwrap_err().to_string().contains("never tried"));
    }

    #[test]
    fn parts_merge_to_the_whole() {
        let (mut left, right) = (sums(3_000, 0.7), sums(2_000, 0.6));
        left.merge(&right);
        let mut other = sums(2_000, 0.6);
        other.merge(&sums(3_000, 0.7));
        let (left, other) = (left.value().unwrap(), other.value().unwrap());
        assert!((left.dr - other.dr).abs() < 1e-12 && left.n == other.n);
    }
}

//! The mean that people would have given, from few of their labels and many grades of a judge: the judge's mean plus
//! the mean of what people said otherwise (Angelopoulos, Bates, Fannjiang, Jordan, Zrnic, "Prediction-powered
//! inference", Science 2023; power tuning by Angelopoulos, Duchi, Zrnic, PPI++, 2023). Fixed-n: evaluate once.

use serde::{Deserialize, Serialize};

/// Sums of labelled and unlabelled answers. Mergeable, order-free beyond rounding.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Labels {
    n: u64,
    human: f64,
    judge: f64,
    human_sq: f64,
    judge_sq: f64,
    cross: f64,
    unlabelled: u64,
    alone: f64,
    alone_sq: f64,
}

/// Labels below which a correction says nothing.
pub const LEAST_LABELS: u64 = 30;
/// Least variance of one correction: a run of labels that all agree does not prove that all would.
const VARIANCE_FLOOR: f64 = 0.01;

/// How far the judge is trusted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Trust {
    /// Its grades count fully: θ̂ = mean(judge) + mean(human − judge).
    Full,
    /// As much as makes the interval narrowest, within `0..=1`.
    Tuned,
}

/// A mean with its interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mean {
    /// The estimate.
    pub mean: f64,
    /// Its standard error.
    pub se: f64,
    /// Lower end at `z` standard errors.
    pub lower: f64,
    /// Upper end.
    pub upper: f64,
}

impl Labels {
    /// Adds an answer graded by both. Numbers that are not finite are ignored.
    pub fn label(&mut self, human: f64, judge: f64) {
        if !human.is_finite() || !judge.is_finite() {
            return;
        }
        self.n += 1;
        self.human += human;
        self.judge += judge;
        self.human_sq += human * human;
        self.judge_sq += judge * judge;
        self.cross += human * judge;
    }

    /// Adds an answer graded by the judge alone.
    pub fn grade(&mut self, judge: f64) {
        if judge.is_finite() {
            self.unlabelled += 1;
            self.alone += judge;
            self.alone_sq += judge * judge;
        }
    }

    /// Adds another's sums.
    pub fn merge(&mut self, other: &Self) {
        self.n += other.n;
        self.human += other.human;
        self.judge += other.judge;
        self.human_sq += other.human_sq;
        self.judge_sq += other.judge_sq;
        self.cross += other.cross;
        self.unlabelled += other.unlabelled;
        self.alone += other.alone;
        self.alone_sq += other.alone_sq;
    }

    /// Answers with a label.
    #[must_use]
    pub const fn labelled(&self) -> u64 {
        self.n
    }

    /// The estimate, with an interval of `z` standard errors to each side (1.96 for 95 %). `None` below two labels or
    /// two unlabelled answers.
    #[must_use]
    pub fn mean(&self, trust: Trust, z: f64) -> Option<Mean> {
        if self.n < 2 || self.unlabelled < 2 {
            return None;
        }
        let (n, alone) = (self.n as f64, self.unlabelled as f64);
        let lambda = match trust {
            Trust::Full => 1.0,
            Trust::Tuned => self.tuned(),
        };
        let (human, judge) = (self.human / n, self.judge / n);
        let mean = lambda * self.alone / alone + human - lambda * judge;
        let imputed = lambda * lambda * variance(self.alone, self.alone_sq, alone);
        let rectified = self.human_sq - 2.0 * lambda * self.cross + lambda * lambda * self.judge_sq;
        let rectifier = variance(self.human - lambda * self.judge, rectified, n);
        let se = (imputed / alone + rectifier / n).sqrt();
        Some(Mean { mean, se, lower: mean - z * se, upper: mean + z * se })
    }

    /// The mean that people would have given of a window whose mean by the judge alone is `judge`, with standard error
    /// `se` and as much evidence as `n_eff` equal grades: `λ·judge + mean(human − λ·grade)`, tuned. The window's grades
    /// may be weighted and decayed, which the plain form above does not know. `None` below [`LEAST_LABELS`].
    #[must_use]
    pub fn corrected(&self, judge: f64, se: f64, n_eff: f64, z: f64) -> Option<Mean> {
        let n = self.n as f64;
        let usable = judge.is_finite() && se.is_finite() && n_eff > 0.0;
        if self.n < LEAST_LABELS || !usable {
            return None;
        }
        let covariance = self.cross / n - self.human / n * (self.judge / n);
        let spread = variance(self.judge, self.judge_sq, n);
        let lambda = if spread > 0.0 { (covariance / ((1.0 + n / n_eff) * spread)).clamp(0.0, 1.0) } else { 0.0 };
        let mean = lambda * judge + self.human / n - lambda * self.judge / n;
        let rectified = self.human_sq - 2.0 * lambda * self.cross + lambda * lambda * self.judge_sq;
        let rectifier = variance(self.human - lambda * self.judge, rectified, n).max(VARIANCE_FLOOR);
        let se = (lambda * lambda * se * se + rectifier / n).sqrt();
        Some(Mean { mean, se, lower: mean - z * se, upper: mean + z * se })
    }

    /// Bias of the judge, judge − human, with its standard error; `None` below two labels.
    #[must_use]
    pub fn bias(&self) -> Option<(f64, f64)> {
        let n = self.n as f64;
        let squares = self.judge_sq - 2.0 * self.cross + self.human_sq;
        (self.n >= 2)
            .then(|| ((self.judge - self.human) / n, (variance(self.judge - self.human, squares, n) / n).sqrt()))
    }

    fn tuned(&self) -> f64 {
        let (n, alone) = (self.n as f64, self.unlabelled as f64);
        let covariance = self.cross / n - self.human / n * (self.judge / n);
        let all = n + alone;
        let pooled = variance(self.judge + self.alone, self.judge_sq + self.alone_sq, all) * all / (all - 1.0);
        if pooled > 0.0 { (covariance / ((1.0 + n / alone) * pooled)).clamp(0.0, 1.0) } else { 0.0 }
    }
}

fn variance(sum: f64, squares: f64, n: f64) -> f64 {
    (squares / n - (sum / n).powi(2)).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const Z95: f64 = 1.959_963_984_540_054;

    /// The answers the reference values were computed on.
    fn labels() -> Labels {
        let mut state = 7_u64;
        let mut unit = move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 11) as f64 / (1_u64 << 53) as f64
        };
        let mut labels = Labels::default();
        for _ in 0..60 {
            let judge = (unit() * 100.0).round() / 100.0;
            labels.label(f64::from(u8::from(unit() < 0.2 + 0.6 * judge)), judge);
        }
        (0..400).for_each(|_| labels.grade((unit() * 100.0).round() / 100.0));
        labels
    }

    /// `ppi_py.ppi_mean_ci` 0.2.3, alpha 0.05, `lam=1` and `lam=None`.
    #[test]
    fn it_agrees_with_the_reference_implementation() {
        for (trust, mean, lower, upper) in [
            (Trust::Full, 0.581_633_33, 0.451_127_55, 0.712_139_12),
            (Trust::Tuned, 0.582_668_45, 0.461_409_06, 0.703_927_84),
        ] {
            let found = labels().mean(trust, Z95).unwrap();
            for (found, wanted) in [(found.mean, mean), (found.lower, lower), (found.upper, upper)] {
                assert!((found - wanted).abs() < 1e-8, "{trust:?}: {found} {wanted}");
            }
        }
    }

    #[test]
    fn parts_merge_to_the_whole_and_too_few_labels_say_nothing() {
        let mut parts = Labels::default();
        parts.merge(&labels());
        assert_eq!(parts, labels());
        let mut few = Labels::default();
        few.label(1.0, 0.9);
        few.label(f64::NAN, 0.9);
        few.grade(0.5);
        assert_eq!(few.mean(Trust::Full, Z95), None);
        assert_eq!((few.bias(), few.labelled()), (None, 1));
    }

    #[test]
    fn a_window_of_equal_grades_is_corrected_as_the_plain_form_says() {
        let labels = labels();
        let (n, alone) = (400.0, labels.alone / 400.0);
        let se = (variance(labels.alone, labels.alone_sq, n) / n).sqrt();
        let (window, plain) = (labels.corrected(alone, se, n, Z95).unwrap(), labels.mean(Trust::Tuned, Z95).unwrap());
        assert!(
            (window.mean - plain.mean).abs() < 0.002 && (window.se - plain.se).abs() < 0.002,
            "{window:?} {plain:?}"
        );
        let mut few = Labels::default();
        (0..29).for_each(|_| few.label(1.0, 1.0));
        assert_eq!(few.corrected(0.9, 0.01, 100.0, Z95), None);
        few.label(1.0, 1.0);
        assert!(few.corrected(0.9, 0.01, 100.0, Z95).unwrap().se > 0.015, "thirty labels alike prove little");
    }

    #[test]
    fn a_flattering_judge_is_corrected() {
        let mut labels = Labels::default();
        for k in 0..200 {
            let human = f64::from(k % 10) / 10.0;
            labels.label(human, human + 0.05);
        }
        (0..2_000).for_each(|k| labels.grade(f64::from(k % 10) / 10.0 + 0.05));
        assert!((labels.mean(Trust::Full, Z95).unwrap().mean - 0.45).abs() < 1e-9);
        let (bias, se) = labels.bias().unwrap();
        assert!((bias - 0.05).abs() < 1e-9 && se < 1e-6);
    }
}

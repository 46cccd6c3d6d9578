//! The mean that people would have given, from few of their labels and many grades of a judge: the judge's mean plus
//! the mean of what people said otherwise (Angelopoulos, Bates, Fannjiang, Jordan, Zrnic, "Prediction-powered
//! inference", Science 2023; power tuning by Angelopoulos, Duchi, Zrnic, PPI++, 2023). Fixed-n: evaluate once.
//!
//! Their interval is for many labels. With few it holds the truth too seldom, for three reasons, each mended here:
//! the spread of what people said otherwise is estimated (Student's quantile, variance by `n − 1`); so is `λ`, from the
//! same labels (one degree of freedom more, as for a fitted slope); and where judge and people rarely differ, a handful
//! of labels may hold no difference at all, which is no proof that there is none. Against the last, the interval
//! supposes one more label at either end of what a difference can be, `1` and `−λ`: with full trust that is Bonett and
//! Price's interval for paired proportions (2012), without trust Laplace's rule for one.

use crate::{
    decay::Decay,
    maths::{square, student},
};

/// Labels below which a correction says nothing.
pub const LEAST_LABELS: u64 = 30;
/// Labels of equal weight that they must be worth at least.
const LEAST_WORTH: f64 = 10.0;
/// Labels supposed at each end of what a difference can be.
const SUPPOSED: f64 = 1.0;

/// Weighted, decayed sums of answers that a person and the judge have graded. Mergeable, order-free beyond rounding.
#[derive(Debug, Clone, PartialEq)]
pub struct Labels {
    decay: Decay,
    n: u64,
    weight: f64,
    weight_sq: f64,
    human: f64,
    judge: f64,
    human_sq: f64,
    judge_sq: f64,
    cross: f64,
}

/// What the judge says of all answers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Alone {
    /// Its mean grade, `0..=1`.
    pub mean: f64,
    /// The standard error of that.
    pub se: f64,
    /// Grades of equal weight that would say as much.
    pub n_eff: f64,
}

/// How far the judge is trusted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Trust {
    /// Not at all: people's labels alone.
    None,
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
    /// Lower end.
    pub lower: f64,
    /// Upper end.
    pub upper: f64,
}

/// How an interval is made: what it supposes, and what it knows to be estimated.
#[derive(Debug, Clone, Copy)]
struct Care {
    supposed: f64,
    estimated: Option<f64>,
}

impl Default for Labels {
    /// Labels that do not age.
    fn default() -> Self {
        Self::new(0.0, f64::INFINITY)
    }
}

impl Labels {
    /// No labels yet. `half_life_s` is in seconds and positive; anything else means that nothing decays.
    #[must_use]
    pub fn new(landmark_s: f64, half_life_s: f64) -> Self {
        Self {
            decay: Decay::new(landmark_s, half_life_s),
            n: 0,
            weight: 0.0,
            weight_sq: 0.0,
            human: 0.0,
            judge: 0.0,
            human_sq: 0.0,
            judge_sq: 0.0,
            cross: 0.0,
        }
    }

    /// Adds an answer of `t_s` seconds graded by both, with the inverse of the probability that it was graded and
    /// labelled. Numbers that are not finite and weights that are not positive add nothing.
    pub fn add(&mut self, t_s: f64, human: f64, judge: f64, weight: f64) {
        let usable = human.is_finite() && judge.is_finite() && weight > 0.0 && weight.is_finite();
        if !usable || !t_s.is_finite() {
            return;
        }
        let (decayed, scale) = self.decay.meet(t_s);
        self.scale(scale);
        let w = weight * decayed;
        self.n += 1;
        self.weight += w;
        self.weight_sq += w * w;
        self.human += w * human;
        self.judge += w * judge;
        self.human_sq += w * human * human;
        self.judge_sq += w * judge * judge;
        self.cross += w * human * judge;
    }

    /// Adds an answer that counts as much as any other.
    pub fn label(&mut self, human: f64, judge: f64) {
        self.add(0.0, human, judge, 1.0);
    }

    /// Adds another's sums. Each keeps its own half-life up to the common landmark; give both the same.
    pub fn merge(&mut self, other: &Self) {
        let (ours, theirs) = self.decay.join(&other.decay);
        self.scale(ours);
        let mut other = other.clone();
        other.scale(theirs);
        self.n += other.n;
        self.weight += other.weight;
        self.weight_sq += other.weight_sq;
        self.human += other.human;
        self.judge += other.judge;
        self.human_sq += other.human_sq;
        self.judge_sq += other.judge_sq;
        self.cross += other.cross;
    }

    /// Lets the past count as `share` of what it does, `0..=1`, as if it had been that many fewer labels; anything else
    /// changes nothing.
    pub fn keep(&mut self, share: f64) {
        if (0.0..=1.0).contains(&share) {
            let weight_sq = self.weight_sq * share;
            self.scale(share);
            self.weight_sq = weight_sq;
        }
    }

    /// Answers with a label.
    #[must_use]
    pub const fn labelled(&self) -> u64 {
        self.n
    }

    /// Labels of equal weight that would say as much (Kish); 0 without any.
    #[must_use]
    pub fn worth(&self) -> f64 {
        if self.weight_sq > 0.0 { square(self.weight) / self.weight_sq } else { 0.0 }
    }

    /// There are enough of them to correct a judge by.
    #[must_use]
    pub fn suffice(&self) -> bool {
        self.n >= LEAST_LABELS && self.worth() >= LEAST_WORTH
    }

    /// The mean that people would have given of the answers that the judge alone has graded, `λ·judge + mean(human −
    /// λ·grade)`, with an interval that holds it as often as one of `z` standard errors does for a normal mean (1.96 for
    /// 95 %). All of it within `0..=1`. `None` while labels do not [suffice](Self::suffice), or when `alone` is no number.
    #[must_use]
    pub fn mean(&self, alone: &Alone, trust: Trust, z: f64) -> Option<Mean> {
        let usable = alone.mean.is_finite() && alone.se.is_finite() && alone.n_eff > 0.0;
        if !usable || !self.suffice() {
            return None;
        }
        let fitted = f64::from(u8::from(trust == Trust::Tuned));
        let mean = self.estimate(alone, trust, z, Care { supposed: SUPPOSED, estimated: Some(1.0 + fitted) });
        let within = |value: f64| value.clamp(0.0, 1.0);
        Some(Mean { mean: within(mean.mean), lower: within(mean.lower), upper: within(mean.upper) })
    }

    /// Bias of the judge, judge − human, `-1..=1`, with its interval at `z` as for [`mean`](Self::mean); `None` below two
    /// labels.
    #[must_use]
    pub fn bias(&self, z: f64) -> Option<Mean> {
        if self.n < 2 || self.worth() < 2.0 - 1e-9 {
            return None;
        }
        let nothing = Alone { mean: 0.0, se: 0.0, n_eff: 1.0 };
        let rest = self.estimate(&nothing, Trust::Full, z, Care { supposed: SUPPOSED, estimated: Some(1.0) });
        let within = |value: f64| (-value).clamp(-1.0, 1.0);
        Some(Mean { mean: within(rest.mean), lower: within(rest.upper), upper: within(rest.lower) })
    }

    /// The mean of people's labels alone with its interval at `z`, as careful as [`mean`](Self::mean), however few there are;
    /// `None` without any.
    #[must_use]
    pub fn people(&self, z: f64) -> Option<Mean> {
        let nothing = Alone { mean: 0.0, se: 0.0, n_eff: 1.0 };
        let care = Care { supposed: SUPPOSED, estimated: Some(1.0) };
        let mean = (self.worth() > 0.0).then(|| self.estimate(&nothing, Trust::None, z, care))?;
        let within = |value: f64| value.clamp(0.0, 1.0);
        Some(Mean { mean: within(mean.mean), lower: within(mean.lower), upper: within(mean.upper) })
    }

    fn estimate(&self, alone: &Alone, trust: Trust, z: f64, care: Care) -> Mean {
        let lambda = match trust {
            Trust::None => 0.0,
            Trust::Full => 1.0,
            Trust::Tuned => self.tuned(alone),
        };
        let of = |sum: f64| sum / self.weight;
        let rest = of(self.human) - lambda * of(self.judge);
        let squares = of(self.human_sq) - 2.0 * lambda * of(self.cross) + lambda * lambda * of(self.judge_sq);
        // The supposed labels stand at 1 and −λ.
        let (n, supposed) = (self.worth(), care.supposed);
        let all = n + 2.0 * supposed;
        let centre = (rest * n + supposed * (1.0 - lambda)) / all;
        let spread = ((squares * n + supposed * (1.0 + lambda * lambda)) / all - centre * centre).max(0.0);
        let (spread, quantile) = match care.estimated {
            None => (spread, z),
            Some(fitted) => {
                let freedom = (all - fitted).max(1.0);
                (spread * all / freedom, student(z, freedom))
            }
        };
        let reach = quantile * (square(lambda * alone.se) + spread / all).sqrt();
        let from = lambda * alone.mean;
        Mean { mean: from + rest, lower: from + centre - reach, upper: from + centre + reach }
    }

    /// `cov(human, judge) / ((1 + n/N)·var(judge))`, the variance over labelled and other answers.
    fn tuned(&self, alone: &Alone) -> f64 {
        let (n, others) = (self.worth(), alone.n_eff);
        let (human, judge) = (self.human / self.weight, self.judge / self.weight);
        let covariance = self.cross / self.weight - human * judge;
        let ours = self.judge_sq / self.weight - judge * judge;
        let theirs = square(alone.se) * others;
        let all = n + others;
        let between = square(judge - alone.mean) * n * others / all;
        let pooled = (ours.max(0.0) * n + theirs * others + between) / (all - 1.0).max(1.0);
        if pooled > 0.0 { (covariance / ((1.0 + n / others) * pooled)).clamp(0.0, 1.0) } else { 0.0 }
    }

    /// Multiplies every weight.
    fn scale(&mut self, by: f64) {
        if self.n > 0 {
            self.weight *= by;
            self.weight_sq *= by * by;
            for sum in [&mut self.human, &mut self.judge, &mut self.human_sq, &mut self.judge_sq, &mut self.cross] {
                *sum *= by;
            }
        }
    }
}

#[cfg(test)]
mod tests;

//! A quality window: a forward-decayed sum of grades ([`decay`](crate::decay)) and its bounds.

use crate::decay::Decay;

/// Weight of the prior, in observations.
pub const PRIOR_WEIGHT: f64 = 20.0;
/// Width of the bounds in standard errors: a one-sided 90 % limit.
pub const BOUND_Z: f64 = 1.28;
/// Least variance of one grade: a run of equal grades does not prove that all are equal.
pub const VARIANCE_FLOOR: f64 = 0.01;

/// What is expected of a window before its own grades.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Prior {
    /// Mean grade, `0..=1`.
    pub mean: f64,
    /// Grades it counts for.
    pub weight: f64,
    /// Variance of `mean` itself.
    pub doubt: f64,
}

impl From<f64> for Prior {
    /// A guess that counts for [`PRIOR_WEIGHT`] grades.
    fn from(mean: f64) -> Self {
        Self { mean, weight: PRIOR_WEIGHT, doubt: 0.0 }
    }
}

/// Decayed sums of one window. Mergeable; order of additions does not matter beyond rounding.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    decay: Decay,
    /// Sum of weights.
    weight: f64,
    /// Sum of squared weights.
    weight_sq: f64,
    /// Weighted sum of grades.
    grade: f64,
    /// Weighted sum of squared grades.
    grade_sq: f64,
    n: u64,
}

/// What a window says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// Mean shrunk towards the prior, `0..=1`.
    pub mean: f64,
    /// Lower bound, `0..=1`.
    pub lower: f64,
    /// Upper bound, `0..=1`.
    pub upper: f64,
    /// Grades added.
    pub n: u64,
    /// Grades of equal weight that would say as much (Kish): `(Σg)² / Σg²`.
    pub n_eff: f64,
}

impl Cell {
    /// An empty window. `half_life_s` is in seconds and positive; anything else means that nothing decays.
    #[must_use]
    pub fn new(landmark_s: f64, half_life_s: f64) -> Self {
        Self {
            decay: Decay::new(landmark_s, half_life_s),
            weight: 0.0,
            weight_sq: 0.0,
            grade: 0.0,
            grade_sq: 0.0,
            n: 0,
        }
    }

    /// Adds a grade in `0..=1` seen at `t_s` seconds, with an inverse-propensity weight. A grade outside `0..=1`, a
    /// weight that is not positive and finite, or a time that is not finite adds nothing.
    pub fn add(&mut self, t_s: f64, grade: f64, weight: f64) {
        let usable = (0.0..=1.0).contains(&grade) && weight > 0.0 && weight.is_finite();
        if !usable || !t_s.is_finite() {
            return;
        }
        let (decayed, scale) = self.decay.meet(t_s);
        self.scale(scale);
        let g = weight * decayed;
        self.weight += g;
        self.weight_sq += g * g;
        self.grade += g * grade;
        self.grade_sq += g * grade * grade;
        self.n += 1;
    }

    /// Takes back what [`add`](Self::add) added with the same grade, time and weight, of which [`keep`](Self::keep) has
    /// left `share` since. What was never added must not be taken back.
    pub fn take_back(&mut self, t_s: f64, grade: f64, weight: f64, share: f64) {
        let g = weight * self.decay.weight(t_s);
        if self.n == 0 || !g.is_finite() {
            return;
        }
        let left = |sum: f64, part: f64| (sum - part * share).max(0.0);
        self.weight = left(self.weight, g);
        self.weight_sq = left(self.weight_sq, g * g);
        self.grade = left(self.grade, g * grade);
        self.grade_sq = left(self.grade_sq, g * grade * grade);
        self.n -= 1;
        if self.n == 0 {
            // Nothing is left but rounding.
            (self.weight, self.weight_sq, self.grade, self.grade_sq) = (0.0, 0.0, 0.0, 0.0);
        }
    }

    /// Adds another window's sums. Each keeps its own half-life up to the common landmark; give both the same.
    pub fn merge(&mut self, other: &Self) {
        if other.n == 0 {
            return;
        }
        if self.n == 0 {
            *self = Self { decay: other.decay.with_half_life(self.decay.half_life_s()), ..other.clone() };
            return;
        }
        let (ours, theirs) = self.decay.join(&other.decay);
        self.scale(ours);
        let mut other = other.clone();
        other.scale(theirs);
        self.weight += other.weight;
        self.weight_sq += other.weight_sq;
        self.grade += other.grade;
        self.grade_sq += other.grade_sq;
        self.n += other.n;
    }

    /// Lets the past count as `share` of what it does, `0..=1`, as if it had been that many fewer grades; anything else
    /// changes nothing.
    pub fn keep(&mut self, share: f64) {
        if (0.0..=1.0).contains(&share) {
            self.weight *= share;
            self.weight_sq *= share;
            self.grade *= share;
            self.grade_sq *= share;
        }
    }

    /// Mean and variance of a grade as they are, and the effective number of grades; `None` without evidence.
    #[must_use]
    pub fn moments(&self) -> Option<(f64, f64, f64)> {
        let n_eff = self.weight * self.weight / self.weight_sq;
        let mean = self.grade / self.weight;
        (self.n > 0 && n_eff.is_finite()).then(|| (mean, (self.grade_sq / self.weight - mean * mean).max(0.0), n_eff))
    }

    /// Mean and bounds, shrunk towards `prior` as if by `κ` more observations; `None` without evidence.
    ///
    /// `q̂ = (m·n_eff + κ·prior) / (n_eff + κ)`, `q̂ ∓ z·sqrt(max(v, floor) / (n_eff + κ) + (κ / (n_eff + κ))²·doubt)`,
    /// all within `0..=1`.
    #[must_use]
    pub fn estimate(&self, prior: impl Into<Prior>) -> Option<Estimate> {
        let Prior { mean: expected, weight, doubt } = prior.into();
        let (raw, variance, n_eff) = self.moments()?;
        let variance = variance.max(VARIANCE_FLOOR);
        let mean = (raw * n_eff + weight * expected) / (n_eff + weight);
        let trust = weight / (n_eff + weight);
        let reach = BOUND_Z * (variance / (n_eff + weight) + trust * trust * doubt).sqrt();
        Some(Estimate {
            mean: mean.clamp(0.0, 1.0),
            lower: (mean - reach).clamp(0.0, 1.0),
            upper: (mean + reach).clamp(0.0, 1.0),
            n: self.n,
            n_eff,
        })
    }

    /// Grades added.
    #[must_use]
    pub const fn n(&self) -> u64 {
        self.n
    }

    /// Time of the newest grade in seconds; `None` when empty.
    #[must_use]
    pub fn newest_s(&self) -> Option<f64> {
        (self.n > 0).then(|| self.decay.newest_s())
    }

    /// Half-life in seconds.
    #[must_use]
    pub const fn half_life_s(&self) -> f64 {
        self.decay.half_life_s()
    }

    /// Multiplies every weight.
    fn scale(&mut self, by: f64) {
        if self.n > 0 {
            self.weight *= by;
            self.weight_sq *= by * by;
            self.grade *= by;
            self.grade_sq *= by;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY_S: f64 = 86_400.0;

    #[test]
    fn without_grades_there_is_no_estimate() {
        let mut cell = Cell::new(0.0, DAY_S);
        cell.add(0.0, f64::NAN, 1.0);
        cell.add(0.0, 1.5, 1.0);
        cell.add(0.0, 0.5, 0.0);
        cell.add(f64::INFINITY, 0.5, 1.0);
        assert_eq!(cell.estimate(0.5), None);
    }

    #[test]
    fn the_estimate_follows_its_formula() {
        let mut cell = Cell::new(0.0, DAY_S);
        for i in 0..100 {
            cell.add(0.0, f64::from(u8::from(i % 5 != 0)), 1.0);
        }
        let estimate = cell.estimate(0.5).unwrap();
        let mean = (0.8 * 100.0 + 20.0 * 0.5) / 120.0;
        let reach = 1.28 * (0.16_f64 / 120.0).sqrt();
        assert!((estimate.mean - mean).abs() < 1e-12);
        assert!((estimate.lower - (mean - reach)).abs() < 1e-12);
        assert!((estimate.upper - (mean + reach)).abs() < 1e-12);
        assert!((estimate.n_eff - 100.0).abs() < 1e-9);
    }

    #[test]
    fn a_grade_weighs_half_after_one_half_life() {
        let mut cell = Cell::new(0.0, DAY_S);
        cell.add(0.0, 0.0, 1.0);
        cell.add(DAY_S, 1.0, 1.0);
        let estimate = cell.estimate(0.0).unwrap();
        let raw = estimate.mean * (estimate.n_eff + PRIOR_WEIGHT) / estimate.n_eff;
        assert!((raw - 2.0 / 3.0).abs() < 1e-12);
    }

    #[test]
    fn keeping_a_tenth_keeps_the_mean_and_a_tenth_of_the_evidence() {
        let mut cell = Cell::new(0.0, DAY_S);
        (0..1_000).for_each(|i| cell.add(0.0, f64::from(u8::from(i % 4 != 0)), 1.0));
        cell.keep(0.1);
        let estimate = cell.estimate(0.75).unwrap();
        assert!((estimate.n_eff - 100.0).abs() < 1e-9 && (estimate.mean - 0.75).abs() < 1e-12);
        cell.keep(f64::NAN);
        assert_eq!(cell.estimate(0.75), Some(estimate));
        cell.keep(0.0);
        assert_eq!(cell.estimate(0.75), None);
    }

    #[test]
    fn what_is_taken_back_was_never_there() {
        let mut cell = Cell::new(0.0, DAY_S);
        (0..50).for_each(|i| cell.add(f64::from(i) * 600.0, f64::from(u8::from(i % 3 == 0)), 1.0 + f64::from(i % 4)));
        let before = cell.estimate(0.5).unwrap();
        cell.add(9_000.0, 0.25, 7.0);
        cell.take_back(9_000.0, 0.25, 7.0, 1.0);
        let after = cell.estimate(0.5).unwrap();
        assert!((after.mean - before.mean).abs() < 1e-12 && (after.n_eff - before.n_eff).abs() < 1e-9);
        assert_eq!(after.n, 50);
        cell.add(9_000.0, 0.25, 7.0);
        cell.keep(0.1);
        cell.take_back(9_000.0, 0.25, 7.0, 0.1);
        let kept = cell.estimate(before.mean).unwrap();
        assert!((kept.n_eff - before.n_eff * 0.1).abs() < 1e-9, "{kept:?}");
        let mut one = Cell::new(0.0, DAY_S);
        one.add(5.0, 0.3, 2.0);
        one.take_back(5.0, 0.3, 2.0, 1.0);
        one.take_back(5.0, 0.3, 2.0, 1.0);
        assert_eq!(one.estimate(0.5), None);
    }

    #[test]
    fn no_time_overflows_and_old_grades_fade_to_nothing() {
        for t_s in [-1e300, -1e9, 0.0, 1e9, 1e300, f64::MAX] {
            let mut cell = Cell::new(0.0, 60.0);
            cell.add(t_s, 1.0, 20.0);
            let estimate = cell.estimate(0.5).unwrap();
            assert!((estimate.n_eff - 1.0).abs() < 1e-9, "{t_s}: {estimate:?}");
            cell.add(-1e300, 0.0, 1.0);
            assert!(cell.estimate(0.5).unwrap().n_eff >= 1.0);
        }
        let mut cell = Cell::new(0.0, 60.0);
        (0..1_000).for_each(|_| cell.add(0.0, 0.0, 1.0));
        cell.add(1e6, 1.0, 1.0);
        assert!(cell.estimate(0.5).unwrap().mean > 0.5);
    }
}

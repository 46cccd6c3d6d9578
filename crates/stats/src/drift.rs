//! Has a served deployment become worse than it was? An e-detector after Shiryaev and Roberts: for each fixed bet `λ`
//! it keeps `M ← (M + 1)·(1 + λ·x(y))`, with `x(y) = (r − y) / max(1 − r, 0.25)` for a reference `r`. Each new grade
//! opens one more bet that the decline begins just there, so no one has to say when it began. While grades have a
//! conditional mean of at least `r`, `E[M_τ] ≤ E[τ]` at every stopping time, so the mean of `M` over the grid reaches
//! `A` only after `A` grades or more on average. Shin, Ramdas and Rinaldo, "E-detectors: a nonparametric framework for
//! sequential change detection", NEJSDS 2024.
//!
//! The bound is a sum over grades, so detectors of disjoint streams may be added: the sum of two is a detector of both
//! streams together. Within one stream the order of grades matters; fold them as they were assigned.

use serde::{Deserialize, Serialize};

use crate::eprocess::COARSE as BETS;

/// The alarm rings once the evidence reaches this: at least so many grades on average to a false alarm.
pub const ALARM_AT: f64 = 1e4;
/// How far below a window's lower bound its reference lies: smaller declines are no alarm.
pub const SLACK: f64 = 0.02;
/// Lower end of the bet's scale, so that a reference near 1 does not make single grades ruinous.
const LEAST_SCALE: f64 = 0.25;
/// Evidence stops growing here: lowering it costs no validity, and sums of detectors stay finite.
const MOST: f64 = 1e200;

/// Evidence that grades have sunk below a reference. 80 bytes; mergeable; `serde`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Detector {
    reference: f64,
    wealth: [f64; BETS.len()],
    n: u64,
}

impl Detector {
    /// A detector of grades whose mean falls below `reference`, clamped to `0..=1`; NaN counts as 0, which nothing is
    /// below.
    #[must_use]
    pub const fn new(reference: f64) -> Self {
        let reference = if reference.is_nan() { 0.0 } else { reference.clamp(0.0, 1.0) };
        Self { reference, wealth: [0.0; BETS.len()], n: 0 }
    }

    /// A detector for a deployment whose window had this lower bound when it was last known to be well.
    #[must_use]
    pub fn below(lower_bound: f64) -> Self {
        Self::new(lower_bound - SLACK)
    }

    /// Folds the next grade; one outside `0..=1` is ignored.
    pub fn add(&mut self, grade: f64) {
        if !(0.0..=1.0).contains(&grade) {
            return;
        }
        let loss = (self.reference - grade) / (1.0 - self.reference).max(LEAST_SCALE);
        for (wealth, bet) in self.wealth.iter_mut().zip(BETS) {
            *wealth = ((*wealth + 1.0) * (1.0 + bet * loss)).min(MOST);
        }
        self.n += 1;
    }

    /// Adds the evidence of a disjoint stream. Keep one reference for both; each side keeps what it gathered against
    /// its own, and further grades are held against this one's.
    pub fn merge(&mut self, other: &Self) {
        for (wealth, more) in self.wealth.iter_mut().zip(other.wealth) {
            *wealth = (*wealth + more).min(MOST);
        }
        self.n += other.n;
    }

    /// The mean of `M` over the bets, `0..`: at most the number of grades on average while nothing is wrong.
    #[must_use]
    pub fn evidence(&self) -> f64 {
        self.wealth.iter().sum::<f64>() / BETS.len() as f64
    }

    /// True once the evidence reaches [`ALARM_AT`]. The caller starts again from a new reference.
    #[must_use]
    pub fn alarms(&self) -> bool {
        self.evidence() >= ALARM_AT
    }

    /// What grades are held against, `0..=1`.
    #[must_use]
    pub const fn reference(&self) -> f64 {
        self.reference
    }

    /// Grades folded.
    #[must_use]
    pub const fn n(&self) -> u64 {
        self.n
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(reference: f64, grades: &[f64]) -> Detector {
        let mut detector = Detector::new(reference);
        grades.iter().for_each(|&grade| detector.add(grade));
        detector
    }

    #[test]
    fn evidence_follows_its_recurrence() {
        // M₁ = 1 + λ, M₂ = (2 + λ)(1 + λ) for r = 0.5 and two grades of 0: x = 0.5 / 0.5 = 1.
        let wanted = BETS.iter().map(|bet| (2.0 + bet) * (1.0 + bet)).sum::<f64>() / 8.0;
        assert!((after(0.5, &[0.0, 0.0]).evidence() - wanted).abs() < 1e-12);
    }

    #[test]
    fn one_grade_is_worth_at_most_one_on_average_at_the_reference() {
        for reference in [0.0, 0.3, 0.8, 0.95, 1.0] {
            let pass = after(reference, &[1.0]).evidence();
            let fail = after(reference, &[0.0]).evidence();
            let mean = reference * pass + (1.0 - reference) * fail;
            assert!(mean <= 1.0 + 1e-12 && pass >= 0.0, "{reference}: {mean}");
        }
    }

    #[test]
    fn grades_above_the_reference_never_alarm_and_a_collapse_alarms_soon() {
        let mut detector = after(0.78, &[1.0; 50_000]);
        assert!(!detector.alarms());
        let delay = (1..100).find(|_| {
            detector.add(0.0);
            detector.alarms()
        });
        assert!(delay.unwrap() < 20, "{delay:?}");
    }

    #[test]
    fn odd_grades_and_references_do_no_harm() {
        let detector = after(f64::NAN, &[f64::NAN, -1.0, 2.0, f64::INFINITY]);
        assert_eq!((detector.n(), detector.reference()), (0, 0.0));
        let mut endless = after(1.0, &[0.0; 20_000]);
        endless.merge(&endless.clone());
        assert!(endless.evidence().is_finite() && endless.alarms());
        assert_eq!(Detector::below(0.01).reference(), 0.0);
    }

    #[test]
    fn a_detector_survives_storage() {
        let detector = after(0.8, &[0.0, 1.0, 0.35]);
        let text = serde_json::to_string(&detector).unwrap();
        let read: Detector = serde_json::from_str(&text).unwrap();
        assert_eq!((read.n(), read.reference()), (detector.n(), detector.reference()));
        assert!((read.evidence() - detector.evidence()).abs() < 1e-12);
    }
}

//! What pairs add up to, for every test: of one segment, of some, of all. Additive, so that any set of segments can be
//! taken together.

use weir_core::decision::Arm;
use weir_stats::histogram::{GradeHistogram, PairHistogram};

use super::{
    stratum::index,
    unit::{Outcome, Unit},
};

/// Histograms of some pairs.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Sums {
    promote: PairHistogram,
    rollback: PairHistogram,
    observed: PairHistogram,
    grades: GradeHistogram,
    savings: PairHistogram,
    totals: [f64; 2],
}

impl Sums {
    /// Differences with missing grades imputed against the candidate.
    #[must_use]
    pub const fn promote(&self) -> &PairHistogram {
        &self.promote
    }

    /// Differences with missing grades imputed in favour of the candidate.
    #[must_use]
    pub const fn rollback(&self) -> &PairHistogram {
        &self.rollback
    }

    /// Differences of pairs with both grades.
    #[must_use]
    pub const fn observed(&self) -> &PairHistogram {
        &self.observed
    }

    /// Candidate grades of pairs; missing ones count as 1, so that they are no evidence against the candidate.
    #[must_use]
    pub const fn grades(&self) -> &GradeHistogram {
        &self.grades
    }

    /// Control cost − candidate cost of pairs whose prices are known, as shares of the baseline's cap.
    #[must_use]
    pub const fn savings(&self) -> &PairHistogram {
        &self.savings
    }

    /// Mean grade of an arm over pairs with both grades, `0..=1`; 0 without any.
    #[must_use]
    pub fn mean(&self, arm: Arm) -> f64 {
        self.totals[index(arm)] / self.observed.n().max(1) as f64
    }

    /// One pair. Without any grade it says nothing. `cost_cap` in billionths of a dollar.
    pub(super) fn add(&mut self, candidate: &Unit, control: &Unit, cost_cap: Option<i64>) {
        match (candidate.outcome, control.outcome) {
            (Outcome::Grade(a), Outcome::Grade(b)) => {
                self.promote.add(a, b);
                self.rollback.add(a, b);
                self.observed.add(a, b);
                self.grades.add(a);
                self.totals[0] += a;
                self.totals[1] += b;
            }
            (Outcome::Missing, Outcome::Grade(b)) => {
                self.promote.add(0.0, b);
                self.rollback.add(1.0, b);
                self.grades.add(1.0);
            }
            (Outcome::Grade(a), Outcome::Missing) => {
                self.promote.add(a, 1.0);
                self.rollback.add(a, 0.0);
                self.grades.add(a);
            }
            (Outcome::Missing, Outcome::Missing) => return,
        }
        if let (Some(cap), Some(ours), Some(theirs)) =
            (cost_cap.filter(|cap| *cap > 0), candidate.cost_nano, control.cost_nano)
        {
            let share = |cost: i64| cost.clamp(0, cap) as f64 / cap as f64;
            self.savings.add(share(theirs), share(ours));
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.promote.merge(&other.promote);
        self.rollback.merge(&other.rollback);
        self.observed.merge(&other.observed);
        self.grades.merge(&other.grades);
        self.savings.merge(&other.savings);
        for (total, more) in self.totals.iter_mut().zip(other.totals) {
            *total += more;
        }
    }
}

//! What pairs add up to, for every test: of one segment, of some, of all. Additive, so that any set of segments can be
//! taken together.

use weir_core::{canary::Baseline, decision::Arm};
use weir_stats::histogram::{GradeHistogram, PairHistogram};

use super::{
    stratum::index,
    unit::{Outcome, Unit},
};

/// Differences of one scorer's grades, with what is missing at its worst for either test.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Tested {
    /// Missing grades count against the candidate.
    pub promote: PairHistogram,
    /// Missing grades count for the candidate.
    pub rollback: PairHistogram,
}

impl Tested {
    /// One pair. Without any grade it says nothing.
    fn add(&mut self, candidate: Outcome, control: Outcome) {
        let (promote, rollback) = match (candidate, control) {
            (Outcome::Grade(a), Outcome::Grade(b)) => ((a, b), (a, b)),
            (Outcome::Missing, Outcome::Grade(b)) => ((0.0, b), (1.0, b)),
            (Outcome::Grade(a), Outcome::Missing) => ((a, 1.0), (a, 0.0)),
            (Outcome::Missing, Outcome::Missing) => return,
        };
        self.promote.add(promote.0, promote.1);
        self.rollback.add(rollback.0, rollback.1);
    }

    fn merge(&mut self, other: &Self) {
        self.promote.merge(&other.promote);
        self.rollback.merge(&other.rollback);
    }
}

/// Histograms of some pairs.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Sums {
    quality: Tested,
    guarded: Vec<Tested>,
    prompt: PairHistogram,
    observed: PairHistogram,
    grades: GradeHistogram,
    savings: PairHistogram,
    totals: [f64; 2],
}

impl Sums {
    /// Differences with missing grades imputed against the candidate.
    #[must_use]
    pub const fn promote(&self) -> &PairHistogram {
        &self.quality.promote
    }

    /// Differences with missing grades imputed in favour of the candidate.
    #[must_use]
    pub const fn rollback(&self) -> &PairHistogram {
        &self.quality.rollback
    }

    /// The same of each of the plan's guards, in its order; empty before the first pair.
    #[must_use]
    pub fn guarded(&self) -> &[Tested] {
        &self.guarded
    }

    /// Answers within the baseline's 95th percentile of time, candidate − control, of pairs that both answered.
    #[must_use]
    pub const fn prompt(&self) -> &PairHistogram {
        &self.prompt
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

    /// One pair.
    pub(super) fn add(&mut self, candidate: &Unit, control: &Unit, baseline: &Baseline) {
        self.guarded.resize_with(candidate.guarded.len(), Tested::default);
        for (tested, (&ours, &theirs)) in self.guarded.iter_mut().zip(candidate.guarded.iter().zip(&control.guarded)) {
            tested.add(ours, theirs);
        }
        if let (Some(bar), Some(ours), Some(theirs)) = (baseline.latency_us, candidate.latency_us, control.latency_us) {
            let prompt = |time: u64| f64::from(u8::from(time <= bar));
            self.prompt.add(prompt(ours), prompt(theirs));
        }
        self.quality.add(candidate.outcome, control.outcome);
        match (candidate.outcome, control.outcome) {
            (Outcome::Grade(a), Outcome::Grade(b)) => {
                self.observed.add(a, b);
                self.grades.add(a);
                self.totals[0] += a;
                self.totals[1] += b;
            }
            (Outcome::Missing, Outcome::Grade(_)) => self.grades.add(1.0),
            (Outcome::Grade(a), Outcome::Missing) => self.grades.add(a),
            // Nothing is known of it: it is no pair.
            (Outcome::Missing, Outcome::Missing) => return,
        }
        let cost_cap = baseline.cost_cap_nano;
        if let (Some(cap), Some(ours), Some(theirs)) =
            (cost_cap.filter(|cap| *cap > 0), candidate.cost_nano, control.cost_nano)
        {
            let share = |cost: i64| cost.clamp(0, cap) as f64 / cap as f64;
            self.savings.add(share(theirs), share(ours));
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.quality.merge(&other.quality);
        self.guarded.resize_with(self.guarded.len().max(other.guarded.len()), Tested::default);
        for (tested, more) in self.guarded.iter_mut().zip(&other.guarded) {
            tested.merge(more);
        }
        self.prompt.merge(&other.prompt);
        self.observed.merge(&other.observed);
        self.grades.merge(&other.grades);
        self.savings.merge(&other.savings);
        for (total, more) in self.totals.iter_mut().zip(other.totals) {
            *total += more;
        }
    }
}

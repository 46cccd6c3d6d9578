//! The pairs that differ most, kept for people who want to see what a difference of grades means in answers. Nothing is
//! decided from them.

use std::sync::Arc;

use weir_core::{SpanId, Timestamp};

/// Pairs kept on each side.
const KEPT: usize = 20;

/// One pair with both grades. Its two answers are to different prompts of the same segment.
#[derive(Debug, Clone, PartialEq)]
pub struct Pair {
    /// Assignment that completed it.
    pub at: Timestamp,
    /// The segment both belong to.
    pub segment: Arc<str>,
    /// The request that opened the candidate's unit.
    pub candidate: SpanId,
    /// Grade of the candidate's unit, `0..=1`.
    pub candidate_grade: f64,
    /// The request that opened the control's unit.
    pub control: SpanId,
    /// Grade of the control's unit, `0..=1`.
    pub control_grade: f64,
}

impl Pair {
    /// Candidate less control, `-1..=1`.
    #[must_use]
    pub const fn delta(&self) -> f64 {
        self.candidate_grade - self.control_grade
    }
}

/// The widest differences either way, widest first, among equals the newest first.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Differing {
    worse: Vec<Pair>,
    better: Vec<Pair>,
}

impl Differing {
    /// Pairs in which the candidate's grade is lower.
    #[must_use]
    pub fn worse(&self) -> &[Pair] {
        &self.worse
    }

    /// Pairs in which it is higher.
    #[must_use]
    pub fn better(&self) -> &[Pair] {
        &self.better
    }

    pub(super) fn add(&mut self, pair: Pair) {
        let delta = pair.delta();
        if delta == 0.0 {
            return;
        }
        let side = if delta < 0.0 { &mut self.worse } else { &mut self.better };
        let before = |kept: &Pair| match kept.delta().abs().total_cmp(&delta.abs()) {
            std::cmp::Ordering::Equal => kept.at > pair.at,
            order => order.is_gt(),
        };
        let place = side.partition_point(before);
        if place < KEPT {
            side.insert(place, pair);
            side.truncate(KEPT);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(at: i64, candidate_grade: f64, control_grade: f64) -> Pair {
        Pair {
            at: Timestamp(at),
            segment: "*".into(),
            candidate: SpanId::from_bits(1),
            candidate_grade,
            control: SpanId::from_bits(2),
            control_grade,
        }
    }

    #[test]
    fn the_widest_differences_are_kept_each_way_newest_first_among_equals() {
        let mut differing = Differing::default();
        for at in 0..100 {
            differing.add(pair(at, 0.4, 0.5));
            differing.add(pair(at, 1.0, 1.0));
        }
        differing.add(pair(7, 0.0, 1.0));
        differing.add(pair(8, 0.9, 0.2));
        let ats: Vec<i64> = differing.worse().iter().map(|pair| pair.at.0).collect();
        assert_eq!(ats.len(), KEPT);
        assert_eq!(ats[..3], [7, 99, 98]);
        assert_eq!(differing.better().len(), 1, "equal grades do not differ");
    }
}

//! What people's labels leave of a proof by a scorer. Noise of a scorer widens a difference; partiality towards one arm
//! shifts it, and no number of pairs would tell. Labels of both arms' answers do: the level of the promotion is spent half
//! on the paired differences and half on the labels, `lower(judge, α/2) − upper(bias, α/2)`.
//!
//! An interval from labels holds for one look. So it is taken once, where proof by grades would take a canary beyond its
//! ramp, and what it stops waits for a person.

use weir_core::canary::{Canary, CanaryPlan, CanaryState, JudgeBias};
use weir_stats::{maths::normal_quantile, ppi::Labels};

use super::{spending, step::Verdict};

/// Labels of each arm below which the scorer is taken at its word: an interval of fewer is as wide as the margin itself.
const LEAST: u64 = 100;

/// True when this verdict rests on proof by grades alone and people's labels are to be asked before it is carried out.
#[must_use]
pub const fn asks_people(canary: &Canary, verdict: &Verdict) -> bool {
    matches!(canary.state, CanaryState::Running) && matches!(verdict, Verdict::Verify | Verdict::Promote)
}

/// The scorer's bias towards the candidate from labels `(people, scorer)` of either arm's answers, each `0..=1`, with ends
/// at the half of the promotion's level that labels may spend. `None` with fewer than 100 of either.
#[must_use]
pub fn bias(plan: &CanaryPlan, candidate: &[(f64, f64)], control: &[(f64, f64)]) -> Option<JudgeBias> {
    let z = normal_quantile(1.0 - spending::alpha(plan) / 2.0);
    let of = |arm: &[(f64, f64)]| {
        let mut labels = Labels::default();
        arm.iter().for_each(|&(people, scorer)| labels.label(people, scorer));
        labels.bias(z).filter(|_| labels.labelled() >= LEAST).map(|bias| (bias, labels.labelled()))
    };
    let ((ours, our_labels), (theirs, their_labels)) = (of(candidate)?, of(control)?);
    let delta = ours.mean - theirs.mean;
    // Of independent means: each end by the arms' own reach to that side (Newcombe, Statistics in Medicine 1998).
    let below = (ours.mean - ours.lower).hypot(theirs.upper - theirs.mean);
    let above = (ours.upper - ours.mean).hypot(theirs.mean - theirs.lower);
    Some(JudgeBias { delta, lower: delta - below, upper: delta + above, labels: our_labels.min(their_labels) })
}

//! Where a canary is heading, in one sentence, with an estimate of how many more pairs it takes.

use weir_core::canary::{Canary, CanaryState};
use weir_stats::plan::pairs_needed;

use super::{reading::Reading, words};

/// Evidence that tips the sentence to one side, in nats.
const LEANS_AT: f64 = 1.0;
/// Variance assumed before there are pairs: pass/fail at 80 %, both arms.
const ASSUMED_VARIANCE: f64 = 0.32;
/// The observed variance counts from this many pairs.
const VARIANCE_FROM: u64 = 30;

/// Where it is heading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Course {
    /// Evidence leans to "not worse than the margin".
    Promote,
    /// Evidence leans neither way.
    Undecided,
    /// Evidence leans to "worse than the margin".
    RollBack,
    /// It is over.
    Over,
}

/// A forecast for people. Never used to decide.
#[derive(Debug, Clone, PartialEq)]
pub struct Outlook {
    /// Where it is heading.
    pub course: Course,
    /// More pairs until a decision, if the difference stays as it is; `None` when it is over or none is in sight.
    pub pairs_left: Option<u64>,
    /// Both, in one sentence.
    pub sentence: String,
}

/// The forecast for a canary at this reading.
#[must_use]
pub fn outlook(canary: &Canary, reading: &Reading) -> Outlook {
    if canary.state.is_final() {
        return Outlook { course: Course::Over, pairs_left: None, sentence: canary.reason.clone() };
    }
    let (plan, evidence) = (&canary.plan, &reading.evidence);
    let course = if evidence.log_e_promote >= LEANS_AT {
        Course::Promote
    } else if evidence.log_e_rollback >= LEANS_AT {
        Course::RollBack
    } else {
        Course::Undecided
    };
    let variance = if evidence.pairs < VARIANCE_FROM { ASSUMED_VARIANCE } else { reading.variance };
    // Before there is evidence the forecast is for an equal candidate.
    let delta = if evidence.pairs < VARIANCE_FROM { 0.0 } else { evidence.delta };
    let to_promote = pairs_needed(variance, evidence.alpha, delta, plan.margin).map(|total| total.max(plan.min_pairs));
    let alpha_rollback = (-evidence.rollback_at).exp();
    let to_roll_back = pairs_needed(variance, alpha_rollback, -delta, -plan.margin);
    let pairs_left = to_promote
        .or(to_roll_back)
        .filter(|&total| total <= plan.max_pairs)
        .map(|total| total.saturating_sub(evidence.pairs).max(1));
    let lead = match (course, canary.state) {
        (_, CanaryState::AwaitingApproval) => "waiting for an approval".to_owned(),
        (_, CanaryState::Shadow) => "in the shadow, nobody exposed".to_owned(),
        (_, CanaryState::Verifying) => "proven, being verified on all traffic but the hold-back".to_owned(),
        (_, CanaryState::Held) => format!("held, {}", canary.reason),
        (Course::Promote, _) => "on course to promote".to_owned(),
        (Course::RollBack, _) => "on course to roll back".to_owned(),
        _ if evidence.pairs == 0 => "waiting for the first pairs".to_owned(),
        _ => "undecided".to_owned(),
    };
    let so_far = if evidence.pairs == 0 {
        String::new()
    } else {
        format!(" after {}, {}", words::pairs(evidence.pairs), words::difference(evidence))
    };
    let ahead = match pairs_left {
        Some(1) => "about 1 more pair".to_owned(),
        Some(left) => format!("about {left} more pairs"),
        None => format!("no decision in sight before it expires at {}", words::pairs(plan.max_pairs)),
    };
    Outlook { course, pairs_left, sentence: format!("{lead}{so_far}: {ahead}") }
}

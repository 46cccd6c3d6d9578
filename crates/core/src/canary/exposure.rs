//! What one arm of a canary met, as stored and as folded.

use std::sync::Arc;

use crate::{ScorerName, SpanId, Timestamp, decision::Arm};

/// One request that a canary assigned to an arm, with what is known of its outcome.
#[derive(Debug, Clone, PartialEq)]
pub struct Exposure {
    /// The request.
    pub span_id: SpanId,
    /// The randomised unit.
    pub unit: u64,
    /// True when the unit is a session, whose later turns count too; else the unit's first request alone counts.
    pub session: bool,
    /// The arm it was assigned to.
    pub arm: Arm,
    /// The segment of the workload it was decided in; units are compared within theirs.
    pub segment: Arc<str>,
    /// When the arm was chosen: the request was received.
    pub assigned_at: Timestamp,
    /// Last byte sent; a score is late when it has not come a while after this.
    pub ended_at: Timestamp,
    /// The arm's own deployment did not give the answer, even if a fallback saved the caller.
    pub failed: bool,
    /// From the assignment to the first byte of a stream, in microseconds.
    pub ttft_us: Option<u64>,
    /// What the request cost, all attempts together, in nano-dollars; `None` without a price.
    pub cost_nano: Option<i64>,
    /// The first grade of the canary's scorer, `0..=1`; `None` without one, and for a failed exposure, whose answer
    /// is another deployment's. A later version's grade of the same answer changes nothing that was folded.
    pub grade: Option<f64>,
    /// When that grade was given; `None` is taken for in time.
    pub graded_at: Option<Timestamp>,
    /// The scorer said that it cannot grade this answer.
    pub unscored: bool,
    /// The version of the scorer that said so, or gave the grade.
    pub version: Option<Arc<str>>,
    /// The first words of the plan's guards on the same answer, where there are any; none for a failed exposure.
    pub guarded: Vec<Guarded>,
}

/// A guard's first word on an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Guarded {
    /// Whose.
    pub scorer: ScorerName,
    /// `0..=1`; `None` when it said that it cannot grade this answer.
    pub grade: Option<f64>,
    /// When.
    pub at: Timestamp,
    /// The version of the guard that said so.
    pub version: Arc<str>,
}

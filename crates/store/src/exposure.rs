//! What a canary's two arms met: each exposed span with its grade, in the order of assignment. The evidence is always
//! folded from this list as a whole, because spans and scores may arrive late.

use sqlx::Row;
use weir_core::{CanaryId, SpanId, Timestamp, decision::Arm};

use crate::{
    Error, Store,
    value::{span_id, word},
};

/// One exposed request.
#[derive(Debug, Clone, PartialEq)]
pub struct ExposureRow {
    /// The request.
    pub span_id: SpanId,
    /// The randomised unit.
    pub unit: u64,
    /// True when the unit is a session, whose later turns count too.
    pub session: bool,
    /// The arm it was assigned to.
    pub arm: Arm,
    /// Request received.
    pub assigned_at: Timestamp,
    /// Last byte sent; a score is late when it has not come a while after this.
    pub ended_at: Timestamp,
    /// The arm's deployment did not give the answer, even if a fallback saved the caller.
    pub failed: bool,
    /// The newest grade of the canary's scorer, `0..=1`; `None` without one, and for a failed exposure, whose answer
    /// is another deployment's.
    pub grade: Option<f64>,
    /// When that grade was given.
    pub graded_at: Option<Timestamp>,
    /// The scorer said that it cannot grade this answer.
    pub unscored: bool,
}

impl Store {
    /// Exposures assigned at or after `after`, by time of assignment, then by span id.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn exposure_list(&self, canary: &CanaryId, after: Timestamp) -> Result<Vec<ExposureRow>, Error> {
        // The scorer's newest word on a span is the row with the highest seq among its versions.
        let rows = sqlx::query(
            "SELECT span.id, span.unit, span.arm, span.started_at, span.latency_us, span.head_failed, \
                    span.session IS NOT NULL AS in_session, score.grade, score.at AS graded_at, \
                    score.unscored IS NOT NULL AS unscored \
             FROM span \
             LEFT JOIN score ON score.seq = ( \
                 SELECT max(word.seq) FROM score AS word \
                 WHERE word.span_id = span.id \
                   AND word.scorer = (SELECT canary.scorer FROM canary WHERE canary.id = span.canary)) \
             WHERE span.canary = ? AND span.started_at >= ? \
             ORDER BY span.started_at, span.id",
        )
        .bind(canary.as_str())
        .bind(after.0)
        .fetch_all(self.readers())
        .await?;
        rows.iter()
            .map(|row| {
                let assigned_at = Timestamp(row.try_get("started_at")?);
                let latency_us: i64 = row.try_get("latency_us")?;
                let failed: bool = row.try_get("head_failed")?;
                let grade: Option<f64> = row.try_get("grade")?;
                let graded_at: Option<i64> = row.try_get("graded_at")?;
                Ok(ExposureRow {
                    span_id: span_id(row.try_get("id")?)?,
                    unit: row.try_get::<i64, _>("unit")?.cast_unsigned(),
                    session: row.try_get("in_session")?,
                    arm: word(row.try_get("arm")?)?,
                    assigned_at,
                    ended_at: Timestamp(assigned_at.0.saturating_add(latency_us)),
                    failed,
                    grade: grade.filter(|_| !failed),
                    graded_at: graded_at.filter(|_| grade.is_some() && !failed).map(Timestamp),
                    unscored: row.try_get("unscored")?,
                })
            })
            .collect()
    }
}

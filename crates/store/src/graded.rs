//! Graded answers with the decisions behind them: what other routes are valued by before anybody is sent there.

use sqlx::Row;
use weir_core::{
    ScorerName, Timestamp, WorkloadId,
    span::{Origin, Span},
};

use crate::{
    Error, Store,
    span::span_from,
    value::{int, span_id},
};

/// One graded answer of a client's request.
#[derive(Debug, Clone, PartialEq)]
pub struct Graded {
    /// The request, with its decision.
    pub span: Span,
    /// Its grade, `0..=1`.
    pub grade: f64,
    /// What a person said of it: a score posted by the name [`HUMAN`], `0..=1`.
    pub human: Option<f64>,
}

/// The name under which people's own grades are posted.
pub const HUMAN: &str = "human";

impl Store {
    /// The newest graded answers of a workload since then, by this version of a scorer, at most `limit`, newest first.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn graded_list(
        &self,
        workload: &WorkloadId,
        (scorer, version): (&ScorerName, &str),
        since: Timestamp,
        limit: u64,
    ) -> Result<Vec<Graded>, Error> {
        let rows = sqlx::query(
            "SELECT span.id, span_body.body, score.grade, (SELECT person.grade FROM score AS person \
                    WHERE person.span_id = score.span_id AND person.scorer = ?7 AND person.grade IS NOT NULL \
                    ORDER BY person.seq LIMIT 1) \
             FROM score JOIN span ON span.id = score.span_id JOIN span_body ON span_body.seq = span.seq \
             WHERE score.workload = ?1 AND score.scorer = ?2 AND score.version = ?3 AND score.at >= ?4 \
               AND score.grade IS NOT NULL AND span.origin = ?5 ORDER BY score.at DESC LIMIT ?6",
        )
        .bind(workload.as_str())
        .bind(scorer.as_str())
        .bind(version)
        .bind(since.0)
        .bind(Origin::Client.name())
        .bind(int(limit))
        .bind(HUMAN)
        .fetch_all(self.readers())
        .await?;
        rows.iter()
            .map(|row| {
                let id = span_id(row.try_get(0)?)?;
                let span = span_from(id, row.try_get(1)?)?;
                Ok(Graded { span, grade: row.try_get(2)?, human: row.try_get(3)? })
            })
            .collect()
    }
}

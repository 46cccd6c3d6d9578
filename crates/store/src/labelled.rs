//! Answers that both a scorer and a person have graded: what a scorer's partiality is read from.

use weir_core::{DeploymentId, ScorerName, Timestamp, WorkloadId};

use crate::{Error, HUMAN, Store};

/// Most answers that are read.
const MOST: i64 = 20_000;

impl Store {
    /// Grades `(person, scorer)`, each `0..=1`, of a deployment's answers to a workload's callers since then, by this version
    /// of a scorer: an answer's first label, else its first score posted by the name [`HUMAN`]. At most 20,000 of them.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn labelled_list(
        &self,
        workload: &WorkloadId,
        deployment: &DeploymentId,
        (scorer, version): (&ScorerName, &str),
        since: Timestamp,
    ) -> Result<Vec<(f64, f64)>, Error> {
        Ok(sqlx::query_as(
            "SELECT label.value, task.grade FROM label_task AS task \
             JOIN label ON label.seq = (SELECT min(word.seq) FROM label AS word WHERE word.task = task.seq) \
             WHERE task.workload = ?1 AND task.deployment = ?2 AND task.scorer = ?3 AND task.version = ?4 \
               AND task.created_at >= ?5 \
             UNION ALL \
             SELECT person.grade, score.grade FROM score AS person \
             JOIN score ON score.span_id = person.span_id AND score.scorer = ?3 AND score.version = ?4 \
             WHERE person.workload = ?1 AND person.scorer = ?6 AND person.at >= ?5 AND person.deployment = ?2 \
               AND person.seq = (SELECT min(word.seq) FROM score AS word \
                   WHERE word.span_id = person.span_id AND word.scorer = ?6 AND word.grade IS NOT NULL) \
               AND score.grade IS NOT NULL AND score.scorer <> ?6 AND score.segment NOT IN ('probe', 'shadow') \
               AND NOT EXISTS (SELECT 1 FROM label_task AS task JOIN label ON label.task = task.seq \
                   WHERE task.span_id = person.span_id AND task.scorer = ?3 AND task.version = ?4) \
             LIMIT ?7",
        )
        .bind(workload.as_str())
        .bind(deployment.as_str())
        .bind(scorer.as_str())
        .bind(version)
        .bind(since.0)
        .bind(HUMAN)
        .bind(MOST)
        .fetch_all(self.readers())
        .await?)
    }
}

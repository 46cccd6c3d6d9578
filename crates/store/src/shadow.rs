//! The same prompt answered twice: by what served the caller, and again by a candidate that nobody saw.

use std::time::Duration;

use sqlx::Row;
use weir_core::{
    CanaryId, DeploymentId, ScorerName, SpanId, Timestamp, WorkloadId,
    canary::{Battles, Canary, CanaryState, Inputs, Shadowed},
    score::Source,
};

use crate::{
    Error, Store,
    value::{id_bytes, span_id},
};

/// Time from an answer to its row.
const STORED_WITHIN: Duration = Duration::from_secs(5);

/// One request that a candidate answered again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shadow {
    /// The caller's request.
    pub span_id: SpanId,
    /// The candidate's answer; `None` when it gave none.
    pub shadow_id: Option<SpanId>,
    /// Whose traffic.
    pub workload: WorkloadId,
    /// Who answered again.
    pub candidate: DeploymentId,
    /// The canary that wanted it.
    pub canary: Option<CanaryId>,
    /// When.
    pub at: Timestamp,
}

/// Both grades of one prompt.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ShadowPair {
    /// The candidate's; `None` while there is none.
    pub candidate: Option<f64>,
    /// Of the answer that the caller got; `None` while there is none.
    pub control: Option<f64>,
    /// The candidate did not answer, or its answer cannot be graded: the worst counts.
    pub failed: bool,
    /// The caller's answer cannot be graded: the pair says nothing.
    pub void: bool,
    /// When the candidate answered.
    pub at: Timestamp,
}

/// Two graded answers to one prompt.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ShadowDifference {
    /// The candidate's answer, which nobody saw.
    pub candidate: SpanId,
    /// Its grade, `0..=1`.
    pub candidate_grade: f64,
    /// The answer that the caller got.
    pub control: SpanId,
    /// Its grade, `0..=1`.
    pub control_grade: f64,
    /// When the candidate answered.
    pub at: Timestamp,
}

/// Which pairs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShadowOf<'a> {
    /// Those of one canary.
    Canary(&'a CanaryId),
    /// Those of a workload's candidate since then.
    Candidate(&'a WorkloadId, &'a DeploymentId, Timestamp),
}

impl Store {
    /// Keeps that a candidate answered again; the first time counts.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn shadow_insert(&self, shadow: &Shadow) -> Result<(), Error> {
        let mut tx = self.begin_control().await?;
        sqlx::query(
            "INSERT INTO shadow (span_id, shadow_id, workload, candidate, canary, at) VALUES (?, ?, ?, ?, ?, ?) \
             ON CONFLICT (span_id, candidate) DO NOTHING",
        )
        .bind(id_bytes(shadow.span_id.bits()))
        .bind(shadow.shadow_id.map(|id| id_bytes(id.bits())))
        .bind(shadow.workload.as_str())
        .bind(shadow.candidate.as_str())
        .bind(shadow.canary.as_ref().map(CanaryId::as_str))
        .bind(shadow.at.0)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Pairs in the order in which they were stored up to `shadow_seq`, with the first word of `scorer` on either answer
    /// that was stored no later than `score_seq`.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn shadow_pairs(
        &self,
        of: ShadowOf<'_>,
        scorer: &ScorerName,
        (score_seq, shadow_seq): (i64, i64),
    ) -> Result<Vec<ShadowPair>, Error> {
        let (canary, workload, candidate, since) = match of {
            ShadowOf::Canary(canary) => (Some(canary.as_str()), None, None, i64::MIN),
            ShadowOf::Candidate(workload, candidate, since) => {
                (None, Some(workload.as_str()), Some(candidate.as_str()), since.0)
            }
        };
        let rows = sqlx::query(
            "SELECT theirs.grade, own.grade, shadow.shadow_id IS NULL OR theirs.unscored IS NOT NULL, \
                    own.unscored IS NOT NULL, shadow.at \
             FROM shadow \
             LEFT JOIN score AS theirs ON theirs.seq = (SELECT min(seq) FROM score AS word \
                 WHERE word.span_id = shadow.shadow_id AND word.scorer = ?1 AND word.seq <= ?2) \
             LEFT JOIN score AS own ON own.seq = (SELECT min(seq) FROM score AS word \
                 WHERE word.span_id = shadow.span_id AND word.scorer = ?1 AND word.seq <= ?2) \
             WHERE (shadow.canary = ?3 OR (?3 IS NULL AND shadow.workload = ?4 AND shadow.candidate = ?5)) \
               AND shadow.at >= ?6 AND shadow.seq <= ?7 ORDER BY shadow.seq",
        )
        .bind(scorer.as_str())
        .bind(score_seq)
        .bind(canary)
        .bind(workload)
        .bind(candidate)
        .bind(since)
        .bind(shadow_seq)
        .fetch_all(self.readers())
        .await?;
        rows.iter()
            .map(|row| {
                Ok(ShadowPair {
                    candidate: row.try_get(0)?,
                    control: row.try_get(1)?,
                    failed: row.try_get(2)?,
                    void: row.try_get(3)?,
                    at: Timestamp(row.try_get(4)?),
                })
            })
            .collect()
    }

    /// Grades `(candidate, control)` of same-prompt pairs of a workload's candidate since then that are decided by now,
    /// each `0..=1`, in order; a grade that has not come within `timeout` counts as missing.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn shadow_grades(
        &self,
        (workload, candidate): (&WorkloadId, &DeploymentId),
        scorer: &ScorerName,
        since: Timestamp,
        timeout: Duration,
    ) -> Result<Vec<(f64, f64)>, Error> {
        let pairs =
            self.shadow_pairs(ShadowOf::Candidate(workload, candidate, since), scorer, (i64::MAX, i64::MAX)).await?;
        Ok(settled(&pairs, self.clock().now(), timeout))
    }

    /// Pairs of a canary whose grades by `scorer` differ, the widest first, among equals the newest first.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn shadow_differences(
        &self,
        canary: &CanaryId,
        scorer: &ScorerName,
        limit: u32,
    ) -> Result<Vec<ShadowDifference>, Error> {
        let rows = sqlx::query(
            "SELECT shadow.shadow_id, theirs.grade, shadow.span_id, own.grade, shadow.at FROM shadow \
             JOIN score AS theirs ON theirs.seq = (SELECT min(seq) FROM score AS word \
                 WHERE word.span_id = shadow.shadow_id AND word.scorer = ?1) \
             JOIN score AS own ON own.seq = (SELECT min(seq) FROM score AS word \
                 WHERE word.span_id = shadow.span_id AND word.scorer = ?1) \
             WHERE shadow.canary = ?2 AND theirs.grade <> own.grade \
             ORDER BY abs(theirs.grade - own.grade) DESC, shadow.seq DESC LIMIT ?3",
        )
        .bind(scorer.as_str())
        .bind(canary.as_str())
        .bind(limit)
        .fetch_all(self.readers())
        .await?;
        rows.iter()
            .map(|row| {
                Ok(ShadowDifference {
                    candidate: span_id(row.try_get(0)?)?,
                    candidate_grade: row.try_get(1)?,
                    control: span_id(row.try_get(2)?)?,
                    control_grade: row.try_get(3)?,
                    at: Timestamp(row.try_get(4)?),
                })
            })
            .collect()
    }

    /// The caller's request that a candidate answered again with this span; `None` while that is not stored.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn shadow_beside(&self, answer: SpanId) -> Result<Option<SpanId>, Error> {
        let row = sqlx::query("SELECT span_id FROM shadow WHERE shadow_id = ? LIMIT 1")
            .bind(id_bytes(answer.bits()))
            .fetch_optional(self.readers())
            .await?;
        row.map(|row| span_id(row.try_get(0)?)).transpose()
    }

    /// What a canary's shadow says to a look with these inputs: the grades it stands on while it is in its shadow, and the
    /// answers side by side at any time. Nothing where the plan asks for no shadow.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn shadowed(&self, canary: &Canary, inputs: &Inputs) -> Result<Shadowed, Error> {
        if canary.plan.shadow_pairs == 0 {
            return Ok(Shadowed::default());
        }
        let seen = (inputs.score_seq, inputs.shadow_seq.unwrap_or(i64::MAX));
        let battles = self.shadow_battles(&canary.id, seen).await?;
        if canary.state != CanaryState::Shadow {
            return Ok(Shadowed { grades: Vec::new(), battles });
        }
        let pairs = self.shadow_pairs(ShadowOf::Canary(&canary.id), &canary.scorer, seen).await?;
        let grades = settled(&pairs, inputs.now, Duration::from_millis(canary.plan.score_timeout_ms));
        Ok(Shadowed { grades, battles })
    }

    async fn shadow_battles(
        &self,
        canary: &CanaryId,
        (score_seq, shadow_seq): (i64, i64),
    ) -> Result<Option<Battles>, Error> {
        let row = sqlx::query(
            "SELECT count(*) FILTER (WHERE grade > 0.5), count(*) FILTER (WHERE grade = 0.5), \
                    count(*) FILTER (WHERE grade < 0.5) \
             FROM shadow JOIN score ON score.span_id = shadow.shadow_id \
             WHERE shadow.canary = ? AND score.source = ? AND score.seq <= ? AND shadow.seq <= ?",
        )
        .bind(canary.as_str())
        .bind(Source::Battle.name())
        .bind(score_seq)
        .bind(shadow_seq)
        .fetch_one(self.readers())
        .await?;
        let count = |place: usize| Ok::<_, Error>(u64::try_from(row.try_get::<i64, _>(place)?).unwrap_or(0));
        let battles = Battles { won: count(0)?, tied: count(1)?, lost: count(2)? };
        Ok((battles != Battles::default()).then_some(battles))
    }
}

/// The grades of pairs that are decided, in order, candidate first, up to the first one that still waits for a grade:
/// bad answers may take longer to grade. Past the time limit, a candidate without a grade has the worst one, and a pair
/// whose other answer has none says nothing. What happened in the last moments waits too: others of the same moment may
/// not be stored yet, and those may be the bad ones.
fn settled(pairs: &[ShadowPair], now: Timestamp, timeout: Duration) -> Vec<(f64, f64)> {
    let mut settled = Vec::with_capacity(pairs.len());
    for pair in pairs.iter().take_while(|pair| now.since(pair.at) >= STORED_WITHIN) {
        let late = now.since(pair.at) > timeout;
        let candidate = if pair.failed { Some(0.0) } else { pair.candidate };
        match (candidate, pair.control) {
            _ if pair.void => {}
            (Some(candidate), Some(control)) => settled.push((candidate, control)),
            (None, Some(control)) if late => settled.push((0.0, control)),
            (_, None) if late => {}
            _ => break,
        }
    }
    settled
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(candidate: Option<f64>, control: Option<f64>, at_s: i64) -> ShadowPair {
        ShadowPair { candidate, control, failed: false, void: false, at: Timestamp(at_s * 1_000_000) }
    }

    #[test]
    fn pairs_count_in_order_up_to_the_first_that_waits_and_what_never_came_is_the_worst() {
        let pairs = [
            pair(Some(1.0), Some(1.0), 0),
            pair(None, Some(1.0), 1),
            pair(Some(0.5), None, 2),
            ShadowPair { failed: true, ..pair(None, Some(0.8), 3) },
            ShadowPair { void: true, ..pair(Some(1.0), None, 4) },
            pair(None, Some(1.0), 5),
            pair(Some(1.0), Some(1.0), 6),
        ];
        let timeout = Duration::from_secs(120);
        let at = |seconds: i64| settled(&pairs, Timestamp(seconds * 1_000_000), timeout);
        assert_eq!(at(4), [], "the first may have company that is not stored yet");
        assert_eq!(at(10), [(1.0, 1.0)]);
        assert_eq!(at(124), [(1.0, 1.0), (0.0, 1.0), (0.0, 0.8)]);
        assert_eq!(at(200), [(1.0, 1.0), (0.0, 1.0), (0.0, 0.8), (0.0, 1.0), (1.0, 1.0)]);
    }
}

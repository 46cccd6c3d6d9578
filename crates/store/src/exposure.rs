//! What a canary's two arms met: each exposed span with its grade, in the order of assignment. Everything a decision
//! read can be read again as it was: rows carry numbers by commit order, and a look keeps the newest ones it saw.

use std::collections::HashMap;

use sqlx::Row;
use weir_core::{
    CanaryId, SpanId, Timestamp, WorkloadId,
    canary::{Baseline, Exposure, Guarded},
};

use crate::{
    Error, Store,
    value::{count, span_id, word},
};

/// Answers that a baseline is taken from, at most and at least.
const BASELINE_ROWS: (i64, usize) = (5_000, 100);

/// The rows of one look, read at one instant.
#[derive(Debug, Clone, PartialEq)]
pub struct Exposures {
    /// By time of assignment, then by span id.
    pub rows: Vec<Exposure>,
    /// The newest span then.
    pub span_seq: i64,
    /// The newest score then.
    pub score_seq: i64,
    /// The newest answer of a shadow then.
    pub shadow_seq: i64,
}

impl Store {
    /// Exposures assigned at or after `after`, with the newest numbers of the store.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn exposure_list(&self, canary: &CanaryId, after: Timestamp) -> Result<Exposures, Error> {
        let mut tx = self.readers().begin().await?;
        let newest = |table: &'static str| {
            sqlx::query_scalar::<_, i64>("SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = ?), 0)")
                .bind(table)
        };
        let span_seq = newest("span").fetch_one(&mut *tx).await?;
        let score_seq = newest("score").fetch_one(&mut *tx).await?;
        let shadow_seq = newest("shadow").fetch_one(&mut *tx).await?;
        let rows = rows(&mut tx, canary, after, span_seq, score_seq).await?;
        Ok(Exposures { rows, span_seq, score_seq, shadow_seq })
    }

    /// All exposures as they stood when the store's newest span and score had these numbers.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn exposure_list_as_of(
        &self,
        canary: &CanaryId,
        after: Timestamp,
        span_seq: i64,
        score_seq: i64,
    ) -> Result<Vec<Exposure>, Error> {
        let mut tx = self.readers().begin().await?;
        rows(&mut tx, canary, after, span_seq, score_seq).await
    }

    /// What a deployment's newest ordinary answers of a workload took and cost. A figure of fewer than 100 answers is
    /// `None`.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn baseline(&self, workload: &WorkloadId, deployment: &str) -> Result<Baseline, Error> {
        let rows = sqlx::query(
            "SELECT latency_us, CASE WHEN stream THEN ttft_us END, cost_nano FROM span \
             WHERE workload = ? AND deployment = ? AND origin = 'client' AND status = 'ok' AND head_failed = 0 \
             ORDER BY seq DESC LIMIT ?",
        )
        .bind(workload.as_str())
        .bind(deployment)
        .bind(BASELINE_ROWS.0)
        .fetch_all(self.readers())
        .await?;
        let column = |index: usize| -> Result<Vec<i64>, Error> {
            let values = rows.iter().map(|row| row.try_get::<Option<i64>, _>(index));
            Ok(values.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
        };
        Ok(Baseline {
            latency_us: quantile(column(0)?, 0.95).map(count),
            ttft_us: quantile(column(1)?, 0.95).map(count),
            cost_cap_nano: quantile(column(2)?, 0.999).filter(|cap| *cap > 0),
        })
    }
}

/// The value at rank `ceil(p · n)`.
fn quantile(mut values: Vec<i64>, p: f64) -> Option<i64> {
    if values.len() < BASELINE_ROWS.1 {
        return None;
    }
    values.sort_unstable();
    let rank = (values.len() as f64 * p).ceil() as usize;
    values.get(rank.max(1) - 1).copied()
}

async fn rows(
    connection: &mut sqlx::SqliteConnection,
    canary: &CanaryId,
    after: Timestamp,
    span_seq: i64,
    score_seq: i64,
) -> Result<Vec<Exposure>, Error> {
    // The scorer's first word on a span is the row with the lowest seq among its versions.
    let rows = sqlx::query(
        "SELECT span.id, span.unit, span.arm, span.segment, span.started_at, span.latency_us, span.head_failed, \
                CASE WHEN span.stream THEN span.ttft_us END AS ttft_us, span.cost_nano, \
                span.session IS NOT NULL AS in_session, score.grade, score.at AS graded_at, \
                score.unscored IS NOT NULL AS unscored, score.version \
         FROM span \
         LEFT JOIN score ON score.seq = ( \
             SELECT min(word.seq) FROM score AS word \
             WHERE word.span_id = span.id AND word.seq <= ?4 \
               AND word.scorer = (SELECT canary.scorer FROM canary WHERE canary.id = span.canary)) \
         WHERE span.canary = ?1 AND span.started_at >= ?2 AND span.seq <= ?3 \
         ORDER BY span.started_at, span.id",
    )
    .bind(canary.as_str())
    .bind(after.0)
    .bind(span_seq)
    .bind(score_seq)
    .fetch_all(&mut *connection)
    .await?;
    let mut guarded = guarded(connection, canary, after, span_seq, score_seq).await?;
    rows.iter()
        .map(|row| {
            let assigned_at = Timestamp(row.try_get("started_at")?);
            let latency_us: i64 = row.try_get("latency_us")?;
            let failed: bool = row.try_get("head_failed")?;
            let grade: Option<f64> = row.try_get("grade")?;
            let graded_at: Option<i64> = row.try_get("graded_at")?;
            let id = span_id(row.try_get("id")?)?;
            Ok(Exposure {
                span_id: id,
                unit: row.try_get::<i64, _>("unit")?.cast_unsigned(),
                session: row.try_get("in_session")?,
                arm: word(row.try_get("arm")?)?,
                segment: row.try_get::<Option<String>, _>("segment")?.unwrap_or_default().into(),
                assigned_at,
                ended_at: Timestamp(assigned_at.0.saturating_add(latency_us)),
                failed,
                ttft_us: row.try_get::<Option<i64>, _>("ttft_us")?.map(count),
                cost_nano: row.try_get("cost_nano")?,
                grade: grade.filter(|_| !failed),
                graded_at: graded_at.filter(|_| grade.is_some() && !failed).map(Timestamp),
                unscored: row.try_get("unscored")?,
                version: row.try_get::<Option<String>, _>("version")?.filter(|_| !failed).map(Into::into),
                guarded: guarded.remove(&id).filter(|_| !failed).unwrap_or_default(),
            })
        })
        .collect()
}

/// The first word of each of the plan's guards, by answer.
async fn guarded(
    connection: &mut sqlx::SqliteConnection,
    canary: &CanaryId,
    after: Timestamp,
    span_seq: i64,
    score_seq: i64,
) -> Result<HashMap<SpanId, Vec<Guarded>>, Error> {
    let rows = sqlx::query(
        "SELECT span.id, score.scorer, score.grade, score.at, score.version FROM canary \
         JOIN json_each(canary.body, '$.plan.guards') AS guard \
         JOIN span ON span.canary = canary.id \
         JOIN score ON score.seq = (SELECT min(word.seq) FROM score AS word \
             WHERE word.span_id = span.id AND word.seq <= ?4 AND word.scorer = guard.value) \
         WHERE canary.id = ?1 AND span.started_at >= ?2 AND span.seq <= ?3 ORDER BY guard.key",
    )
    .bind(canary.as_str())
    .bind(after.0)
    .bind(span_seq)
    .bind(score_seq)
    .fetch_all(connection)
    .await?;
    let mut words: HashMap<SpanId, Vec<Guarded>> = HashMap::new();
    for row in rows {
        let id: Vec<u8> = row.try_get(0)?;
        let (scorer, version): (String, String) = (row.try_get(1)?, row.try_get(4)?);
        let at = Timestamp(row.try_get(3)?);
        let word = Guarded { scorer: scorer.into(), grade: row.try_get(2)?, at, version: version.into() };
        words.entry(span_id(&id)?).or_default().push(word);
    }
    Ok(words)
}

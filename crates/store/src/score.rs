//! The score log: append only, numbered in commit order, each (span, scorer, version) once. Windows are a function of
//! it, so whoever reads it by `seq` misses nothing and sees nothing twice.

use std::sync::{Arc, LazyLock};

use sqlx::{
    AssertSqlSafe, Row, Sqlite, Transaction,
    sqlite::{SqliteConnection, SqliteRow},
};
use weir_core::{
    Grade, NanoUsd, ScorerName, SpanId, Timestamp,
    score::{Score, Source, Verdict},
};

use crate::{
    Error, Store,
    dataset::purged_of,
    value::{id_bytes, span_id, word},
};

/// What became of one delivered score.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Inserted {
    /// Its place in the log; for a duplicate, the place of the one that came first.
    pub seq: i64,
    /// True when the log already had it; the first word stays.
    pub duplicate: bool,
}

/// A score with its place in the log.
#[derive(Debug, Clone, PartialEq)]
pub struct ScoreRow {
    /// Its place in the log.
    pub seq: i64,
    /// The score.
    pub score: Score,
}

impl Store {
    /// Appends in one durable transaction; when this returns, the scores survive a power cut.
    ///
    /// # Errors
    /// `Unavailable`; none was written.
    pub async fn score_insert_many(&self, scores: &[Score]) -> Result<Vec<Inserted>, Error> {
        self.append(self.begin_control().await?, scores).await
    }

    /// Appends what a worker found, on the spans' connection and without a sync of its own: a power cut forgets the
    /// scores together with the end of their job, which then runs again. A killed process forgets nothing.
    ///
    /// # Errors
    /// `Unavailable`; none was written.
    pub async fn score_insert_worked(&self, scores: &[Score]) -> Result<Vec<Inserted>, Error> {
        self.append(self.begin_normal().await?, scores).await
    }

    async fn append(&self, mut tx: Transaction<'_, Sqlite>, scores: &[Score]) -> Result<Vec<Inserted>, Error> {
        // The write lock is held, so nobody else takes these numbers.
        let last: Option<i64> =
            sqlx::query_scalar("SELECT seq FROM sqlite_sequence WHERE name = 'score'").fetch_optional(&mut *tx).await?;
        let mut first = last.unwrap_or(0) + 1;
        let mut inserted = Vec::with_capacity(scores.len());
        let mut rest = scores;
        // A judge that was asked before a purge may quote what is gone.
        let judged = scores.iter().filter(|score| matches!(score.source, Source::Judge | Source::Battle));
        let purged = purged_of(&mut tx, judged.map(|score| score.span_id.to_string().into()).collect()).await?;
        let explained = |score: &Score| purged.is_empty() || !purged.contains(score.span_id.to_string().as_str());
        while let Some(wide) = WIDE.iter().find(|wide| wide.0 <= rest.len()) {
            let (chunk, after) = rest.split_at(wide.0);
            let mut query = sqlx::query(AssertSqlSafe(wide.1.as_str()));
            for (seq, score) in (first..).zip(chunk) {
                query = bind(query.bind(seq), score, explained(score));
            }
            let stored = query.execute(&mut *tx).await?.rows_affected();
            for (seq, score) in (first..).zip(chunk) {
                let found = if stored == chunk.len() as u64 { seq } else { seq_of(&mut tx, score).await? };
                inserted.push(Inserted { seq: found, duplicate: found != seq });
            }
            first += i64::try_from(chunk.len()).unwrap_or(i64::MAX);
            rest = after;
        }
        tx.commit().await?;
        let fresh = || inserted.iter().zip(scores).filter(|(row, _)| !row.duplicate);
        self.changes().keep_scores(fresh().map(|(row, score)| (row.seq, score)));
        if let Some(newest) = inserted.iter().map(|row| row.seq).max() {
            self.changes().scores(newest);
        }
        Ok(inserted)
    }

    /// Appends a word in the place of an earlier one of the same scorer version on the same span; its place in the log.
    ///
    /// # Errors
    /// `Unavailable`; nothing was changed.
    pub async fn score_replace(&self, score: &Score) -> Result<i64, Error> {
        let mut tx = self.begin_control().await?;
        sqlx::query("DELETE FROM score WHERE span_id = ? AND scorer = ? AND version = ?")
            .bind(id_bytes(score.span_id.bits()))
            .bind(score.scorer.as_str())
            .bind(&*score.version)
            .execute(&mut *tx)
            .await?;
        let inserted = self.append(tx, std::slice::from_ref(score)).await?;
        Ok(inserted.first().map_or(0, |inserted| inserted.seq))
    }

    /// The log after `seq`, in order. What this process has just written is answered from memory.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn score_since(&self, seq: i64, limit: u32) -> Result<Vec<(i64, Score)>, Error> {
        if let Some(kept) = self.changes().scores_after(seq, limit) {
            return Ok(kept);
        }
        let rows = sqlx::query(
            "SELECT seq, span_id, workload, segment, deployment, scorer, version, grade, unscored, source, \
             explanation, p_sample, propensity, cost_nano, at FROM score WHERE seq > ? ORDER BY seq LIMIT ?",
        )
        .bind(seq)
        .bind(limit)
        .fetch_all(self.readers())
        .await?;
        rows.iter().map(|row| read(row).map(|row| (row.seq, row.score))).collect()
    }

    /// Whether this scorer version has spoken on this span.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn score_exists(&self, span_id: SpanId, scorer: &ScorerName, version: &str) -> Result<bool, Error> {
        let found: Option<i64> =
            sqlx::query_scalar("SELECT seq FROM score WHERE span_id = ? AND scorer = ? AND version = ?")
                .bind(id_bytes(span_id.bits()))
                .bind(scorer.as_str())
                .bind(version)
                .fetch_optional(self.readers())
                .await?;
        Ok(found.is_some())
    }

    /// Takes back that this scorer version could not grade this span, so that it can be asked again. A grade stays.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn score_forget_unscored(
        &self,
        span_id: SpanId,
        scorer: &ScorerName,
        version: &str,
    ) -> Result<(), Error> {
        sqlx::query("DELETE FROM score WHERE span_id = ? AND scorer = ? AND version = ? AND grade IS NULL")
            .bind(id_bytes(span_id.bits()))
            .bind(scorer.as_str())
            .bind(version)
            .execute(self.pool())
            .await?;
        Ok(())
    }

    /// What scorers said of one span, in order of arrival; without the words where its own are held out.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn score_list(&self, span_id: SpanId) -> Result<Vec<ScoreRow>, Error> {
        let rows = sqlx::query(
            "SELECT seq, span_id, workload, segment, deployment, scorer, version, grade, unscored, source, \
             CASE WHEN NOT EXISTS (SELECT 1 FROM span_shut AS shut WHERE shut.id = score.span_id) THEN explanation END \
             AS explanation, p_sample, propensity, cost_nano, at FROM score WHERE span_id = ? ORDER BY seq",
        )
        .bind(id_bytes(span_id.bits()))
        .fetch_all(self.readers())
        .await?;
        rows.iter().map(read).collect()
    }
}

/// The statements for one number of rows. Few numbers, so that they stay prepared. `OR FAIL` as for spans.
static WIDE: LazyLock<[(usize, String); 3]> = LazyLock::new(|| {
    [64, 8, 1].map(|rows| {
        let values = vec!["(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"; rows].join(",");
        let insert = format!(
            "INSERT OR FAIL INTO score (seq, span_id, workload, segment, deployment, scorer, version, grade, unscored, \
             source, explanation, p_sample, propensity, cost_nano, at) VALUES {values} \
             ON CONFLICT (span_id, scorer, version) DO NOTHING"
        );
        (rows, insert)
    })
});

type Query<'q> = sqlx::query::Query<'q, Sqlite, sqlx::sqlite::SqliteArguments>;

fn bind<'q>(query: Query<'q>, score: &'q Score, explained: bool) -> Query<'q> {
    let (grade, unscored) = match &score.verdict {
        Verdict::Scored { grade } => (Some(grade.value()), None),
        Verdict::Unscored { reason } => (None, Some(reason.name())),
    };
    query
        .bind(id_bytes(score.span_id.bits()))
        .bind(Arc::clone(score.workload.shared()))
        .bind(Arc::clone(&score.segment))
        .bind(Arc::clone(score.deployment.shared()))
        .bind(Arc::clone(score.scorer.shared()))
        .bind(Arc::clone(&score.version))
        .bind(grade)
        .bind(unscored)
        .bind(score.source.name())
        .bind(score.explanation.as_deref().filter(|_| explained))
        .bind(score.p_sample)
        .bind(score.propensity)
        .bind(score.cost.0)
        .bind(score.at.0)
}

/// The place of the word that the log has from this scorer version on this span.
async fn seq_of(connection: &mut SqliteConnection, score: &Score) -> Result<i64, Error> {
    Ok(sqlx::query_scalar("SELECT seq FROM score WHERE span_id = ? AND scorer = ? AND version = ?")
        .bind(id_bytes(score.span_id.bits()))
        .bind(score.scorer.as_str())
        .bind(&*score.version)
        .fetch_one(connection)
        .await?)
}

fn read(row: &SqliteRow) -> Result<ScoreRow, Error> {
    let grade: Option<f64> = row.try_get("grade")?;
    let verdict = match grade {
        Some(grade) => Verdict::Scored { grade: Grade::new(grade).map_err(|error| Error::corrupt(error.to_string()))? },
        None => Verdict::Unscored { reason: word(row.try_get("unscored")?)? },
    };
    let text = |column: &str| row.try_get::<String, _>(column);
    Ok(ScoreRow {
        seq: row.try_get("seq")?,
        score: Score {
            span_id: span_id(row.try_get("span_id")?)?,
            workload: text("workload")?.into(),
            segment: text("segment")?.into(),
            deployment: text("deployment")?.into(),
            scorer: text("scorer")?.into(),
            version: text("version")?.into(),
            verdict,
            source: word(row.try_get("source")?)?,
            explanation: row.try_get("explanation")?,
            p_sample: row.try_get("p_sample")?,
            propensity: row.try_get("propensity")?,
            cost: NanoUsd(row.try_get("cost_nano")?),
            at: Timestamp(row.try_get("at")?),
        },
    })
}

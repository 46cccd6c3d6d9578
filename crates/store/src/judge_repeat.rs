//! What a judge said of an answer when it was asked a second time.

use weir_core::{ScorerName, SpanId, Timestamp};

use crate::{
    Error, Store,
    value::{count, id_bytes},
};

/// One answer, asked about twice.
#[derive(Debug, Clone, PartialEq)]
pub struct JudgeRepeat {
    /// The answer.
    pub span_id: SpanId,
    /// Who was asked.
    pub scorer: ScorerName,
    /// In which version.
    pub version: String,
    /// The grade that counts, `0..=1`.
    pub first: f64,
    /// The second grade; `None` where there was none.
    pub second: Option<f64>,
    /// When.
    pub at: Timestamp,
}

/// How far a version of a judge agrees with itself.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct JudgeRepeats {
    /// Answers with two grades.
    pub n: u64,
    /// Of these, those that passed once and failed once.
    pub flips: u64,
    /// Standard deviation of one grade about the judge's own mean of the same answer: `sqrt(Σd² / 2n)`.
    pub sd: f64,
    /// Answers whose second question brought no grade.
    pub unscored: u64,
}

impl Store {
    /// Notes a second word; the first note of an answer stays.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn judge_repeat_insert(&self, repeat: &JudgeRepeat) -> Result<(), Error> {
        sqlx::query(
            "INSERT INTO judge_repeat (span_id, scorer, version, first, second, at) VALUES (?,?,?,?,?,?) \
             ON CONFLICT DO NOTHING",
        )
        .bind(id_bytes(repeat.span_id.bits()))
        .bind(repeat.scorer.as_str())
        .bind(&repeat.version)
        .bind(repeat.first)
        .bind(repeat.second)
        .bind(repeat.at.0)
        .execute(self.pool())
        .await?;
        Ok(())
    }

    /// How far this version agrees with itself; a grade from `pass` on is a pass. `None` before the first repeat.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn judge_repeats(
        &self,
        scorer: &ScorerName,
        version: &str,
        pass: f64,
    ) -> Result<Option<JudgeRepeats>, Error> {
        let (all, n, flips, squares): (i64, i64, i64, f64) = sqlx::query_as(
            "SELECT count(*), count(second), coalesce(sum((first >= ?1) <> (second >= ?1)), 0), \
                 coalesce(sum((first - second) * (first - second)), 0.0) \
             FROM judge_repeat WHERE scorer = ?2 AND version = ?3",
        )
        .bind(pass)
        .bind(scorer.as_str())
        .bind(version)
        .fetch_one(self.readers())
        .await?;
        let pairs = count(n);
        Ok((all > 0).then(|| JudgeRepeats {
            n: pairs,
            flips: count(flips),
            sd: (squares / (2.0 * pairs.max(1) as f64)).sqrt(),
            unscored: count(all - n),
        }))
    }
}

//! Anchors: labelled answers that a judge grades again on schedule, and what each round found.

use std::{collections::HashMap, sync::Arc, time::Duration};

use sqlx::Row;
use weir_core::{ScorerName, SpanId, Timestamp};

use crate::{
    Error, Store,
    value::{count, int, span_id},
};

/// A judge's anchors and when they are graded.
#[derive(Debug, Clone, PartialEq)]
pub struct AnchorPlan {
    /// Whose.
    pub scorer: ScorerName,
    /// Between two rounds.
    pub every: Duration,
    /// When the set was chosen.
    pub set_at: Timestamp,
    /// Somebody asked for a round then.
    pub wanted_at: Timestamp,
    /// Answers in it.
    pub anchors: u64,
}

/// One answer of the set.
#[derive(Debug, Clone, PartialEq)]
pub struct Anchor {
    /// The label task it was.
    pub task: i64,
    /// The answer.
    pub span_id: SpanId,
    /// What people said, `0..=1`.
    pub human: f64,
}

/// One round.
#[derive(Debug, Clone, PartialEq)]
pub struct AnchorRun {
    /// Its place; 0 before it is stored.
    pub seq: i64,
    /// Whose.
    pub scorer: ScorerName,
    /// In which version.
    pub version: Arc<str>,
    /// When.
    pub at: Timestamp,
    /// Anchors that got a grade.
    pub graded: u64,
    /// Anchors that got none.
    pub unscored: u64,
    /// Judge less people.
    pub mean_error: Option<f64>,
    /// Against the first round of this version and set, with its standard error; none in that one.
    pub shift: Option<(f64, f64)>,
    /// Passes that became fails or the other way, against the round before.
    pub flips: Option<u64>,
    /// The judge does not say what it said.
    pub drifted: bool,
}

impl Store {
    /// Makes the newest labelled answers of a judge its anchors, `most` at most, and asks for a round at once. Returns
    /// how many there are.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn anchor_set(&self, scorer: &ScorerName, most: u32, every: Duration) -> Result<u64, Error> {
        let now = self.clock().now();
        let mut tx = self.begin_control().await?;
        sqlx::query(
            "INSERT INTO anchor_plan (scorer, every_s, set_at, wanted_at) VALUES (?1,?2,?3,?3) \
             ON CONFLICT (scorer) DO UPDATE SET every_s = ?2, set_at = ?3, wanted_at = ?3",
        )
        .bind(scorer.as_str())
        .bind(int(every.as_secs()))
        .bind(now.0)
        .execute(&mut *tx)
        .await?;
        sqlx::query("DELETE FROM anchor WHERE scorer = ?").bind(scorer.as_str()).execute(&mut *tx).await?;
        let set = sqlx::query(
            "INSERT INTO anchor (scorer, task, human) SELECT task.scorer, task.seq, label.value FROM label_task AS task \
             JOIN label ON label.seq = (SELECT min(seq) FROM label WHERE label.task = task.seq) \
             WHERE task.scorer = ? ORDER BY label.seq DESC LIMIT ?",
        )
        .bind(scorer.as_str())
        .bind(most)
        .execute(&mut *tx)
        .await?
        .rows_affected();
        tx.commit().await?;
        self.changes().control();
        Ok(set)
    }

    /// Asks for a round now.
    ///
    /// # Errors
    /// `NotFound` when the judge has no anchors, `Unavailable`.
    pub async fn anchor_want(&self, scorer: &ScorerName) -> Result<(), Error> {
        let mut tx = self.begin_control().await?;
        let wanted = sqlx::query("UPDATE anchor_plan SET wanted_at = ? WHERE scorer = ?")
            .bind(self.clock().now().0)
            .bind(scorer.as_str())
            .execute(&mut *tx)
            .await?;
        if wanted.rows_affected() == 0 {
            return Err(Error::not_found(format!("scorer `{scorer}` has no anchors")));
        }
        tx.commit().await?;
        Ok(())
    }

    /// Every set, by scorer.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn anchor_plans(&self) -> Result<Vec<AnchorPlan>, Error> {
        let rows: Vec<(String, i64, i64, i64, i64)> = sqlx::query_as(
            "SELECT scorer, every_s, set_at, wanted_at, \
                 (SELECT count(*) FROM anchor WHERE anchor.scorer = plan.scorer) FROM anchor_plan AS plan ORDER BY scorer",
        )
        .fetch_all(self.readers())
        .await?;
        let plan = |(scorer, every, set, wanted, anchors): (String, i64, i64, i64, i64)| AnchorPlan {
            scorer: scorer.into(),
            every: Duration::from_secs(count(every)),
            set_at: Timestamp(set),
            wanted_at: Timestamp(wanted),
            anchors: count(anchors),
        };
        Ok(rows.into_iter().map(plan).collect())
    }

    /// A judge's anchors.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn anchor_list(&self, scorer: &ScorerName) -> Result<Vec<Anchor>, Error> {
        let rows = sqlx::query(
            "SELECT anchor.task, task.span_id, anchor.human FROM anchor JOIN label_task AS task ON task.seq = anchor.task \
             WHERE anchor.scorer = ? ORDER BY anchor.task",
        )
        .bind(scorer.as_str())
        .fetch_all(self.readers())
        .await?;
        rows.iter()
            .map(|row| Ok(Anchor { task: row.try_get(0)?, span_id: span_id(row.try_get(1)?)?, human: row.try_get(2)? }))
            .collect()
    }

    /// Rounds of a judge, newest first.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn anchor_runs(&self, scorer: &ScorerName, limit: u32) -> Result<Vec<AnchorRun>, Error> {
        let rows = sqlx::query(
            "SELECT seq, scorer, version, at, graded, unscored, mean_error, shift, shift_error, flips, drifted \
             FROM anchor_run WHERE scorer = ? ORDER BY seq DESC LIMIT ?",
        )
        .bind(scorer.as_str())
        .bind(limit)
        .fetch_all(self.readers())
        .await?;
        rows.iter()
            .map(|row| {
                let shift: Option<f64> = row.try_get(7)?;
                Ok(AnchorRun {
                    seq: row.try_get(0)?,
                    scorer: row.try_get::<String, _>(1)?.into(),
                    version: row.try_get::<String, _>(2)?.into(),
                    at: Timestamp(row.try_get(3)?),
                    graded: count(row.try_get(4)?),
                    unscored: count(row.try_get(5)?),
                    mean_error: row.try_get(6)?,
                    shift: shift.zip(row.try_get(8)?),
                    flips: row.try_get::<Option<i64>, _>(9)?.map(count),
                    drifted: row.try_get(10)?,
                })
            })
            .collect()
    }

    /// The grades of one round, by task.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn anchor_grades(&self, run: i64) -> Result<HashMap<i64, f64>, Error> {
        let rows: Vec<(i64, f64)> = sqlx::query_as("SELECT task, grade FROM anchor_grade WHERE run = ?")
            .bind(run)
            .fetch_all(self.readers())
            .await?;
        Ok(rows.into_iter().collect())
    }

    /// Stores a round with its grades.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn anchor_run_insert(&self, run: &AnchorRun, grades: &HashMap<i64, f64>) -> Result<i64, Error> {
        let mut tx = self.begin_control().await?;
        let seq: i64 = sqlx::query_scalar(
            "INSERT INTO anchor_run (scorer, version, at, graded, unscored, mean_error, shift, shift_error, flips, drifted) \
             VALUES (?,?,?,?,?,?,?,?,?,?) RETURNING seq",
        )
        .bind(run.scorer.as_str())
        .bind(&*run.version)
        .bind(run.at.0)
        .bind(int(run.graded))
        .bind(int(run.unscored))
        .bind(run.mean_error)
        .bind(run.shift.map(|(shift, _)| shift))
        .bind(run.shift.map(|(_, error)| error))
        .bind(run.flips.map(int))
        .bind(run.drifted)
        .fetch_one(&mut *tx)
        .await?;
        for (task, grade) in grades {
            sqlx::query("INSERT INTO anchor_grade (run, task, grade) VALUES (?,?,?)")
                .bind(seq)
                .bind(task)
                .bind(grade)
                .execute(&mut *tx)
                .await?;
        }
        tx.commit().await?;
        self.changes().control();
        Ok(seq)
    }
}

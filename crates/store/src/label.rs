//! Labels by people: a random trickle of a judge's grades is queued, each answer is locked for whoever looks at it, and
//! what the judge said stays hidden until the label is in. Where several people label one answer, the first word is the
//! one that windows read.

use std::{sync::Arc, time::Duration};

use sqlx::{
    QueryBuilder, Row, Sqlite,
    sqlite::{SqliteConnection, SqliteRow},
};
use weir_core::{
    DeploymentId, ScorerName, SpanId, Timestamp, WorkloadId,
    entropy::{hash, mix, unit},
};

use crate::{
    Error, Page, Store,
    value::{count, id_bytes, span_id},
};

/// Scores looked at in one go.
const PAGE: i64 = 5_000;
/// Of queued answers, this share is labelled by two.
const DOUBLE: f64 = 0.1;

/// A scorer whose grades people label.
#[derive(Debug, Clone, PartialEq)]
pub struct LabelPlan {
    /// Which.
    pub scorer: ScorerName,
    /// Share of its grades, `0..=1`.
    pub share: f64,
    /// Answers that wait for a label.
    pub open: u64,
    /// Labels so far, of all versions.
    pub labels: u64,
}

/// An answer to label, locked for one person. Without the judge's grade.
#[derive(Debug, Clone, PartialEq)]
pub struct LabelTask {
    /// Its number.
    pub seq: i64,
    /// The answer.
    pub span_id: SpanId,
    /// Whose traffic.
    pub workload: WorkloadId,
    /// What is asked about it.
    pub scorer: ScorerName,
    /// When the lock ends.
    pub locked_until: Timestamp,
}

/// A label beside the judge's grade of the same answer.
#[derive(Debug, Clone, PartialEq)]
pub struct LabelRow {
    /// Its place in the log; the cursor.
    pub seq: i64,
    /// The task's number.
    pub task: i64,
    /// The answer.
    pub span_id: SpanId,
    /// Whose traffic.
    pub workload: WorkloadId,
    /// Whose answer.
    pub deployment: DeploymentId,
    /// Whose grade.
    pub scorer: ScorerName,
    /// In which version.
    pub version: Arc<str>,
    /// What the judge said, `0..=1`.
    pub judge: f64,
    /// What the person said, `0..=1`.
    pub human: f64,
    /// Who.
    pub annotator: String,
    /// Why, in their words.
    pub note: String,
    /// With which probability the answer was drawn, among those that the judge has graded.
    pub p_select: f64,
    /// With which probability the request took its route and the judge graded it; 1 once the grade is no longer kept.
    pub p_graded: f64,
    /// When the judge graded it.
    pub graded_at: Timestamp,
    /// When.
    pub at: Timestamp,
    /// Tokens of the answer, while the request is kept.
    pub output_tokens: Option<u64>,
}

/// A label as it is handed in.
#[derive(Debug, Clone, PartialEq)]
pub struct NewLabel {
    /// The task's number.
    pub task: i64,
    /// Who.
    pub annotator: String,
    /// `0..=1`.
    pub value: f64,
    /// Why, in their words.
    pub note: String,
    /// How long it took.
    pub seconds: Option<f64>,
}

const SELECT: &str = "SELECT label.seq, label.task, task.span_id, task.workload, task.deployment, task.scorer, \
     task.version, task.grade, label.value, label.annotator, \
     CASE WHEN EXISTS (SELECT 1 FROM span_shut AS shut WHERE shut.id = task.span_id) THEN '' ELSE label.note END, task.p_select, label.at, span.output_tokens, \
     coalesce(score.p_sample * score.propensity, 1.0), coalesce(score.at, task.created_at) \
     FROM label JOIN label_task AS task ON task.seq = label.task LEFT JOIN span ON span.id = task.span_id \
     LEFT JOIN score ON score.span_id = task.span_id AND score.scorer = task.scorer AND score.version = task.version WHERE ";

impl Store {
    /// Asks people about this share of a judge's grades from now on; 0 asks no more.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn label_plan_put(&self, scorer: &ScorerName, share: f64, author: &str) -> Result<(), Error> {
        let mut tx = self.begin_control().await?;
        // Grades of before a new plan are drawn from as well: the first labels need not wait for traffic.
        sqlx::query(
            "INSERT INTO label_plan (scorer, share, after_score, author, at) VALUES (?,?,0,?,?) \
             ON CONFLICT (scorer) DO UPDATE SET share = excluded.share, author = excluded.author, at = excluded.at",
        )
        .bind(scorer.as_str())
        .bind(share)
        .bind(author)
        .bind(self.clock().now().0)
        .execute(&mut *tx)
        .await?;
        fill(&mut tx, scorer, share, self.clock().now()).await?;
        tx.commit().await?;
        self.changes().control();
        Ok(())
    }

    /// Every plan, by scorer.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn label_plans(&self) -> Result<Vec<LabelPlan>, Error> {
        let rows: Vec<(String, f64, i64, i64)> = sqlx::query_as(
            "SELECT plan.scorer, plan.share, \
                 (SELECT count(*) FROM label_task AS task WHERE task.scorer = plan.scorer \
                   AND NOT EXISTS (SELECT 1 FROM label WHERE label.task = task.seq)), \
                 (SELECT count(*) FROM label JOIN label_task AS task ON task.seq = label.task \
                   WHERE task.scorer = plan.scorer) \
             FROM label_plan AS plan ORDER BY plan.scorer",
        )
        .fetch_all(self.readers())
        .await?;
        let plan = |(scorer, share, open, labels): (String, f64, i64, i64)| LabelPlan {
            scorer: scorer.into(),
            share,
            open: count(open),
            labels: count(labels),
        };
        Ok(rows.into_iter().map(plan).collect())
    }

    /// The next answer for this person, locked for `lock`: the one they hold already, or the oldest that nobody holds.
    /// New grades are drawn from first.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn label_next(
        &self,
        scorer: Option<&ScorerName>,
        annotator: &str,
        lock: Duration,
    ) -> Result<Option<LabelTask>, Error> {
        let now = self.clock().now();
        let until = Timestamp(now.0 + i64::try_from(lock.as_micros()).unwrap_or(i64::MAX / 2));
        let mut tx = self.begin_control().await?;
        let plans: Vec<(String, f64)> =
            sqlx::query_as("SELECT scorer, share FROM label_plan WHERE share > 0 AND (?1 IS NULL OR scorer = ?1)")
                .bind(scorer.map(ScorerName::as_str))
                .fetch_all(&mut *tx)
                .await?;
        for (scorer, share) in plans {
            fill(&mut tx, &scorer.into(), share, now).await?;
        }
        let row = sqlx::query(
            "UPDATE label_task SET owner = ?2, locked_until = ?4 WHERE seq = ( \
                 SELECT task.seq FROM label_task AS task \
                 WHERE (?1 IS NULL OR task.scorer = ?1) \
                   AND (task.owner IS NULL OR task.owner = ?2 OR task.locked_until <= ?3) \
                   AND (SELECT count(*) FROM label WHERE label.task = task.seq) < task.wanted \
                   AND NOT EXISTS (SELECT 1 FROM label WHERE label.task = task.seq AND label.annotator = ?2) \
                   AND NOT EXISTS (SELECT 1 FROM label_skip AS skip WHERE skip.task = task.seq AND skip.annotator = ?2) \
                   AND EXISTS (SELECT 1 FROM span_text AS texts WHERE texts.id = task.span_id) \
                 ORDER BY (coalesce(task.owner, '') = ?2 AND task.locked_until > ?3) DESC, task.seq LIMIT 1) \
             RETURNING seq, span_id, workload, scorer, locked_until",
        )
        .bind(scorer.map(ScorerName::as_str))
        .bind(annotator)
        .bind(now.0)
        .bind(until.0)
        .fetch_optional(&mut *tx)
        .await?;
        let task = row.as_ref().map(task).transpose()?;
        tx.commit().await?;
        Ok(task)
    }

    /// Takes a label in and lets the lock go.
    ///
    /// # Errors
    /// `NotFound` without such a task, `Conflict` when its lock is somebody else's or has ended, or when this person has
    /// labelled it before; `Unavailable`.
    pub async fn label_submit(&self, new: &NewLabel) -> Result<LabelRow, Error> {
        let now = self.clock().now();
        let mut tx = self.begin_control().await?;
        let found: Option<(Option<String>, i64)> =
            sqlx::query_as("SELECT owner, locked_until FROM label_task WHERE seq = ?")
                .bind(new.task)
                .fetch_optional(&mut *tx)
                .await?;
        let (owner, until) = found.ok_or_else(|| Error::not_found(format!("there is no label task {}", new.task)))?;
        if owner.as_deref() != Some(new.annotator.as_str()) || until <= now.0 {
            return Err(Error::conflict(format!("label task {} is not locked for you, or not any more", new.task)));
        }
        let seq: Option<i64> = sqlx::query_scalar(
            "INSERT INTO label (task, annotator, value, note, seconds, at) VALUES (?,?,?,?,?,?) \
             ON CONFLICT (task, annotator) DO NOTHING RETURNING seq",
        )
        .bind(new.task)
        .bind(&new.annotator)
        .bind(new.value)
        .bind(&new.note)
        .bind(new.seconds)
        .bind(now.0)
        .fetch_optional(&mut *tx)
        .await?;
        let seq = seq.ok_or_else(|| Error::conflict(format!("you have labelled task {} before", new.task)))?;
        sqlx::query("UPDATE label_task SET owner = NULL, locked_until = 0 WHERE seq = ?")
            .bind(new.task)
            .execute(&mut *tx)
            .await?;
        let mut query = QueryBuilder::<Sqlite>::new(SELECT);
        query.push("label.seq = ").push_bind(seq);
        let row = read(&query.build().fetch_one(&mut *tx).await?)?;
        tx.commit().await?;
        self.changes().control();
        Ok(row)
    }

    /// This person does not want to label it; others may.
    ///
    /// # Errors
    /// `Conflict` when it is not locked for them, `Unavailable`.
    pub async fn label_skip(&self, task: i64, annotator: &str) -> Result<(), Error> {
        let mut tx = self.begin_control().await?;
        let freed = sqlx::query("UPDATE label_task SET owner = NULL, locked_until = 0 WHERE seq = ? AND owner = ?")
            .bind(task)
            .bind(annotator)
            .execute(&mut *tx)
            .await?;
        if freed.rows_affected() == 0 {
            return Err(Error::conflict(format!("label task {task} is not locked for you")));
        }
        sqlx::query("INSERT INTO label_skip (task, annotator, at) VALUES (?,?,?) ON CONFLICT DO NOTHING")
            .bind(task)
            .bind(annotator)
            .bind(self.clock().now().0)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Labels, newest first.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn label_list(
        &self,
        scorer: Option<&ScorerName>,
        cursor: Option<i64>,
        limit: u32,
    ) -> Result<Page<LabelRow>, Error> {
        let mut query = QueryBuilder::<Sqlite>::new(SELECT);
        query.push("label.seq < ").push_bind(cursor.unwrap_or(i64::MAX));
        if let Some(scorer) = scorer {
            query.push(" AND task.scorer = ").push_bind(scorer.to_string());
        }
        query.push(" ORDER BY label.seq DESC LIMIT ").push_bind(i64::from(limit) + 1);
        let rows = query.build().fetch_all(self.readers()).await?;
        let mut items = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = items.len() > wanted;
        items.truncate(wanted);
        let next = items.last().filter(|_| more).map(|row| row.seq);
        Ok(Page { items, next })
    }

    /// First labels of answers after `seq`, in order: what windows are corrected by.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn label_since(&self, seq: i64, limit: u32) -> Result<Vec<LabelRow>, Error> {
        let mut query = QueryBuilder::<Sqlite>::new(SELECT);
        query.push("label.seq > ").push_bind(seq).push(FIRST).push(" ORDER BY label.seq LIMIT ").push_bind(limit);
        let rows = query.build().fetch_all(self.readers()).await?;
        rows.iter().map(read).collect()
    }

    /// Every label of one version of a scorer, in order; of all versions without one.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn label_pairs(&self, scorer: &ScorerName, version: Option<&str>) -> Result<Vec<LabelRow>, Error> {
        let mut query = QueryBuilder::<Sqlite>::new(SELECT);
        query.push("task.scorer = ").push_bind(scorer.to_string());
        if let Some(version) = version {
            query.push(" AND task.version = ").push_bind(version.to_owned());
        }
        query.push(" ORDER BY label.seq");
        let rows = query.build().fetch_all(self.readers()).await?;
        rows.iter().map(read).collect()
    }
}

/// The first word on its answer.
const FIRST: &str = " AND label.seq = (SELECT min(seq) FROM label AS first WHERE first.task = label.task)";

/// Draws from the judge's grades that were not looked at. A hash of the answer decides, so that a smaller share is a
/// part of a larger one and two processes draw the same.
async fn fill(connection: &mut SqliteConnection, scorer: &ScorerName, share: f64, now: Timestamp) -> Result<(), Error> {
    let salt = hash(scorer.as_str());
    loop {
        let rows = sqlx::query(
            "SELECT score.seq, score.span_id, score.workload, score.deployment, score.version, score.grade FROM score \
             JOIN label_plan AS plan ON plan.scorer = score.scorer \
             WHERE score.scorer = ? AND score.seq > plan.after_score AND score.grade IS NOT NULL \
               AND score.source = 'judge' AND score.segment NOT IN ('probe', 'shadow') ORDER BY score.seq LIMIT ?",
        )
        .bind(scorer.as_str())
        .bind(PAGE)
        .fetch_all(&mut *connection)
        .await?;
        let Some(last) = rows.last().map(|row| row.try_get::<i64, _>(0)).transpose()? else {
            return Ok(());
        };
        for row in &rows {
            let id = span_id(row.try_get(1)?)?;
            let place = unit(mix(salt ^ mix(id.bits() as u64 ^ mix((id.bits() >> 64) as u64))));
            if place >= share {
                continue;
            }
            sqlx::query(
                "INSERT INTO label_task (span_id, workload, deployment, scorer, version, grade, p_select, wanted, created_at) \
                 SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9 WHERE EXISTS ( \
                     SELECT 1 FROM span_text AS texts WHERE texts.id = ?1) \
                 ON CONFLICT (span_id, scorer, version) DO NOTHING",
            )
            .bind(id_bytes(id.bits()))
            .bind(row.try_get::<String, _>(2)?)
            .bind(row.try_get::<String, _>(3)?)
            .bind(scorer.as_str())
            .bind(row.try_get::<String, _>(4)?)
            .bind(row.try_get::<f64, _>(5)?)
            .bind(share)
            .bind(if place < share * DOUBLE { 2 } else { 1 })
            .bind(now.0)
            .execute(&mut *connection)
            .await?;
        }
        sqlx::query("UPDATE label_plan SET after_score = ? WHERE scorer = ?")
            .bind(last)
            .bind(scorer.as_str())
            .execute(&mut *connection)
            .await?;
    }
}

fn task(row: &SqliteRow) -> Result<LabelTask, Error> {
    Ok(LabelTask {
        seq: row.try_get(0)?,
        span_id: span_id(row.try_get(1)?)?,
        workload: row.try_get::<String, _>(2)?.into(),
        scorer: row.try_get::<String, _>(3)?.into(),
        locked_until: Timestamp(row.try_get(4)?),
    })
}

fn read(row: &SqliteRow) -> Result<LabelRow, Error> {
    let text = |index: usize| row.try_get::<String, _>(index);
    Ok(LabelRow {
        seq: row.try_get(0)?,
        task: row.try_get(1)?,
        span_id: span_id(row.try_get(2)?)?,
        workload: text(3)?.into(),
        deployment: text(4)?.into(),
        scorer: text(5)?.into(),
        version: text(6)?.into(),
        judge: row.try_get(7)?,
        human: row.try_get(8)?,
        annotator: text(9)?,
        note: text(10)?,
        p_select: row.try_get(11)?,
        at: Timestamp(row.try_get(12)?),
        output_tokens: row.try_get::<Option<i64>, _>(13)?.map(count),
        p_graded: row.try_get(14)?,
        graded_at: Timestamp(row.try_get(15)?),
    })
}

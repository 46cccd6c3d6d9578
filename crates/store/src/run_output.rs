//! What the arms of a run answered, and what scorers said of it. An answer is stored once; storing it again changes
//! nothing, so a run that was cut off can be gone on with.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
    sync::Arc,
};

use sqlx::{
    Row,
    sqlite::{SqliteConnection, SqliteRow},
};
use weir_core::{
    Grade, NanoUsd, Timestamp,
    run::{RunAnswers, RunOutput, RunScore},
    score::{Unscored, Verdict},
};

use crate::{
    Error, Store,
    run::RunRow,
    value::{count, id_bytes, int, span_id, to_json, word},
};

impl Store {
    /// Stores answers with their scores; what is stored already keeps its answer and gains the scores it lacks. The
    /// cost of judges is added to the run's.
    ///
    /// # Errors
    /// `Unavailable`; none was written.
    pub async fn run_output_put(&self, run: i64, outputs: &[RunOutput]) -> Result<(), Error> {
        if outputs.is_empty() {
            return Ok(());
        }
        let mut tx = self.begin_normal().await?;
        let mut judged = 0;
        let purged = purged(&mut tx, run, outputs).await?;
        for output in outputs {
            let output = match purged.contains(&output.ord) {
                true => Cow::Owned(wordless(output)),
                false => Cow::Borrowed(output),
            };
            let seq = insert(&mut tx, run, &output).await?;
            for score in &output.scores {
                let (grade, unscored) = match &score.verdict {
                    Verdict::Scored { grade } => (Some(grade.value()), None),
                    Verdict::Unscored { reason } => (None, Some(reason.name())),
                };
                let stored = sqlx::query(
                    "INSERT INTO run_score (output, scorer, version, grade, raw, unscored, explanation, cost_nano) \
                     VALUES (?,?,?,?,?,?,?,?) ON CONFLICT (output, scorer) DO NOTHING",
                )
                .bind(seq)
                .bind(&score.scorer)
                .bind(&score.version)
                .bind(grade)
                .bind(score.raw.filter(|raw| raw.is_finite()))
                .bind(unscored)
                .bind(&score.explanation)
                .bind(score.cost.0)
                .execute(&mut *tx)
                .await?;
                judged += i64::try_from(stored.rows_affected()).unwrap_or(0) * score.cost.0;
            }
        }
        sqlx::query("UPDATE experiment_run SET cost_nano = cost_nano + ? WHERE seq = ?")
            .bind(judged)
            .bind(run)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        self.changes().runs();
        Ok(())
    }

    /// The answers of a run at these places, in order of place; all when none are given.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn run_outputs(&self, run: i64, places: Option<&[u32]>) -> Result<Vec<RunOutput>, Error> {
        let places = places.map(|places| to_json(&places)).transpose()?;
        let rows = sqlx::query(
            "SELECT * FROM run_output WHERE run = ?1 AND (?2 IS NULL OR ord IN (SELECT value FROM json_each(?2))) \
             ORDER BY ord, arm, trial",
        )
        .bind(run)
        .bind(&places)
        .fetch_all(self.readers())
        .await?;
        let mut scores: HashMap<i64, Vec<RunScore>> = HashMap::new();
        let marks = sqlx::query(
            "SELECT run_score.* FROM run_output JOIN run_score ON run_score.output = run_output.seq \
             WHERE run = ?1 AND (?2 IS NULL OR ord IN (SELECT value FROM json_each(?2)))",
        )
        .bind(run)
        .bind(&places)
        .fetch_all(self.readers())
        .await?;
        for mark in &marks {
            scores.entry(mark.try_get("output")?).or_default().push(read_score(mark)?);
        }
        rows.iter()
            .map(|row| {
                let output = read(row)?;
                Ok(RunOutput { scores: scores.remove(&output.seq).unwrap_or_default(), ..output })
            })
            .collect()
    }

    /// All answers of a run, and those of the earlier run that it is compared with, when that one is still there.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn run_answers(
        &self,
        own: &RunRow,
        earlier: Option<&str>,
    ) -> Result<(RunAnswers, Option<RunAnswers>), Error> {
        let own = self.answers(own).await?;
        let earlier = match earlier {
            Some(id) => self.run_get(id).await?,
            None => None,
        };
        Ok(match earlier {
            Some(earlier) => (own, Some(self.answers(&earlier).await?)),
            None => (own, None),
        })
    }

    async fn answers(&self, row: &RunRow) -> Result<RunAnswers, Error> {
        let places = self.run_places(row.seq).await?;
        let items = places.into_iter().map(|(hash, place)| (place, Arc::from(hash))).collect();
        let order: serde_json::Value =
            serde_json::from_str(&row.run.body).map_err(|error| Error::corrupt(error.to_string()))?;
        let first = order.pointer("/arms/0/name").and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
        let outputs = self.run_outputs(row.seq, None).await?;
        Ok(RunAnswers { run: row.run.id.clone(), first, items, outputs })
    }

    /// Mean grades of finished runs by (workload, deployment, scorer, version): the newest finished run of each suite
    /// speaks. For priors of quality windows.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn run_means(&self) -> Result<Vec<RunMean>, Error> {
        let rows = sqlx::query(
            "SELECT run.workload, run_output.deployment, run_score.scorer, run_score.version, avg(grade), count(grade), \
             max(run.ended_at) FROM experiment_run AS run \
             JOIN run_output ON run_output.run = run.seq JOIN run_score ON run_score.output = run_output.seq \
             WHERE run.status = 'done' AND run_output.deployment IS NOT NULL AND grade IS NOT NULL \
               AND run.seq IN (SELECT max(seq) FROM experiment_run WHERE status = 'done' GROUP BY suite, workload) \
             GROUP BY 1, 2, 3, 4",
        )
        .fetch_all(self.readers())
        .await?;
        rows.iter()
            .map(|row| {
                Ok(RunMean {
                    workload: row.try_get(0)?,
                    deployment: row.try_get(1)?,
                    scorer: row.try_get(2)?,
                    version: row.try_get(3)?,
                    mean: row.try_get(4)?,
                    n: count(row.try_get(5)?),
                    at: Timestamp(row.try_get(6)?),
                })
            })
            .collect()
    }

    /// When the newest finished run ended.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn run_newest_end(&self) -> Result<Option<Timestamp>, Error> {
        let at: Option<i64> = sqlx::query_scalar("SELECT max(ended_at) FROM experiment_run WHERE status = 'done'")
            .fetch_one(self.readers())
            .await?;
        Ok(at.map(Timestamp))
    }

    /// The newest run of a suite that passed its gates on this content; one that was inconclusive or had no gates where
    /// none has.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn run_baseline(&self, suite: &str, dataset_version: &str) -> Result<Option<RunRow>, Error> {
        let id: Option<String> = sqlx::query_scalar(
            "SELECT id FROM experiment_run WHERE suite = ? AND dataset_version = ? AND status = 'done' \
             AND verdict IN ('pass', 'inconclusive', 'ungated') ORDER BY verdict = 'pass' DESC, seq DESC LIMIT 1",
        )
        .bind(suite)
        .bind(dataset_version)
        .fetch_optional(self.readers())
        .await?;
        match id {
            Some(id) => self.run_get(&id).await,
            None => Ok(None),
        }
    }
}

/// What a suite's newest finished run says of one deployment.
#[derive(Debug, Clone, PartialEq)]
pub struct RunMean {
    /// Whose traffic the suite stands for.
    pub workload: String,
    /// Whose answers.
    pub deployment: String,
    /// Which scorer.
    pub scorer: String,
    /// In which version.
    pub version: String,
    /// Mean grade, `0..=1`.
    pub mean: f64,
    /// Graded answers.
    pub n: u64,
    /// When the run ended.
    pub at: Timestamp,
}

/// An answer of which nothing is left but that there was one.
pub(crate) const NO_WORDS: &str = "{\"text\":\"\"}";
/// What stands in the place of a reason that may have quoted what was purged.
pub(crate) const PURGED: &str = "purged";

/// The same without what was said, and without what was said of that.
fn wordless(output: &RunOutput) -> RunOutput {
    let scores = output.scores.iter().map(|score| RunScore { explanation: None, ..score.clone() });
    let said = output.said.as_ref().map(|_| NO_WORDS.to_owned()).map_err(|_| PURGED.to_owned());
    RunOutput { said, scores: scores.collect(), ..output.clone() }
}

/// Places of answers whose item was purged while it was asked.
async fn purged(connection: &mut SqliteConnection, run: i64, outputs: &[RunOutput]) -> Result<HashSet<u32>, Error> {
    let places: Vec<u32> = outputs.iter().map(|output| output.ord).collect();
    let purged: Vec<u32> = sqlx::query_scalar(
        "SELECT place.ord FROM run_item AS place JOIN dataset_item AS item ON item.hash = place.hash \
         WHERE place.run = ? AND place.ord IN (SELECT value FROM json_each(?)) AND item.purged_at IS NOT NULL",
    )
    .bind(run)
    .bind(to_json(&places)?)
    .fetch_all(connection)
    .await?;
    Ok(purged.into_iter().collect())
}

/// Stores one answer without its scores; its number.
pub(crate) async fn insert(connection: &mut SqliteConnection, run: i64, output: &RunOutput) -> Result<i64, Error> {
    let (said, error) = match &output.said {
        Ok(said) => (Some(said), None),
        Err(error) => (None, Some(error)),
    };
    Ok(sqlx::query_scalar(
        "INSERT INTO run_output (run, ord, arm, trial, output, error, span_id, deployment, cost_nano, \
         latency_us, input_tokens, output_tokens, at) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?) \
         ON CONFLICT (run, ord, arm, trial) DO UPDATE SET at = at RETURNING seq",
    )
    .bind(run)
    .bind(output.ord)
    .bind(&output.arm)
    .bind(output.trial)
    .bind(said)
    .bind(error)
    .bind(output.span_id.map(|id| id_bytes(id.bits())))
    .bind(&output.deployment)
    .bind(output.cost.map(|cost| cost.0))
    .bind(output.latency_us.map(int))
    .bind(output.input_tokens.map(int))
    .bind(output.output_tokens.map(int))
    .bind(output.at.0)
    .fetch_one(connection)
    .await?)
}

fn read(row: &SqliteRow) -> Result<RunOutput, Error> {
    let tokens = |column: &str| Ok::<_, Error>(row.try_get::<Option<i64>, _>(column)?.map(count));
    let error: Option<String> = row.try_get("error")?;
    let span: Option<Vec<u8>> = row.try_get("span_id")?;
    Ok(RunOutput {
        seq: row.try_get("seq")?,
        ord: row.try_get("ord")?,
        arm: row.try_get("arm")?,
        trial: row.try_get("trial")?,
        said: match error {
            Some(error) => Err(error),
            None => Ok(row.try_get("output")?),
        },
        span_id: span.map(|bytes| span_id(&bytes)).transpose()?,
        deployment: row.try_get("deployment")?,
        cost: row.try_get::<Option<i64>, _>("cost_nano")?.map(NanoUsd),
        latency_us: tokens("latency_us")?,
        input_tokens: tokens("input_tokens")?,
        output_tokens: tokens("output_tokens")?,
        at: Timestamp(row.try_get("at")?),
        scores: Vec::new(),
    })
}

fn read_score(row: &SqliteRow) -> Result<RunScore, Error> {
    let grade: Option<f64> = row.try_get("grade")?;
    let verdict = match grade {
        Some(grade) => Verdict::Scored { grade: Grade::new(grade).map_err(|error| Error::corrupt(error.to_string()))? },
        None => {
            let reason: Unscored = word(row.try_get("unscored")?)?;
            Verdict::Unscored { reason }
        }
    };
    Ok(RunScore {
        scorer: row.try_get("scorer")?,
        version: row.try_get("version")?,
        verdict,
        raw: row.try_get("raw")?,
        explanation: row.try_get("explanation")?,
        cost: NanoUsd(row.try_get("cost_nano")?),
    })
}

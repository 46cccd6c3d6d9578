//! What each scorer cost, and how soon its grades come.

use std::{collections::BTreeMap, time::Duration};

use sqlx::Row;
use weir_core::{NanoUsd, ScorerName, Timestamp};

use crate::{Error, Store, value::count};

/// Newest scores that delays are read from: each one's request has to be found.
const TIMED: u32 = 5_000;

/// One scorer's word since some time, in sums.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScorerSum {
    /// Which.
    pub scorer: ScorerName,
    /// Answers that it had a word on, with a grade or without.
    pub answers: u64,
    /// Of those, the ones it could not grade.
    pub unscored: u64,
    /// All its words together.
    pub cost: NanoUsd,
    /// From the end of the answer to the grade: half of the newest came sooner; `None` where no request is known any more.
    pub p50: Option<Duration>,
    /// The same for 95 of 100.
    pub p95: Option<Duration>,
}

impl Store {
    /// What each scorer said of live answers since then and what that cost, by name. Delays are of the newest 5,000 scores
    /// of all scorers together.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn scorer_sums(&self, since: Timestamp) -> Result<Vec<ScorerSum>, Error> {
        let sums = sqlx::query(
            "SELECT scorer, count(*), count(unscored), sum(cost_nano) FROM score WHERE at >= ? GROUP BY scorer ORDER BY 1",
        )
        .bind(since.0)
        .fetch_all(self.readers())
        .await?;
        let delays: Vec<(String, i64)> = sqlx::query_as(
            "SELECT s.scorer, max(0, s.at - span.started_at - span.latency_us) \
             FROM (SELECT scorer, span_id, at FROM score WHERE at >= ? ORDER BY seq DESC LIMIT ?) AS s \
             JOIN span ON span.id = s.span_id ORDER BY 1, 2",
        )
        .bind(since.0)
        .bind(TIMED)
        .fetch_all(self.readers())
        .await?;
        let mut by_scorer: BTreeMap<String, Vec<i64>> = BTreeMap::new();
        for (scorer, delay) in delays {
            by_scorer.entry(scorer).or_default().push(delay);
        }
        sums.iter()
            .map(|row| {
                let scorer: String = row.try_get(0)?;
                let delays = by_scorer.get(&scorer).map(Vec::as_slice).unwrap_or_default();
                Ok(ScorerSum {
                    answers: count(row.try_get(1)?),
                    unscored: count(row.try_get(2)?),
                    cost: NanoUsd(row.try_get(3)?),
                    p50: quantile(delays, 50),
                    p95: quantile(delays, 95),
                    scorer: scorer.into(),
                })
            })
            .collect()
    }
}

/// The smallest of the sorted microseconds that `percent` of 100 of them do not exceed.
fn quantile(sorted: &[i64], percent: usize) -> Option<Duration> {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).map(|us| Duration::from_micros(count(*us)))
}

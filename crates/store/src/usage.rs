//! Sums over client requests: counts, tokens, money, latency quantiles. weir's own judge and eval calls are left out;
//! scores carry what scoring cost. Read from the sums per minute, so the work depends on the length of the range and
//! not on the traffic.

use std::collections::BTreeMap;

use sqlx::sqlite::SqliteRow;
use weir_core::{DeploymentId, NanoUsd, Timestamp, WorkloadId};

use crate::{
    Error, Store,
    minute::{self, Minute},
    sum::Sum,
};

/// Sums over some requests.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Usage {
    /// Whose traffic; `None` when all are summed.
    pub workload: Option<WorkloadId>,
    /// Who answered last; `None` when all are summed, or nothing was tried.
    pub deployment: Option<DeploymentId>,
    /// All of them.
    pub requests: u64,
    /// Failed ones.
    pub failed: u64,
    /// Those whose client left.
    pub cancelled: u64,
    /// Those that took more than one attempt.
    pub fell_back: u64,
    /// Those whose cost is known.
    pub priced: u64,
    /// Sum of the known costs.
    pub cost: NanoUsd,
    /// Prompt tokens.
    pub input_tokens: u64,
    /// Of those, read from the provider's cache.
    pub cached_tokens: u64,
    /// Completion tokens.
    pub output_tokens: u64,
    /// Median latency of whole answers in microseconds, within 1 %; `None` without one.
    pub p50_us: Option<f64>,
    /// 95th percentile, likewise.
    pub p95_us: Option<f64>,
    /// Ends between which the true 95th percentile lies in 95 %.
    pub p95_ci_us: Option<[f64; 2]>,
}

type Key = (Option<WorkloadId>, Option<DeploymentId>);

/// In all of these `since` is rounded down to its minute.
impl Store {
    /// All client requests together.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn usage_total(&self, since: Timestamp) -> Result<Usage, Error> {
        let rows = self.minutes(None, minute::of(since), i64::MAX).await?;
        let mut groups = fold(&rows, |_| (None, None))?;
        Ok(groups.pop().unwrap_or_default())
    }

    /// Per workload, by name.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn usage_by_workload(&self, since: Timestamp) -> Result<Vec<Usage>, Error> {
        let rows = self.minutes(None, minute::of(since), i64::MAX).await?;
        fold(&rows, |minute| (Some(minute.workload.clone()), None))
    }

    /// Per deployment, by name, of one workload or of all together.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn usage_by_deployment(
        &self,
        workload: Option<&WorkloadId>,
        since: Timestamp,
    ) -> Result<Vec<Usage>, Error> {
        let rows = self.minutes(workload, minute::of(since), i64::MAX).await?;
        fold(&rows, |minute| (workload.cloned(), minute.deployment.clone()))
    }
}

fn fold(rows: &[SqliteRow], key: impl Fn(&Minute) -> Key) -> Result<Vec<Usage>, Error> {
    let mut groups: BTreeMap<Key, Sum> = BTreeMap::new();
    for row in rows {
        let minute = Minute::read(row)?;
        groups.entry(key(&minute)).or_default().merge(&minute.sum);
    }
    Ok(groups.into_iter().map(|((workload, deployment), sum)| Usage { workload, deployment, ..sum.finish() }).collect())
}

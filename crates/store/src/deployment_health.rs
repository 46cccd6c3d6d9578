//! How deployments did in the last minutes: what a row of dots and a few figures are drawn from.

use std::collections::BTreeMap;

use sqlx::Row;
use weir_core::{DeploymentId, Timestamp};

use crate::{
    Error, Store,
    minute::{self, MINUTE_US, Minute},
    value::count,
};

/// Streams looked at for the time to their first byte.
const NEWEST: i64 = 5_000;

/// One minute of one deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HealthMinute {
    /// Its start.
    pub at: Timestamp,
    /// Client requests that ended there.
    pub requests: u64,
    /// Those of them that failed.
    pub failed: u64,
}

impl Store {
    /// Minutes with traffic since then, oldest first, by deployment and over all workloads.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn health_minutes(&self, since: Timestamp) -> Result<BTreeMap<DeploymentId, Vec<HealthMinute>>, Error> {
        let mut minutes: BTreeMap<(DeploymentId, i64), (u64, u64)> = BTreeMap::new();
        for row in &self.minutes(None, minute::of(since), i64::MAX).await? {
            let Minute { minute, deployment: Some(deployment), sum, .. } = Minute::read(row)? else {
                continue;
            };
            let counts = minutes.entry((deployment, minute)).or_default();
            counts.0 += sum.usage.requests;
            counts.1 += sum.usage.failed;
        }
        let mut health: BTreeMap<DeploymentId, Vec<HealthMinute>> = BTreeMap::new();
        for ((deployment, minute), (requests, failed)) in minutes {
            let at = Timestamp(minute.saturating_mul(MINUTE_US));
            health.entry(deployment).or_default().push(HealthMinute { at, requests, failed });
        }
        Ok(health)
    }

    /// Median time to the first byte of streams since then, in microseconds, by deployment; read from the newest 5,000
    /// requests.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn ttft_medians(&self, since: Timestamp) -> Result<BTreeMap<DeploymentId, u64>, Error> {
        let rows = sqlx::query(
            "SELECT deployment, ttft_us FROM (SELECT deployment, ttft_us, started_at, origin FROM span \
             ORDER BY seq DESC LIMIT ?1) \
             WHERE started_at >= ?2 AND origin = 'client' AND ttft_us IS NOT NULL AND deployment IS NOT NULL \
             ORDER BY deployment, ttft_us",
        )
        .bind(NEWEST)
        .bind(since.0)
        .fetch_all(self.readers())
        .await?;
        let mut sorted: BTreeMap<DeploymentId, Vec<u64>> = BTreeMap::new();
        for row in rows {
            sorted.entry(row.try_get::<&str, _>(0)?.into()).or_default().push(count(row.try_get(1)?));
        }
        Ok(sorted.into_iter().filter_map(|(id, times)| Some((id, *times.get(times.len() / 2)?))).collect())
    }
}

//! What the demo shows and what it proves, read from the store and the snapshot like anybody would.

use std::time::Duration;

use serde::Serialize;
use weir_core::{CanaryId, NanoUsd, Timestamp, WorkloadId, canary::CanaryState};
use weir_router::SnapshotCell;
use weir_store::Store;

/// How far back "now" reaches in a frame and in the final figures.
const RECENT: Duration = Duration::from_secs(8);

/// One workload at one moment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WorkloadFigures {
    /// Its name.
    pub workload: String,
    /// The deployment that serves.
    pub stable: String,
    /// Least acceptable quality.
    pub floor: f64,
    /// The window of the deployment that serves: mean.
    pub quality: Option<f64>,
    /// And its lower bound.
    pub quality_lower: Option<f64>,
    /// Mean grade of what was served in the last seconds.
    pub served_quality: Option<f64>,
    /// Dollars per thousand requests in the last seconds.
    pub cost_per_1k_usd: Option<f64>,
    /// Requests in the last seconds.
    pub requests: u64,
}

/// One canary at one moment, or at its end.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CanaryFigures {
    /// Its id.
    pub id: String,
    /// Whose traffic.
    pub workload: String,
    /// The newcomer.
    pub candidate: String,
    /// Where it stands.
    pub state: CanaryState,
    /// Share of units per arm.
    pub share: f64,
    /// Pairs that decided.
    pub pairs: u64,
    /// Mean difference.
    pub delta: f64,
    /// Its anytime-valid 95 % band.
    pub band: [f64; 2],
    /// Why, in one sentence.
    pub reason: String,
}

/// Reads a workload's figures.
pub(super) async fn workload(
    store: &Store,
    snapshots: &SnapshotCell,
    now: Timestamp,
    id: &WorkloadId,
) -> anyhow::Result<Option<WorkloadFigures>> {
    let snapshot = snapshots.load();
    let Some(view) = snapshot.workloads.get(id) else { return Ok(None) };
    let Some(stable) = view.candidates.iter().find(|candidate| candidate.stable) else { return Ok(None) };
    let (name, quality, floor) = (stable.deployment.id.to_string(), stable.quality, view.workload.floor.unwrap_or(0.0));
    let scorer = view.workload.quality.clone();
    drop(snapshot);
    let seconds = u32::try_from(RECENT.as_secs()).unwrap_or(1);
    let series = store.series(id, &scorer, now.minus(RECENT), seconds, 1).await?;
    let (mut requests, mut cost, mut graded, mut sum) = (0, NanoUsd::ZERO, 0, 0.0);
    for line in &series {
        requests += line.requests.iter().sum::<u64>();
        cost += line.cost.iter().copied().sum();
        for (mean, n) in line.quality.iter().zip(&line.quality_n) {
            graded += n;
            sum += mean.unwrap_or(0.0) * *n as f64;
        }
    }
    Ok(Some(WorkloadFigures {
        workload: id.to_string(),
        stable: name,
        floor,
        quality: quality.map(|quality| quality.mean),
        quality_lower: quality.map(|quality| quality.lower),
        served_quality: (graded > 0).then(|| sum / graded as f64),
        cost_per_1k_usd: (requests > 0).then(|| cost.as_usd() * 1_000.0 / requests as f64),
        requests,
    }))
}

/// Reads a canary's figures: its newest transition tells the numbers.
pub(super) async fn canary(store: &Store, id: &CanaryId) -> anyhow::Result<Option<CanaryFigures>> {
    let Some(canary) = store.canary_get(id).await? else { return Ok(None) };
    let events = store.canary_event_list(id).await?;
    let evidence = events.last().map(|event| event.evidence.clone());
    Ok(Some(CanaryFigures {
        id: canary.id.to_string(),
        workload: canary.workload.to_string(),
        candidate: canary.candidate.to_string(),
        state: canary.state,
        share: canary.plan.steps.get(canary.step).copied().unwrap_or(0.0),
        pairs: evidence.as_ref().map_or(0, |evidence| evidence.pairs),
        delta: evidence.as_ref().map_or(0.0, |evidence| evidence.delta),
        band: evidence.map_or([-1.0, 1.0], |evidence| [evidence.lower, evidence.upper]),
        reason: canary.reason,
    }))
}

//! The reconciler "canary": each active canary's exposures into pairs, pairs into a verdict, the verdict into the next
//! state, written only if the canary is still the one that was read. Two of these at once are harmless: same rows, same
//! verdict, one write wins.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use tokio::time;
use tokio_util::sync::CancellationToken;
use weir_core::{CanaryId, Clock, Timestamp, canary::Canary};
use weir_optimizer::{
    canary::{self, Change},
    pairing::{Exposure, Moment, PairState},
};
use weir_router::Live;
use weir_store::{Error, ExposureRow, Store};

use crate::recorder::Recorder;

/// Looks at least this often: timeouts and watermarks move without new scores.
const TICK: Duration = Duration::from_millis(250);
/// Scores that come close together are looked at together.
const DEBOUNCE: Duration = Duration::from_millis(100);

/// Time from the end of a request to its row, while the store takes writes.
const RECORDED_WITHIN: Duration = Duration::from_secs(2);

/// Moves canaries until stopped.
pub struct Canaries {
    store: Store,
    live: Arc<Live>,
    clock: Arc<dyn Clock>,
    recorder: Arc<Recorder>,
    /// The oldest canary request in flight, at each recent look.
    oldest: VecDeque<(Timestamp, Timestamp)>,
    /// What was folded so far; rebuilt from stored rows after a restart, with the same result.
    pairs: HashMap<CanaryId, PairState>,
}

impl Canaries {
    /// A reconciler with nothing folded yet.
    #[must_use]
    pub fn new(store: Store, live: Arc<Live>, clock: Arc<dyn Clock>, recorder: Arc<Recorder>) -> Self {
        Self { store, live, clock, recorder, oldest: VecDeque::new(), pairs: HashMap::new() }
    }

    /// Runs until `stop`.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut scores = self.store.score_changes();
        let mut control = self.store.control_changes();
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                Ok(()) = scores.changed() => time::sleep(DEBOUNCE).await,
                Ok(()) = control.changed() => {}
                () = time::sleep(TICK) => {}
            }
            scores.mark_unchanged();
            if let Err(error) = self.turn().await {
                tracing::warn!(%error, "canaries stay where they are: the store cannot be used");
            }
        }
    }

    /// Looks at every active canary once.
    ///
    /// # Errors
    /// When the store cannot be used; nothing is half-done.
    pub async fn turn(&mut self) -> Result<(), Error> {
        let now = self.clock.now();
        let complete_before = self.complete_before(now);
        if self.recorder.is_behind() {
            // Rows wait on disk: what the store shows is not a prefix of what was assigned.
            return Ok(());
        }
        let active = self.store.canary_active().await?;
        self.pairs.retain(|id, _| active.iter().any(|canary| canary.id == *id));
        for canary in active {
            self.look(&canary, now, complete_before).await?;
        }
        Ok(())
    }

    /// Every canary request assigned before this instant is in the store. A request leaves the table of those in flight
    /// a moment before its row is committed, so the oldest start of the last seconds counts, not only of now.
    fn complete_before(&mut self, now: Timestamp) -> Timestamp {
        self.oldest.push_back((now, self.live.exposed().oldest().unwrap_or(now)));
        self.oldest.retain(|&(seen, _)| now.since(seen) <= RECORDED_WITHIN);
        self.oldest.iter().map(|&(_, oldest)| oldest).min().unwrap_or(now)
    }

    async fn look(&mut self, canary: &Canary, now: Timestamp, complete_before: Timestamp) -> Result<(), Error> {
        let Some(head) = self.store.policy_head(&canary.workload).await? else {
            return Ok(());
        };
        let in_flight = self.live.vital(&canary.candidate).map_or(0, |vital| u64::from(vital.exposed()));
        let moment = Moment {
            now,
            complete_before,
            in_flight,
            since: canary.changed_at,
            score_timeout: Duration::from_millis(canary.plan.score_timeout_ms),
        };
        let pairs = self.pairs.entry(canary.id.clone()).or_insert_with(|| PairState::new(canary.plan.margin));
        let rows = self.store.exposure_list(&canary.id, pairs.watermark()).await?;
        pairs.fold(rows.into_iter().map(exposure), &moment);
        let reading = canary::read(canary, pairs);
        let verdict = canary::step(canary, &reading, &head.revision, now);
        let Some(change) = canary::apply(canary, &verdict, &reading, &head, now) else {
            return Ok(());
        };
        tracing::info!(canary = %canary.id, state = change.canary.state.name(), reason = %change.event.reason, "canary moved");
        match self.write(canary, &change).await {
            // Someone else moved it first; the next look starts from what they wrote.
            Err(Error::Conflict { .. }) => Ok(()),
            other => other,
        }
    }

    async fn write(&self, read: &Canary, change: &Change) -> Result<(), Error> {
        match &change.policy {
            Some(policy) => self.store.canary_promote(&change.canary, read.version, &change.event, policy).await?,
            None => self.store.canary_update(&change.canary, read.version, &change.event).await?,
        };
        Ok(())
    }
}

fn exposure(row: ExposureRow) -> Exposure {
    Exposure {
        span_id: row.span_id,
        unit: row.unit,
        session: row.session,
        arm: row.arm,
        assigned_at: row.assigned_at,
        ended_at: row.ended_at,
        failed: row.failed,
        grade: row.grade,
        graded_at: row.graded_at,
        unscored: row.unscored,
    }
}

#[cfg(test)]
mod tests;

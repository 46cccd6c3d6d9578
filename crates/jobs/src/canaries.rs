//! The reconciler "canary": each active canary's exposures into pairs, pairs into a verdict, the verdict into the next
//! state, written only if the canary is still the one that was read. Two of these at once are harmless: same rows, same
//! verdict, one write wins.
//!
//! The order of effects is what makes it safe to be killed at any line. A retreat is published first, in memory and
//! without the store, then stored; an advance is stored first, and published by whoever reads the store. Exposure
//! lasts as long as a grant that is renewed here: without this loop it ends by itself.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use arc_swap::ArcSwap;
use tokio::time;
use tokio_util::sync::CancellationToken;
use weir_config::Settings;
use weir_core::{
    CanaryId, Clock, DeploymentId, Timestamp,
    canary::{Canary, Inputs, JudgeBias},
};
use weir_optimizer::{
    canary::{self, Change, Reading},
    pairing::{Moment, PairState},
};
use weir_router::{Live, SnapshotCell};
use weir_store::{Error, Grant, Store};

use crate::{Mirrors, recorder::Recorder};

/// Looks at least this often: timeouts and watermarks move without new scores.
const TICK: Duration = Duration::from_millis(250);
/// Scores that come close together are looked at together.
const DEBOUNCE: Duration = Duration::from_millis(100);
/// What was in flight at a look counts for so long at least, whatever is settled.
const RECORDED_WITHIN: Duration = Duration::from_secs(2);
/// A grant lasts this long.
pub(crate) const LEASE: Duration = Duration::from_secs(30);
/// It is renewed when it is this old.
const RENEW: Duration = Duration::from_secs(10);
/// A share that moved by less than this part of itself waits for the renewal.
const SHARE_MOVED: f64 = 0.05;
/// Labels of answers that were graded longer ago say nothing.
const LABELLED_WITHIN: Duration = Duration::from_hours(28 * 24);

/// What the reconciler works with.
#[derive(Clone)]
pub struct CanariesParts {
    /// Exposures, canaries, policies.
    pub store: Store,
    /// Requests in flight, and the gates.
    pub live: Arc<Live>,
    /// Where the router reads: a retreat takes its exposure out of it at once.
    pub cell: Arc<SnapshotCell>,
    /// Which arms are configured.
    pub settings: Arc<ArcSwap<Settings>>,
    /// Told of canaries in their shadow.
    pub mirrors: Arc<ArcSwap<Mirrors>>,
    /// Wall time.
    pub clock: Arc<dyn Clock>,
    /// Says whether rows wait on disk.
    pub recorder: Arc<Recorder>,
}

/// What a look saw of requests that are not in the store yet.
struct Look {
    at: Timestamp,
    /// The oldest canary request in flight.
    oldest: Timestamp,
    /// Records that had come in.
    taken: u64,
}

/// Moves canaries until stopped.
pub struct Canaries {
    parts: CanariesParts,
    /// Each look that something may still come of.
    looks: VecDeque<Look>,
    /// What was folded so far; rebuilt from stored rows after a restart, with the same result.
    pairs: HashMap<CanaryId, PairState>,
    /// What each canary was last granted, and at what uptime.
    granted: HashMap<CanaryId, (Grant, Duration)>,
}

impl Canaries {
    /// A reconciler with nothing folded yet.
    #[must_use]
    pub fn new(parts: CanariesParts) -> Self {
        Self { parts, looks: VecDeque::new(), pairs: HashMap::new(), granted: HashMap::new() }
    }

    /// Runs until `stop`.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut scores = self.parts.store.score_changes();
        let mut control = self.parts.store.control_changes();
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
        let now = self.parts.clock.now();
        let complete_before = self.complete_before(now);
        if self.parts.recorder.is_behind() {
            // Rows wait on disk: what the store shows is not a prefix of what was assigned.
            return Ok(());
        }
        let active = self.parts.store.canary_active().await?;
        let ids: Vec<CanaryId> = active.iter().map(|canary| canary.id.clone()).collect();
        self.pairs.retain(|id, _| ids.contains(id));
        self.granted.retain(|id, _| ids.contains(id));
        self.parts.live.gates().keep(&ids);
        let mirrors = self.parts.mirrors.load_full();
        if mirrors.with_canaries(&active) != *mirrors {
            self.parts.mirrors.rcu(|mirrors| mirrors.with_canaries(&active));
        }
        for canary in active {
            self.look(&canary, now, complete_before).await?;
        }
        Ok(())
    }

    /// Every canary request assigned before this instant is in the store. A request leaves the table of those in flight
    /// before its row is committed, on a busy machine long before: what was in flight at a look counts until all that was
    /// recorded up to the next look is settled, and for some seconds at least.
    fn complete_before(&mut self, now: Timestamp) -> Timestamp {
        let oldest = self.parts.live.exposed().oldest().unwrap_or(now);
        let (taken, settled) = (self.parts.recorder.taken(), self.parts.recorder.settled());
        self.looks.push_back(Look { at: now, oldest, taken });
        while let (Some(first), Some(next)) = (self.looks.front(), self.looks.get(1)) {
            let recent = first.at <= now && now.since(first.at) <= RECORDED_WITHIN;
            if recent || next.taken > settled {
                break;
            }
            self.looks.pop_front();
        }
        self.looks.iter().map(|look| look.oldest).min().unwrap_or(now)
    }

    async fn look(&mut self, canary: &Canary, now: Timestamp, complete_before: Timestamp) -> Result<(), Error> {
        let store = self.parts.store.clone();
        let Some(head) = store.policy_head(&canary.workload).await? else {
            return Ok(());
        };
        store.step("canary read")?;
        if !self.pairs.get(&canary.id).is_some_and(|pairs| pairs.is_of(canary)) {
            self.pairs.insert(canary.id.clone(), PairState::of(canary));
        }
        let Some(pairs) = self.pairs.get(&canary.id) else {
            return Ok(());
        };
        let watermark = pairs.watermark();
        let lapsed = self.has_lapsed(canary, now).await?;
        let exposures = store.exposure_list(&canary.id, watermark).await?;
        let mut inputs = Inputs {
            // A clock that stepped back does not take a canary back in time.
            now: now.max(canary.changed_at),
            complete_before,
            in_flight: self.parts.live.vital(&canary.candidate).map_or(0, |vital| u64::from(vital.exposed())),
            span_seq: exposures.span_seq,
            score_seq: exposures.score_seq,
            shadow_seq: Some(exposures.shadow_seq),
            head: head.revision.clone(),
            frozen: store.is_frozen(&canary.workload).await?,
            orphaned: is_orphaned(&self.parts.settings.load(), canary),
            tripped: self.parts.live.gates().of(&canary.id).tripped(),
            lapsed,
            bias: None,
        };
        let shadowed = store.shadowed(canary, &inputs).await?;
        let Some(pairs) = self.pairs.get_mut(&canary.id) else {
            return Ok(());
        };
        pairs.set_shadow(&shadowed);
        pairs.fold(exposures.rows, &Moment::of(canary, &inputs));
        let mut reading = canary::read(canary, pairs, &inputs);
        let mut verdict = canary::step(canary, &reading);
        if canary::asks_people(canary, &verdict) {
            inputs.bias = bias(&store, canary, &reading).await?;
            reading = canary::read(canary, pairs, &inputs);
            verdict = canary::step(canary, &reading);
        }
        let Some(change) = canary::apply(canary, &verdict, &reading, &head) else {
            return self.renew(canary, &reading).await;
        };
        store.step("decided")?;
        tracing::info!(canary = %canary.id, state = change.canary.state.name(), reason = %change.event.reason, "canary moved");
        if verdict.retreats() {
            weir_router::withdraw(&self.parts.live, &self.parts.cell, canary);
            store.step("withdrawn")?;
        }
        match write(&store, canary, &change).await {
            // Someone else moved it first; the next look starts from what they wrote.
            Err(Error::Conflict { .. }) => Ok(()),
            other => other,
        }
    }

    /// Nothing renewed the last grant before it ran out: the exposure had ended by itself meanwhile. A controller that
    /// has just come up asks the store what the one before it granted.
    async fn has_lapsed(&self, canary: &Canary, now: Timestamp) -> Result<bool, Error> {
        if canary.ceiling() <= 0.0 {
            return Ok(false);
        }
        let last = self.granted.get(&canary.id).filter(|(grant, _)| grant.version == canary.version);
        if let Some(&(_, at)) = last {
            return Ok(self.parts.clock.elapsed().saturating_sub(at) > LEASE);
        }
        let grants = self.parts.store.grant_list().await?;
        let before = grants.iter().find(|grant| grant.canary == canary.id && grant.version == canary.version);
        Ok(before.is_some_and(|grant| grant.expires_at < now))
    }

    /// Gives leave to expose, or renews it: when it is old, when the canary moved, when the risk budget allows another
    /// share.
    async fn renew(&mut self, canary: &Canary, reading: &Reading) -> Result<(), Error> {
        let (share, uptime) = (reading.evidence.share, self.parts.clock.elapsed());
        let fresh = self.granted.get(&canary.id).is_some_and(|(grant, at)| {
            grant.version == canary.version
                && (grant.share - share).abs() <= SHARE_MOVED * grant.share
                && uptime.saturating_sub(*at) < RENEW
        });
        if fresh || share <= 0.0 {
            return Ok(());
        }
        let grant = Grant {
            canary: canary.id.clone(),
            version: canary.version,
            share,
            expires_at: self.parts.clock.now().plus(LEASE),
        };
        match self.parts.store.grant_put(&grant).await {
            Ok(()) => {
                self.granted.insert(canary.id.clone(), (grant, uptime));
                self.parts.store.step("granted")
            }
            Err(Error::Conflict { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// What people's labels say of the scorer that the canary is decided by.
async fn bias(store: &Store, canary: &Canary, reading: &Reading) -> Result<Option<JudgeBias>, Error> {
    let Some(version) = &reading.evidence.scorer_version else { return Ok(None) };
    let since = reading.evidence.inputs.now.minus(LABELLED_WITHIN);
    let of = async |deployment: &DeploymentId| {
        store.labelled_list(&canary.workload, deployment, (&canary.scorer, version), since).await
    };
    Ok(canary::bias(&canary.plan, &of(&canary.candidate).await?, &of(&canary.control).await?))
}

fn is_orphaned(settings: &Settings, canary: &Canary) -> bool {
    let candidates = settings.workloads.get(&canary.workload).map(|workload| &workload.candidates);
    !candidates.is_some_and(|known| known.contains(&canary.candidate) && known.contains(&canary.control))
}

async fn write(store: &Store, read: &Canary, change: &Change) -> Result<(), Error> {
    match &change.policy {
        Some(policy) => store.canary_promote(&change.canary, read.version, &change.event, policy).await?,
        None => store.canary_update(&change.canary, read.version, &change.event).await?,
    };
    Ok(())
}

#[cfg(test)]
mod tests;

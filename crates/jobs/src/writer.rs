//! The recorder's other end: records to the store in groups, spans and their scoring jobs in one transaction. While
//! the store cannot take writes, records wait on disk; when it can, they are read back in order. Idempotent by span
//! id, so reading a segment twice stores nothing twice.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    fs,
    path::Path,
    sync::Arc,
    time::Duration,
};

use arc_swap::ArcSwap;
use tokio::{sync::mpsc, time};
use tokio_util::sync::CancellationToken;
use weir_core::{
    Clock, DeploymentId, Timestamp,
    span::{Identity, Origin, Outcome, Record},
};
use weir_store::{Store, Written};
use weir_telemetry::{metrics, otlp::Exporter};

use crate::{
    Bells,
    fair::Turns,
    mirrors::Mirrors,
    queue::{self, Chosen, MirrorSpan, Urgency},
    rates::Rates,
    recent::Recent,
    recorder::{Queued, Recorder, Tail},
    scoring::Scoring,
    spool::{Orphan, Reader, Segment},
    tokens::OutputTokens,
};

/// Records per transaction.
const GROUP: usize = 1_024;
/// How long a group waits for company after its first record: one commit and one scoring job then serve several.
const LINGER: Duration = Duration::from_millis(40);
/// Between two looks at the spool, and between two tries while the store refuses.
const TICK: Duration = Duration::from_millis(250);
/// Names that one deployment may answer under before further ones are no longer kept.
const IDENTITIES_MAX: usize = 64;
/// Records kept in memory because the disk refused them, while the store refuses too.
const HELD_MAX: usize = 10_000;

/// What the writer works with.
#[derive(Clone)]
pub struct WriterParts {
    /// Where records go.
    pub store: Store,
    /// Which answers to score.
    pub scoring: Arc<ArcSwap<Scoring>>,
    /// What rules sample now.
    pub rates: Arc<ArcSwap<Rates>>,
    /// Whose judge is asked next.
    pub turns: Arc<Turns>,
    /// Wall time.
    pub clock: Arc<dyn Clock>,
    /// Which answers to ask again.
    pub mirrors: Arc<ArcSwap<Mirrors>>,
    /// Where checks find what was just written.
    pub recent: Arc<Recent>,
    /// Told of new jobs.
    pub bells: Bells,
    /// Mean completion tokens, learned from what is written.
    pub tokens: Arc<OutputTokens>,
    /// The collector, when one is configured.
    pub exporter: Option<Arc<Exporter>>,
}

impl std::fmt::Debug for WriterParts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WriterParts").finish_non_exhaustive()
    }
}

/// Writes records until stopped.
#[derive(Debug)]
pub struct Writer {
    parts: WriterParts,
    recorder: Arc<Recorder>,
    queue: mpsc::Receiver<Queued>,
    /// Segments closed by this process, oldest first.
    closed: VecDeque<Arc<Segment>>,
    /// Segments an earlier process left.
    left_behind: VecDeque<Orphan>,
    /// Records that only memory has.
    held: Vec<Written>,
    degraded: bool,
    /// Who deployments are known to answer as.
    identities: HashMap<DeploymentId, HashSet<Identity>>,
}

impl Writer {
    /// A writer for this recorder.
    #[must_use]
    pub fn new(tail: Tail, parts: WriterParts) -> Self {
        Self {
            parts,
            recorder: tail.recorder,
            queue: tail.queue,
            closed: VecDeque::new(),
            left_behind: tail.left_behind.into(),
            held: Vec::new(),
            degraded: false,
            identities: HashMap::new(),
        }
    }

    /// Runs until `stop`, then writes what is queued and tidies the spool.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut group = Vec::with_capacity(GROUP);
        let mut tick = time::interval(TICK);
        tick.set_missed_tick_behavior(time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                count = self.queue.recv_many(&mut group, GROUP) => {
                    if count == 0 {
                        break;
                    }
                    time::sleep(LINGER).await;
                    self.drain_into(&mut group);
                    self.write(&mut group).await;
                }
                _ = tick.tick() => self.keep_house().await,
            }
        }
        // The gateway has drained by now: what is queued is all there is.
        self.drain_into(&mut group);
        while !group.is_empty() {
            self.write(&mut group).await;
            self.drain_into(&mut group);
        }
        if self.recorder.spool().is_used() {
            self.close_active();
        }
        self.keep_house().await;
    }

    fn drain_into(&mut self, group: &mut Vec<Queued>) {
        while group.len() < GROUP {
            match self.queue.try_recv() {
                Ok(queued) => group.push(queued),
                Err(_) => break,
            }
        }
    }

    async fn write(&mut self, group: &mut Vec<Queued>) {
        let (records, segments): (Vec<_>, Vec<_>) =
            group.drain(..).map(|queued| (queued.written, queued.segment)).unzip();
        let count = records.len();
        if !self.degraded && self.commit(&records).await {
            self.recorder.settle(count);
            return;
        }
        for (record, segment) in records.into_iter().zip(segments) {
            match segment {
                Some(segment) => {
                    segment.fall_behind();
                    self.recorder.set_behind(true);
                }
                None if self.held.len() < HELD_MAX => {
                    self.held.push(record);
                    self.recorder.set_behind(true);
                }
                None => {
                    tracing::error!(span = %record.record.span.id, "neither disk nor store took a record")
                }
            }
        }
        self.recorder.settle(count);
    }

    /// Writes one group; false when the store refused it.
    async fn commit(&mut self, records: &[Written]) -> bool {
        match self.try_commit(records).await {
            Ok(()) => {
                if self.degraded {
                    tracing::info!("the store takes writes again");
                    self.degraded = false;
                }
                true
            }
            Err(error) => {
                if !self.degraded {
                    tracing::error!(%error, "the store refused a write; records wait in the spool");
                    self.degraded = true;
                }
                metrics::spool(self.recorder.spool().used_bytes(), true);
                false
            }
        }
    }

    async fn try_commit(&mut self, records: &[Written]) -> Result<(), queue::Error> {
        let scoring = self.parts.scoring.load_full();
        let mut tx = self.parts.store.begin_spans().await?;
        let fresh = tx.span_insert_written(records).await?;
        let fresh: Vec<&Arc<Record>> =
            records.iter().zip(fresh).filter_map(|(written, fresh)| fresh.then_some(&written.record)).collect();
        let mirrors = self.parts.mirrors.load_full();
        let again: Vec<MirrorSpan> = fresh.iter().filter_map(|record| mirrors.job(record)).collect();
        queue::push_mirrors(tx.connection(), &again).await?;
        let rates = self.parts.rates.load_full();
        let mut chosen: Vec<Chosen<'_>> = Vec::new();
        for record in fresh.iter().copied().filter(|record| is_scorable(record)) {
            let mirrored = again.iter().any(|job| job.span == record.span.id);
            let rules = scoring.choose(&record.span, mirrors.chance(record), mirrored, &rates);
            chosen.extend(rules.into_iter().map(|(plan, p)| Chosen { record, plan, p }));
        }
        let urgency = Urgency::Live { turns: &self.parts.turns, now: self.parts.clock.now() };
        let pushed = queue::push(tx.connection(), &chosen, urgency).await?;
        let unmet = self.unmet(&fresh);
        for (deployment, identity, at) in &unmet {
            tx.identity_insert(deployment, identity, *at).await?;
        }
        // Before the commit: a worker may take the job the moment after it.
        pushed.checked.iter().for_each(|record| self.parts.recent.put(record));
        tx.commit().await?;
        self.parts.bells.ring(&pushed);
        if !again.is_empty() {
            self.parts.bells.ring_mirrors();
        }
        for (deployment, identity, _) in unmet {
            self.identities.entry(deployment).or_default().insert(identity);
        }
        for record in fresh {
            metrics::request(&record.span);
            self.parts.tokens.learn(&record.span);
            if let Some(exporter) = &self.parts.exporter {
                exporter.request(&record.span);
            }
        }
        Ok(())
    }

    /// Deployments that answer as somebody this process has not met. A provider that never repeats itself is heard so
    /// often and no more.
    fn unmet(&self, records: &[&Arc<Record>]) -> Vec<(DeploymentId, Identity, Timestamp)> {
        let mut unmet: Vec<(DeploymentId, Identity, Timestamp)> = Vec::new();
        for span in records.iter().map(|record| &record.span).filter(|span| !span.identity.is_unknown()) {
            let Some(deployment) = span.served_by() else {
                continue;
            };
            let met = self.identities.get(deployment);
            let full = met.is_some_and(|met| met.len() >= IDENTITIES_MAX);
            let seen = met.is_some_and(|met| met.contains(&span.identity));
            if !full && !seen && !unmet.iter().any(|(known, named, _)| known == deployment && *named == span.identity) {
                unmet.push((deployment.clone(), span.identity.clone(), span.started_at));
            }
        }
        unmet
    }

    /// Rotates a full segment, reads back what fell behind, deletes what is done with.
    async fn keep_house(&mut self) {
        let spool = self.recorder.spool();
        if spool.is_full() || (self.recorder.has_waiting() && spool.is_used()) {
            self.close_active();
        }
        self.look_around();
        if !self.held.is_empty() {
            let held = std::mem::take(&mut self.held);
            if !self.commit(&held).await {
                self.held = held;
                return;
            }
        }
        while let Some(path) = self.left_behind.front().map(|orphan| orphan.path.clone()) {
            if !self.read_back(&path).await {
                return self.stay_within_bound();
            }
            self.left_behind.pop_front();
        }
        while let Some(segment) = self.closed.front().cloned() {
            // Ours and the queue's front: anyone else is still writing or waiting to be stored.
            if Arc::strong_count(&segment) > 2 {
                break;
            }
            if segment.is_behind() {
                if !self.read_back(segment.path()).await {
                    return self.stay_within_bound();
                }
            } else {
                delete(segment.path());
            }
            self.closed.pop_front();
        }
        if self.closed.is_empty() && self.left_behind.is_empty() {
            self.recorder.set_behind(self.recorder.spool().is_behind());
        }
        metrics::spool(self.recorder.spool().used_bytes(), self.degraded);
    }

    /// Sees whether another process writes here too, and takes up what one left that is gone.
    fn look_around(&mut self) {
        match self.recorder.spool().look() {
            Ok(found) => {
                let own = 1 + self.closed.len() + self.left_behind.len();
                self.recorder.set_accompanied(found.held > own);
                self.left_behind.extend(found.orphans);
            }
            Err(error) => tracing::error!(%error, "the spool's folder cannot be read"),
        }
    }

    fn close_active(&mut self) {
        match self.recorder.spool().rotate() {
            Ok(segment) => self.closed.push_back(segment),
            Err(error) => tracing::error!(%error, "a spool segment could not be closed"),
        }
    }

    /// Stores every record of a segment and deletes it; false when the store refused.
    async fn read_back(&mut self, path: &Path) -> bool {
        let mut reader = match Reader::open(path) {
            Ok(reader) => reader,
            Err(error) => {
                tracing::error!(%error, segment = %path.display(), "a spool segment cannot be opened; it is left in place");
                return true;
            }
        };
        loop {
            let group: Vec<Written> = reader.by_ref().take(GROUP).collect();
            if group.is_empty() {
                break;
            }
            if !self.commit(&group).await {
                return false;
            }
        }
        delete(path);
        true
    }

    /// Drops the oldest closed segment while the spool is over its bound: bounded disk before complete history.
    fn stay_within_bound(&mut self) {
        let spool = self.recorder.spool();
        while spool.used_bytes() > spool.max_bytes() {
            let left = self.left_behind.pop_front().map(|orphan| orphan.path);
            let oldest = left.or_else(|| self.closed.pop_front().map(|segment| segment.path().to_owned()));
            let Some(path) = oldest else { return };
            tracing::error!(segment = %path.display(), "the spool is full; its oldest segment is dropped");
            delete(&path);
        }
    }
}

/// Complete answers are scored, those of judges and of failed requests never: a scored judge would be judged in turn.
fn is_scorable(record: &Record) -> bool {
    record.span.origin != Origin::Eval && record.span.outcome == Outcome::Ok
}

fn delete(path: &Path) {
    if let Err(error) = fs::remove_file(path) {
        tracing::warn!(%error, segment = %path.display(), "a spool segment could not be deleted");
    }
}

#[cfg(test)]
mod tests;

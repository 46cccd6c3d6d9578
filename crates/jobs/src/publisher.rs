//! The reconciler "windows": new scores into windows, windows into the snapshot, the snapshot into the cell. The next
//! request sees it. Input-free and idempotent: it reads the score log from where it stands, so it can be killed at any
//! line and rebuilt from nothing.

mod release;
mod votes;

use std::{collections::HashMap, sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use indexmap::IndexMap;
use tokio::{sync::watch, time};
use tokio_util::sync::CancellationToken;
use weir_config::Settings;
use weir_core::{
    Clock, DeploymentId, Timestamp, WorkloadId,
    canary::Canary,
    deployment::Deployment,
    policy::Policy,
    workload::{SEGMENT_ALL, Workload},
};
use weir_optimizer::{
    snapshot::{self, Granted, Inputs, WorkloadInput},
    windows::{Key, Labelled, Notice, NoticeKind, Offline, Runs, Shift, Windows, weight},
};
use weir_router::{Live, SnapshotCell};
use weir_store::{Error, EventKind, Grant, IdentityRow, LabelRow, Quarantine, Store, WindowEvent};

use votes::Votes;

use crate::{canaries::LEASE, tokens::OutputTokens};

/// Scores read at once.
const PAGE: u32 = 5_000;
/// Scores that come close together are published together.
const DEBOUNCE: Duration = Duration::from_millis(60);
/// Publishes at least this often, which follows renewed leases and sees other processes' writes.
const RENEW: Duration = Duration::from_secs(10);
/// Between tries while the store cannot be read.
const RETRY: Duration = Duration::from_millis(250);

/// What the publisher works with.
#[derive(Clone)]
pub struct PublisherParts {
    /// Scores, policies, canaries.
    pub store: Store,
    /// Deployments and workloads; replaced whole on reload.
    pub settings: Arc<ArcSwap<Settings>>,
    /// Rises on each reload.
    pub reloads: watch::Receiver<u64>,
    /// Where the router reads.
    pub cell: Arc<SnapshotCell>,
    /// Health; told which deployments exist.
    pub live: Arc<Live>,
    /// Mean completion tokens.
    pub tokens: Arc<OutputTokens>,
    /// Wall time, for leases.
    pub clock: Arc<dyn Clock>,
    /// Where the windows are shown.
    pub windows: watch::Sender<Arc<Windows>>,
}

/// Publishes snapshots until stopped.
pub struct Publisher {
    parts: PublisherParts,
    windows: Windows,
    /// Votes in them that may be changed.
    votes: Votes,
    heads: HashMap<WorkloadId, Arc<Policy>>,
    canaries: Vec<Canary>,
    /// Leave to expose, with the uptime at which it ends here.
    grants: Vec<(Grant, Duration)>,
    shared: Shared,
    /// When the newest eval run known here ended, and who was out of traffic then.
    runs_at: Option<(Option<Timestamp>, Vec<Quarantine>)>,
    seq: u64,
}

/// Deployments and workloads as snapshots share them, made once per configuration.
#[derive(Default)]
struct Shared {
    from: Option<Arc<Settings>>,
    deployments: IndexMap<DeploymentId, Arc<Deployment>>,
    workloads: Vec<Arc<Workload>>,
}

impl Shared {
    fn follow(&mut self, settings: &Arc<Settings>) {
        let current = self.from.as_ref();
        if current.is_some_and(|from| Arc::ptr_eq(from, settings)) {
            return;
        }
        self.deployments = settings
            .deployments
            .iter()
            .map(|(id, setting)| (id.clone(), Arc::new(setting.deployment.clone())))
            .collect();
        self.workloads = settings.workloads.values().cloned().map(Arc::new).collect();
        self.from = Some(Arc::clone(settings));
    }
}

impl Publisher {
    /// Reads the score log and publishes the first snapshot.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn start(parts: PublisherParts) -> Result<Self, Error> {
        let windows = Windows::new(half_lives(&parts.settings.load()));
        let mut publisher = Self {
            parts,
            windows,
            votes: Votes::default(),
            heads: HashMap::new(),
            canaries: Vec::new(),
            grants: Vec::new(),
            shared: Shared::default(),
            runs_at: None,
            seq: 0,
        };
        publisher.read_control().await?;
        publisher.publish().await?;
        Ok(publisher)
    }

    /// Runs until `stop`.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut scores = self.parts.store.score_changes();
        let mut control = self.parts.store.control_changes();
        let mut reloads = self.parts.reloads.clone();
        loop {
            let scores_only = tokio::select! {
                () = stop.cancelled() => return,
                Ok(()) = scores.changed() => true,
                Ok(()) = control.changed() => false,
                Ok(()) = reloads.changed() => {
                    self.start_over();
                    false
                }
                () = time::sleep(RENEW) => false,
            };
            if scores_only {
                time::sleep(DEBOUNCE).await;
                scores.mark_unchanged();
            }
            while let Err(error) = self.turn(scores_only).await {
                tracing::warn!(%error, "the snapshot stays as it is: the store cannot be read");
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = time::sleep(RETRY) => {}
                }
            }
        }
    }

    async fn turn(&mut self, scores_only: bool) -> Result<(), Error> {
        if !scores_only {
            self.read_control().await?;
        }
        self.publish().await
    }

    /// A reload may have changed half-lives: windows are folded again from the log when it did.
    fn start_over(&mut self) {
        let settings = self.parts.settings.load();
        let changed = settings
            .workloads
            .iter()
            .any(|(id, workload)| (self.windows.half_life_s(id) - workload.half_life_s).abs() > f64::EPSILON);
        if changed {
            self.windows = Windows::new(half_lives(&settings));
            self.votes = Votes::default();
            self.runs_at = None;
        }
    }

    /// What eval runs say, read again only after one has ended or a quarantine has changed.
    async fn read_runs(&mut self) -> Result<(), Error> {
        let store = &self.parts.store;
        let now = Some((store.run_newest_end().await?, store.quarantine_list(false).await?));
        if now == self.runs_at {
            return Ok(());
        }
        let means = store.run_means().await?.into_iter().map(|mean| {
            let key = Key {
                workload: mean.workload.into(),
                segment: SEGMENT_ALL.into(),
                deployment: mean.deployment.into(),
                scorer: mean.scorer.into(),
                version: mean.version.into(),
            };
            (key, Offline { mean: mean.mean, n: mean.n })
        });
        let out = now.iter().flat_map(|(_, out)| out).map(|one| (one.workload.clone(), one.deployment.clone()));
        self.windows.set_runs(Runs { means: means.collect(), out: out.collect() });
        self.runs_at = now;
        Ok(())
    }

    async fn read_control(&mut self) -> Result<(), Error> {
        let settings = self.parts.settings.load_full();
        for id in settings.workloads.keys() {
            if let Some(head) = self.parts.store.policy_head(id).await? {
                self.heads.insert(id.clone(), Arc::new(head));
            }
        }
        self.read_runs().await?;
        self.canaries = self.parts.store.canary_active().await?;
        let (now, uptime) = (self.parts.clock.now(), self.parts.clock.elapsed());
        let grants = self.parts.store.grant_list().await?.into_iter().map(|grant| {
            // Its end is fixed when it is first seen: a wall clock that steps back must not prolong it.
            let known = self.grants.iter().find(|(known, _)| *known == grant).map(|&(_, until)| until);
            let until = known.unwrap_or_else(|| uptime + grant.expires_at.since(now).min(LEASE));
            (grant, until)
        });
        self.grants = grants.collect();
        self.parts.live.track(settings.deployments.keys());
        Ok(())
    }

    /// A canary with the unexpired leave of its own version, whose gate is open.
    fn granted<'a>(&self, canary: &'a Canary) -> Option<Granted<'a>> {
        let (grant, until) =
            self.grants.iter().find(|(grant, _)| grant.canary == canary.id && grant.version == canary.version)?;
        let gate = self.parts.live.gates().of(&canary.id);
        if *until <= self.parts.clock.elapsed() || !gate.is_open(canary.version) {
            return None;
        }
        gate.exposing(canary.version);
        Some(Granted { canary, share: grant.share, until: *until })
    }

    /// Folds what is new in both logs. Provider changes are read after the scores of a page: one that was written
    /// before some score is then surely there when that score is, and goes in before it, as it will when everything is
    /// folded again.
    async fn read_logs(&mut self) -> Result<(), Error> {
        loop {
            let page = self.parts.store.score_since(self.windows.score_seq(), PAGE).await?;
            let shifts = self.parts.store.identity_since(self.windows.shift_seq()).await?;
            let shifts: Vec<Shift> = shifts.into_iter().map(shift).collect();
            release::release(&self.parts.store, &shifts).await?;
            let mut shifts = shifts.into_iter().peekable();
            for (seq, score) in &page {
                while let Some(shift) = shifts.next_if(|shift| shift.after_score < *seq) {
                    self.windows.shift(&shift);
                }
                self.votes.fold(&mut self.windows, *seq, score);
            }
            if page.len() < PAGE as usize {
                for shift in shifts {
                    self.windows.shift(&shift);
                }
                break;
            }
        }
        // Labels come after the scores they are beside, which have been folded above.
        loop {
            let labels = self.parts.store.label_since(self.windows.label_seq(), PAGE).await?;
            for row in &labels {
                self.windows.label(&labelled(row));
            }
            if labels.len() < PAGE as usize {
                break;
            }
        }
        let events: Vec<WindowEvent> = self.windows.take_notices().into_iter().map(event).collect();
        self.parts.store.window_event_insert(&events).await
    }

    async fn publish(&mut self) -> Result<(), Error> {
        self.read_logs().await?;
        self.windows.fit();
        self.seq += 1;
        self.shared.follow(&self.parts.settings.load_full());
        let workloads = self.shared.workloads.iter().filter_map(|workload| {
            Some(WorkloadInput {
                workload: Arc::clone(workload),
                policy: Arc::clone(self.heads.get(&workload.id)?),
                canary: self
                    .canaries
                    .iter()
                    .find(|canary| canary.workload == workload.id)
                    .and_then(|canary| self.granted(canary)),
            })
        });
        let snapshot = snapshot::build(&Inputs {
            seq: self.seq,
            deployments: &self.shared.deployments,
            workloads: workloads.collect(),
            windows: &self.windows,
            output_tokens: &self.parts.tokens.means(),
            now: self.parts.clock.now(),
        });
        self.parts.cell.publish(snapshot);
        // Whoever shut a gate while this was being built is not overruled.
        for canary in &self.canaries {
            if !self.parts.live.gates().of(&canary.id).is_open(canary.version) {
                self.parts.cell.withdraw(&canary.id);
            }
        }
        self.parts.windows.send_replace(Arc::new(self.windows.clone()));
        Ok(())
    }
}

fn shift(row: IdentityRow) -> Shift {
    Shift { seq: row.seq, deployment: row.deployment, identity: row.identity, at: row.at, after_score: row.after_score }
}

fn labelled(row: &LabelRow) -> Labelled {
    Labelled {
        seq: row.seq,
        workload: row.workload.clone(),
        deployment: row.deployment.clone(),
        scorer: row.scorer.clone(),
        version: Arc::clone(&row.version),
        grade: row.judge,
        human: row.human,
        weight: weight(row.p_graded) / row.p_select,
        at: row.graded_at,
    }
}

fn event(notice: Notice) -> WindowEvent {
    let Notice { key, epoch, kind, at, text: reason } = notice;
    let kind = match kind {
        NoticeKind::Drifted => EventKind::Drifted,
        NoticeKind::Recovered => EventKind::Recovered,
        NoticeKind::Changed => EventKind::Changed,
    };
    let Key { workload, segment, deployment, scorer, version } = key;
    WindowEvent { workload, segment, deployment, scorer, version, epoch, kind, reason, at }
}

fn half_lives(settings: &Settings) -> Vec<(WorkloadId, f64)> {
    settings.workloads.iter().map(|(id, workload)| (id.clone(), workload.half_life_s)).collect()
}

#[cfg(test)]
mod tests;

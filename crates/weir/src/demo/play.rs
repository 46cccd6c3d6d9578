//! The play: traffic, canaries in their turn, and the proof at the end that all of it happened.

use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

use anyhow::Context;
use serde::Serialize;
use tokio::{
    sync::watch,
    time::{self, Instant},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use weir_core::{CanaryId, Clock, WorkloadId, canary::CanaryState, clock::SystemClock};
use weir_optimizer::windows::Windows;
use weir_router::SnapshotCell;
use weir_store::Store;

use super::{
    client::Client,
    figures::{self, CanaryFigures, WorkloadFigures},
    scene::{ACTS, Act},
    traffic::{self, Tally},
};
use crate::app::App;

/// Traffic before the first canary, so that the stable deployment has a window and a cost.
const OVERTURE: Duration = Duration::from_secs(9);
/// Traffic after the last canary, so that the new cost shows.
const FINALE: Duration = Duration::from_secs(9);
/// The play is over by then, finished or not.
const CURTAIN: Duration = Duration::from_secs(150);
/// How long the router may take to know the demo's workloads, and between two looks.
const OPENING: Duration = Duration::from_secs(20);
const LOOK: Duration = Duration::from_millis(20);
/// Between two frames.
const FRAME: Duration = Duration::from_millis(500);

/// What a frame shows.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Frame {
    /// Since the beginning.
    pub seconds: f64,
    /// Requests sent.
    pub requests: u64,
    /// Scores folded into windows.
    pub scores: i64,
    /// Every workload.
    pub workloads: Vec<WorkloadFigures>,
    /// Every canary so far, oldest first.
    pub canaries: Vec<CanaryFigures>,
    /// Acts finished, of how many.
    pub acts: (usize, usize),
}

/// What the play proved.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// True only when every check holds.
    pub passed: bool,
    /// How long it took.
    pub seconds: f64,
    /// Requests sent.
    pub requests: u64,
    /// Requests that failed.
    pub failed: u64,
    /// Requests not sent because too many were in flight.
    pub skipped: u64,
    /// Every workload before the first canary.
    pub before: Vec<WorkloadFigures>,
    /// And at the end.
    pub after: Vec<WorkloadFigures>,
    /// Every canary at its end.
    pub canaries: Vec<CanaryFigures>,
    /// What had to happen.
    pub checks: Vec<Check>,
}

/// One thing that had to happen.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Check {
    /// What.
    pub name: String,
    /// Whether it did.
    pub passed: bool,
    /// The figures.
    pub detail: String,
}

/// Plays against one running weir.
pub struct Play {
    client: Client,
    store: Store,
    snapshots: Arc<SnapshotCell>,
    windows: watch::Receiver<Arc<Windows>>,
    clock: SystemClock,
    tally: Arc<Tally>,
}

impl Play {
    /// A play on `app`, whose settings must be the demo's.
    ///
    /// # Errors
    /// When the app's address cannot be dialled.
    pub fn new(app: &App) -> anyhow::Result<Self> {
        Ok(Self {
            client: Client::new(&app.url())?,
            store: app.store.clone(),
            snapshots: Arc::clone(&app.snapshots),
            windows: app.windows.clone(),
            clock: SystemClock::default(),
            tally: Arc::default(),
        })
    }

    /// Plays it once; `show` gets a frame twice a second.
    ///
    /// # Errors
    /// When weir cannot be asked or its store not be read.
    pub async fn run(&self, mut show: impl FnMut(&Frame)) -> anyhow::Result<Report> {
        time::timeout(OPENING, self.opened()).await.context("the router does not know the demo's workloads")?;
        let stop = CancellationToken::new();
        let traffic = TaskTracker::new();
        for workload in workloads() {
            traffic.spawn(traffic::drive(self.client.clone(), workload, Arc::clone(&self.tally), stop.clone()));
        }
        traffic.close();
        let result = self.acts(&mut show).await;
        stop.cancel();
        traffic.wait().await;
        result
    }

    /// A play that is asked for on the dashboard follows a reload: the snapshot comes a moment after it.
    async fn opened(&self) {
        while !workloads().all(|workload| self.snapshots.load().workloads.contains_key(workload)) {
            time::sleep(LOOK).await;
        }
    }

    async fn acts(&self, show: &mut impl FnMut(&Frame)) -> anyhow::Result<Report> {
        let start = Instant::now();
        let mut before = None;
        let mut cast: Vec<(Act, CanaryId)> = Vec::new();
        let mut done_at: Option<Instant> = None;
        loop {
            time::sleep(FRAME).await;
            let frame = self.frame(start, &cast).await?;
            show(&frame);
            if start.elapsed() < OVERTURE {
                continue;
            }
            before.get_or_insert_with(|| frame.workloads.clone());
            self.raise_curtains(&mut cast, &frame).await?;
            if frame.acts.0 == ACTS.len() {
                let done = *done_at.get_or_insert_with(Instant::now);
                if done.elapsed() < FINALE {
                    continue;
                }
            } else if start.elapsed() < CURTAIN {
                continue;
            }
            return Ok(self.report(&cast, before.unwrap_or_default(), frame));
        }
    }

    /// Starts the next canary of every workload that has none running.
    async fn raise_curtains(&self, cast: &mut Vec<(Act, CanaryId)>, frame: &Frame) -> anyhow::Result<()> {
        for workload in workloads() {
            let busy = frame.canaries.iter().any(|canary| canary.workload == workload && !canary.state.is_final());
            let started = cast.iter().filter(|(act, _)| act.workload == workload).count();
            let next = ACTS.iter().filter(|act| act.workload == workload).nth(started);
            let Some(act) = next.filter(|_| !busy) else { continue };
            let id = self.client.start_canary(act.workload, act.candidate).await?;
            cast.push((*act, id.into()));
        }
        Ok(())
    }

    async fn frame(&self, start: Instant, cast: &[(Act, CanaryId)]) -> anyhow::Result<Frame> {
        let mut frame = Frame {
            seconds: start.elapsed().as_secs_f64(),
            requests: self.tally.sent.load(Relaxed),
            scores: self.windows.borrow().score_seq(),
            workloads: Vec::new(),
            canaries: Vec::new(),
            acts: (0, ACTS.len()),
        };
        for workload in workloads() {
            let id = WorkloadId::from(workload);
            frame.workloads.extend(figures::workload(&self.store, &self.snapshots, self.clock.now(), &id).await?);
        }
        for (_, id) in cast {
            frame.canaries.extend(figures::canary(&self.store, id).await?);
        }
        frame.acts.0 = frame.canaries.iter().filter(|canary| canary.state.is_final()).count();
        Ok(frame)
    }

    fn report(&self, cast: &[(Act, CanaryId)], before: Vec<WorkloadFigures>, last: Frame) -> Report {
        let mut checks: Vec<Check> = ACTS.iter().map(|act| act_check(act, cast, &last.canaries)).collect();
        checks.extend(last.workloads.iter().map(quality_check));
        checks.extend(
            last.workloads
                .iter()
                .map(|after| cost_check(before.iter().find(|figures| figures.workload == after.workload), after)),
        );
        let failed = self.tally.failed.load(Relaxed);
        checks.push(Check {
            name: "no request failed".to_owned(),
            passed: failed == 0,
            detail: format!("{failed} of {}", last.requests),
        });
        Report {
            passed: checks.iter().all(|check| check.passed),
            seconds: last.seconds,
            requests: last.requests,
            failed,
            skipped: self.tally.skipped.load(Relaxed),
            before,
            after: last.workloads,
            canaries: last.canaries,
            checks,
        }
    }
}

/// A good candidate is promoted, a bad one rolled back, on evidence.
fn act_check(act: &Act, cast: &[(Act, CanaryId)], canaries: &[CanaryFigures]) -> Check {
    let (wanted, word) =
        if act.good { (CanaryState::Promoted, "promoted") } else { (CanaryState::RolledBack, "rolled back") };
    let id = cast.iter().find(|(played, _)| played == act).map(|(_, id)| id.as_str());
    let canary = canaries.iter().find(|canary| Some(canary.id.as_str()) == id);
    Check {
        name: format!("{} on {} is {word}", act.candidate, act.workload),
        passed: canary.is_some_and(|canary| canary.state == wanted),
        detail: canary.map_or_else(|| "never started".to_owned(), |canary| canary.reason.clone()),
    }
}

/// What is served clears the floor, by its window's lower bound.
fn quality_check(after: &WorkloadFigures) -> Check {
    Check {
        name: format!("quality of {} is above its floor", after.workload),
        passed: after.quality_lower.is_some_and(|lower| lower >= after.floor),
        detail: format!("lower bound {:.3}, floor {:.2}", after.quality_lower.unwrap_or(0.0), after.floor),
    }
}

/// Serving costs at most half of what it did.
fn cost_check(before: Option<&WorkloadFigures>, after: &WorkloadFigures) -> Check {
    let costs = before.and_then(|before| before.cost_per_1k_usd).zip(after.cost_per_1k_usd);
    Check {
        name: format!("cost of {} fell", after.workload),
        passed: costs.is_some_and(|(before, after)| after < 0.5 * before),
        detail: costs.map_or_else(
            || "no cost known".to_owned(),
            |(before, after)| format!("${before:.3} to ${after:.3} per 1,000 requests"),
        ),
    }
}

/// Every workload of the play, once.
fn workloads() -> impl Iterator<Item = &'static str> {
    let names: BTreeMap<_, _> = ACTS.iter().map(|act| (act.workload, ())).collect();
    names.into_keys()
}

//! Golden probes: the same few known prompts asked of every candidate on schedule, so that a deployment which gets no
//! traffic is still known, one under suspicion can clear its name, and a provider that changes is seen. Their answers are
//! scored into windows of their own and count as nobody's traffic.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use arc_swap::ArcSwap;
use bytes::Bytes;
use tokio::time;
use tokio_util::sync::CancellationToken;
use weir_config::{Probes, Settings};
use weir_core::{
    Clock, DeploymentId, NanoUsd, Timestamp, WorkloadId,
    span::{Errand, Origin},
};
use weir_evals::dataset::Item;
use weir_providers::transport::Transport;
use weir_router::SnapshotCell;
use weir_store::{Error, Store};

use crate::{Bench, Lead, own::Account};

/// Between two looks at what is due.
const TICK: Duration = Duration::from_secs(1);
/// What the budget looks back on.
const DAY: Duration = Duration::from_hours(24);
/// A deployment under suspicion is asked this many times as often.
const HASTE: u32 = 4;

/// What the prober works with.
#[derive(Clone)]
pub struct ProberParts {
    /// Where golden items are, and what probes have cost.
    pub store: Store,
    /// Which workloads have probes; replaced whole on reload.
    pub settings: Arc<ArcSwap<Settings>>,
    /// Who is under suspicion.
    pub cell: Arc<SnapshotCell>,
    /// Where to ask.
    pub bench: Arc<Bench>,
    /// Whether this process asks.
    pub lead: Arc<Lead>,
    /// The one door out.
    pub transport: Arc<Transport>,
    /// Wall time.
    pub clock: Arc<dyn Clock>,
}

/// Asks probes until stopped.
pub struct Prober {
    parts: ProberParts,
    last: HashMap<(WorkloadId, DeploymentId), Timestamp>,
    /// Workloads that the log has been told about.
    told: HashSet<WorkloadId>,
}

impl Prober {
    /// A prober that has asked nothing yet: every deployment is due.
    #[must_use]
    pub fn new(parts: ProberParts) -> Self {
        Self { parts, last: HashMap::new(), told: HashSet::new() }
    }

    /// Runs until `stop`.
    pub async fn run(mut self, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = time::sleep(TICK) => {}
            }
            if !self.parts.lead.is_mine() {
                continue;
            }
            tokio::select! {
                () = stop.cancelled() => return,
                result = self.turn() => if let Err(error) = result {
                    tracing::warn!(%error, "golden probes wait: the store cannot be used");
                }
            }
        }
    }

    /// Asks whatever is due, one prompt at a time. Returns how many prompts were asked.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn turn(&mut self) -> Result<usize, Error> {
        let settings = self.parts.settings.load_full();
        let mut asked = 0;
        for (id, probes) in &settings.probes {
            let Some(workload) = settings.workloads.get(id) else {
                continue;
            };
            let due: Vec<&DeploymentId> =
                workload.candidates.iter().filter(|candidate| self.is_due(id, candidate, probes)).collect();
            if !due.is_empty() {
                asked += self.round(id, probes, &due).await?;
            }
        }
        Ok(asked)
    }

    fn is_due(&self, workload: &WorkloadId, candidate: &DeploymentId, probes: &Probes) -> bool {
        let Some(last) = self.last.get(&(workload.clone(), candidate.clone())) else {
            return true;
        };
        let every = if self.is_suspect(workload, candidate) { probes.every / HASTE } else { probes.every };
        self.parts.clock.now().since(*last) >= every
    }

    fn is_suspect(&self, workload: &WorkloadId, candidate: &DeploymentId) -> bool {
        let snapshot = self.parts.cell.load();
        let view = snapshot.workloads.get(workload);
        let known = view.and_then(|view| view.candidates.iter().find(|known| known.deployment.id == *candidate));
        known.is_some_and(|known| known.suspect)
    }

    async fn round(&mut self, id: &WorkloadId, probes: &Probes, due: &[&DeploymentId]) -> Result<usize, Error> {
        let now = self.parts.clock.now();
        let items = self.parts.store.item_golden(id, probes.items).await?;
        let mut spent = self.parts.store.span_cost(id, Origin::Probe, now.minus(DAY)).await?;
        let why = if items.is_empty() {
            Some("no dataset of the workload has items with an expected answer")
        } else if spent >= probes.max_per_day {
            Some("they have cost what they may in 24 hours")
        } else {
            None
        };
        if let Some(why) = why {
            if self.told.insert(id.clone()) {
                tracing::warn!(workload = %id, why, "golden probes are not asked");
            }
            return Ok(0);
        }
        self.told.remove(id);
        let mut asked = 0;
        for candidate in due {
            // Noted before it is asked: what fails is tried again in its turn, not at once.
            self.last.insert((id.clone(), (*candidate).clone()), now);
            for item in &items {
                if spent >= probes.max_per_day {
                    return Ok(asked);
                }
                spent += self.ask(id, candidate, item).await;
                asked += 1;
            }
        }
        Ok(asked)
    }

    /// Asks one item; what it cost. How it ended is on its span.
    async fn ask(&self, workload: &WorkloadId, candidate: &DeploymentId, stored: &weir_store::Item) -> NanoUsd {
        let Ok(item) = serde_json::from_str::<Item>(&stored.body) else {
            return NanoUsd::ZERO;
        };
        // Golden items are read by the open door, so none is held out.
        let errand = Errand::of_item(&stored.hash, false);
        let body = serde_json::json!({"model": candidate.as_str(), "messages": item.input});
        let body = Bytes::from(body.to_string());
        match self
            .parts
            .bench
            .own(&self.parts.transport, Origin::Probe, Account::Workload(workload), &errand, body)
            .await
        {
            Ok(asked) => asked.cost.unwrap_or(NanoUsd::ZERO),
            Err(error) => {
                tracing::warn!(%error, %workload, deployment = %candidate, "a golden probe could not be asked");
                NanoUsd::ZERO
            }
        }
    }
}

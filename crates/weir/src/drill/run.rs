//! Calm, fault, recovery: one scenario after the other, policies side by side.

use std::{sync::Arc, time::Duration};

use anyhow::{Context, bail};
use tokio::time;
use tokio_util::sync::CancellationToken;
use weir_config::Settings;
use weir_core::{
    WorkloadId,
    policy::{ChainRules, Stage},
    span::Span,
    workload::Deadlines,
};

use super::{
    figures::{Bounds, Held, Report, Row, Seen},
    load::{Load, Sample},
    scenario::{Scenario, leader},
    scene::{self, Candidate, Scene},
};

/// Traffic before the fault: who serves, and at what cost.
const CALM: Duration = Duration::from_millis(1_500);
/// Traffic after the return.
const TAIL: Duration = Duration::from_millis(300);
/// Between two looks at what was served.
const LOOK: Duration = Duration::from_millis(5);
/// How long a fault that flaps is on, and off.
const FLAP: Duration = Duration::from_millis(700);
/// Longest wait for the records of what was sent.
const RECORDS: Duration = Duration::from_secs(20);

/// What to play.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The configuration.
    pub settings: Settings,
    /// Whose traffic.
    pub workload: WorkloadId,
    /// Names and stages, side by side.
    pub policies: Vec<(String, Vec<Stage>)>,
    /// In this order.
    pub scenarios: Vec<Scenario>,
    /// Requests a second.
    pub rate: u32,
    /// How long each fault lasts, at least.
    pub fault: Duration,
    /// No deadline is longer.
    pub patience: Duration,
    /// What is held to.
    pub bounds: Bounds,
}

/// Where a drill stands.
#[derive(Debug, Clone)]
pub struct Progress {
    /// Runs that are over.
    pub done: usize,
    /// All of them.
    pub runs: usize,
    /// What is being played.
    pub now: String,
}

/// Plays all of it; `show` is told before each run.
///
/// # Errors
/// When a weir cannot be started before the simulated providers, or nothing is served while all is calm.
pub async fn run(plan: &Plan, mut show: impl FnMut(&Progress)) -> anyhow::Result<Report> {
    let written = plan.settings.workloads.get(&plan.workload).context("no such workload")?;
    let deadlines = scene::shortened(&written.deadlines, plan.patience);
    let runs = plan.scenarios.len() * plan.policies.len();
    let mut rows = Vec::with_capacity(runs);
    for scenario in &plan.scenarios {
        for (policy, stages) in &plan.policies {
            let mut row = Row::skipped(*scenario, policy, "");
            show(&Progress { done: rows.len(), runs, now: format!("{} under {policy}", row.scenario) });
            row = Run { plan, scenario: *scenario, policy, stages, deadlines }
                .play()
                .await
                .with_context(|| format!("{} under {policy}", row.scenario))?;
            rows.push(row);
        }
    }
    Ok(Report {
        workload: plan.workload.to_string(),
        rate: plan.rate,
        deadlines,
        bounds: plan.bounds,
        passed: rows.iter().all(|row| row.verdict != "failed"),
        rows,
    })
}

/// One scenario under one policy.
struct Run<'a> {
    plan: &'a Plan,
    scenario: Scenario,
    policy: &'a str,
    stages: &'a [Stage],
    deadlines: Deadlines,
}

impl Run<'_> {
    async fn play(&self) -> anyhow::Result<Row> {
        let Plan { settings, workload, rate, .. } = self.plan;
        let candidates = scene::candidates(settings, workload);
        let scene = Scene::start(settings, workload, &candidates, self.stages, self.deadlines).await?;
        // A caller waits as long as weir may, and a little.
        let patience = Duration::from_millis(self.deadlines.total_ms) + Duration::from_secs(5);
        let load = Arc::new(Load::new(&scene.app.url(), workload, self.scenario.streams(), patience)?);
        let stop = CancellationToken::new();
        let driving = tokio::spawn(Arc::clone(&load).drive(*rate, stop.clone()));
        time::sleep(CALM).await;
        let played = self.act(&scene, &load, &candidates).await;
        stop.cancel();
        driving.await?;
        let played = match played? {
            Ok(played) => played,
            Err(why) => {
                scene.app.stop().await;
                return Ok(Row::skipped(self.scenario, self.policy, why));
            }
        };
        let samples = load.samples();
        let spans = records(&scene, &samples).await?;
        scene.app.stop().await;
        let Played { victims, keys, fault, back } = played;
        let seen = Seen { samples: &samples, spans: &spans, fault, back };
        Ok(Row::of(self.scenario, self.policy, victims, &seen, &self.held(keys)))
    }

    /// The fault and what came of it; the inner error is why it cannot be played here.
    async fn act(
        &self,
        scene: &Scene,
        load: &Load,
        candidates: &[Candidate],
    ) -> anyhow::Result<Result<Played, &'static str>> {
        let Some(leader) = leader(candidates, |id| load.served(id, Duration::ZERO)) else {
            let first = load.samples().into_iter().next();
            bail!("nothing was served while all was calm; the first request met {first:?}");
        };
        let victims = match self.scenario.victims(candidates, leader) {
            Ok(victims) => victims,
            Err(why) => return Ok(Err(why)),
        };
        let began = load.now();
        self.fault(scene, load, &victims, began).await;
        scene.set(&victims, None::<fn(&str) -> weir_sim::Fault>);
        let ended = load.now();
        let back = self.back(load, &victims, ended).await;
        time::sleep(TAIL).await;
        Ok(Ok(Played {
            victims: victims.iter().map(|one| one.id.to_string()).collect(),
            keys: leader.keys.len(),
            fault: (began, ended),
            back,
        }))
    }

    /// Until the fault is over.
    async fn fault(&self, scene: &Scene, load: &Load, victims: &[&Candidate], began: Duration) {
        let shown = Duration::from_millis(self.deadlines.first_byte_ms.max(self.deadlines.idle_ms));
        let lasts = match self.scenario.is_silent() {
            // It must last until a deadline has shown it.
            true => shown + self.plan.fault,
            false => self.plan.fault,
        };
        let mut on = false;
        loop {
            let passed = load.now().saturating_sub(began);
            if passed >= lasts {
                return;
            }
            let wanted = !self.scenario.flaps() || (passed.as_millis() / FLAP.as_millis()).is_multiple_of(2);
            if wanted != on {
                scene.set(victims, wanted.then_some(|key: &str| self.scenario.fault(key)));
                on = wanted;
            }
            time::sleep(LOOK).await;
        }
    }

    /// When a victim first answered again, since the fault ended.
    async fn back(&self, load: &Load, victims: &[&Candidate], ended: Duration) -> Option<Duration> {
        let most = Duration::from_millis(self.held(1).return_ms(self.scenario)) + Duration::from_secs(1);
        loop {
            let passed = load.now().saturating_sub(ended);
            if victims.iter().any(|one| load.served(&one.id, ended) > 0) {
                return Some(passed);
            }
            if passed > most {
                return None;
            }
            time::sleep(LOOK).await;
        }
    }

    fn held(&self, keys: usize) -> Held {
        Held {
            bounds: self.plan.bounds,
            deadline_ms: self.deadlines.first_byte_ms.max(self.deadlines.idle_ms),
            retry_budget: retry_budget(self.stages),
            keys,
        }
    }
}

/// What came of a fault.
struct Played {
    victims: Vec<String>,
    /// Keys of the one that led.
    keys: usize,
    fault: (Duration, Duration),
    back: Option<Duration>,
}

/// The records of everything that was answered.
async fn records(scene: &Scene, samples: &[Sample]) -> anyhow::Result<Vec<Span>> {
    let mut stored = scene.app.store.span_changes();
    let mut spans = Vec::with_capacity(samples.len());
    let until = time::Instant::now() + RECORDS;
    for id in samples.iter().filter_map(|sample| sample.span) {
        loop {
            if let Some(span) = scene.app.store.span_get(id).await? {
                spans.push(span);
                break;
            }
            time::timeout_at(until, stored.changed()).await.context("the records did not come")??;
        }
    }
    Ok(spans)
}

fn retry_budget(stages: &[Stage]) -> f64 {
    let rules = stages.iter().find_map(|stage| match stage.bare() {
        Stage::Chain { rules } => Some(rules.retry_budget),
        _ => None,
    });
    rules.unwrap_or_else(|| ChainRules::default().retry_budget)
}

//! The reconciler "pacer": looks at the queue, at what rules have spent, who has paused them and what their deployments'
//! windows say, and sets what is sampled from now on. Without input and idempotent: killed at any line, the next look
//! says the same.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use arc_swap::ArcSwap;
use tokio::time;
use tokio_util::sync::CancellationToken;
use weir_core::{Clock, DeploymentId, RuleName, rule::Rule};
use weir_optimizer::sampling::{Arm, shares};
use weir_router::SnapshotCell;
use weir_store::{Error, Pressure, RuleShare, Store};

use crate::{
    queue::LIVE,
    rates::{Rates, next_factor},
    scoring::Scoring,
};

/// Between two looks.
const LOOK: Duration = Duration::from_secs(2);
/// How far back a deployment's share of the traffic is counted.
const TRAFFIC: Duration = Duration::from_hours(1);

/// Sets what is sampled until stopped.
#[derive(Clone)]
pub struct Pacer {
    /// Queue, spending and pauses.
    pub store: Store,
    /// The rules.
    pub scoring: Arc<ArcSwap<Scoring>>,
    /// What is sampled: written here, read by the writer of spans.
    pub rates: Arc<ArcSwap<Rates>>,
    /// The newest windows.
    pub cell: Arc<SnapshotCell>,
    /// Wall time.
    pub clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for Pacer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pacer").finish_non_exhaustive()
    }
}

impl Pacer {
    /// Runs until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        loop {
            if let Err(error) = self.look().await {
                tracing::warn!(%error, "sampling stays as it is until the next look");
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = time::sleep(LOOK) => {}
            }
        }
    }

    /// One look.
    ///
    /// # Errors
    /// When the store cannot be used; nothing has changed then.
    pub(crate) async fn look(&self) -> Result<(), Error> {
        let now = self.clock.now();
        let (waiting, oldest_s) = self.store.job_waiting(LIVE, now).await?;
        let before = self.rates.load_full();
        let factor = next_factor(before.factor, oldest_s);
        let mut paused: HashSet<RuleName> =
            self.store.rule_pause_list().await?.into_iter().map(|pause| pause.rule).collect();
        let spent = self.store.rule_spent(now).await?;
        let scoring = self.scoring.load_full();
        let mut adaptive = HashMap::new();
        for rule in scoring.plans().map(|plan| &plan.rule) {
            let cost = spent.get(&rule.name).copied().unwrap_or_default();
            if rule.budget_per_day.is_some_and(|budget| cost >= budget) {
                paused.insert(rule.name.clone());
            }
            if rule.adaptive {
                adaptive.insert(rule.name.clone(), self.moved(rule).await?);
            }
        }
        let rates = Rates { factor, paused, adaptive };
        if factor < before.factor {
            tracing::warn!(waiting, oldest_s, factor, "scoring is behind; less is sampled");
        }
        let listed = listed(&scoring, &rates);
        let pressure = Pressure { waiting, oldest_s, factor, at: now };
        let known = self.store.pressure_get().await?;
        let same = known.is_some_and(|known| Pressure { at: now, ..known } == pressure);
        // An idle weir writes nothing.
        if !same || self.store.rule_share_list().await? != listed {
            self.store.rule_share_put(&listed, pressure).await?;
        }
        if rates != *before {
            self.rates.store(Arc::new(rates));
        }
        Ok(())
    }

    /// An adaptive rule's share of each deployment's answers.
    async fn moved(&self, rule: &Rule) -> Result<HashMap<DeploymentId, f64>, Error> {
        let view = self.cell.load().workloads.get(&rule.workload).cloned();
        let Some(view) = view else {
            return Ok(HashMap::new());
        };
        let usage = self.store.usage_by_deployment(Some(&rule.workload), self.clock.now().minus(TRAFFIC)).await?;
        let all: u64 = usage.iter().map(|usage| usage.requests).sum();
        let arms: Vec<(DeploymentId, Arm)> = view
            .candidates
            .iter()
            .map(|candidate| {
                let id = candidate.deployment.id.clone();
                let of = usage.iter().find(|usage| usage.deployment.as_ref() == Some(&id));
                let requests = of.map_or(0, |usage| usage.requests);
                let price = of.filter(|_| requests > 0).map_or(0.0, |usage| usage.cost.as_usd() / requests as f64);
                let traffic = requests as f64 / all.max(1) as f64;
                let interval = candidate.quality.map(|quality| (quality.lower, quality.upper));
                (id, Arm { interval, traffic, price })
            })
            .collect();
        let known: Vec<Arm> = arms.iter().map(|(_, arm)| *arm).collect();
        let shares = shares(&known, view.workload.floor, rule.sample);
        Ok(arms.into_iter().map(|(id, _)| id).zip(shares).collect())
    }
}

/// What is sampled, for people.
fn listed(scoring: &Scoring, rates: &Rates) -> Vec<RuleShare> {
    let mut listed = Vec::new();
    for rule in scoring.plans().map(|plan| &plan.rule) {
        let stopped = !rule.enabled || rates.is_paused(&rule.name);
        let share = |deployment: Option<&DeploymentId>| RuleShare {
            rule: rule.name.clone(),
            deployment: deployment.cloned(),
            share: if stopped { 0.0 } else { rates.share(rule, deployment) },
        };
        listed.push(share(None));
        if let Some(moved) = rates.adaptive.get(&rule.name) {
            listed.extend(moved.keys().map(|id| share(Some(id))));
        }
    }
    // As the store lists them.
    listed.sort_by(|a, b| (&a.rule, &a.deployment).cmp(&(&b.rule, &b.deployment)));
    listed
}

#[cfg(test)]
mod tests {
    use weir_config::Settings;
    use weir_core::{
        Grade, NanoUsd, SpanId,
        clock::ManualClock,
        score::{Score, Source, Verdict},
        workload::SEGMENT_ALL,
    };
    use weir_optimizer::{
        snapshot::{self, Inputs, WorkloadInput},
        windows::Windows,
    };

    use super::*;
    use crate::{
        bootstrap,
        fair::Turns,
        prepare_queue,
        queue::{Chosen, Urgency, push},
        testing::{START, record, scoring, settings_text, written},
    };

    const CONFIG: &str = "[workloads.maths]\ncandidates = [\"sim/large\"]\nfloor = 0.8\nscorers = [\"exact\"]\n\
         [scorers.exact]\nkind = \"exact_match\"\n[scorers.brief]\nkind = \"word_count\"\nmax = 3\n\
         [rules.dear]\nworkload = \"maths\"\nscorers = [\"brief\"]\nsample = 0.5\nbudget_usd_per_day = 1.0\n";

    #[tokio::test]
    async fn a_queue_that_is_behind_lowers_every_share_and_a_spent_budget_ends_one() {
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::new(START));
        let store = Store::open(dir.path(), clock.clone()).await.unwrap();
        prepare_queue(&store).await.unwrap();
        let scoring = Arc::new(ArcSwap::from_pointee(scoring(&settings_text(CONFIG))));
        let rates = Arc::new(ArcSwap::from_pointee(Rates::default()));
        let pacer = Pacer {
            store: store.clone(),
            scoring: Arc::clone(&scoring),
            rates: Arc::clone(&rates),
            cell: Arc::new(SnapshotCell::default()),
            clock,
        };
        pacer.look().await.unwrap();
        let share = async |rule: &str| {
            let shares = store.rule_share_list().await.unwrap();
            shares.iter().find(|share| share.rule.as_str() == rule).unwrap().share
        };
        assert_eq!((share("maths").await, share("dear").await), (1.0, 0.5));

        // The queue's own time is that of the machine, which is long before START: the job waits since then.
        let record = Arc::new(record(1));
        let plan = scoring.load().plan(None, &"maths".into()).cloned().unwrap();
        let mut tx = store.begin_spans().await.unwrap();
        let turns = Turns::default();
        let urgency = Urgency::Live { turns: &turns, now: START };
        push(tx.connection(), &[Chosen { record: &record, plan, p: 1.0 }], urgency).await.unwrap();
        tx.commit().await.unwrap();
        store.rule_spend(&"dear".into(), NanoUsd::from_usd(1.0), START).await.unwrap();
        pacer.look().await.unwrap();
        assert!((share("maths").await - 0.7).abs() < 1e-9);
        assert_eq!(share("dear").await, 0.0);
        let pressure = store.pressure_get().await.unwrap().unwrap();
        assert!(
            pressure.waiting == 1 && pressure.oldest_s > 30 && (pressure.factor - 0.7).abs() < 1e-9,
            "{pressure:?}"
        );
        // What is chosen now says so.
        let chosen = scoring.load().choose(&record.span, 0.0, false, &rates.load());
        assert!(chosen.iter().all(|(plan, p)| plan.own && (p - 0.7).abs() < 1e-9), "{}", chosen.len());
    }

    /// A snapshot in which one deployment is far over the floor and the other one near it.
    async fn snapshot(store: &Store, settings: &Settings, clock: &ManualClock) -> Arc<SnapshotCell> {
        bootstrap::policies(store, settings, clock).await.unwrap();
        let head = store.policy_head(&"maths".into()).await.unwrap().unwrap();
        let mut windows = Windows::new([]);
        for seq in 1..=2_000_i64 {
            let (deployment, right) =
                if seq % 2 == 0 { ("sim/large", true) } else { ("sim/small", seq % 10 != 1 || seq > 40) };
            if deployment == "sim/small" && seq > 40 {
                continue;
            }
            let verdict = Verdict::Scored { grade: Grade::new(f64::from(u8::from(right))).unwrap() };
            let at = clock.now();
            windows.fold(seq, &Score { verdict, deployment: deployment.into(), at, ..score(seq) });
        }
        let deployments = settings.deployments.iter().map(|(id, one)| (id.clone(), Arc::new(one.deployment.clone())));
        let workload = settings.workloads.values().next().unwrap();
        let cell = Arc::new(SnapshotCell::default());
        cell.publish(snapshot::build(&Inputs {
            seq: 1,
            deployments: &deployments.collect(),
            workloads: vec![WorkloadInput {
                workload: Arc::new(workload.clone()),
                policy: Arc::new(head),
                canary: None,
            }],
            windows: &windows,
            output_tokens: &Default::default(),
            now: clock.now(),
        }));
        cell
    }

    fn score(seq: i64) -> Score {
        Score {
            span_id: SpanId::from_bits(seq as u128),
            workload: "maths".into(),
            segment: SEGMENT_ALL.into(),
            deployment: "sim/large".into(),
            scorer: "exact".into(),
            version: "v1".into(),
            verdict: Verdict::Scored { grade: Grade::new(1.0).unwrap() },
            source: Source::Check,
            explanation: None,
            p_sample: 1.0,
            propensity: 1.0,
            cost: NanoUsd::ZERO,
            at: START,
        }
    }

    #[tokio::test]
    async fn an_adaptive_rule_scores_more_where_a_decision_is_open_and_says_with_what_probability() {
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::new(START));
        let store = Store::open(dir.path(), clock.clone()).await.unwrap();
        prepare_queue(&store).await.unwrap();
        let settings = settings_text(
            "[workloads.maths]\ncandidates = [\"sim/large\", \"sim/small\"]\nfloor = 0.7\nscorers = [\"exact\"]\n\
             [scorers.exact]\nkind = \"exact_match\"\n[scorers.brief]\nkind = \"word_count\"\nmax = 3\n\
             [rules.open]\nworkload = \"maths\"\nscorers = [\"brief\"]\nsample = 0.2\nadaptive = true\n",
        );
        let cell = snapshot(&store, &settings, &clock).await;
        // As much traffic to the one as to the other.
        let served = |number: u32| {
            let mut record = record(number);
            record.span.started_at = START.minus(Duration::from_secs(60));
            if number % 2 == 1 {
                record.span.attempts[0].deployment = "sim/small".into();
            }
            record
        };
        let records: Vec<_> = (0..400).map(served).collect();
        written(&store, &records).await;
        let scoring = Arc::new(ArcSwap::from_pointee(scoring(&settings)));
        let rates = Arc::new(ArcSwap::from_pointee(Rates::default()));
        let pacer =
            Pacer { store: store.clone(), scoring: Arc::clone(&scoring), rates: Arc::clone(&rates), cell, clock };
        pacer.look().await.unwrap();

        let listed = store.rule_share_list().await.unwrap();
        let share = |id: &str| {
            let of = |one: &&RuleShare| {
                one.rule.as_str() == "open" && one.deployment.as_ref().is_some_and(|of| of.as_str() == id)
            };
            listed.iter().find(of).unwrap().share
        };
        let (settled, open) = (share("sim/large"), share("sim/small"));
        assert!(open > 2.0 * settled && settled >= 0.02, "{settled} {open}");
        assert!((f64::midpoint(settled, open) - 0.2).abs() < 0.01, "the mean stays: {settled} {open}");
        for record in &records {
            let small = record.span.id.bits().is_multiple_of(2);
            let chosen = scoring.load().choose(&record.span, 0.0, false, &rates.load());
            for (_, p) in chosen.iter().filter(|(plan, _)| !plan.own) {
                assert_eq!(*p, if small { open } else { settled });
            }
        }
    }
}

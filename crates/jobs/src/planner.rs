//! The reconciler "planner": for workloads that ask for it, windows and usage into policy diffs, and in mode `auto` the
//! best diff into a canary. It never moves traffic itself. Off unless a workload says otherwise; one diff a candidate
//! and revision; nothing while a canary is active.

mod refusals;
mod spend;

use std::{sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use tokio::{sync::watch, time};
use tokio_util::sync::CancellationToken;
use weir_config::Settings;
use weir_core::{
    Clock, DeploymentId, Entropy, Timestamp, Usage as Tokens,
    snapshot::{CandidateView, WorkloadView},
    workload::{OptimizeMode, SEGMENT_ALL},
};
use weir_evals::judge;
use weir_optimizer::{
    canary::{Ground, StartRequest, start},
    diff::{Facts, LoggedFacts, PairFacts, PolicyDiff, Side, SpendFacts, propose},
    planner::{
        budget::Budget,
        logged::{self, Answer},
    },
    revision,
    windows::{PRIOR, Window, Windows},
};
use weir_router::SnapshotCell;
use weir_store::{DiffRow, DiffState, Error, Store, Usage};

pub use self::refusals::Refusals;
use crate::Lead;

/// Between two looks.
const EVERY: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_hours(24);
/// Days of traffic that forecast a month: whole weeks.
const DAYS: u32 = 28;
/// Graded answers that other routes are valued by, at most.
const GRADED: u64 = 5_000;
/// The canary's defaults, which a diff speaks of.
const MARGIN: f64 = 0.03;
const ALPHA: f64 = 0.01;
/// A grade of a shadow's answer that is later counts as missing.
const SCORED_WITHIN: Duration = Duration::from_mins(2);
/// Shares tried one after the other, as far as the budget goes.
const STEPS: [f64; 4] = [0.01, 0.05, 0.25, 0.5];

/// What the planner works with.
pub struct Planner {
    /// Usage, revisions, canaries, diffs.
    pub store: Store,
    /// Whether this process plans.
    pub lead: Arc<Lead>,
    /// What canaries are run with.
    pub settings: Arc<ArcSwap<Settings>>,
    /// What the router reads now.
    pub cell: Arc<SnapshotCell>,
    /// The newest quality windows.
    pub windows: watch::Receiver<Arc<Windows>>,
    /// Wall time.
    pub clock: Arc<dyn Clock>,
    /// For ids and salts.
    pub entropy: Arc<dyn Entropy>,
    /// Canaries of its own that it could not start, told once each.
    pub refusals: Refusals,
}

impl Planner {
    /// Runs until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = time::sleep(EVERY) => {}
            }
            if !self.lead.is_mine() {
                continue;
            }
            if let Err(error) = self.turn().await {
                tracing::warn!(%error, "no routes are planned: the store cannot be used");
            }
        }
    }

    /// Looks at every workload once.
    ///
    /// # Errors
    /// When the store cannot be used; what was written stays, the rest is written at the next look.
    pub async fn turn(&self) -> Result<(), Error> {
        let snapshot = Arc::clone(&self.cell.load());
        self.refusals.keep(|workload, candidate| {
            let view = snapshot.workloads.get(workload);
            view.is_some_and(|view| view.workload.candidates.contains(candidate))
        });
        let active = self.store.canary_active().await?;
        for view in snapshot.workloads.values() {
            let busy = active.iter().any(|canary| canary.workload == view.workload.id);
            if view.workload.optimize.mode != OptimizeMode::Off && !busy {
                self.look(view).await?;
            }
        }
        Ok(())
    }

    async fn look(&self, view: &WorkloadView) -> Result<(), Error> {
        let now = self.clock.now();
        let workload = &view.workload;
        let Some(stable) = view.candidates.iter().find(|candidate| candidate.stable) else { return Ok(()) };
        let usage = self.store.usage_by_deployment(Some(&workload.id), now.minus(DAY * DAYS)).await?;
        let daily = self.daily(view, now).await?;
        let windows = Arc::clone(&self.windows.borrow());
        let version =
            windows.current_version(&workload.id, &workload.quality).map_or_else(String::new, |v| v.to_string());
        let of = |candidate: &CandidateView| {
            let usage = usage.iter().find(|usage| usage.deployment.as_ref() == Some(&candidate.deployment.id));
            usage.cloned().unwrap_or_default()
        };
        let (present, requests) = (of(stable), daily.iter().sum::<u64>() as f64 / daily.len().max(1) as f64);
        let side = |candidate: &CandidateView| Side {
            deployment: candidate.deployment.id.clone(),
            quality: windows
                .current(&workload.id, SEGMENT_ALL, &candidate.deployment.id, &workload.quality)
                .and_then(|window| window.quality()),
            cost_usd: cost(&of(candidate), &present, candidate),
            requests: of(candidate).requests,
            failed: of(candidate).failed,
            p95_us: of(candidate).p95_us,
            p95_ci_us: of(candidate).p95_ci_us,
        };
        let graded = match version.as_str() {
            "" => Vec::new(),
            version => {
                let since = now.minus(DAY * DAYS);
                self.store.graded_list(&workload.id, (&workload.quality, version), since, GRADED).await?
            }
        };
        let answers: Vec<Answer<'_>> = graded
            .iter()
            .map(|graded| Answer { span: &graded.span, grade: graded.grade, human: graded.human })
            .collect();
        let expected = |id: &DeploymentId| {
            let window = windows.current(&workload.id, SEGMENT_ALL, id, &workload.quality);
            window.and_then(Window::quality).map_or(PRIOR, |quality| quality.mean)
        };
        let present_value = logged::value(&answers, &stable.deployment.id, expected);
        let score_usd = self.store.scoring_cost_each(&workload.id, now.minus(DAY * DAYS)).await?.as_usd();
        let shadow_pairs = self.settings.load().canary.shadow_pairs.unwrap_or(0);
        let prices = |candidate: &CandidateView| cost(&of(candidate), &present, candidate);
        let parts = spend::parts(view, &answers, prices);
        let budget = Budget { share: workload.optimize.share, usd_per_day: workload.optimize.usd_per_day };
        let mut diffs: Vec<PolicyDiff> = Vec::new();
        for candidate in view.candidates.iter().filter(|candidate| !candidate.stable) {
            let (from, to) = (side(stable), side(candidate));
            let shadow = (&workload.id, &candidate.deployment.id);
            let grades =
                self.store.shadow_grades(shadow, &workload.quality, now.minus(DAY * DAYS), SCORED_WITHIN).await?;
            // Of both arms every answer is graded, of ordinary traffic only a sample.
            let graded = 2.0 * score_usd * (1.0 - workload.sample);
            let extra = to.cost_usd.unwrap_or(0.0) - from.cost_usd.unwrap_or(0.0) + graded;
            let whole = Facts {
                workload: workload.id.clone(),
                parent: view.policy.revision.clone(),
                at: now,
                scorer: workload.quality.clone(),
                version: version.clone(),
                floor: workload.floor,
                margin: MARGIN,
                alpha: ALPHA,
                sample: workload.sample,
                share: budget.allowed(requests, extra),
                daily: daily.clone(),
                pairs: PairFacts::of(&grades, MARGIN),
                logged: Some(LoggedFacts {
                    from: present_value,
                    to: logged::value(&answers, &candidate.deployment.id, expected),
                }),
                bias: logged::bias(&answers, &candidate.deployment.id, &stable.deployment.id),
                within: None,
                spend: Some(SpendFacts { se_usd: spend::difference_se(&answers, &from, &to), score_usd, shadow_pairs }),
                parts: parts.clone(),
                from,
                to,
            };
            diffs.extend(best(&answers, whole, view));
        }
        diffs.sort_by(|left, right| right.plan.index.total_cmp(&left.plan.index));
        for diff in &diffs {
            self.keep(diff).await?;
        }
        match diffs.first() {
            Some(best) if workload.optimize.mode == OptimizeMode::Auto => self.try_out(view, best, now).await,
            _ => Ok(()),
        }
    }

    /// Requests of each whole day, oldest first, from the first day that had any.
    async fn daily(&self, view: &WorkloadView, now: Timestamp) -> Result<Vec<u64>, Error> {
        let since = now.minus(DAY * DAYS);
        let seconds = u32::try_from(DAY.as_secs()).unwrap_or(u32::MAX);
        let series = self.store.series(&view.workload.id, &view.workload.quality, since, seconds, DAYS).await?;
        let mut days = vec![0; DAYS as usize];
        for one in &series {
            for (day, requests) in days.iter_mut().zip(&one.requests) {
                *day += requests;
            }
        }
        Ok(days.into_iter().skip_while(|day| *day == 0).collect())
    }

    async fn keep(&self, diff: &PolicyDiff) -> Result<(), Error> {
        let Ok(body) = serde_json::to_string(diff) else { return Ok(()) };
        let row = DiffRow {
            id: diff.id.clone(),
            workload: diff.workload.clone(),
            parent: diff.parent.clone(),
            candidate: diff.to.to_string(),
            state: DiffState::Proposed,
            at: diff.evidence.at,
            body,
            decided: None,
            canary: None,
        };
        if self.store.policy_diff_insert(&row).await? {
            tracing::info!(diff = %diff.id, "{}", diff.sentence);
        }
        Ok(())
    }

    /// Starts the canary of a diff that is still only proposed: what was tried on this revision is not tried again.
    async fn try_out(&self, view: &WorkloadView, diff: &PolicyDiff, now: Timestamp) -> Result<(), Error> {
        let kept = self.store.policy_diff_list(Some(&diff.workload)).await?;
        let same = |row: &&DiffRow| row.parent == diff.parent && row.candidate == diff.to.as_str();
        let Some(row) = kept.iter().find(same).filter(|row| row.state == DiffState::Proposed) else { return Ok(()) };
        let share = diff.evidence.share;
        if share <= 0.0 {
            return Ok(());
        }
        let mut steps: Vec<f64> = STEPS.into_iter().filter(|step| *step < share).collect();
        steps.push(share);
        let mut request = StartRequest::new(diff.workload.clone(), diff.to.clone());
        request.steps = Some(steps);
        request.except = diff.evidence.within.as_ref().map_or_else(Vec::new, |within| within.except.clone());
        // An approval that is asked for is waited for, even by the planner's own canaries.
        let settings = self.settings.load_full();
        let request = request.or(&settings.canary);
        let workload = &view.workload.id;
        let history = self.store.canary_list(Some(workload)).await?;
        let stable = revision::stable(&view.workload, &view.policy).map(|id| id.as_str()).unwrap_or_default();
        let baseline = self.store.baseline(workload, stable).await?;
        let arms = [diff.to.as_str(), stable];
        let kin = judge::kin(&view.workload, &settings.scorers, arms, &|model| settings.names_of(model));
        let kin: Vec<String> = kin.iter().map(ToString::to_string).collect();
        let ground = Ground { workload: &view.workload, head: &view.policy, history: &history, baseline, kin: &kin };
        let started = start(&request, &ground, "planner", &*self.entropy, now);
        let (canary, event) = match started {
            Ok(started) => started,
            Err(problem) => {
                if self.refusals.is_news(workload, &diff.to, &problem) {
                    tracing::warn!(diff = %row.id, %problem, "the planner's canary was not started");
                }
                return Ok(());
            }
        };
        self.refusals.forget(workload, &diff.to);
        match self.store.canary_start(&canary, &event, Some(&row.id)).await {
            // A person was first.
            Err(Error::Conflict { .. }) => Ok(()),
            done => done,
        }
    }
}

/// The diff of the whole traffic, unless a part of it is proven where the whole is not.
fn best(answers: &[Answer<'_>], whole: Facts, view: &WorkloadView) -> Option<PolicyDiff> {
    let arms = (&whole.to.deployment, &whole.from.deployment);
    let within = logged::within(answers, arms, &view.segments).filter(|within| within.lower() >= -whole.margin);
    let diff = propose(&whole);
    let surely = diff.as_ref().is_some_and(|diff| diff.quality.ci95[0] >= -whole.margin);
    match within {
        Some(within) if !surely => propose(&Facts { within: Some(within), ..whole }).or(diff),
        _ => diff,
    }
}

/// What a request costs: as it was, or for one that has hardly served, its price of what the stable one's requests take.
fn cost(own: &Usage, present: &Usage, candidate: &CandidateView) -> Option<f64> {
    if own.priced > 0 {
        return Some(own.cost.as_usd() / own.priced as f64);
    }
    let price = candidate.deployment.price.as_ref()?;
    let tokens = Tokens {
        input: present.input_tokens,
        cached_input: present.cached_tokens,
        output: present.output_tokens,
        ..Tokens::default()
    };
    let cost = price.cost(&tokens).filter(|_| present.requests > 0)?;
    Some(cost.as_usd() / present.requests as f64)
}

#[cfg(test)]
mod tests;

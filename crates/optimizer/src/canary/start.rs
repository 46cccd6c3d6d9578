//! Starting a canary: a request from a person, checked, with defaults, frozen into a plan.

use std::{sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};
use weir_core::{
    CanaryId, DeploymentId, Entropy, Problem, Timestamp, WorkloadId,
    canary::{Baseline, Canary, CanaryDefaults, CanaryEvent, CanaryPlan, CanaryState, Evidence, Inputs},
    error::{BAD_PARAMETER, CONFLICT, KIN_JUDGE, NOT_FOUND},
    policy::Policy,
    segment::Segments,
    workload::Workload,
};

use super::{orders, reading::read, spending, words::percent};
use crate::{pairing::PairState, revision};

const MINUTE_MS: u64 = 60_000;
const HOUR_MS: u64 = 60 * MINUTE_MS;
/// See [`StartRequest::cooldown_ms`].
const COOLDOWN_MS: u64 = 24 * HOUR_MS;
/// Units per arm while a proven candidate is verified.
const HOLD_BACK: f64 = 0.05;

/// What a person asks for. Everything but workload and candidate has a default.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StartRequest {
    /// Whose traffic.
    pub workload: WorkloadId,
    /// The newcomer, one of the workload's candidates.
    pub candidate: DeploymentId,
    /// Share of units per arm at each step, ascending, each above 0 and at most 0.5; default 0.01, 0.05, 0.25, 0.5.
    #[serde(default)]
    pub steps: Option<Vec<f64>>,
    /// Largest acceptable loss of mean grade, `0.001..=0.5`; default 0.03.
    #[serde(default)]
    pub margin: Option<f64>,
    /// Probability of promoting a candidate that is worse than the margin, `1e-6..=0.2`; default 0.01.
    #[serde(default)]
    pub alpha_promote: Option<f64>,
    /// Probability of rolling back a candidate that is not worse than the margin, `1e-6..=0.2`; default 0.05.
    #[serde(default)]
    pub alpha_rollback: Option<f64>,
    /// Least pairs before a promotion, at least 1; default 100.
    #[serde(default)]
    pub min_pairs: Option<u64>,
    /// Least pairs within a step before the next, at least 1; default 30.
    #[serde(default)]
    pub step_pairs: Option<u64>,
    /// Pairs after which an undecided canary expires, at least `min_pairs`; default 20,000.
    #[serde(default)]
    pub max_pairs: Option<u64>,
    /// A score that has not come this long after its answer counts as missing, `100..=3_600_000`; default 120,000.
    #[serde(default)]
    pub score_timeout_ms: Option<u64>,
    /// Least time within a step before the next; default 600,000.
    #[serde(default)]
    pub bake_ms: Option<u64>,
    /// Least time before a promotion; default 3,600,000.
    #[serde(default)]
    pub min_duration_ms: Option<u64>,
    /// Time after which an undecided canary expires, at least `min_duration_ms`; default 14 days.
    #[serde(default)]
    pub horizon_ms: Option<u64>,
    /// Largest loss of the workload's mean grade that exposure may cause, above 0 and at most 1; default 0.01.
    #[serde(default)]
    pub risk_budget: Option<f64>,
    /// Pairs in the verifying stage; 0 skips it; default 100.
    #[serde(default)]
    pub verify_pairs: Option<u64>,
    /// Same-prompt pairs before any exposure; 0, the default, skips the shadow.
    #[serde(default)]
    pub shadow_pairs: Option<u64>,
    /// A hold that cleared goes on by itself after this time; default 600,000.
    #[serde(default)]
    pub hold_clear_ms: Option<u64>,
    /// No new try this long after a rollback of the same candidate; default 24 hours.
    #[serde(default)]
    pub cooldown_ms: Option<u64>,
    /// Extra cost that rolls back, as a share of the stable deployment's 99.9th percentile, `0..=1`; none by default.
    #[serde(default)]
    pub cost_budget: Option<f64>,
    /// Promotion also takes proof that the candidate is cheaper; false by default.
    #[serde(default)]
    pub must_save: bool,
    /// Segments in which it is not tried, and will not serve; none by default.
    #[serde(default)]
    pub except: Vec<Arc<str>>,
    /// A person must approve before anything is exposed; false by default.
    #[serde(default)]
    pub approval: bool,
    /// Whoever approves must not be who proposed; implies `approval`.
    #[serde(default)]
    pub four_eyes: bool,
    /// A judge of an arm's own family may decide; without it such a canary does not start. False by default.
    #[serde(default)]
    pub kin_judge: bool,
    /// Why it is started, or why so, in the words of whoever starts it; kept with its first event. May be empty.
    #[serde(default)]
    pub reason: String,
}

impl StartRequest {
    /// A request with every default.
    #[must_use]
    pub const fn new(workload: WorkloadId, candidate: DeploymentId) -> Self {
        Self {
            workload,
            candidate,
            steps: None,
            margin: None,
            alpha_promote: None,
            alpha_rollback: None,
            min_pairs: None,
            step_pairs: None,
            max_pairs: None,
            score_timeout_ms: None,
            bake_ms: None,
            min_duration_ms: None,
            horizon_ms: None,
            risk_budget: None,
            verify_pairs: None,
            shadow_pairs: None,
            hold_clear_ms: None,
            cooldown_ms: None,
            cost_budget: None,
            must_save: false,
            except: Vec::new(),
            approval: false,
            four_eyes: false,
            kin_judge: false,
            reason: String::new(),
        }
    }
}

impl StartRequest {
    /// The request with what it leaves out taken from the configuration. An approval that is configured cannot be left
    /// out.
    #[must_use]
    pub fn or(self, defaults: &CanaryDefaults) -> Self {
        Self {
            steps: self.steps.or_else(|| defaults.steps.clone()),
            margin: self.margin.or(defaults.margin),
            alpha_promote: self.alpha_promote.or(defaults.alpha_promote),
            alpha_rollback: self.alpha_rollback.or(defaults.alpha_rollback),
            min_pairs: self.min_pairs.or(defaults.min_pairs),
            bake_ms: self.bake_ms.or(defaults.bake_ms),
            min_duration_ms: self.min_duration_ms.or(defaults.min_duration_ms),
            risk_budget: self.risk_budget.or(defaults.risk_budget),
            shadow_pairs: self.shadow_pairs.or(defaults.shadow_pairs),
            approval: self.approval || defaults.approval,
            four_eyes: self.four_eyes || defaults.four_eyes,
            kin_judge: self.kin_judge || defaults.kin_judge,
            ..self
        }
    }
}

/// What a request is checked against.
#[derive(Debug, Clone, Copy)]
pub struct Ground<'a> {
    /// As configured.
    pub workload: &'a Workload,
    /// Its head revision.
    pub head: &'a Policy,
    /// Its canaries so far, in any order: they count as attempts, and a rollback cools down.
    pub history: &'a [Canary],
    /// What the stable deployment did lately.
    pub baseline: Baseline,
    /// Judges among its scorer and guards that are of an arm's family, in a sentence each.
    pub kin: &'a [String],
}

/// Checks a request against its workload and head revision and makes the canary, at its first step, with its first
/// event. The store refuses a second active canary of one workload.
///
/// # Errors
/// `NOT_FOUND` when the request names another workload, `CONFLICT` when the candidate is already stable, `KIN_JUDGE` when a judge
/// is of an arm's family and nobody accepts that, `BAD_PARAMETER` for anything out of range; the message says what was found and what is wanted.
pub fn start(
    request: &StartRequest,
    ground: &Ground<'_>,
    actor: &str,
    entropy: &dyn Entropy,
    now: Timestamp,
) -> Result<(Canary, CanaryEvent), Problem> {
    let (workload, head) = (ground.workload, ground.head);
    if request.workload != workload.id || head.workload != workload.id {
        let message = format!("no workload {:?} here, this is {:?}", request.workload, workload.id);
        return Err(Problem::new(&NOT_FOUND, message));
    }
    let candidate = &request.candidate;
    if !workload.candidates.contains(candidate) {
        let known = workload.candidates.iter().map(DeploymentId::as_str);
        let known = known.collect::<Vec<_>>().join(", ");
        let message = format!("{candidate:?} is not a candidate of workload {:?}, wanted one of: {known}", workload.id);
        return Err(Problem::new(&BAD_PARAMETER, message)
            .hint("add it to the workload's candidates; it gets no traffic before a canary proves it"));
    }
    let Some(control) = revision::stable(workload, head).filter(|stable| *stable != candidate) else {
        let message = format!("{candidate:?} is already the stable deployment of {:?}", workload.id);
        return Err(Problem::new(&CONFLICT, message));
    };
    let cooldown = Duration::from_millis(request.cooldown_ms.unwrap_or(COOLDOWN_MS));
    spending::cooled_down(ground.history, candidate, cooldown, now)?;
    let outside = outside(request, ground, control)?;
    if !ground.kin.is_empty() && !request.kin_judge {
        return Err(Problem::new(&KIN_JUDGE, ground.kin.join("; ")).hint(
            "ask a judge of another family, or accept it with `kin_judge`, of the request or of `[canary]`: what a judge adds \
             to its own family no number of pairs takes away, labels of people do",
        ));
    }
    let id = CanaryId::from(format!("c-{:08x}", entropy.next_u64() >> 32));
    let canary = Canary {
        id,
        workload: workload.id.clone(),
        candidate: candidate.clone(),
        control: control.clone(),
        scorer: workload.quality.clone(),
        base: head.revision.clone(),
        plan: CanaryPlan { except: outside.clone(), ..plan(request, ground, now, entropy.next_u64())? },
        state: CanaryState::Running,
        step: 0,
        held: None,
        resumes_to: CanaryState::Running,
        auto_resumes: 0,
        accepted: Vec::new(),
        scoped_out: outside,
        epoch_at: now,
        proposer: actor.to_owned(),
        version: 1,
        created_at: now,
        changed_at: now,
        reason: String::new(),
    };
    let state = if canary.plan.approval { CanaryState::AwaitingApproval } else { orders::begin(&canary) };
    Ok(opened(Canary { state, ..canary }, actor, request.reason.trim()))
}

/// Where it is not tried: as asked, and where the control does not serve, because nobody is sent to it there.
fn outside(request: &StartRequest, ground: &Ground<'_>, control: &DeploymentId) -> Result<Vec<Arc<str>>, Problem> {
    let segments = Segments::of(&ground.workload.segments, &ground.workload.tenants);
    let mut outside: Vec<Arc<str>> = Vec::new();
    for segment in request.except.iter().chain(ground.head.excepted(control)) {
        if !segments.names().contains(segment) {
            let known: Vec<&str> = segments.names().iter().map(|name| &**name).collect();
            return Err(bad("except", segment, &format!("segments of {:?}: {}", request.workload, known.join(", "))));
        }
        if !outside.contains(segment) {
            outside.push(Arc::clone(segment));
        }
    }
    if outside.len() == segments.names().len() {
        return Err(bad("except", "every segment", "at least one left to try it in"));
    }
    Ok(outside)
}

fn opened(canary: Canary, actor: &str, why: &str) -> (Canary, CanaryEvent) {
    let share = canary.plan.steps.first().copied().unwrap_or(0.0);
    let (candidate, control, margin) = (&canary.candidate, &canary.control, canary.plan.margin);
    let reason = match canary.state {
        CanaryState::AwaitingApproval => {
            format!("proposed by {actor}: {candidate} against {control}, margin {margin}; waits for an approval")
        }
        CanaryState::Shadow => {
            format!("started by {actor}: {candidate} beside {control} in the shadow, nobody exposed, margin {margin}")
        }
        _ => format!(
            "started by {actor}: {candidate} against {control} on {} of units each, margin {margin}",
            percent(share)
        ),
    };
    let accepted = canary.plan.warnings.iter().map(|warning| format!("; accepted: {warning}")).collect::<String>();
    let why = if why.is_empty() { String::new() } else { format!(": {why}") };
    let canary = Canary { reason: reason + &accepted + &why, ..canary };
    let event = CanaryEvent {
        canary: canary.id.clone(),
        at: canary.created_at,
        actor: actor.to_owned(),
        from: None,
        state: canary.state,
        step: canary.step,
        reason: canary.reason.clone(),
        evidence: nothing(&canary),
    };
    (canary, event)
}

pub(super) fn nothing(canary: &Canary) -> Evidence {
    let inputs = Inputs { now: canary.created_at, head: canary.base.clone(), ..Inputs::default() };
    read(canary, &PairState::of(canary), &inputs).evidence
}

fn plan(request: &StartRequest, ground: &Ground<'_>, now: Timestamp, salt: u64) -> Result<CanaryPlan, Problem> {
    let min_pairs = at_least("min_pairs", request.min_pairs.unwrap_or(100), 1)?;
    let timeout = request.score_timeout_ms.unwrap_or(120_000);
    if !(100..=3_600_000).contains(&timeout) {
        return Err(bad("score_timeout_ms", timeout, "100 to 3600000"));
    }
    let min_duration_ms = request.min_duration_ms.unwrap_or(HOUR_MS);
    let cost_budget = request.cost_budget.map(|budget| within("cost_budget", budget, 0.0, 1.0)).transpose()?;
    if (cost_budget.is_some() || request.must_save) && ground.baseline.cost_cap_nano.is_none() {
        let message = "the stable deployment has too few priced answers to compare costs with";
        return Err(
            Problem::new(&CONFLICT, message).hint("leave out `cost_budget` and `must_save`, or wait for traffic")
        );
    }
    Ok(CanaryPlan {
        steps: steps(request.steps.as_deref().unwrap_or(&[0.01, 0.05, 0.25, 0.5]))?,
        margin: within("margin", request.margin.unwrap_or(0.03), 0.001, 0.5)?,
        alpha_promote: within("alpha_promote", request.alpha_promote.unwrap_or(0.01), 1e-6, 0.2)?,
        attempt: spending::attempt(ground.history, &request.candidate, now),
        alpha_rollback: within("alpha_rollback", request.alpha_rollback.unwrap_or(0.05), 1e-6, 0.2)?,
        floor: ground.workload.floor,
        min_pairs,
        step_pairs: at_least("step_pairs", request.step_pairs.unwrap_or(30), 1)?,
        bake_ms: request.bake_ms.unwrap_or(10 * MINUTE_MS),
        min_duration_ms,
        max_pairs: at_least("max_pairs", request.max_pairs.unwrap_or(20_000.max(min_pairs)), min_pairs)?,
        horizon_ms: at_least("horizon_ms", request.horizon_ms.unwrap_or(14 * 24 * HOUR_MS), min_duration_ms.max(1))?,
        risk_budget: within("risk_budget", request.risk_budget.unwrap_or(0.01), 1e-4, 1.0)?,
        verify_pairs: request.verify_pairs.unwrap_or(100),
        hold_back: HOLD_BACK,
        shadow_pairs: request.shadow_pairs.unwrap_or(0),
        approval: request.approval || request.four_eyes,
        four_eyes: request.four_eyes,
        hold_clear_ms: request.hold_clear_ms.unwrap_or(10 * MINUTE_MS),
        score_timeout_ms: timeout,
        baseline: ground.baseline,
        cost_budget,
        must_save: request.must_save,
        guards: ground.workload.guards.clone(),
        except: Vec::new(),
        warnings: ground.kin.to_vec(),
        salt,
    })
}

fn steps(steps: &[f64]) -> Result<Vec<f64>, Problem> {
    let in_range = steps.iter().all(|&step| step > 0.0 && step <= 0.5);
    let ascending = steps.windows(2).all(|pair| pair[0] < pair[1]);
    if steps.is_empty() || !in_range || !ascending {
        let wanted = "at least one share, each above 0 and at most 0.5 per arm, strictly ascending";
        return Err(bad("steps", format!("{steps:?}"), wanted));
    }
    Ok(steps.to_vec())
}

fn within(name: &str, value: f64, least: f64, most: f64) -> Result<f64, Problem> {
    if (least..=most).contains(&value) { Ok(value) } else { Err(bad(name, value, &format!("{least} to {most}"))) }
}

fn at_least(name: &str, value: u64, least: u64) -> Result<u64, Problem> {
    if value >= least { Ok(value) } else { Err(bad(name, value, &format!("at least {least}"))) }
}

fn bad(name: &str, found: impl std::fmt::Display, wanted: &str) -> Problem {
    Problem::new(&BAD_PARAMETER, format!("{name} is {found}, wanted {wanted}"))
}

//! Starting a canary: a request from a person, checked, with defaults, frozen into a plan.

use serde::{Deserialize, Serialize};
use weir_core::{
    CanaryId, DeploymentId, Entropy, Problem, Timestamp, WorkloadId,
    canary::{Canary, CanaryEvent, CanaryPlan, CanaryState, Evidence},
    error::{BAD_PARAMETER, CONFLICT, NOT_FOUND},
    policy::Policy,
    workload::Workload,
};

use super::{reading::evidence, words::percent};
use crate::{pairing::PairState, revision};

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
        }
    }
}

/// Checks a request against its workload and head revision and makes the canary, at its first step, with its first
/// event. The store refuses a second active canary of one workload.
///
/// # Errors
/// `NOT_FOUND` when the request names another workload, `CONFLICT` when the candidate is already stable,
/// `BAD_PARAMETER` for anything out of range; the message says what was found and what is wanted.
pub fn start(
    request: &StartRequest,
    workload: &Workload,
    head: &Policy,
    actor: &str,
    entropy: &dyn Entropy,
    now: Timestamp,
) -> Result<(Canary, CanaryEvent), Problem> {
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
    let canary = Canary {
        id: CanaryId::from(format!("c-{:08x}", entropy.next_u64() >> 32)),
        workload: workload.id.clone(),
        candidate: candidate.clone(),
        control: control.clone(),
        scorer: workload.quality.clone(),
        base: head.revision.clone(),
        plan: plan(request, entropy.next_u64())?,
        state: CanaryState::Running,
        step: 0,
        version: 1,
        created_at: now,
        changed_at: now,
        reason: String::new(),
    };
    Ok(opened(canary, actor))
}

fn opened(canary: Canary, actor: &str) -> (Canary, CanaryEvent) {
    let share = canary.plan.steps.first().copied().unwrap_or(0.0);
    let reason = format!(
        "started by {actor}: {} against {} on {} of units each, margin {}",
        canary.candidate,
        canary.control,
        percent(share),
        canary.plan.margin
    );
    let canary = Canary { reason, ..canary };
    let event = CanaryEvent {
        canary: canary.id.clone(),
        at: canary.created_at,
        actor: actor.to_owned(),
        state: canary.state,
        step: canary.step,
        reason: canary.reason.clone(),
        evidence: nothing(&canary),
    };
    (canary, event)
}

fn nothing(canary: &Canary) -> Evidence {
    evidence(canary, &PairState::new(canary.plan.margin))
}

fn plan(request: &StartRequest, salt: u64) -> Result<CanaryPlan, Problem> {
    let min_pairs = at_least("min_pairs", request.min_pairs.unwrap_or(100), 1)?;
    let timeout = request.score_timeout_ms.unwrap_or(120_000);
    if !(100..=3_600_000).contains(&timeout) {
        return Err(bad("score_timeout_ms", timeout, "100 to 3600000"));
    }
    Ok(CanaryPlan {
        steps: steps(request.steps.as_deref().unwrap_or(&[0.01, 0.05, 0.25, 0.5]))?,
        margin: within("margin", request.margin.unwrap_or(0.03), 0.001, 0.5)?,
        alpha_promote: within("alpha_promote", request.alpha_promote.unwrap_or(0.01), 1e-6, 0.2)?,
        alpha_rollback: within("alpha_rollback", request.alpha_rollback.unwrap_or(0.05), 1e-6, 0.2)?,
        min_pairs,
        step_pairs: at_least("step_pairs", request.step_pairs.unwrap_or(30), 1)?,
        max_pairs: at_least("max_pairs", request.max_pairs.unwrap_or(20_000.max(min_pairs)), min_pairs)?,
        score_timeout_ms: timeout,
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

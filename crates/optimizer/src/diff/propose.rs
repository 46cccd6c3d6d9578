//! From facts to a diff: pure, so that a stored diff can be replayed from its facts and must come out the same.

use serde::{Deserialize, Serialize};
use weir_core::{DeploymentId, RevisionId, WorkloadId, snapshot::Quality};
use weir_stats::{
    off_policy::Value,
    window::{BOUND_Z, PRIOR_WEIGHT},
};

use super::{
    facts::Facts,
    frontier::{self, Frontier},
    words,
};
use crate::{
    planner::{
        logged::Estimate,
        next::{Bar, Known, worth},
    },
    windows::PRIOR,
};

/// Two-sided 95 % in standard errors.
const Z95: f64 = 1.96;
/// Days of a month.
const MONTH: f64 = 30.0;
/// A candidate less likely to be good enough than this is not proposed.
const LEAST_GOOD: f64 = 0.1;

/// How much traffic it concerns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Traffic {
    /// Share of the workload's traffic, `0..=1`.
    pub share: f64,
    /// Requests expected in 30 days.
    pub req_30d: f64,
    /// Their 95 % interval, overdispersed as the last days were.
    pub req_30d_ci: [f64; 2],
}

/// What happens to quality.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QualityChange {
    /// New − present mean grade, `-1..=1`.
    pub delta: f64,
    /// Its 95 % interval.
    pub ci95: [f64; 2],
    /// How it was found: `windows` compares traffic that was not randomised, which is why a canary follows.
    pub method: String,
    /// Grades of the newcomer.
    pub n: u64,
    /// Loss the canary accepts.
    pub margin: f64,
    /// Probability that the loss is within the margin.
    pub good: f64,
    /// The scorer with its version.
    pub judge: String,
    /// The scorer's own bias towards the newcomer, which `delta` no longer contains; `None` where too few answers have
    /// people's labels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub judge_bias: Option<JudgeBias>,
    /// Why logged traffic alone does not tell, where it was asked and does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub off_policy_refused: Option<String>,
}

/// How much kinder the scorer is to the newcomer than people are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JudgeBias {
    /// Points of grade.
    pub delta: f64,
    /// Its 95 % interval.
    pub ci95: [f64; 2],
    /// Labels of the deployment with fewer.
    pub labels: u64,
}

/// What happens to cost.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CostChange {
    /// Per request, in dollars; negative saves.
    pub per_req_delta_usd: f64,
    /// In the first 30 days, in dollars, less what proving it costs.
    pub monthly_saving_usd: f64,
    /// Its 95 % interval, from the doubt about traffic and about what a request costs.
    pub ci95: [f64; 2],
    /// What proving it costs once, in dollars: grading both arms' answers, and the shadow.
    #[serde(default)]
    pub trial_usd: f64,
}

/// What happens to latency.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LatencyChange {
    /// New / present 95th percentile.
    pub p95_ratio: f64,
}

/// What happens to the failure rate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ErrorChange {
    /// New − present.
    pub delta: f64,
    /// Its 95 % interval.
    pub ci95: [f64; 2],
}

/// What proving it takes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outlook {
    /// Pairs of the canary.
    pub n_needed: u64,
    /// Time at the present traffic as an ISO 8601 duration; `None` without traffic.
    pub eta: Option<String>,
    /// Average loss of the workload's quality while it runs, in points, at most: share × the interval's lower end.
    pub max_expected_loss_pts: f64,
    /// Saving per request × probability / pairs: what is tried next has the highest.
    pub index: f64,
}

/// A change of route with the maths attached.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PolicyDiff {
    /// `pd_` and the hash of the facts.
    pub id: String,
    /// Whose traffic.
    pub workload: WorkloadId,
    /// The revision it changes; it applies to no other.
    pub parent: RevisionId,
    /// What it does: `route`.
    pub op: String,
    /// The part of the traffic in words; all of it without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// What serves now.
    pub from: DeploymentId,
    /// What would serve.
    pub to: DeploymentId,
    /// How much traffic.
    pub traffic: Traffic,
    /// Quality.
    pub quality: QualityChange,
    /// Cost.
    pub cost: CostChange,
    /// Where it lies among all mixes of the workload's deployments; `None` where too little is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frontier: Option<Frontier>,
    /// Latency; `None` before both have been seen.
    pub latency: Option<LatencyChange>,
    /// Failures; `None` before both have been seen.
    pub errors: Option<ErrorChange>,
    /// What proving it takes.
    pub plan: Outlook,
    /// In one sentence.
    pub sentence: String,
    /// What it was made of.
    pub evidence: Facts,
}

impl PolicyDiff {
    /// True when both say the same: the sentence, and every number to nine digits, which is what storage keeps.
    #[must_use]
    pub fn agrees(&self, other: &Self) -> bool {
        let numbers = |diff: &Self| {
            let [low, high] = diff.quality.ci95;
            let [least, most] = diff.cost.ci95;
            let (quality, cost) = (diff.quality.delta, diff.cost.monthly_saving_usd);
            [quality, low, high, diff.quality.good, cost, least, most, diff.plan.max_expected_loss_pts, diff.plan.index]
        };
        let close = |(a, b): (f64, f64)| (a - b).abs() <= 1e-9 * (1.0 + a.abs());
        self.sentence == other.sentence
            && self.parent == other.parent
            && self.plan.n_needed == other.plan.n_needed
            && numbers(self).into_iter().zip(numbers(other)).all(close)
    }
}

/// The diff these facts make; `None` when it would save nothing, or is unlikely to keep quality within the margin.
#[must_use]
pub fn propose(facts: &Facts) -> Option<PolicyDiff> {
    let Compared { present: (present, present_se), new: (mean, se), method, n, refused } = compared(facts)?;
    // Noise of a scorer widens; its partiality shifts, and no number of grades would tell.
    let (mean, se) = facts.bias.map_or((mean, se), |bias| (mean - bias.delta, se.hypot(bias.se)));
    let (from_usd, to_usd) = (facts.from.cost_usd?, facts.to.cost_usd?);
    let bar = Bar {
        cost: from_usd,
        quality: facts.floor.map_or(present, |floor| floor.max(present.min(floor + facts.margin))),
        tolerance: facts.margin,
        alpha: facts.alpha,
    };
    let trial =
        worth(&Known { cost: to_usd, mean, se: se.hypot(present_se), variance: 2.0 * mean * (1.0 - mean) }, &bar)
            .filter(|trial| trial.good >= LEAST_GOOD)?;
    let traffic = traffic(&facts.daily, facts.within.as_ref().map_or(1.0, |within| within.share));
    let delta = mean - present;
    let reach = Z95 * se.hypot(present_se);
    let saving = from_usd - to_usd;
    let per_day = traffic.req_30d / MONTH;
    let pairs_per_day = per_day * facts.share;
    let quality = QualityChange {
        delta,
        ci95: [(delta - reach).max(-1.0), (delta + reach).min(1.0)],
        method: method.to_owned(),
        n,
        margin: facts.margin,
        good: trial.good,
        judge: format!("{}@{}", facts.scorer, facts.version),
        judge_bias: facts.bias.map(|bias| JudgeBias {
            delta: bias.delta,
            ci95: [bias.delta - Z95 * bias.se, bias.delta + Z95 * bias.se],
            labels: bias.labels,
        }),
        off_policy_refused: refused,
    };
    let cost = cost_change(facts, saving, &traffic, trial.pairs);
    let plan = Outlook {
        n_needed: trial.pairs.ceil() as u64,
        eta: (pairs_per_day > 0.0).then(|| words::duration(trial.pairs / pairs_per_day)),
        max_expected_loss_pts: 100.0 * facts.share * traffic.share * (-quality.ci95[0]).max(0.0),
        index: trial.index,
    };
    Some(PolicyDiff {
        id: id(facts),
        workload: facts.workload.clone(),
        parent: facts.parent.clone(),
        op: "route".to_owned(),
        scope: facts.within.as_ref().map(|within| within.words.clone()),
        from: facts.from.deployment.clone(),
        to: facts.to.deployment.clone(),
        sentence: words::sentence(facts, &quality, &cost),
        frontier: frontier::of(facts),
        latency: latency(facts),
        errors: errors(facts),
        traffic,
        quality,
        cost,
        plan,
        evidence: facts.clone(),
    })
}

/// Both qualities as mean and standard error, and how they were found.
struct Compared {
    present: (f64, f64),
    new: (f64, f64),
    method: &'static str,
    /// Grades of the newcomer, or effective ones.
    n: u64,
    refused: Option<String>,
}

/// Within a scope, the half of the units that had no part in choosing it. Else by logged propensities where they reach,
/// else by windows, which compare traffic that was not randomised.
fn compared(facts: &Facts) -> Option<Compared> {
    let windows = known(facts.from.quality)?;
    if let Some(within) = &facts.within {
        let held_out = within.held_out;
        let new = (windows.0 + held_out.delta, held_out.se.max(1e-3));
        // The standard error is of the difference: the present quality adds none of its own.
        return Some(Compared {
            present: (windows.0, 0.0),
            new,
            method: "held-out half",
            n: held_out.n,
            refused: None,
        });
    }
    let logged = facts.logged.as_ref();
    if let Some((from, to)) = logged.and_then(|logged| logged.from.value().zip(logged.to.value())) {
        let of = |value: &Value| (value.dr, value.se.max(1e-3));
        let n = to.ess.round() as u64;
        return Some(Compared {
            present: of(from),
            new: of(to),
            method: "off-policy, doubly robust",
            n,
            refused: None,
        });
    }
    let refused = logged.and_then(|logged| match (&logged.to, &logged.from) {
        (Estimate::Refused(refusal), _) | (_, Estimate::Refused(refusal)) => Some(refusal.to_string()),
        _ => None,
    });
    let new = facts.to.quality.map_or((PRIOR, unknown_se()), |quality| of(&quality));
    let n = facts.to.quality.map_or(0, |quality| quality.n);
    Some(Compared { present: windows, new, method: "windows", n, refused })
}

fn id(facts: &Facts) -> String {
    let text = serde_json::to_string(facts).unwrap_or_default();
    let hex = blake3::hash(text.as_bytes()).to_hex();
    format!("pd_{}", hex.get(..12).unwrap_or_default())
}

fn known(quality: Option<Quality>) -> Option<(f64, f64)> {
    quality.as_ref().map(of)
}

/// Mean and standard error of a window, from its one-sided bound.
fn of(quality: &Quality) -> (f64, f64) {
    (quality.mean, ((quality.mean - quality.lower) / BOUND_Z).max(1e-3))
}

/// Of a deployment that was never graded: that of the prior's own grades.
fn unknown_se() -> f64 {
    (PRIOR * (1.0 - PRIOR) / PRIOR_WEIGHT).sqrt()
}

/// `share` of the mean of the days × 30, with the doubt of both: days vary by `φ = variance / mean`, and the mean is of few days.
fn traffic(daily: &[u64], share: f64) -> Traffic {
    let days = daily.len().max(1) as f64;
    let mean = daily.iter().sum::<u64>() as f64 / days;
    let spread = daily.iter().map(|&day| (day as f64 - mean).powi(2)).sum::<f64>() / (days - 1.0).max(1.0);
    let phi = if mean > 0.0 { (spread / mean).max(1.0) } else { 1.0 };
    let reach = Z95 * (phi * mean * (MONTH + MONTH * MONTH / days)).sqrt();
    let (req_30d, reach) = (share * MONTH * mean, share * reach);
    Traffic { share, req_30d, req_30d_ci: [(req_30d - reach).max(0.0), req_30d + reach] }
}

/// `S = N·Δc` less the trial, with `Var(S) ≈ N²·Var(Δc) + Δc²·Var(N)`.
fn cost_change(facts: &Facts, saving: f64, traffic: &Traffic, pairs: f64) -> CostChange {
    let n = traffic.req_30d;
    let n_se = (traffic.req_30d_ci[1] - n) / Z95;
    let (se, trial_usd) = facts.spend.map_or((0.0, 0.0), |spend| {
        let shadow = facts.to.cost_usd.unwrap_or(0.0) + 2.0 * spend.score_usd;
        (spend.se_usd, 2.0 * pairs.ceil() * spend.score_usd + spend.shadow_pairs as f64 * shadow)
    });
    let reach = Z95 * (n * se).hypot(saving * n_se);
    let monthly_saving_usd = saving * n - trial_usd;
    CostChange {
        per_req_delta_usd: -saving,
        monthly_saving_usd,
        ci95: [monthly_saving_usd - reach, monthly_saving_usd + reach],
        trial_usd,
    }
}

fn latency(facts: &Facts) -> Option<LatencyChange> {
    let (from, to) = facts.from.p95_us.zip(facts.to.p95_us)?;
    (from > 0.0).then(|| LatencyChange { p95_ratio: to / from })
}

fn errors(facts: &Facts) -> Option<ErrorChange> {
    let rate = |failed: u64, requests: u64| {
        let (failed, requests) = (failed as f64 + 1.0, requests as f64 + 2.0);
        let rate = failed / requests;
        (rate, rate * (1.0 - rate) / requests)
    };
    if facts.from.requests == 0 || facts.to.requests == 0 {
        return None;
    }
    let (from, to) = (rate(facts.from.failed, facts.from.requests), rate(facts.to.failed, facts.to.requests));
    let (delta, reach) = (to.0 - from.0, Z95 * (from.1 + to.1).sqrt());
    Some(ErrorChange { delta, ci95: [delta - reach, delta + reach] })
}

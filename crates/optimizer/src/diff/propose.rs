//! From facts to a diff: pure, so that a stored diff can be replayed from its facts and must come out the same.

use weir_core::snapshot::Quality;
use weir_stats::{
    off_policy::Value,
    window::{BOUND_Z, PRIOR_WEIGHT},
};

use super::{
    document::{CostChange, ErrorChange, JudgeBias, LatencyChange, Outlook, PolicyDiff, QualityChange, Traffic},
    facts::{Facts, PairFacts},
    frontier, words,
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

/// The diff these facts make; `None` when it would save nothing, or is unlikely to keep quality within the margin.
#[must_use]
pub fn propose(facts: &Facts) -> Option<PolicyDiff> {
    let Compared { present: (present, present_se), new: (mean, se), pairs, method, n, refused } = compared(facts)?;
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
    let ci95 = match (pairs, facts.bias) {
        (None, _) => around(delta, se.hypot(present_se)),
        (Some(pairs), None) => pairs.ci95,
        // What is said at any look, and what labels say at one, each with its own reach.
        (Some(PairFacts { ci95: [lower, upper], .. }), Some(bias)) => {
            let [least, most] = around(bias.delta, bias.se);
            [lower - most, upper - least]
        }
    };
    let saving = from_usd - to_usd;
    let per_day = traffic.req_30d / MONTH;
    let pairs_per_day = per_day * facts.share;
    let quality = QualityChange {
        delta,
        ci95: [ci95[0].max(-1.0), ci95[1].min(1.0)],
        method: method.to_owned(),
        n,
        log_e_promote: pairs.map(|pairs| pairs.log_e_promote),
        holdout: facts.within.is_some(),
        margin: facts.margin,
        good: trial.good,
        judge: format!("{}@{}", facts.scorer, facts.version),
        judge_bias: facts.bias.map(|bias| JudgeBias {
            delta: bias.delta,
            ci95: around(bias.delta, bias.se),
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
        scope: facts.within.as_ref().map(words::scope),
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
    /// The pairs it was found by.
    pairs: Option<PairFacts>,
    method: &'static str,
    /// Pairs, grades of the newcomer, or effective ones.
    n: u64,
    refused: Option<String>,
}

/// Within a scope, the half of the units that had no part in choosing it. Else by pairs of answers to the same prompts,
/// else by logged propensities where they reach, else by windows, which compare traffic that was not randomised.
fn compared(facts: &Facts) -> Option<Compared> {
    let windows = known(facts.from.quality)?;
    if let Some(within) = &facts.within {
        let held_out = within.held_out;
        let new = (windows.0 + held_out.delta, held_out.se.max(1e-3));
        // The standard error is of the difference: the present quality adds none of its own.
        return Some(Compared {
            present: (windows.0, 0.0),
            new,
            pairs: None,
            method: "held-out half",
            n: held_out.n,
            refused: None,
        });
    }
    if let Some(pairs) = facts.pairs {
        let new = (windows.0 + pairs.delta, (pairs.variance / pairs.n as f64).sqrt().max(1e-3));
        return Some(Compared {
            present: (windows.0, 0.0),
            new,
            pairs: Some(pairs),
            method: "pairs/grid-eprocess",
            n: pairs.n,
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
            pairs: None,
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
    Some(Compared { present: windows, new, pairs: None, method: "windows", n, refused })
}

/// The 95 % interval of a normal estimate.
fn around(value: f64, se: f64) -> [f64; 2] {
    [value - Z95 * se, value + Z95 * se]
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
        per_req_ci95: around(-saving, se),
        monthly_saving_usd,
        ci95: [monthly_saving_usd - reach, monthly_saving_usd + reach],
        trial_usd,
    }
}

fn latency(facts: &Facts) -> Option<LatencyChange> {
    let (from, to) = facts.from.p95_us.zip(facts.to.p95_us)?;
    // Of two ratios of percentiles: their logarithms are independent, each known to its own ends.
    let ci95 = facts.from.p95_ci_us.zip(facts.to.p95_ci_us).map(|([from_low, from_high], [to_low, to_high])| {
        let below = (to / to_low).ln().hypot((from_high / from).ln());
        let above = (to_high / to).ln().hypot((from / from_low).ln());
        [to / from * (-below).exp(), to / from * above.exp()]
    });
    (from > 0.0).then(|| LatencyChange { p95_ratio: to / from, ci95 })
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
    let delta = to.0 - from.0;
    Some(ErrorChange { delta, ci95: around(delta, (from.1 + to.1).sqrt()) })
}

//! What a drill found: one row for each scenario under each policy, and the bounds it is held to.

use std::time::Duration;

use serde::Serialize;
use weir_core::{NanoUsd, span::Span};

use super::{load::Sample, scenario::Scenario};

/// What must hold, beside the deadlines and the retry budget, which the configuration states itself.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Bounds {
    /// Requests without a whole answer, where others are left to serve.
    pub max_failed: u64,
    /// From the fault to the first moment at which nobody is sent there any more. Where only a deadline shows the fault,
    /// that deadline is added.
    pub max_trip_ms: u64,
    /// From its end to the first answer from there. A refused key rests for longer, which is added.
    pub max_return_ms: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { max_failed: 0, max_trip_ms: 1_000, max_return_ms: 10_000 }
    }
}

/// What a drill found.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Whose policies.
    pub workload: String,
    /// Requests a second.
    pub rate: u32,
    /// The deadlines in force: the workload's own, shortened to the drill's patience.
    pub deadlines: weir_core::workload::Deadlines,
    /// What was held to.
    pub bounds: Bounds,
    /// Scenario by scenario, policies side by side.
    pub rows: Vec<Row>,
    /// No bound was broken.
    pub passed: bool,
}

/// One scenario under one policy.
#[derive(Debug, Default, Serialize)]
pub struct Row {
    /// What went wrong.
    pub scenario: String,
    /// The policy's name; `own` is the configured one.
    pub policy: String,
    /// `ok`, `failed`, or `skipped`.
    pub verdict: &'static str,
    /// Bounds that were broken, or why it was skipped.
    pub why: Vec<String>,
    /// Who it happened to.
    pub victims: Vec<String>,
    /// Requests sent, from calm to recovery.
    pub requests: u64,
    /// Of these, without a whole answer.
    pub failed: u64,
    /// Share with a whole answer, `0..=1`.
    pub success: f64,
    /// Streams that ended early without a word.
    pub silent: u64,
    /// Answers of 429 that callers saw.
    pub seen_429: u64,
    /// Upstream calls for each request.
    pub calls_per_request: f64,
    /// Of these, second calls to the same deployment.
    pub retries: u64,
    /// From the fault until nobody was sent there; `None` when it never came to that.
    pub trip_ms: Option<u64>,
    /// From its end to the first answer from there; `None` when none came.
    pub return_ms: Option<u64>,
    /// What a failed leg cost those who were served by another one: from receipt to the call that served.
    pub added_p50_ms: Option<f64>,
    /// The same, of the slowest in a hundred.
    pub added_p99_ms: Option<f64>,
    /// Mean cost of a thousand requests while calm.
    pub usd_per_1k_calm: Option<f64>,
    /// While the fault lasted.
    pub usd_per_1k_fault: Option<f64>,
}

/// What was seen of one run.
pub(super) struct Seen<'a> {
    pub(super) samples: &'a [Sample],
    /// The records of these, as far as they are there.
    pub(super) spans: &'a [Span],
    /// When the fault began and ended, in the traffic's time.
    pub(super) fault: (Duration, Duration),
    pub(super) back: Option<Duration>,
}

/// What the run is held to.
pub(super) struct Held {
    pub(super) bounds: Bounds,
    /// Longest wait for a first byte, or for the next.
    pub(super) deadline_ms: u64,
    /// Retries in place, as a share of requests.
    pub(super) retry_budget: f64,
    /// Keys of the one that it happened to.
    pub(super) keys: usize,
}

/// How long a deployment rests at most once its only key is refused.
const REST_MS: u64 = 30_000;

impl Held {
    /// What is added where only a deadline shows the fault: calls made before its end fail that much later.
    fn late_ms(&self, scenario: Scenario) -> u64 {
        if scenario.is_silent() { self.deadline_ms } else { 0 }
    }

    /// Longest time from the end of a fault to the first answer.
    pub(super) fn return_ms(&self, scenario: Scenario) -> u64 {
        let rest = if scenario == Scenario::KeyRevoked { REST_MS } else { 0 };
        self.bounds.max_return_ms + rest + self.late_ms(scenario)
    }
}

/// Retries that a fresh process may make before it has seen traffic; see `weir_router::Lane`.
const FIRST_RETRIES: f64 = 10.0;

impl Row {
    /// A scenario that cannot be played here.
    pub(super) fn skipped(scenario: Scenario, policy: &str, why: &str) -> Self {
        Self { verdict: "skipped", why: vec![why.to_owned()], ..Self::named(scenario, policy) }
    }

    fn named(scenario: Scenario, policy: &str) -> Self {
        let word = serde_json::to_value(scenario).unwrap_or_default();
        Self { scenario: word.as_str().unwrap_or_default().to_owned(), policy: policy.to_owned(), ..Self::default() }
    }

    pub(super) fn of(scenario: Scenario, policy: &str, victims: Vec<String>, seen: &Seen<'_>, held: &Held) -> Self {
        let samples = seen.samples;
        let count = |which: &dyn Fn(&Sample) -> bool| samples.iter().filter(|sample| which(sample)).count() as u64;
        let requests = samples.len() as u64;
        let failed = count(&|sample| !sample.whole);
        let (began, ended) = seen.fault;
        let faulty = |sample: &Sample| sample.sent >= began && sample.sent < ended;
        let added = added(seen.spans);
        let mut row = Self {
            requests,
            failed,
            success: if requests == 0 { 0.0 } else { 1.0 - failed as f64 / requests as f64 },
            silent: count(&|sample| !sample.told),
            seen_429: count(&|sample| sample.status == Some(429)),
            calls_per_request: seen.spans.iter().map(|span| span.attempts.len()).sum::<usize>() as f64
                / seen.spans.len().max(1) as f64,
            retries: seen.spans.iter().map(retries).sum(),
            trip_ms: trip(seen, &victims).map(millis),
            victims,
            return_ms: seen.back.map(millis),
            added_p50_ms: quantile(&added, 0.5),
            added_p99_ms: quantile(&added, 0.99),
            usd_per_1k_calm: usd_per_1k(seen, &|sample| sample.sent < began),
            usd_per_1k_fault: usd_per_1k(seen, &faulty),
            ..Self::named(scenario, policy)
        };
        row.why = row.broken(scenario, held);
        row.verdict = if row.why.is_empty() { "ok" } else { "failed" };
        row
    }

    /// Every bound that does not hold, with its figures.
    fn broken(&self, scenario: Scenario, held: &Held) -> Vec<String> {
        let Bounds { max_failed, max_trip_ms, .. } = held.bounds;
        let mut broken = Vec::new();
        let mut hold = |holds: bool, what: String| {
            if !holds {
                broken.push(what);
            }
        };
        if scenario.is_survivable() {
            let failed = self.failed;
            hold(failed <= max_failed, format!("{failed} requests failed, at most {max_failed} may"));
            let seen = self.seen_429;
            hold(seen == 0, format!("callers saw {seen} answers of 429, and others had room"));
        }
        let silent = self.silent;
        hold(silent == 0, format!("{silent} answers ended without a word"));
        // With everybody down there is nobody to go to. One of several keys that is refused is passed over, and its deployment goes on; one that flaps is well half of
        // the time.
        let others = scenario != Scenario::Recovery;
        let trips = others && !scenario.flaps() && (scenario != Scenario::KeyRevoked || held.keys == 1);
        let within = |found: Option<u64>, most: u64| found.is_some_and(|found| found <= most);
        let told = |found: Option<u64>| found.map_or_else(|| "never".to_owned(), |found| format!("after {found} ms"));
        let most = max_trip_ms + held.late_ms(scenario);
        hold(!trips || within(self.trip_ms, most), format!("avoided {}, at most {most} ms", told(self.trip_ms)));
        let most = held.return_ms(scenario);
        hold(within(self.return_ms, most), format!("back {}, at most {most} ms", told(self.return_ms)));
        let most = (max_trip_ms + held.late_ms(scenario)) as f64;
        if let Some(added) = self.added_p99_ms {
            hold(added <= most, format!("the failed leg cost {added:.0} ms at the 99th percentile, at most {most:.0}"));
        }
        if scenario != Scenario::KeyRevoked {
            let most = FIRST_RETRIES + held.retry_budget * self.requests as f64;
            let retries = self.retries;
            hold(retries as f64 <= most, format!("{retries} retries in place, the budget is {most:.0}"));
        }
        broken
    }
}

/// Requests that may still be sent there once it has tripped: probes, and the few that were decided before.
const PROBES: usize = 4;
const PROBE_SHARE: f64 = 0.05;

/// From the fault to the last request of the time at which victims were still asked first, as an ordinary choice; `None`
/// when that went on to its end.
fn trip(seen: &Seen<'_>, victims: &[String]) -> Option<Duration> {
    let (began, ended) = seen.fault;
    let first = |sample: &Sample| {
        let span = seen.spans.iter().find(|span| Some(span.id) == sample.span)?;
        let asked = span.attempts.first()?;
        Some((sample.sent, victims.iter().any(|victim| *victim == asked.deployment.as_str())))
    };
    let within = |sample: &&Sample| sample.sent >= began && sample.sent < ended;
    let mut asked: Vec<(Duration, bool)> = seen.samples.iter().filter(within).filter_map(first).collect();
    asked.sort_unstable();
    let mut hits = 0;
    for (rest, (sent, hit)) in asked.iter().rev().enumerate() {
        hits += usize::from(*hit);
        let few = PROBES.max((PROBE_SHARE * rest as f64) as usize);
        if hits > few {
            return if rest > few { Some(sent.saturating_sub(began)) } else { None };
        }
    }
    Some(Duration::ZERO)
}

/// Second calls of one request to the same deployment.
fn retries(span: &Span) -> u64 {
    let attempts = &span.attempts;
    let again = |(nth, attempt): (usize, &weir_core::span::Attempt)| {
        attempts.iter().take(nth).any(|before| before.deployment == attempt.deployment)
    };
    attempts.iter().enumerate().filter(|&pair| again(pair)).count() as u64
}

/// Milliseconds until the call that served began, for requests of which another failed before; sorted.
fn added(spans: &[Span]) -> Vec<f64> {
    let late = |span: &Span| {
        let served = span.attempts.iter().position(|attempt| attempt.error.is_none())?;
        let attempt = span.attempts.get(served).filter(|_| served > 0)?;
        Some(attempt.started_us as f64 / 1_000.0)
    };
    let mut added: Vec<f64> = spans.iter().filter_map(late).collect();
    added.sort_by(f64::total_cmp);
    added
}

/// The value below which this share of the sorted values lies (nearest rank).
fn quantile(sorted: &[f64], share: f64) -> Option<f64> {
    let rank = (share * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied()
}

fn usd_per_1k(seen: &Seen<'_>, which: &dyn Fn(&Sample) -> bool) -> Option<f64> {
    let ids: Vec<_> = seen.samples.iter().filter(|sample| which(sample)).filter_map(|sample| sample.span).collect();
    let costs: Vec<NanoUsd> =
        seen.spans.iter().filter(|span| ids.contains(&span.id)).map(|span| span.cost).collect::<Option<_>>()?;
    if costs.is_empty() {
        return None;
    }
    let count = costs.len() as f64;
    Some(costs.into_iter().sum::<NanoUsd>().as_usd() * 1_000.0 / count)
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

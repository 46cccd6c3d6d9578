//! The stages that say who is best. Each orders what the ones before it left equal.

use indexmap::IndexMap;
use weir_core::{DeploymentId, NanoUsd, decision::Verdict};

use crate::slate::{Context, Entry, Slate, draw};

/// Salts that keep one request's draws apart.
const WEIGHTED: u64 = 0;
const LATENCY: u64 = 0x6c61_7465;

/// Traffic for each deployment of which no latency is known, and for all of them together.
const TRIAL: f64 = 0.05;
const TRIALS: f64 = 0.2;
/// Up to this doubt a latency says who is the fastest.
const TRUSTED: f64 = 0.5;

fn dollars(entry: &Entry) -> f64 {
    entry.cost.map_or(f64::INFINITY, NanoUsd::as_usd)
}

pub(super) fn cost(slate: &mut Slate) {
    slate.refine(0.0, |_, entry| dollars(entry));
}

pub(super) fn quality(
    slate: &mut Slate,
    context: &Context<'_>,
    max_cost_usd: Option<f64>,
    max_latency_ms: Option<f64>,
    band: f64,
) {
    let over = |entry: &Entry| {
        max_cost_usd.is_some_and(|most| dollars(entry) > most)
            || max_latency_ms.zip(entry.latency_ms).is_some_and(|(most, found)| found > most)
    };
    // With all of them over a ceiling the ceilings cannot be kept; a dear or slow answer is better than none.
    if slate.order.iter().filter_map(|&index| slate.entry(index)).any(|entry| !over(entry)) {
        slate.drop_where(|_, entry| over(entry).then_some(Verdict::OverCeiling));
    }
    let candidates = &context.view.candidates;
    let mean = |index: usize| candidates.get(index).and_then(|candidate| candidate.quality).map(|found| found.mean);
    // The unproven come after everybody who is proven at all.
    slate.refine(band, |index, _| mean(index).map_or(f64::INFINITY, |mean| -mean));
}

pub(super) fn adaptive(slate: &mut Slate, context: &Context<'_>, [quality, cost, latency]: [f64; 3]) {
    let candidates = &context.view.candidates;
    let in_play = || slate.order.iter().filter_map(|&index| slate.entry(index));
    let dearest = in_play().filter_map(|entry| entry.cost).map(NanoUsd::as_usd).fold(0.0, f64::max);
    let slowest = in_play().filter_map(|entry| entry.latency_ms).fold(0.0, f64::max);
    let relative = |value: f64, most: f64| if most > 0.0 { value / most } else { 0.0 };
    let disutility = |index: usize, entry: &Entry| {
        let mean = candidates.get(index).and_then(|candidate| candidate.quality).map_or(0.0, |found| found.mean);
        // An unknown price counts as the dearest, an unknown latency as the fastest: it has to be found out.
        let dear = entry.cost.map_or(1.0, |cost| relative(cost.as_usd(), dearest));
        let slow = entry.latency_ms.map_or(0.0, |found| relative(found, slowest));
        cost * dear + latency * slow - quality * mean
    };
    slate.refine(0.0, disutility);
}

pub(super) fn least_busy(slate: &mut Slate) {
    slate.refine(0.0, |_, entry| f64::from(entry.in_flight));
}

pub(super) fn complexity(slate: &mut Slate, context: &Context<'_>, threshold: f64, hard: &[DeploymentId]) {
    let is_hard = context.ask.features.complexity.is_some_and(|found| found >= threshold);
    let candidates = &context.view.candidates;
    let for_hard =
        |index: usize| candidates.get(index).is_some_and(|candidate| hard.contains(&candidate.deployment.id));
    slate.refine(0.0, |index, _| if for_hard(index) == is_hard { 0.0 } else { 1.0 });
}

/// Draws among the equals at the head. A candidate as fast as the fastest has weight 1, one at the edge of the band 0:
/// without a cliff two that are nearly as fast share the traffic instead of swapping all of it with every sample.
/// Those of which nothing is known get a small share each, neither all nor nothing, and those of which little is known a
/// part of either: a few slow answers are found out to be chance, and so are a few fast ones. The rest follow by latency.
pub(super) fn latency(slate: &mut Slate, context: &Context<'_>, band: f64) {
    let equals = slate.equals();
    let group = || slate.order.iter().take(equals).filter_map(|&index| slate.entry(index));
    let fastest = |most: f64| {
        let trusted = group().filter(|entry| entry.state.latency_doubt <= most);
        trusted.filter_map(|entry| entry.latency_ms).fold(f64::INFINITY, f64::min)
    };
    let trusted = fastest(TRUSTED);
    let fastest = if trusted.is_finite() { trusted } else { fastest(1.0) };
    let near = |entry: &Entry| match entry.latency_ms {
        Some(_) if fastest <= 0.0 || !fastest.is_finite() => 1.0,
        Some(found) => (1.0 - (found / fastest - 1.0) / band.max(1e-9)).clamp(0.0, 1.0),
        None => 0.0,
    };
    let doubt = |entry: &Entry| if entry.latency_ms.is_some() { entry.state.latency_doubt } else { 1.0 };
    let known: f64 = group().map(|entry| (1.0 - doubt(entry)) * near(entry)).sum();
    let doubts: f64 = group().map(doubt).sum();
    let trial = if known > 0.0 && doubts > 0.0 {
        // `share` of all traffic is `share / (1 - share)` of what the others get.
        let share = (TRIAL * doubts).min(TRIALS);
        known * share / (1.0 - share) / doubts
    } else {
        1.0
    };
    let mut weights = std::mem::take(&mut slate.scratch);
    weights.clear();
    weights.extend(slate.order.iter().take(equals).map(|&index| {
        let weight = |entry: &Entry| (1.0 - doubt(entry)) * near(entry) + doubt(entry) * trial;
        (slate.entry(index).map_or(0.0, weight), index)
    }));
    let sum: f64 = weights.iter().map(|(weight, _)| weight).sum();
    let mut left = draw(context.ask.seed, LATENCY) * sum;
    let drawn = weights.iter().find(|(weight, _)| {
        left -= weight;
        *weight > 0.0 && left < 0.0
    });
    let head = drawn.or_else(|| weights.first()).map(|&(_, index)| index);
    slate.refine(0.0, |_, entry| entry.latency_ms.unwrap_or(f64::MAX));
    if let Some(place) = slate.order.iter().position(|&index| Some(index) == head) {
        slate.lead(place);
    }
    let share = |index: usize| weights.iter().find(|(_, of)| *of == index).map_or(0.0, |(weight, _)| weight / sum);
    if sum > 0.0 {
        slate.drawn(equals, share);
    }
    slate.scratch = weights;
}

/// A weighted draw without replacement among the equals at the head (Efraimidis and Spirakis 2006: keys u^(1/w),
/// largest first).
pub(super) fn weighted(slate: &mut Slate, context: &Context<'_>, weights: &IndexMap<DeploymentId, f64>) {
    let equals = slate.equals();
    let candidates = &context.view.candidates;
    let weight = |index: usize| {
        let id = candidates.get(index).map(|candidate| &candidate.deployment.id);
        id.and_then(|id| weights.get(id)).copied().unwrap_or(0.0)
    };
    let sum: f64 = slate.order.iter().take(equals).map(|&index| weight(index)).sum();
    let seed = context.ask.seed;
    slate.refine(0.0, |index, _| {
        let drawn = draw(seed, WEIGHTED ^ (index as u64 + 1)).max(f64::MIN_POSITIVE);
        if weight(index) > 0.0 { -drawn.ln() / weight(index) } else { f64::INFINITY }
    });
    if sum > 0.0 {
        slate.drawn(equals, |index| weight(index) / sum);
    }
}

//! Arithmetic that several pages share: cost per thousand, the cost of the best model alone, and the quality that
//! routing delivers.

use weir_core::{NanoUsd, Usage as Tokens, snapshot::WorkloadView};
use weir_optimizer::windows::Windows;
use weir_store::Usage;

use crate::view::Figure;

/// Dollars per thousand requests; `None` without a request whose cost is known.
pub(crate) fn cost_per_1k(usage: &Usage) -> Option<f64> {
    (usage.priced > 0).then(|| usage.cost.as_usd() / usage.priced as f64 * 1_000.0)
}

/// Known cost in dollars; `None` when no request has one.
pub(crate) fn cost(usage: &Usage) -> Option<f64> {
    (usage.priced > 0).then(|| usage.cost.as_usd())
}

/// What the same tokens cost at the workload's dearest candidate; `None` when no candidate has a price.
pub(crate) fn cost_of_best(usage: &Usage, workload: &WorkloadView) -> Option<NanoUsd> {
    let tokens = Tokens {
        input: usage.input_tokens,
        output: usage.output_tokens,
        cached_input: usage.cached_tokens,
        ..Tokens::default()
    };
    workload.candidates.iter().filter_map(|candidate| candidate.deployment.price.as_ref()?.cost(&tokens)).max()
}

/// Cost against the dearest candidate alone: `-0.89` saves 89 %. `None` where either is unknown or nothing was spent.
pub(crate) fn against_best(usage: &Usage, workload: &WorkloadView) -> Option<f64> {
    let best = cost_of_best(usage, workload).filter(|best| best.0 > 0)?;
    let spent = cost(usage)?;
    Some((spent - best.as_usd()) / best.as_usd())
}

/// A share of `whole`; `None` of nothing.
pub(crate) fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// Milliseconds.
pub(crate) fn millis(us: Option<f64>) -> Option<f64> {
    us.map(|us| us / 1e3)
}

/// A deployment's window of the workload's quality scorer.
pub(crate) fn quality(windows: &Windows, view: &WorkloadView, deployment: &str) -> Option<Figure> {
    let workload = &view.workload;
    windows
        .current(&workload.id, weir_core::workload::SEGMENT_ALL, &deployment.into(), &workload.quality)?
        .quality()
        .map(Figure::from)
}

/// Figures as one, weighted by traffic: what a caller meets. The bounds are the weighted bounds, which is wider than
/// need be when windows are independent. Where nobody asked, each counts alike.
pub(crate) fn blend(parts: &[(u64, Figure)]) -> Option<Figure> {
    if parts.is_empty() {
        return None;
    }
    let idle = parts.iter().all(|(requests, _)| *requests == 0);
    let weight = |requests: u64| if idle { 1 } else { requests };
    let total: u64 = parts.iter().map(|(requests, _)| weight(*requests)).sum();
    let mut sum = Figure { value: 0.0, lower: 0.0, upper: 0.0, n: 0 };
    for (requests, figure) in parts.iter().filter(|(requests, _)| weight(*requests) > 0) {
        let weight = weight(*requests) as f64 / total as f64;
        sum.value += weight * figure.value;
        sum.lower += weight * figure.lower;
        sum.upper += weight * figure.upper;
        sum.n += figure.n;
    }
    Some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(value: f64, n: u64) -> Figure {
        Figure { value, lower: value - 0.1, upper: value + 0.1, n }
    }

    #[test]
    fn quality_is_weighted_by_the_traffic_that_met_it() {
        let met = blend(&[(300, figure(0.9, 50)), (100, figure(0.5, 7)), (0, figure(0.1, 9))]).unwrap();
        assert!((met.value - 0.8).abs() < 1e-12 && (met.lower - 0.7).abs() < 1e-12);
        assert_eq!(met.n, 57, "windows without traffic say nothing about what was met");
        assert_eq!(blend(&[(0, figure(0.9, 50))]).unwrap().n, 50);
        assert!((blend(&[(0, figure(0.9, 1)), (0, figure(0.5, 1))]).unwrap().value - 0.7).abs() < 1e-12);
        assert_eq!(blend(&[]), None);
    }
}

//! One arm beside the baseline, item by item. Pairing takes out what is hard or easy about an item, so that far fewer
//! items tell two arms apart than two means would need.

use std::{collections::BTreeSet, sync::Arc};

use weir_stats::{histogram::PairHistogram, mcnemar, plan::pairs_needed};

use super::{Figure, table::Column};

/// Least variance that a forecast assumes: a few equal pairs do not prove that all are.
const VARIANCE_FLOOR: f64 = 0.01;
/// Further than this a forecast is no help.
const FORECAST_MAX: u64 = 1_000_000;

/// Two arms on one metric.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// Whose answers.
    pub arm: String,
    /// The baseline.
    pub against: String,
    /// On what.
    pub metric: String,
    /// Mean difference, arm less baseline.
    pub delta: Figure,
    /// Items on which the arm is better.
    pub wins: u64,
    /// Items on which both are alike.
    pub ties: u64,
    /// Items on which the arm is worse.
    pub losses: u64,
    /// McNemar's exact p, where every grade is 0 or 1. For one look at the end.
    pub mcnemar_p: Option<f64>,
    /// The interval leaves out 0.
    pub resolved: bool,
    /// About so many more items until it would, if the difference stays as it is; `None` when it does, or when there is
    /// none in sight.
    pub items_needed: Option<u64>,
    /// All of it in one sentence.
    pub sentence: String,
}

/// The pairs of two columns.
pub(super) struct Pairs {
    pub(super) seen: PairHistogram,
    /// Each missing grade the worst for the arm.
    pub(super) worst: PairHistogram,
    /// Each missing grade the best for the arm.
    pub(super) best: PairHistogram,
    pub(super) wins: u64,
    pub(super) losses: u64,
    /// Items that only one of the two has a grade for, or none.
    pub(super) missing: u64,
}

impl Pairs {
    pub(super) fn of(arm: &Column, baseline: &Column) -> Self {
        let mut pairs = Self {
            seen: PairHistogram::default(),
            worst: PairHistogram::default(),
            best: PairHistogram::default(),
            wins: 0,
            losses: 0,
            missing: 0,
        };
        let gone = |column: &Column| column.missing.iter().cloned().collect::<BTreeSet<Arc<str>>>();
        let (arm_missing, baseline_missing) = (gone(arm), gone(baseline));
        let asked_of_arm = arm.items.keys().chain(&arm_missing);
        for item in asked_of_arm {
            let asked_of_both = baseline.items.contains_key(item) || baseline_missing.contains(item);
            if !asked_of_both {
                continue;
            }
            let (ours, theirs) = (arm.items.get(item).copied(), baseline.items.get(item).copied());
            pairs.worst.add(ours.unwrap_or(0.0), theirs.unwrap_or(1.0));
            pairs.best.add(ours.unwrap_or(1.0), theirs.unwrap_or(0.0));
            let (Some(ours), Some(theirs)) = (ours, theirs) else {
                pairs.missing += 1;
                continue;
            };
            pairs.seen.add(ours, theirs);
            pairs.wins += u64::from(ours - theirs > 1e-9);
            pairs.losses += u64::from(theirs - ours > 1e-9);
        }
        pairs
    }

    /// More items until the difference is proven to lie over `-margin`, or under it, as it now points.
    pub(super) fn needed(&self, margin: f64, alpha: f64) -> Option<u64> {
        let (mean, variance) = (self.seen.mean(), self.seen.variance().max(VARIANCE_FLOOR));
        let half = alpha / 2.0;
        let total = match mean > -margin {
            true => pairs_needed(variance, half, mean, margin),
            false => pairs_needed(variance, half, -mean, -margin),
        };
        total.filter(|total| *total <= FORECAST_MAX).map(|total| total.saturating_sub(self.seen.n()).max(1))
    }
}

/// Compares; `None` when there is no item that both have a grade for.
pub(super) fn compare(
    names: (&str, &str, &str),
    (arm, baseline): (&Column, &Column),
    alpha: f64,
) -> Option<Comparison> {
    let pairs = Pairs::of(arm, baseline);
    let delta = Figure::of_pairs(&pairs.seen, alpha)?;
    let resolved = delta.lower > 0.0 || delta.upper < 0.0;
    let items_needed = if resolved { None } else { pairs.needed(0.0, alpha) };
    let (name, against, metric) = names;
    let sentence = sentence(&delta, resolved, items_needed, alpha);
    Some(Comparison {
        arm: name.to_owned(),
        against: against.to_owned(),
        metric: metric.to_owned(),
        wins: pairs.wins,
        losses: pairs.losses,
        ties: delta.n - pairs.wins - pairs.losses,
        mcnemar_p: (arm.binary && baseline.binary).then(|| mcnemar::exact_p(pairs.wins, pairs.losses)),
        delta,
        resolved,
        items_needed,
        sentence,
    })
}

fn sentence(delta: &Figure, resolved: bool, items_needed: Option<u64>, alpha: f64) -> String {
    let level = level(alpha);
    let range = range(delta);
    if resolved {
        let way = if delta.value > 0.0 { "better" } else { "worse" };
        return format!("{way} by {:.3}: {level} interval {range} over {} items", delta.value.abs(), delta.n);
    }
    let ahead = match items_needed {
        Some(1) => "about 1 more item needed".to_owned(),
        Some(more) => format!("~{more} more items needed"),
        None => "no number of items in sight would resolve it".to_owned(),
    };
    format!("difference not resolved: {level} interval {range} includes 0; {ahead}")
}

/// `95 %`.
pub(super) fn level(alpha: f64) -> String {
    let percent = 100.0 * (1.0 - alpha);
    format!("{} %", (percent * 10.0).round() / 10.0)
}

/// `−0.012 … +0.034`.
pub(super) fn range(figure: &Figure) -> String {
    format!("{:+.3} … {:+.3}", figure.lower, figure.upper).replace('-', "−")
}

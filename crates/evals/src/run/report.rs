//! What follows from a run's table: figures of every arm, comparisons with the baseline, gates, and one verdict.

use std::collections::BTreeMap;

use weir_core::run::RunAnswers;

use super::{
    Comparison, Figure, GateOutcome, Order, State, Table,
    compare::compare,
    figure::quantile,
    gate::{coverage, judge, measured},
    table::Row,
};
use crate::suite::{Gate, Suite};

/// Level of the intervals shown beside figures.
const ALPHA: f64 = 0.05;

/// A run as far as it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// Every arm, in order.
    pub arms: Vec<ArmReport>,
    /// Every arm but the baseline, on every metric that both have.
    pub comparisons: Vec<Comparison>,
    /// Every gate on every arm but the baseline.
    pub gates: Vec<GateOutcome>,
    /// The worst of the gates; without any, whether something was answered at all.
    pub verdict: State,
}

impl Report {
    /// What follows from the answers of a run as ordered. `earlier` are those of the run that it is compared with, whose
    /// first arm stands as the baseline. A hundred thousand answers take a moment.
    #[must_use]
    pub fn of(suite: &Suite, order: &Order, own: &RunAnswers, earlier: Option<&RunAnswers>) -> Self {
        report(&Table::gather(suite, order, own, earlier), &order.gates(suite))
    }
}

/// One arm.
#[derive(Debug, Clone, PartialEq)]
pub struct ArmReport {
    /// Its name.
    pub name: String,
    /// It is what the others are compared with.
    pub is_baseline: bool,
    /// Questions asked, trials counted apart.
    pub asked: u64,
    /// Of those, without an answer.
    pub errors: u64,
    /// Scorers in the suite's order, then the quality.
    pub metrics: Vec<Metric>,
    /// Dollars an answer, of those whose price is known.
    pub cost_usd: Option<Figure>,
    /// Dollars of all answers.
    pub cost_usd_total: f64,
    /// Milliseconds an answer.
    pub latency_ms: Option<Figure>,
    /// Half of the answers took no longer.
    pub p50_ms: Option<f64>,
    /// All but one in twenty took no longer.
    pub p95_ms: Option<f64>,
}

/// One metric of one arm.
#[derive(Debug, Clone, PartialEq)]
pub struct Metric {
    /// The scorer, or `quality`.
    pub name: String,
    /// Mean over items.
    pub figure: Option<Figure>,
    /// Share of answers with a grade.
    pub coverage: Option<f64>,
    /// Answers without one, by reason.
    pub unscored: BTreeMap<&'static str, u64>,
}

/// What follows from a table.
pub(super) fn report(table: &Table, gates: &[Gate]) -> Report {
    let arms: Vec<ArmReport> = (0..table.arms.len()).map(|arm| arm_report(table, arm)).collect();
    let others: Vec<usize> = (0..table.arms.len()).filter(|arm| Some(*arm) != table.baseline).collect();
    let comparisons = table.baseline.into_iter().flat_map(|baseline| {
        others.iter().flat_map(move |&arm| {
            (0..table.metrics.len()).filter_map(move |metric| {
                let names = (
                    table.arms.get(arm)?.as_str(),
                    table.arms.get(baseline)?.as_str(),
                    table.metrics.get(metric)?.as_str(),
                );
                compare(names, (&table.column(arm, metric), &table.column(baseline, metric)), ALPHA)
            })
        })
    });
    let comparisons = comparisons.collect();
    let outcomes: Vec<GateOutcome> =
        others.iter().flat_map(|&arm| gates.iter().map(move |gate| judge(gate, table, arm))).collect();
    // Without a gate nothing is passed, and without an answer nothing was measured either.
    let judged = |row: &&Row| others.is_empty() || others.contains(&row.arm);
    let answered = table.rows.iter().filter(judged).any(|row| row.answered);
    let ungated = if answered { State::Ungated } else { State::Instrument };
    let verdict = outcomes.iter().map(|outcome| outcome.state).max().unwrap_or(ungated);
    Report { arms, comparisons, gates: outcomes, verdict }
}

fn arm_report(table: &Table, arm: usize) -> ArmReport {
    let metrics = table.metrics.iter().enumerate().map(|(at, name)| {
        let column = table.column(arm, at);
        Metric {
            name: name.clone(),
            figure: Figure::of_grades(column.items.values().copied(), ALPHA),
            coverage: coverage(&column),
            unscored: column.unscored,
        }
    });
    let costs = measured(table, arm, "cost_usd");
    let mut latencies = measured(table, arm, "latency_ms");
    latencies.sort_by(f64::total_cmp);
    ArmReport {
        name: table.arms.get(arm).cloned().unwrap_or_default(),
        is_baseline: table.baseline == Some(arm),
        asked: table.of_arm(arm).count() as u64,
        errors: table.of_arm(arm).filter(|row| !row.answered).count() as u64,
        metrics: metrics.collect(),
        cost_usd: Figure::of_quantities(&costs, ALPHA),
        cost_usd_total: costs.iter().fold(0.0, |total, cost| total + cost),
        latency_ms: Figure::of_quantities(&latencies, ALPHA),
        p50_ms: quantile(&latencies, 0.5),
        p95_ms: quantile(&latencies, 0.95),
    }
}

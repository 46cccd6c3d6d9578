//! A run's figures and two runs' differences, for a terminal or a pipe.

use serde_json::Value;

use super::table::{ARMS, COMPARISONS, GATES, LIST, METRICS, MOVED};
use crate::command::{failure::Failure, look::raw, out::Out};

/// Items listed each way for people.
const LISTED: usize = 10;

/// Shows one run.
pub(super) fn show(out: &mut Out<'_, '_>, detail: &Value) -> Result<(), Failure> {
    out.fields(&detail["run"], &LIST)?;
    out.part("arms")?;
    out.rows(rows(detail, "arms"), &ARMS)?;
    out.part("grades")?;
    out.rows(&metrics(detail), &METRICS)?;
    let comparisons = rows(detail, "comparisons");
    if let Some(first) = comparisons.first() {
        out.part(&format!("against {}", first["against"].as_str().unwrap_or_default()))?;
        out.rows(comparisons, &COMPARISONS)?;
    }
    let gates = rows(detail, "gates");
    if !gates.is_empty() {
        out.part("gates")?;
        out.rows(gates, &GATES)?;
    }
    if detail["verdict"] == "ungated" {
        out.note("\nnothing was demanded of this run: add a [[gate]] to the suite, or ask for `--fail-under`")?;
    }
    Ok(())
}

/// Shows two runs.
pub(super) fn diff(out: &mut Out<'_, '_>, diff: &Value) -> Result<(), Failure> {
    for side in ["a", "b"] {
        let run = &diff[side];
        let (dataset, arms) = (raw(&run["dataset"]), raw(&run["arms"]).replace(',', ", "));
        out.line(&format!("{side}\t{}\t{dataset}\t{arms}", raw(&run["id"])))?;
    }
    out.part("a less b, item by item")?;
    out.rows(rows(diff, "comparisons"), &COMPARISONS)?;
    for scorer in rows(diff, "changed_scorers") {
        out.line(&format!("{} has changed and is not compared", scorer.as_str().unwrap_or_default()))?;
    }
    if diff["same_dataset"] == false {
        out.line("the datasets differ: only items that both runs asked are compared")?;
    }
    for part in ["regressions", "improvements"] {
        let moved = rows(diff, part);
        if !moved.is_empty() {
            out.part(&format!("{part}: {}", moved.len()))?;
            out.rows(moved.get(..LISTED).unwrap_or(moved), &MOVED)?;
        }
    }
    Ok(())
}

fn rows<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().map_or(&[], Vec::as_slice)
}

/// Every metric with its arm's name.
pub(super) fn metrics(detail: &Value) -> Vec<Value> {
    let of_arm = |arm: &Value| {
        let name = arm["name"].clone();
        rows(arm, "metrics")
            .iter()
            .map(move |metric| {
                let mut metric = metric.clone();
                metric["arm"] = name.clone();
                metric
            })
            .collect::<Vec<_>>()
    };
    rows(detail, "arms").iter().flat_map(of_arm).collect()
}

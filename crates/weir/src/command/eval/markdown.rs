//! A run as a comment on a pull request. The first line is a mark by which the comment is found again, so that a later
//! run replaces it instead of adding another.

use serde_json::Value;

use crate::command::look::{Look, pretty, raw};

/// Items listed each way.
const MOVED: usize = 20;

/// Finds the comment of this suite again.
fn mark(suite: &str) -> String {
    format!("<!-- weir-eval:{} -->", suite.replace("--", "-"))
}

/// The comment.
pub(super) fn text(detail: &Value) -> String {
    let run = &detail["run"];
    let suite = raw(&run["suite"]);
    let verdict = raw(&detail["verdict"]);
    let badge = match verdict.as_str() {
        "pass" => "✅ pass",
        "fail" => "❌ fail",
        "inconclusive" => "⚠️ inconclusive",
        "ungated" => "⚪ not gated",
        _ => "🛠️ not measured",
    };
    let mut text = format!("{}\n### weir eval `{}`: {badge}\n\n", mark(&suite), cell(&suite));
    let version: String = raw(&run["dataset_version"]).chars().take(12).collect();
    text.push_str(&format!(
        "Run `{}` on `{}@{version}`, {} of {} answers, {} without one, {}.\n\n",
        raw(&run["id"]),
        cell(&raw(&run["dataset"])),
        raw(&run["asked"]),
        raw(&run["total"]),
        raw(&run["errors"]),
        pretty(&run["cost_usd"], Look::Usd),
    ));
    let gates = rows(detail, "gates");
    if verdict == "ungated" {
        text.push_str(
            "Nothing was demanded of this run: add a `[[gate]]` to the suite, or ask for `--fail-under`.\n\n",
        );
    }
    if !gates.is_empty() {
        text.push_str("| gate | arm | | why |\n|---|---|---|---|\n");
        for gate in gates {
            let line = ["name", "arm", "state", "sentence"].map(|key| cell(&raw(&gate[key])));
            text.push_str(&format!("| {} |\n", line.join(" | ")));
        }
        text.push('\n');
    }
    text.push_str("| arm | metric | grade | 95 % interval | coverage |\n|---|---|--:|---|--:|\n");
    for arm in rows(detail, "arms") {
        for metric in rows(arm, "metrics") {
            let grade = &metric["grade"];
            let range = match grade.is_null() {
                true => "–".to_owned(),
                false => format!("{} … {}", pretty(&grade["lower"], Look::Grade), pretty(&grade["upper"], Look::Grade)),
            };
            text.push_str(&format!(
                "| {} | {} | {} | {range} | {} |\n",
                cell(&raw(&arm["name"])),
                cell(&raw(&metric["name"])),
                pretty(&grade["value"], Look::Grade),
                pretty(&metric["coverage"], Look::Share),
            ));
        }
    }
    text.push_str(&compared(rows(detail, "comparisons")));
    text
}

/// Two runs beside each other: the paired differences with their intervals, and the items that moved, by the names and
/// words that readers know.
pub(super) fn diff(diff: &Value) -> String {
    let side = |run: &Value| format!("`{}` ({})", raw(&run["id"]), cell(&raw(&run["arms"])));
    let suite = raw(&diff["a"]["suite"]);
    let mut text = format!(
        "{}\n### weir eval `{}`: {} less {}\n",
        mark(&format!("{suite} diff")),
        cell(&suite),
        side(&diff["a"]),
        side(&diff["b"])
    );
    text.push_str(&compared(rows(diff, "comparisons")));
    for scorer in rows(diff, "changed_scorers") {
        text.push_str(&format!("- **{}** has changed and is not compared\n", cell(&raw(scorer))));
    }
    if diff["same_dataset"] == false {
        text.push_str("\nThe datasets differ: only items that both runs asked are compared.\n");
    }
    for (part, title) in [("regressions", "Worse"), ("improvements", "Better")] {
        let moved = rows(diff, part);
        if moved.is_empty() {
            continue;
        }
        text.push_str(&format!("\n{title}: {}\n\n| item | a | b | about |\n|---|--:|--:|---|\n", moved.len()));
        for item in moved.iter().take(MOVED) {
            text.push_str(&format!(
                "| {} | {} | {} | {} |\n",
                cell(&raw(&item["item_id"])),
                pretty(&item["a"], Look::Grade),
                pretty(&item["b"], Look::Grade),
                cell(&pretty(&item["about"], Look::Text)),
            ));
        }
    }
    text
}

/// Paired differences, one line each.
fn compared(comparisons: &[Value]) -> String {
    let Some(first) = comparisons.first() else { return String::new() };
    let mut text = format!("\nAgainst `{}`:\n\n", cell(&raw(&first["against"])));
    for one in comparisons {
        text.push_str(&format!(
            "- **{}** {}: {} ({} better, {} alike, {} worse)\n",
            cell(&raw(&one["metric"])),
            cell(&raw(&one["arm"])),
            cell(&raw(&one["sentence"])),
            raw(&one["wins"]),
            raw(&one["ties"]),
            raw(&one["losses"]),
        ));
    }
    text
}

fn rows<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().map_or(&[], Vec::as_slice)
}

/// Text that cannot leave its cell, become a link or call somebody.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "&lt;").replace('`', "'").replace('@', "@\u{200b}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_run_without_gates_says_that_nothing_was_demanded() {
        let text = text(&json!({"run": {"suite": "maths"}, "verdict": "ungated"}));
        assert!(text.starts_with("<!-- weir-eval:maths -->\n### weir eval `maths`: ⚪ not gated\n"), "{text}");
        assert!(text.contains("Nothing was demanded of this run"), "{text}");
        assert!(!text.contains("| gate |"), "{text}");
    }

    #[test]
    fn a_comment_says_verdict_figures_and_differences_and_keeps_to_its_cells() {
        let figure = json!({"value": 0.9, "lower": 0.8, "upper": 0.95, "n": 50});
        let text = text(&json!({
            "run": {"id": "e-1", "suite": "maths", "dataset": "maths", "dataset_version": "0123456789abcdef",
                    "asked": 100, "total": 100, "errors": 0, "cost_usd": 0.5},
            "verdict": "fail",
            "arms": [{"name": "sim/small", "metrics": [{"name": "exact|x", "grade": figure, "coverage": 1.0},
                      {"name": "judge", "grade": null, "coverage": 0.0}]}],
            "comparisons": [{"arm": "sim/small", "against": "sim/large", "metric": "exact", "sentence": "worse",
                             "wins": 1, "ties": 2, "losses": 3}],
            "gates": [{"name": "exact ≥ baseline", "arm": "sim/small", "state": "fail", "sentence": "<b> @all"}],
        }));
        assert!(text.starts_with("<!-- weir-eval:maths -->\n### weir eval `maths`: ❌ fail\n"), "{text}");
        assert!(text.contains("on `maths@0123456789ab`, 100 of 100 answers, 0 without one, $0.500."), "{text}");
        assert!(text.contains("| sim/small | exact\\|x | 0.900 | 0.800 … 0.950 | 100 % |"), "{text}");
        assert!(text.contains("| sim/small | judge | – | – | 0 % |"), "{text}");
        assert!(text.contains("- **exact** sim/small: worse (1 better, 2 alike, 3 worse)"), "{text}");
        assert!(text.contains("&lt;b> @\u{200b}all"), "{text}");
    }
}

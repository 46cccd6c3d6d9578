//! A run as JUnit XML. The gates are its tests: one that fails is a failure, one that cannot tell is skipped, one that
//! could not be measured is an error; where there is none, one skipped test says so. Items are told as properties of passing cases, because a single low grade is no
//! verdict.

use serde_json::Value;

use crate::command::look::raw;

/// The document.
pub(super) fn text(detail: &Value, items: &[Value]) -> String {
    let run = &detail["run"];
    let gates = rows(&detail["gates"]);
    let count = |state: &str| gates.iter().filter(|gate| gate["state"] == state).count();
    let ungated = usize::from(gates.is_empty());
    let suite = escape(&raw(&run["suite"]));
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
    text.push_str(&format!(
        "  <testsuite name=\"{suite}.gates\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\">\n",
        gates.len() + ungated,
        count("fail"),
        count("instrument"),
        count("inconclusive") + ungated,
    ));
    if ungated > 0 {
        text.push_str(&format!(
            "    <testcase classname=\"{suite}.gates\" name=\"gates\"><skipped message=\"nothing was demanded of this \
             run\"/></testcase>\n"
        ));
    }
    for gate in gates {
        let why = escape(&raw(&gate["sentence"]));
        let inner = match gate["state"].as_str() {
            Some("fail") => format!("<failure message=\"{why}\"/>"),
            Some("inconclusive") => format!("<skipped message=\"{why}\"/>"),
            Some("pass") => format!("<system-out>{why}</system-out>"),
            _ => format!("<error message=\"{why}\"/>"),
        };
        text.push_str(&format!(
            "    <testcase classname=\"{suite}.gates\" name=\"{} ({})\">{inner}</testcase>\n",
            escape(&raw(&gate["name"])),
            escape(&raw(&gate["arm"]))
        ));
    }
    text.push_str("  </testsuite>\n");
    for arm in rows(&detail["arms"]) {
        let name = raw(&arm["name"]);
        let answers: Vec<(String, &Value)> = items
            .iter()
            .flat_map(|item| rows(&item["answers"]).iter().map(move |answer| (raw(&item["item_id"]), answer)))
            .filter(|(_, answer)| answer["arm"].as_str() == Some(&name))
            .collect();
        let missing = answers.iter().filter(|(_, answer)| answer["text"].is_null()).count();
        text.push_str(&format!(
            "  <testsuite name=\"{suite}.{}\" tests=\"{}\" failures=\"0\" errors=\"0\" skipped=\"{missing}\">\n",
            escape(&name),
            answers.len()
        ));
        for (item, answer) in &answers {
            text.push_str(&case(&suite, &name, item, answer));
        }
        text.push_str("  </testsuite>\n");
    }
    text.push_str("</testsuites>\n");
    text
}

fn case(suite: &str, arm: &str, item: &str, answer: &Value) -> String {
    let seconds = answer["latency_ms"].as_f64().unwrap_or(0.0) / 1e3;
    let head = format!(
        "    <testcase classname=\"{suite}.{}\" name=\"{} #{}\" time=\"{seconds:.3}\">",
        escape(arm),
        escape(item),
        raw(&answer["trial"])
    );
    if answer["text"].is_null() {
        return format!("{head}<skipped message=\"{}\"/></testcase>\n", escape(&raw(&answer["error"])));
    }
    let scores = rows(&answer["scores"]).iter().map(|score| {
        let value = if score["value"].is_null() { &score["reason"] } else { &score["value"] };
        format!("<property name=\"{}\" value=\"{}\"/>", escape(&raw(&score["scorer"])), escape(&raw(value)))
    });
    format!("{head}<properties>{}</properties></testcase>\n", scores.collect::<String>())
}

fn rows(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// For text and attributes; what XML 1.0 cannot hold is left out.
fn escape(text: &str) -> String {
    let fits = |c: &char| *c >= ' ' && !matches!(c, '\u{fffe}' | '\u{ffff}');
    text.chars().filter(fits).fold(String::new(), |mut out, c| {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            other => out.push(other),
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_run_without_gates_has_passed_no_test() {
        let text = text(&json!({"run": {"suite": "s"}, "verdict": "ungated", "arms": [], "gates": []}), &[]);
        assert!(text.contains("name=\"s.gates\" tests=\"1\" failures=\"0\" errors=\"0\" skipped=\"1\""), "{text}");
        assert!(text.contains("<skipped message=\"nothing was demanded of this run\"/>"), "{text}");
    }

    #[test]
    fn gates_are_tests_and_low_grades_are_not_failures() {
        let gate =
            |state: &str| json!({"name": "exact ≥ 0.8", "arm": "m", "state": state, "sentence": "a < \"b\" & c\u{1}"});
        let text = text(
            &json!({"run": {"suite": "s"}, "arms": [{"name": "m"}],
                    "gates": [gate("fail"), gate("pass"), gate("inconclusive"), gate("instrument")]}),
            &[json!({"item_id": "i1", "answers": [
                {"arm": "m", "trial": 0, "text": "x", "latency_ms": 1500.0, "scores": [{"scorer": "exact", "value": 0.0}]},
                {"arm": "m", "trial": 1, "text": null, "error": "status 500", "scores": []}]})],
        );
        assert!(text.contains("name=\"s.gates\" tests=\"4\" failures=\"1\" errors=\"1\" skipped=\"1\""), "{text}");
        assert!(text.contains("<failure message=\"a &lt; &quot;b&quot; &amp; c\"/>"), "{text}");
        assert!(
            text.contains("name=\"i1 #0\" time=\"1.500\"><properties><property name=\"exact\" value=\"0.0\"/>"),
            "{text}"
        );
        assert!(text.contains("name=\"i1 #1\" time=\"0.000\"><skipped message=\"status 500\"/>"), "{text}");
    }
}

//! Proposals as a comment on a pull request. The first line is a mark by which the comment is found again, so that a later
//! one replaces it instead of adding another.

use serde_json::Value;

use super::look::{Look, pretty, raw};

/// The comment; of proposals that were applied or rejected only what became of them is said.
pub(super) fn text(diffs: &[Value]) -> String {
    let mut text = "<!-- weir-policy-diff -->\n### weir policy diff\n\n".to_owned();
    let (waiting, decided): (Vec<&Value>, Vec<&Value>) = diffs.iter().partition(|diff| diff["state"] == "proposed");
    if waiting.is_empty() {
        text.push_str("No route waits for a decision.\n");
    }
    for diff in waiting {
        let (quality, cost) = (&diff["diff"]["quality"], &diff["diff"]["cost"]);
        text.push_str(&format!("**`{}`** {}\n\n", raw(&diff["id"]), raw(&diff["sentence"])));
        text.push_str("| | change | 95 % interval |\n|---|--:|---|\n");
        for (name, value, interval, look) in [
            ("mean grade", &quality["delta"], &quality["ci95"], Look::Grade),
            ("cost of a request", &cost["per_req_delta_usd"], &cost["per_req_ci95"], Look::Usd),
            ("saved in 30 days", &cost["monthly_saving_usd"], &cost["ci95"], Look::Usd),
        ] {
            let [value, lower, upper] = [value, &interval[0], &interval[1]].map(|number| pretty(number, look));
            text.push_str(&format!("| {name} | {value} | {lower} … {upper} |\n"));
        }
        text.push_str(&format!("\n`weir policy apply {}` starts its canary.\n\n", raw(&diff["id"])));
    }
    for diff in decided {
        text.push_str(&format!("- `{}` was {}: {}\n", raw(&diff["id"]), raw(&diff["state"]), raw(&diff["sentence"])));
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_waits_is_told_with_its_numbers_and_what_was_decided_in_a_line() {
        let diff = json!({
            "quality": {"delta": -0.004, "ci95": [-0.019, 0.011]},
            "cost": {"per_req_delta_usd": -0.5, "per_req_ci95": [-0.6, -0.4], "monthly_saving_usd": 3840, "ci95": [3420, 4280]},
        });
        let text = text(&[
            json!({"id": "pd_1", "state": "proposed", "sentence": "for maths, route to b", "diff": diff}),
            json!({"id": "pd_2", "state": "rejected", "sentence": "for poems, route to c", "diff": {}}),
        ]);
        assert!(text.starts_with("<!-- weir-policy-diff -->\n"), "{text}");
        assert!(text.contains("**`pd_1`** for maths, route to b\n"), "{text}");
        assert!(text.contains("| mean grade | -0.004 | -0.019 … 0.011 |"), "{text}");
        assert!(text.contains("`weir policy apply pd_1` starts its canary."), "{text}");
        assert!(text.ends_with("- `pd_2` was rejected: for poems, route to c\n"), "{text}");
        assert!(super::text(&[]).ends_with("No route waits for a decision.\n"));
    }
}

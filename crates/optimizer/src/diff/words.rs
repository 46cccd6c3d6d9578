//! A diff as people read it.

use serde_json::{Map, Value, json};
use weir_core::{language::Language, segment::SegmentBy};

use super::{
    document::{CostChange, QualityChange},
    facts::Facts,
};
use crate::planner::logged::Within;

/// Where it holds, by feature: `{"input_tokens": {"lt": 2000}, "tools": true, "hours": "09-17", "language": "german",
/// "tenant": "acme"}`, hours of weekdays in UTC; what is not told apart is `"other"`.
pub(super) fn scope(within: &Within) -> Value {
    if within.values.is_empty() {
        return json!(within.words);
    }
    let one = |&(by, value): &(SegmentBy, usize)| match by {
        SegmentBy::InputTokens => {
            let (least, bar) = by.token_range(value);
            let mut range = Map::new();
            range.extend(least.map(|least| ("gte".to_owned(), json!(least))));
            range.extend(bar.map(|bar| ("lt".to_owned(), json!(bar))));
            ("input_tokens".to_owned(), Value::Object(range))
        }
        SegmentBy::Tools => ("tools".to_owned(), json!(value == 1)),
        SegmentBy::Hours if value == 1 => ("hours".to_owned(), json!("09-17")),
        SegmentBy::Hours => ("hours".to_owned(), json!("not 09-17")),
        SegmentBy::Language => ("language".to_owned(), json!(language(value).map_or("other", Language::word))),
        SegmentBy::Tenant => ("tenant".to_owned(), json!(within.tenant.as_deref().unwrap_or("other"))),
    };
    Value::Object(within.values.iter().map(one).collect())
}

/// The language of a value; `None` for what is not told apart.
fn language(value: usize) -> Option<Language> {
    Language::ALL.get(value).copied().filter(|language| *language != Language::Other)
}

/// A language as it is written in a sentence.
fn proper(language: Language) -> String {
    let word = language.word();
    let (first, rest) = word.split_at(1);
    first.to_uppercase() + rest
}

/// The same in words: what stands before the deployment, ` turns under 2K input tokens with tools`, and what stands after it,
/// ` between 9:00 and 17:00 UTC on weekdays`.
fn turns(within: &Within) -> (String, String) {
    if within.values.is_empty() {
        return (format!(" {} prompts", within.words), String::new());
    }
    let (mut before, mut after) = (String::new(), String::new());
    let thousands = |tokens: u64| format!("{}K", tokens / 1_000);
    for &(by, value) in &within.values {
        match by {
            SegmentBy::InputTokens => before.push_str(&match by.token_range(value) {
                (Some(least), Some(bar)) => format!(" of {} to {} input tokens", thousands(least), thousands(bar)),
                (Some(least), None) => format!(" of {} input tokens or more", thousands(least)),
                (None, Some(bar)) => format!(" under {} input tokens", thousands(bar)),
                (None, None) => String::new(),
            }),
            SegmentBy::Tools => before.push_str(if value == 1 { " with tools" } else { " without tools" }),
            SegmentBy::Hours if value == 1 => after.push_str(" between 9:00 and 17:00 UTC on weekdays"),
            SegmentBy::Hours => after.push_str(" outside of 9:00 to 17:00 UTC on weekdays"),
            SegmentBy::Language => before.push_str(&match language(value) {
                Some(language) => format!(" in {}", proper(language)),
                None => " in other languages".to_owned(),
            }),
            SegmentBy::Tenant => before.push_str(&match &within.tenant {
                Some(tenant) => format!(" of {tenant}"),
                None => " of other keys".to_owned(),
            }),
        }
    }
    (if before.is_empty() { before } else { format!(" turns{before}") }, after)
}

/// `for maths, route turns under 8K input tokens to sim/small in place of sim/large; regression 0.4 pt [−1.1, 1.9]; monthly
/// saving $3,840 [$3,420, $4,280]`.
pub(super) fn sentence(facts: &Facts, quality: &QualityChange, cost: &CostChange) -> String {
    let [low, high] = quality.ci95;
    let (turns, hours) = facts.within.as_ref().map(turns).unwrap_or_default();
    format!(
        "for {}, route{turns} to {} in place of {}{hours}; regression {} pt [{}, {}]; monthly saving {} [{}, {}]",
        facts.workload,
        facts.to.deployment,
        facts.from.deployment,
        points(-quality.delta),
        points(-high),
        points(-low),
        dollars(cost.monthly_saving_usd),
        dollars(cost.ci95[0]),
        dollars(cost.ci95[1]),
    )
}

fn points(share: f64) -> String {
    let text = format!("{:.1}", (100.0 * share).abs());
    if share < 0.0 && text != "0.0" { format!("−{text}") } else { text }
}

/// Whole dollars with separators; cents below ten.
fn dollars(usd: f64) -> String {
    let sign = if usd < 0.0 { "−" } else { "" };
    let usd = usd.abs();
    if usd < 10.0 {
        return format!("{sign}${usd:.2}");
    }
    let digits = format!("{usd:.0}");
    let grouped: Vec<&str> = {
        let first = digits.len() % 3;
        let (head, tail) = digits.split_at(first);
        let groups = (0..tail.len() / 3).filter_map(|k| tail.get(3 * k..3 * k + 3));
        std::iter::once(head).filter(|head| !head.is_empty()).chain(groups).collect()
    };
    format!("{sign}${}", grouped.join(","))
}

/// ISO 8601, in whole hours: `P1DT10H`.
pub(super) fn duration(days: f64) -> String {
    let hours = (24.0 * days).ceil().clamp(1.0, 24.0 * 3650.0) as u64;
    let (days, hours) = (hours / 24, hours % 24);
    match (days, hours) {
        (0, hours) => format!("PT{hours}H"),
        (days, 0) => format!("P{days}D"),
        (days, hours) => format!("P{days}DT{hours}H"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(dollars(3_840.4), "$3,840");
        assert_eq!(dollars(-1_234_567.0), "−$1,234,567");
        assert_eq!((dollars(9.5), dollars(123.0)), ("$9.50".to_owned(), "$123".to_owned()));
        assert_eq!(
            (points(0.004), points(-0.011), points(-1e-9)),
            ("0.4".to_owned(), "−1.1".to_owned(), "0.0".to_owned())
        );
        assert_eq!(
            (duration(1.4), duration(0.0), duration(2.0)),
            ("P1DT10H".to_owned(), "PT1H".to_owned(), "P2D".to_owned())
        );
    }
}

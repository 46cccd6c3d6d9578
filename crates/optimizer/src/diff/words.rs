//! A diff as people read it.

use super::{
    facts::Facts,
    propose::{CostChange, QualityChange},
};

/// `for maths, route to sim/small; regression 0.4 pt [−1.1, 1.9]; monthly saving $3,840 [$3,420, $4,280]`.
pub(super) fn sentence(facts: &Facts, quality: &QualityChange, cost: &CostChange) -> String {
    let [low, high] = quality.ci95;
    format!(
        "for {}, route{} to {} in place of {}; regression {} pt [{}, {}]; monthly saving {} [{}, {}]",
        facts.workload,
        facts.within.as_ref().map_or_else(String::new, |within| format!(" {} prompts", within.words)),
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

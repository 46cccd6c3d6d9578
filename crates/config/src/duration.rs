//! Times as people write them: a number and a unit.

/// Ten years: more is a slip of the unit.
const MOST_SECONDS: f64 = 10.0 * 365.0 * 86_400.0;

/// `90s`, `30m`, `24h`, `7d` or `1.5h` in seconds; `None` when it is not a time above zero and at most ten years.
pub(crate) fn seconds(text: &str) -> Option<f64> {
    let text = text.trim();
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match &text[digits.len()..] {
        "ms" => 0.001,
        "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3_600.0,
        "d" => 86_400.0,
        _ => return None,
    };
    let seconds = digits.trim_end().parse::<f64>().ok()? * unit;
    (seconds > 0.0 && seconds <= MOST_SECONDS).then_some(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_a_number_and_a_unit() {
        assert_eq!(seconds("24h"), Some(86_400.0));
        assert_eq!(seconds("30m"), Some(1_800.0));
        assert_eq!(seconds("90s"), Some(90.0));
        assert_eq!(seconds("1.5 d"), Some(129_600.0));
        for wrong in ["", "24", "h", "-1h", "0s", "1w", "NaNh", "infs", "99999d"] {
            assert_eq!(seconds(wrong), None, "{wrong}");
        }
    }
}

//! What a value of the API looks like: exact for programs, short for people.

use comfy_table::Color;
use serde_json::Value;

/// One column of a table, or one field of a thing.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column {
    /// Its name in TSV; with spaces in tables.
    pub(super) head: &'static str,
    at: &'static str,
    pub(super) look: Look,
}

/// `at` is a JSON pointer without its first slash.
pub(super) const fn column(head: &'static str, at: &'static str, look: Look) -> Column {
    Column { head, at, look }
}

impl Column {
    /// Its value in `item`.
    pub(super) fn of<'a>(&self, item: &'a Value) -> &'a Value {
        self.at.split('/').fold(item, |value, part| &value[part])
    }
}

/// How people read a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    Word,
    /// A word that may be good or bad.
    State,
    /// A long sentence, at the end of a row.
    Text,
    Count,
    /// `0..=1`, or a difference of such.
    Grade,
    /// `0..=1` as a percentage; less than nothing is a saving.
    Share,
    Usd,
    Ms,
    Time,
}

impl Look {
    pub(super) const fn is_number(self) -> bool {
        matches!(self, Self::Count | Self::Grade | Self::Share | Self::Usd | Self::Ms)
    }

    /// Width in a stream.
    const fn width(self) -> usize {
        match self {
            Self::Word => 16,
            Self::State => 11,
            Self::Text => 0,
            Self::Time => 19,
            Self::Count | Self::Grade | Self::Share => 7,
            Self::Usd | Self::Ms => 10,
        }
    }
}

/// As a program reads it: whole, on one line, without tabs.
pub(super) fn raw(value: &Value) -> String {
    let text = match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(raw).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    };
    text.replace(['\t', '\n', '\r'], " ")
}

/// As a person reads it; `–` for what is not known.
pub(super) fn pretty(value: &Value, look: Look) -> String {
    if value.is_null() {
        return "–".to_owned();
    }
    let number = value.as_f64();
    match (look, number) {
        (Look::Grade, Some(grade)) => format!("{grade:.3}"),
        (Look::Share, Some(share)) => format!("{:.0} %", 100.0 * share),
        (Look::Usd, Some(usd)) if usd.abs() < 0.01 => format!("${usd:.6}"),
        (Look::Usd, Some(usd)) => format!("${usd:.3}"),
        (Look::Ms, Some(ms)) if ms < 10.0 => format!("{ms:.1} ms"),
        (Look::Ms, Some(ms)) => format!("{ms:.0} ms"),
        (Look::Time, _) => raw(value).chars().take(19).collect::<String>().replace('T', " "),
        (Look::State, _) => raw(value).replace('_', " "),
        _ => match value.as_array() {
            Some(items) => items.iter().map(raw).collect::<Vec<_>>().join(", "),
            None => raw(value),
        },
    }
}

/// To the width of its column.
pub(super) fn pad(text: &str, look: Look) -> String {
    let width = look.width();
    if look.is_number() { format!("{text:>width$}") } else { format!("{text:<width$}") }
}

/// Good is green, under way is yellow, bad is red. The word says the same.
pub(super) fn colour(value: &Value, look: Look) -> Option<Color> {
    if look != Look::State {
        return None;
    }
    match value.as_str()? {
        "ok" | "healthy" | "up" | "promoted" | "done" | "scored" | "chosen" | "steady" | "pass" => Some(Color::Green),
        "canary" | "running" | "held" | "probing" | "no_data" | "unproven" | "warning" | "cancelled" | "expired"
        | "superseded" | "unscored" | "returning" | "inconclusive" | "ungated" | "queued" | "cancelling"
        | "stopped" => Some(Color::Yellow),
        "below_floor" | "suspect" | "failed" | "open" | "rolled_back" | "dead" | "fail" | "instrument" => {
            Some(Color::Red)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_value_is_exact_for_programs_and_short_for_people() {
        let item = json!({ "quality": { "value": 0.93456 }, "names": ["a", "b"], "text": "one\ttwo\nthree" });
        let quality = column("quality", "quality/value", Look::Grade);
        assert_eq!(
            (raw(quality.of(&item)), pretty(quality.of(&item), quality.look)),
            ("0.93456".into(), "0.935".into())
        );
        assert_eq!((raw(&item["names"]), pretty(&item["names"], Look::Word)), ("a,b".into(), "a, b".into()));
        assert_eq!(raw(&item["text"]), "one two three");
        assert_eq!((raw(&item["none"]), pretty(&item["none"], Look::Usd)), (String::new(), "–".into()));
    }

    #[test]
    fn a_field_of_nothing_is_nothing() {
        let quality = column("quality", "quality/value", Look::Grade);
        assert!(quality.of(&json!({ "quality": null })).is_null());
    }

    #[test]
    fn saving_and_small_change_keep_their_sense() {
        assert_eq!(pretty(&json!(-0.89), Look::Share), "-89 %");
        assert_eq!(pretty(&json!(0.000_012), Look::Usd), "$0.000012");
        assert_eq!(pretty(&json!("2026-11-21T01:02:03.456Z"), Look::Time), "2026-11-21 01:02:03");
    }
}

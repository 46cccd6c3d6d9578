//! TOML text to a plain tree plus the place of every key in it. The tree is JSON, so that file, environment and
//! defaults meet in one shape and one schema judges them all; the places live beside it.

use serde_json::{Map, Value};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use crate::{
    place::{Lines, join},
    problem::Report,
};

/// Reads `text`; every syntax error is reported, and then the tree is not worth reading.
pub(crate) fn read(text: &str, lines: &Lines<'_>, report: &mut Report) -> Value {
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let origin = lines.origin(error.span().map_or(0, |span| span.start));
        // Only the message: the parser's own rendering quotes the line, which may hold a secret.
        report.error_at(&origin, format!("not valid TOML: {}", error.message()));
    }
    tree(table.into_inner(), "", lines, report)
}

fn tree(table: DeTable<'_>, key: &str, lines: &Lines<'_>, report: &mut Report) -> Value {
    let mut map = Map::new();
    for (name, value) in table {
        let below = join(key, name.get_ref());
        let at_name = lines.origin(name.span().start);
        let at_value = match value.get_ref() {
            DeValue::Table(_) => at_name.clone(),
            _ => lines.origin(value.span().start),
        };
        report.places.put(below.clone(), at_name, at_value);
        if let Some(value) = leaf(value, &below, lines, report) {
            map.insert(name.into_inner().into_owned(), value);
        }
    }
    Value::Object(map)
}

fn leaf(value: Spanned<DeValue<'_>>, key: &str, lines: &Lines<'_>, report: &mut Report) -> Option<Value> {
    match value.into_inner() {
        DeValue::String(text) => Some(Value::String(text.into_owned())),
        DeValue::Boolean(flag) => Some(Value::Bool(flag)),
        DeValue::Integer(digits) => match i64::from_str_radix(digits.as_str(), digits.radix()) {
            Ok(number) => Some(number.into()),
            Err(_) => {
                report.error(key, "the number is too large for 64 bits", None);
                None
            }
        },
        DeValue::Float(digits) => {
            let number = digits.as_str().parse().ok();
            match number.and_then(serde_json::Number::from_f64) {
                Some(number) => Some(Value::Number(number)),
                None => {
                    let found = digits.as_str();
                    report.error(key, format!("found {found}, wanted a finite number"), None);
                    None
                }
            }
        }
        DeValue::Datetime(_) => {
            report.error(key, "found a date, which no key takes", Some("quote it if it is meant as text".into()));
            None
        }
        DeValue::Array(items) => Some(Value::Array(
            items
                .into_iter()
                .enumerate()
                .filter_map(|(nth, item)| {
                    let below = format!("{key}[{nth}]");
                    let origin = lines.origin(item.span().start);
                    report.places.put(below.clone(), origin.clone(), origin);
                    leaf(item, &below, lines, report)
                })
                .collect(),
        )),
        DeValue::Table(table) => Some(tree(table, key, lines, report)),
    }
}

//! OpenAI evals: `{"item": {…}}` lines of the hosted service, `{"input": […], "ideal": …}` lines of the open-source
//! one.

use serde_json::Value;

use super::{Format, Item, Mapping, Parsed, RawRow, Row, RowError, item::input_from, lines};

pub(crate) fn parse(bytes: &[u8]) -> Parsed {
    let raw = lines::read(bytes);
    if raw.iter().any(|(_, row)| row.as_ref().is_ok_and(|value| value.get("item").is_some())) {
        let inner: Vec<RawRow> =
            raw.into_iter().map(|(line, row)| (line, row.and_then(|value| item_of(line, value)))).collect();
        return Parsed { format: Format::OpenaiEvals, ..super::mapped(Format::Jsonl, inner, None) };
    }
    let rows = raw
        .into_iter()
        .map(|(line, row)| Row { line, result: row.and_then(|value| from_ideal(line, &value)) })
        .collect();
    Parsed { format: Format::OpenaiEvals, header: None, columns: Vec::new(), mapping: Mapping::default(), rows }
}

fn item_of(line: u64, value: Value) -> Result<Value, RowError> {
    match value {
        Value::Object(mut fields) => {
            fields.remove("item").ok_or_else(|| RowError::at(line, "item", "no `item` in this line"))
        }
        _ => Err(RowError::new(line, "the row is no object")),
    }
}

fn from_ideal(line: u64, value: &Value) -> Result<Item, RowError> {
    let input = input_from(value.get("input").unwrap_or(&Value::Null))
        .map_err(|message| RowError::at(line, "input", message))?;
    let mut item = Item::new(input);
    // A list of ideals means any of them, which is what a list means here too.
    item.expected = value.get("ideal").cloned().filter(|ideal| !ideal.is_null());
    Ok(item)
}

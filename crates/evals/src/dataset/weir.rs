//! `weir.dataset.v1`: a header line, then one item a line.

use serde_json::{Map, Value};
use weir_core::chat::{Message, Role};

use super::{Format, Header, Item, Mapping, Parsed, Row, RowError, lines, version::split_for};

/// What the header says it is.
pub(crate) const VERSION: &str = "dataset.v1";

pub(crate) fn parse(bytes: &[u8]) -> Parsed {
    let mut header: Option<Header> = None;
    let mut rows = Vec::new();
    for (line, text) in lines::of(bytes) {
        let value = match lines::value(line, text) {
            Ok(value) => value,
            Err(error) => {
                rows.push(Row { line, result: Err(error) });
                continue;
            }
        };
        if value.get("weir").is_some() {
            match read_header(line, value, header.is_some()) {
                Ok(found) => header = Some(found),
                Err(error) => rows.push(Row { line, result: Err(error) }),
            }
            continue;
        }
        rows.push(Row { line, result: item(line, value, header.as_ref()) });
    }
    Parsed { format: Format::Weir, header, columns: Vec::new(), mapping: Mapping::default(), rows }
}

fn read_header(line: u64, value: Value, again: bool) -> Result<Header, RowError> {
    if again {
        return Err(RowError::new(line, "a second header"));
    }
    serde_json::from_value(value).map_err(|error| RowError::new(line, format!("the header: {error}")))
}

/// Fields of the format that no scorer reads yet; they are kept as metadata, so that nothing is lost.
const KEPT: &[&str] = &["labels", "source", "expected_tools"];

fn keep(value: &mut Value) {
    let Value::Object(fields) = value else { return };
    let mut kept: Vec<(String, Value)> =
        KEPT.iter().filter_map(|key| Some(((*key).to_owned(), fields.shift_remove(*key)?))).collect();
    if let Some(Value::Object(input)) = fields.get_mut("input") {
        kept.extend(input.shift_remove("tools").map(|tools| ("tools".to_owned(), tools)));
    }
    if kept.is_empty() {
        return;
    }
    if let Value::Object(metadata) = fields.entry("metadata").or_insert_with(|| Value::Object(Map::new())) {
        metadata.extend(kept);
    }
}

fn item(line: u64, mut value: Value, header: Option<&Header>) -> Result<Item, RowError> {
    keep(&mut value);
    let mut item: Item = serde_json::from_value(value).map_err(|error| RowError::new(line, error.to_string()))?;
    if let Some(header) = header {
        item.workload = item.workload.take().or_else(|| header.workload.clone());
        let instructed = item.input.first().is_some_and(|message| message.role == Role::System);
        if let Some(system) = header.system.as_ref().filter(|_| !instructed) {
            item.input.insert(0, Message { role: Role::System, content: system.clone() });
        }
    }
    item.name();
    if let Some(header) = header
        && item.split.is_none()
        && !header.splits.is_empty()
    {
        item.split = split_for(&item, &header.splits);
    }
    Ok(item)
}

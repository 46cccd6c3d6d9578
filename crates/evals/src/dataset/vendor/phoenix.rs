//! Phoenix dataset examples: `{id, input: {…}, output: {…}, metadata: {…}}` from its API, and the columns `example_id`,
//! `input_…`, `output_…`, `metadata_…` of its CSV.

use serde_json::Value;

use super::{Fields, Item, RowError, answer, any, asking, field, keep, text};

const READ: &[&str] = &["id", "node_id", "example_id", "input", "output", "updated_at", "created_at"];

pub(super) fn fits(fields: &Fields) -> bool {
    let is_object = |key: &str| fields.get(key).is_some_and(Value::is_object);
    (is_object("input") && is_object("output"))
        || (any(fields, &["example_id"]) && fields.keys().any(|key| key.starts_with("input_")))
}

pub(super) fn item(line: u64, fields: &Fields) -> Result<Item, RowError> {
    let part = |name: &str| fields.get(name).cloned().or_else(|| gathered(fields, name));
    let mut item = asking(line, "input", part("input").as_ref())?;
    if let Some(id) = text(fields, &["example_id", "id", "node_id"]) {
        item.id = id;
    }
    item.expected = answer(part("output").as_ref());
    let flat: Vec<&str> = fields
        .keys()
        .map(String::as_str)
        .filter(|key| ["input_", "output_", "metadata_"].iter().any(|prefix| key.starts_with(prefix)))
        .collect();
    keep(&mut item, fields, &["metadata"], &[READ, flat.as_slice()].concat());
    if let (None, Some(Value::Object(metadata))) = (field(fields, &["metadata"]), gathered(fields, "metadata")) {
        item.metadata.extend(metadata);
    }
    Ok(item)
}

/// The columns `name_…` as one object.
fn gathered(fields: &Fields, name: &str) -> Option<Value> {
    let prefix = format!("{name}_");
    let parts = fields.iter().filter_map(|(key, value)| Some((key.strip_prefix(&prefix)?.to_owned(), value.clone())));
    let parts: Fields = parts.filter(|(_, value)| !value.is_null() && *value != "").collect();
    (!parts.is_empty()).then_some(Value::Object(parts))
}

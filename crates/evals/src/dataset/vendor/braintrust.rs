//! Braintrust dataset rows, as its API fetches them and its page exports them: `{id, input, expected, metadata, tags,
//! _xact_id, created, origin, …}`.

use super::{Fields, Item, RowError, answer, any, asking, field, keep, tags, text};

const READ: &[&str] = &[
    "id",
    "input",
    "expected",
    "tags",
    "_xact_id",
    "_pagination_key",
    "created",
    "dataset_id",
    "project_id",
    "is_root",
    "root_span_id",
    "span_id",
    "origin",
    "comments",
    "audit_data",
];

pub(super) fn fits(fields: &Fields) -> bool {
    fields.contains_key("input")
        && (any(fields, &["_xact_id", "_pagination_key"])
            || (any(fields, &["dataset_id"]) && any(fields, &["root_span_id", "is_root"])))
}

pub(super) fn item(line: u64, fields: &Fields) -> Result<Item, RowError> {
    let mut item = asking(line, "input", field(fields, &["input"]))?;
    if let Some(id) = text(fields, &["id"]) {
        item.id = id;
    }
    item.expected = answer(field(fields, &["expected"]));
    item.tags = tags(field(fields, &["tags"]));
    // The row it was made from, where it came from a log.
    if let Some(origin) = fields.get("origin").and_then(|origin| origin.as_object()) {
        item.source = origin.clone();
    }
    keep(&mut item, fields, &["metadata"], READ);
    Ok(item)
}

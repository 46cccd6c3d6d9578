//! Langfuse dataset items: `{id, status, input, expectedOutput, metadata, sourceTraceId, sourceObservationId, …}`.

use serde_json::Value;

use super::{Fields, Item, RowError, answer, any, asking, field, keep, text};

const READ: &[&str] = &[
    "id",
    "status",
    "input",
    "expectedOutput",
    "sourceTraceId",
    "sourceObservationId",
    "datasetId",
    "datasetName",
    "createdAt",
    "updatedAt",
    "projectId",
    "validFrom",
];

pub(super) fn fits(fields: &Fields) -> bool {
    any(fields, &["expectedOutput"])
        && any(fields, &["datasetId", "datasetName", "sourceTraceId", "sourceObservationId", "status"])
}

pub(super) fn item(line: u64, fields: &Fields) -> Result<Item, RowError> {
    if fields.get("status").is_some_and(|status| status == "ARCHIVED") {
        return Err(RowError::at(line, "status", "the item is archived"));
    }
    let input = field(fields, &["input"]).map(unquoted);
    let mut item = asking(line, "input", input.as_ref())?;
    if let Some(id) = text(fields, &["id"]) {
        item.id = id;
    }
    item.expected = answer(field(fields, &["expectedOutput"]).map(unquoted).as_ref());
    for (key, name) in [("sourceTraceId", "trace_id"), ("sourceObservationId", "span_id")] {
        if let Some(id) = text(fields, &[key]) {
            item.source.insert(name.to_owned(), Value::from(id));
        }
    }
    keep(&mut item, fields, &["metadata"], READ);
    Ok(item)
}

/// In its CSV a text stands as JSON, in quotes.
fn unquoted(value: &Value) -> Value {
    match value.as_str().filter(|text| text.starts_with('"')).map(serde_json::from_str::<String>) {
        Some(Ok(text)) => text.into(),
        _ => value.clone(),
    }
}

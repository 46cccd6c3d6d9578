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
    let mut item = asking(line, "input", field(fields, &["input"]))?;
    if let Some(id) = text(fields, &["id"]) {
        item.id = id;
    }
    item.expected = answer(field(fields, &["expectedOutput"]));
    for (key, name) in [("sourceTraceId", "trace_id"), ("sourceObservationId", "span_id")] {
        if let Some(id) = text(fields, &[key]) {
            item.source.insert(name.to_owned(), Value::from(id));
        }
    }
    keep(&mut item, fields, &["metadata"], READ);
    Ok(item)
}

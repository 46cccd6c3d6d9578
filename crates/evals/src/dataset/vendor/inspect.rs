//! Inspect samples: `{id, input, target, choices, metadata, sandbox, files, setup}`.

use super::{Fields, Item, RowError, any, asking, field, keep, text};

pub(super) fn fits(fields: &Fields) -> bool {
    any(fields, &["input"]) && any(fields, &["target"])
}

pub(super) fn item(line: u64, fields: &Fields) -> Result<Item, RowError> {
    let mut item = asking(line, "input", field(fields, &["input"]))?;
    if let Some(id) = text(fields, &["id"]) {
        item.id = id;
    }
    // A list of targets means any of them, which is what a list means here too.
    item.expected = field(fields, &["target"]).cloned();
    keep(&mut item, fields, &["metadata"], &["id", "input", "target"]);
    Ok(item)
}

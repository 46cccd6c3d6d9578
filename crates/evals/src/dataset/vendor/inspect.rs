//! Inspect samples: `{id, input, target, choices, metadata, sandbox, files, setup}`.

use super::{Fields, Item, RowError, any, asking, field, keep, passages, text};

pub(super) fn fits(fields: &Fields) -> bool {
    any(fields, &["input"]) && any(fields, &["target"])
}

pub(super) fn item(line: u64, fields: &Fields) -> Result<Item, RowError> {
    let mut item = asking(line, "input", field(fields, &["input"]))?;
    let choices = passages(fields.get("choices"));
    if let (false, Some(last)) = (choices.is_empty(), item.input.last_mut()) {
        // The target is a letter, which says nothing to a model that does not see what stands under it.
        let lettered = choices.iter().zip('A'..).map(|(choice, letter)| format!("\n{letter}) {choice}"));
        last.content.extend(std::iter::once("\n".to_owned()).chain(lettered));
        item.id = item.own_id();
    }
    if let Some(id) = text(fields, &["id"]) {
        item.id = id;
    }
    // A list of targets means any of them, which is what a list means here too.
    item.expected = field(fields, &["target"]).cloned();
    keep(&mut item, fields, &["metadata"], &["id", "input", "target"]);
    Ok(item)
}

//! OpenAI evals: `{"item": {…}, "sample": {…}}` lines of the hosted service, `{"input": […], "ideal": …}` lines of the
//! open-source one.

use serde_json::Value;

use super::{Fields, Item, RowError, any, asking, field, keep};
use crate::dataset::Mapping;

pub(super) fn fits(fields: &Fields) -> bool {
    fields.get("item").is_some_and(Value::is_object) || (any(fields, &["input", "messages"]) && any(fields, &["ideal"]))
}

pub(super) fn item(line: u64, fields: &Fields) -> Result<Item, RowError> {
    let Some(inner) = fields.get("item") else {
        let mut item = asking(line, "input", field(fields, &["input", "messages"]))?;
        // A list of ideals means any of them, which is what a list means here too.
        item.expected = field(fields, &["ideal"]).cloned();
        keep(&mut item, fields, &["metadata"], &["input", "messages", "ideal"]);
        return Ok(item);
    };
    let names: Vec<String> = inner.as_object().into_iter().flatten().map(|(key, _)| key.clone()).collect();
    let mut item = Mapping::settle(None, &names).item(line, inner)?;
    keep(&mut item, fields, &[], &["item"]);
    Ok(item)
}

//! `weir.dataset.v1`: a header, then items, as lines or as cells.

use serde_json::{Map, Value};
use weir_core::chat::{Message, Role};

use super::{Header, Item, RowError, write};

/// What the header says it is.
pub(crate) const VERSION: &str = "dataset.v1";

/// `input.tools` stands beside the conversation here.
fn lift_tools(value: &mut Value) {
    let tools = value.get_mut("input").and_then(Value::as_object_mut).and_then(|input| input.shift_remove("tools"));
    if let (Some(tools), Value::Object(fields)) = (tools, value) {
        fields.insert("tools".into(), tools);
    }
}

impl Item {
    /// Reads one item of the canonical form, and gives it an id when it has none.
    ///
    /// # Errors
    /// What was found and what is wanted.
    pub fn read(mut value: Value) -> Result<Self, String> {
        lift_tools(&mut value);
        let mut item: Self = serde_json::from_value(value).map_err(|error| error.to_string())?;
        item.name();
        Ok(item)
    }
}

pub(crate) fn item(line: u64, value: Value, header: Option<&Header>) -> Result<Item, RowError> {
    let named = value.get("id").is_some_and(|id| id.as_str().is_some_and(|id| !id.trim().is_empty()));
    let mut item = Item::read(value).map_err(|message| RowError::new(line, message))?;
    if let Some(header) = header {
        let instructed = item.input.first().is_some_and(|message| message.role == Role::System);
        if let Some(system) = header.system.as_ref().filter(|_| !instructed) {
            item.input.insert(0, Message { role: Role::System, content: system.clone() });
            if !named {
                item.id.clear();
                item.name();
            }
        }
    }
    Ok(item)
}

/// An item from the cells of one of our own CSV or Parquet files.
pub(crate) fn cells(line: u64, row: Map<String, Value>, header: Option<&Header>) -> Result<Item, RowError> {
    let fields = row.into_iter().filter(|(name, _)| !name.starts_with(write::MARK)).filter_map(|(name, cell)| {
        let value = match cell {
            Value::Null => None,
            Value::String(text) => write::uncell(&text),
            // Objects and lists are read where cells are.
            other => Some(other),
        };
        Some((name, value?))
    });
    item(line, Value::Object(fields.collect()), header)
}

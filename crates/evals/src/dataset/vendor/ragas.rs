//! Ragas samples: `{user_input, reference, response, reference_contexts, retrieved_contexts, rubrics,
//! reference_tool_calls}`; the input of several turns is a list of `{content, type: human | ai | tool}`.

use serde_json::Value;
use weir_core::chat::{Message, Role};

use super::{Fields, Item, RowError, answer, any, asking, field, keep, passages, tools};

const READ: &[&str] =
    &["user_input", "reference", "reference_contexts", "retrieved_contexts", "rubrics", "reference_tool_calls"];

pub(super) fn fits(fields: &Fields) -> bool {
    any(fields, &["user_input"])
        && any(fields, &["reference", "response", "retrieved_contexts", "reference_contexts", "rubrics"])
}

pub(super) fn item(line: u64, fields: &Fields) -> Result<Item, RowError> {
    let input = field(fields, &["user_input"]);
    let mut item = match input.and_then(Value::as_array).map(|turns| turns.iter().map(turn).collect::<Option<Vec<_>>>())
    {
        Some(Some(messages)) => Item::new(messages),
        _ => asking(line, "user_input", input)?,
    };
    item.expected = answer(field(fields, &["reference"]));
    let retrieved = passages(field(fields, &["retrieved_contexts"]));
    item.context = passages(field(fields, &["reference_contexts"]));
    if item.context.is_empty() {
        item.context = retrieved;
    } else if !retrieved.is_empty() {
        item.metadata.insert("retrieved_contexts".into(), retrieved.into());
    }
    item.criteria = field(fields, &["rubrics"]).map(rubrics);
    item.expected_tools = tools(line, "reference_tool_calls", field(fields, &["reference_tool_calls"]))?;
    keep(&mut item, fields, &[], READ);
    Ok(item)
}

fn turn(value: &Value) -> Option<Message> {
    let role = match value.get("type")?.as_str()? {
        "human" => Role::User,
        "ai" => Role::Assistant,
        "tool" => Role::Tool,
        "system" => Role::System,
        _ => return None,
    };
    Some(Message { role, content: value.get("content").map(crate::exchange::as_text).unwrap_or_default() })
}

/// One line a level.
fn rubrics(value: &Value) -> String {
    match value.as_object() {
        Some(levels) => {
            let lines = levels.iter().map(|(level, meaning)| format!("{level}: {}", crate::exchange::as_text(meaning)));
            lines.collect::<Vec<_>>().join("\n")
        }
        None => crate::exchange::as_text(value),
    }
}

//! Rows of other products, told apart by their keys: the same row may stand in JSON Lines, a JSON list, CSV or Parquet.
//! One file a product; each says what its fields become. What has no place here is kept as metadata.

mod braintrust;
mod deepeval;
mod inspect;
mod langfuse;
mod openai_evals;
mod phoenix;
pub(crate) mod promptfoo;
mod ragas;

use serde_json::{Map, Value};
use weir_core::chat::{Message, Role};

use super::{Format, Item, RowError, item::input_from, mapping::parts};
use crate::exchange::ExpectedTool;

/// A row as an object.
type Fields = Map<String, Value>;

/// How one row becomes an item.
pub(crate) type Reader = fn(u64, &Fields) -> Result<Item, RowError>;

/// Whether a row looks like a product's.
type Fits = fn(&Fields) -> bool;

/// The product whose rows look like this one, and how they are read.
pub(crate) fn of(fields: &Fields) -> Option<(Format, Reader)> {
    const VENDORS: [(Format, Fits, Reader); 8] = [
        (Format::OpenaiEvals, openai_evals::fits, openai_evals::item),
        (Format::Promptfoo, promptfoo::fits, promptfoo::item),
        (Format::Ragas, ragas::fits, ragas::item),
        (Format::Langfuse, langfuse::fits, langfuse::item),
        (Format::Deepeval, deepeval::fits, deepeval::item),
        (Format::Braintrust, braintrust::fits, braintrust::item),
        (Format::Phoenix, phoenix::fits, phoenix::item),
        (Format::Inspect, inspect::fits, inspect::item),
    ];
    VENDORS.iter().find(|(_, fits, _)| fits(fields)).map(|(format, _, reader)| (*format, *reader))
}

/// Parts the passages that a product's row holds in one cell.
pub(crate) fn part(fields: &mut Fields, separator: &str) {
    for name in ["context", "retrieval_context", "retrievalContext", "retrieved_contexts", "reference_contexts"] {
        if let Some(Value::String(cell)) = fields.get(name) {
            let parted = parts(cell, separator);
            fields.insert(name.to_owned(), parted.into());
        }
    }
}

/// True when one of the keys is there.
fn any(fields: &Fields, keys: &[&str]) -> bool {
    keys.iter().any(|key| fields.contains_key(*key))
}

/// The first of these fields that says something.
fn field<'a>(fields: &'a Fields, keys: &[&str]) -> Option<&'a Value> {
    keys.iter().filter_map(|key| fields.get(*key)).find(|value| !value.is_null() && **value != "")
}

fn text(fields: &Fields, keys: &[&str]) -> Option<String> {
    field(fields, keys).map(crate::exchange::as_text).filter(|text| !text.trim().is_empty())
}

/// Names of the field that holds the question, where an input has several.
const QUESTIONS: [&str; 9] =
    ["messages", "question", "prompt", "query", "input", "user_input", "text", "message", "content"];
/// Names of the field that holds the answer.
const ANSWERS: [&str; 8] = ["answer", "output", "expected", "text", "content", "response", "completion", "result"];

/// An item asking what a product calls its input: a text, messages, or an object that holds the question somewhere.
/// Of an object the whole is kept as `metadata.input`.
fn asking(line: u64, column: &str, input: Option<&Value>) -> Result<Item, RowError> {
    let fail = |message: String| RowError::at(line, column, message);
    let input = input.ok_or_else(|| fail(format!("no `{column}` in this row")))?;
    let Value::Object(parts) = input else {
        return Ok(Item::new(input_from(input).map_err(fail)?));
    };
    let question = QUESTIONS.iter().find_map(|name| parts.get(*name));
    let mut item = Item::new(match question {
        Some(Value::Object(_)) | None => vec![Message { role: Role::User, content: input.to_string() }],
        Some(question) => input_from(question).map_err(fail)?,
    });
    if parts.len() > 1 || question.is_none() {
        item.metadata.insert("input".into(), input.clone());
    }
    Ok(item)
}

/// What a product calls the expected answer: a value, or an object around one.
fn answer(value: Option<&Value>) -> Option<Value> {
    let value = value?;
    let inner = value.as_object().and_then(|parts| {
        let is_message = parts.get("role").is_some_and(|role| role == "assistant");
        let one = parts.len() == 1;
        ANSWERS.iter().filter(|name| one || (is_message && **name == "content")).find_map(|name| parts.get(*name))
    });
    Some(inner.unwrap_or(value).clone()).filter(|value| !value.is_null() && *value != "")
}

/// Passages from a list or one text.
fn passages(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::Array(items)) => items.iter().map(crate::exchange::as_text).collect(),
        Some(Value::String(text)) if !text.trim().is_empty() => vec![text.clone()],
        _ => Vec::new(),
    }
}

/// Tool calls from a list of names or of `{name, arguments | args | input_parameters}`, or from names in one text.
fn tools(line: u64, column: &str, value: Option<&Value>) -> Result<Option<Vec<ExpectedTool>>, RowError> {
    let Some(value) = value else { return Ok(None) };
    if let Value::String(names) = value {
        let names = names.split([';', ',']).map(str::trim).filter(|name| !name.is_empty());
        return Ok(Some(names.map(|name| ExpectedTool { name: name.to_owned(), arguments: None }).collect()));
    }
    let calls = value.as_array().into_iter().flatten().map(|call| serde_json::from_value(call.clone()));
    let calls = calls.collect::<Result<Vec<ExpectedTool>, _>>();
    calls.map(Some).map_err(|_| RowError::at(line, column, "a tool call without a name"))
}

/// Puts the product's own metadata and all fields that nothing read into the item's.
fn keep(item: &mut Item, fields: &Fields, own: &[&str], read: &[&str]) {
    for key in own {
        match fields.get(*key) {
            Some(Value::Object(given)) => item.metadata.extend(given.clone()),
            Some(Value::Null) | None => {}
            Some(Value::String(text)) if text.is_empty() => {}
            Some(other) => drop(item.metadata.insert((*key).to_owned(), other.clone())),
        }
    }
    for (key, value) in fields {
        let known = own.contains(&key.as_str()) || read.contains(&key.as_str());
        if !known && !value.is_null() && *value != "" {
            item.metadata.entry(key.clone()).or_insert_with(|| value.clone());
        }
    }
}

/// Words from a list or from one text with commas.
fn tags(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::Array(items)) => items.iter().map(crate::exchange::as_text).collect(),
        Some(Value::String(text)) => {
            text.split(',').map(str::trim).filter(|tag| !tag.is_empty()).map(str::to_owned).collect()
        }
        _ => Vec::new(),
    }
}

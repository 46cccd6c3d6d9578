//! Which column is what. Guessed from the names people use; a given mapping wins.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use weir_core::chat::{Message, Role};

use super::{
    Item, RowError,
    item::{expected_from, input_from},
};
use crate::nearest::suggest;

/// Column names by field. Serialises as `{"input": "question", …}` without the empty ones.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    /// The question or conversation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<String>,
    /// The right answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// The id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Instructions put before the input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<String>,
    /// Passages the answer should rest on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
    /// What a good answer must do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub criteria: Option<String>,
    /// The workload.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workload: Option<String>,
    /// Words, separated by commas.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tags: Option<String>,
    /// What the item must share its split with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
    /// The split.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split: Option<String>,
    /// The weight.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<String>,
    /// No column: what parts the passages of a context in one cell, such as `;`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub separator: Option<String>,
}

/// The field of a mapping that names no column.
const SEPARATOR: &str = "separator";

/// Field names with the column names that are taken for them, likeliest first.
const GUESSES: &[(&str, &[&str])] = &[
    (
        "input",
        &[
            "input",
            "messages",
            "question",
            "prompt",
            "query",
            "user_input",
            "user",
            "request",
            "text",
            "message",
            "problem",
            "instruction",
        ],
    ),
    (
        "expected",
        &[
            "expected",
            "expected_output",
            "expectedoutput",
            "answer",
            "ideal",
            "target",
            "reference",
            "ground_truth",
            "label",
            "completion",
            "output",
            "response",
            "solution",
        ],
    ),
    ("id", &["id", "item_id", "key", "uid"]),
    ("system", &["system", "system_prompt", "instructions", "instruction"]),
    ("context", &["context", "contexts", "retrieved_contexts", "retrieval_context", "passages"]),
    ("criteria", &["criteria", "rubric", "rubrics"]),
    ("workload", &["workload"]),
    ("tags", &["tags", "labels"]),
    ("cluster", &["cluster", "conversation_id", "session_id", "group"]),
    ("split", &["split"]),
    ("weight", &["weight"]),
];

/// The text is not a mapping.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{part}` in the mapping: {message}")]
pub struct MappingError {
    /// The part at fault.
    pub part: String,
    /// What is wrong with it.
    pub message: String,
}

impl FromStr for Mapping {
    type Err = MappingError;
    /// Reads `input:question,expected:answer`.
    fn from_str(text: &str) -> Result<Self, MappingError> {
        let mut mapping = Self::default();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let fail = |message: String| MappingError { part: part.to_owned(), message };
            let (field, column) = part.split_once(':').ok_or_else(|| fail("wanted `field:column`".into()))?;
            let names = || GUESSES.iter().map(|(name, _)| *name).chain([SEPARATOR]);
            if field.trim() == SEPARATOR {
                mapping.separator = Some(column.trim()).filter(|column| !column.is_empty()).map(str::to_owned);
                continue;
            }
            let slot = mapping.slot(field.trim()).ok_or_else(|| {
                fail(format!("no field is called `{}`{}", field.trim(), suggest(field.trim(), names())))
            })?;
            *slot = Some(column.trim().to_owned());
        }
        Ok(mapping)
    }
}

impl Mapping {
    /// True when it says which column is what. One that says no more than how passages are parted leaves the rows of
    /// products to their own readers.
    pub(crate) fn has_columns(&self) -> bool {
        *self != Self { separator: self.separator.clone(), ..Self::default() }
    }

    fn slot(&mut self, field: &str) -> Option<&mut Option<String>> {
        Some(match field {
            "input" => &mut self.input,
            "expected" => &mut self.expected,
            "id" => &mut self.id,
            "system" => &mut self.system,
            "context" => &mut self.context,
            "criteria" => &mut self.criteria,
            "workload" => &mut self.workload,
            "tags" => &mut self.tags,
            "cluster" => &mut self.cluster,
            "split" => &mut self.split,
            "weight" => &mut self.weight,
            _ => return None,
        })
    }

    /// The given mapping, with what it leaves open guessed from the columns. No column is taken twice.
    pub(crate) fn settle(given: Option<&Self>, columns: &[String]) -> Self {
        let mut mapping = given.cloned().unwrap_or_default();
        let mut taken: Vec<String> = Vec::new();
        for (field, _) in GUESSES {
            taken.extend(mapping.slot(field).and_then(|slot| slot.clone()));
        }
        for (field, names) in GUESSES {
            let Some(slot) = mapping.slot(field).filter(|slot| slot.is_none()) else {
                continue;
            };
            let free = |name: &&str| {
                columns.iter().find(|column| plain(column) == **name && !taken.contains(*column)).cloned()
            };
            // `ticket_text` is a text, `correct_label` a label.
            let ends = |name: &&str| {
                let ending = format!("_{name}");
                columns.iter().find(|column| plain(column).ends_with(&ending) && !taken.contains(*column)).cloned()
            };
            let wanted = matches!(*field, "input" | "expected");
            let found = names.iter().find_map(free).or_else(|| names.iter().filter(|_| wanted).find_map(ends));
            if let Some(column) = found {
                taken.push(column.clone());
                *slot = Some(column);
            }
        }
        mapping
    }

    /// One row as an item. Columns that map to nothing are kept as metadata.
    pub(crate) fn item(&self, line: u64, row: &Value) -> Result<Item, RowError> {
        let Value::Object(fields) = row else {
            return Err(RowError::new(line, "the row is no object"));
        };
        let field = |column: &Option<String>| column.as_ref().and_then(|column| fields.get(column));
        let text = |column: &Option<String>| {
            field(column).map(crate::exchange::as_text).filter(|text| !text.trim().is_empty() && text != "null")
        };
        let Some(column) = &self.input else {
            return Err(RowError::new(line, "no column holds the input; map one, such as `input:question`"));
        };
        let input = fields.get(column).ok_or_else(|| {
            let hint = suggest(column, fields.keys().map(String::as_str));
            RowError::at(line, column, format!("no column `{column}`{hint}"))
        })?;
        let mut input = input_from(input).map_err(|message| RowError::at(line, column, message))?;
        if let Some(system) = text(&self.system) {
            input.insert(0, Message { role: Role::System, content: system });
        }

        let mut item = Item::new(input);
        if let Some(id) = text(&self.id) {
            item.id = id;
        }
        item.expected = field(&self.expected).cloned().and_then(expected_from).filter(|value| *value != "");
        // Conversations for training end with the answer.
        if item.expected.is_none()
            && item.input.len() > 1
            && let Some(last) = item.input.pop_if(|last| last.role == Role::Assistant)
        {
            item.expected = Some(last.content.into());
            item.id = text(&self.id).unwrap_or_else(|| item.own_id());
        }
        item.context = list(field(&self.context), self.separator.as_deref());
        item.tags = list(field(&self.tags), Some(","));
        item.criteria = text(&self.criteria);
        item.workload = text(&self.workload);
        item.cluster = text(&self.cluster);
        item.split = text(&self.split);
        if let (Some(column), Some(weight)) = (&self.weight, text(&self.weight)) {
            item.weight = weight
                .trim()
                .parse()
                .ok()
                .filter(|weight: &f64| weight.is_finite() && *weight > 0.0)
                .ok_or_else(|| RowError::at(line, column, format!("found {weight}, wanted a number over 0")))?;
        }
        item.metadata = self.rest(fields);
        Ok(item)
    }

    fn rest(&self, fields: &Map<String, Value>) -> Map<String, Value> {
        let mut copy = self.clone();
        let used: Vec<String> =
            GUESSES.iter().filter_map(|(field, _)| copy.slot(field).and_then(|slot| slot.take())).collect();
        fields
            .iter()
            .filter(|(key, value)| !used.contains(key) && !value.is_null() && **value != "")
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect()
    }
}

/// `Expected Output` and `expected_output` are one name.
fn plain(column: &str) -> String {
    column.trim().trim_start_matches('_').to_lowercase().replace([' ', '-'], "_")
}

/// The parts of a text, without those that are empty.
pub(super) fn parts(text: &str, separator: &str) -> Vec<String> {
    text.split(separator).map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

fn list(value: Option<&Value>, separator: Option<&str>) -> Vec<String> {
    match (value, separator) {
        (None | Some(Value::Null), _) => Vec::new(),
        (Some(Value::Array(items)), _) => items.iter().map(crate::exchange::as_text).collect(),
        (Some(Value::String(text)), Some(separator)) => parts(text, separator),
        (Some(one), _) => {
            vec![crate::exchange::as_text(one)].into_iter().filter(|text| !text.trim().is_empty()).collect()
        }
    }
}

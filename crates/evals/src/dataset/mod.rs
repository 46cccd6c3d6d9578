//! Datasets: items with what is known about their right answers, versioned by content.
//!
//! The canonical form is `weir.dataset.v1`: JSON Lines, a header and then items. Other shapes are told apart by their
//! content and read into the same items. A bad row is reported with its line and costs only itself.

mod array;
mod csv;
mod detect;
mod item;
mod lines;
mod mapping;
mod openai_evals;
mod promptfoo;
mod version;
mod weir;

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use item::Item;
pub use mapping::{Mapping, MappingError};
pub use version::{assign_splits, split_for, version_id};

/// Largest row in bytes.
pub const ROW_LIMIT: usize = 1024 * 1024;

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// `weir.dataset.v1`, the canonical form.
    Weir,
    /// JSON Lines of objects, read through the mapping.
    Jsonl,
    /// One JSON list of objects, read through the mapping.
    JsonArray,
    /// Comma, semicolon or tab separated values with a header row, read through the mapping.
    Csv,
    /// OpenAI evals: lines of `{item, …}` or `{input: […], ideal}`.
    OpenaiEvals,
    /// promptfoo test cases: `{tests: […]}`, or lines or a list of `{vars, assert}`.
    Promptfoo,
}

/// The first line of the canonical form.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Header {
    /// Always `dataset.v1`.
    pub weir: String,
    /// The dataset's name.
    #[serde(default)]
    pub name: Option<String>,
    /// What is in it.
    #[serde(default)]
    pub description: Option<String>,
    /// Workload of items that name none.
    #[serde(default)]
    pub workload: Option<String>,
    /// Instructions put before items that bring no system message.
    #[serde(default)]
    pub system: Option<String>,
    /// Splits to assign items to that name none, by hash of their cluster.
    #[serde(default)]
    pub splits: Vec<String>,
}

/// A file as read.
#[derive(Debug, Clone, PartialEq)]
pub struct Parsed {
    /// What it is.
    pub format: Format,
    /// Its header, in the canonical form.
    pub header: Option<Header>,
    /// Its columns, where it has any, in order.
    pub columns: Vec<String>,
    /// Which column was read as what; guessed unless given.
    pub mapping: Mapping,
    /// Its rows, in order.
    pub rows: Vec<Row>,
}

impl Parsed {
    /// The items that could be read.
    pub fn items(&self) -> impl Iterator<Item = &Item> {
        self.rows.iter().filter_map(|row| row.result.as_ref().ok())
    }
    /// The rows that could not.
    pub fn bad(&self) -> impl Iterator<Item = &RowError> {
        self.rows.iter().filter_map(|row| row.result.as_ref().err())
    }
}

/// One row as read.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Where it begins, from 1.
    pub line: u64,
    /// The item, or what is wrong with it.
    pub result: Result<Item, RowError>,
}

/// What is wrong with a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct RowError {
    /// Where it is, from 1.
    pub line: u64,
    /// Character in the line, from 1, or the name of the column, where one is to blame.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// What was found and what is wanted.
    pub message: String,
}

impl RowError {
    pub(crate) fn new(line: u64, message: impl Into<String>) -> Self {
        Self { line, column: None, message: message.into() }
    }
    pub(crate) fn at(line: u64, column: impl ToString, message: impl Into<String>) -> Self {
        Self { line, column: Some(column.to_string()), message: message.into() }
    }
}

/// A row with its place, as the readers of the formats hand it over.
pub(crate) type RawRow = (u64, Result<Value, RowError>);

/// Reads a file. Never fails as a whole: a file that is nothing at all is one bad row. `file_name` helps to tell
/// formats apart; `mapping` overrides the guessed columns.
#[must_use]
pub fn parse(bytes: &[u8], file_name: &str, mapping: Option<&Mapping>) -> Parsed {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let format = detect::detect(bytes, file_name);
    if bytes.iter().all(u8::is_ascii_whitespace) {
        let rows = vec![Row { line: 1, result: Err(RowError::new(1, "the file is empty")) }];
        return Parsed { format, header: None, columns: Vec::new(), mapping: Mapping::default(), rows };
    }
    if let Some(refusal) = detect::refusal(bytes, file_name) {
        let rows = vec![Row { line: 1, result: Err(RowError::new(1, refusal)) }];
        return Parsed { format, header: None, columns: Vec::new(), mapping: Mapping::default(), rows };
    }
    let mut parsed = match format {
        Format::Weir => weir::parse(bytes),
        Format::OpenaiEvals => openai_evals::parse(bytes),
        Format::Promptfoo => promptfoo::parse(bytes),
        Format::Jsonl => mapped(format, lines::read(bytes), mapping),
        Format::JsonArray => mapped(format, array::read(bytes), mapping),
        Format::Csv => csv::parse(bytes, file_name, mapping),
    };
    refuse_reused_ids(&mut parsed.rows);
    parsed
}

/// Reads objects through a mapping, guessed from the keys of the first rows.
fn mapped(format: Format, raw: Vec<RawRow>, mapping: Option<&Mapping>) -> Parsed {
    let mut columns: Vec<String> = Vec::new();
    for (_, row) in &raw {
        if let Ok(Value::Object(fields)) = row {
            for key in fields.keys() {
                if !columns.contains(key) && columns.len() < 256 {
                    columns.push(key.clone());
                }
            }
        }
    }
    let mapping = Mapping::settle(mapping, &columns);
    let rows = raw
        .into_iter()
        .map(|(line, row)| Row { line, result: row.and_then(|value| mapping.item(line, &value)) })
        .collect();
    Parsed { format, header: None, columns, mapping, rows }
}

/// The same item twice is one item and harmless; the same id with other content is a mistake.
fn refuse_reused_ids(rows: &mut [Row]) {
    let mut seen: HashMap<String, (u64, String)> = HashMap::new();
    for row in rows {
        let Ok(item) = &row.result else { continue };
        let hash = item.hash();
        match seen.get(&item.id) {
            None => {
                seen.insert(item.id.clone(), (row.line, hash));
            }
            Some((_, earlier)) if *earlier == hash => {}
            Some((line, _)) => {
                let message = format!("id `{}` stands on line {line} with other content", item.id);
                row.result = Err(RowError::at(row.line, "id", message));
            }
        }
    }
}

#[cfg(test)]
mod tests;

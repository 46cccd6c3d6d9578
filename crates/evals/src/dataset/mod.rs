//! Datasets: items with what is known about their right answers, versioned by content.
//!
//! The canonical form is `weir.dataset.v1`: JSON Lines, a header and then items. Other files are told apart by their
//! content, in two steps: how rows are wrapped (`containers.rs`), and whose rows they are (`vendor.rs`). They are read one
//! by one into the same items. A bad row is reported with its line and costs only itself.

mod array;
mod containers;
mod intake;
mod item;
mod lines;
mod mapping;
mod near;
mod parquet;
mod reading;
mod redact;
mod schema;
mod split;
mod vendor;
mod weir;
pub mod write;

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use intake::{Intake, Report, TOLD};
pub use item::Item;
pub use mapping::{Mapping, MappingError};
pub use near::{NEAR, Near, Neighbours};
pub use reading::{Reading, Source, WHOLE_LIMIT};
pub use redact::redact;
pub use schema::InputSchema;
pub use split::split_for;
pub(crate) use vendor::promptfoo;

/// The split that decides, and that nothing which is decided upon may see.
pub const HELDOUT: &str = "heldout";

/// Largest row in bytes.
pub const ROW_LIMIT: usize = 1024 * 1024;

/// What a file is: ours, a product's, or rows that are read through a mapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// `weir.dataset.v1`, the canonical form, also as CSV or Parquet that weir has written.
    Weir,
    /// JSON Lines of objects, read through the mapping.
    Jsonl,
    /// One JSON list of objects, or an object that holds one, read through the mapping.
    JsonArray,
    /// Comma, semicolon or tab separated values with a header row, read through the mapping.
    Csv,
    /// Parquet, read through the mapping.
    Parquet,
    /// OpenAI evals: `{item, …}` or `{input: […], ideal}`.
    OpenaiEvals,
    /// promptfoo test cases: `{vars, assert}`, also in YAML, and CSV with `__expected`.
    Promptfoo,
    /// Braintrust dataset rows.
    Braintrust,
    /// Langfuse dataset items.
    Langfuse,
    /// Phoenix dataset examples.
    Phoenix,
    /// Inspect samples.
    Inspect,
    /// DeepEval goldens.
    Deepeval,
    /// Ragas samples.
    Ragas,
}

/// The first line of the canonical form.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Header {
    /// Always `dataset.v1`.
    pub weir: String,
    /// The dataset's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What is in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Workload of the dataset; items that name none are of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workload: Option<String>,
    /// Instructions put before items that bring no system message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<String>,
    /// Splits to assign items to that name none, by hash of their cluster.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub splits: Vec<String>,
    /// JSON Schema of the items' inputs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_schema: Option<Value>,
    /// A word that stands in no other text: whoever finds it in a model's training has found the dataset there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub canary: Option<String>,
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

/// Reads a file that is in memory. Never fails as a whole: a file that is nothing at all is one bad row. `file_name`
/// helps to tell formats apart; `mapping` overrides the guessed columns. [`Reading`] does the same row by row.
#[must_use]
pub fn parse(bytes: &[u8], file_name: &str, mapping: Option<&Mapping>) -> Parsed {
    let mut reading = Reading::open(containers::source(bytes.to_vec()), file_name, mapping);
    let mut rows: Vec<Row> = reading.by_ref().collect();
    refuse_reused_ids(&mut rows);
    Parsed {
        format: reading.format(),
        header: reading.header().cloned(),
        columns: reading.columns().to_vec(),
        mapping: reading.mapping().clone(),
        rows,
    }
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

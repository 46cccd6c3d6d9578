//! Items as a file, without loss: whatever is written here is read back as the same items.
//!
//! In CSV and Parquet a cell is JSON, but for texts that are no JSON themselves: those stand as they are. CSV has one
//! more column without cells, whose name is the canonical form's header; Parquet keeps that in its metadata.

use std::{
    io::{self, Write},
    mem,
    sync::{Arc, Mutex, PoisonError},
};

use parquet::{
    basic::{Compression, LogicalType, Repetition, Type as Physical},
    data_type::{ByteArray, ByteArrayType},
    errors::ParquetError,
    file::{metadata::KeyValue, properties::WriterProperties, writer::SerializedFileWriter},
    schema::types::Type,
};
use serde::Deserialize;
use serde_json::Value;
use weir_core::chat::{Message, Role};

use super::{Header, Item, parquet::PARQUET_HEADER};

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// `weir.dataset.v1`: a header line, then one item a line.
    #[default]
    Jsonl,
    /// Comma-separated values with a header row.
    Csv,
    /// Parquet with columns of text, compressed with Snappy.
    Parquet,
}

/// Columns of CSV and Parquet, in order; each is a field of the canonical form.
const COLUMNS: [&str; 15] = [
    "id",
    "input",
    "expected",
    "context",
    "criteria",
    "expected_tools",
    "workload",
    "tags",
    "cluster",
    "split",
    "weight",
    "tools",
    "labels",
    "source",
    "metadata",
];

/// What the name of the last column of CSV begins with.
pub(crate) const MARK: &str = "weir.dataset.v1 ";

impl Form {
    /// Of file names.
    #[must_use]
    pub const fn ending(self) -> &'static str {
        match self {
            Self::Jsonl => "jsonl",
            Self::Csv => "csv",
            Self::Parquet => "parquet",
        }
    }

    /// Media type.
    #[must_use]
    pub const fn media(self) -> &'static str {
        match self {
            Self::Jsonl => "application/jsonl; charset=utf-8",
            Self::Csv => "text/csv; charset=utf-8",
            Self::Parquet => "application/vnd.apache.parquet",
        }
    }
}

/// Writes a file in pieces: what [`Writer::items`] and [`Writer::finish`] return, in order, is the file.
pub struct Writer {
    form: Form,
    ready: Ready,
    parquet: Option<SerializedFileWriter<Ready>>,
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer").field("form", &self.form).finish_non_exhaustive()
    }
}

/// Why a file could not be written.
#[derive(Debug, thiserror::Error)]
#[error("the file could not be written: {0}")]
pub struct WriteError(#[from] ParquetError);

impl Writer {
    /// Begins a file.
    ///
    /// # Errors
    /// When Parquet's writer refuses.
    pub fn new(form: Form, header: &Header) -> Result<Self, WriteError> {
        let head = serde_json::to_string(header).unwrap_or_default();
        let ready = Ready::default();
        let mut parquet = None;
        match form {
            Form::Jsonl => ready.text(&(head + "\n")),
            Form::Csv => {
                let names = COLUMNS.iter().map(|name| (*name).to_owned());
                ready.text(&record(names.chain([format!("{MARK}{head}")])));
            }
            Form::Parquet => {
                let metadata = KeyValue::new(PARQUET_HEADER.to_owned(), head);
                let properties = WriterProperties::builder()
                    .set_compression(Compression::SNAPPY)
                    .set_key_value_metadata(Some(vec![metadata]))
                    .build();
                parquet = Some(SerializedFileWriter::new(ready.clone(), Arc::new(columns()?), Arc::new(properties))?);
            }
        }
        Ok(Self { form, ready, parquet })
    }

    /// Appends items; of Parquet they become one row group.
    ///
    /// # Errors
    /// When Parquet's writer refuses.
    pub fn items(&mut self, items: &[Item]) -> Result<Vec<u8>, WriteError> {
        if let Some(parquet) = self.parquet.as_mut().filter(|_| !items.is_empty()) {
            row_group(parquet, items)?;
        }
        for item in items {
            match self.form {
                Form::Jsonl => self.ready.text(&(serde_json::to_string(item).unwrap_or_default() + "\n")),
                Form::Csv => self.ready.text(&record(cells(item).into_iter().chain([String::new()]))),
                Form::Parquet => {}
            }
        }
        Ok(self.ready.take())
    }

    /// The end of the file.
    ///
    /// # Errors
    /// When Parquet's writer refuses.
    pub fn finish(self) -> Result<Vec<u8>, WriteError> {
        if let Some(parquet) = self.parquet {
            parquet.close()?;
        }
        Ok(self.ready.take())
    }
}

/// What is written and not yet taken.
#[derive(Debug, Clone, Default)]
struct Ready(Arc<Mutex<Vec<u8>>>);

impl Ready {
    fn text(&self, text: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(text.as_bytes());
    }
    fn take(&self) -> Vec<u8> {
        mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Write for Ready {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Every column is a text that may be missing.
fn columns() -> Result<Type, ParquetError> {
    let text = |name: &&str| {
        let column = Type::primitive_type_builder(name, Physical::BYTE_ARRAY)
            .with_repetition(Repetition::OPTIONAL)
            .with_logical_type(Some(LogicalType::String));
        column.build().map(Arc::new)
    };
    let fields = COLUMNS.iter().map(text).collect::<Result<Vec<_>, _>>()?;
    Type::group_type_builder("item").with_fields(fields).build()
}

fn row_group(parquet: &mut SerializedFileWriter<Ready>, items: &[Item]) -> Result<(), ParquetError> {
    let mut rows: Vec<_> = items.iter().map(cells).collect();
    let mut group = parquet.next_row_group()?;
    let mut column = 0;
    while let Some(mut writer) = group.next_column()? {
        let cells: Vec<String> = rows.iter_mut().map(|row| mem::take(&mut row[column])).collect();
        let defined: Vec<i16> = cells.iter().map(|cell| i16::from(!cell.is_empty())).collect();
        let values: Vec<ByteArray> =
            cells.into_iter().filter(|cell| !cell.is_empty()).map(|cell| ByteArray::from(cell.into_bytes())).collect();
        writer.typed::<ByteArrayType>().write_batch(&values, Some(&defined), None)?;
        writer.close()?;
        column += 1;
    }
    group.close()?;
    Ok(())
}

/// The item's fields as cells, in order of [`COLUMNS`]; an empty one is a field that is not there.
fn cells(item: &Item) -> [String; COLUMNS.len()] {
    let mut value = serde_json::to_value(item).unwrap_or_default();
    // A single question reads better as the text it is.
    if let [Message { role: Role::User, content }] = item.input.as_slice() {
        value["input"] = Value::from(content.as_str());
    }
    COLUMNS.map(|name| cell(value.get(name).unwrap_or(&Value::Null)))
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) if uncell(text).is_some_and(|read| read == *value) => text.clone(),
        other => other.to_string(),
    }
}

/// What a cell stands for; nothing when it is empty.
pub(crate) fn uncell(text: &str) -> Option<Value> {
    (!text.is_empty()).then(|| serde_json::from_str(text).unwrap_or_else(|_| Value::from(text)))
}

fn record(cells: impl Iterator<Item = String>) -> String {
    let quoted = cells.map(|cell| match cell.contains(['"', ',', '\n', '\r', ';', '\t']) {
        true => format!("\"{}\"", cell.replace('"', "\"\"")),
        false => cell,
    });
    quoted.collect::<Vec<_>>().join(",") + "\n"
}

//! Parquet: columns of packed pages, read row by row. What is unpacked at once is bounded (`pages.rs`), because a small
//! file may hold pages of any size.

mod delta;
mod pages;
mod unpack;

use std::panic::{AssertUnwindSafe, catch_unwind};

use ::parquet::{
    basic::Compression,
    file::reader::FileReader,
    record::{Field, Row, reader::RowIter},
};
use serde_json::Value;

use super::{ROW_LIMIT, RowError, WHOLE_LIMIT, containers::Rows};
use pages::Paged;

/// What our own files keep their header under.
pub(super) const PARQUET_HEADER: &str = "weir.dataset.v1";

/// Bytes that pages of one file may take while they are unpacked, all columns together: as much as a file itself.
pub(super) const OPEN_LIMIT: u64 = WHOLE_LIMIT;

/// Values of a column that are decoded at a time. Each may keep a page of its own unpacked.
const BATCH: usize = 64;

/// The columns of a file, its rows, and the header it carries when it is one of ours. Pages that take more than
/// `most` bytes together end the rows with an error.
///
/// # Errors
/// Why it cannot be read.
pub(super) fn open(bytes: Vec<u8>, most: u64) -> Result<(Vec<String>, Rows, Option<String>), RowError> {
    let bad = |message: &str| RowError::new(1, format!("not a Parquet file that can be read: {message}"));
    // A damaged file may make the decoder panic; that costs the file and nothing else.
    let opened = catch_unwind(AssertUnwindSafe(|| {
        let reader = Paged::open(bytes, most).map_err(|error| bad(&error.to_string()))?;
        let mut chunks = reader.metadata().row_groups().iter().flat_map(|group| group.columns());
        if chunks.any(|chunk| chunk.compression() == Compression::LZO) {
            return Err(bad("it is packed with lzo; write it again with zstd, snappy, gzip, brotli, lz4 or nothing"));
        }
        let file = reader.metadata().file_metadata();
        let columns: Vec<String> = file.schema().get_fields().iter().map(|field| field.name().to_owned()).collect();
        let pairs = file.key_value_metadata().into_iter().flatten();
        let header = pairs.filter(|pair| pair.key == PARQUET_HEADER).find_map(|pair| pair.value.clone());
        Ok((columns, RowIter::from_file_into(Box::new(reader)).with_batch_size(BATCH), header))
    }));
    let (columns, mut rows, header) = opened.map_err(|_| bad("its structure is damaged"))??;
    let (mut number, mut over) = (0_u64, false);
    let rows = std::iter::from_fn(move || {
        if over {
            return None;
        }
        number += 1;
        let next = || {
            let fields = |(name, field): (String, Field)| (name, json(&field));
            // Told before it is copied: many rows may share one text.
            let row =
                |row: Row| match row.get_column_iter().map(|(name, field)| name.len() + size(field)).sum::<usize>() {
                    bytes if bytes > ROW_LIMIT => Err(bytes),
                    _ => Ok(Value::Object(row.into_columns().into_iter().map(fields).collect())),
                };
            rows.next().map(|found| found.map(row))
        };
        let found = catch_unwind(AssertUnwindSafe(next));
        over = !matches!(found, Ok(Some(Ok(_))));
        let row = match found {
            Ok(None) => return None,
            Ok(Some(Ok(Ok(row)))) => Ok(row),
            Ok(Some(Ok(Err(bytes)))) => Err(format!("the row has {bytes} bytes, the limit is {ROW_LIMIT}")),
            Ok(Some(Err(error))) => Err(format!("{error}; nothing after it is read")),
            Err(_) => Err("the file is damaged here; nothing after it is read".to_owned()),
        };
        Some((number, row.map_err(|message| RowError::new(number, message))))
    });
    Ok((columns, Box::new(rows), header))
}

/// Bytes that a field takes, near enough to bound it.
fn size(field: &Field) -> usize {
    match field {
        Field::Str(text) => text.len(),
        Field::Bytes(bytes) => bytes.len(),
        Field::Group(row) => row.get_column_iter().map(|(name, field)| name.len() + size(field)).sum(),
        Field::ListInternal(list) => list.elements().iter().map(size).sum(),
        Field::MapInternal(map) => map.entries().iter().map(|(key, value)| size(key) + size(value)).sum(),
        _ => size_of::<u64>(),
    }
}

/// A field as JSON; bytes that are text are the text.
fn json(field: &Field) -> Value {
    match field {
        Field::Bytes(bytes) => match std::str::from_utf8(bytes.data()) {
            Ok(text) => Value::from(text),
            Err(_) => field.to_json_value(),
        },
        Field::Group(row) => {
            Value::Object(row.get_column_iter().map(|(name, field)| (name.clone(), json(field))).collect())
        }
        Field::ListInternal(list) => Value::Array(list.elements().iter().map(json).collect()),
        Field::MapInternal(map) => {
            let pairs = map.entries().iter().map(|(key, value)| (crate::exchange::as_text(&json(key)), json(value)));
            Value::Object(pairs.collect())
        }
        other => other.to_json_value(),
    }
}

#[cfg(test)]
mod tests;

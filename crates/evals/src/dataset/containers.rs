//! How rows are wrapped: line by line, a list, separated values, YAML; Parquet is in `parquet.rs`. Files of lines and of
//! separated values are read as a stream, whatever their size; the others are read whole, up to a limit.

use std::{
    io::{self, BufRead, BufReader, Cursor, Read},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use ::csv::{ByteRecord, ErrorKind, ReaderBuilder};
use serde_json::{Map, Value};

use super::{ROW_LIMIT, RawRow, RowError, lines};

/// Rows in order, with their places.
pub(crate) type Rows = Box<dyn Iterator<Item = RawRow> + Send>;

/// One value a line; blank lines are left out. A line over the limit is skipped without being kept.
pub(crate) fn lines(source: impl Read + Send + 'static) -> Rows {
    let mut source = BufReader::with_capacity(1 << 16, source);
    let mut number = 0_u64;
    let mut line = Vec::new();
    Box::new(std::iter::from_fn(move || {
        loop {
            line.clear();
            let read = match source.by_ref().take(ROW_LIMIT as u64 + 2).read_until(b'\n', &mut line) {
                Ok(read) => read,
                Err(error) => return Some((number + 1, Err(RowError::new(number + 1, error.to_string())))),
            };
            if read == 0 {
                return None;
            }
            number += 1;
            if line.len() > ROW_LIMIT && line.last() != Some(&b'\n') {
                let rest = source.skip_until(b'\n').unwrap_or_default();
                let message = format!("the row has {} bytes, the limit is {ROW_LIMIT}", line.len() + rest);
                return Some((number, Err(RowError::new(number, message))));
            }
            let text = line.strip_prefix(b"\xef\xbb\xbf").filter(|_| number == 1).unwrap_or(&line).trim_ascii();
            if !text.is_empty() {
                return Some((number, lines::value(number, text)));
            }
        }
    }))
}

/// Bytes that are read ahead of a row's end.
const READ_AHEAD: u64 = 128 * 1024;

/// A source that ends with an error within a row that is far too long: a quoted cell may hold the rest of any file, and a
/// row is whole before it can be measured.
struct Metered<R> {
    source: R,
    given: u64,
    /// Where the newest whole row ends.
    rows_end: Arc<AtomicU64>,
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.given.saturating_sub(self.rows_end.load(Ordering::Relaxed)) > ROW_LIMIT as u64 + READ_AHEAD {
            let message = format!("the row has more bytes than the limit, {ROW_LIMIT}; nothing after it is read");
            return Err(io::Error::other(message));
        }
        let bytes = self.source.read(into)?;
        self.given += bytes as u64;
        Ok(bytes)
    }
}

/// Separated values with a header row: the columns, and the rows as objects. A cell that holds a JSON object or list is
/// read as one, every other cell stays the text it is.
///
/// # Errors
/// What is wrong with the header row.
pub(crate) fn csv(source: impl Read + Send + 'static, separator: u8) -> Result<(Vec<String>, Rows), RowError> {
    let rows_end = Arc::new(AtomicU64::new(0));
    let source = Metered { source, given: 0, rows_end: Arc::clone(&rows_end) };
    let mut reader = ReaderBuilder::new().delimiter(separator).from_reader(BufReader::with_capacity(1 << 16, source));
    let header = reader.byte_headers().map_err(|error| RowError::new(1, format!("the header row: {error}")))?;
    let columns: Vec<String> = header.iter().map(|name| String::from_utf8_lossy(name).trim().to_owned()).collect();
    let names = columns.clone();
    let mut record = ByteRecord::new();
    let mut over = false;
    let rows = std::iter::from_fn(move || match reader.read_byte_record(&mut record) {
        _ if over => None,
        Ok(false) => None,
        Ok(true) => {
            rows_end.store(reader.position().byte(), Ordering::Relaxed);
            let line = record.position().map_or(1, ::csv::Position::line);
            Some((line, object(line, &record, &names)))
        }
        Err(error) => {
            let line = error.position().map_or(1, ::csv::Position::line);
            let message = match error.kind() {
                ErrorKind::UnequalLengths { expected_len, len, .. } => {
                    format!("found {len} cells, the header has {expected_len}")
                }
                _ => error.to_string(),
            };
            over = error.is_io_error();
            Some((line, Err(RowError::new(line, message))))
        }
    });
    Ok((columns, Box::new(rows)))
}

fn object(line: u64, record: &ByteRecord, columns: &[String]) -> Result<Value, RowError> {
    if record.as_slice().len() > ROW_LIMIT {
        let found = record.as_slice().len();
        return Err(RowError::new(line, format!("the row has {found} bytes, the limit is {ROW_LIMIT}")));
    }
    let mut fields = Map::new();
    for (column, cell) in columns.iter().zip(record) {
        let text = std::str::from_utf8(cell)
            .map_err(|_| RowError::at(line, column, "the cell is not valid UTF-8; save the file in that encoding"))?;
        fields.insert(column.clone(), cell_value(text));
    }
    Ok(Value::Object(fields))
}

fn cell_value(text: &str) -> Value {
    if text.trim_start().starts_with(['{', '['])
        && let Ok(value @ (Value::Object(_) | Value::Array(_))) = serde_json::from_str(text)
    {
        return value;
    }
    Value::from(text)
}

/// A text in UTF-16 that begins with its mark of byte order, without that.
///
/// # Errors
/// When it is none.
pub(crate) fn utf16(bytes: &[u8]) -> Result<String, RowError> {
    let (mark, rest) = bytes.split_at(bytes.len().min(2));
    let (pairs, odd) = rest.as_chunks::<2>();
    let unit = if mark == b"\xfe\xff" { u16::from_be_bytes } else { u16::from_le_bytes };
    let text = char::decode_utf16(pairs.iter().map(|pair| unit(*pair))).collect::<Result<String, _>>();
    text.ok().filter(|_| odd.is_empty()).ok_or_else(|| RowError::new(1, "the file is not valid UTF-16"))
}

/// The separator that the header row uses most.
pub(crate) fn separator(head: &[u8], name: &str) -> u8 {
    if name.ends_with(".tsv") {
        return b'\t';
    }
    let header = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let count = |separator: u8| header.iter().filter(|byte| **byte == separator).count();
    // On a tie the last wins.
    [b';', b'\t', b','].into_iter().max_by_key(|separator| count(*separator)).unwrap_or(b',')
}

/// The lists that a document may keep its rows in, likeliest first.
const LISTS: [&str; 8] = ["tests", "data", "examples", "items", "goldens", "events", "samples", "rows"];

/// The rows of one JSON document: a list, or an object that holds one, also one level down. With the object's other
/// fields.
pub(crate) fn document(text: &str) -> Option<(Vec<RawRow>, Map<String, Value>)> {
    use serde_json::value::RawValue;
    use std::collections::HashMap;
    let mut fields: HashMap<String, &RawValue> = serde_json::from_str(text).ok()?;
    let name = LISTS.iter().find(|name| fields.contains_key(**name))?;
    let found = fields.remove(*name)?;
    let others = fields.iter().filter_map(|(key, raw)| Some((key.clone(), serde_json::from_str(raw.get()).ok()?)));
    let others: Map<String, Value> = others.collect();
    match found.get().trim_start().as_bytes().first() {
        Some(b'[') => Some((super::array::read_text(text, found.get()), others)),
        Some(b'{') => {
            let inner: HashMap<String, &RawValue> = serde_json::from_str(found.get()).ok()?;
            let list = LISTS.iter().find_map(|name| inner.get(*name)).filter(|raw| raw.get().starts_with('['))?;
            Some((super::array::read_text(text, list.get()), others))
        }
        _ => None,
    }
}

/// The rows of a YAML document: a list, or an object that holds one; each with its line.
pub(crate) fn yaml(text: &str) -> (Vec<RawRow>, Map<String, Value>) {
    use serde_saphyr::{Spanned, from_str};
    let failed = |line: u64, message: String| (vec![(line, Err(RowError::new(line, message)))], Map::new());
    let whole: Value = match from_str(text) {
        Ok(value) => value,
        Err(error) => {
            let line = error.location().map_or(1, |location| location.line()).max(1);
            let message = error.to_string();
            return failed(line, format!("not valid YAML: {}", message.lines().next().unwrap_or_default()));
        }
    };
    let placed = |list: Vec<Spanned<Value>>| -> Vec<RawRow> {
        list.into_iter().map(|row| (row.referenced.line(), Ok(row.value))).collect()
    };
    let Value::Object(mut others) = whole else {
        return match from_str::<Vec<Spanned<Value>>>(text) {
            Ok(list) => (placed(list), Map::new()),
            Err(_) => failed(1, "wanted a list of cases, or `tests:` with one".to_owned()),
        };
    };
    let Some(name) = LISTS.iter().find(|name| others.contains_key(**name)) else {
        return failed(1, format!("no list of rows in this document; wanted one of {}", LISTS.join(", ")));
    };
    if let Some(Value::String(path)) = others.get(*name) {
        let message = format!("`{name}` stands in another file, `{path}`; import that one");
        return failed(1, message);
    }
    others.shift_remove(*name);
    // Once more for the places: what is wanted of the document is not known before.
    match from_str::<std::collections::HashMap<String, Part>>(text) {
        Ok(mut parts) => match parts.remove(*name) {
            Some(Part::Rows(list)) => (placed(list), others),
            _ => failed(1, format!("`{name}` is no list")),
        },
        Err(error) => failed(1, error.to_string()),
    }
}

/// A list with its lines, or anything else.
enum Part {
    Rows(Vec<serde_saphyr::Spanned<Value>>),
    Other,
}

impl<'de> serde::Deserialize<'de> for Part {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Part;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("anything")
            }
            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut seq: A) -> Result<Part, A::Error> {
                let mut rows = Vec::new();
                while let Some(row) = seq.next_element()? {
                    rows.push(row);
                }
                Ok(Part::Rows(rows))
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Part, A::Error> {
                while map.next_entry::<serde::de::IgnoredAny, serde::de::IgnoredAny>()?.is_some() {}
                Ok(Part::Other)
            }
            fn visit_bool<E>(self, _: bool) -> Result<Part, E> {
                Ok(Part::Other)
            }
            fn visit_i64<E>(self, _: i64) -> Result<Part, E> {
                Ok(Part::Other)
            }
            fn visit_u64<E>(self, _: u64) -> Result<Part, E> {
                Ok(Part::Other)
            }
            fn visit_f64<E>(self, _: f64) -> Result<Part, E> {
                Ok(Part::Other)
            }
            fn visit_str<E>(self, _: &str) -> Result<Part, E> {
                Ok(Part::Other)
            }
            fn visit_unit<E>(self) -> Result<Part, E> {
                Ok(Part::Other)
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

/// A whole document as text.
///
/// # Errors
/// Where it is no UTF-8.
pub(crate) fn utf8(bytes: &[u8]) -> Result<&str, RowError> {
    std::str::from_utf8(bytes).map_err(|error| {
        let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let line = 1 + before.iter().filter(|byte| **byte == b'\n').count() as u64;
        RowError::new(line, "the file is not valid UTF-8")
    })
}

/// Rows that are in memory already.
pub(crate) fn listed(rows: Vec<RawRow>) -> Rows {
    Box::new(rows.into_iter())
}

/// Bytes as a source.
pub(crate) fn source(bytes: Vec<u8>) -> Cursor<Vec<u8>> {
    Cursor::new(bytes)
}

//! One JSON list: its elements are read one after another, so that what stands before a syntax error is usable and
//! each element knows its line.

use serde::de::{DeserializeSeed, Deserializer, SeqAccess, Visitor};
use serde_json::{Value, value::RawValue};

use super::{RawRow, RowError, lines};

/// The elements of a list.
pub(crate) fn read(bytes: &[u8]) -> Vec<RawRow> {
    match std::str::from_utf8(bytes) {
        Ok(text) => read_text(text, text),
        Err(error) => {
            let line = line_of(bytes, error.valid_up_to());
            vec![(line, Err(RowError::new(line, "the file is not valid UTF-8")))]
        }
    }
}

/// The elements of the list `text`, which stands inside `file`.
pub(crate) fn read_text(file: &str, text: &str) -> Vec<RawRow> {
    let start = offset(file, text);
    let mut elements: Vec<&RawValue> = Vec::new();
    let mut reader = serde_json::Deserializer::from_str(text);
    let end = Elements(&mut elements).deserialize(&mut reader).and_then(|()| reader.end());

    let mut rows: Vec<RawRow> = Vec::with_capacity(elements.len());
    // Lines are counted from element to element, so that a long file is walked once.
    let (mut line, mut from) = (line_of(file.as_bytes(), start), start);
    for element in elements {
        let at = offset(file, element.get());
        line += newlines(file.as_bytes().get(from..at).unwrap_or_default());
        from = at;
        let value = lines::bounded(line, element.get().as_bytes()).and_then(|text| {
            serde_json::from_str::<Value>(text).map_err(|error| RowError::new(line, lines::plain(&error)))
        });
        rows.push((line, value));
    }
    if let Err(error) = end {
        let line = line_of(file.as_bytes(), start) + (error.line() as u64).saturating_sub(1);
        let message = format!("{}; nothing after it is read", lines::plain(&error));
        rows.push((line, Err(RowError::at(line, error.column(), message))));
    }
    rows
}

fn offset(file: &str, part: &str) -> usize {
    (part.as_ptr() as usize).saturating_sub(file.as_ptr() as usize)
}

fn newlines(bytes: &[u8]) -> u64 {
    bytes.iter().filter(|byte| **byte == b'\n').count() as u64
}

fn line_of(bytes: &[u8], at: usize) -> u64 {
    1 + newlines(bytes.get(..at).unwrap_or_default())
}

struct Elements<'out, 'de>(&'out mut Vec<&'de RawValue>);

impl<'de> DeserializeSeed<'de> for Elements<'_, 'de> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Elements<'_, 'de> {
    type Value = ();
    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a list of items")
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while let Some(element) = seq.next_element()? {
            self.0.push(element);
        }
        Ok(())
    }
}

//! One line as one value.

use serde_json::Value;

use super::{ROW_LIMIT, RowError};

/// One line as a value: bounded in size, UTF-8, JSON, not nested deeper than serde_json's bound of 128.
pub(crate) fn value(line: u64, text: &[u8]) -> Result<Value, RowError> {
    let text = bounded(line, text)?;
    serde_json::from_str(text).map_err(|error| RowError::at(line, error.column(), plain(&error)))
}

pub(crate) fn bounded(line: u64, text: &[u8]) -> Result<&str, RowError> {
    if text.len() > ROW_LIMIT {
        let found = text.len();
        return Err(RowError::new(line, format!("the row has {found} bytes, the limit is {ROW_LIMIT}")));
    }
    std::str::from_utf8(text).map_err(|error| RowError::at(line, error.valid_up_to() + 1, "the row is not valid UTF-8"))
}

/// The parser's message without its own line, which counts within the row.
pub(crate) fn plain(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let message = text.rsplit_once(" at line ").map_or(text.as_str(), |(message, _)| message);
    format!("not valid JSON: {message}")
}

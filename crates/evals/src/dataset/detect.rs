//! What is this file? Content decides; the name only helps where content cannot.

use serde_json::Value;

use super::{Format, lines};

/// The format of a file. Total: what is nothing else is CSV.
pub(crate) fn detect(bytes: &[u8], file_name: &str) -> Format {
    let name = file_name.to_ascii_lowercase();
    match bytes.trim_ascii_start().first() {
        Some(b'[') => return list_format(bytes),
        Some(b'{') => {}
        _ if name.ends_with(".jsonl") || name.ends_with(".ndjson") => return Format::Jsonl,
        _ => return Format::Csv,
    }
    // The first line that is an object decides; a first line that is not a whole value is a document over many lines.
    let first = lines::of(bytes).take(20).find_map(|(line, text)| lines::value(line, text).ok());
    match first {
        Some(value) if value.get("tests").is_some_and(Value::is_array) => Format::Promptfoo,
        Some(value) => row_format(&value).unwrap_or(Format::Jsonl),
        None if has_key(bytes, "tests") => Format::Promptfoo,
        None => Format::Jsonl,
    }
}

fn list_format(bytes: &[u8]) -> Format {
    let rows = super::array::read(bytes);
    match rows.first().and_then(|(_, row)| row.as_ref().ok()).and_then(row_format) {
        Some(Format::Promptfoo) => Format::Promptfoo,
        _ => Format::JsonArray,
    }
}

fn row_format(value: &Value) -> Option<Format> {
    let object = value.as_object()?;
    if object.get("weir").and_then(Value::as_str) == Some(super::weir::VERSION) {
        return Some(Format::Weir);
    }
    if object.get("item").is_some_and(Value::is_object)
        || (object.contains_key("input") && object.contains_key("ideal"))
    {
        return Some(Format::OpenaiEvals);
    }
    if object.get("vars").is_some_and(Value::is_object) {
        return Some(Format::Promptfoo);
    }
    None
}

fn has_key(bytes: &[u8], key: &str) -> bool {
    serde_json::from_slice::<Value>(bytes).is_ok_and(|value| value.get(key).is_some_and(Value::is_array))
}

/// Why a file is not read at all, where its name or first bytes say so.
pub(crate) fn refusal(bytes: &[u8], file_name: &str) -> Option<String> {
    let name = file_name.to_ascii_lowercase();
    let wanted = "wanted JSON Lines, a JSON list or CSV";
    if name.ends_with(".yaml") || name.ends_with(".yml") {
        return Some(format!("a YAML file; {wanted}"));
    }
    if bytes.starts_with(b"PAR1") || bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"\x1f\x8b") {
        return Some(format!("a binary file (Parquet, a spreadsheet or an archive); {wanted}"));
    }
    None
}

//! The file of a data source: one JSON object a line, with what is known of the item and, where it is recorded already,
//! the sample.

use serde_json::Value;

/// Rows of one run.
pub const MOST_ROWS: usize = 10_000;

/// The rows of a file. Empty lines count for nothing.
///
/// # Errors
/// The first line that is no row, by its number.
pub fn rows(file: &[u8]) -> Result<Vec<Value>, String> {
    let file = file.strip_prefix(b"\xef\xbb\xbf").unwrap_or(file);
    let mut rows = Vec::new();
    for (at, line) in file.split(|byte| *byte == b'\n').enumerate() {
        let line = line.trim_ascii();
        if line.is_empty() {
            continue;
        }
        let number = at + 1;
        let row: Value = serde_json::from_slice(line).map_err(|error| format!("line {number}: {error}"))?;
        if !row["item"].is_object() {
            return Err(format!(
                "line {number}: wanted `{{\"item\": {{…}}}}`, an object with what is known of the item"
            ));
        }
        if rows.len() == MOST_ROWS {
            return Err(format!("more than {MOST_ROWS} rows, wanted 1 to {MOST_ROWS}"));
        }
        rows.push(row);
    }
    if rows.is_empty() { Err(format!("no rows, wanted 1 to {MOST_ROWS}")) } else { Ok(rows) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_lines_and_a_bad_one_is_told_by_its_number() {
        let file = "\u{feff}{\"item\":{\"a\":1}}\r\n\n{\"item\":{\"a\":2},\"sample\":{\"output_text\":\"x\"}}";
        let read = rows(file.as_bytes()).unwrap();
        assert_eq!((read.len(), &read[1]["sample"]["output_text"]), (2, &Value::from("x")));
        for (file, want) in [
            ("", "no rows"),
            ("\n \n", "no rows"),
            ("{\"item\":{}}\n{\"item\":", "line 2: "),
            ("{\"item\":{}}\n\n{\"input\":1}\n", "line 3: wanted `{\"item\": {…}}`"),
            ("[1]", "line 1: wanted"),
            ("{\"item\":\"x\"}", "line 1: wanted"),
        ] {
            let error = rows(file.as_bytes()).unwrap_err();
            assert!(error.contains(want), "{file}: {error}");
        }
        assert!(rows(b"{\"item\":{}}\xff\n").unwrap_err().starts_with("line 1: "));
        let many = "{\"item\":{}}\n".repeat(MOST_ROWS + 1);
        assert!(rows(many.as_bytes()).unwrap_err().contains("more than 10000 rows"));
        assert_eq!(rows(&many.as_bytes()["{\"item\":{}}\n".len()..]).unwrap().len(), MOST_ROWS);
    }
}

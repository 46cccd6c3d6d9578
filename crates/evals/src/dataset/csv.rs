//! Separated values with a header row. The separator is the one that the header uses most; a cell that holds a JSON
//! object or list is read as one, every other cell stays the text it is.

use ::csv::{ByteRecord, ErrorKind, ReaderBuilder};
use serde_json::{Map, Value};

use super::{Format, Mapping, Parsed, ROW_LIMIT, RawRow, Row, RowError};

pub(crate) fn parse(bytes: &[u8], file_name: &str, given: Option<&Mapping>) -> Parsed {
    let mut reader = ReaderBuilder::new().delimiter(separator(bytes, file_name)).from_reader(bytes);
    let columns: Vec<String> = match reader.byte_headers() {
        Ok(header) => header.iter().map(|name| String::from_utf8_lossy(name).trim().to_owned()).collect(),
        Err(error) => return refused(&error.to_string()),
    };
    let mapping = Mapping::settle(given, &columns);
    if columns.iter().any(|column| column == "__expected") {
        return super::promptfoo::from_csv(columns.clone(), mapping, read(&mut reader, &columns));
    }
    let rows = read(&mut reader, &columns)
        .into_iter()
        .map(|(line, row)| Row { line, result: row.and_then(|value| mapping.item(line, &value)) })
        .collect();
    Parsed { format: Format::Csv, header: None, columns, mapping, rows }
}

fn refused(message: &str) -> Parsed {
    let rows = vec![Row { line: 1, result: Err(RowError::new(1, format!("the header row: {message}"))) }];
    Parsed { format: Format::Csv, header: None, columns: Vec::new(), mapping: Mapping::default(), rows }
}

fn read(reader: &mut ::csv::Reader<&[u8]>, columns: &[String]) -> Vec<RawRow> {
    let mut rows = Vec::new();
    let mut record = ByteRecord::new();
    loop {
        match reader.read_byte_record(&mut record) {
            Ok(false) => return rows,
            Ok(true) => {
                let line = record.position().map_or(1, ::csv::Position::line);
                rows.push((line, object(line, &record, columns)));
            }
            Err(error) => {
                let line = error.position().map_or(1, ::csv::Position::line);
                let message = match error.kind() {
                    ErrorKind::UnequalLengths { expected_len, len, .. } => {
                        format!("found {len} cells, the header has {expected_len}")
                    }
                    _ => error.to_string(),
                };
                rows.push((line, Err(RowError::new(line, message))));
                if error.is_io_error() {
                    return rows;
                }
            }
        }
    }
}

fn object(line: u64, record: &ByteRecord, columns: &[String]) -> Result<Value, RowError> {
    if record.as_slice().len() > ROW_LIMIT {
        let found = record.as_slice().len();
        return Err(RowError::new(line, format!("the row has {found} bytes, the limit is {ROW_LIMIT}")));
    }
    let mut fields = Map::new();
    for (column, cell) in columns.iter().zip(record) {
        let text = std::str::from_utf8(cell).map_err(|_| RowError::at(line, column, "the cell is not valid UTF-8"))?;
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

fn separator(bytes: &[u8], file_name: &str) -> u8 {
    if file_name.to_ascii_lowercase().ends_with(".tsv") {
        return b'\t';
    }
    let header = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let count = |separator: u8| header.iter().filter(|byte| **byte == separator).count();
    // On a tie the first wins.
    [b';', b'\t', b','].into_iter().max_by_key(|separator| count(*separator)).unwrap_or(b',')
}

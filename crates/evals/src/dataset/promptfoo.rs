//! promptfoo test cases. Variables become the input; of the assertions, those that state an expected answer are read
//! and any other is refused by row, because dropping it would change what the case tests.

use serde_json::{Map, Value, value::RawValue};

use super::{Format, Item, Mapping, Parsed, RawRow, Row, RowError, array, lines};

pub(crate) fn parse(bytes: &[u8]) -> Parsed {
    let raw = read(bytes);
    let rows =
        raw.into_iter().map(|(line, row)| Row { line, result: row.and_then(|value| case(line, &value)) }).collect();
    Parsed { format: Format::Promptfoo, header: None, columns: Vec::new(), mapping: Mapping::default(), rows }
}

/// Cases from `{tests: […]}`, a list, or lines.
fn read(bytes: &[u8]) -> Vec<RawRow> {
    if bytes.trim_ascii_start().first() == Some(&b'[') {
        return array::read(bytes);
    }
    #[derive(serde::Deserialize)]
    struct Document<'a> {
        #[serde(borrow)]
        tests: &'a RawValue,
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => match serde_json::from_str::<Document<'_>>(text) {
            Ok(document) => array::read_text(text, document.tests.get()),
            Err(_) => lines::read(bytes),
        },
        Err(_) => lines::read(bytes),
    }
}

/// CSV whose expected answers stand in `__expected`; the other columns are variables.
pub(crate) fn from_csv(columns: Vec<String>, mapping: Mapping, raw: Vec<RawRow>) -> Parsed {
    let rows =
        raw.into_iter().map(|(line, row)| Row { line, result: row.and_then(|value| csv_case(line, &value)) }).collect();
    Parsed { format: Format::Promptfoo, header: None, columns, mapping, rows }
}

fn csv_case(line: u64, row: &Value) -> Result<Item, RowError> {
    let mut vars = Map::new();
    for (name, cell) in row.as_object().into_iter().flatten().filter(|(name, _)| !name.starts_with("__")) {
        vars.insert(name.clone(), cell.clone());
    }
    let mut item = from_vars(line, &vars)?;
    let expected = row.get("__expected").map(crate::exchange::as_text).unwrap_or_default();
    let expected = expected.trim();
    item.expected = match expected.split_once(':') {
        Some(("equals", text)) => Some(Value::from(text.trim())),
        Some((kind, _)) if is_assertion(kind) => return Err(unread(line, "__expected", kind)),
        _ => Some(Value::from(expected)).filter(|_| !expected.is_empty()),
    };
    Ok(item)
}

fn case(line: u64, value: &Value) -> Result<Item, RowError> {
    let Some(vars) = value.get("vars").and_then(Value::as_object) else {
        return Err(RowError::at(line, "vars", "no `vars` in this test case"));
    };
    let mut item = from_vars(line, vars)?;
    for assertion in value.get("assert").and_then(Value::as_array).into_iter().flatten() {
        let kind = assertion.get("type").and_then(Value::as_str).unwrap_or_default();
        let wanted = assertion.get("value").cloned();
        match kind {
            "equals" | "factuality" if item.expected.is_none() => item.expected = wanted,
            "llm-rubric" | "model-graded-closedqa" if item.criteria.is_none() => {
                item.criteria = wanted.as_ref().map(crate::exchange::as_text);
            }
            other => return Err(unread(line, "assert", other)),
        }
    }
    if let Some(description) = value.get("description") {
        item.metadata.insert("description".into(), description.clone());
    }
    Ok(item)
}

/// A single variable is the input; of several, the one named like an input, the others being kept as metadata.
fn from_vars(line: u64, vars: &Map<String, Value>) -> Result<Item, RowError> {
    let names: Vec<String> = vars.keys().cloned().collect();
    let column = match names.as_slice() {
        [only] => Some(only.clone()),
        _ => Mapping::settle(None, &names).input,
    };
    let Some(column) = column else {
        return Err(RowError::at(line, "vars", "cannot tell which variable is the input; call it `input`"));
    };
    let mapping = Mapping { input: Some(column), ..Mapping::default() };
    mapping.item(line, &Value::Object(vars.clone()))
}

fn is_assertion(kind: &str) -> bool {
    const KINDS: &[&str] = &[
        "contains",
        "icontains",
        "contains-any",
        "contains-all",
        "contains-json",
        "is-json",
        "regex",
        "starts-with",
        "javascript",
        "python",
        "fn",
        "file",
        "similar",
        "levenshtein",
        "llm-rubric",
        "grade",
        "factuality",
        "cost",
        "latency",
        "webhook",
        "rouge-n",
        "model-graded-closedqa",
    ];
    let kind = kind.trim();
    let bare = kind.split_once('(').map_or(kind, |(bare, _)| bare);
    KINDS.contains(&bare.strip_prefix("not-").unwrap_or(bare))
}

fn unread(line: u64, column: &str, kind: &str) -> RowError {
    RowError::at(line, column, format!("the assertion `{kind}` has no place in a dataset; put a scorer in a suite"))
}

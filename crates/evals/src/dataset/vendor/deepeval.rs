//! DeepEval goldens: `{input, expected_output, context, retrieval_context, expected_tools, comments, source_file, …}`,
//! also in the camel case of its service, and conversations: `{scenario, expected_outcome, turns}`.

use serde_json::Value;

use super::{Fields, Item, RowError, answer, any, asking, field, keep, parts, passages, text, tools};

const READ: &[&str] = &[
    "id",
    "input",
    "expected_output",
    "expectedOutput",
    "context",
    "retrieval_context",
    "retrievalContext",
    "expected_tools",
    "expectedTools",
    "turns",
    "expected_outcome",
    "expectedOutcome",
];

pub(super) fn fits(fields: &Fields) -> bool {
    let golden = any(fields, &["expected_output", "expectedOutput"])
        && any(
            fields,
            &[
                "actual_output",
                "actualOutput",
                "retrieval_context",
                "retrievalContext",
                "source_file",
                "sourceFile",
                "expected_tools",
                "expectedTools",
                "tools_called",
                "additional_metadata",
                "additionalMetadata",
            ],
        );
    golden || (any(fields, &["scenario"]) && any(fields, &["turns", "expected_outcome", "expectedOutcome"]))
}

pub(super) fn item(line: u64, fields: &Fields) -> Result<Item, RowError> {
    let mut item = match field(fields, &["input", "turns"]) {
        Some(input) => asking(line, "input", Some(input))?,
        None => asking(line, "scenario", field(fields, &["scenario"]))?,
    };
    if let Some(id) = text(fields, &["id"]) {
        item.id = id;
    }
    item.expected = answer(field(fields, &["expected_output", "expectedOutput"]));
    item.criteria = text(fields, &["expected_outcome", "expectedOutcome"]);
    let retrieved = contexts(field(fields, &["retrieval_context", "retrievalContext"]));
    item.context = contexts(field(fields, &["context"]));
    if item.context.is_empty() {
        item.context = retrieved;
    } else if !retrieved.is_empty() {
        item.metadata.insert("retrieval_context".into(), retrieved.into());
    }
    item.expected_tools = tools(line, "expected_tools", field(fields, &["expected_tools", "expectedTools"]))?;
    keep(&mut item, fields, &["additional_metadata", "additionalMetadata"], READ);
    Ok(item)
}

/// Passages. Its CSV joins them with a bar; earlier versions read them at a semicolon, which in a cell of theirs no
/// space follows, as one does in prose.
fn contexts(value: Option<&Value>) -> Vec<String> {
    let Some(Value::String(cell)) = value else {
        return passages(value);
    };
    if let Ok(Value::Array(listed)) = serde_json::from_str(cell) {
        return passages(Some(&Value::Array(listed)));
    }
    let close = |cell: &str| cell.split(';').skip(1).all(|part| !part.starts_with(char::is_whitespace));
    let separator = if !cell.contains('|') && close(cell) { ";" } else { "|" };
    parts(cell, separator)
}

//! promptfoo test cases: `{vars, assert, options, metadata, threshold, description}`, and the columns `__expected…` of
//! its CSV. Variables become the input. Of the assertions, those that state an expected answer or a criterion are read;
//! the others are kept as `metadata.assert`: put their like into a suite as scorers.

use serde_json::{Value, json};

use super::{Fields, Item, RowError, any, keep};
use crate::{
    dataset::{Mapping, containers},
    exchange::as_text,
};

pub(super) fn fits(fields: &Fields) -> bool {
    fields.get("vars").is_some_and(Value::is_object) || any(fields, &["__expected", "__expected1"])
}

pub(crate) fn item(line: u64, fields: &Fields) -> Result<Item, RowError> {
    let Some(vars) = fields.get("vars") else {
        return item(line, &of_columns(fields));
    };
    let Some(vars) = vars.as_object() else {
        return Err(RowError::at(line, "vars", "`vars` of this test case is no object"));
    };
    let mut item = from_vars(line, vars)?;
    let assertions = fields.get("assert").and_then(Value::as_array).into_iter().flatten();
    assertions.for_each(|assertion| take(&mut item, assertion));
    keep(&mut item, fields, &["metadata"], &["vars", "assert"]);
    Ok(item)
}

/// A case over what all cases of a file share.
pub(crate) fn over(default: &Value, case: &mut Value) {
    let (Some(default), Some(case)) = (default.as_object(), case.as_object_mut()) else { return };
    for (key, shared) in default {
        match (case.get_mut(key), shared) {
            (None, shared) => drop(case.insert(key.clone(), shared.clone())),
            (Some(Value::Array(own)), Value::Array(shared)) => own.extend(shared.iter().cloned()),
            (Some(Value::Object(own)), Value::Object(shared)) => {
                for (name, value) in shared {
                    own.entry(name.clone()).or_insert_with(|| value.clone());
                }
            }
            _ => {}
        }
    }
}

/// A row of CSV as a test case: columns that begin with `__` are promptfoo's, the others are variables.
fn of_columns(fields: &Fields) -> Fields {
    let (own, vars): (Vec<_>, Vec<_>) = fields.iter().partition(|(name, _)| name.starts_with("__"));
    let (mut assertions, mut metadata) = (Vec::new(), Fields::new());
    for (name, value) in own {
        let said = as_text(value);
        let said = said.trim();
        if said.is_empty() {
            continue;
        }
        if let Some(key) = name.strip_prefix("__metadata:") {
            // A list, in which a comma of its own is written with a backslash.
            match key.strip_suffix("[]") {
                Some(key) => metadata.insert(key.to_owned(), listed(said).into()),
                None => metadata.insert(key.to_owned(), value.clone()),
            };
        } else if name.starts_with("__expected") {
            assertions.push(match said.split_once(':') {
                Some((kind, value)) if is_kind(kind) => json!({ "type": kind.trim(), "value": value.trim() }),
                _ if stands_alone(said) => json!({ "type": said }),
                _ => json!({ "type": "equals", "value": said }),
            });
        } else {
            metadata.insert(name.trim_start_matches('_').to_owned(), value.clone());
        }
    }
    let vars: Fields = vars.into_iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    let case = json!({ "vars": vars, "assert": assertions, "metadata": metadata });
    case.as_object().cloned().unwrap_or_default()
}

/// The parts between commas.
fn listed(said: &str) -> Vec<String> {
    let parts = said.replace("\\,", "\0");
    parts.split(',').map(|part| part.trim().replace('\0', ",")).filter(|part| !part.is_empty()).collect()
}

/// True of a kind that needs no value, as in `is-json`.
fn stands_alone(said: &str) -> bool {
    const ALONE: &[&str] = &[
        "is-json",
        "contains-json",
        "is-sql",
        "contains-sql",
        "is-xml",
        "contains-xml",
        "is-html",
        "contains-html",
        "is-refusal",
        "is-valid-openai-tools-call",
        "is-valid-openai-function-call",
        "is-valid-function-call",
        "guardrails",
        "moderation",
    ];
    ALONE.contains(&said.strip_prefix("not-").unwrap_or(said))
}

/// The test cases of a CSV file.
///
/// # Errors
/// The first row that cannot be read.
pub(crate) fn table(text: String, name: &str) -> Result<Vec<Value>, String> {
    let separator = containers::separator(text.as_bytes(), name);
    let wrong = |error: RowError| format!("`{name}`: {error}");
    let (_, rows) = containers::csv(containers::source(text.into_bytes()), separator).map_err(wrong)?;
    rows.map(|(_, row)| match row.map_err(wrong)? {
        Value::Object(fields) => Ok(Value::Object(of_columns(&fields))),
        _ => Ok(Value::Null),
    })
    .collect()
}

/// Reads an assertion, or keeps it.
fn take(item: &mut Item, assertion: &Value) {
    let kind = assertion.get("type").and_then(Value::as_str).unwrap_or_default();
    let value = assertion.get("value").cloned();
    match kind {
        "equals" | "factuality" | "model-graded-factuality" if item.expected.is_none() => item.expected = value,
        "llm-rubric" | "grade" | "model-graded-closedqa" if item.criteria.is_none() => {
            item.criteria = value.as_ref().map(as_text)
        }
        _ => {
            if let Value::Array(kept) = item.metadata.entry("assert").or_insert_with(|| json!([])) {
                kept.push(assertion.clone());
            }
        }
    }
}

/// A single variable is the input; of several, the one named like an input, the others being kept as metadata.
fn from_vars(line: u64, vars: &Fields) -> Result<Item, RowError> {
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

/// True of what stands before the colon in `contains: text`, and not of a word in an answer with a colon.
fn is_kind(kind: &str) -> bool {
    const KINDS: &[&str] = &[
        "equals",
        "contains",
        "icontains",
        "contains-any",
        "contains-all",
        "icontains-any",
        "icontains-all",
        "contains-json",
        "is-json",
        "contains-sql",
        "contains-xml",
        "contains-html",
        "is-sql",
        "is-xml",
        "is-html",
        "is-refusal",
        "word-count",
        "gleu",
        "meteor",
        "g-eval",
        "pi",
        "classifier",
        "moderation",
        "finish-reason",
        "tool-call-f1",
        "select-best",
        "max-score",
        "answer-relevancy",
        "context-faithfulness",
        "context-relevance",
        "conversation-relevance",
        "search-rubric",
        "perplexity-score",
        "ruby",
        "regex",
        "starts-with",
        "javascript",
        "python",
        "fn",
        "eval",
        "file",
        "similar",
        "levenshtein",
        "llm-rubric",
        "grade",
        "factuality",
        "cost",
        "latency",
        "perplexity",
        "webhook",
        "rouge-n",
        "bleu",
        "answer-relevance",
        "context-recall",
        "model-graded-closedqa",
        "model-graded-factuality",
    ];
    let kind = kind.trim();
    let bare = kind.split_once('(').map_or(kind, |(bare, _)| bare);
    KINDS.contains(&bare.strip_prefix("not-").unwrap_or(bare))
}

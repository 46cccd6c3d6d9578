//! What one revision of a workload's policy changes of another.

use serde_json::{Value, json};

use super::{
    client::Reply,
    failure::Failure,
    look::{Column, Look, column, raw},
    out::Out,
};

/// What a revision decides; the rest says who made it, when and why.
const PARTS: [&str; 3] = ["admitted", "except", "stages"];

const COLUMNS: [Column; 3] =
    [column("part", "part", Look::Word), column("from", "from", Look::Text), column("to", "to", Look::Text)];

/// Shows every part that differs between two of these revisions; whether any does.
pub(super) fn compare(revisions: &Reply, out: &mut Out<'_, '_>, from: &str, to: &str) -> Result<bool, Failure> {
    let (before, after) = (named(revisions, from)?, named(revisions, to)?);
    let changed = PARTS.into_iter().filter(|part| before[part] != after[part]);
    let rows: Vec<Value> =
        changed.map(|part| json!({ "part": part, "from": said(&before[part]), "to": said(&after[part]) })).collect();
    if out.is_json() {
        let changes: Value = PARTS
            .into_iter()
            .filter(|part| before[part] != after[part])
            .map(|part| (part.to_owned(), json!({ "from": before[part], "to": after[part] })))
            .collect::<serde_json::Map<_, _>>()
            .into();
        out.line(&json!({ "from": from, "to": to, "changes": changes }).to_string())?;
    } else {
        out.rows(&rows, &COLUMNS)?;
    }
    Ok(!rows.is_empty())
}

/// The revision of this name.
pub(super) fn named<'a>(revisions: &'a Reply, name: &str) -> Result<&'a Value, Failure> {
    let known = || revisions.items().iter();
    known().find(|revision| revision["revision"] == name).ok_or_else(|| {
        let names: Vec<&str> = known().filter_map(|revision| revision["revision"].as_str()).collect();
        Failure::usage(format!("there is no revision `{name}`"), format!("there are {}", names.join(", ")))
    })
}

/// A list of words as words, anything else as JSON.
fn said(value: &Value) -> String {
    match value.as_object() {
        Some(object) if object.is_empty() => String::new(),
        Some(_) => value.to_string(),
        None => raw(value),
    }
}

//! Every effective value and where it came from: what `weir config show --origin` prints.

use serde_json::Value;

use crate::place::{Origin, Places, join};

/// One effective value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The dotted key.
    pub key: String,
    /// As TOML would write it; for secrets the reference, never the secret.
    pub value: String,
    /// Who set it.
    pub origin: Origin,
}

/// The rows of a complete tree, sorted by key.
pub(crate) fn rows(tree: &Value, places: &Places) -> Vec<Row> {
    let mut rows = Vec::new();
    walk(tree, "", places, &mut rows);
    rows.sort_by(|a, b| a.key.cmp(&b.key));
    rows
}

fn walk(value: &Value, key: &str, places: &Places, rows: &mut Vec<Row>) {
    match value {
        Value::Object(map) => {
            for (name, value) in map {
                walk(value, &join(key, name), places, rows);
            }
        }
        Value::Null => {}
        _ => rows.push(Row {
            key: key.to_owned(),
            value: written(value),
            origin: places.exact(key).cloned().unwrap_or(Origin::Default),
        }),
    }
}

fn written(value: &Value) -> String {
    match value {
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(written).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(map) => {
            let pairs: Vec<String> =
                map.iter().map(|(name, value)| format!("{} = {}", join("", name), written(value))).collect();
            format!("{{ {} }}", pairs.join(", "))
        }
        other => other.to_string(),
    }
}

//! Environment variables over the file: `WEIR_SERVER__BIND` sets `server.bind`. Two underscores nest; letters are
//! upper case; what is neither letter nor digit is one underscore, so `WEIR_DEPLOYMENTS__SIM_SMALL__MODEL` reaches
//! `deployments."sim/small".model`. Only single values can be set, and only in entries that exist: a whole table or
//! list in a variable would be a second configuration language.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::{
    check::Walk,
    nearest::list,
    place::{Origin, join},
    problem::Report,
};

/// Sets what the environment says.
pub(crate) fn overlay(schema: &Value, tree: &mut Value, env: &dyn Fn(&str) -> Option<String>, report: &mut Report) {
    let mut leaves = BTreeMap::new();
    let walk = Walk { root: schema };
    collect(walk, schema, Some(&*tree), &mut Vec::new(), &mut leaves);
    for (name, targets) in leaves {
        let Some(text) = env(&name) else { continue };
        let origin = Origin::Env { name: name.clone() };
        for target in &targets {
            let key = target.path.iter().fold(String::new(), |key, part| join(&key, part));
            report.places.put(key.clone(), origin.clone(), origin.clone());
            set(tree, &target.path, parse(&text, target.types.as_slice()));
        }
        if targets.len() > 1 {
            let keys: Vec<String> = targets.iter().map(|target| target.path.join(".")).collect();
            let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
            report.error_at(&origin, format!("`{name}` names {} keys: {}", keys.len(), list(&keys)));
        }
    }
}

#[derive(Debug)]
struct Leaf {
    path: Vec<String>,
    types: Vec<String>,
}

fn collect(
    walk: Walk<'_>,
    schema: &Value,
    value: Option<&Value>,
    path: &mut Vec<String>,
    leaves: &mut BTreeMap<String, Vec<Leaf>>,
) {
    let options = walk.options(schema);
    if let Some(table) = options.iter().find(|option| option.get("type").and_then(Value::as_str) == Some("object")) {
        if let Some(named) = table.get("properties").and_then(Value::as_object) {
            for (name, schema) in named {
                path.push(name.clone());
                let below = value.and_then(|value| value.get(name));
                collect(walk, schema, below, path, leaves);
                path.pop();
            }
        } else if let (Some(each), Some(entries)) =
            (table.get("additionalProperties"), value.and_then(Value::as_object))
        {
            for (name, value) in entries {
                path.push(name.clone());
                collect(walk, each, Some(value), path, leaves);
                path.pop();
            }
        }
        return;
    }
    let types: Vec<String> = options
        .iter()
        .flat_map(|option| match option.get("type") {
            Some(Value::String(word)) => vec![word.clone()],
            Some(Value::Array(words)) => words.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            _ => Vec::new(),
        })
        .collect();
    if types.iter().any(|word| word == "array") || types.is_empty() {
        return;
    }
    leaves.entry(variable(path)).or_default().push(Leaf { path: path.clone(), types });
}

/// The variable that sets the value at `path`.
fn variable(path: &[String]) -> String {
    let parts: Vec<String> = path
        .iter()
        .map(|part| {
            part.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect()
        })
        .collect();
    format!("WEIR_{}", parts.join("__"))
}

/// Text as the type that is wanted. What does not parse stays text, and the schema says what is wrong with it.
fn parse(text: &str, types: &[String]) -> Value {
    let has = |word: &str| types.iter().any(|each| each == word);
    if has("boolean")
        && let Ok(flag) = text.parse::<bool>()
    {
        return Value::Bool(flag);
    }
    if has("integer")
        && let Ok(number) = text.parse::<i64>()
    {
        return number.into();
    }
    if has("number")
        && let Ok(number) = text.parse::<f64>()
        && number.is_finite()
    {
        return number.into();
    }
    Value::String(text.to_owned())
}

fn set(tree: &mut Value, path: &[String], value: Value) {
    let Some((last, way)) = path.split_last() else {
        return;
    };
    let mut here = tree;
    for part in way {
        let Value::Object(map) = here else { return };
        here = map.entry(part.clone()).or_insert_with(|| Value::Object(Map::new()));
    }
    if let Value::Object(map) = here {
        map.insert(last.clone(), value);
    }
}

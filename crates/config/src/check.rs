//! The generic half of validation: the tree against the schema of [`crate::file::File`]. Unknown keys, wrong types,
//! unknown words and numbers out of range are all found here, in one walk, from the one definition that also prints
//! as `weir config schema`. Serde alone would stop at the first.
//!
//! What is wrong is taken out of the tree (a required value is replaced by an empty one), so that the rest can still
//! be read and judged.

use serde_json::{Map, Value};

use crate::{
    nearest::{list, suggest},
    place::join,
    problem::Report,
};

/// Reports everything in `tree` that `schema` forbids and takes it out.
pub(crate) fn check(schema: &Value, tree: &mut Value, report: &mut Report) {
    let walk = Walk { root: schema };
    if !walk.visit(schema, tree, "", report) {
        *tree = Value::Object(Map::new());
    }
}

/// Reads one schema document.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Walk<'a> {
    /// The document, which holds `$defs`.
    pub(crate) root: &'a Value,
}

impl<'a> Walk<'a> {
    /// The alternatives of a schema, references followed, `null` left out: TOML has none.
    pub(crate) fn options(self, schema: &'a Value) -> Vec<&'a Value> {
        if let Some(pointer) = schema.get("$ref").and_then(Value::as_str) {
            let target = self.root.pointer(pointer.trim_start_matches('#'));
            return target.map_or_else(Vec::new, |target| self.options(target));
        }
        for word in ["anyOf", "oneOf"] {
            if let Some(all) = schema.get(word).and_then(Value::as_array) {
                return all.iter().flat_map(|one| self.options(one)).collect();
            }
        }
        if schema.get("type").and_then(Value::as_str) == Some("null") {
            return Vec::new();
        }
        vec![schema]
    }

    /// Returns whether the value may stay.
    fn visit(self, schema: &'a Value, value: &mut Value, key: &str, report: &mut Report) -> bool {
        let options = self.options(schema);
        let fitting: Vec<&Value> = options.iter().copied().filter(|option| takes(option, value)).collect();
        let Some(first) = fitting.first() else {
            let found = kind(value);
            report.error(key, format!("found {found}, wanted {}", wanted(&options)), None);
            return false;
        };
        match value {
            Value::Object(map) => {
                self.visit_table(first, map, key, report);
                true
            }
            Value::Array(items) => {
                if let Some(schema) = first.get("items") {
                    let mut nth = 0;
                    items.retain_mut(|item| {
                        nth += 1;
                        self.visit(schema, item, &format!("{key}[{}]", nth - 1), report)
                    });
                }
                true
            }
            Value::String(text) => {
                let words = words(&fitting);
                let known = words.is_empty() || words.contains(&text.as_str());
                if !known {
                    report.error(
                        key,
                        format!("found `{text}`, wanted one of {}", list(&words)),
                        suggest(text, &words, "one of"),
                    );
                }
                known
            }
            Value::Number(number) => {
                let number = number.as_f64().unwrap_or(f64::NAN);
                let inside = bound(first, "minimum").is_none_or(|least| number >= least)
                    && bound(first, "maximum").is_none_or(|most| number <= most);
                if !inside {
                    report.error(key, format!("found {number}, wanted {}", wanted(&[first])), None);
                }
                inside
            }
            Value::Bool(_) | Value::Null => true,
        }
    }

    fn visit_table(self, schema: &'a Value, map: &mut Map<String, Value>, key: &str, report: &mut Report) {
        let named = schema.get("properties").and_then(Value::as_object);
        let others = schema.get("additionalProperties");
        let required: Vec<&str> = schema
            .get("required")
            .and_then(Value::as_array)
            .map_or_else(Vec::new, |names| names.iter().filter_map(Value::as_str).collect());
        map.retain(|name, value| {
            let below = join(key, name);
            match named.and_then(|named| named.get(name)).or(others) {
                Some(Value::Bool(false)) => {
                    let mut known: Vec<&str> =
                        named.map_or_else(Vec::new, |named| named.keys().map(String::as_str).collect());
                    // The map's own order depends on how the JSON library was built.
                    known.sort_unstable();
                    let place = if key.is_empty() { "the file" } else { key };
                    report.error_in_name(
                        &below,
                        format!("`{name}` is not a key of {place}"),
                        suggest(name, &known, "its keys are"),
                    );
                    false
                }
                Some(schema) => self.visit(schema, value, &below, report),
                None => true,
            }
        });
        for name in required {
            if map.contains_key(name) {
                continue;
            }
            let below = join(key, name);
            let options = named.and_then(|named| named.get(name)).map_or_else(Vec::new, |schema| self.options(schema));
            report.error(&below, format!("`{name}` is missing, wanted {}", wanted(&options)), None);
            let empty = match options.first().and_then(|option| option.get("type")) {
                Some(Value::String(word)) if word == "array" => Value::Array(Vec::new()),
                Some(Value::String(word)) if word == "number" => Value::from(0.0),
                _ => Value::String(String::new()),
            };
            map.insert(name.to_owned(), empty);
        }
    }
}

/// The types a schema takes; empty takes anything.
fn types(schema: &Value) -> Vec<&str> {
    match schema.get("type") {
        Some(Value::String(word)) => vec![word],
        Some(Value::Array(words)) => words.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

fn takes(schema: &Value, value: &Value) -> bool {
    let types = types(schema);
    types.is_empty()
        || types.iter().any(|word| match *word {
            "object" => value.is_object(),
            "array" => value.is_array(),
            "string" => value.is_string(),
            "boolean" => value.is_boolean(),
            "integer" => value.is_i64() || value.is_u64(),
            "number" => value.is_number(),
            _ => false,
        })
}

/// The words that are valid; empty when any text is.
fn words<'a>(options: &[&'a Value]) -> Vec<&'a str> {
    let mut words = Vec::new();
    for option in options {
        if let Some(word) = option.get("const").and_then(Value::as_str) {
            words.push(word);
        } else if let Some(all) = option.get("enum").and_then(Value::as_array) {
            words.extend(all.iter().filter_map(Value::as_str));
        } else {
            return Vec::new();
        }
    }
    words
}

fn bound(schema: &Value, word: &str) -> Option<f64> {
    schema.get(word).and_then(Value::as_f64)
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Object(_) => "a table",
        Value::Array(_) => "a list",
        Value::String(_) => "a string",
        Value::Bool(_) => "true or false",
        Value::Number(number) if number.is_f64() => "a number with a fraction",
        Value::Number(_) => "a whole number",
        Value::Null => "nothing",
    }
}

/// What a schema wants, in words.
fn wanted(options: &[&Value]) -> String {
    let mut parts: Vec<String> = Vec::new();
    let texts: Vec<&Value> = options.iter().copied().filter(|option| types(option).contains(&"string")).collect();
    match (texts.is_empty(), words(&texts)) {
        (true, _) => {}
        (false, words) if words.is_empty() => parts.push("a string".into()),
        (false, words) => parts.push(format!("one of {}", list(&words))),
    }
    for option in options {
        for word in types(option) {
            match word {
                "object" => parts.push("a table".into()),
                "array" => parts.push("a list".into()),
                "boolean" => parts.push("true or false".into()),
                "integer" => parts.push(format!("a whole number{}", range(option))),
                "number" => parts.push(format!("a number{}", range(option))),
                _ => {}
            }
        }
    }
    parts.join(" or ")
}

fn range(schema: &Value) -> String {
    match (bound(schema, "minimum"), bound(schema, "maximum")) {
        (Some(least), Some(most)) => format!(" from {least} to {most}"),
        (Some(least), None) => format!(" of at least {least}"),
        (None, Some(most)) => format!(" of at most {most}"),
        (None, None) => String::new(),
    }
}

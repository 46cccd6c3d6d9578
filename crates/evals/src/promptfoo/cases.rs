//! promptfoo's tests: in the configuration, in files beside it, of scenarios; with what all share under each, and one for
//! each combination of variables that are lists.

use serde_json::{Map, Value, json};

use crate::dataset::promptfoo as case;

/// Tests of one file.
const MOST: usize = 100_000;

type Read<'a> = &'a dyn Fn(&str) -> Result<String, String>;

/// All tests as objects with `vars`, `assert`, `metadata` and `description`.
pub(super) fn read(
    config: &Map<String, Value>,
    files: Read<'_>,
    notes: &mut Vec<String>,
) -> Result<Vec<Value>, String> {
    let mut tests = config.get("tests").map(|tests| listed(tests, files, notes)).transpose()?.unwrap_or_default();
    for scenario in config.get("scenarios").and_then(Value::as_array).into_iter().flatten() {
        let own = listed(&scenario["tests"], files, notes)?;
        for vars in scenario["config"].as_array().into_iter().flatten() {
            for test in &own {
                let mut test = test.clone();
                case::over(vars, &mut test);
                tests.push(test);
            }
        }
    }
    let shared = match config.get("defaultTest") {
        Some(Value::String(path)) => document(path, files)?,
        Some(shared) => shared.clone(),
        None => Value::Null,
    };
    let mut all = Vec::new();
    for mut test in tests {
        if !test.is_object() {
            return Err(format!("test {}: wanted an object with `vars` and `assert`", all.len() + 1));
        }
        case::over(&shared, &mut test);
        flatten(&mut test, notes);
        spread(test, files, &mut all)?;
        if all.len() > MOST {
            return Err(format!("more than {MOST} tests"));
        }
    }
    if all.is_empty() {
        return Err("no `tests`: there is nothing to ask".to_owned());
    }
    Ok(all)
}

/// Tests of a list, of a file, or of a list of files.
fn listed(tests: &Value, files: Read<'_>, notes: &mut Vec<String>) -> Result<Vec<Value>, String> {
    match tests {
        Value::Null => Ok(Vec::new()),
        Value::String(path) => of_file(path, files, notes),
        Value::Array(list) => {
            let mut all = Vec::new();
            for one in list {
                match one {
                    Value::String(path) => all.extend(of_file(path, files, notes)?),
                    other => all.push(other.clone()),
                }
            }
            Ok(all)
        }
        _ => Err("`tests`: wanted a list or a file".to_owned()),
    }
}

fn of_file(path: &str, files: Read<'_>, notes: &mut Vec<String>) -> Result<Vec<Value>, String> {
    let name = path.strip_prefix("file://").unwrap_or(path);
    let lower = name.to_ascii_lowercase();
    if path.contains("://") && !path.starts_with("file://")
        || [".py", ".js", ".mjs", ".ts"].iter().any(|end| lower.ends_with(end))
    {
        notes.push(format!(
            "tests of `{path}` are made by a program or fetched: write them to a CSV or YAML file first"
        ));
        return Ok(Vec::new());
    }
    if lower.ends_with(".csv") || lower.ends_with(".tsv") {
        return case::table(files(name).map_err(|error| format!("`{name}`: {error}"))?, name);
    }
    if lower.ends_with(".jsonl") {
        let text = files(name).map_err(|error| format!("`{name}`: {error}"))?;
        let rows = text.lines().filter(|line| !line.trim().is_empty()).map(serde_json::from_str);
        return rows.collect::<Result<Vec<Value>, _>>().map_err(|error| format!("`{name}`: {error}"));
    }
    match document(name, files)? {
        Value::Array(list) => Ok(list),
        Value::Object(mut whole) if whole.get("tests").is_some_and(Value::is_array) => match whole.remove("tests") {
            Some(Value::Array(list)) => Ok(list),
            _ => Ok(Vec::new()),
        },
        one @ Value::Object(_) => Ok(vec![one]),
        _ => Err(format!("`{name}`: wanted a list of tests")),
    }
}

fn document(path: &str, files: Read<'_>) -> Result<Value, String> {
    let name = path.strip_prefix("file://").unwrap_or(path);
    let text = files(name).map_err(|error| format!("`{name}`: {error}"))?;
    // JSON is YAML.
    serde_saphyr::from_str(&text)
        .map_err(|error| format!("`{name}`: {}", error.to_string().lines().next().unwrap_or_default()))
}

/// Assertions of a set stand with the others.
fn flatten(test: &mut Value, notes: &mut Vec<String>) {
    let Some(list) = test.get_mut("assert").and_then(Value::as_array_mut) else { return };
    let mut flat = Vec::with_capacity(list.len());
    for one in list.drain(..) {
        match one["assert"].as_array() {
            Some(inner) if one["type"] == "assert-set" => {
                if !one["threshold"].is_null() {
                    super::tell(
                        notes,
                        "`threshold` of an `assert-set` has no equal here: each of its assertions counts".to_owned(),
                    );
                }
                flat.extend(inner.iter().cloned());
            }
            _ => flat.push(one),
        }
    }
    *list = flat;
}

/// One test for each combination of the variables that are lists; variables in files are read.
fn spread(test: Value, files: Read<'_>, all: &mut Vec<Value>) -> Result<(), String> {
    let vars = test["vars"].as_object().cloned().unwrap_or_default();
    let mut combinations = vec![Map::new()];
    for (name, value) in vars {
        let values = match value {
            Value::Array(list) => list,
            Value::String(path) if path.starts_with("file://") => {
                let file = path.trim_start_matches("file://");
                vec![Value::String(files(file).map_err(|error| format!("`{file}`: {error}"))?)]
            }
            other => vec![other],
        };
        let mut next = Vec::with_capacity(combinations.len() * values.len());
        for combination in &combinations {
            for value in &values {
                let mut combination: Map<String, Value> = combination.clone();
                combination.insert(name.clone(), value.clone());
                next.push(combination);
            }
        }
        if next.len() > MOST {
            return Err(format!("more than {MOST} combinations of variables"));
        }
        combinations = next;
    }
    for vars in combinations {
        let mut test = test.clone();
        test["vars"] = json!(vars);
        all.push(test);
    }
    Ok(())
}

//! What is there when nobody configured it: three fake deployments with planted prices, and a workload over what
//! there is, so that weir answers its first request without a file. They are put into the tree before the
//! environment and the schema look at it, so that they can be overridden and shown like anything else.

use serde_json::{Map, Value, json};

use crate::place::{Origin, Places, join};

/// Name, and dollars per million prompt and completion tokens.
const SIMS: [(&str, f64, f64); 3] = [("large", 10.0, 30.0), ("medium", 1.0, 3.0), ("small", 0.1, 0.3)];

/// Floor of the workload that exists when none is configured.
const FLOOR: f64 = 0.8;

/// Adds what is missing.
pub(crate) fn complete(tree: &mut Value, places: &Places) {
    let Value::Object(tree) = tree else { return };
    let configured = names(tree.get("deployments"));
    let wanted: Vec<String> = if configured.is_empty() {
        SIMS.iter().map(|(name, ..)| format!("sim/{name}")).collect()
    } else {
        candidates(tree)
    };
    let deployments = tree.entry("deployments").or_insert_with(|| Value::Object(Map::new()));
    if let Value::Object(deployments) = deployments {
        for (name, input_usd, output_usd) in SIMS {
            let id = format!("sim/{name}");
            if wanted.contains(&id) && !deployments.contains_key(&id) {
                deployments.insert(
                    id,
                    json!({
                        "provider": "sim",
                        "model": name,
                        "price": { "input_usd": input_usd, "output_usd": output_usd },
                    }),
                );
            }
        }
    }
    if names(tree.get("workloads")).is_empty() && !tree.get("workloads").is_some_and(is_misshapen) {
        let mut ids = names(tree.get("deployments"));
        ids.sort_by_key(|id| order(places, &join("deployments", id)));
        if ids.is_empty() {
            return;
        }
        tree.insert("workloads".into(), json!({ "default": { "candidates": ids, "floor": FLOOR } }));
    }
}

/// Where a key stands among its siblings: those of the file first, in its order.
pub(crate) fn order(places: &Places, key: &str) -> (bool, usize, usize) {
    match places.name(key) {
        Origin::File { line, column, .. } if places.exact(key).is_some() => (false, *line, *column),
        _ => (true, 0, 0),
    }
}

fn is_misshapen(value: &Value) -> bool {
    !value.is_object()
}

fn names(section: Option<&Value>) -> Vec<String> {
    section.and_then(Value::as_object).map_or_else(Vec::new, |map| map.keys().cloned().collect())
}

fn candidates(tree: &Map<String, Value>) -> Vec<String> {
    tree.get("workloads")
        .and_then(Value::as_object)
        .into_iter()
        .flat_map(Map::values)
        .filter_map(|workload| workload.get("candidates")?.as_array())
        .flatten()
        .filter_map(|id| id.as_str().map(str::to_owned))
        .collect()
}

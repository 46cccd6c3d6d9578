//! The document: committed, complete, and true of what is answered.

use std::{fs, path::Path};

use axum::http::StatusCode;
use serde_json::{Value, json};
use weir_api::{document, routes};

use crate::{
    diff::proposed,
    fixture::{open, record, score, span_id},
};

fn current() -> Value {
    serde_json::to_value(document()).unwrap()
}

#[test]
fn the_committed_document_is_the_one_that_is_served() {
    let text = format!("{}\n", serde_json::to_string_pretty(&document()).unwrap());
    let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi.json");
    if fs::read_to_string(&committed).is_ok_and(|committed| committed == text) {
        return;
    }
    let fresh = Path::new(env!("CARGO_TARGET_TMPDIR")).join("openapi.json");
    fs::write(&fresh, text).unwrap();
    panic!(
        "crates/api/openapi.json is not what the route table says. If the change is meant, `cargo xtask openapi` \
         writes it anew; the present one is at {}",
        fresh.display()
    );
}

#[test]
fn every_row_is_in_the_document_and_nothing_else_is() {
    let document = current();
    let paths = document["paths"].as_object().unwrap();
    let mut documented: Vec<(String, String)> = paths
        .iter()
        .flat_map(|(path, item)| item.as_object().unwrap().keys().map(|method| (method.to_uppercase(), path.clone())))
        .collect();
    let mut rows: Vec<(String, String)> =
        routes().map(|row| (row.route.method.to_owned(), row.route.path.to_owned())).collect();
    documented.sort();
    rows.sort();
    assert_eq!(documented, rows);
    for row in routes() {
        let operation = &paths[row.route.path][row.route.method.to_lowercase()];
        assert_eq!(operation["summary"], row.route.summary);
        assert!(operation["responses"]["default"].is_object());
    }
}

#[test]
fn every_reference_leads_somewhere() {
    let document = current();
    let mut open = vec![&document];
    let mut seen = 0;
    while let Some(value) = open.pop() {
        match value {
            Value::Object(fields) => {
                if let Some(Value::String(reference)) = fields.get("$ref") {
                    let pointer = reference.trim_start_matches('#');
                    assert!(document.pointer(pointer).is_some(), "{reference}");
                    seen += 1;
                }
                open.extend(fields.values());
            }
            Value::Array(items) => open.extend(items),
            _ => {}
        }
    }
    assert!(seen > 50, "{seen}");
}

/// Every reply of a control plane with something in it fits the schema it is documented with.
#[tokio::test]
async fn replies_are_what_the_document_says() {
    let home = open().await;
    let mut failed = record(3, "sim/large");
    failed.span.decision = None;
    failed.span.session = Some("s-1".into());
    home.record(&[record(1, "sim/large"), record(2, "sim/small"), failed]).await;
    home.score(&[score(1, "sim/large", 1.0), score(2, "sim/small", 0.5)]).await;
    let body = json!({"workload": "maths", "candidate": "sim/small"});
    let canary = home.post("/api/v1/canaries", &body).await.json();
    let import = axum::http::Request::post("/api/v1/datasets/import?name=sums")
        .header("host", "localhost")
        .body("{\"id\":\"one\",\"input\":\"6*7?\",\"expected\":\"42\"}\n".into())
        .unwrap();
    assert_eq!(home.send(import).await.status, StatusCode::CREATED);

    let diff = proposed(&home, "r-0001").await;
    let suite = "[suite]\nname='s'\nworkload='maths'\ndataset='sums'\n[[scorer]]\nname='e'\nkind='exact_match'\n";
    let run = home.post("/api/v1/runs", &json!({"suite": suite, "models": ["sim/large"]})).await;
    assert_eq!(run.status, StatusCode::CREATED, "{run:?}");
    let run = run.json()["id"].as_str().unwrap().to_owned();
    let out = json!({"workload": "maths", "deployment": "sim/small", "reason": "it failed"});
    assert_eq!(home.post("/api/v1/quarantines", &out).await.status, StatusCode::OK);
    let document = current();
    for row in routes().filter(|row| row.route.method == "GET" && row.route.path.starts_with("/api/v1/")) {
        // Streams and files are no JSON.
        if row.route.path.starts_with("/api/v1/live/") || row.route.path.ends_with("/export") {
            continue;
        }
        let path = row
            .route
            .path
            .replace("/workloads/{id}", "/workloads/maths")
            .replace("/canaries/{id}", &format!("/canaries/{}", canary["id"].as_str().unwrap()))
            .replace("/policy-diffs/{id}", &format!("/policy-diffs/{diff}"))
            .replace("{revision}", "r-0001")
            .replace("/items/{id}", "/items/one")
            .replace("/runs/{id}", &format!("/runs/{run}"))
            .replace("/runs/compare", &format!("/runs/compare?a={run}&b={run}"))
            .replace("{span_id}", &span_id(1).to_string())
            .replace("/scorers/{name}", "/scorers/tone")
            .replace("{name}", "sums");
        let got = home.get(&path).await;
        assert_eq!(got.status, StatusCode::OK, "{path}: {got:?}");
        let schema =
            &document["paths"][row.route.path]["get"]["responses"]["200"]["content"]["application/json"]["schema"];
        let mut schema = schema.clone();
        schema["components"] = document["components"].clone();
        let validator = jsonschema::validator_for(&schema).unwrap();
        let json = got.json();
        let errors: Vec<String> =
            validator.iter_errors(&json).map(|error| format!("{path} at {}: {error}", error.instance_path())).collect();
        assert!(errors.is_empty(), "{errors:#?}");
    }
}

#[tokio::test]
async fn the_document_is_served() {
    let home = open().await;
    assert_eq!(home.get("/api/v1/openapi.json").await.json(), current());
}

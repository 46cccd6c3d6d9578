//! Spending, the facets of the trace list, and a revision's replay.

use axum::http::StatusCode;
use serde_json::json;

use crate::fixture::{open, record};

#[tokio::test]
async fn spending_is_split_and_held_against_the_best_model() {
    let home = open().await;
    home.record(&[record(1, "sim/large"), record(2, "sim/small"), record(3, "sim/small")]).await;
    let table = home.get("/api/v1/cost/table?by=deployment").await.json();
    assert_eq!(table["total"]["requests"], 3);
    assert_eq!(table["rows"].as_array().unwrap().len(), 2);
    let table = home.get("/api/v1/cost/table").await.json();
    assert_eq!(table["rows"][0]["group"], "maths");
    assert_eq!(table["rows"][0]["cost_usd"], table["total"]["cost_usd"]);
    let series = home.get("/api/v1/cost/series?range=1h&buckets=6").await.json();
    let spent: f64 =
        series["groups"][0]["cost_usd"].as_array().unwrap().iter().filter_map(serde_json::Value::as_f64).sum();
    assert!((spent - table["total"]["cost_usd"].as_f64().unwrap()).abs() < 1e-12);
    assert_eq!(home.get("/api/v1/cost/table?by=key").await.json()["rows"].as_array().unwrap().len(), 1);
    for bad in ["by=colour", "by=tag", "by=key&tag=team", "range=9y", "buckets=0"] {
        assert_eq!(home.get(&format!("/api/v1/cost/table?{bad}")).await.status, StatusCode::BAD_REQUEST, "{bad}");
    }
}

#[tokio::test]
async fn facets_and_a_range_narrow_the_list_of_traces() {
    let home = open().await;
    home.record(&[record(1, "sim/large"), record(2, "sim/small")]).await;
    let facets = home.get("/api/v1/traces/facets?range=1h").await.json();
    assert_eq!(facets["workload"], json!([{"value": "maths", "n": 2}]));
    let bars: u64 = facets["ok"].as_array().unwrap().iter().filter_map(serde_json::Value::as_u64).sum();
    assert_eq!(bars, 2);
    let narrowed = home.get("/api/v1/traces/facets?deployment=sim/small").await.json();
    assert_eq!(narrowed["deployment"], json!([{"value": "sim/small", "n": 1}]));
    assert_eq!(home.get("/api/v1/traces?until=1").await.json()["items"], json!([]));
    assert_eq!(home.get("/api/v1/traces?since=1").await.json()["items"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_revision_is_replayed_over_recorded_decisions() {
    let home = open().await;
    home.record(&[record(1, "sim/large"), record(2, "sim/large")]).await;
    let replay = home.get("/api/v1/workloads/maths/policies/r-0001/replay").await.json();
    assert_eq!((&replay["requests"], &replay["against"], &replay["before"]), (&json!(2), &json!(null), &json!(null)));
    let same = home.get("/api/v1/workloads/maths/policies/r-0001/replay?against=r-0001&last=1").await.json();
    assert_eq!((&same["requests"], &same["moved"]), (&json!(1), &json!(0)));
    assert_eq!(same["before"], same["now"]);
    let missing = home.get("/api/v1/workloads/maths/policies/r-0099/replay").await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
    let policies = home.get("/api/v1/policies").await.json();
    assert_eq!(policies["items"][0]["revision"], "r-0001");
}

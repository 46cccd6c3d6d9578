//! The box itself: what it is, what it keeps, who changed what; and the live test of a deployment.

use axum::http::StatusCode;
use serde_json::json;

use crate::fixture::{keyed, open, record};

#[tokio::test]
async fn the_system_page_tells_version_store_queue_and_keys_but_no_secret() {
    let home = keyed().await;
    home.record(&[record(1, "sim/large")]).await;
    let system = home.get("/api/v1/system").await.json();
    assert_eq!(system["store"]["spans"], 1);
    assert!(system["store"]["bytes"].as_u64().unwrap() > 0, "{system}");
    assert!(system["schema"].as_i64().unwrap() >= 1);
    let names: Vec<&str> = system["keys"].as_array().unwrap().iter().map(|key| key["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["ops", "dev", "other"]);
    assert!(!system.to_string().contains("secret-0123"), "{system}");

    let config = home.get("/api/v1/config").await.json();
    let row = config["items"].as_array().unwrap().iter().find(|row| row["key"] == "workloads.maths.floor").unwrap();
    assert_eq!(row["value"], "0.85");
    assert!(row["origin"].as_str().unwrap().starts_with("weir.toml:"), "{row}");
    assert!(!config.to_string().contains("secret-0123"));
}

#[tokio::test]
async fn the_audit_log_lists_every_order_with_its_reason_and_an_unbroken_chain() {
    let home = open().await;
    let started = home.post("/api/v1/canaries", &json!({"workload": "maths", "candidate": "sim/small"})).await.json();
    let id = started["id"].as_str().unwrap();
    home.post(&format!("/api/v1/canaries/{id}/roll_back"), &json!({"reason": "too terse"})).await;
    let log = home.get("/api/v1/audit?limit=1").await.json();
    assert_eq!((&log["events"], &log["broken_at"]), (&json!(2), &json!(null)));
    let newest = &log["items"][0];
    assert_eq!((&newest["kind"], &newest["actor"]), (&json!("rolled_back"), &json!("local")));
    assert!(newest["reason"].as_str().unwrap().contains("too terse"), "{newest}");
    assert_eq!(newest["hash"], log["head"]);
    let next = log["next"].as_str().unwrap();
    let rest = home.get(&format!("/api/v1/audit?limit=1&cursor={next}")).await.json();
    assert_eq!(rest["items"][0]["kind"], "started");
    assert_eq!(home.get("/api/v1/audit?limit=0").await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_deployment_is_tested_only_by_who_agrees_to_spend() {
    let home = open().await;
    let path = "/api/v1/deployments/sim%2Fsmall/test";
    let refused = home.post(path, &json!({})).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    assert!(refused.message().contains("confirm_spend"), "{}", refused.message());
    let tested = home.post(path, &json!({"confirm_spend": true})).await.json();
    assert_eq!((&tested["ok"], &tested["text"]), (&json!(true), &json!("ok from sim/small")));
    let unknown = home.post("/api/v1/deployments/sim%2Fhuge/test", &json!({"confirm_spend": true})).await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn deployments_show_their_last_hour_minute_by_minute() {
    let home = open().await;
    home.record(&[record(1, "sim/large"), record(2, "sim/large")]).await;
    let items = home.get("/api/v1/deployments").await.json();
    let row = items["items"].as_array().unwrap().iter().find(|row| row["requests_1h"].as_u64() > Some(0)).unwrap();
    let minutes = row["minutes"].as_array().unwrap();
    assert_eq!(minutes.len(), 60);
    let told: u64 = minutes.iter().map(|minute| minute["requests"].as_u64().unwrap()).sum();
    assert_eq!(Some(told), row["requests_1h"].as_u64(), "{row}");
    assert!(row["share_1h"].as_f64().unwrap() > 0.0);
}

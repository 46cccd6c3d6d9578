//! Orders that come twice under one key.

use axum::{
    body::Body,
    http::{Method, StatusCode},
};
use serde_json::{Value, json};

use crate::fixture::{DEV, Got, Home, keyed, open, record, request, span_id};

const CANARIES: &str = "/api/v1/canaries";

async fn order(home: &Home, path: &str, key: &str, body: &Value) -> Got {
    let request = request(Method::POST, path)
        .header("content-type", "application/json")
        .header("idempotency-key", key)
        .body(Body::from(body.to_string()));
    home.send(request.unwrap()).await
}

fn replayed(got: &Got) -> bool {
    got.headers.get("idempotent-replayed").is_some_and(|value| value == "true")
}

#[tokio::test]
async fn an_order_that_is_sent_again_under_its_key_is_carried_out_once() {
    let home = open().await;
    let body = json!({ "workload": "maths", "candidate": "sim/small" });
    let first = order(&home, CANARIES, "k1", &body).await;
    assert_eq!((first.status, replayed(&first)), (StatusCode::CREATED, false), "{first:?}");
    let again = order(&home, CANARIES, "k1", &body).await;
    assert_eq!((again.status, replayed(&again)), (StatusCode::CREATED, true), "{again:?}");
    assert_eq!(
        (again.body.clone(), again.headers.get("content-type")),
        (first.body, first.headers.get("content-type"))
    );
    assert_eq!(home.get(CANARIES).await.json()["items"].as_array().unwrap().len(), 1);

    let other = order(&home, CANARIES, "k1", &json!({ "workload": "maths", "candidate": "sim/large" })).await;
    assert_eq!((other.status, other.code()), (StatusCode::CONFLICT, "W0107".to_owned()));
    assert!(other.message().contains("another body"), "{}", other.message());
    let new = order(&home, CANARIES, "k2", &body).await;
    assert!(new.message().contains("already has an active canary"), "{}", new.message());
}

#[tokio::test]
async fn what_failed_may_be_tried_again_under_its_key() {
    let home = open().await;
    let score = json!({ "span_id": span_id(1).to_string(), "name": "thumb", "value": 1.0 });
    assert_eq!(order(&home, "/api/v1/scores", "k", &score).await.status, StatusCode::NOT_FOUND);
    home.record(&[record(1, "sim/large")]).await;
    assert_eq!(order(&home, "/api/v1/scores", "k", &score).await.status, StatusCode::CREATED);
    let long = order(&home, "/api/v1/scores", &"k".repeat(129), &score).await;
    assert_eq!((long.status, long.code()), (StatusCode::BAD_REQUEST, "W0106".to_owned()));
}

#[tokio::test]
async fn a_key_means_something_to_its_caller_alone() {
    let home = keyed().await;
    home.record(&[record(1, "sim/large")]).await;
    let score = json!({ "span_id": span_id(1).to_string(), "name": "thumb", "value": 1.0 });
    assert_eq!(order(&home, "/api/v1/scores", "k", &score).await.status, StatusCode::CREATED);
    let theirs = axum::http::Request::builder()
        .method(Method::POST)
        .uri("/api/v1/scores")
        .header("host", "localhost:8080")
        .header("authorization", format!("Bearer {DEV}"))
        .header("content-type", "application/json")
        .header("idempotency-key", "k")
        .body(Body::from(score.to_string()));
    let got = home.send(theirs.unwrap()).await;
    assert_eq!((got.status, replayed(&got)), (StatusCode::OK, false), "stored before, and told so anew: {got:?}");
    assert_eq!(got.json()["duplicate"], true);
}

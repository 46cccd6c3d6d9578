//! `ETag` and `If-Match`: orders about what somebody read.

use axum::{
    body::Body,
    http::{Method, StatusCode},
};
use serde_json::{Value, json};
use weir_api::document;

use crate::{
    diff::proposed,
    fixture::{Got, Home, START, open, request},
};

const REVERT: &str = "/api/v1/workloads/maths/policies/revert";

async fn order(home: &Home, path: &str, read: &str, body: &Value) -> Got {
    let request = request(Method::POST, path)
        .header("content-type", "application/json")
        .header("if-match", read)
        .body(Body::from(body.to_string()));
    home.send(request.unwrap()).await
}

fn tag(got: &Got) -> String {
    got.headers["etag"].to_str().unwrap().to_owned()
}

fn hint(got: &Got) -> String {
    got.json()["hint"].as_str().unwrap().to_owned()
}

/// A second revision on top of the configured one.
async fn promote(home: &Home) {
    let head = home.store.policy_head(&"maths".into()).await.unwrap().unwrap();
    let author = head.author.clone();
    let promoted =
        weir_optimizer::revision::promote(&head, (&"sim/small".into(), &[]), author, "proven".to_owned(), START);
    home.store.policy_insert(&promoted).await.unwrap();
}

async fn canary(home: &Home) -> String {
    let got = home.post("/api/v1/canaries", &json!({"workload": "maths", "candidate": "sim/small"})).await;
    assert_eq!((got.status, tag(&got)), (StatusCode::CREATED, "\"1\"".to_owned()));
    format!("/api/v1/canaries/{}", got.json()["id"].as_str().unwrap())
}

#[tokio::test]
async fn a_revert_is_of_the_head_that_was_read() {
    let home = open().await;
    let before = tag(&home.get("/api/v1/workloads/maths/policies").await);
    promote(&home).await;
    let to_first = json!({"revision": "r-0001", "reason": "rude"});
    let stale = order(&home, REVERT, &before, &to_first).await;
    assert_eq!((stale.status, stale.code()), (StatusCode::PRECONDITION_FAILED, "W0113".to_owned()));
    assert_eq!(
        stale.message(),
        "the head of maths is r-0002: its ETag is \"r-0002\", `If-Match` says \"r-0001\"",
        "what is current is told"
    );
    assert!(hint(&stale).starts_with("GET /api/v1/workloads/maths/policies"), "{}", hint(&stale));
    let unsaid = home.post(REVERT, &to_first).await;
    assert_eq!((unsaid.status, unsaid.code()), (StatusCode::BAD_REQUEST, "W0106".to_owned()));
    let head = json!({"revision": "r-0001", "head": "r-0001"});
    let both = order(&home, REVERT, "\"r-0002\"", &head).await;
    assert_eq!(both.status, StatusCode::CONFLICT, "a head in the body holds as ever: {both:?}");
    assert_eq!(home.get("/api/v1/workloads/maths/policies").await.json()["items"].as_array().unwrap().len(), 2);

    let now = tag(&home.get("/api/v1/workloads/maths/policies").await);
    let back = order(&home, REVERT, &now, &to_first).await;
    assert_eq!((back.status, tag(&back)), (StatusCode::CREATED, "\"r-0003\"".to_owned()), "{back:?}");
}

#[tokio::test]
async fn an_order_to_a_canary_is_of_the_state_that_was_read() {
    let home = open().await;
    let path = canary(&home).await;
    let read = home.get(&path).await;
    assert_eq!((tag(&read), &read.json()["etag"]), ("\"1\"".to_owned(), &json!("1")));
    let paused = order(&home, &format!("{path}/pause"), &tag(&read), &json!({"reason": "lunch"})).await;
    assert_eq!((paused.status, tag(&paused)), (StatusCode::OK, "\"2\"".to_owned()));
    let stale = order(&home, &format!("{path}/promote"), &tag(&read), &json!({"reason": "fine"})).await;
    assert_eq!((stale.status, stale.code()), (StatusCode::PRECONDITION_FAILED, "W0113".to_owned()));
    assert!(stale.message().contains("is held: paused by local: lunch: its ETag is \"2\""), "{}", stale.message());
    assert_eq!(home.get(&path).await.json()["state"], "held", "nothing was done");
    for read in ["\"1\", \"2\"", "*"] {
        let word = if read == "*" { "roll_back" } else { "resume" };
        assert_eq!(order(&home, &format!("{path}/{word}"), read, &json!({})).await.status, StatusCode::OK);
    }
    let wrong = order(&home, &format!("{path}/pause"), "2", &json!({})).await;
    assert_eq!((wrong.status, wrong.code()), (StatusCode::BAD_REQUEST, "W0106".to_owned()));
}

#[tokio::test]
async fn a_proposal_is_applied_as_it_was_read() {
    let home = open().await;
    let path = format!("/api/v1/policy-diffs/{}", proposed(&home, "r-0001").await);
    let read = home.get(&path).await;
    assert_eq!(tag(&read), format!("\"{}\"", read.json()["etag"].as_str().unwrap()));
    assert_eq!(home.post(&format!("{path}/reject"), &json!({"reason": "later"})).await.status, StatusCode::OK);
    let stale = order(&home, &format!("{path}/apply"), &tag(&read), &json!({})).await;
    assert_eq!(stale.status, StatusCode::PRECONDITION_FAILED, "{stale:?}");
    assert!(stale.message().contains(" is rejected: "), "{}", stale.message());
}

#[tokio::test]
async fn every_order_that_is_documented_to_take_if_match_refuses_what_is_stale() {
    let home = open().await;
    let diff = format!("/api/v1/policy-diffs/{}", proposed(&home, "r-0001").await);
    let canary = canary(&home).await;
    let document = serde_json::to_value(document()).unwrap();
    let mut orders = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        let Some(parameters) = item["post"]["parameters"].as_array() else { continue };
        if !parameters.iter().any(|parameter| parameter["name"] == "If-Match" && parameter["in"] == "header") {
            continue;
        }
        orders += 1;
        let there = path
            .replace("/api/v1/policy-diffs/{id}", &diff)
            .replace("/api/v1/canaries/{id}", &canary)
            .replace("{id}", "maths");
        let body = if path.ends_with("/revert") { json!({"revision": "r-0001"}) } else { json!({}) };
        let got = order(&home, &there, "\"somebody's\"", &body).await;
        assert_eq!((got.status, got.code()), (StatusCode::PRECONDITION_FAILED, "W0113".to_owned()), "{there}: {got:?}");
        assert!(hint(&got).contains("GET /api/v1/"), "{}", hint(&got));
    }
    assert_eq!(orders, 9, "six orders to a canary, two about a proposal, and the revert");
}

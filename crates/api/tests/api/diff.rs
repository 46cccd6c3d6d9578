//! Policy diffs and reverts through the API.

use axum::http::StatusCode;
use serde_json::json;
use weir_core::snapshot::Quality;
use weir_optimizer::diff::{Facts, Side, propose};
use weir_store::{DiffRow, DiffState};

use crate::fixture::{Home, START, kin, open};

/// Keeps a diff of `maths` for this revision; its id.
pub(crate) async fn proposed(home: &Home, parent: &str) -> String {
    proposed_to(home, parent, "sim/small").await
}

async fn proposed_to(home: &Home, parent: &str, candidate: &str) -> String {
    let side = |deployment: &str, cost: f64| Side {
        deployment: deployment.into(),
        quality: Some(Quality { mean: 0.9, lower: 0.887, upper: 0.913, n: 900 }),
        cost_usd: Some(cost),
        requests: 1_000,
        failed: 1,
        p95_us: None,
        p95_ci_us: None,
    };
    let diff = propose(&Facts {
        workload: "maths".into(),
        parent: parent.into(),
        at: START,
        scorer: "exact".into(),
        version: "1".to_owned(),
        floor: Some(0.8),
        margin: 0.03,
        alpha: 0.01,
        sample: 1.0,
        share: 0.05,
        daily: vec![1_000; 7],
        from: side("sim/large", 0.01),
        to: side(candidate, 0.001),
        pairs: None,
        logged: None,
        bias: None,
        within: None,
        spend: None,
        parts: Vec::new(),
    })
    .unwrap();
    let row = DiffRow {
        id: diff.id.clone(),
        workload: diff.workload.clone(),
        parent: diff.parent.clone(),
        candidate: diff.to.to_string(),
        state: DiffState::Proposed,
        at: START,
        body: serde_json::to_string(&diff).unwrap(),
        decided: None,
        canary: None,
    };
    home.store.policy_diff_insert(&row).await.unwrap();
    diff.id
}

#[tokio::test]
async fn a_diff_is_explained_replayed_and_applied_as_a_canary() {
    let home = open().await;
    let id = proposed(&home, "r-0001").await;
    let list = home.get("/api/v1/policy-diffs?workload=maths").await.json();
    assert_eq!((&list["items"][0]["id"], &list["items"][0]["state"]), (&json!(id), &json!("proposed")));
    let diff = home.get(&format!("/api/v1/policy-diffs/{id}")).await.json();
    assert!(diff["diff"]["cost"]["monthly_saving_usd"].as_f64().unwrap() > 200.0);
    assert_eq!(home.get(&format!("/api/v1/policy-diffs/{id}/replay")).await.json()["same"], true);

    let apply = format!("/api/v1/policy-diffs/{id}/apply");
    let canary = home.post(&apply, &json!({})).await;
    assert_eq!(canary.status, StatusCode::CREATED, "{canary:?}");
    assert_eq!((&canary.json()["candidate"], &canary.json()["state"]), (&json!("sim/small"), &json!("running")));
    let policies = home.get("/api/v1/workloads/maths/policies").await.json();
    assert_eq!(policies["items"].as_array().unwrap().len(), 1, "no switch before the canary has proven it");
    assert_eq!(home.post(&apply, &json!({})).await.status, StatusCode::CONFLICT);
}

#[tokio::test]
async fn a_diff_whose_judge_is_of_its_candidates_family_is_applied_only_with_that_accepted() {
    let home = kin().await;
    let id = proposed_to(&home, "r-0001", "groq/llama").await;
    let apply = format!("/api/v1/policy-diffs/{id}/apply");
    for order in [json!({}), json!({"kin_judge": false, "reason": "it will do"})] {
        let refused = home.post(&apply, &order).await;
        assert_eq!((refused.status, refused.code()), (StatusCode::CONFLICT, "W0114".to_owned()), "{refused:?}");
        assert!(refused.json()["hint"].as_str().unwrap().contains("`kin_judge`, of the request"), "{refused:?}");
    }
    let diff = home.get(&format!("/api/v1/policy-diffs/{id}")).await.json();
    assert_eq!((&diff["state"], &diff["canary"]), (&json!("proposed"), &json!(null)), "a refusal decides nothing");
    let unknown = home.post(&apply, &json!({"kin": true})).await;
    assert_eq!(unknown.status, StatusCode::BAD_REQUEST, "{unknown:?}");

    let applied = home.post(&apply, &json!({"kin_judge": true, "reason": "people label it"})).await;
    assert_eq!(applied.status, StatusCode::CREATED, "{applied:?}");
    let canary = applied.json();
    let judge = canary["warnings"][0].as_str().unwrap();
    assert!(judge.contains("is of the family of groq/llama"), "{canary}");
    let reason = canary["reason"].as_str().unwrap();
    assert!(reason.ends_with(&format!("; accepted: {judge}: people label it")), "{reason}");
    let diff = home.get(&format!("/api/v1/policy-diffs/{id}")).await.json();
    assert_eq!((&diff["state"], &diff["canary"]), (&json!("applied"), &canary["id"]));
}

#[tokio::test]
async fn a_diff_of_another_head_is_refused() {
    let home = open().await;
    let id = proposed(&home, "r-0009").await;
    let got = home.post(&format!("/api/v1/policy-diffs/{id}/apply"), &json!({})).await;
    assert_eq!(got.status, StatusCode::CONFLICT);
    assert!(got.message().contains("r-0009"), "{}", got.message());
    assert_eq!(home.get("/api/v1/policy-diffs/pd_none").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_revision_is_restored_on_top_of_the_head_that_was_read() {
    let home = open().await;
    let head = home.store.policy_head(&"maths".into()).await.unwrap().unwrap();
    let author = head.author.clone();
    let promoted =
        weir_optimizer::revision::promote(&head, (&"sim/small".into(), &[]), author, "proven".to_owned(), START);
    home.store.policy_insert(&promoted).await.unwrap();
    let path = "/api/v1/workloads/maths/policies/revert";
    let stale = home.post(path, &json!({"revision": "r-0001", "head": "r-0001"})).await;
    assert_eq!(stale.status, StatusCode::CONFLICT);
    let back = home.post(path, &json!({"revision": "r-0001", "head": "r-0002", "reason": "rude"})).await;
    assert_eq!(back.status, StatusCode::CREATED, "{back:?}");
    let back = back.json();
    assert_eq!((&back["revision"], &back["parent"]), (&json!("r-0003"), &json!("r-0002")));
    assert_eq!(back["admitted"], json!(["sim/large"]));
    home.clock.advance(std::time::Duration::from_hours(8 * 24));
    let late = home.post(path, &json!({"revision": "r-0002", "head": "r-0003"})).await;
    assert_eq!(late.status, StatusCode::CONFLICT, "{late:?}");
}

#[tokio::test]
async fn a_rejected_diff_keeps_who_and_why_and_cannot_be_applied() {
    let home = open().await;
    let id = proposed(&home, "r-0001").await;
    let reject = format!("/api/v1/policy-diffs/{id}/reject");
    let rejected = home.post(&reject, &json!({"reason": "after the release"})).await;
    assert_eq!(rejected.status, StatusCode::OK);
    let diff = rejected.json();
    assert_eq!((&diff["state"], &diff["decided_why"]), (&json!("rejected"), &json!("after the release")));
    assert_eq!(home.post(&reject, &json!({})).await.status, StatusCode::CONFLICT);
    let apply = home.post(&format!("/api/v1/policy-diffs/{id}/apply"), &json!({})).await;
    assert_eq!(apply.status, StatusCode::CONFLICT);
}

//! Canaries through the API: started, watched, ordered about.

use std::time::Duration;

use axum::http::StatusCode;
use serde_json::{Value, json};
use weir_core::decision::Arm;

use crate::fixture::{Home, exposed, kin, open, score};

async fn start(home: &Home) -> Value {
    let body = json!({
        "workload": "maths", "candidate": "sim/small", "steps": [0.05, 0.5], "margin": 0.05, "min_pairs": 10,
        "risk_budget": 1.0,
    });
    let got = home.post("/api/v1/canaries", &body).await;
    assert_eq!(got.status, StatusCode::CREATED, "{got:?}");
    got.json()
}

/// Twenty scored requests in each arm, a second apart; the candidate answers `grade`.
async fn run(home: &Home, id: &str, grade: f64) {
    let arms = [(Arm::Candidate, "sim/small", grade), (Arm::Control, "sim/large", 1.0)];
    let mut records = Vec::new();
    let mut scores = Vec::new();
    for n in 1..=40_u64 {
        let (arm, deployment, grade) = arms[usize::from(n % 2 == 0)];
        records.push(exposed(n * 1_000, id, arm));
        scores.push(score(n * 1_000, deployment, grade));
    }
    home.record(&records).await;
    home.score(&scores).await;
    home.clock.advance(Duration::from_secs(60));
}

#[tokio::test]
async fn a_canary_starts_at_its_first_step_with_a_sentence() {
    let home = open().await;
    let canary = start(&home).await;
    assert_eq!(canary["state"], "running");
    assert_eq!(canary["control"], "sim/large");
    assert_eq!((&canary["step"], &canary["share"]), (&json!(0), &json!(0.05)));
    assert_eq!(canary["evidence"]["pairs"], 0);
    assert!(canary["verdict"].as_str().unwrap().starts_with("waiting for the first pairs"));
    assert!(canary["eta_pairs"].as_u64().unwrap() > 0);

    let second = home.post("/api/v1/canaries", &json!({"workload": "maths", "candidate": "sim/small"})).await;
    assert_eq!((second.status, second.code()), (StatusCode::CONFLICT, "W0107".to_owned()));
}

#[tokio::test]
async fn a_canary_that_cannot_be_is_refused_with_the_reason() {
    let home = open().await;
    for (body, status, word) in [
        (json!({"workload": "poems", "candidate": "sim/small"}), 404, "poems"),
        (json!({"workload": "maths", "candidate": "sim/huge"}), 400, "sim/huge"),
        (json!({"workload": "maths", "candidate": "sim/large"}), 409, "already"),
        (json!({"workload": "maths", "candidate": "sim/small", "margin": 0.9}), 400, "margin"),
        (json!({"workload": "maths", "candidate": "sim/small", "steps": [0.5, 0.1]}), 400, "steps"),
        (json!({"workload": "maths", "candidate": "sim/small", "state": "promoted"}), 400, "`state`"),
        (json!({"workload": "maths"}), 400, "candidate"),
    ] {
        let got = home.post("/api/v1/canaries", &body).await;
        assert_eq!(got.status.as_u16(), status, "{body}: {got:?}");
        assert!(got.message().contains(word), "{}", got.message());
    }
}

#[tokio::test]
async fn a_judge_of_the_candidates_family_is_refused_until_it_is_accepted_with_a_reason() {
    let home = kin().await;
    let body = json!({"workload": "maths", "candidate": "groq/llama"});
    let refused = home.post("/api/v1/canaries", &body).await;
    assert_eq!((refused.status, refused.code()), (StatusCode::CONFLICT, "W0114".to_owned()));
    assert!(refused.message().contains("is of the family of groq/llama"), "{}", refused.message());
    assert!(refused.json()["hint"].as_str().unwrap().contains("`kin_judge`"));
    let body = json!({"workload": "maths", "candidate": "groq/llama", "kin_judge": true, "reason": "people label it"});
    let started = home.post("/api/v1/canaries", &body).await;
    assert_eq!(started.status, StatusCode::CREATED, "{started:?}");
    let canary = started.json();
    assert_eq!(canary["warnings"], json!([refused.message()]));
    assert!(canary["reason"].as_str().unwrap().ends_with(": people label it"), "{canary}");
}

#[tokio::test]
async fn evidence_and_its_band_over_time_come_from_stored_exposures() {
    let home = open().await;
    let canary = start(&home).await;
    let id = canary["id"].as_str().unwrap();
    run(&home, id, 0.4).await;
    let detail = home.get(&format!("/api/v1/canaries/{id}")).await.json();
    let evidence = &detail["evidence"];
    assert_eq!(evidence["pairs"], 20);
    assert!((evidence["delta"].as_f64().unwrap() + 0.6).abs() < 1e-9);
    assert!(evidence["upper"].as_f64().unwrap() < 0.0, "clearly worse: {evidence}");
    assert_eq!(detail["events"][0]["state"], "running");
    assert_eq!(detail["events"][0]["actor"], "local");
    let series = detail["series"].as_array().unwrap();
    let pairs: Vec<u64> = series.iter().map(|point| point["pairs"].as_u64().unwrap()).collect();
    assert!(!pairs.is_empty() && pairs.is_sorted() && pairs.iter().all(|pairs| *pairs <= 20));
    assert!(series.iter().all(|point| point["step"] == 0));

    let list = home.get("/api/v1/canaries?workload=maths").await.json();
    assert_eq!(list["items"][0]["evidence"], *evidence, "list and page agree");
    let none = home.get("/api/v1/canaries?workload=poems").await.json();
    assert_eq!(none["items"], json!([]));
}

#[tokio::test]
async fn a_person_pauses_resumes_and_takes_back() {
    let home = open().await;
    let canary = start(&home).await;
    let id = canary["id"].as_str().unwrap();
    let order = |word: &str| format!("/api/v1/canaries/{id}/{word}");
    let paused = home.post(&order("pause"), &json!({"reason": "lunch"})).await;
    assert_eq!(paused.json()["state"], "held");
    assert_eq!(paused.json()["reason"], "paused by local: lunch");
    let again = home.post(&order("pause"), &json!({"reason": ""})).await;
    assert_eq!((again.status, again.code()), (StatusCode::CONFLICT, "W0107".to_owned()));
    assert_eq!(home.post(&order("resume"), &json!({})).await.json()["state"], "running");
    let back = home.post(&order("roll_back"), &json!({"reason": "rude"})).await.json();
    assert_eq!(back["state"], "rolled_back");
    assert_eq!((&back["verdict"], &back["eta_pairs"]), (&back["reason"], &Value::Null));
    let late = home.post(&order("promote"), &json!({"reason": "oops"})).await;
    assert_eq!(late.status, StatusCode::CONFLICT);
    assert_eq!(home.get("/api/v1/canaries/c-none").await.status, StatusCode::NOT_FOUND);

    let overview = home.get("/api/v1/overview").await.json();
    assert_eq!(overview["attention"][0]["kind"], "rolled_back");
    assert_eq!(overview["attention"][0]["href"], format!("/canaries/{id}"));
    let kinds: Vec<&str> =
        overview["events"].as_array().unwrap().iter().map(|event| event["kind"].as_str().unwrap()).collect();
    assert!(kinds.contains(&"rolled_back") && kinds.contains(&"started"), "{kinds:?}");
}

#[tokio::test]
async fn a_promotion_by_hand_makes_a_revision_with_its_author() {
    let home = open().await;
    let canary = start(&home).await;
    let id = canary["id"].as_str().unwrap();
    let path = format!("/api/v1/canaries/{id}/promote");
    home.clock.advance(Duration::from_secs(5));
    let promoted = home.post(&path, &json!({"reason": "known good"})).await.json();
    assert_eq!(promoted["state"], "promoted");
    let policies = home.get("/api/v1/workloads/maths/policies").await.json();
    let head = &policies["items"][0];
    assert_eq!((&head["revision"], &head["parent"]), (&json!("r-0002"), &json!("r-0001")));
    assert_eq!(head["admitted"], json!(["sim/small", "sim/large"]));
    assert_eq!(head["author"], json!({"kind": "operator", "name": "local"}));
    assert_eq!(head["at"], "2026-11-21T00:00:05.000Z");
    assert_eq!(policies["items"][1]["author"], json!({"kind": "config"}));
}

#[tokio::test]
async fn a_history_replays_byte_for_byte() {
    let home = open().await;
    let canary = start(&home).await;
    let id = canary["id"].as_str().unwrap();
    run(&home, id, 0.4).await;
    for order in ["pause", "resume", "roll_back"] {
        let got = home.post(&format!("/api/v1/canaries/{id}/{order}"), &json!({"reason": order})).await;
        assert_eq!(got.status, StatusCode::OK, "{got:?}");
        home.clock.advance(Duration::from_secs(1));
    }
    // What comes later was not seen then.
    run(&home, "c-other", 1.0).await;
    let replay = home.get(&format!("/api/v1/canaries/{id}/replay")).await.json();
    assert_eq!((&replay["same"], &replay["chain"]["broken_at"]), (&json!(true), &Value::Null), "{replay}");
    assert_eq!(replay["events"].as_array().unwrap().len(), 4);
    assert_eq!(replay["chain"]["events"], 4);
}

#[tokio::test]
async fn a_freeze_blocks_what_moves_towards_the_candidate_only() {
    let home = open().await;
    let canary = start(&home).await;
    let id = canary["id"].as_str().unwrap();
    let say = async |word: &str| home.post(&format!("/api/v1/canaries/{id}/{word}"), &json!({})).await;
    let frozen = home.post("/api/v1/freezes", &json!({"reason": "release"})).await.json();
    assert_eq!(frozen["items"][0]["workload"], Value::Null);
    assert_eq!(say("promote").await.status, StatusCode::CONFLICT);
    assert_eq!(say("pause").await.status, StatusCode::OK);
    let refused = say("resume").await;
    assert!(refused.message().contains("is frozen"), "{}", refused.message());
    assert_eq!(home.post("/api/v1/freezes/lift", &json!({})).await.json()["items"], json!([]));
    assert_eq!(say("resume").await.status, StatusCode::OK);
    home.post("/api/v1/freezes", &json!({"workload": "maths"})).await;
    assert_eq!(say("roll_back").await.json()["state"], "rolled_back");
    assert_eq!(home.post("/api/v1/freezes", &json!({"workload": "poems"})).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn four_eyes_take_somebody_else_and_a_rejection_ends_it() {
    let home = open().await;
    let body = json!({"workload": "maths", "candidate": "sim/small", "four_eyes": true});
    let canary = home.post("/api/v1/canaries", &body).await.json();
    assert_eq!((&canary["state"], &canary["share"]), (&json!("awaiting_approval"), &json!(0.0)));
    let id = canary["id"].as_str().unwrap();
    let own = home.post(&format!("/api/v1/canaries/{id}/approve"), &json!({})).await;
    assert_eq!(own.status, StatusCode::CONFLICT);
    assert!(own.message().contains("somebody else must approve"), "{}", own.message());
    let over = home.post(&format!("/api/v1/canaries/{id}/reject"), &json!({"reason": "not now"})).await.json();
    assert_eq!((&over["state"], &over["reason"]), (&json!("rejected"), &json!("rejected by local: not now")));
    let body = json!({"workload": "maths", "candidate": "sim/small", "approval": true});
    let id = home.post("/api/v1/canaries", &body).await.json()["id"].as_str().unwrap().to_owned();
    let begun = home.post(&format!("/api/v1/canaries/{id}/approve"), &json!({})).await.json();
    assert_eq!(begun["state"], "running");
}

#[tokio::test]
async fn the_pairs_tell_how_many_requests_became_evidence_and_which_answers_differ_most() {
    let home = open().await;
    let canary = start(&home).await;
    let id = canary["id"].as_str().unwrap();
    run(&home, id, 0.4).await;
    let pairs = home.get(&format!("/api/v1/canaries/{id}/pairs")).await.json();
    assert_eq!(
        pairs["funnel"],
        json!({"offered": 40, "units": 40, "paired": 20, "scored": 20, "imputed": 0}),
        "every request is one unit, and each pair takes two"
    );
    assert_eq!(pairs["worse"].as_array().unwrap().len(), 20);
    assert_eq!(pairs["better"], json!([]));
    assert_eq!(pairs["same_prompt"], json!([]));
    let widest = &pairs["worse"][0];
    assert!((widest["delta"].as_f64().unwrap() + 0.6).abs() < 1e-9, "{widest}");
    let span = widest["candidate"]["span_id"].as_str().unwrap();
    let trace = home.get(&format!("/api/v1/traces/{span}")).await.json();
    assert_eq!(trace["arm"], "candidate", "the pair's request can be opened: {trace}");
}

#[tokio::test]
async fn the_share_that_each_arm_got_is_told_beside_the_share_that_was_set() {
    let home = open().await;
    let canary = start(&home).await;
    let id = canary["id"].as_str().unwrap();
    run(&home, id, 0.4).await;
    let share = home.get(&format!("/api/v1/canaries/{id}/share")).await.json();
    assert_eq!(share["set"][0], 0.05);
    let got: Vec<f64> = share["candidate"].as_array().unwrap().iter().filter_map(serde_json::Value::as_f64).collect();
    assert!(!got.is_empty() && got.iter().all(|share| (0.0..=1.0).contains(share)), "{share}");
    let lengths = ["set", "candidate", "control"].map(|name| share[name].as_array().unwrap().len());
    assert!(lengths.iter().all(|length| *length == lengths[0]), "{lengths:?}");

    let paused = home.post(&format!("/api/v1/canaries/{id}/pause"), &json!({"reason": "lunch"})).await;
    assert_eq!(paused.status, StatusCode::OK, "{paused:?}");
    home.clock.advance(Duration::from_secs(60));
    let share = home.get(&format!("/api/v1/canaries/{id}/share")).await.json();
    assert!(share["set"].as_array().unwrap().last().unwrap().is_null(), "nothing is set while it is held: {share}");
}

//! Prompts told apart by whose key they come with and by their language: a candidate that is worse for one tenant, or in one
//! language, is kept out of that part alone, and serves the rest.

use std::{sync::Arc, time::Duration};

use reqwest::Method;
use serde_json::{Value, json};
use weir::app::Options;
use weir_core::{Timestamp, clock::ManualClock};

use crate::{
    plumbing::{Answer, CONFIG, Scene},
    rig::{Rig, ask, eventually, secret},
};

/// Each third prompt is in German.
fn body(number: u64) -> Value {
    let words = if number.is_multiple_of(3) {
        format!("Was ist die Antwort auf die Frage {number}?")
    } else {
        format!("What is the answer to the question {number}?")
    };
    ask("weir/maths", &words)
}

/// The candidate is better by forty points, and worse by sixty in German.
fn quality(answer: &Answer) -> f64 {
    match (answer.deployment.as_str(), answer.segment.as_str()) {
        ("sim/small", "german") => 0.1,
        ("sim/small", _) => 1.0,
        (_, "german") => 0.7,
        _ => 0.6,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_candidate_that_is_worse_in_one_language_is_not_asked_in_it() {
    let policy = "policy = [\"filter\", \"canary\", \"floor\", \"cost\"]\nfloor = 0.5\nsegments = [\"language\"]";
    let config = CONFIG.replace(r#"policy = ["filter", "canary"]"#, policy);
    let mut scene = Scene::with(&config, 1, &[0.5]).await;
    let answers = scene.send_these(120, 1, body, quality).await;
    assert!(answers.iter().all(|answer| ["german", "english"].contains(&answer.segment.as_str())), "{answers:?}");
    assert_eq!(answers.iter().filter(|answer| answer.segment == "german").count(), 40);
    scene.grade(&answers).await;
    let windows = eventually("windows of both languages", async || {
        let windows = scene.rig.api("/workloads/maths/windows").await;
        let parts: Vec<&str> =
            windows["parts"].as_array()?.iter().filter_map(|part| part["segment"].as_str()).collect();
        (parts.contains(&"german") && parts.contains(&"english")).then_some(())
    });
    windows.await;

    // The part is a person's to leave out, by its name.
    let canary = &scene.canary;
    let ended = scene.rig.order(&format!("/canaries/{canary}/roll_back"), json!({"reason": ""})).await;
    assert!([200, 409].contains(&ended.status.as_u16()), "by a person, or already by its grades: {ended:?}");
    let order = json!({
        "workload": "maths", "candidate": "sim/small", "cooldown_ms": 0, "except": ["german"], "steps": [0.5],
        "margin": 0.1, "min_pairs": 10, "step_pairs": 5, "bake_ms": 0, "min_duration_ms": 0, "risk_budget": 1.0,
        "verify_pairs": 0, "score_timeout_ms": 120_000,
    });
    let started = scene.rig.order("/canaries", order).await.expect(201).json();
    assert_eq!(started["scoped_out"], json!(["german"]), "{started}");
    started["id"].as_str().unwrap().clone_into(&mut scene.canary);
    eventually("its exposure", async || scene.rig.app.snapshots.load().workloads["maths"].canary.as_ref().map(drop))
        .await;
    let mut view = Value::Null;
    for _ in 0..4 {
        let answers = scene.send_these(360, 1, body, quality).await;
        assert!(answers.iter().all(|answer| answer.segment != "german" || answer.arm.is_empty()), "{answers:?}");
        scene.grade(&answers).await;
        view = scene.settle(Duration::from_secs(10)).await;
        if view["state"] != "running" {
            break;
        }
    }
    assert_eq!(view["state"], json!("promoted"), "{view}");
    eventually("the new revision serves", async || {
        let reply = scene.rig.chat_with(&[], body(1)).await.expect(200);
        (reply.header("x-weir-revision") == "r-0002").then_some(())
    })
    .await;
    for number in 0..12 {
        let reply = scene.rig.chat_with(&[], body(number)).await.expect(200);
        let wanted = if number.is_multiple_of(3) { "sim/large" } else { "sim/small" };
        assert_eq!(reply.deployment(), wanted, "{number}: {reply:?}");
    }
    scene.rig.stop().await;
}

const KEYS: &str = r#"
[server]
bind = "127.0.0.1:0"
data_dir = "data"
[keys.root]
secret = "env:KEY_ROOT"
grant = "admin"
[keys.acme]
secret = "env:KEY_ACME"
[keys.globex]
secret = "env:KEY_GLOBEX"
[workloads.maths]
candidates = ["sim/large", "sim/small"]
admitted = ["sim/large", "sim/small"]
floor = 0.5
policy = ["filter", "canary", "floor", "cost"]
segments = ["tenant"]
tenants = ["acme"]
"#;

/// A call with somebody's key.
async fn called(rig: &Rig, key: &str, path: &str, body: Value) -> crate::rig::Reply {
    let key = format!("Bearer {}", secret(key).unwrap());
    let headers = [("authorization", key.as_str()), ("content-type", "application/json"), ("x-weir-explain", "1")];
    rig.send(Method::POST, path, &headers, body.to_string()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_named_tenant_is_routed_by_its_own_grades_and_all_others_by_theirs() {
    let clock = Arc::new(ManualClock::new(Timestamp(1_800_000_000_000_000)));
    let rig = Rig::with(KEYS, Options { clock: Some(clock), ..Options::default() }).await;
    let ask_as = async |key: &str, number: u32| {
        let reply =
            called(&rig, key, "/v1/chat/completions", ask("weir/maths", &format!("{number}"))).await.expect(200);
        let decision: Value = serde_json::from_str(reply.header("x-weir-decision")).unwrap();
        (reply, decision["segment"].as_str().unwrap().to_owned())
    };
    // The cheap one is bad at what acme asks, and good at what everybody else does.
    let pinned = async |key: &str, number: u32, model: &str, grade: f64| {
        let mut body = ask(model, &format!("{number}"));
        body["model"] = model.into();
        let key_header = format!("Bearer {}", secret(key).unwrap());
        let headers = [("authorization", key_header.as_str()), ("x-weir-workload", "maths")];
        let reply =
            rig.send(Method::POST, "/v1/chat/completions", &headers, body.to_string()).await.unwrap().expect(200);
        let score = json!({"span_id": reply.span(), "name": "quality", "value": grade});
        eventually("the answer can be graded", async || {
            let posted = called(&rig, key, "/api/v1/scores", score.clone()).await;
            (posted.status == 201).then_some(())
        })
        .await;
    };
    for number in 0..40 {
        pinned("KEY_ACME", number, "sim/small", 0.0).await;
        pinned("KEY_ACME", number, "sim/large", 1.0).await;
        pinned("KEY_GLOBEX", number, "sim/small", 1.0).await;
        pinned("KEY_ROOT", number, "sim/large", 1.0).await;
    }
    eventually("acme is sent to the dear one", async || {
        let (reply, segment) = ask_as("KEY_ACME", 100).await;
        assert_eq!(segment, "tenant:acme");
        (reply.deployment() == "sim/large").then_some(())
    })
    .await;
    for (key, segment, deployment) in [
        ("KEY_ACME", "tenant:acme", "sim/large"),
        ("KEY_GLOBEX", "other-tenants", "sim/small"),
        ("KEY_ROOT", "other-tenants", "sim/small"),
    ] {
        for number in 200..206 {
            let (reply, part) = ask_as(key, number).await;
            assert_eq!((part.as_str(), reply.deployment()), (segment, deployment), "{key} {number}");
        }
    }
    rig.stop().await;
}

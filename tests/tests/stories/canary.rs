//! Canaries from the order to the verdict, on live traffic with planted quality.

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::rig::{ITEMS, MATHS, Rig, eventually, item};

/// Requests at once.
const CROWD: usize = 32;

/// Fast settings: half of the units in each arm at the last step, a wide margin, few pairs.
fn order(candidate: &str) -> Value {
    json!({
        "workload": "maths", "candidate": candidate, "steps": [0.25, 0.5], "margin": 0.2,
        "min_pairs": 20, "step_pairs": 5, "alpha_promote": 0.05, "alpha_rollback": 0.05, "score_timeout_ms": 5000,
        "bake_ms": 0, "min_duration_ms": 0, "risk_budget": 1.0, "verify_pairs": 0,
    })
}

/// Sends traffic until the canary is at an end; its last view.
async fn play(rig: &Rig, id: &str) -> Value {
    let mut turn = 0;
    eventually("a verdict", async || {
        let mut crowd = JoinSet::new();
        for number in 0..CROWD {
            let (caller, prompt) = (rig.caller.clone(), item((turn * CROWD + number) % ITEMS).0);
            crowd.spawn(async move { caller.chat("weir/maths", &prompt).await.expect(200) });
        }
        crowd.join_all().await;
        turn += 1;
        let view = rig.api(&format!("/canaries/{id}")).await;
        (view["state"] != "running").then_some(view)
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_good_candidate_is_promoted_and_serves_what_comes_next() {
    let rig = Rig::start(MATHS).await;
    let started = rig.order("/canaries", order("sim/small")).await.expect(201).json();
    assert_eq!((&started["state"], &started["control"]), (&json!("running"), &json!("sim/large")));
    let second = rig.order("/canaries", order("sim/medium")).await;
    assert_eq!((second.status.as_u16(), &second.json()["code"]), (409, &json!("W0107")));

    let view = play(&rig, started["id"].as_str().unwrap()).await;
    assert_eq!(view["state"], json!("promoted"), "{view}");
    let evidence = &view["evidence"];
    assert!(evidence["pairs"].as_u64().unwrap() >= 20, "{evidence}");
    assert!(evidence["log_e_promote"].as_f64() >= evidence["promote_at"].as_f64(), "{evidence}");
    let states: Vec<_> = view["events"].as_array().unwrap().iter().map(|event| event["state"].clone()).collect();
    assert_eq!(states, ["running", "running", "promoted"], "started, advanced, promoted: {view}");

    let policies = rig.api("/workloads/maths/policies").await;
    let head = &policies["items"][0];
    assert_eq!((&head["revision"], &head["parent"]), (&json!("r-0002"), &json!("r-0001")));
    assert_eq!(head["admitted"], json!(["sim/small", "sim/large"]));
    let kinds: Vec<_> =
        rig.api("/events?limit=20").await["items"].as_array().unwrap().iter().map(|e| e["kind"].clone()).collect();
    assert!(kinds.contains(&json!("promoted")) && kinds.contains(&json!("started")), "{kinds:?}");

    let next = eventually("the new revision serves", async || {
        let reply = rig.chat("weir/maths", &item(1).0).await.expect(200);
        (reply.header("x-weir-revision") == "r-0002").then_some(reply)
    })
    .await;
    assert_eq!(next.deployment(), "sim/small");
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bad_candidate_is_rolled_back_and_gets_no_more_traffic() {
    let rig = Rig::start(MATHS).await;
    rig.sim().set_quality("small", None, 0.2);
    rig.sim().set_quality("small", Some("maths"), 0.2);
    let id = rig.order("/canaries", order("sim/small")).await.expect(201).json()["id"].as_str().unwrap().to_owned();
    let view = play(&rig, &id).await;
    assert_eq!(view["state"], json!("rolled_back"), "{view}");
    // Whichever proof is first: of the loss, or of a mean below the workload's floor.
    let reason = view["reason"].as_str().unwrap();
    assert!(reason.contains("worse than sim/large") || reason.contains("below the floor"), "{view}");
    assert!(view["evidence"]["delta"].as_f64().unwrap() < -0.2, "{view}");
    let policies = rig.api("/workloads/maths/policies").await;
    assert_eq!(policies["items"].as_array().unwrap().len(), 1, "a retreat needs no new revision: {policies}");

    eventually("the snapshot without the canary", async || {
        let snapshot = rig.app.snapshots.load();
        snapshot.workloads["maths"].canary.is_none().then_some(())
    })
    .await;
    let before = rig.sim().counters("small").requests;
    for number in 0..50 {
        assert_eq!(rig.chat("weir/maths", &item(number).0).await.deployment(), "sim/large");
    }
    assert_eq!(rig.sim().counters("small").requests, before);
    // It is over, so another one may begin.
    rig.order("/canaries", order("sim/medium")).await.expect(201);
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_who_promote_at_once_one_does_and_the_other_hears_who() {
    let rig = Rig::start(MATHS).await;
    let id = rig.order("/canaries", order("sim/small")).await.expect(201).json()["id"].as_str().unwrap().to_owned();
    let promote = async |why: &str| rig.order(&format!("/canaries/{id}/promote"), json!({"reason": why})).await;
    let (ada, bob) = tokio::join!(promote("ada is sure"), promote("bob is sure"));
    let mut statuses = [ada.status.as_u16(), bob.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409], "{ada:?} {bob:?}");
    let refused = if ada.status == 409 { ada } else { bob };
    assert!(refused.json()["message"].as_str().unwrap().contains(&id), "{refused:?}");
    let revisions = rig.api("/workloads/maths/policies").await;
    assert_eq!(revisions["items"].as_array().unwrap().len(), 2, "{revisions}");
    let events = rig.api(&format!("/canaries/{id}")).await["events"].clone();
    let states: Vec<_> = events.as_array().unwrap().iter().map(|event| event["state"].clone()).collect();
    assert_eq!(states, ["running", "promoted"]);
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proven_candidate_takes_all_but_a_hold_back_until_it_is_verified() {
    let rig = Rig::start(MATHS).await;
    let mut order = order("sim/small");
    order["verify_pairs"] = json!(3);
    let id = rig.order("/canaries", order).await.expect(201).json()["id"].as_str().unwrap().to_owned();
    let view = play(&rig, &id).await;
    assert_eq!(view["state"], json!("verifying"), "{view}");
    let slot = eventually("its exposure", async || {
        rig.app.snapshots.load().workloads["maths"].canary.clone().filter(|slot| slot.takes_over)
    })
    .await;
    assert!((slot.share - 0.05).abs() < 1e-9, "{slot:?}");
    let view = eventually("the end of the verification", async || {
        let mut crowd = JoinSet::new();
        for number in 0..CROWD {
            let (caller, prompt) = (rig.caller.clone(), item(number).0);
            crowd.spawn(async move { caller.chat("weir/maths", &prompt).await.expect(200).deployment().to_owned() });
        }
        let served = crowd.join_all().await;
        // Nine of ten by the hold-backs, or more.
        assert!(served.iter().filter(|who| *who == "sim/small").count() * 2 > CROWD, "{served:?}");
        let view = rig.api(&format!("/canaries/{id}")).await;
        (view["state"] != "verifying").then_some(view)
    })
    .await;
    assert_eq!(view["state"], json!("promoted"), "{view}");
    let states: Vec<_> = view["events"].as_array().unwrap().iter().map(|event| event["state"].clone()).collect();
    assert_eq!(states, ["running", "running", "verifying", "promoted"], "{view}");
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_holds_resumes_and_ends_a_canary() {
    let rig = Rig::start(MATHS).await;
    let id = rig.order("/canaries", order("sim/small")).await.expect(201).json()["id"].as_str().unwrap().to_owned();
    let say = async |what: &str| rig.order(&format!("/canaries/{id}/{what}"), json!({"reason": "because"})).await;
    assert_eq!(say("pause").await.expect(200).json()["state"], json!("held"));
    assert_eq!(say("pause").await.status, 409, "it is held already");
    assert_eq!(say("resume").await.expect(200).json()["state"], json!("running"));
    assert_eq!(say("roll_back").await.expect(200).json()["state"], json!("rolled_back"));
    assert_eq!(say("promote").await.status, 409, "it is over");
    let events = rig.api(&format!("/canaries/{id}")).await["events"].clone();
    let actors: Vec<_> = events.as_array().unwrap().iter().map(|event| event["actor"].clone()).collect();
    assert_eq!(actors, ["local"; 4]);
    rig.stop().await;
}

//! A changed `weir.toml` takes effect while the process runs; one that is wrong changes nothing.

use std::fs;

use serde_json::json;

use crate::{
    process::Process,
    rig::{eventually, folder, whole},
};

const ONE: &str = "[workloads.one]\ncandidates = [\"sim/large\"]\nfloor = 0.8\n";
const TWO: &str = "[workloads.two]\ncandidates = [\"sim/large\"]\nfloor = 0.8\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_valid_edit_takes_effect_and_an_invalid_one_keeps_what_was() {
    let dir = folder(ONE);
    let file = dir.path().join("weir.toml");
    let process = Process::start(dir.path());
    let caller = &process.caller;
    caller.chat("weir/one", "hello").await.expect(200);
    caller.chat("weir/two", "hello").await.expect(404);

    fs::write(&file, whole(&format!("{ONE}{TWO}"))).unwrap();
    eventually("the new workload is served", async || {
        (caller.chat("weir/two", "hello").await.status == 200).then_some(())
    })
    .await;

    fs::write(&file, whole(&format!("{ONE}[workloads.two]\ncandidates = [\"sim/lrage\"]\nfloor = 0.8\n"))).unwrap();
    eventually("the log tells why", async || process.log().contains("sim/lrage").then_some(())).await;
    let log = process.log();
    assert!(log.contains("the configuration stays as it was") && log.contains("sim/large"), "{log}");
    caller.chat("weir/two", "hello").await.expect(200);

    // A scorer that does not compile is found later than the schema, and changes as little.
    let scorer = "[scorers.bad]\nkind = \"regex\"\nmatches = \"(\"\n";
    fs::write(&file, whole(&format!("{ONE}{scorer}"))).unwrap();
    eventually("the log tells of the scorer", async || process.log().contains("scorers.bad").then_some(())).await;
    caller.chat("weir/two", "hello").await.expect(200);

    fs::write(&file, whole(TWO)).unwrap();
    eventually("the old workload is gone", async || {
        (caller.chat("weir/one", "hello").await.status == 404).then_some(())
    })
    .await;
    caller.chat("weir/two", "hello").await.expect(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_candidate_that_is_taken_out_while_it_ramps_ends_its_canary_and_callers_are_served() {
    let dir = folder(&ONE.replace("[\"sim/large\"]", "[\"sim/large\", \"sim/small\"]"));
    let process = Process::start(dir.path());
    let caller = &process.caller;
    // The whole share at once: by its usual budget one request in a hundred would be exposed.
    let order = json!({"workload": "one", "candidate": "sim/small", "steps": [0.5], "risk_budget": 1.0});
    let started = caller.order("/canaries", order).await.expect(201).json();
    let id = started["id"].as_str().unwrap();
    eventually("somebody is exposed", async || {
        let reply = caller.chat("weir/one", "hello").await.expect(200);
        (reply.deployment() == "sim/small").then_some(())
    })
    .await;

    fs::write(dir.path().join("weir.toml"), whole(ONE)).unwrap();
    let view = eventually("its end", async || {
        let reply = caller.chat("weir/one", "hello").await;
        assert_eq!(reply.status, 200, "callers are served throughout: {reply:?}");
        let view = caller.api(&format!("/canaries/{id}")).await;
        (view["state"] == "aborted").then_some(view)
    })
    .await;
    let last = view["events"].as_array().unwrap().last().unwrap();
    assert_eq!((&last["actor"], &last["state"]), (&json!("optimizer"), &json!("aborted")), "{view}");
    assert!(!last["reason"].as_str().unwrap().is_empty(), "{last}");
    for _ in 0..20 {
        assert_eq!(caller.chat("weir/one", "hello").await.expect(200).deployment(), "sim/large");
    }
    assert_eq!(caller.api(&format!("/canaries/{id}/replay")).await["same"], json!(true));
}

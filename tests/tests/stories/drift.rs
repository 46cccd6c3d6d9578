//! A deployment that becomes bad is found, set aside while another admitted one can serve, and taken back by golden
//! probes when it is well again: through the whole process, on a clock of its own.

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};
use tokio::{task::JoinSet, time::sleep};
use weir::app::Options;
use weir_core::{Timestamp, clock::ManualClock};

use crate::rig::{ITEMS, MATHS, Rig, eventually, item};

/// Requests at once.
const CROWD: usize = 32;

async fn traffic(rig: &Rig, clock: &ManualClock, crowds: usize) {
    for crowd in 0..crowds {
        let mut tasks = JoinSet::new();
        for number in 0..CROWD {
            let (caller, prompt) = (rig.caller.clone(), item((crowd * CROWD + number) % ITEMS).0);
            tasks.spawn(async move { caller.chat("weir/maths", &prompt).await.expect(200) });
        }
        tasks.join_all().await;
        clock.advance(Duration::from_secs(1));
    }
}

async fn window(rig: &Rig, deployment: &str) -> Value {
    let windows = rig.api("/workloads/maths/windows").await;
    let items = windows["items"].as_array().unwrap().clone();
    items.into_iter().find(|item| item["deployment"] == deployment).unwrap_or_default()
}

async fn kinds(rig: &Rig) -> Vec<Value> {
    let events = rig.api("/events?limit=50").await;
    events["items"].as_array().unwrap().iter().map(|event| event["kind"].clone()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_decline_is_found_set_aside_told_and_taken_back_by_probes() {
    // Without a floor, so that suspicion alone is what acts; cost keeps the traffic on the cheap one.
    let config = MATHS
        .replace("floor = 0.8\n", "policy = [\"filter\", \"canary\", \"weighted_\"]\n")
        .replace("\"weighted_\"", "{ stage = \"weighted\", weights = { \"sim/small\" = 1.0 } }")
        .replace("[scorers.exact]", "probes = { every = \"1s\", items = 8, max_usd_per_day = 100.0 }\n[scorers.exact]");
    let clock = Arc::new(ManualClock::new(Timestamp(1_800_000_000_000_000)));
    let rig = Rig::with(&config, Options { clock: Some(clock.clone()), ..Options::default() }).await;
    // A person admits the small one at once.
    let order = json!({"workload": "maths", "candidate": "sim/small"});
    let canary = rig.order("/canaries", order).await.expect(201).json()["id"].as_str().unwrap().to_owned();
    rig.order(&format!("/canaries/{canary}/promote"), json!({"reason": "a story"})).await.expect(200);
    eventually("it serves", async || {
        (rig.chat("weir/maths", &item(0).0).await.deployment() == "sim/small").then_some(())
    })
    .await;

    traffic(&rig, &clock, 8).await;
    eventually("a level of its own", async || (window(&rig, "sim/small").await["state"] == "steady").then_some(()))
        .await;
    rig.sim().set_quality("small", None, 0.0);
    rig.sim().set_quality("small", Some("maths"), 0.0);
    eventually("suspicion", async || {
        traffic(&rig, &clock, 1).await;
        (window(&rig, "sim/small").await["state"] == "suspect").then_some(())
    })
    .await;
    eventually("set aside", async || {
        let reply = rig.chat("weir/maths", &item(1).0).await;
        (reply.deployment() == "sim/large").then_some(reply)
    })
    .await;
    assert!(kinds(&rig).await.contains(&json!("drifted")));

    // Well again: nobody is sent there, and probes alone clear its name before the cool-down has passed.
    rig.sim().set_quality("small", None, 1.0);
    rig.sim().set_quality("small", Some("maths"), 1.0);
    eventually("back", async || {
        clock.advance(Duration::from_secs(2));
        sleep(Duration::from_millis(100)).await;
        (window(&rig, "sim/small").await["state"] != "suspect").then_some(())
    })
    .await;
    eventually("it serves again", async || {
        (rig.chat("weir/maths", &item(2).0).await.deployment() == "sim/small").then_some(())
    })
    .await;
    assert!(kinds(&rig).await.contains(&json!("recovered")));
    rig.stop().await;
}

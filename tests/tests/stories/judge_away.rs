//! A judge that hangs for ten minutes: whoever calls notices nothing, and nothing is routed otherwise than before.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tokio::task::JoinSet;
use weir::app::Options;
use weir_core::{Timestamp, clock::ManualClock};
use weir_sim::Fault;

use crate::rig::{Rig, eventually, item};

/// Half of the traffic each, as far as the floor lets them; the judge is neither.
const CONFIG: &str = r#"
[server]
bind = "127.0.0.1:0"
data_dir = "data"
drain_ms = 500
[workloads.maths]
candidates = ["sim/large", "sim/small"]
admitted = ["sim/large", "sim/small"]
floor = 0.5
policy = ["filter", "canary", "floor", { stage = "weighted", weights = { "sim/large" = 0.5, "sim/small" = 0.5 } }]
scorers = ["factual"]
[scorers.factual]
kind = "judge"
model = "sim/medium"
template = "factuality"
repeat = 0
[datasets.maths]
file = "maths.jsonl"
workload = "maths"
"#;
/// Requests to each deployment before the judge hangs, and in all in each minute after it.
const BEFORE: usize = 32;
const A_MINUTE: usize = 24;
const MINUTES: usize = 10;

/// What was decided of one request.
struct Routed {
    deployment: String,
    revision: String,
    /// The probability of each deployment to lead.
    chances: BTreeMap<String, String>,
    took: Duration,
}

/// Answers of both, by name, so that both are proven.
async fn proven(rig: &Rig) {
    let mut tasks = JoinSet::new();
    for number in 0..BEFORE {
        for deployment in ["sim/large", "sim/small"] {
            let (caller, body) = (rig.caller.clone(), crate::rig::ask(deployment, &item(number).0));
            tasks.spawn(async move { caller.chat_with(&[("x-weir-workload", "maths")], body).await.expect(200) });
        }
    }
    tasks.join_all().await;
}

async fn asked(rig: &Rig, numbers: std::ops::Range<usize>) -> Vec<Routed> {
    let mut tasks = JoinSet::new();
    for number in numbers {
        let (caller, prompt) = (rig.caller.clone(), item(number).0);
        tasks.spawn(async move {
            let start = Instant::now();
            let body = crate::rig::ask("weir/maths", &prompt);
            let reply = caller.chat_with(&[("x-weir-explain", "1")], body).await.expect(200);
            let took = start.elapsed();
            let decision: Value = serde_json::from_str(reply.header("x-weir-decision")).unwrap();
            let chance = |candidate: &Value| {
                let name = candidate["deployment"].as_str().unwrap().to_owned();
                (name, candidate["state"]["propensity"].to_string())
            };
            let chances = decision["candidates"].as_array().unwrap().iter().map(chance).collect();
            let (deployment, revision) = (reply.deployment().to_owned(), reply.header("x-weir-revision").to_owned());
            Routed { deployment, revision, chances, took }
        });
    }
    tasks.join_all().await
}

async fn windows(rig: &Rig) -> Value {
    let windows = rig.api("/workloads/maths/windows").await;
    let rows = windows["items"].as_array().unwrap().iter();
    rows.map(|row| json!([row["deployment"], row["n"], row["mean"]])).collect()
}

/// The windows, once so many grades are in them.
async fn graded(rig: &Rig, wanted: usize) -> Value {
    eventually("every answer counts", async || {
        let windows = windows(rig).await;
        let n: u64 = windows.as_array().unwrap().iter().filter_map(|row| row[1].as_u64()).sum();
        (n == wanted as u64).then_some(windows)
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_judge_hangs_for_ten_minutes_callers_are_served_and_every_share_stays() {
    let clock = Arc::new(ManualClock::new(Timestamp(1_800_000_000_000_000)));
    let rig = Rig::with(CONFIG, Options { clock: Some(clock.clone()), ..Options::default() }).await;
    proven(&rig).await;
    graded(&rig, 2 * BEFORE).await;
    let before = asked(&rig, 0..1).await.remove(0);
    assert!(before.chances.len() == 2 && before.chances.values().all(|chance| chance == "0.5"), "{:?}", before.chances);
    let known = graded(&rig, 2 * BEFORE + 1).await;

    rig.sim().set_fault("medium", Fault::Hang, 1.0);
    let mut served: BTreeMap<String, usize> = BTreeMap::new();
    for minute in 0..MINUTES {
        clock.advance(Duration::from_secs(60));
        // Prompts that nobody has judged yet: an answer that is known needs no judge.
        let from = BEFORE + minute * A_MINUTE;
        for routed in asked(&rig, from..from + A_MINUTE).await {
            assert_eq!((&routed.revision, &routed.chances), (&before.revision, &before.chances), "minute {minute}");
            assert!(routed.took < Duration::from_secs(10), "a caller waits for no judge: {:?}", routed.took);
            *served.entry(routed.deployment).or_default() += 1;
        }
    }
    // A fair coin's five deviations; the chances themselves are equal to the last digit.
    let all = (MINUTES * A_MINUTE) as f64;
    for (deployment, count) in &served {
        assert!((*count as f64 - all / 2.0).abs() < 5.0 * (all / 4.0).sqrt(), "{deployment}: {served:?}");
    }
    assert_eq!(served.len(), 2, "{served:?}");
    assert_eq!(windows(&rig).await, known, "no window moved");
    assert_eq!(rig.api("/workloads/maths/policies").await["items"].as_array().unwrap().len(), 1);

    // What is not judged waits where it can be seen, each answer once.
    let counts = rig.api("/jobs").await["counts"].clone();
    let open = ["ready", "running", "failed", "dead"].map(|state| counts[state].as_u64().unwrap()).iter().sum::<u64>();
    assert!((1..=(MINUTES * A_MINUTE) as u64).contains(&open), "{counts}");
    rig.stop().await;
}

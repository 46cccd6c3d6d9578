//! An upgrade under load: the next process takes the port over from the one that serves, twice, and no caller notices.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering::Relaxed},
};

use serde_json::json;
use tokio::task::JoinSet;

use crate::{
    process::Process,
    rig::{Caller, MATHS, ask, eventually, folder, item},
};

const CALLERS: usize = 12;
/// Answers before, between and after the two changes.
const ANSWERS: usize = 300;

/// What callers met.
#[derive(Default)]
struct Met {
    spans: Mutex<Vec<String>>,
    failures: Mutex<Vec<String>>,
    enough: AtomicBool,
}

/// Asks and streams until there is enough; every third caller over a new connection each time.
async fn load(caller: Caller, met: Arc<Met>, seed: usize) {
    for number in seed.. {
        if met.enough.load(Relaxed) {
            return;
        }
        let caller = if seed.is_multiple_of(3) { Caller::new(caller.base.clone()) } else { caller.clone() };
        let mut body = ask("weir/maths", &item(number % 100).0);
        let streamed = number.is_multiple_of(2);
        body["stream"] = json!(streamed);
        let sent = caller.send(reqwest::Method::POST, "/v1/chat/completions", &[], body.to_string()).await;
        match sent {
            Ok(reply) if reply.status == 200 && (!streamed || reply.body.ends_with("[DONE]\n\n")) => {
                met.spans.lock().unwrap().push(reply.span().to_owned());
            }
            other => met.failures.lock().unwrap().push(format!("{other:?}")),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "long: cargo xtask stories"]
async fn a_process_takes_over_from_the_one_that_serves_and_no_request_fails() {
    let dir = folder(MATHS);
    let mut serving = Process::start(dir.path());
    let (caller, met) = (serving.caller.clone(), Arc::new(Met::default()));
    let mut crowd = JoinSet::new();
    for seed in 0..CALLERS {
        crowd.spawn(load(caller.clone(), Arc::clone(&met), seed));
    }
    let more = async || {
        let before = met.spans.lock().unwrap().len();
        let answered = async || (met.spans.lock().unwrap().len() >= before + ANSWERS).then_some(());
        eventually("more answers", answered).await;
    };
    more().await;
    for _ in 0..2 {
        let next = Process::take_over(dir.path());
        assert_eq!(next.caller.base, caller.base, "the same port");
        let mut elder = std::mem::replace(&mut serving, next);
        assert!(elder.ended().await, "{}", elder.log());
        more().await;
    }
    met.enough.store(true, Relaxed);
    crowd.join_all().await;

    let failures = met.failures.lock().unwrap().clone();
    assert_eq!(failures, Vec::<String>::new(), "{}", serving.log());
    let spans = met.spans.lock().unwrap().clone();
    assert!(spans.len() >= 3 * ANSWERS);
    eventually("no job is left", async || {
        let counts = caller.api("/jobs").await["counts"].clone();
        (counts["ready"] == 0 && counts["running"] == 0).then_some(())
    })
    .await;
    for span in &spans {
        let trace = caller.trace(span).await;
        let scores = trace["scores"].as_array().unwrap().iter().filter(|score| score["scorer"] == "exact");
        assert_eq!(scores.count(), 1, "an answer is not scored exactly once: {trace}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_nobody_serves_a_takeover_is_a_start_and_one_that_was_killed_leaves_no_gap_in_the_record() {
    let dir = folder(MATHS);
    let first = Process::take_over(dir.path());
    let span = first.caller.chat("weir/maths", &item(1).0).await.expect(200).span().to_owned();
    first.kill();
    let second = Process::take_over(dir.path());
    second.caller.trace(&span).await;
    second.caller.chat("weir/maths", &item(2).0).await.expect(200);
}

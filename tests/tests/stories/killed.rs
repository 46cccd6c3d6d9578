//! `kill -9` in the middle of load, several times on one data directory: what a client saw complete is never lost.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use serde_json::json;
use tokio::task::JoinSet;

use crate::{
    process::Process,
    rig::{Caller, MATHS, ask, eventually, folder, item},
};

const ROUNDS: usize = 3;
const CALLERS: usize = 8;
/// Complete answers of a round before the blow.
const ANSWERS: usize = 60;

/// Between two tries to grade a span that is not known yet.
const AGAIN: Duration = Duration::from_millis(5);

/// What clients were told.
#[derive(Default)]
struct Told {
    spans: Mutex<Vec<String>>,
    /// Spans whose score was acknowledged.
    graded: Mutex<Vec<String>>,
    answers: AtomicUsize,
}

/// Asks, streams and grades until the connection breaks.
async fn load(caller: Caller, told: Arc<Told>, seed: usize) {
    for number in seed.. {
        let mut body = ask("weir/maths", &item(number % 100).0);
        let streamed = number % 3 == 0;
        body["stream"] = json!(streamed);
        let post = reqwest::Method::POST;
        let Ok(reply) = caller.send(post.clone(), "/v1/chat/completions", &[], body.to_string()).await else {
            return;
        };
        if reply.status != 200 || streamed && !reply.body.contains("[DONE]") {
            continue;
        }
        let span = reply.span().to_owned();
        told.spans.lock().unwrap().push(span.clone());
        told.answers.fetch_add(1, Relaxed);
        // A span is known a moment after its answer: until then a score is refused, and sent again.
        let mut unknown = number % 2 == 0;
        while unknown {
            let grade = json!({"span_id": span, "name": "thumbs", "value": 1.0}).to_string();
            let headers = [("content-type", "application/json")];
            let Ok(reply) = caller.send(post.clone(), "/api/v1/scores", &headers, grade).await else {
                return;
            };
            unknown = reply.status == 404;
            if reply.status == 201 {
                told.graded.lock().unwrap().push(span.clone());
            } else if unknown {
                tokio::time::sleep(AGAIN).await;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "long: cargo xtask stories"]
async fn no_answered_request_and_no_acknowledged_score_is_lost_to_kill_9() {
    let dir = folder(MATHS);
    let told = Arc::new(Told::default());
    for round in 0..ROUNDS {
        let process = Process::start(dir.path());
        let mut crowd = JoinSet::new();
        for seed in 0..CALLERS {
            crowd.spawn(load(process.caller.clone(), Arc::clone(&told), seed));
        }
        let enough = (round + 1) * ANSWERS;
        eventually("enough answers", async || (told.answers.load(Relaxed) >= enough).then_some(())).await;
        process.kill();
        crowd.join_all().await;
    }

    let process = Process::start(dir.path());
    let (spans, graded) = (told.spans.lock().unwrap().clone(), told.graded.lock().unwrap().clone());
    assert!(spans.len() >= ROUNDS * ANSWERS && graded.len() > ROUNDS, "{} spans, {} scores", spans.len(), graded.len());
    for span in &spans {
        process.caller.trace(span).await;
    }
    for span in &graded {
        let trace = process.caller.trace(span).await;
        let kept = trace["scores"].as_array().unwrap().iter().any(|score| score["scorer"] == "thumbs");
        assert!(kept, "an acknowledged score is gone: {trace}");
    }
    // Work that was queued or half done is done now, and none of it twice.
    eventually("no job is left", async || {
        let counts = process.caller.api("/jobs").await["counts"].clone();
        (counts["ready"] == 0 && counts["running"] == 0).then_some(())
    })
    .await;
    for span in &spans {
        let trace = process.caller.trace(span).await;
        let scores = trace["scores"].as_array().unwrap().iter().filter(|score| score["scorer"] == "exact");
        assert_eq!(scores.count(), 1, "an answer is not scored exactly once: {trace}");
    }
}

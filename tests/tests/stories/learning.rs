//! The loop: what is answered is scored, what is scored is known, what is known decides.

use serde_json::json;
use tokio::task::JoinSet;

use crate::rig::{MATHS, Rig, ask, eventually, item};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_is_recorded_scored_against_its_item_and_moves_its_window() {
    let rig = Rig::start(MATHS).await;
    let before = rig.api("/workloads/maths/windows").await;
    assert_eq!(before["items"], json!([]));

    let (prompt, answer) = item(7);
    let reply = rig.chat("weir/maths", &prompt).await.expect(200);
    assert_eq!(reply.json()["choices"][0]["message"]["content"], json!(answer));
    assert_eq!((reply.deployment(), reply.header("x-weir-revision")), ("sim/large", "r-0001"));

    let trace = rig.scored(reply.span()).await;
    assert_eq!((&trace["status"], &trace["origin"]), (&json!("ok"), &json!("client")));
    let score = &trace["scores"][0];
    assert_eq!((&score["scorer"], &score["status"], &score["value"]), (&json!("exact"), &json!("scored"), &json!(1.0)));

    rig.published(1).await;
    let after = rig.api("/workloads/maths/windows").await;
    let window = &after["items"][0];
    assert_eq!(
        (&window["deployment"], &window["n"], &window["quality"]),
        (&json!("sim/large"), &json!(1), &json!(true))
    );
    assert!(window["mean"].as_f64().unwrap() > 0.5, "{window}");

    // The next decision was made with that window in hand.
    let next = rig.chat("weir/maths", &item(8).0).await.expect(200);
    rig.trace(next.span()).await;
    let decision = rig.api(&format!("/decisions/{}", next.span())).await;
    assert_eq!(decision["decision"]["score_seq"], json!(1));
    assert_eq!(decision["decision"]["candidates"][0]["quality"]["n"], json!(1));
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_to_no_item_is_unscored_with_a_reason_and_never_a_zero() {
    let rig = Rig::start(MATHS).await;
    let reply = rig.chat("weir/maths", "What is the colour of the sky?").await.expect(200);
    let trace = rig.scored(reply.span()).await;
    let score = &trace["scores"][0];
    assert_eq!((&score["status"], &score["reason"]), (&json!("unscored"), &json!("no_reference")));
    assert_eq!(score["value"], json!(null));
    rig.published(1).await;
    let windows = rig.api("/workloads/maths/windows").await;
    assert_eq!((&windows["items"][0]["n"], &windows["items"][0]["unscored"]), (&json!(0), &json!(1)));
    rig.stop().await;
}

const BY_HAND: &str = r#"
[workloads.hand]
candidates = ["sim/large", "sim/medium", "sim/small"]
floor = 0.7
"#;

/// Serves and grades `count` requests pinned to one deployment; waits until the router knows.
async fn grade(rig: &Rig, deployment: &str, count: usize, value: f64) {
    let mut tasks = JoinSet::new();
    for number in 0..count {
        let (caller, deployment) = (rig.caller.clone(), deployment.to_owned());
        tasks.spawn(async move {
            let body = ask(&deployment, &format!("question {number}"));
            let reply = caller.chat_with(&[("x-weir-workload", "hand")], body).await.expect(200);
            assert_eq!((reply.deployment(), reply.header("x-weir-strategy")), (&*deployment, "pinned"));
            caller.trace(reply.span()).await;
            caller.grade(reply.span(), "quality", value).await.expect(201).json()["seq"].as_i64().unwrap()
        });
    }
    let last = tasks.join_all().await.into_iter().max().unwrap();
    rig.published(last).await;
}

/// A person promotes a candidate without waiting for evidence, and the next request sees it.
async fn promote(rig: &Rig, candidate: &str, revision: &str) {
    let order = json!({"workload": "hand", "candidate": candidate, "steps": [0.05]});
    let id = rig.order("/canaries", order).await.expect(201).json()["id"].as_str().unwrap().to_owned();
    let view = rig.order(&format!("/canaries/{id}/promote"), json!({"reason": "cheaper"})).await.expect(200).json();
    assert_eq!(view["state"], json!("promoted"));
    let served = eventually("the new revision serves", async || {
        let reply = rig.chat("weir/hand", "hello").await.expect(200);
        (reply.header("x-weir-revision") == revision).then_some(reply)
    })
    .await;
    assert_eq!(served.deployment(), candidate, "the stable one serves while nothing is known");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_grades_by_hand_send_the_next_request_elsewhere() {
    let rig = Rig::start(BY_HAND).await;
    assert_eq!(rig.chat("weir/hand", "hello").await.deployment(), "sim/large");
    promote(&rig, "sim/medium", "r-0002").await;
    promote(&rig, "sim/small", "r-0003").await;

    grade(&rig, "sim/large", 40, 1.0).await;
    assert_eq!(rig.chat("weir/hand", "hello").await.deployment(), "sim/large", "the only one that is proven");
    grade(&rig, "sim/medium", 40, 1.0).await;
    assert_eq!(rig.chat("weir/hand", "hello").await.deployment(), "sim/medium", "as good, and cheaper");

    grade(&rig, "sim/medium", 40, 0.0).await;
    let next = rig.chat("weir/hand", "hello").await.expect(200);
    assert_eq!(next.deployment(), "sim/large");
    rig.trace(next.span()).await;
    let why = rig.api(&format!("/decisions/{}", next.span())).await;
    let verdict = |deployment: &str| {
        let candidates = why["decision"]["candidates"].as_array().unwrap();
        candidates.iter().find(|candidate| candidate["deployment"] == deployment).unwrap()["verdict"].clone()
    };
    assert_eq!(verdict("sim/large"), json!("chosen"));
    assert_eq!(verdict("sim/medium"), json!("below_floor"));
    assert_eq!(verdict("sim/small"), json!("fallback"), "the stable one is never lost, but it comes last");
    let sentences = why["sentences"].to_string();
    assert!(sentences.contains("sim/medium is below the floor"), "{sentences}");
    rig.stop().await;
}

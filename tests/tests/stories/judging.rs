//! Judges: asked through weir itself, on record, never judged themselves; and what becomes of one that never answers.

use serde_json::json;
use weir_sim::Fault;

use crate::rig::{Rig, eventually, item};

/// The judges' own workload has a scorer, which must never run on them.
const CONFIG: &str = r#"
[workloads.maths]
candidates = ["sim/large"]
floor = 0.8
scorers = ["factual"]
[workloads.judges]
candidates = ["sim/medium"]
floor = 0.8
scorers = ["json"]
[scorers.factual]
kind = "judge"
model = "weir/judges"
template = "factuality"
[scorers.json]
kind = "valid_json"
[datasets.maths]
file = "maths.jsonl"
workload = "maths"
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_judge_is_asked_through_the_gateway_and_never_judged_itself() {
    let rig = Rig::start(CONFIG).await;
    let reply = rig.chat("weir/maths", &item(3).0).await.expect(200);
    let trace = rig.scored(reply.span()).await;
    let score = &trace["scores"][0];
    assert_eq!(
        (&score["scorer"], &score["source"], &score["value"]),
        (&json!("factual"), &json!("judge"), &json!(1.0)),
        "{trace}"
    );
    assert!(!score["explanation"].as_str().unwrap().is_empty());

    let asked = eventually("the judge's own request", async || {
        let page = rig.api("/traces?origin=eval").await;
        page["items"].as_array().unwrap().first().cloned()
    })
    .await;
    assert_eq!((&asked["workload"], &asked["deployment"]), (&json!("judges"), &json!("sim/medium")));
    // A client's request to the same workload is scored; once it is, the judge's would have been.
    let client = rig.chat("weir/judges", "hello").await.expect(200);
    rig.scored(client.span()).await;
    let judge = rig.trace(asked["span_id"].as_str().unwrap()).await;
    assert_eq!((&judge["scores"], &judge["tenant"]), (&json!([]), &json!("weir")));
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_judge_that_never_answers_ends_as_a_dead_job_and_a_reason() {
    let rig = Rig::start(CONFIG).await;
    rig.sim().set_fault("medium", Fault::Status(500, Vec::new()), 1.0);
    let reply = rig.chat("weir/maths", &item(4).0).await.expect(200);
    let trace = rig.scored(reply.span()).await;
    let score = &trace["scores"][0];
    assert_eq!(
        (&score["status"], &score["reason"], &score["value"]),
        (&json!("unscored"), &json!("scoring_failed"), &json!(null))
    );

    let jobs = eventually("the dead job", async || {
        let jobs = rig.api("/jobs?status=dead").await;
        (jobs["counts"]["dead"] == 1).then_some(jobs)
    })
    .await;
    let job = &jobs["items"][0];
    assert_eq!((&job["kind"], &job["attempts"]), (&json!("ask_judge"), &json!(5)), "{job}");
    assert!(job["error"].as_str().unwrap().contains("the gateway answered 50"), "{job}");
    // Serving never noticed.
    rig.chat("weir/maths", &item(5).0).await.expect(200);
    rig.stop().await;
}

/// One judge of each form of reply, and one that may not judge its kin.
const FORMS: &str = r#"
[workloads.maths]
candidates = ["sim/large"]
floor = 0.8
scorers = ["level", "score", "relevant", "better", "kin"]
[scorers.level]
kind = "judge"
model = "sim/medium"
template = "rubric"
levels = ["wrong", "close", "right"]
jury = ["sim/small"]
votes = 1
reduce = "mean"
[scorers.score]
kind = "judge"
model = "sim/medium"
template = "g_eval"
criteria = "The number is right."
[scorers.relevant]
kind = "judge"
model = "sim/medium"
template = "answer_relevancy"
votes = 3
reduce = "majority"
[scorers.better]
kind = "judge"
model = "sim/medium"
template = "pairwise"
[scorers.kin]
kind = "judge"
model = "sim/medium"
template = "closed_qa"
criteria = "The number is right."
other_family = true
[datasets.maths]
file = "maths.jsonl"
workload = "maths"
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_form_of_judge_gives_its_grade_or_its_reason() {
    let rig = Rig::start(FORMS).await;
    let reply = rig.chat("weir/maths", &item(6).0).await.expect(200);
    let trace = eventually("all five scores", async || {
        let trace = rig.trace(reply.span()).await;
        (trace["scores"].as_array().unwrap().len() == 5).then_some(trace)
    })
    .await;
    let score = |name: &str| trace["scores"].as_array().unwrap().iter().find(|score| score["scorer"] == name).unwrap();
    assert_eq!(score("level")["value"], 1.0, "{trace}");
    assert_eq!(score("score")["value"], 1.0, "{trace}");
    assert_eq!(score("relevant")["value"], 1.0, "{trace}");
    // The answer is the reference, so neither is better, in either order.
    assert_eq!(score("better")["value"], 0.5, "{trace}");
    assert_eq!((&score("kin")["value"], &score("kin")["reason"]), (&json!(null), &json!("config_error")), "{trace}");
    // Who judged stands with the word.
    assert!(score("score")["explanation"].as_str().unwrap().contains("sim/medium"), "{trace}");
    rig.stop().await;
}

//! Once and only once: a score delivered twice, a scoring job run twice.

use serde_json::json;
use sqlx::{Connection, SqliteConnection};

use crate::rig::{MATHS, Rig, eventually, item};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_score_delivered_twice_is_stored_once_and_the_first_word_stays() {
    let rig = Rig::start(MATHS).await;
    let reply = rig.chat("weir/maths", "hello").await.expect(200);
    rig.trace(reply.span()).await;
    let first = rig.grade(reply.span(), "thumbs", 1.0).await.expect(201).json();
    let again = rig.grade(reply.span(), "thumbs", 0.0).await.expect(200).json();
    assert_eq!((&first["duplicate"], &again["duplicate"]), (&json!(false), &json!(true)));
    assert_eq!(first["seq"], again["seq"]);
    let trace = rig.trace(reply.span()).await;
    let values: Vec<_> = trace["scores"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|s| s["scorer"] == "thumbs")
        .map(|s| s["value"].clone())
        .collect();
    assert_eq!(values, [json!(1.0)]);

    for (value, status) in [(1.5, 400), (-0.1, 400)] {
        assert_eq!(rig.grade(reply.span(), "other", value).await.status, status, "{value}");
    }
    assert_eq!(rig.grade(&"0".repeat(32), "thumbs", 1.0).await.status, 404);
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scoring_job_that_runs_again_stores_nothing_again() {
    let rig = Rig::start(MATHS).await;
    let reply = rig.chat("weir/maths", &item(9).0).await.expect(200);
    rig.scored(reply.span()).await;
    let done = async || rig.api("/jobs").await["counts"]["done"].as_u64().unwrap();
    eventually("the job is done", async || (done().await == 1).then_some(())).await;

    // A queue delivers at least once: here, twice.
    let mut queue = SqliteConnection::connect(&format!("sqlite://{}", rig.database().display())).await.unwrap();
    let again = "UPDATE Jobs SET status = 'Pending', attempts = 0, lock_by = NULL, lock_at = NULL, done_at = NULL";
    assert_eq!(sqlx::query(again).execute(&mut queue).await.unwrap().rows_affected(), 1);
    eventually("the job is done again", async || (done().await == 1).then_some(())).await;

    let trace = rig.trace(reply.span()).await;
    assert_eq!(trace["scores"].as_array().unwrap().len(), 1, "{trace}");
    rig.published(1).await;
    let windows = rig.api("/workloads/maths/windows").await;
    assert_eq!((&windows["items"][0]["n"], &windows["score_seq"]), (&json!(1), &json!(1)));
    rig.stop().await;
}

//! Runs that are gone on with: what is done anew, and what stays.
#![expect(clippy::unwrap_used, reason = "helpers of tests, outside of test functions")]

use std::time::Duration;

use weir_core::{
    Grade, NanoUsd,
    run::{RunOutput, RunScore},
    score::{Unscored, Verdict},
};
use weir_store::{Again, NewDataset, NewItem, NewRun, RunStatus, Store};

use crate::fixture::{START, open};

/// Stores a run of two arms on one item, and its answers.
async fn ended(store: &Store, outputs: &[RunOutput]) -> i64 {
    let new = NewDataset { name: "maths".into(), author: "ana".into(), ..NewDataset::default() };
    let body = "{\"id\":\"q\",\"input\":\"2+2\"}".into();
    let item = NewItem { id: "q".into(), hash: "c0ffee".into(), input_hash: "input".into(), split: None, body };
    store.dataset_publish(&new, &[item]).await.unwrap();
    let run = NewRun {
        id: "e-1".into(),
        suite: "maths".into(),
        suite_version: "old".into(),
        workload: "maths".into(),
        dataset: "maths".into(),
        dataset_version: "v".into(),
        actor: "ana".into(),
        git_sha: None,
        total: 2,
        body: "{\"arms\":[{\"name\":\"z\"},{\"name\":\"a\"}]}".into(),
        items: vec!["c0ffee".into()],
    };
    store.run_insert(&run, &[]).await.unwrap();
    let row = store.run_claim("w", START.plus(Duration::from_mins(1))).await.unwrap().unwrap();
    store.run_output_put(row.seq, outputs).await.unwrap();
    assert!(store.run_finish("e-1", "w", RunStatus::Stopped, None, "").await.unwrap());
    row.seq
}

fn output(arm: &str, said: Result<&str, &str>, scores: Vec<RunScore>) -> RunOutput {
    RunOutput {
        seq: 0,
        ord: 0,
        arm: arm.into(),
        trial: 0,
        said: said.map(Into::into).map_err(Into::into),
        span_id: None,
        deployment: Some(arm.into()),
        cost: None,
        latency_us: None,
        input_tokens: None,
        output_tokens: None,
        at: START,
        scores,
    }
}

fn score(scorer: &str, verdict: Verdict) -> RunScore {
    RunScore { scorer: scorer.into(), version: "v1".into(), verdict, raw: None, explanation: None, cost: NanoUsd::ZERO }
}

fn unscored(scorer: &str, reason: Unscored) -> RunScore {
    score(scorer, Verdict::Unscored { reason })
}

/// The arms that have answers, and the scorers that have spoken.
async fn left(store: &Store, run: i64) -> (Vec<String>, Vec<String>) {
    let outputs = store.run_outputs(run, None).await.unwrap();
    let scorers = outputs.iter().flat_map(|output| output.scores.iter().map(|score| score.scorer.clone()));
    (outputs.iter().map(|output| output.arm.clone()).collect(), scorers.collect())
}

fn stored() -> [RunOutput; 2] {
    let marks = vec![
        score("graded", Verdict::Scored { grade: Grade::new(0.0).unwrap() }),
        unscored("no_money", Unscored::BudgetExhausted),
        unscored("no_room", Unscored::RateLimited),
        unscored("no_time", Unscored::Timeout),
        unscored("no_reference", Unscored::NoReference),
    ];
    [output("z", Ok("{\"text\":\"4\"}"), marks), output("a", Err("status 500"), Vec::new())]
}

#[tokio::test]
async fn what_failed_is_done_anew_and_what_was_said_stays() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let run = ended(&store, &stored()).await;
    let row = store.run_get("e-1").await.unwrap().unwrap();
    assert!(store.run_resume("e-1", &row.run.body, Again::Failed).await.unwrap());
    assert_eq!(left(&store, run).await, (vec!["z".into()], vec!["graded".into(), "no_reference".into()]));
    let row = store.run_get("e-1").await.unwrap().unwrap();
    assert_eq!((row.status, row.run.suite_version.as_str()), (RunStatus::Queued, "old"));
    assert!(!store.run_resume("e-1", &row.run.body, Again::Failed).await.unwrap(), "it is not over");
}

#[tokio::test]
async fn grades_are_made_anew_by_another_suite_and_failed_questions_stay() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let run = ended(&store, &stored()).await;
    let row = store.run_get("e-1").await.unwrap().unwrap();
    let again = Again::Grades { suite_version: "new" };
    assert!(store.run_resume("e-1", &row.run.body, again).await.unwrap());
    assert_eq!(left(&store, run).await, (vec!["a".into(), "z".into()], Vec::new()));
    assert_eq!(store.run_get("e-1").await.unwrap().unwrap().run.suite_version, "new");
}

#[tokio::test]
async fn a_run_is_its_first_arm_as_ordered() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    ended(&store, &stored()).await;
    let row = store.run_get("e-1").await.unwrap().unwrap();
    let (own, earlier) = store.run_answers(&row, Some("e-1")).await.unwrap();
    assert_eq!((own.first.as_str(), own.outputs[0].arm.as_str()), ("z", "a"));
    assert_eq!(earlier.unwrap().first, "z");
}

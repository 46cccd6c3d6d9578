//! A job's way through memory or store to scores.

use std::time::Duration;

use weir_core::{
    clock::ManualClock,
    score::{Unscored, Verdict},
};
use weir_store::{NewDataset, NewItem, Store};

use super::*;
use crate::testing::{START, desk_of, record, settings, settings_text, written};

async fn desk(store: Store) -> Data<Arc<Desk>> {
    desk_of(store, &settings("24h"), Arc::new(ManualClock::new(START)))
}

/// A dataset in which 2+2 is `answer`.
async fn publish(store: &Store, answer: &str) {
    let body = format!(r#"{{"id":"1","input":"2+2","expected":"{answer}"}}"#);
    let item: weir_evals::dataset::Item = serde_json::from_str(&body).unwrap();
    let new = NewDataset { name: "sums".to_owned(), workload: Some("maths".into()), ..NewDataset::default() };
    let item = NewItem {
        id: item.id.clone(),
        hash: item.hash(),
        input_hash: item.input_hash(),
        split: None,
        body: serde_json::to_string(&item).unwrap(),
    };
    store.dataset_publish(&new, &[item]).await.unwrap();
}

fn grade(verdict: &Verdict) -> Option<f64> {
    match verdict {
        Verdict::Scored { grade } => Some(grade.value()),
        Verdict::Unscored { .. } => None,
    }
}

fn job<'a>(records: impl IntoIterator<Item = &'a Record>) -> RunChecks {
    let spans = records.into_iter().map(|record| (record.span.id, 1.0)).collect();
    RunChecks { rule: None, spans, until_s: None, again: false }
}

#[tokio::test]
async fn what_has_waited_too_long_is_expired_and_not_a_zero_unless_somebody_asks_for_it_again() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), Arc::new(ManualClock::new(START))).await.unwrap();
    publish(&store, "4").await;
    let records = [record(4), record(5)];
    written(&store, &records).await;
    let desk = desk(store.clone()).await;
    let until_s = Some(START.0 / 1_000_000 - 30);
    run(RunChecks { until_s, ..job(&records[..1]) }, desk.clone()).await.unwrap();
    let late = store.score_list(records[0].span.id).await.unwrap().remove(0).score;
    assert_eq!(late.verdict, Verdict::Unscored { reason: Unscored::Expired });
    assert!(late.explanation.unwrap().contains("30 s later"));
    run(RunChecks { until_s, again: true, ..job(&records[1..]) }, desk).await.unwrap();
    assert_eq!(grade(&store.score_list(records[1].span.id).await.unwrap()[0].score.verdict), Some(0.0));
}

#[tokio::test]
async fn an_answer_whose_words_were_purged_before_its_turn_is_unscored_with_that_reason() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), Arc::new(ManualClock::new(START))).await.unwrap();
    let records = [record(4), record(5)];
    written(&store, &records).await;
    crate::testing::purge(&store, records[0].span.id).await;
    run(job(&records), desk(store.clone()).await).await.unwrap();
    let gone = store.score_list(records[0].span.id).await.unwrap().remove(0).score;
    assert_eq!(gone.verdict, Verdict::Unscored { reason: Unscored::NotRecorded });
    assert_eq!((gone.scorer.as_str(), gone.p_sample), ("exact", 1.0));
    assert!(gone.explanation.unwrap().contains("purged"));
    let kept = store.score_list(records[1].span.id).await.unwrap().remove(0).score;
    assert_eq!(kept.verdict, Verdict::Unscored { reason: Unscored::NoReference }, "its words are read");
    // A request that was never stored counts for nobody, and stops nobody else's score.
    run(job(&[record(9)]), desk(store.clone()).await).await.unwrap();
    assert_eq!(store.score_since(0, 9).await.unwrap().len(), 2);
}

#[tokio::test]
async fn an_answer_is_scored_once_its_session_has_been_quiet() {
    let dir = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::new(START));
    let store = Store::open(dir.path(), clock.clone()).await.unwrap();
    crate::prepare_queue(&store).await.unwrap();
    let config = "[workloads.maths]\ncandidates = [\"sim/large\"]\nfloor = 0.8\nscorers = [\"exact\"]\n\
         [scorers.exact]\nkind = \"exact_match\"\n[scorers.brief]\nkind = \"word_count\"\nmax = 3\n\
         [rules.quiet]\nworkload = \"maths\"\nscorers = [\"brief\"]\nsettle = \"60s\"\n";
    let desk = desk_of(store.clone(), &settings_text(config), clock.clone());
    let said = |number: u32, session: &str, ago_s: u64| {
        let mut record = record(number);
        record.span.session = Some(session.into());
        record.span.started_at = START.minus(Duration::from_secs(ago_s));
        record
    };
    let records = [said(1, "talk", 100), said(2, "talk", 10), said(3, "other", 100)];
    written(&store, &records).await;
    let job = RunChecks { rule: Some("quiet".into()), ..job([&records[0], &records[2]]) };
    run(job.clone(), desk.clone()).await.unwrap();
    let graded = async |record: &Record| !store.score_list(record.span.id).await.unwrap().is_empty();
    assert_eq!((graded(&records[0]).await, graded(&records[2]).await), (false, true));
    let waits = store.job_list(None, 9).await.unwrap();
    assert_eq!(waits.len(), 1, "{waits:?}");
    assert_eq!(waits[0].run_at.0 / 1_000_000, START.0 / 1_000_000 - 10 + 61, "{waits:?}");

    clock.advance(Duration::from_secs(51));
    run(job, desk).await.unwrap();
    assert!(graded(&records[0]).await);
    assert_eq!(store.score_list(records[2].span.id).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_job_scores_alike_from_memory_and_from_the_store_and_only_once() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), Arc::new(ManualClock::new(START))).await.unwrap();
    publish(&store, "4").await;
    let records: Vec<Record> = (0..80).map(record).collect();
    written(&store, &records).await;
    let desk = desk(store.clone()).await;
    for record in records.iter().take(40) {
        desk.recent.put(&Arc::new(record.clone()));
    }
    let job = job(records.iter());
    run(job.clone(), desk.clone()).await.unwrap();
    run(job, desk.clone()).await.unwrap();
    let log = store.score_since(0, 1_000).await.unwrap();
    assert_eq!(log.len(), 80);
    for record in &records {
        let scores = store.score_list(record.span.id).await.unwrap();
        let right = record.payload == super::super::testing::record(4).payload;
        assert_eq!(grade(&scores[0].score.verdict), Some(if right { 1.0 } else { 0.0 }));
    }
}

#[tokio::test]
async fn a_new_dataset_version_changes_the_reference_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), Arc::new(ManualClock::new(START))).await.unwrap();
    let desk = desk(store.clone()).await;
    let graded = async |number| {
        let record = Arc::new(record(number));
        desk.recent.put(&record);
        run(job([&*record]), desk.clone()).await.unwrap();
        grade(&store.score_list(record.span.id).await.unwrap()[0].score.verdict)
    };
    assert_eq!(graded(7).await, None, "no item, no reference");
    publish(&store, "8").await;
    assert_eq!(graded(8).await, Some(1.0));
    publish(&store, "4").await;
    assert_eq!(graded(9).await, Some(0.0));
}

#[tokio::test]
async fn what_a_judge_said_is_checked_by_nobody_whatever_put_it_into_the_queue() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), Arc::new(ManualClock::new(START))).await.unwrap();
    publish(&store, "4").await;
    let mut records = [record(4), record(5), record(6)];
    records[0].span.origin = Origin::Eval;
    records[1].span.origin = Origin::Eval;
    written(&store, &records).await;
    let desk = desk(store.clone()).await;
    desk.recent.put(&Arc::new(records[1].clone()));
    run(job(&records), desk).await.unwrap();
    let scored = records.each_ref().map(|record| record.span.id);
    for (id, want) in scored.into_iter().zip([0, 0, 1]) {
        assert_eq!(store.score_list(id).await.unwrap().len(), want, "{id}");
    }
}

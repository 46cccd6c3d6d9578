//! The queue of answers for people: drawn, locked, blind, skipped.
#![expect(clippy::unwrap_used, reason = "helpers of tests, outside of test functions")]

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use weir_core::{
    Clock, ScorerName,
    clock::ManualClock,
    score::{Score, Source},
};
use weir_store::{Error, LabelTask, NewLabel, Store};

use crate::fixture::{LOCK, clock, record, score, span_id};

fn tone() -> ScorerName {
    "tone".into()
}

fn label(task: &LabelTask, annotator: &str, value: f64) -> NewLabel {
    NewLabel { task: task.seq, annotator: annotator.into(), value, note: "clear".into(), seconds: Some(3.0) }
}

/// A store in which the judge `tone` has graded `n` answers.
async fn graded(n: u64) -> (tempfile::TempDir, Arc<ManualClock>, Store) {
    let dir = tempfile::tempdir().unwrap();
    let clock = clock();
    let store = Store::open(dir.path(), clock.clone()).await.unwrap();
    let records: Vec<_> = (0..n).map(record).collect();
    let mut tx = store.begin_spans().await.unwrap();
    tx.span_insert_many(&records).await.unwrap();
    tx.commit().await.unwrap();
    judge(&store, 0..n).await;
    (dir, clock, store)
}

async fn judge(store: &Store, numbers: std::ops::Range<u64>) {
    let scores: Vec<Score> =
        numbers.map(|n| Score { scorer: "tone".into(), source: Source::Judge, ..score(n, 0.5) }).collect();
    store.score_insert_many(&scores).await.unwrap();
}

async fn next(store: &Store, who: &str) -> Option<LabelTask> {
    store.label_next(Some(&tone()), who, LOCK).await.unwrap()
}

#[tokio::test]
async fn a_random_part_is_queued_with_its_probability_and_later_grades_join_it() {
    let (_dir, _, store) = graded(400).await;
    assert_eq!(next(&store, "ana").await, None, "nobody is asked before there is a plan");
    store.label_plan_put(&tone(), 0.25, "ops").await.unwrap();
    let plan = store.label_plans().await.unwrap().remove(0);
    assert!((60..140).contains(&plan.open), "{plan:?}");
    judge(&store, 0..400).await;
    let before = plan.open;
    next(&store, "ana").await.unwrap();
    assert_eq!(store.label_plans().await.unwrap()[0].open, before, "the same grades are drawn once");
    // A check's grades and another judge's are nobody's business here.
    store.score_insert_many(&[score(1, 1.0)]).await.unwrap();
    store.label_plan_put(&"exact".into(), 1.0, "ops").await.unwrap();
    assert_eq!(store.label_plans().await.unwrap()[0].open, 0);
}

#[tokio::test]
async fn an_answer_is_locked_for_one_person_until_they_label_it_skip_it_or_let_it_lapse() {
    let (_dir, clock, store) = graded(3).await;
    store.label_plan_put(&tone(), 1.0, "ops").await.unwrap();
    let first = next(&store, "ana").await.unwrap();
    assert_eq!(next(&store, "ana").await.unwrap().seq, first.seq, "she holds it already");
    let other = next(&store, "ben").await.unwrap();
    assert_ne!(other.seq, first.seq);
    assert!(matches!(store.label_submit(&label(&first, "ben", 1.0)).await, Err(Error::Conflict { .. })));

    let row = store.label_submit(&label(&first, "ana", 0.25)).await.unwrap();
    assert_eq!((row.human, row.judge, row.p_select, row.output_tokens), (0.25, 0.5, 1.0, Some(20)));
    assert!(matches!(store.label_submit(&label(&first, "ana", 1.0)).await, Err(Error::Conflict { .. })));
    store.label_skip(other.seq, "ben").await.unwrap();
    assert!(matches!(store.label_skip(other.seq, "ben").await, Err(Error::Conflict { .. })));
    let third = next(&store, "ben").await.unwrap();
    assert!(third.seq != other.seq, "what he skipped does not come back to him");

    clock.advance(LOCK + Duration::from_secs(1));
    assert!(matches!(store.label_submit(&label(&third, "ben", 1.0)).await, Err(Error::Conflict { .. })));
    let mut seen = BTreeSet::new();
    while let Some(task) = next(&store, "ana").await {
        store.label_submit(&label(&task, "ana", 1.0)).await.unwrap();
        seen.insert(task.seq);
    }
    assert_eq!(seen, BTreeSet::from([other.seq, third.seq]), "his lock has lapsed");
    let missing = NewLabel { task: 99, ..label(&first, "ana", 1.0) };
    assert!(matches!(store.label_submit(&missing).await, Err(Error::NotFound { .. })));
}

#[tokio::test]
async fn labels_are_listed_followed_and_told_apart_by_version() {
    let (_dir, _, store) = graded(2).await;
    let newer = Score { scorer: "tone".into(), version: "v2".into(), source: Source::Judge, ..score(1, 1.0) };
    store.score_insert_many(&[newer]).await.unwrap();
    store.label_plan_put(&tone(), 1.0, "ops").await.unwrap();
    while let Some(task) = next(&store, "ana").await {
        store.label_submit(&label(&task, "ana", 1.0)).await.unwrap();
    }
    let page = store.label_list(None, None, 2).await.unwrap();
    let rest = store.label_list(Some(&tone()), page.next, 9).await.unwrap();
    assert_eq!((page.items.len(), rest.items.len(), rest.next), (2, 1, None));
    assert_eq!(store.label_pairs(&tone(), Some("v2")).await.unwrap().len(), 1);
    assert_eq!(store.label_pairs(&tone(), None).await.unwrap().len(), 3);
    // A second person's word is kept, and windows follow the first.
    let all = store.label_since(0, 9).await.unwrap();
    assert_eq!(all.len(), 3);
    while let Some(task) = next(&store, "ben").await {
        store.label_submit(&label(&task, "ben", 0.0)).await.unwrap();
    }
    assert_eq!(store.label_since(0, 9).await.unwrap(), all);
    assert_eq!(store.label_since(all[1].seq, 9).await.unwrap(), all[2..]);
    assert_eq!(all[0].span_id, span_id(0));
}

#[tokio::test]
async fn answers_that_people_and_a_scorer_have_graded_are_found_by_deployment_and_version() {
    let (_dir, clock, store) = graded(20).await;
    let one = score(0, 0.5);
    let of = async |version: &str, since| {
        store.labelled_list(&one.workload, &one.deployment, (&tone(), version), since).await.unwrap()
    };
    let version = one.version.to_string();
    store.label_plan_put(&tone(), 1.0, "ana").await.unwrap();
    let task = next(&store, "ana").await.unwrap();
    store.label_submit(&label(&task, "ana", 0.25)).await.unwrap();
    // Posted by name: beside the label of the same answer it is left out, on another answer it counts, once.
    let posted = |n: u64, grade: f64, by: &str| Score {
        scorer: weir_store::HUMAN.into(),
        version: by.into(),
        source: Source::Api,
        ..score(n, grade)
    };
    let labelled = (0..20).find(|n| span_id(*n) == task.span_id).unwrap();
    let other = (labelled + 1) % 20;
    let words = [posted(labelled, 1.0, "ben"), posted(other, 0.75, "ben"), posted(other, 0.0, "cleo")];
    store.score_insert_many(&words).await.unwrap();
    let since = clock.now().minus(Duration::from_hours(24 * 365 * 50));
    assert_eq!(of(&version, since).await, [(0.25, 0.5), (0.75, 0.5)]);
    assert_eq!(of("another", since).await, []);
    assert_eq!(of(&version, clock.now().plus(Duration::from_hours(1))).await, []);
    let nobody = "sim/nobody".into();
    assert_eq!(store.labelled_list(&one.workload, &nobody, (&tone(), &version), since).await.unwrap(), []);
}

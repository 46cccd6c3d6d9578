use std::sync::Arc;

use sqlx::Row;
use weir_core::{NanoUsd, ScorerName, span::Outcome};
use weir_store::{Error, SpanFilter};

use crate::fixture::{attempt, exposed, insert, open, record, score, span_id};

#[tokio::test]
async fn a_span_and_its_texts_come_back_as_they_went_in() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let given = exposed(5, weir_core::decision::Arm::Candidate);
    assert_eq!(insert(&store, std::slice::from_ref(&given)).await, [true]);
    assert_eq!(store.span_get(given.span.id).await.unwrap(), Some(given.span.clone()));
    assert_eq!(store.payload_get(given.span.id).await.unwrap(), Some(given.payload));
    assert_eq!(store.span_get(span_id(6)).await.unwrap(), None);
    assert_eq!(store.payload_get(span_id(6)).await.unwrap(), None);
}

#[tokio::test]
async fn a_span_delivered_twice_is_stored_once_and_the_first_stays() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let mut again = record(1);
    again.span.latency_us = 1;
    // 128 in one statement, then 16, then one by one; repeats inside and across them.
    let mut batch: Vec<_> = (0..150).map(record).collect();
    batch.insert(2, again.clone());
    batch.push(again.clone());
    let new = insert(&store, &batch).await;
    let expected: Vec<bool> = (0..152).map(|i| i != 2 && i != 151).collect();
    assert_eq!(new, expected);
    assert_eq!(insert(&store, &[again, record(150)]).await, [false, true]);
    let kept = store.span_get(span_id(1)).await.unwrap().unwrap();
    assert_eq!(kept.latency_us, 250_000);
    let page = store.span_list(&SpanFilter::default(), None, 1_000).await.unwrap();
    assert_eq!(page.items.len(), 151);
    for n in 0..151 {
        let body = store.span_get(span_id(n)).await.unwrap().map(|span| span.id);
        assert_eq!(body, Some(span_id(n)));
        let payload = store.payload_get(span_id(n)).await.unwrap();
        assert_eq!(payload, Some(record(n).payload));
    }
}

#[tokio::test]
async fn pages_neither_repeat_nor_skip_while_spans_arrive() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    insert(&store, &(0..25).map(record).collect::<Vec<_>>()).await;
    let (mut seen, mut cursor, mut arriving) = (Vec::new(), None, 100);
    loop {
        let page = store.span_list(&SpanFilter::default(), cursor, 10).await.unwrap();
        seen.extend(page.items.iter().map(|row| row.span_id));
        insert(&store, &[record(arriving)]).await;
        arriving += 1;
        match page.next {
            Some(next) => cursor = Some(next),
            None => break,
        }
    }
    let expected: Vec<_> = (0..25).rev().map(span_id).collect();
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn filters_narrow_and_combine() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let mut failed = record(1);
    failed.span.outcome = Outcome::Failed { code: "W0403".into(), message: "the provider answered 500".into() };
    failed.span.attempts = vec![attempt("sim/small", Some("connect")), attempt("sim/large", Some("server_error"))];
    failed.span.cost = None;
    let mut other = record(2);
    other.span.workload = "support".into();
    other.span.session = Some("s-1".into());
    insert(&store, &[record(0), failed, other]).await;

    let ids = async |filter: SpanFilter| {
        let page = store.span_list(&filter, None, 10).await.unwrap();
        page.items.iter().map(|row| row.span_id).collect::<Vec<_>>()
    };
    let maths = SpanFilter { workload: Some("maths".into()), ..SpanFilter::default() };
    assert_eq!(ids(maths.clone()).await, [span_id(1), span_id(0)]);
    let maths_failed = SpanFilter { status: Some("failed".into()), deployment: Some("sim/large".into()), ..maths };
    assert_eq!(ids(maths_failed.clone()).await, [span_id(1)]);
    let session = SpanFilter { session: Some("s-1".into()), ..SpanFilter::default() };
    assert_eq!(ids(session).await, [span_id(2)]);

    let row = store.span_list(&maths_failed, None, 1).await.unwrap().items.remove(0);
    assert_eq!(row.code.as_deref(), Some("W0403"));
    assert_eq!((row.attempts, row.cost), (2, None));
    let row = store.span_row_get(span_id(0)).await.unwrap().unwrap();
    assert_eq!(row.cost, Some(NanoUsd(1_500)));
    assert_eq!(row.strategy.as_deref(), Some("filter → cost"));
}

#[tokio::test]
async fn rows_carry_their_newest_grade_by_scorer() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    insert(&store, &[record(0), record(1)]).await;
    let mut newer = score(1, 0.25);
    newer.version = "v2".into();
    store.score_insert_many(&[score(1, 1.0), newer]).await.unwrap();
    let page = store.span_list(&SpanFilter::default(), None, 10).await.unwrap();
    let exact: ScorerName = "exact".into();
    let grades: Vec<_> = page.items.iter().map(|row| row.grade(&exact)).collect();
    assert_eq!(grades, [Some(0.25), None]);
    assert_eq!(page.items[0].grade(&"other".into()), None);
}

#[tokio::test]
async fn the_live_feed_wakes_on_commit_and_tells_only_what_is_new() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    insert(&store, &[record(0)]).await;
    let mut changes = store.span_changes();
    let before = *changes.borrow_and_update();
    insert(&store, &[record(1), record(2)]).await;
    changes.changed().await.unwrap();
    let rows = store.span_since(&SpanFilter::default(), before, 10).await.unwrap();
    let ids: Vec<_> = rows.iter().map(|row| row.span_id).collect();
    assert_eq!(ids, [span_id(1), span_id(2)]);
    assert_eq!(*changes.borrow(), rows[1].seq);
    // A delivery that adds nothing wakes nobody.
    insert(&store, &[record(1)]).await;
    assert!(!changes.has_changed().unwrap());
}

#[tokio::test]
async fn a_span_and_a_row_of_another_owner_commit_or_vanish_together() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    sqlx::query("CREATE TABLE queue (span TEXT NOT NULL UNIQUE)").execute(store.pool()).await.unwrap();
    let write = async |n: u64, commit: bool| -> Result<(), Error> {
        let mut tx = store.begin_spans().await?;
        tx.span_insert(&record(n)).await?;
        sqlx::query("INSERT INTO queue (span) VALUES ('same')").execute(tx.connection()).await?;
        if commit { tx.commit().await } else { Ok(()) }
    };
    write(1, false).await.unwrap();
    assert_eq!(store.span_get(span_id(1)).await.unwrap(), None);
    write(2, true).await.unwrap();
    assert!(matches!(write(3, true).await, Err(Error::Conflict { .. })));
    assert_eq!(store.span_get(span_id(3)).await.unwrap(), None);
    assert!(store.span_get(span_id(2)).await.unwrap().is_some());
    let queued: i64 = sqlx::query("SELECT count(*) FROM queue").fetch_one(store.pool()).await.unwrap().get(0);
    assert_eq!(queued, 1);
}

#[tokio::test]
async fn writers_in_parallel_all_get_through() {
    let dir = tempfile::tempdir().unwrap();
    let store = Arc::new(open(dir.path()).await);
    let tasks: Vec<_> = (0..8)
        .map(|task| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                for n in 0..10 {
                    insert(&store, &[record(task * 100 + n)]).await;
                    store.score_insert_many(&[score(task * 100 + n, 1.0)]).await.unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let page = store.span_list(&SpanFilter::default(), None, 1_000).await.unwrap();
    assert_eq!(page.items.len(), 80);
    assert!(page.items.iter().all(|row| row.scores.len() == 1));
}

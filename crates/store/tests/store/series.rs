use std::time::Duration;

use weir_core::{
    NanoUsd, ScorerName, WorkloadId,
    span::{Origin, Outcome},
};

use crate::fixture::{START, attempt, insert, open, record, score};

fn near(found: Option<f64>, exact: f64) -> bool {
    found.is_some_and(|found| (found / exact - 1.0).abs() < 0.0101)
}

#[tokio::test]
async fn usage_counts_client_requests_and_knows_what_it_does_not_know() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let mut records: Vec<_> = (0..100).map(record).collect();
    for (n, record) in records.iter_mut().enumerate() {
        record.span.latency_us = (n as u64 + 1) * 1_000;
    }
    // One without a price, one that fell back, one failed and slow, one cancelled, one of weir's own.
    records[0].span.cost = None;
    records[1].span.attempts = vec![attempt("sim/small", Some("connect")), attempt("sim/large", None)];
    let mut failed = record(200);
    failed.span.latency_us = 60_000_000;
    failed.span.outcome = Outcome::Failed { code: "W0402".into(), message: "too late".into() };
    let mut cancelled = record(201);
    cancelled.span.outcome = Outcome::Cancelled;
    let mut own = record(202);
    own.span.origin = Origin::Eval;
    let mut unrouted = record(203);
    unrouted.span.workload = "support".into();
    unrouted.span.attempts = vec![];
    unrouted.span.outcome = failed.span.outcome.clone();
    unrouted.span.cost = None;
    records.extend([failed, cancelled, own, unrouted]);
    insert(&store, &records).await;

    let maths: WorkloadId = "maths".into();
    let rows = store.usage_by_deployment(Some(&maths), START).await.unwrap();
    assert_eq!(rows.len(), 1);
    let usage = &rows[0];
    assert_eq!(usage.deployment, Some("sim/large".into()));
    assert_eq!((usage.requests, usage.failed, usage.cancelled), (102, 1, 1));
    assert_eq!((usage.fell_back, usage.priced), (1, 101));
    assert_eq!(usage.cost, NanoUsd(101 * 1_500));
    assert_eq!((usage.input_tokens, usage.output_tokens), (10_200, 2_040));
    // Only whole answers have a latency.
    assert!(near(usage.p50_us, 50_000.0), "{usage:?}");
    assert!(near(usage.p95_us, 95_000.0), "{usage:?}");

    let total = store.usage_total(START).await.unwrap();
    assert_eq!((total.requests, total.failed), (103, 2));
    let workloads = store.usage_by_workload(START).await.unwrap();
    let names: Vec<_> = workloads.iter().map(|usage| (usage.workload.clone(), usage.requests)).collect();
    assert_eq!(names, [(Some("maths".into()), 102), (Some("support".into()), 1)]);
    let all = store.usage_by_deployment(None, START).await.unwrap();
    assert_eq!(all.len(), 2);
    assert_eq!((all[0].deployment.clone(), all[0].p95_us), (None, None));

    let later = START.plus(Duration::from_secs(1_000));
    assert_eq!(store.usage_total(later).await.unwrap().requests, 0);
    assert_eq!(store.usage_by_workload(later).await.unwrap(), []);
}

#[tokio::test]
async fn series_place_requests_and_grades_in_their_buckets() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    // Buckets of ten seconds: requests at 0, 5, 10 and 25 s; the last falls outside three buckets.
    let mut small = record(25);
    small.span.attempts = vec![attempt("sim/small", None)];
    insert(&store, &[record(0), record(5), record(10), small, record(30)]).await;
    let mut other = score(6, 0.0);
    other.scorer = "judge".into();
    // Given one second after the request.
    store.score_insert_many(&[score(0, 1.0), score(5, 0.5), score(10, 0.25), other]).await.unwrap();

    let (maths, exact): (WorkloadId, ScorerName) = ("maths".into(), "exact".into());
    let lines = store.series(&maths, &exact, START, 10, 3).await.unwrap();
    assert_eq!(lines.len(), 2);
    let large = &lines[0];
    assert_eq!(large.deployment, Some("sim/large".into()));
    assert_eq!(large.requests, [2, 1, 0]);
    assert_eq!(large.cost, [NanoUsd(3_000), NanoUsd(1_500), NanoUsd(0)]);
    assert_eq!(large.quality, [Some(0.75), Some(0.25), None]);
    assert_eq!(large.quality_n, [2, 1, 0]);
    assert!(near(large.p95_us[0], 250_000.0));
    assert_eq!(large.p95_us[2], None);
    assert_eq!(lines[1].requests, [0, 0, 1]);

    let total = store.series_total(&[(maths.clone(), exact)], START, 10, 3).await.unwrap();
    // Ten seconds are too fine over all workloads: a minute each.
    assert_eq!(total.requests, [5, 0, 0]);
    assert_eq!(total.quality_n, [3, 0, 0]);
    let none = store.series_total(&[], START.plus(Duration::from_secs(500)), 10, 3).await.unwrap();
    assert_eq!(none.requests, [0, 0, 0]);
}

#[tokio::test]
async fn whole_minutes_and_finer_buckets_count_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let mut records: Vec<_> = (0..300).map(record).collect();
    for (n, record) in records.iter_mut().enumerate() {
        record.span.latency_us = (n as u64 + 1) * 700;
        if n % 7 == 0 {
            record.span.outcome = Outcome::Cancelled;
        }
        if n % 5 == 0 {
            record.span.attempts = vec![attempt("sim/small", Some("timeout")), attempt("sim/medium", None)];
        }
    }
    // Batches that share minutes, the later part first, and one batch that comes twice.
    insert(&store, &records[150..]).await;
    insert(&store, &records[..150]).await;
    insert(&store, &records[100..200]).await;

    let (maths, exact): (WorkloadId, ScorerName) = ("maths".into(), "exact".into());
    // Asked from the middle of a minute, whole minutes start at its beginning.
    let since = START.plus(Duration::from_secs(20));
    let minutes = store.series(&maths, &exact, since, 60, 5).await.unwrap();
    let seconds = store.series(&maths, &exact, START, 20, 15).await.unwrap();
    assert_eq!(minutes.len(), 2);
    for (minute, second) in minutes.iter().zip(&seconds) {
        assert_eq!(minute.deployment, second.deployment);
        let thirds: Vec<u64> = second.requests.chunks(3).map(|c| c.iter().sum()).collect();
        assert_eq!(minute.requests, thirds);
        let thirds: Vec<u64> = second.fell_back.chunks(3).map(|c| c.iter().sum()).collect();
        assert_eq!(minute.fell_back, thirds);
    }
    let all: u64 = minutes.iter().flat_map(|line| &line.requests).sum();
    assert_eq!(all, 300);
    let whole = store.series_total(&[], START, 300, 1).await.unwrap();
    let usage = store.usage_total(START).await.unwrap();
    assert_eq!(whole.p95_us, [usage.p95_us]);
    assert_eq!(usage.requests, 300);
    let whole_answers: Vec<_> = (0..300).filter(|n| n % 7 != 0).collect();
    let middle = whole_answers[whole_answers.len().div_ceil(2) - 1] + 1;
    assert!(near(usage.p50_us, f64::from(middle) * 700.0), "{usage:?}, wanted the {middle}th");
}

#[tokio::test]
async fn a_batch_that_was_dropped_counts_nowhere() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let mut tx = store.begin_spans().await.unwrap();
    tx.span_insert(&record(1)).await.unwrap();
    drop(tx);
    insert(&store, &[record(2)]).await;
    assert_eq!(store.usage_total(START).await.unwrap().requests, 1);
}

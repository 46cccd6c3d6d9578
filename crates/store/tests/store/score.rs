use std::time::Duration;

use weir_core::{
    NanoUsd, ScorerName,
    score::{Score, Unscored, Verdict},
};
use weir_store::{Error, Inserted};

use crate::fixture::{START, insert, open, record, score, span_id};

#[tokio::test]
async fn a_score_delivered_twice_is_stored_once_with_the_first_word() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let first = store.score_insert_many(&[score(1, 1.0), score(2, 0.5)]).await.unwrap();
    assert!(first.iter().all(|row| !row.duplicate));
    let again = store.score_insert_many(&[score(3, 0.0), score(1, 0.25), score(3, 1.0)]).await.unwrap();
    assert_eq!(again[1], Inserted { seq: first[0].seq, duplicate: true });
    assert_eq!(again[2], Inserted { seq: again[0].seq, duplicate: true });
    let log = store.score_since(0, 100).await.unwrap();
    let grades: Vec<_> = log.iter().map(|(_, score)| score.verdict.clone()).collect();
    assert_eq!(grades, [score(1, 1.0), score(2, 0.5), score(3, 0.0)].map(|score| score.verdict));
}

#[tokio::test]
async fn another_scorer_or_version_is_another_score() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let (mut version, mut scorer) = (score(1, 0.5), score(1, 0.25));
    version.version = "v2".into();
    scorer.scorer = "judge".into();
    let rows = store.score_insert_many(&[score(1, 1.0), version, scorer]).await.unwrap();
    assert!(rows.iter().all(|row| !row.duplicate));
    let listed = store.score_list(span_id(1)).await.unwrap();
    let names: Vec<ScorerName> = listed.iter().map(|row| row.score.scorer.clone()).collect();
    assert_eq!(names, ["exact".into(), "exact".into(), "judge".into()]);
}

#[tokio::test]
async fn the_log_is_read_in_order_from_any_point_and_comes_back_whole() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let mut unscored = score(1, 0.0);
    unscored.verdict = Verdict::Unscored { reason: Unscored::InjectionSuspected };
    unscored.explanation = Some("it wrote a verdict".into());
    let given = [score(0, 0.75), unscored, score(2, 1.0)];
    let rows = store.score_insert_many(&given).await.unwrap();
    let first = store.score_since(0, 2).await.unwrap();
    assert_eq!(first.len(), 2);
    assert_eq!(first[0].1, given[0]);
    assert_eq!(first[1].1, given[1]);
    let rest = store.score_since(first[1].0, 10).await.unwrap();
    assert_eq!(rest, [(rows[2].seq, given[2].clone())]);
}

#[tokio::test]
async fn committed_scores_wake_waiters_and_duplicates_do_not() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let mut changes = store.score_changes();
    let rows = store.score_insert_many(&[score(1, 1.0)]).await.unwrap();
    changes.changed().await.unwrap();
    assert_eq!(*changes.borrow_and_update(), rows[0].seq);
    store.score_insert_many(&[score(1, 1.0)]).await.unwrap();
    assert!(!changes.has_changed().unwrap());
    // A restart goes on from where the log stands.
    store.close().await;
    let store = open(dir.path()).await;
    assert_eq!(*store.score_changes().borrow(), rows[0].seq);
}

#[tokio::test]
async fn a_probability_outside_its_range_stores_nothing_of_the_batch() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let mut bad = score(2, 1.0);
    bad.p_sample = 1.5;
    let result = store.score_insert_many(&[score(1, 1.0), bad]).await;
    assert!(matches!(result, Err(Error::Unexpected(_))), "{result:?}");
    assert_eq!(store.score_since(0, 10).await.unwrap(), []);
}

#[tokio::test]
async fn sums_of_a_scorer_say_what_it_cost_and_how_soon_it_graded() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let records: Vec<_> = (0..20).map(record).collect();
    assert!(insert(&store, &records).await.iter().all(|new| *new));
    let mut scores: Vec<Score> = (0..20).map(|n| Score { cost: NanoUsd(500), ..score(n, 0.5) }).collect();
    // An answer ends a quarter of a second after its request began, and is graded after one second; this one late.
    scores[7].at = scores[7].at.plus(Duration::from_secs(60));
    scores.push(Score {
        scorer: "judge".into(),
        verdict: Verdict::Unscored { reason: Unscored::Timeout },
        ..score(3, 0.5)
    });
    // Of a request that is not on record any more.
    scores.push(Score { scorer: "gone".into(), ..score(99, 0.5) });
    store.score_insert_many(&scores).await.unwrap();
    let sums = store.scorer_sums(START).await.unwrap();
    let by = |name: &str| sums.iter().find(|sum| sum.scorer.as_str() == name).unwrap();
    let exact = by("exact");
    assert_eq!((exact.answers, exact.unscored, exact.cost), (20, 0, NanoUsd(10_000)));
    assert_eq!((exact.p50, exact.p95), (Some(Duration::from_millis(750)), Some(Duration::from_millis(750))));
    assert_eq!((by("judge").answers, by("judge").unscored), (1, 1));
    assert_eq!((by("gone").answers, by("gone").p50), (1, None));
    let later = store.scorer_sums(START.plus(Duration::from_secs(60))).await.unwrap();
    assert_eq!(
        later.iter().map(|sum| (sum.scorer.as_str(), sum.answers)).collect::<Vec<_>>(),
        [("exact", 1), ("gone", 1)]
    );
}

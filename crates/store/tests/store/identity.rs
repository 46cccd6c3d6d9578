//! Who providers say answers, and what happened to windows: both told once.

use weir_core::{Timestamp, span::Identity};
use weir_store::{EventKind, WindowEvent};

use crate::fixture::{open, score};

#[tokio::test]
async fn a_name_is_kept_the_first_time_with_its_place_among_the_scores() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let (one, other) = (Identity::new(Some("m-1"), Some("fp_a")), Identity::new(Some("m-1"), None));
    let keep = async |identity: &Identity, at| {
        let mut tx = store.begin_spans().await.unwrap();
        tx.identity_insert(&"sim/large".into(), identity, Timestamp(at)).await.unwrap();
        tx.commit().await.unwrap();
    };
    keep(&one, 1).await;
    store.score_insert_many(&[score(1, 1.0)]).await.unwrap();
    keep(&one, 2).await;
    keep(&other, 3).await;
    let rows = store.identity_since(0).await.unwrap();
    let told: Vec<_> = rows.iter().map(|row| (row.identity.clone(), row.at.0, row.after_score)).collect();
    assert_eq!(told, [(one, 1, 0), (other, 3, 1)]);
    assert_eq!(store.identity_since(rows[0].seq).await.unwrap(), rows[1..]);
}

#[tokio::test]
async fn what_happened_to_a_window_is_told_once_however_often_the_log_is_folded() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let event = WindowEvent {
        workload: "maths".into(),
        segment: "all".into(),
        deployment: "sim/large".into(),
        scorer: "exact".into(),
        version: "v1".into(),
        epoch: 2,
        kind: EventKind::Drifted,
        reason: "grades fell".into(),
        at: Timestamp(5),
    };
    for _ in 0..2 {
        store.window_event_insert(std::slice::from_ref(&event)).await.unwrap();
    }
    let events = store.event_list_of(&"maths".into(), 10).await.unwrap();
    assert_eq!(events.len(), 1);
    assert_eq!(
        (events[0].kind, events[0].text.as_str(), events[0].at),
        (EventKind::Drifted, "grades fell", Timestamp(5))
    );
}

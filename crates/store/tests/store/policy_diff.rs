//! Policy diffs: kept once, applied once.

use weir_core::{
    Timestamp,
    canary::{Canary, CanaryState},
};
use weir_store::{DiffDecision, DiffRow, DiffState, Error};

use crate::fixture::{canary, event, open, policy};

fn diff(id: &str, parent: &str, at: i64) -> DiffRow {
    DiffRow {
        id: id.to_owned(),
        workload: "maths".into(),
        parent: parent.into(),
        candidate: "sim/small".to_owned(),
        state: DiffState::Proposed,
        at: Timestamp(at),
        body: "{}".to_owned(),
        decided: None,
        canary: None,
    }
}

#[tokio::test]
async fn one_candidate_is_proposed_once_for_a_revision_and_applied_once() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    assert!(store.policy_diff_insert(&diff("pd_1", "r-0001", 1)).await.unwrap());
    assert!(!store.policy_diff_insert(&diff("pd_2", "r-0001", 2)).await.unwrap());
    assert!(store.policy_diff_insert(&diff("pd_3", "r-0002", 3)).await.unwrap());
    let ids = |rows: Vec<DiffRow>| rows.into_iter().map(|row| row.id).collect::<Vec<_>>();
    assert_eq!(ids(store.policy_diff_list(None).await.unwrap()), ["pd_3", "pd_1"]);
    assert_eq!(ids(store.policy_diff_list(Some(&"poems".into())).await.unwrap()), Vec::<String>::new());
    store.policy_insert(&policy(1, None)).await.unwrap();
    let first = canary("c-1");
    store.canary_start(&first, &event(&first), Some("pd_1")).await.unwrap();
    let ended = Canary { state: CanaryState::RolledBack, ..first };
    store.canary_update(&ended, 1, &event(&ended)).await.unwrap();
    let second = canary("c-2");
    let again = store.canary_start(&second, &event(&second), Some("pd_1")).await;
    assert!(matches!(again, Err(Error::Conflict { .. })), "{again:?}");
    assert_eq!(store.canary_get(&second.id).await.unwrap(), None, "both or neither");
    assert_eq!(store.policy_diff_get("pd_1").await.unwrap().unwrap().state, DiffState::Applied);
    assert_eq!(store.policy_diff_get("pd_9").await.unwrap(), None);
}

#[tokio::test]
async fn a_rejected_diff_says_who_and_why_and_is_applied_no_more() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    store.policy_diff_insert(&diff("pd_1", "r-0001", 1)).await.unwrap();
    let decided = DiffDecision { by: "ops".to_owned(), reason: "not this week".to_owned(), at: Timestamp(9) };
    store.policy_diff_reject("pd_1", &decided).await.unwrap();
    let row = store.policy_diff_get("pd_1").await.unwrap().unwrap();
    assert_eq!((row.state, row.decided.as_ref()), (DiffState::Rejected, Some(&decided)));
    store.policy_insert(&policy(1, None)).await.unwrap();
    let canary = canary("c-1");
    let refused = store.canary_start(&canary, &event(&canary), Some("pd_1")).await;
    assert!(matches!(refused, Err(Error::Conflict { .. })), "{refused:?}");
    assert_eq!(store.canary_get(&canary.id).await.unwrap(), None, "nobody is exposed by what was rejected");
}

#[tokio::test]
async fn a_diff_is_applied_by_a_canary_of_its_own_revision_and_candidate_alone() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    store.policy_insert(&policy(1, None)).await.unwrap();
    store.policy_diff_insert(&diff("pd_1", "r-0000", 1)).await.unwrap();
    store
        .policy_diff_insert(&DiffRow { candidate: "sim/medium".to_owned(), ..diff("pd_2", "r-0001", 2) })
        .await
        .unwrap();
    let canary = canary("c-1");
    for id in ["pd_1", "pd_2"] {
        let refused = store.canary_start(&canary, &event(&canary), Some(id)).await;
        assert!(matches!(refused, Err(Error::Conflict { .. })), "{id}: {refused:?}");
        assert_eq!(store.policy_diff_get(id).await.unwrap().unwrap().state, DiffState::Proposed);
    }
    assert_eq!(store.canary_get(&canary.id).await.unwrap(), None);
}

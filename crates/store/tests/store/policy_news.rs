//! What becomes of a diff is kept to be told, each thing once, and only what happened.

use weir_core::{
    Timestamp,
    canary::{Canary, CanaryState},
};
use weir_store::{DiffDecision, DiffRow, DiffState, PolicyNews};

use crate::fixture::{canary, event, open, policy};

/// A diff of the canary's candidate for the revision that it starts from.
fn diff(id: &str) -> DiffRow {
    let canary = canary("c-1");
    DiffRow {
        id: id.to_owned(),
        workload: canary.workload,
        parent: canary.base,
        candidate: canary.candidate.to_string(),
        state: DiffState::Proposed,
        at: Timestamp(1),
        body: "{}".to_owned(),
        decided: None,
        canary: None,
    }
}

fn told(news: &[PolicyNews]) -> Vec<(&str, &str, &str)> {
    news.iter().map(|news| (news.id.as_str(), news.event.as_str(), news.reason.as_str())).collect()
}

#[tokio::test]
async fn a_diff_its_application_and_the_end_of_its_canary_are_news_until_they_are_taken() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    store.policy_insert(&policy(1, None)).await.unwrap();
    assert!(store.policy_diff_insert(&diff("pd_1")).await.unwrap());
    assert!(!store.policy_diff_insert(&diff("pd_2")).await.unwrap(), "the same again is no news");
    let started = canary("c-1");
    store.canary_start(&started, &event(&started), Some("pd_1")).await.unwrap();
    let held = Canary { state: CanaryState::Held, ..started };
    let held = store.canary_update(&held, 1, &event(&held)).await.unwrap();
    let ended = Canary { state: CanaryState::RolledBack, reason: "worse".into(), ..held };
    store.canary_update(&ended, 2, &event(&ended)).await.unwrap();

    let news = store.policy_news_list(9).await.unwrap();
    let reason = event(&ended).reason;
    let mut found = told(&news);
    found.sort_unstable();
    let wanted = [
        ("pd_1.applied", "applied", ""),
        ("pd_1.c-1.rolled_back", "rolled_back", reason.as_str()),
        ("pd_1.proposed", "proposed", ""),
    ];
    assert_eq!(found, wanted);

    assert_eq!(store.policy_diff_get("pd_1").await.unwrap().unwrap().canary, Some("c-1".into()));

    let mut tx = store.begin_spans().await.unwrap();
    assert!(tx.policy_news_take("pd_1.proposed").await.unwrap());
    assert!(!tx.policy_news_take("pd_1.proposed").await.unwrap());
    drop(tx);
    assert_eq!(store.policy_news_list(9).await.unwrap().len(), 3, "what was not committed was not taken");
    let mut tx = store.begin_spans().await.unwrap();
    assert!(tx.policy_news_take("pd_1.proposed").await.unwrap());
    tx.commit().await.unwrap();
    assert_eq!(store.policy_news_list(9).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_rejection_is_news_with_its_reason_and_a_canary_of_no_diff_is_none() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    store.policy_insert(&policy(1, None)).await.unwrap();
    store.policy_diff_insert(&diff("pd_1")).await.unwrap();
    let decided = DiffDecision { by: "ops".to_owned(), reason: "not this week".to_owned(), at: Timestamp(9) };
    store.policy_diff_reject("pd_1", &decided).await.unwrap();
    // Somebody's own, of the same candidate.
    let started = canary("c-1");
    store.canary_insert(&started, &event(&started)).await.unwrap();
    let ended = Canary { state: CanaryState::RolledBack, ..started };
    store.canary_update(&ended, 1, &event(&ended)).await.unwrap();
    let news = store.policy_news_list(9).await.unwrap();
    assert_eq!(told(&news), [("pd_1.proposed", "proposed", ""), ("pd_1.rejected", "rejected", "not this week")]);
}

#[tokio::test]
async fn a_canary_that_somebody_starts_after_that_of_a_diff_is_none_of_its_news() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    store.policy_insert(&policy(1, None)).await.unwrap();
    store.policy_diff_insert(&diff("pd_1")).await.unwrap();
    // The diff's own, then somebody's of the same candidate on the same revision, for all that the store can see.
    for (id, of) in [("c-1", Some("pd_1")), ("c-2", None)] {
        let started = canary(id);
        store.canary_start(&started, &event(&started), of).await.unwrap();
        let ended = Canary { state: CanaryState::RolledBack, ..started };
        store.canary_update(&ended, 1, &event(&ended)).await.unwrap();
    }
    let news = store.policy_news_list(9).await.unwrap();
    let ends: Vec<_> = news.iter().filter(|news| news.event == "rolled_back").map(|news| news.id.as_str()).collect();
    assert_eq!(ends, ["pd_1.c-1.rolled_back"]);
}

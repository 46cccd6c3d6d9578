#![expect(clippy::unwrap_used, reason = "helpers of tests, outside of test functions")]

use std::time::Duration;

use weir_store::{Conversation, Error, Keep, Store, Turn, TurnItem};

use crate::fixture::{START, open, span_id};

const KEEP: Keep = Keep { time: Duration::from_secs(100), bytes: 1_000 };

fn turn(id: &str, tenant: &str, previous: Option<&str>, second: u64) -> Turn {
    let item = |kind: &str, output| TurnItem { id: format!("{kind}-{id}"), output, body: format!("\"{kind} {id}\"") };
    Turn {
        id: id.into(),
        tenant: tenant.into(),
        previous: previous.map(Into::into),
        span: Some(span_id(second)),
        at: START.plus(Duration::from_secs(second)),
        document: "{}".into(),
        items: vec![item("asked", false), item("said", true)],
    }
}

async fn said(store: &Store, tenant: &str, id: &str) -> Conversation {
    store.response_conversation(tenant, id, 1_000_000).await.unwrap()
}

#[tokio::test]
async fn a_conversation_is_read_from_its_last_turn_by_its_own_key_alone() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let turns = [turn("a", "dev", None, 0), turn("b", "dev", Some("a"), 1), turn("c", "dev", Some("b"), 2)];
    for turn in &turns {
        store.response_put(turn, KEEP).await.unwrap();
    }
    assert!(matches!(store.response_put(&turns[0], KEEP).await, Err(Error::Conflict { .. })), "an id stands for one");
    assert_eq!(store.response_get("dev", "b").await.unwrap().as_ref(), Some(&turns[1]));
    assert_eq!(store.response_get("ops", "b").await.unwrap(), None);
    let all: Vec<TurnItem> = turns.iter().flat_map(|turn| turn.items.clone()).collect();
    assert_eq!(said(&store, "dev", "c").await, Conversation::Whole(all));
    assert_eq!(said(&store, "ops", "c").await, Conversation::Gone("c".into()));
    assert!(matches!(store.response_conversation("dev", "c", 10).await.unwrap(), Conversation::TooLarge(11..)));
    assert_eq!(store.response_item("dev", "said-a").await.unwrap(), Some(turns[0].items[1].clone()));
    assert_eq!(store.response_item("ops", "said-a").await.unwrap(), None);

    assert!(!store.response_delete("ops", "b").await.unwrap());
    assert!(store.response_delete("dev", "b").await.unwrap() && !store.response_delete("dev", "b").await.unwrap());
    assert_eq!(said(&store, "dev", "c").await, Conversation::Gone("b".into()));
    assert_eq!(store.response_item("dev", "said-b").await.unwrap(), None, "its items are gone with it");
}

#[tokio::test]
async fn what_is_too_old_or_too_much_goes_oldest_first_and_only_of_its_own_key() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    store.response_put(&turn("other", "ops", None, 50), KEEP).await.unwrap();
    let large = |id: &str, second| Turn { document: "x".repeat(400), ..turn(id, "dev", None, second) };
    for (nth, id) in ["a", "b", "c"].into_iter().enumerate() {
        store.response_put(&large(id, 50 + nth as u64), KEEP).await.unwrap();
    }
    let kept = async |tenant: &str, id: &str| store.response_get(tenant, id).await.unwrap().is_some();
    assert!(!kept("dev", "a").await && kept("dev", "b").await && kept("dev", "c").await && kept("ops", "other").await);
    // One that is over the bound by itself takes the place of all others.
    let huge = Turn { document: "x".repeat(5_000), ..turn("huge", "dev", None, 60) };
    store.response_put(&huge, KEEP).await.unwrap();
    assert!(kept("dev", "huge").await && !kept("dev", "c").await && kept("ops", "other").await);
    // A hundred seconds later it is all too old, whoever asks next.
    store.response_put(&turn("new", "ops", None, 161), KEEP).await.unwrap();
    assert!(!kept("dev", "huge").await && !kept("ops", "other").await && kept("ops", "new").await);
    // Or nobody asks.
    let swept = async |second| store.response_expire(START.plus(Duration::from_secs(second))).await.unwrap();
    assert_eq!((swept(161).await, kept("ops", "new").await), (0, true));
    assert_eq!((swept(162).await, kept("ops", "new").await), (1, false));
}

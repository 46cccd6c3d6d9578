//! Uploaded files, and objects of other products' clients in pages.
#![expect(clippy::unwrap_used, reason = "helpers of tests, outside of test functions")]

use std::{sync::Arc, time::Duration};

use weir_core::clock::ManualClock;
use weir_store::{FilePage, KeptPage, NewFile, Store};

use crate::fixture::START;

const BOUND: u64 = 10;

fn new<'a>(id: &'a str, content: &'a [u8]) -> NewFile<'a> {
    NewFile { id, name: "rows.jsonl", purpose: "evals", lasts: None, content }
}

async fn names(store: &Store, tenant: &str, page: FilePage<'_>) -> Vec<String> {
    store.file_page(tenant, page).await.unwrap().into_iter().map(|file| file.id).collect()
}

#[tokio::test]
async fn a_file_is_its_senders_alone_within_a_bound_and_for_its_time() {
    let dir = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::new(START));
    let store = Store::open(dir.path(), clock.clone()).await.unwrap();
    let hour = Duration::from_hours(1);
    let brief = NewFile { lasts: Some(hour), purpose: "batch", ..new("brief", b"1234") };
    let kept = store.file_put("ana", brief, BOUND).await.unwrap().unwrap();
    assert_eq!((kept.bytes, kept.expires_at), (4, Some(START.plus(hour))));
    store.file_put("ana", new("long", b"123456"), BOUND).await.unwrap().unwrap();
    assert_eq!(store.file_put("ana", new("over", b"1"), BOUND).await.unwrap(), None);
    assert!(store.file_put("ben", new("bens", b"1"), BOUND).await.unwrap().is_some(), "each has its own bound");

    assert_eq!(store.file_content("ana", "brief").await.unwrap().unwrap(), b"1234");
    assert_eq!(store.file_content("ben", "brief").await.unwrap(), None);
    assert_eq!(store.file_get("ben", "brief").await.unwrap(), None);
    assert!(!store.file_delete("ben", "brief").await.unwrap());
    let all = FilePage { limit: 10, ..FilePage::default() };
    assert_eq!(names(&store, "ana", all).await, ["brief", "long"]);
    assert_eq!(names(&store, "ana", FilePage { newest_first: true, ..all }).await, ["long", "brief"]);
    assert_eq!(names(&store, "ana", FilePage { purpose: Some("evals"), ..all }).await, ["long"]);
    assert_eq!(names(&store, "ana", FilePage { after: Some(kept.seq), ..all }).await, ["long"]);
    assert_eq!(names(&store, "ana", FilePage { after: Some(kept.seq), newest_first: true, ..all }).await, [""; 0]);

    // Over at once, swept when somebody sweeps; its room is free before.
    clock.advance(hour);
    assert_eq!(store.file_get("ana", "brief").await.unwrap(), None);
    assert_eq!(store.file_content("ana", "brief").await.unwrap(), None);
    assert_eq!(names(&store, "ana", all).await, ["long"]);
    store.file_put("ana", new("next", b"1234"), BOUND).await.unwrap().unwrap();
    store.file_expire().await.unwrap();
    assert!(!store.file_delete("ana", "brief").await.unwrap(), "nothing of it is left");
    assert!(store.file_delete("ana", "long").await.unwrap());
    assert_eq!(names(&store, "ana", all).await, ["next"]);
}

#[tokio::test]
async fn kept_objects_come_in_pages_of_either_order_and_of_one_status() {
    let dir = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::new(START));
    let store = Store::open(dir.path(), clock.clone()).await.unwrap();
    let put = async |id: &str, status: &str| {
        clock.advance(Duration::from_secs(1));
        store.compat_put("k", "ana", id, "p", &format!("{{\"status\":\"{status}\"}}")).await.unwrap();
    };
    for (id, status) in [("a", "pass"), ("b", "fail"), ("c", "pass"), ("d", "fail"), ("a", "fail")] {
        put(id, status).await;
    }
    store.compat_put("k", "ana", "other", "q", "{}").await.unwrap();
    let listed = async |page: KeptPage<'_>| {
        let mut seen: Vec<String> = Vec::new();
        let mut last = None;
        loop {
            let page = KeptPage { parent: Some("p"), after: last.as_ref(), limit: 2, ..page };
            let found = store.compat_page("k", "ana", page).await.unwrap();
            seen.extend(found.iter().map(|kept| kept.id.clone()));
            last = found.into_iter().next_back();
            if last.is_none() {
                return seen.concat();
            }
        }
    };
    let all = KeptPage::default();
    assert_eq!(listed(all).await, "abcd");
    assert_eq!(listed(KeptPage { newest_first: true, ..all }).await, "dcba");
    assert_eq!(listed(KeptPage { by_change: true, ..all }).await, "bcda");
    assert_eq!(listed(KeptPage { by_change: true, newest_first: true, ..all }).await, "adcb");
    assert_eq!(listed(KeptPage { status: Some("fail"), ..all }).await, "abd");
    assert_eq!(listed(KeptPage { status: Some("pass"), newest_first: true, ..all }).await, "c");
    assert_eq!(store.compat_page("k", "ben", KeptPage { limit: 9, ..all }).await.unwrap().len(), 0);
}

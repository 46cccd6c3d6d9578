use weir_core::WorkloadId;
use weir_store::{Error, NewDataset, NewItem, Published};

use crate::fixture::open;

fn item(n: u32) -> NewItem {
    NewItem { input_hash: format!("input-{n}"), body: format!("{{\"id\":\"q{n}\",\"expected\":\"{n}\"}}") }
}

fn dataset(version: &str, items: impl IntoIterator<Item = u32>) -> NewDataset {
    NewDataset {
        name: "maths".into(),
        workload: Some("maths".into()),
        description: "sums".into(),
        version: version.into(),
        note: "imported".into(),
        items: items.into_iter().map(item).collect(),
    }
}

#[tokio::test]
async fn a_version_holds_exactly_its_items_in_their_order() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let first = store.dataset_publish(&dataset("a", 0..2_500)).await.unwrap();
    assert_eq!(first, Published { version: "a".into(), items: 2_500, added: 2_500, duplicate: 0 });
    // One kept, one new, one given twice.
    let second = store.dataset_publish(&dataset("b", [7, 9_000, 9_000])).await.unwrap();
    assert_eq!(second, Published { version: "b".into(), items: 2, added: 1, duplicate: 2 });
    let items = store.dataset_items("maths", 10).await.unwrap();
    let bodies: Vec<_> = items.iter().map(|item| item.body.clone()).collect();
    assert_eq!(bodies, [item(7).body, item(9_000).body]);
    assert_eq!(store.dataset_items("maths", 1).await.unwrap().len(), 1);
    assert_eq!(store.dataset_items("other", 1).await.unwrap(), []);
}

#[tokio::test]
async fn publishing_the_current_content_again_is_no_new_version() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    for version in ["a", "a", "b", "a"] {
        store.dataset_publish(&dataset(version, [version.len() as u32])).await.unwrap();
    }
    let (current, versions) = store.dataset_get("maths").await.unwrap().unwrap();
    let ids: Vec<_> = versions.iter().map(|version| version.id.as_str()).collect();
    assert_eq!(ids, ["a", "b", "a"]);
    assert_eq!((current.version.as_str(), current.items), ("a", 1));
    assert_eq!(store.dataset_get("other").await.unwrap(), None);
    assert_eq!(store.dataset_list().await.unwrap(), [current]);
}

#[tokio::test]
async fn a_prompt_finds_its_item_in_the_current_version_of_its_own_workload() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let maths: WorkloadId = "maths".into();
    store.dataset_publish(&dataset("a", 0..3)).await.unwrap();
    let found = store.item_by_input(&maths, "input-1").await.unwrap();
    assert_eq!(found.map(|item| item.body), Some(item(1).body));
    assert_eq!(store.item_by_input(&"support".into(), "input-1").await.unwrap(), None);
    store.dataset_publish(&dataset("b", 2..3)).await.unwrap();
    assert_eq!(store.item_by_input(&maths, "input-1").await.unwrap(), None);

    // A second dataset with another word for the same prompt: the one published last wins.
    let mut later = dataset("c", []);
    later.name = "maths-2".into();
    later.items = vec![NewItem { input_hash: "input-2".into(), body: "{\"expected\":\"two\"}".into() }];
    store.dataset_publish(&later).await.unwrap();
    let found = store.item_by_input(&maths, "input-2").await.unwrap();
    assert_eq!(found.map(|item| item.body).as_deref(), Some("{\"expected\":\"two\"}"));
}

#[tokio::test]
async fn an_item_that_is_not_json_publishes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let mut broken = dataset("a", 0..2);
    broken.items[1].body = "{".into();
    let result = store.dataset_publish(&broken).await;
    assert!(matches!(result, Err(Error::Corrupt { .. })), "{result:?}");
    assert_eq!(store.dataset_list().await.unwrap(), []);
}

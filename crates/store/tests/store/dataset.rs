#![expect(clippy::unwrap_used, reason = "helpers of tests, outside of test functions")]

use weir_core::WorkloadId;
use weir_store::{Error, GATE_READS, HELDOUT, ItemFilter, NewDataset, NewItem, Published, Purpose, Reach, Store};

use crate::fixture::open;

fn item(n: u32) -> NewItem {
    NewItem {
        id: format!("q{n}"),
        hash: format!("hash-{n}"),
        input_hash: format!("input-{n}"),
        split: None,
        body: format!("{{\"id\":\"q{n}\",\"expected\":\"{n}\"}}"),
    }
}

fn items(numbers: impl IntoIterator<Item = u32>) -> Vec<NewItem> {
    numbers.into_iter().map(item).collect()
}

fn maths() -> NewDataset {
    NewDataset {
        name: "maths".into(),
        workload: Some("maths".into()),
        description: "sums".into(),
        canary: "weir-canary-1".into(),
        author: "ana".into(),
        note: "imported".into(),
        ..NewDataset::default()
    }
}

/// The current version, a draft or one by its id.
async fn at(store: &Store, which: Option<&str>) -> i64 {
    store.version_find("maths", which).await.unwrap().unwrap().seq
}

async fn bodies(store: &Store, version: i64, access: Option<i64>) -> Vec<Option<String>> {
    let filter = ItemFilter { access, ..ItemFilter::default() };
    store.item_list(version, &filter, None, 5_000).await.unwrap().items.into_iter().map(|row| row.body).collect()
}

#[tokio::test]
async fn a_version_holds_exactly_its_items_in_their_order() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let first = store.dataset_publish(&maths(), &items(0..2_500)).await.unwrap();
    assert_eq!((first.items, first.added, first.duplicate), (2_500, 2_500, 0));
    // One kept, one new, one given twice.
    let second = store.dataset_publish(&maths(), &items([7, 9_000, 9_000])).await.unwrap();
    assert_eq!((second.items, second.added, second.duplicate), (2, 1, 2));
    assert_ne!(first.version, second.version);
    let again = store.dataset_publish(&maths(), &items([9_000, 7])).await.unwrap();
    assert_eq!(again.version, second.version, "neither order nor repeats count");
    let found = store.dataset_items("maths", 10).await.unwrap();
    let found: Vec<_> = found.iter().map(|item| item.body.clone()).collect();
    assert_eq!(found, [item(7).body, item(9_000).body]);
    assert_eq!(store.dataset_items("maths", 1).await.unwrap().len(), 1);
    assert_eq!(store.dataset_items("other", 1).await.unwrap(), []);

    let before = at(&store, Some(&first.version[..6])).await;
    let mut after = None;
    let mut seen = Vec::new();
    loop {
        let page = store.item_list(before, &ItemFilter::default(), after, 1_000).await.unwrap();
        seen.extend(page.items.iter().map(|row| row.id.clone()));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen, (0..2_500).map(|n| format!("q{n}")).collect::<Vec<_>>());
    let filter = ItemFilter { text: Some("Q24".into()), ..ItemFilter::default() };
    assert_eq!(store.item_count(before, &filter).await.unwrap(), 111, "24, 240–249 and 2400–2499");
}

#[tokio::test]
async fn publishing_the_current_content_again_is_no_new_version() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let mut ids = Vec::new();
    for numbers in [[1, 2], [2, 1], [3, 4], [1, 2]] {
        ids.push(store.dataset_publish(&maths(), &items(numbers)).await.unwrap().version);
    }
    let (current, versions) = store.dataset_get("maths").await.unwrap().unwrap();
    let found: Vec<_> = versions.iter().map(|version| &version.id).collect();
    assert_eq!(found, [&ids[0], &ids[2], &ids[0]]);
    assert_eq!(ids[0], ids[1], "order does not count");
    assert_eq!((&current.version, current.items, current.draft), (&ids[0], 2, false));
    assert_eq!((versions[0].parent.as_ref(), versions[2].parent.as_ref()), (Some(&ids[2]), None));
    assert_eq!(store.dataset_get("other").await.unwrap(), None);
    assert_eq!(store.dataset_list().await.unwrap(), [current]);
}

#[tokio::test]
async fn a_prompt_finds_its_item_in_the_current_version_of_its_own_workload() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let maths_id: WorkloadId = "maths".into();
    store.dataset_publish(&maths(), &items(0..3)).await.unwrap();
    let found = store.item_by_input(&maths_id, "input-1").await.unwrap();
    assert_eq!(found.map(|item| item.body), Some(item(1).body));
    assert_eq!(store.item_by_input(&"support".into(), "input-1").await.unwrap(), None);
    store.dataset_publish(&maths(), &items(2..3)).await.unwrap();
    assert_eq!(store.item_by_input(&maths_id, "input-1").await.unwrap(), None);

    // A second dataset with another word for the same prompt: the one published last wins.
    let later = NewDataset { name: "maths-2".into(), ..maths() };
    let other = NewItem { hash: "two".into(), body: "{\"expected\":\"two\"}".into(), ..item(2) };
    store.dataset_publish(&later, &[other]).await.unwrap();
    let found = store.item_by_input(&maths_id, "input-2").await.unwrap();
    assert_eq!(found.map(|item| item.body).as_deref(), Some("{\"expected\":\"two\"}"));
    store.dataset_delete("maths-2").await.unwrap();
    let found = store.item_by_input(&maths_id, "input-2").await.unwrap();
    assert_eq!(found.map(|item| item.body), Some(item(2).body), "a deleted dataset says nothing");
}

#[tokio::test]
async fn an_item_that_is_not_json_publishes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let mut broken = items(0..2);
    broken[1].body = "{".into();
    let result = store.dataset_publish(&maths(), &broken).await;
    assert!(matches!(result, Err(Error::Corrupt { .. })), "{result:?}");
    assert_eq!(store.dataset_list().await.unwrap(), []);
}

#[tokio::test]
async fn held_out_items_are_read_by_nobody_who_is_not_on_the_books() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let mut three = items(0..3);
    three[1].split = Some(HELDOUT.into());
    store.dataset_publish(&maths(), &three).await.unwrap();
    let workload: WorkloadId = "maths".into();
    let open: Vec<String> = [0, 2].map(|n| item(n).body).into();

    // What steers.
    let told = |items: Vec<weir_store::Item>| items.into_iter().map(|item| item.body).collect::<Vec<_>>();
    assert_eq!(told(store.dataset_items("maths", 9).await.unwrap()), open);
    assert_eq!(told(store.item_golden(&workload, 9).await.unwrap()), open);
    assert_eq!(store.item_by_input(&workload, "input-1").await.unwrap(), None);
    assert_eq!(store.items_by_input(&workload, &["input-0", "input-1"]).await.unwrap().len(), 1);

    // The list shows the place and not the content; with an access it does.
    let version = at(&store, None).await;
    let page = store.item_list(version, &ItemFilter::default(), None, 9).await.unwrap();
    assert_eq!(page.items.iter().map(|row| row.hidden()).collect::<Vec<_>>(), [false, true, false]);
    assert_eq!(page.items[1].body, None);
    assert_eq!(bodies(&store, version, Some(77)).await[1], None, "an access that nobody entered opens nothing");
    let access = store.heldout_open(version, "gate-1", Purpose::Gate).await.unwrap();
    assert_eq!(bodies(&store, version, Some(access)).await[1], Some(item(1).body));
    assert_eq!(store.item_get(version, "q1", Some(access)).await.unwrap().unwrap().body, Some(item(1).body));
    store.heldout_open(version, "gate-1", Purpose::Gate).await.unwrap();
    store.heldout_open(version, "ana", Purpose::Shown).await.unwrap();
    let reads = store.heldout_reads("maths").await.unwrap();
    let counts: Vec<_> = reads.iter().map(|reads| (reads.purpose.as_str(), reads.count)).collect();
    assert_eq!(counts, [("gate", 2), ("shown", 1)]);

    // A gate that does not ask for the split does not read it; those that do wear it out, and people may still look.
    let (_, policy) = store.version_items("maths", None, &["policy".to_owned()]).await.unwrap();
    assert!(policy.iter().all(|one| one.body != item(1).body));
    assert_eq!(store.heldout_reads("maths").await.unwrap()[0].count, 2);
    for _ in 2..GATE_READS {
        let (_, all) = store.version_items("maths", None, &[]).await.unwrap();
        assert_eq!(all.len(), 3);
    }
    let worn = store.version_items("maths", None, &[]).await.unwrap_err();
    assert!(matches!(worn, Error::Conflict { .. }) && worn.to_string().contains("fresh"), "{worn}");
    assert!(store.version_items("maths", None, &["policy".to_owned()]).await.is_ok());
    store.heldout_open(version, "ana", Purpose::Shown).await.unwrap();

    // An access to one version opens no other.
    store.dataset_publish(&maths(), &three[..2]).await.unwrap();
    assert_eq!(bodies(&store, at(&store, None).await, Some(access)).await[1], None);
}

#[tokio::test]
async fn edits_wait_in_a_draft_and_what_was_taken_out_stays_out() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    store.dataset_publish(&maths(), &items(0..3)).await.unwrap();
    let changed = NewItem { hash: "other".into(), body: "{\"id\":\"q1\"}".into(), ..item(1) };
    let draft = store.draft_put(&maths(), &[changed.clone(), item(9)]).await.unwrap();
    assert_eq!((draft.items, draft.put), (4, 2));
    let draft = store.draft_take(&maths(), &["q0".into()], "wrong").await.unwrap();
    assert_eq!((draft.items, draft.taken), (3, 1));
    assert!(matches!(store.draft_take(&maths(), &["q77".into()], "").await, Err(Error::NotFound { .. })));
    assert_eq!(store.dataset_items("maths", 9).await.unwrap().len(), 3, "nothing is current before it is published");
    let rows = store.item_list(draft.seq, &ItemFilter::default(), None, 9).await.unwrap().items;
    assert_eq!(rows.iter().map(|row| row.id.as_str()).collect::<Vec<_>>(), ["q1", "q2", "q9"]);

    let before = at(&store, None).await;
    let published = store.draft_publish("maths", "ana", "mended").await.unwrap();
    assert_eq!((published.items, published.added), (3, 2));
    let now = at(&store, None).await;
    let counts = store.version_diff_counts(before, now).await.unwrap();
    assert_eq!((counts.added, counts.removed, counts.changed, counts.same), (1, 1, 1, 1));
    let (rows, next) = store.version_diff(before, now, None, 2).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.id.as_str()).collect::<Vec<_>>(), ["q0", "q1"]);
    assert_eq!((rows[1].before.clone(), rows[1].after.clone()), (Some(item(1).body), Some(changed.body)));
    let (rows, end) = store.version_diff(before, now, next.as_deref(), 2).await.unwrap();
    assert_eq!((rows[0].id.as_str(), end), ("q9", None));

    // An import does not bring back what people took out; a person may.
    let again = store.dataset_publish(&maths(), &items([0, 2, 9])).await.unwrap();
    assert_eq!((again.items, again.buried), (2, 1));
    let draft = store.draft_put(&maths(), &items([0])).await.unwrap();
    assert_eq!(draft.items, 3);
    // Somebody publishes meanwhile: the draft is behind, and is thrown away.
    store.dataset_publish(&maths(), &items([2])).await.unwrap();
    assert!(matches!(store.draft_publish("maths", "ana", "").await, Err(Error::Conflict { .. })));
    store.draft_discard("maths").await.unwrap();
    assert!(matches!(store.draft_discard("maths").await, Err(Error::NotFound { .. })));
    assert_eq!(store.version_find("maths", Some("draft")).await.unwrap(), None);
}

#[tokio::test]
async fn what_is_purged_is_gone_from_every_version_and_from_the_file() {
    const SECRET: &str = "call Ana Meier at 555 0199";
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let mut private = item(1);
    private.body = format!("{{\"id\":\"q1\",\"input\":\"{SECRET}\"}}");
    let three = [item(0), private.clone(), item(2)];
    let first = store.dataset_publish(&maths(), &three).await.unwrap();
    store.dataset_publish(&maths(), &three[1..]).await.unwrap();
    let copy = NewDataset { name: "copy".into(), ..maths() };
    store.dataset_publish(&copy, &three).await.unwrap();
    store.draft_put(&maths(), &items([5])).await.unwrap();

    assert!(matches!(
        store.item_purge("maths", &["q9".into()], Reach::default(), "", "ana").await,
        Err(Error::NotFound { .. })
    ));
    let purge = async |key: &str| {
        store.item_purge("maths", &[key.into()], Reach::default(), "asked by the customer", "ana").await
    };
    assert_eq!(purge("q1").await.unwrap().items, 1);
    assert_eq!(purge("hash-1").await.unwrap().items, 0);
    let row = store.item_get(at(&store, Some(&first.version)).await, "q1", None).await.unwrap().unwrap();
    assert_eq!((row.hash.as_str(), row.body.clone(), row.purged, row.hidden()), ("hash-1", None, true, false));
    assert_eq!(store.item_by_input(&"maths".into(), "input-1").await.unwrap(), None);
    assert_eq!(store.draft_publish("maths", "ana", "").await.unwrap().items, 2, "it left the draft");
    let again = store.dataset_publish(&copy, &three).await.unwrap();
    assert_eq!((again.items, again.buried), (2, 1), "an import does not bring it back");
    store.close().await;
    for entry in std::fs::read_dir(dir.path()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        assert!(!bytes.windows(SECRET.len()).any(|part| part == SECRET.as_bytes()));
    }
}

#[tokio::test]
async fn a_stage_that_was_dropped_leaves_nothing_and_a_word_of_its_own_stays() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let mut stage = store.dataset_stage(&maths()).await.unwrap();
    store.stage_add(&mut stage, &items(0..10)).await.unwrap();
    store.stage_drop(stage).await.unwrap();
    assert_eq!(store.dataset_list().await.unwrap(), []);
    let again = NewDataset { canary: "weir-canary-2".into(), description: String::new(), ..maths() };
    let Published { items, .. } = store.dataset_publish(&again, &self::items(0..1)).await.unwrap();
    let dataset = store.dataset_list().await.unwrap().remove(0);
    assert_eq!((items, dataset.canary.as_str(), dataset.description.as_str()), (1, "weir-canary-1", "sums"));
}

//! What a purge reaches beside the item itself, and what comes too late for it.
#![expect(clippy::unwrap_used, reason = "helpers of tests, outside of test functions")]

use weir_core::{
    ScorerName,
    score::{Score, Source},
    span::{Errand, Origin, Outcome, Record},
};
use weir_store::{
    Conversation, FileFound, Keep, NewDataset, NewFile, NewItem, NewLabel, Purged, Reach, Store, Turn, TurnItem,
};

use crate::fixture::{LOCK, insert, of_origin, open, record, score, shadow_of, span_id};

const SECRET: &str = "call Ana Meier at 555 0199";

/// A request of weir's own that quotes the secret.
fn quoting(n: u64, origin: Origin, errand: Errand) -> Record {
    let mut record = of_origin(n, origin, errand);
    record.payload.request = SECRET.into();
    record
}

/// A dataset of one item, made from request 1.
async fn publish(store: &Store) {
    let body = format!("{{\"id\":\"q1\",\"input\":\"{SECRET}\",\"source\":{{\"span_id\":\"{}\"}}}}", span_id(1));
    let new = NewDataset { name: "maths".into(), author: "ana".into(), ..NewDataset::default() };
    let item = NewItem { id: "q1".into(), hash: "c0ffee".into(), input_hash: "input".into(), split: None, body };
    store.dataset_publish(&new, &[item]).await.unwrap();
}

async fn purge(store: &Store) {
    assert_eq!(store.item_purge("maths", &["q1".into()], Reach::default(), "asked for", "ana").await.unwrap().items, 1);
}

fn judged(n: u64) -> Score {
    Score { scorer: "tone".into(), source: Source::Judge, explanation: Some(SECRET.into()), ..score(n, 0.5) }
}

async fn is_in_no_file(store: Store, dir: &std::path::Path) {
    store.close().await;
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        assert!(!bytes.windows(SECRET.len()).any(|part| part == SECRET.as_bytes()), "{}", path.display());
    }
}

#[tokio::test]
async fn a_purge_reaches_all_that_judges_and_candidates_were_asked_and_what_people_wrote() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    publish(&store).await;
    let mut refused = quoting(7, Origin::Probe, Errand::of_item("c0ffee", false));
    refused.span.outcome = Outcome::Failed { code: "W0401".into(), message: format!("no: {SECRET}").into() };
    let other = quoting(9, Origin::Eval, Errand::about(span_id(8)));
    let records = [
        quoting(1, Origin::Client, Errand::default()),
        quoting(2, Origin::Eval, Errand::about(span_id(1))),
        // What a candidate said of it again, before weir wrote down what its requests are about, and its judge.
        quoting(3, Origin::Shadow, Errand::default()),
        quoting(4, Origin::Eval, Errand::about(span_id(3))),
        quoting(5, Origin::Probe, Errand::of_item("c0ffee", false)),
        quoting(6, Origin::Eval, Errand::about(span_id(5))),
        refused,
        record(8),
        Record { payload: record(9).payload, ..other },
    ];
    insert(&store, &records).await;
    store.shadow_insert(&shadow_of(1, 3)).await.unwrap();
    store.score_insert_many(&[judged(1), judged(5), Score { explanation: None, ..judged(8) }]).await.unwrap();

    // One is labelled with a note, one waits, one is nobody's business.
    let tone: ScorerName = "tone".into();
    store.label_plan_put(&tone, 1.0, "ops").await.unwrap();
    let task = store.label_next(Some(&tone), "ana", LOCK).await.unwrap().unwrap();
    assert_eq!(task.span_id, span_id(1));
    let new = NewLabel { task: task.seq, annotator: "ana".into(), value: 0.25, note: SECRET.into(), seconds: None };
    store.label_submit(&new).await.unwrap();
    let named = format!("{{\"observationId\":\"{}\",\"value\":1,\"comment\":\"{SECRET}\"}}", span_id(1));
    store.compat_put("langfuse.score", "ana", "s1", "kind", &named).await.unwrap();
    let words = format!("{{\"value\":\"{SECRET}\"}}");
    store.compat_put("tensorzero.feedback", "ana", "f1", &span_id(1).to_string(), &words).await.unwrap();

    purge(&store).await;
    for n in 1..=7 {
        assert_eq!(store.payload_get(span_id(n)).await.unwrap(), None, "request {n}");
        assert!(store.span_get(span_id(n)).await.unwrap().is_some(), "that there was one stays");
    }
    for n in 8..=9 {
        assert_eq!(store.payload_get(span_id(n)).await.unwrap(), Some(record(n).payload), "request {n}");
    }
    for n in [1, 5] {
        let kept = store.score_list(span_id(n)).await.unwrap().remove(0).score;
        assert_eq!((kept.explanation, kept.verdict), (None, judged(n).verdict));
    }
    let label = store.label_list(Some(&tone), None, 10).await.unwrap().items.remove(0);
    assert_eq!((label.human, label.note.as_str()), (0.25, ""));
    assert_eq!(store.label_plans().await.unwrap()[0].open, 1, "what cannot be read is not waited for");
    let left = store.label_next(Some(&tone), "ben", LOCK).await.unwrap().unwrap();
    assert_eq!(left.span_id, span_id(8));
    let kept = store.compat_get("langfuse.score", "ana", "s1").await.unwrap().unwrap();
    assert!(kept.body.contains("\"value\":1") && !kept.body.contains("comment"), "{}", kept.body);
    assert_eq!(store.compat_get("tensorzero.feedback", "ana", "f1").await.unwrap(), None);
    is_in_no_file(store, dir.path()).await;
}

#[tokio::test]
async fn a_purge_reaches_later_turns_of_the_session_that_sent_the_words_again() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let turn = |n: u64, session: &str, words: &str| {
        let mut record = record(n);
        record.span.session = Some(session.into());
        record.payload.request = format!("{{\"messages\":[{{\"content\":\"{words}\"}}]}}").into();
        record
    };
    let again = format!("as I said, {SECRET}");
    let records = [turn(1, "s", SECRET), turn(2, "s", &again), turn(3, "s", "thanks"), turn(4, "t", "thanks")];
    insert(&store, &records).await;
    publish(&store).await;
    purge(&store).await;
    for (n, kept) in [(1, false), (2, false), (3, true), (4, true)] {
        assert_eq!(store.payload_get(span_id(n)).await.unwrap().is_some(), kept, "request {n}");
    }
    is_in_no_file(store, dir.path()).await;
}

#[tokio::test]
async fn a_purge_reaches_stored_turns_and_all_that_go_on_from_them() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    publish(&store).await;
    let later = [1, 2, 3].map(|n| quoting(n, Origin::Client, Errand::default()));
    insert(&store, &later).await;
    insert(&store, &[record(4)]).await;
    for (n, previous, words) in [(1, None, SECRET), (2, Some("r1"), "and?"), (3, Some("r2"), SECRET), (4, None, "kept")]
    {
        let item = TurnItem { id: format!("i{n}"), output: false, body: format!("\"{words}\"") };
        let turn = Turn {
            id: format!("r{n}"),
            tenant: "dev".into(),
            previous: previous.map(Into::into),
            span: Some(span_id(n)),
            at: later[0].span.started_at,
            document: format!("{{\"text\":\"{words}\"}}"),
            items: vec![item],
        };
        store.response_put(&turn, Keep::default()).await.unwrap();
    }
    purge(&store).await;
    for n in 1..=3 {
        assert_eq!(store.response_get("dev", &format!("r{n}")).await.unwrap(), None);
        assert_eq!(store.payload_get(span_id(n)).await.unwrap(), None, "its request held the turns before it");
    }
    assert!(matches!(store.response_conversation("dev", "r3", 1_000).await.unwrap(), Conversation::Gone(_)));
    assert!(store.response_get("dev", "r4").await.unwrap().is_some());
    is_in_no_file(store, dir.path()).await;
}

#[tokio::test]
async fn what_was_asked_before_a_purge_and_comes_after_it_is_stored_without_its_words() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    publish(&store).await;
    insert(&store, &[quoting(1, Origin::Client, Errand::default())]).await;
    purge(&store).await;
    let late = [
        quoting(2, Origin::Eval, Errand::about(span_id(1))),
        quoting(3, Origin::Eval, Errand::of_item("c0ffee", false)),
        record(4),
    ];
    assert_eq!(insert(&store, &late).await, [true; 3]);
    for n in [2, 3] {
        assert_eq!(store.payload_get(span_id(n)).await.unwrap(), None, "request {n}");
    }
    assert_eq!(store.payload_get(span_id(4)).await.unwrap(), Some(record(4).payload));
    store.score_insert_worked(&[judged(1)]).await.unwrap();
    assert_eq!(store.score_list(span_id(1)).await.unwrap().remove(0).score.explanation, None);
    is_in_no_file(store, dir.path()).await;
}

#[tokio::test]
async fn the_texts_of_a_sealed_request_are_stored_by_nobody() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let sealed = quoting(1, Origin::Eval, Errand::of_item("c0ffee", true));
    insert(&store, std::slice::from_ref(&sealed)).await;
    assert_eq!(store.payload_get(span_id(1)).await.unwrap(), None);
    assert_eq!(store.record_list(&[span_id(1)]).await.unwrap(), []);
    assert_eq!(store.span_get(span_id(1)).await.unwrap(), Some(sealed.span));
    is_in_no_file(store, dir.path()).await;
}

#[tokio::test]
async fn a_purge_says_how_many_older_requests_of_weirs_own_may_repeat_it_and_takes_them_on_demand() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    publish(&store).await;
    // A client's, a judge's from before weir noted whose words it repeats, one of today, and an old shadow, which the pair
    // that it belongs to tells of.
    let records = [
        record(1),
        quoting(2, Origin::Eval, Errand::default()),
        quoting(3, Origin::Eval, Errand::about(span_id(9))),
        quoting(4, Origin::Shadow, Errand::default()),
    ];
    insert(&store, &records).await;
    store.shadow_insert(&shadow_of(9, 4)).await.unwrap();
    let purge = async |untold| {
        let reach = Reach { untold, ..Reach::default() };
        store.item_purge("maths", &["q1".into()], reach, "asked", "ana").await.unwrap()
    };
    assert_eq!(purge(false).await, Purged { items: 1, untold_left: 1, ..Purged::default() });
    assert!(store.payload_get(span_id(2)).await.unwrap().is_some());
    assert_eq!(purge(true).await, Purged { untold: 1, ..Purged::default() });
    let mut kept = Vec::new();
    for n in 1..=4 {
        kept.push(store.payload_get(span_id(n)).await.unwrap().is_some());
    }
    assert_eq!(kept, [false, false, true, true], "the first is the source of the item");
}

#[tokio::test]
async fn a_purge_names_the_uploaded_files_that_hold_the_words_and_deletes_them_on_demand() {
    let rows = format!("{{\"item\":{{\"q\":\"2+2\"}}}}\n{{\"item\":{{\"q\":\"{SECRET}\"}}}}\n");
    for files in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        let store = open(dir.path()).await;
        publish(&store).await;
        for (tenant, id, content) in
            [("dev", "f1", rows.as_str()), ("dev", "f2", "{\"q\":\"2+2\"}"), ("ben", "f3", &rows)]
        {
            let new = NewFile { id, name: "rows.jsonl", purpose: "evals", lasts: None, content: content.as_bytes() };
            store.file_put(tenant, new, 1_000).await.unwrap().unwrap();
        }
        let found: Vec<FileFound> = [("dev", "f1"), ("ben", "f3")]
            .map(|(tenant, id)| FileFound { id: id.into(), name: "rows.jsonl".into(), tenant: tenant.into() })
            .into();
        let reach = Reach { files, ..Reach::default() };
        let done = store.item_purge("maths", &["q1".into()], reach, "asked for", "ana").await.unwrap();
        let (gone, left) = if files { (found, Vec::new()) } else { (Vec::new(), found) };
        assert_eq!(done, Purged { items: 1, files: gone, files_left: left, ..Purged::default() });
        assert_eq!(store.file_get("dev", "f1").await.unwrap().is_some(), !files);
        assert!(store.file_get("dev", "f2").await.unwrap().is_some(), "it has nothing of it");
        if files {
            is_in_no_file(store, dir.path()).await;
        }
    }
}

#[tokio::test]
async fn files_that_a_purge_named_and_left_are_found_by_a_later_one() {
    const OTHER: &str = "Ben Huber of Basel owes 12";
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    publish(&store).await;
    let body = format!("{{\"id\":\"q2\",\"input\":\"{OTHER}\"}}");
    let new = NewDataset { name: "maths".into(), author: "ana".into(), ..NewDataset::default() };
    let item = NewItem { id: "q2".into(), hash: "beef".into(), input_hash: "other".into(), split: None, body };
    store.dataset_publish(&new, &[item]).await.unwrap();
    let put = async |id: &str, content: String| {
        let new = NewFile { id, name: "rows.jsonl", purpose: "evals", lasts: None, content: content.as_bytes() };
        store.file_put("dev", new, 1_000).await.unwrap().unwrap();
    };
    put("ana", format!("{{\"q\":\"{SECRET}\"}}\n")).await;
    put("ben", format!("{{\"q\":\"{OTHER}\"}}\n")).await;
    put("both", format!("{{\"q\":\"{SECRET}\"}}\n{{\"q\":\"{OTHER}\"}}\n")).await;
    put("none", "{\"q\":\"2+2\"}\n".to_owned()).await;
    let found = |ids: &[&str]| -> Vec<FileFound> {
        let file = |id: &&str| FileFound { id: (*id).into(), name: "rows.jsonl".into(), tenant: "dev".into() };
        ids.iter().map(file).collect()
    };
    let purge = async |item: &str, files| {
        let reach = Reach { files, ..Reach::default() };
        store.item_purge("maths", &[item.into()], reach, "asked for", "ana").await.unwrap()
    };
    let first = purge("q1", false).await;
    assert_eq!((first.items, &first.files_left), (1, &found(&["ana", "both"])));
    assert_eq!(purge("q2", false).await.files_left, found(&["ben", "both"]));
    // Its words are gone, so nothing tells of what comes now.
    put("late", format!("{{\"q\":\"{SECRET}\"}}\n")).await;
    let again = purge("q1", false).await;
    assert_eq!((again.items, &again.files_left), (0, &first.files_left), "they are named every time");
    assert!(store.file_delete("dev", "ana").await.unwrap(), "whoever sent one may delete it");

    assert_eq!(purge("q1", true).await, Purged { files: found(&["both"]), ..Purged::default() });
    let mut left = Vec::new();
    for id in ["ana", "ben", "both", "none", "late"] {
        left.push(store.file_get("dev", id).await.unwrap().is_some());
    }
    assert_eq!(left, [false, true, false, true, true]);
    assert_eq!(purge("q2", true).await, Purged { files: found(&["ben"]), ..Purged::default() });
    assert_eq!(purge("q1", true).await, Purged::default(), "nothing is left to find");
}

//! Held-out items that were made from traffic: their words are shut in the requests they come from as well.
#![expect(clippy::unwrap_used, reason = "helpers of tests, outside of test functions")]

use weir_core::{
    ScorerName, SpanId,
    filter::Filter,
    score::{Score, Source},
    span::{Errand, Origin, Outcome, Record},
};
use weir_store::{NewDataset, NewItem, NewLabel, Pick, Reach, Store};

use crate::fixture::{LOCK, insert, of_origin, open, record, score, shadow_of, span_id};

/// What an item of this split says, made from `source`.
fn item(id: &str, split: &str, source: &str) -> NewItem {
    let body = format!("{{\"id\":\"{id}\",\"split\":\"{split}\",\"input\":\"words\",\"source\":{source}}}");
    NewItem { id: id.into(), hash: format!("{id}-{split}"), input_hash: id.into(), split: Some(split.into()), body }
}

fn named(name: &str) -> NewDataset {
    NewDataset { name: name.into(), author: "ana".into(), ..NewDataset::default() }
}

fn span_source(n: u64) -> String {
    format!("{{\"span_id\":\"{}\"}}", span_id(n))
}

/// Which of the requests 1 to `most` show no words.
async fn shut(store: &Store, most: u64) -> Vec<u64> {
    let mut shut = Vec::new();
    for n in 1..=most {
        let texts = store.payload_get(span_id(n)).await.unwrap();
        let listed = store.record_list(&[span_id(n)]).await.unwrap();
        let sealed = store.span_get(span_id(n)).await.unwrap().unwrap().errand.sealed;
        assert_eq!((texts.is_none(), listed.is_empty()), (sealed, sealed), "request {n}");
        if sealed {
            shut.push(n);
        }
    }
    shut
}

#[tokio::test]
async fn the_request_of_a_held_out_item_and_all_that_repeats_it_show_no_words() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let mut refused = of_origin(6, Origin::Client, Errand::default());
    refused.span.outcome = Outcome::Failed { code: "W0401".into(), message: "no: words".into() };
    let records = [
        record(1),
        of_origin(2, Origin::Eval, Errand::about(span_id(1))),
        of_origin(3, Origin::Shadow, Errand::default()),
        of_origin(4, Origin::Eval, Errand::about(span_id(3))),
        record(5),
        refused,
        of_origin(7, Origin::Eval, Errand::about(span_id(5))),
    ];
    insert(&store, &records).await;
    store.shadow_insert(&shadow_of(1, 3)).await.unwrap();
    assert_eq!(shut(&store, 7).await, [0; 0]);

    // Held out as soon as it waits in a draft; open again when that is thrown away.
    let items = [item("a", "heldout", &span_source(1)), item("b", "policy", &span_source(5))];
    store.draft_put(&named("maths"), &items).await.unwrap();
    assert_eq!(shut(&store, 7).await, [1, 2, 3, 4]);
    store.draft_discard("maths").await.unwrap();
    assert_eq!(shut(&store, 7).await, [0; 0]);

    store
        .dataset_publish(&named("maths"), &[items[0].clone(), items[1].clone(), item("c", "heldout", &span_source(6))])
        .await
        .unwrap();
    assert_eq!(shut(&store, 7).await, [1, 2, 3, 4, 6]);
    let Outcome::Failed { message, .. } = store.span_get(span_id(6)).await.unwrap().unwrap().outcome else {
        unreachable!("it was refused")
    };
    assert!(!message.contains("no: words"), "{message}");
    // A judge that is asked only now is shut as well, though its words are kept.
    insert(&store, &[of_origin(8, Origin::Eval, Errand::about(span_id(3)))]).await;
    assert_eq!(shut(&store, 8).await, [1, 2, 3, 4, 6, 8]);
    // No other dataset is made from it.
    let all = Pick { filter: Filter::default(), since: None, sample: None, stratify: None, seed: 0 };
    let picked: Vec<_> = store.span_pick(&all).await.unwrap().0.into_iter().map(|picked| picked.span_id).collect();
    assert_eq!(picked, [span_id(5)]);

    // An older version holds it out still; opened on purpose in the current one, it is open everywhere.
    store.dataset_publish(&named("maths"), &[items[1].clone()]).await.unwrap();
    assert_eq!(shut(&store, 8).await, [1, 2, 3, 4, 6, 8]);
    store.dataset_publish(&named("maths"), &[item("a", "policy", &span_source(1))]).await.unwrap();
    assert_eq!(shut(&store, 8).await, [6]);
    store.dataset_delete("maths").await.unwrap();
    assert_eq!(shut(&store, 8).await, [1, 2, 3, 4, 6, 8], "what nobody lists any more opens nothing");
}

#[tokio::test]
async fn a_source_is_known_by_the_names_that_others_give_it() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let mut records = [1, 2, 3, 4].map(record);
    // What OpenTelemetry calls a span by is the second half of its id.
    records[1].span.id = SpanId::from_bits(0xfeed);
    records[2].span.trace_id = "0af7651916cd43dd8448eb211c80319c".parse().unwrap();
    insert(&store, &records).await;
    let sources = [
        format!("{{\"span_id\":\"{}\"}}", span_id(1).to_string().to_uppercase()),
        "{\"span_id\":\"000000000000feed\",\"trace_id\":\"ffff\"}".to_owned(),
        "{\"trace_id\":\"0AF76519-16CD-43DD-8448-EB211C80319C\"}".to_owned(),
        "{\"span_id\":17,\"trace_id\":null}".to_owned(),
    ];
    let items: Vec<_> = (0..).zip(&sources).map(|(n, source)| item(&format!("i{n}"), "heldout", source)).collect();
    store.dataset_publish(&named("others"), &items).await.unwrap();
    let open: Vec<_> = store.record_list(&records.map(|record| record.span.id)).await.unwrap();
    assert_eq!(open.iter().map(|record| record.span.id).collect::<Vec<_>>(), [span_id(4)]);
}

#[tokio::test]
async fn what_scorers_and_people_said_of_it_is_a_number_without_words_and_nobody_is_asked_about_it() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    insert(&store, &[1, 2, 3].map(record)).await;
    let judged = |n| Score {
        scorer: "tone".into(),
        source: Source::Judge,
        explanation: Some("it says: words".into()),
        ..score(n, 0.5)
    };
    store.score_insert_many(&[1, 2, 3].map(judged)).await.unwrap();
    let tone: ScorerName = "tone".into();
    store.label_plan_put(&tone, 1.0, "ops").await.unwrap();
    let task = store.label_next(Some(&tone), "ana", LOCK).await.unwrap().unwrap();
    assert_eq!(task.span_id, span_id(1));
    let new = NewLabel { task: task.seq, annotator: "ana".into(), value: 1.0, note: "words".into(), seconds: None };
    store.label_submit(&new).await.unwrap();

    let items = [item("a", "heldout", &span_source(1)), item("b", "heldout", &span_source(2))];
    store.dataset_publish(&named("maths"), &items).await.unwrap();
    let said = store.score_list(span_id(1)).await.unwrap().remove(0).score;
    assert_eq!((said.explanation, said.verdict), (None, judged(1).verdict));
    assert!(store.score_list(span_id(3)).await.unwrap()[0].score.explanation.is_some());
    let label = store.label_list(Some(&tone), None, 10).await.unwrap().items.remove(0);
    assert_eq!((label.human, label.note.as_str()), (1.0, ""));
    assert_eq!(store.label_next(Some(&tone), "ben", LOCK).await.unwrap().unwrap().span_id, span_id(3));

    // A purge still finds what is shut.
    assert_eq!(store.item_purge("maths", &["a".into()], Reach::default(), "asked for", "ana").await.unwrap().items, 1);
    assert_eq!(store.payload_get(span_id(1)).await.unwrap(), None);
    assert!(!store.span_get(span_id(1)).await.unwrap().unwrap().errand.sealed, "there is nothing left to seal");
}

const QUESTION: &str = "my code for the safe is 4711, \u{e9}tage 2";

/// Turn `n` of a session, in which these have been said.
fn turn(n: u64, session: &str, said: &[&str]) -> Record {
    let mut record = record(n);
    record.span.session = Some(session.into());
    let role = |at: usize| if at.is_multiple_of(2) { "user" } else { "assistant" };
    let messages: Vec<_> =
        said.iter().enumerate().map(|(at, text)| serde_json::json!({"role": role(at), "content": text})).collect();
    // As some clients write it: every letter beyond ASCII escaped.
    let request = serde_json::json!({ "messages": messages }).to_string().replace('\u{e9}', "\\u00e9");
    record.payload.request = request.into();
    record
}

/// A held-out item with this question, made from request `n`.
fn asked(id: &str, question: &str, n: u64) -> NewItem {
    let input = serde_json::json!({"messages": [{"role": "system", "content": "be kind"}, {"role": "user", "content": question}]});
    let body = serde_json::json!({"id": id, "split": "heldout", "input": input, "source": {"span_id": span_id(n).to_string()}});
    NewItem { body: body.to_string(), ..item(id, "heldout", "{}") }
}

#[tokio::test]
async fn later_turns_of_the_session_that_repeat_a_held_out_question_show_no_words() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let parts = serde_json::json!({"messages": [{"role": "user", "content": [{"type": "text", "text": format!("So: {QUESTION}")}]}]});
    let mut in_parts = turn(6, "s", &[]);
    in_parts.payload.request = parts.to_string().into();
    let mut cut = turn(7, "s", &[]);
    cut.payload.request = "{\"messages\":[{\"role\":\"user\",\"con".into();
    let mut judged = turn(9, "", &[QUESTION]);
    (judged.span.origin, judged.span.errand, judged.span.session) = (Origin::Eval, Errand::about(span_id(4)), None);
    let mut shadow = turn(10, "", &[QUESTION]);
    (shadow.span.origin, shadow.span.session) = (Origin::Shadow, None);
    let records = [
        turn(1, "s", &["hello", "hi"]),
        turn(2, "s", &["hello", "hi", QUESTION]),
        turn(3, "other", &["hello", "hi", QUESTION]),
        turn(4, "s", &["hello", "hi", QUESTION, "noted", "and now?"]),
        turn(5, "s", &["something else"]),
        in_parts,
        cut,
        turn(8, "s", &["the code for the safe"]),
        judged,
        shadow,
    ];
    insert(&store, &records).await;
    store.shadow_insert(&shadow_of(4, 10)).await.unwrap();
    assert_eq!(shut(&store, 10).await, [0; 0]);
    store.draft_put(&named("maths"), &[asked("a", QUESTION, 2)]).await.unwrap();
    // What cannot be read is not trusted. What other sessions say is theirs.
    assert_eq!(shut(&store, 10).await, [2, 4, 6, 7, 9, 10]);
    store.draft_discard("maths").await.unwrap();
    assert_eq!(shut(&store, 10).await, [0; 0]);

    // A short question is a text of its own, not a part of one.
    store.dataset_publish(&named("short"), &[asked("b", "hello", 1)]).await.unwrap();
    assert_eq!(shut(&store, 10).await, [1, 2, 4, 7, 9, 10]);
    // Opened on purpose in the current version, it is open in later turns as well.
    let open = NewItem { hash: "b-policy".into(), split: Some("policy".into()), ..asked("b", "hello", 1) };
    store.dataset_publish(&named("short"), &[open]).await.unwrap();
    assert_eq!(shut(&store, 10).await, [0; 0]);
}

//! A job's way through memory or store to scores.

use weir_core::{clock::ManualClock, entropy::Seeded, score::Verdict};
use weir_providers::transport::{Policy, Transport};
use weir_store::{NewDataset, NewItem, Store};

use super::*;
use crate::{
    Bells, Bench, Recent, References,
    testing::{START, record, scoring, settings},
};
use arc_swap::ArcSwap;

async fn desk(store: Store) -> Data<Arc<Desk>> {
    let clock = Arc::new(ManualClock::new(START));
    Data::new(Arc::new(Desk {
        references: Arc::new(References::new(store.clone())),
        store,
        scoring: Arc::new(ArcSwap::from_pointee(scoring(&settings("24h")))),
        recent: Arc::new(Recent::default()),
        bells: Bells::default(),
        turns: Arc::default(),
        bench: Arc::new(Bench::new("http://127.0.0.1:9/v1", "token").unwrap()),
        transport: Arc::new(Transport::new(Policy::default()).unwrap()),
        clock,
        entropy: Arc::new(Seeded::new(1)),
        exporter: None,
    }))
}

/// A dataset in which 2+2 is `answer`.
async fn publish(store: &Store, answer: &str) {
    let body = format!(r#"{{"id":"1","input":"2+2","expected":"{answer}"}}"#);
    let item: weir_evals::dataset::Item = serde_json::from_str(&body).unwrap();
    let new = NewDataset { name: "sums".to_owned(), workload: Some("maths".into()), ..NewDataset::default() };
    let item = NewItem {
        id: item.id.clone(),
        hash: item.hash(),
        input_hash: item.input_hash(),
        split: None,
        body: serde_json::to_string(&item).unwrap(),
    };
    store.dataset_publish(&new, &[item]).await.unwrap();
}

fn grade(verdict: &Verdict) -> Option<f64> {
    match verdict {
        Verdict::Scored { grade } => Some(grade.value()),
        Verdict::Unscored { .. } => None,
    }
}

#[tokio::test]
async fn a_job_scores_alike_from_memory_and_from_the_store_and_only_once() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), Arc::new(ManualClock::new(START))).await.unwrap();
    publish(&store, "4").await;
    let records: Vec<Record> = (0..80).map(record).collect();
    let mut tx = store.begin_spans().await.unwrap();
    tx.span_insert_many(&records).await.unwrap();
    tx.commit().await.unwrap();
    let desk = desk(store.clone()).await;
    for record in records.iter().take(40) {
        desk.recent.put(&Arc::new(record.clone()));
    }
    let job = RunChecks { rule: None, spans: records.iter().map(|record| (record.span.id, 1.0)).collect() };
    run(job.clone(), desk.clone()).await.unwrap();
    run(job, desk.clone()).await.unwrap();
    let log = store.score_since(0, 1_000).await.unwrap();
    assert_eq!(log.len(), 80);
    for record in &records {
        let scores = store.score_list(record.span.id).await.unwrap();
        let right = record.payload == super::super::testing::record(4).payload;
        assert_eq!(grade(&scores[0].score.verdict), Some(if right { 1.0 } else { 0.0 }));
    }
}

#[tokio::test]
async fn a_new_dataset_version_changes_the_reference_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), Arc::new(ManualClock::new(START))).await.unwrap();
    let desk = desk(store.clone()).await;
    let graded = async |number| {
        let record = Arc::new(record(number));
        desk.recent.put(&record);
        run(RunChecks { rule: None, spans: vec![(record.span.id, 1.0)] }, desk.clone()).await.unwrap();
        grade(&store.score_list(record.span.id).await.unwrap()[0].score.verdict)
    };
    assert_eq!(graded(7).await, None, "no item, no reference");
    publish(&store, "8").await;
    assert_eq!(graded(8).await, Some(1.0));
    publish(&store, "4").await;
    assert_eq!(graded(9).await, Some(0.0));
}

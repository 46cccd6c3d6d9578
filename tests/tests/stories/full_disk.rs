//! A full disk: the store refuses, the spool keeps, and a store with room takes all of it in. The bound on the file
//! stands for the disk; SQLite answers both with the same error.

use std::{path::Path, sync::Arc};

use arc_swap::ArcSwap;
use tokio_util::sync::CancellationToken;
use weir_core::{
    SpanId, Timestamp, TraceId, Usage,
    clock::SystemClock,
    sink::SpanSink,
    span::{Origin, Outcome, Payload, Record, Span},
};
use weir_jobs::{Bells, OutputTokens, Recorder, Tail, Writer, WriterParts, prepare_queue};
use weir_store::{Options, Store};

use crate::rig::eventually;

const RECORDS: u128 = 600;
const SPOOL: u64 = 1 << 30;

fn id(number: u128) -> SpanId {
    SpanId::from_bits(number + 1)
}

/// A request with texts that fill pages.
fn record(number: u128) -> Record {
    let span = Span {
        id: id(number),
        trace_id: TraceId::from_bits(number + 1),
        parent_id: None,
        tenant: "local".into(),
        workload: "maths".into(),
        origin: Origin::Client,
        session: None,
        model_asked: "weir/maths".into(),
        stream: false,
        started_at: Timestamp(1_700_000_000_000_000 + number as i64),
        latency_us: 1_500,
        ttft_us: None,
        outcome: Outcome::Ok,
        finish_reason: Some("stop".into()),
        identity: Default::default(),
        decision: None,
        attempts: Vec::new(),
        usage: Usage::default(),
        cost: None,
        tags: "".into(),
        errand: Default::default(),
    };
    let text = format!("{number:0>4000}").into_bytes();
    Record { span, payload: Payload { request: text.clone().into(), response: text.into(), truncated: false } }
}

async fn open(dir: &Path, max_bytes: Option<u64>) -> Store {
    let options = Options { max_bytes, ..Options::default() };
    let store = Store::open_with(dir, Arc::new(SystemClock::default()), &options).await.unwrap();
    prepare_queue(&store).await.unwrap();
    store
}

fn writer(store: &Store, tail: Tail) -> Writer {
    let parts = WriterParts {
        store: store.clone(),
        scoring: Arc::new(ArcSwap::default()),
        tokens: Arc::new(OutputTokens::default()),
        rates: Arc::default(),
        turns: Arc::default(),
        clock: Arc::new(SystemClock::default()),
        mirrors: Arc::default(),
        recent: Arc::default(),
        bells: Bells::default(),
        exporter: None,
    };
    Writer::new(tail, parts)
}

async fn stored(store: &Store) -> usize {
    let mut count = 0;
    for number in 0..RECORDS {
        count += usize::from(store.span_get(id(number)).await.unwrap().is_some());
    }
    count
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_full_disk_refuses_waits_in_the_spool_until_there_is_room() {
    let dir = tempfile::tempdir().unwrap();
    let spool = dir.path().join("spool");
    let full = open(dir.path(), Some(2 << 20)).await;
    let (recorder, tail) = Recorder::open(&spool, SPOOL).unwrap();
    let stop = CancellationToken::new();
    let writing = tokio::spawn(writer(&full, tail).run(stop.clone()));
    for number in 0..RECORDS {
        recorder.record(record(number));
    }
    stop.cancel();
    writing.await.unwrap();
    let fitted = stored(&full).await;
    assert!(fitted < RECORDS as usize, "five megabytes do not fit into two: {fitted}");
    assert_eq!(recorder.lost(), 0);
    full.close().await;

    let roomy = open(dir.path(), None).await;
    let (_recorder, tail) = Recorder::open(&spool, SPOOL).unwrap();
    let stop = CancellationToken::new();
    let writing = tokio::spawn(writer(&roomy, tail).run(stop.clone()));
    eventually("every record is stored", async || (stored(&roomy).await == RECORDS as usize).then_some(())).await;
    stop.cancel();
    writing.await.unwrap();
    let left: u64 = std::fs::read_dir(&spool).unwrap().map(|entry| entry.unwrap().metadata().unwrap().len()).sum();
    assert_eq!(left, 0, "and the spool is empty again");
    roomy.close().await;
}

//! Records, settings and stores for this crate's tests.

use std::{path::Path, sync::Arc, time::Duration};

use apalis::prelude::Data;
use arc_swap::ArcSwap;
use weir_config::Settings;
use weir_core::{
    NanoUsd, SpanId, Timestamp, TraceId, Usage,
    clock::ManualClock,
    entropy::Seeded,
    span::{Attempt, Origin, Outcome, Payload, Record, Span},
};
use weir_providers::transport::{Policy, Transport};
use weir_store::{NewDataset, NewItem, Options, Reach, Store};

use crate::{Bells, Bench, Desk, Recent, References, Scoring};

/// When tests begin.
pub(crate) const START: Timestamp = Timestamp(1_800_000_000_000_000);

/// One workload of two built-in deployments, checked by exact match.
pub(crate) fn settings(half_life: &str) -> Settings {
    settings_of(&format!("half_life = \"{half_life}\""))
}

/// The same, with one more line in its workload.
pub(crate) fn settings_of(line: &str) -> Settings {
    let text = format!(
        "[workloads.maths]\ncandidates = [\"sim/large\", \"sim/small\"]\nfloor = 0.8\nscorers = [\"exact\"]\n\
         {line}\n[scorers.exact]\nkind = \"exact_match\"\n"
    );
    settings_text(&text)
}

pub(crate) fn settings_text(text: &str) -> Settings {
    weir_config::parse(text, Path::new("weir.toml"), &|_| None).unwrap_or_else(|invalid| panic!("{invalid}"))
}

pub(crate) fn scoring(settings: &Settings) -> Scoring {
    Scoring::compile(settings, &|path| Err(format!("no file {path}"))).unwrap()
}

/// What workers share; `gateway` is where they ask.
pub(crate) fn desk(store: Store, settings: &Settings, clock: Arc<ManualClock>, gateway: &str) -> Desk {
    Desk {
        references: Arc::new(References::new(store.clone())),
        store,
        settings: Arc::new(ArcSwap::from_pointee(settings.clone())),
        scoring: Arc::new(ArcSwap::from_pointee(scoring(settings))),
        recent: Arc::new(Recent::default()),
        bells: Bells::default(),
        turns: Arc::default(),
        bench: Arc::new(Bench::new(gateway, "token").unwrap()),
        transport: Arc::new(Transport::new(Policy::default()).unwrap()),
        responses_kept: settings.server.responses_kept,
        clock,
        entropy: Arc::new(Seeded::new(1)),
        exporter: None,
    }
}

/// Gives up on a lock at once.
pub(crate) async fn impatient_store(dir: &Path) -> Store {
    let options = Options { busy_timeout: Duration::from_millis(20), ..Options::default() };
    Store::open_with(dir, Arc::new(ManualClock::new(START)), &options).await.unwrap()
}

/// A complete client request numbered `number`.
pub(crate) fn record(number: u32) -> Record {
    let attempt = Attempt {
        deployment: "sim/large".into(),
        started_us: 5,
        latency_us: 1_000,
        status: Some(200),
        error: None,
        cost: Some(NanoUsd(100)),
        dropped: Vec::new(),
        away_from: None,
    };
    let span = Span {
        id: SpanId::from_bits(u128::from(number) + 1),
        trace_id: TraceId::from_bits(u128::from(number) + 1),
        parent_id: None,
        tenant: "local".into(),
        workload: "maths".into(),
        origin: Origin::Client,
        session: None,
        model_asked: "weir/maths".into(),
        stream: false,
        started_at: Timestamp(1_700_000_000_000_000 + i64::from(number)),
        latency_us: 1_500,
        ttft_us: Some(900),
        outcome: Outcome::Ok,
        finish_reason: Some("stop".into()),
        identity: Default::default(),
        decision: None,
        attempts: vec![attempt],
        usage: Usage { input: 10, output: 4, ..Usage::default() },
        cost: Some(NanoUsd(100)),
        tags: "".into(),
        errand: Default::default(),
    };
    let payload = Payload {
        request: br#"{"model":"weir/maths","messages":[{"role":"user","content":"2+2"}]}"#.as_slice().into(),
        response: format!(r#"{{"choices":[{{"message":{{"content":"{number}"}}}}]}}"#).into_bytes().into(),
        truncated: false,
    };
    Record { span, payload }
}

/// What a worker works with, over this store; nobody listens where it asks.
pub(crate) fn desk_of(store: Store, settings: &Settings, clock: Arc<ManualClock>) -> Data<Arc<Desk>> {
    Data::new(Arc::new(desk(store, settings, clock, "http://127.0.0.1:9/v1")))
}

/// Stores these requests.
pub(crate) async fn written(store: &Store, records: &[Record]) {
    let mut tx = store.begin_spans().await.unwrap();
    tx.span_insert_many(records).await.unwrap();
    tx.commit().await.unwrap();
}

/// Purges this request's words, by way of a dataset item made from it.
pub(crate) async fn purge(store: &Store, span: SpanId) {
    let body = format!(r#"{{"id":"gone","input":"2+2","source":{{"span_id":"{span}"}}}}"#);
    let new = NewDataset { name: "purged".to_owned(), ..NewDataset::default() };
    let item =
        NewItem { id: "gone".to_owned(), hash: "gone".to_owned(), input_hash: "gone".to_owned(), split: None, body };
    store.dataset_publish(&new, &[item]).await.unwrap();
    assert_eq!(
        store.item_purge("purged", &["gone".to_owned()], Reach::default(), "asked", "ana").await.unwrap().items,
        1
    );
    assert_eq!(store.payload_get(span).await.unwrap(), None);
}

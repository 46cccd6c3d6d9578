//! Prints how fast spans with 1 KB of payload go in, and how long the queries of a dashboard take over them:
//! `cargo run -p weir-store --example insert_rate --release -- [spans] [batch]`. The directory is removed at the end.
#![expect(clippy::print_stdout, reason = "it prints its figures")]

use std::{error::Error, sync::Arc, time::Instant};

use weir_core::{
    Clock, NanoUsd, SpanId, Timestamp, TraceId, Usage, WorkloadId,
    clock::SystemClock,
    decision::{CandidateRecord, Decision, Verdict},
    entropy::{Entropy, Seeded},
    route::Features,
    snapshot::Quality,
    span::{Attempt, Origin, Outcome, Payload, Record, Span},
};
use weir_store::{SpanFilter, Store, Written};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let argument = |place, default| match std::env::args().nth(place) {
        Some(text) => text.parse::<usize>(),
        None => Ok(default),
    };
    let (spans, most) = (argument(1, 200_000)?, argument(2, 1_024)?.max(1));
    let dir = tempfile::tempdir()?;
    let clock = Arc::new(SystemClock::default());
    let store = Store::open(dir.path(), clock.clone()).await?;
    let words = Seeded::new(1);
    let since = clock.now();

    let (mut inserting_s, mut left) = (0.0, spans);
    while left > 0 {
        let batch: Vec<Written> = (0..most.min(left))
            .map(|_| {
                let record = Arc::new(record(&words, clock.now()));
                let span_json = serde_json::to_vec(&record.span).unwrap_or_default().into();
                Written { record, span_json }
            })
            .collect();
        left -= batch.len();
        let start = Instant::now();
        let mut tx = store.begin_spans().await?;
        tx.span_insert_written(&batch).await?;
        tx.commit().await?;
        inserting_s += start.elapsed().as_secs_f64();
    }
    println!("{spans} spans in batches of {most}: {:.0} rows/s", spans as f64 / inserting_s);

    let workload: WorkloadId = "maths".into();
    let filter = SpanFilter { workload: Some(workload.clone()), ..SpanFilter::default() };
    let start = Instant::now();
    let rows = store.span_list(&filter, None, 50).await?.items.len();
    println!("span_list, {rows} rows: {:.1} ms", ms(start));
    let start = Instant::now();
    let groups = store.usage_by_deployment(Some(&workload), since).await?.len();
    println!("usage_by_deployment, {groups} groups: {:.1} ms", ms(start));
    let start = Instant::now();
    let lines = store.series(&workload, &"exact".into(), since, 60, 60).await?.len();
    println!("series, {lines} lines: {:.1} ms", ms(start));
    store.close().await;
    Ok(())
}

fn ms(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1e3
}

/// A request as the gateway records it: a decision over three candidates, one attempt, 1,024 bytes of texts.
fn record(words: &Seeded, now: Timestamp) -> Record {
    let deployments = ["sim/large", "sim/medium", "sim/small"];
    let candidates = deployments
        .iter()
        .map(|name| CandidateRecord {
            deployment: (*name).into(),
            verdict: Verdict::Fallback,
            quality: Some(Quality {
                mean: words.next_unit(),
                lower: words.next_unit(),
                upper: words.next_unit(),
                n: 200,
            }),
            expected_cost: Some(NanoUsd(120_000)),
            in_flight: 3,
            latency_ms: Some(words.next_unit() * 400.0),
            state: Default::default(),
        })
        .collect();
    let pick = deployments[(words.next_u64() % 3) as usize];
    let decision = Decision {
        workload: "maths".into(),
        segment: "all".into(),
        strategy: "filter → canary → floor → cost → tie_break".into(),
        revision: "r-0001".into(),
        snapshot_seq: 3,
        score_seq: 9,
        candidates,
        chain: deployments.iter().map(|name| (*name).into()).collect(),
        propensity: 1.0,
        exposure: None,
        features: Features::default(),
        seed: words.next_u64(),
        inputs: Default::default(),
        plan: Default::default(),
    };
    let latency_us = 50_000 + words.next_u64() % 900_000;
    Record {
        span: Span {
            id: SpanId::at(now, words),
            trace_id: TraceId::draw(words),
            parent_id: None,
            tenant: "dev".into(),
            workload: "maths".into(),
            origin: Origin::Client,
            session: None,
            model_asked: "weir/maths".into(),
            stream: true,
            started_at: now,
            latency_us,
            ttft_us: Some(latency_us / 3),
            outcome: Outcome::Ok,
            finish_reason: Some("stop".into()),
            identity: Default::default(),
            decision: Some(Arc::new(decision)),
            attempts: vec![Attempt {
                deployment: pick.into(),
                started_us: 40,
                latency_us,
                status: Some(200),
                error: None,
                cost: Some(NanoUsd(120_000)),
                dropped: Vec::new(),
                away_from: None,
            }],
            usage: Usage { input: 300, output: 120, ..Usage::default() },
            cost: Some(NanoUsd(120_000)),
            tags: "".into(),
            errand: Default::default(),
        },
        payload: Payload { request: vec![b'q'; 512].into(), response: vec![b'a'; 512].into(), truncated: false },
    }
}

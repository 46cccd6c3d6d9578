//! What leaves for other tools: OTLP to a collector, Prometheus to a scraper.

use std::sync::{Arc, OnceLock};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    task::spawn_blocking,
};
use weir::app::{Options, install_crypto};
use weir_telemetry::{metrics::Metrics, otlp::Exporter};

use crate::rig::{DEADLINE, MATHS, Rig, eventually, item};

/// One request as it came: head and body.
struct Received {
    head: String,
    body: Vec<u8>,
}

/// A collector that takes everything.
async fn collector() -> (String, mpsc::UnboundedReceiver<Received>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let (sender, receiver) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            tokio::spawn(take(socket, sender.clone()));
        }
    });
    (base, receiver)
}

/// Reads requests of known length and answers each with an empty success.
async fn take(mut socket: TcpStream, sender: mpsc::UnboundedSender<Received>) {
    let mut bytes = Vec::new();
    loop {
        let end = loop {
            if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
                break end + 4;
            }
            if socket.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
                return;
            }
        };
        let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
        let length =
            head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok()).unwrap_or(0);
        while bytes.len() < end + length {
            if socket.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
                return;
            }
        }
        let body = bytes[end..end + length].to_vec();
        bytes.drain(..end + length);
        drop(sender.send(Received { head, body }));
        let reply = b"HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\n\r\n";
        if socket.write_all(reply).await.is_err() {
            return;
        }
    }
}

fn holds(body: &[u8], text: &str) -> bool {
    body.windows(text.len()).any(|window| window == text.as_bytes())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_and_scores_reach_the_collector_without_their_texts() {
    install_crypto();
    let (base, mut received) = collector().await;
    // Its client blocks, so it may not begin on the runtime.
    let exporter = spawn_blocking(move || Arc::new(Exporter::new(&base).unwrap())).await.unwrap();
    let rig = Rig::with(MATHS, Options { exporter: Some(exporter), ..Options::default() }).await;
    let reply = rig.chat("weir/maths", &item(41).0).await.expect(200);
    let (span, trace) = (reply.span().to_owned(), reply.header("x-weir-trace-id").to_owned());
    assert_eq!(trace.len(), 32);
    rig.scored(&span).await;
    rig.stop().await;

    let mut bodies = Vec::new();
    while !(holds(&bodies, "gen_ai.evaluation.result") && holds(&bodies, "gen_ai.request.model")) {
        let next = tokio::time::timeout(DEADLINE, received.recv()).await.unwrap().unwrap();
        assert!(next.head.starts_with("post /v1/traces "), "{}", next.head);
        bodies.extend_from_slice(&next.body);
    }
    for told in ["weir.route.strategy", "gen_ai.usage.input_tokens", "sim/large", "exact", &span] {
        assert!(holds(&bodies, told), "{told} is not in what was sent");
    }
    assert!(!holds(&bodies, "What is 41"), "prompts stay at home");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_collector_costs_no_request() {
    install_crypto();
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let exporter = spawn_blocking(move || Arc::new(Exporter::new(&format!("http://{gone}")).unwrap())).await.unwrap();
    let rig = Rig::with(MATHS, Options { exporter: Some(exporter), ..Options::default() }).await;
    for number in 0..20 {
        let reply = rig.chat("weir/maths", &item(number).0).await.expect(200);
        rig.trace(reply.span()).await;
    }
    rig.stop().await;
}

/// The recorder is the process's: one for all stories.
fn metrics() -> Metrics {
    static METRICS: OnceLock<Metrics> = OnceLock::new();
    METRICS.get_or_init(|| Metrics::install().unwrap()).clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scraper_sees_requests_scores_and_the_spool() {
    let config =
        MATHS.replace("workloads.maths", "workloads.scraped").replace("workload = \"maths\"", "workload = \"scraped\"");
    let rig = Rig::with(&config, Options { metrics: Some(metrics()), ..Options::default() }).await;
    let reply = rig.chat("weir/scraped", &item(5).0).await.expect(200);
    rig.scored(reply.span()).await;
    let text = eventually("the score is counted", async || {
        let text = rig.get("/metrics").await.expect(200).body;
        text.contains("weir_scores_total{workload=\"scraped\"").then_some(text)
    })
    .await;
    let line = |start: &str| {
        text.lines().find(|line| line.starts_with(start)).unwrap_or_else(|| panic!("{start}: {text}")).to_owned()
    };
    assert_eq!(
        line("weir_requests_total{workload=\"scraped\""),
        "weir_requests_total{workload=\"scraped\",deployment=\"sim/large\",outcome=\"ok\"} 1"
    );
    assert_eq!(
        line("weir_scores_total{workload=\"scraped\""),
        "weir_scores_total{workload=\"scraped\",scorer=\"exact\",status=\"scored\"} 1"
    );
    line("weir_request_seconds_count{workload=\"scraped\"");
    line("weir_degraded 0");
    rig.stop().await;
}

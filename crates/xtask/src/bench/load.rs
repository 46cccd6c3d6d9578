//! A closed loop of requests over keep-alive connections: each connection sends its next request when the last answer
//! has come whole.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, bail, ensure};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{Request, client::conn::http1};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, task::JoinSet};

use crate::weir::KEY;

/// The model asked for: the workload in weir's file.
pub(super) const MODEL: &str = "bench";

/// What one run measured.
pub(super) struct Sample {
    pub(super) elapsed: Duration,
    /// Of each request, sorted.
    pub(super) latencies: Vec<Duration>,
}

/// A request body of about 4 KB.
pub(super) fn body(stream: bool) -> Bytes {
    let text = "The quick brown fox jumps over the lazy dog, again and again. ".repeat(62);
    let body = serde_json::json!({
        "model": MODEL,
        "messages": [
            {"role": "system", "content": "Answer in one short paragraph."},
            {"role": "user", "content": text},
        ],
        "temperature": 0.2,
        "stream": stream,
    });
    Bytes::from(body.to_string())
}

/// `requests` requests over `connections` connections.
///
/// # Errors
/// On the first request that fails: what is measured must be answers.
pub(super) async fn run(addr: SocketAddr, connections: usize, requests: usize, stream: bool) -> anyhow::Result<Sample> {
    let left = Arc::new(AtomicUsize::new(requests));
    let body = body(stream);
    let started = Instant::now();
    let mut tasks = JoinSet::new();
    for _ in 0..connections {
        tasks.spawn(connection(addr, Arc::clone(&left), body.clone(), stream));
    }
    let mut latencies = Vec::with_capacity(requests);
    while let Some(part) = tasks.join_next().await {
        latencies.extend(part??);
    }
    let elapsed = started.elapsed();
    latencies.sort_unstable();
    Ok(Sample { elapsed, latencies })
}

async fn connection(
    addr: SocketAddr,
    left: Arc<AtomicUsize>,
    body: Bytes,
    stream: bool,
) -> anyhow::Result<Vec<Duration>> {
    let socket = TcpStream::connect(addr).await.with_context(|| format!("connecting to {addr}"))?;
    socket.set_nodelay(true)?;
    let (mut sender, driver) = http1::handshake(TokioIo::new(socket)).await?;
    let driver = tokio::spawn(driver);
    let mut latencies = Vec::new();
    let take = |left: usize| left.checked_sub(1);
    while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_ok() {
        let request = Request::post("/v1/chat/completions")
            .header("host", "127.0.0.1")
            .header("content-type", "application/json")
            .header("authorization", format!("Bearer {KEY}"))
            .body(Full::new(body.clone()))?;
        let sent = Instant::now();
        sender.ready().await?;
        let response = sender.send_request(request).await?;
        let status = response.status();
        let mut answer = response.into_body();
        let mut last = Bytes::new();
        while let Some(frame) = answer.frame().await {
            if let Ok(data) = frame?.into_data() {
                last = data;
            }
        }
        latencies.push(sent.elapsed());
        if !status.is_success() {
            bail!("{addr} answered {status}: {}", String::from_utf8_lossy(&last));
        }
        let end: &[u8] = if stream { b"[DONE]\n\n" } else { b"}" };
        ensure!(last.ends_with(end), "an answer of {addr} was cut: {}", String::from_utf8_lossy(&last));
    }
    drop(sender);
    driver.await??;
    Ok(latencies)
}

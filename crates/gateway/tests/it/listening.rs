use std::time::Duration;

use http_body_util::BodyExt as _;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use weir_core::span::Outcome;
use weir_gateway::{IngressConfig, Limits};
use weir_sim::Fault;

use crate::{
    client::{self, ask},
    rig::{Rig, Setup, chat},
};

const PATIENCE: Duration = Duration::from_secs(10);

/// Writes `text` and reads until the server closes or answers in full.
async fn raw(rig: &Rig, text: &str) -> String {
    let mut stream = TcpStream::connect(rig.addr).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut reply = Vec::new();
    // A reset after the reply is as good as a close.
    let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut reply)).await;
    drop(read.expect("the server ends the connection"));
    String::from_utf8_lossy(&reply).into_owned()
}

fn hasty() -> IngressConfig {
    IngressConfig { header_timeout_ms: 100, ..IngressConfig::default() }
}

#[tokio::test]
async fn a_declared_flood_is_refused_before_a_byte_of_it_is_read() {
    let rig = Rig::start().await;
    let head = "POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\ncontent-length: 10737418240\r\n\r\n";
    let reply = raw(&rig, head).await;
    assert!(reply.starts_with("HTTP/1.1 413"), "{reply}");
    assert!(reply.contains("W0103") && reply.contains("connection: close"), "{reply}");
}

#[tokio::test]
async fn slow_and_silent_connections_are_cut_off_and_others_are_served() {
    let rig = Rig::with(Setup { ingress: hasty(), ..Setup::default() }).await;
    for start in ["", "P", "PRI * HTTP/2", "POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\nx-slow: "] {
        let reply = raw(&rig, start).await;
        assert!(!reply.contains("200"), "{start:?}: {reply}");
    }
    assert_eq!(rig.post(&ask("auto")).await.status, 200);
}

/// Reads one reply without a body of unknown length from a connection that stays open.
async fn reply_on(stream: &mut TcpStream) -> String {
    let mut reply = Vec::new();
    while !reply.ends_with(b"ok\n") {
        let mut part = [0; 512];
        let count = tokio::time::timeout(PATIENCE, stream.read(&mut part)).await.expect("a reply").unwrap();
        assert!(count > 0, "closed after {:?}", String::from_utf8_lossy(&reply));
        reply.extend_from_slice(&part[..count]);
    }
    String::from_utf8(reply).unwrap()
}

#[tokio::test]
async fn a_kept_connection_may_idle_for_longer_than_a_head_may_take() {
    let rig = Rig::with(Setup { ingress: hasty(), ..Setup::default() }).await;
    let mut stream = TcpStream::connect(rig.addr).await.unwrap();
    let live = b"GET /livez HTTP/1.1\r\nhost: a\r\n\r\n";
    for _ in 0..3 {
        stream.write_all(live).await.unwrap();
        assert!(reply_on(&mut stream).await.starts_with("HTTP/1.1 200"));
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    // The next head begins and does not come: that is no idling.
    stream.write_all(&live[..10]).await.unwrap();
    let mut rest = Vec::new();
    let closed = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut rest)).await;
    assert!(closed.is_ok(), "the head is waited for");
}

#[tokio::test]
async fn a_request_outlives_the_header_timeout() {
    let rig = Rig::with(Setup { ingress: hasty(), ..Setup::default() }).await;
    rig.sim.set_fault("large-1", Fault::SlowFirstByte(400), 1.0);
    assert_eq!(rig.post(&ask("auto")).await.status, 200);
}

#[tokio::test]
async fn a_body_that_stalls_is_a_408() {
    let limits = Limits { body_idle_ms: 100, ..Limits::default() };
    let rig = Rig::with(Setup { limits, ..Setup::default() }).await;
    let start = "POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\n{\"model\"";
    let reply = raw(&rig, start).await;
    assert!(reply.starts_with("HTTP/1.1 408"), "{reply}");
    assert!(reply.contains("W0109"), "{reply}");
}

#[tokio::test]
async fn heads_over_the_bounds_are_refused() {
    let rig = Rig::start().await;
    let many: String = (0..200).map(|n| format!("x-{n}: 1\r\n")).collect();
    let large = |kib: usize| format!("x-large: {}\r\n", "x".repeat(kib << 10));
    let spread: String = (0..66).map(|n| format!("x-{n}: {}\r\n", "x".repeat(1 << 10))).collect();
    for (headers, status) in [
        (large(60), 200),
        (large(63), 200),
        (large(64), 431),
        (large(66), 431),
        (large(100), 431),
        (large(200), 431),
        (spread, 431),
        (many, 431),
    ] {
        let reply = raw(&rig, &format!("GET /livez HTTP/1.1\r\nhost: a\r\nconnection: close\r\n{headers}\r\n")).await;
        assert!(reply.starts_with(&format!("HTTP/1.1 {status}")), "{} bytes: {reply}", headers.len());
    }
}

#[tokio::test]
async fn heads_over_the_bounds_are_refused_of_http2_too() {
    let rig = Rig::start().await;
    for (kib, wanted) in [(60, Some(200)), (66, Some(431)), (100, Some(431)), (200, None)] {
        let stream = TcpStream::connect(rig.addr).await.unwrap();
        let (mut sender, driver) =
            hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
        tokio::spawn(driver);
        let request = http::Request::get("http://a/livez").header("x-large", "x".repeat(kib << 10));
        let request = request.body(http_body_util::Empty::<bytes::Bytes>::new()).unwrap();
        let reply = tokio::time::timeout(PATIENCE, sender.send_request(request)).await.expect("an answer or an end");
        // Far over the bound the connection is ended, as for a flood of frames.
        assert_eq!(reply.ok().map(|reply| reply.status().as_u16()), wanted, "{kib} KiB");
    }
}

#[tokio::test]
async fn ambiguous_framing_never_reaches_a_provider() {
    let rig = Rig::start().await;
    let body = ask("auto").to_string();
    let length = body.len();
    for framing in [
        format!("content-length: {length}\r\ncontent-length: 5\r\n"),
        "content-length: +5\r\n".to_owned(),
        "transfer-encoding: chunked, identity\r\n".to_owned(),
    ] {
        let head = "POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\n";
        let reply = raw(&rig, &format!("{head}{framing}\r\n{body}")).await;
        assert!(!reply.starts_with("HTTP/1.1 200"), "{framing}: {reply}");
    }
    assert_eq!(rig.sim.counters("large-1").requests, 0);
}

#[tokio::test]
async fn a_request_hidden_in_the_body_of_another_is_never_a_second_one() {
    let rig = Rig::start().await;
    let body = ask("sim/small").to_string();
    let hidden =
        format!("POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    let size = hidden.len();
    for (version, framing) in [
        ("1.1", format!("content-length: {}\r\ntransfer-encoding: chunked\r\n", size + 20)),
        ("1.1", "transfer-encoding: chunked\r\ncontent-length: 0\r\n".to_owned()),
        ("1.1", "transfer-encoding: xchunked\r\n".to_owned()),
        ("1.0", "transfer-encoding: chunked\r\n".to_owned()),
    ] {
        let head = format!("POST /v1/chat/completions HTTP/{version}\r\nhost: a\r\n{framing}\r\n");
        let reply = raw(&rig, &format!("{head}{size:x}\r\n{hidden}\r\n0\r\n\r\n")).await;
        assert!(reply.matches("HTTP/1.").count() <= 1, "{framing}: {reply}");
    }
    assert_eq!(rig.sim.counters("small-1").requests, 0, "what was hidden reached a provider");
}

#[tokio::test]
async fn a_panic_ends_its_own_request_only() {
    let rig = Rig::with(Setup { panicking_metrics: true, ..Setup::default() }).await;
    let reply = rig.get("/metrics", &[]).await;
    assert_eq!((reply.status.as_u16(), reply.code()), (500, "W0503".into()));
    assert!(!reply.body.contains("a defect"), "what broke is for the log");
    assert_eq!(rig.post(&ask("auto")).await.status, 200);
}

#[tokio::test]
async fn a_panic_in_the_pipeline_is_recorded_as_weirs_own_failure() {
    // Both ids take two words each; the fifth is the seed of the decision.
    let setup = Setup { draws: Some(4), ..Setup::default() };
    let rig = Rig::with(setup).await;
    let reply = rig.post(&ask("auto")).await;
    assert_eq!((reply.status.as_u16(), reply.code()), (500, "W0503".into()));
    let span = rig.sink.only().span;
    assert_eq!(reply.header("x-weir-span-id"), span.id.to_string());
    assert!(matches!(span.outcome, Outcome::Failed { code, .. } if &*code == "W0503"));
    assert_eq!(rig.post(&ask("auto")).await.status, 200);
}

#[tokio::test]
async fn health_and_metrics_answer() {
    let rig = Rig::start().await;
    assert_eq!(rig.get("/livez", &[]).await.status, 200);
    assert_eq!(rig.get("/readyz", &[]).await.status, 200);
    let metrics = rig.get("/metrics", &[]).await;
    assert_eq!(metrics.body, "weir_up 1\n");
    assert!(metrics.header("content-type").starts_with("text/plain; version=0.0.4"));
    rig.state.set_ready(false);
    assert_eq!(rig.get("/readyz", &[]).await.status, 503);
}

#[tokio::test]
async fn a_stream_in_flight_outlives_the_stop_signal_and_then_serving_ends() {
    let rig = Rig::start().await;
    rig.sim.set_latency("large-1", 0.0, 20.0);
    let mut body = ask("auto");
    body["stream"] = true.into();
    let (head, mut live) = client::open(rig.addr, chat(&[], body.to_string())).await;
    assert_eq!(head.status, 200);
    live.body.frame().await.unwrap().unwrap();
    rig.shutdown.cancel();
    assert!(!rig.state.is_ready());
    let mut rest = Vec::new();
    while let Some(frame) = live.body.frame().await {
        rest.extend_from_slice(&frame.unwrap().into_data().unwrap());
    }
    assert!(rest.ends_with(b"data: [DONE]\n\n"));
    tokio::time::timeout(PATIENCE, rig.serving).await.expect("serving ends").unwrap();
    assert!(TcpStream::connect(rig.addr).await.is_err(), "nobody listens any more");
}

#[tokio::test]
async fn what_is_left_after_the_drain_is_cut_and_recorded() {
    let ingress = IngressConfig { drain_ms: 100, ..IngressConfig::default() };
    let rig = Rig::with(Setup { ingress, ..Setup::default() }).await;
    rig.sim.set_fault("large-1", Fault::StallAfter(1), 1.0);
    let mut body = ask("auto");
    body["stream"] = true.into();
    let (_, _live) = client::open(rig.addr, chat(&[], body.to_string())).await;
    rig.shutdown.cancel();
    tokio::time::timeout(PATIENCE, rig.serving).await.expect("serving ends").unwrap();
    assert_eq!(rig.sink.only().span.outcome, Outcome::Cancelled);
}

#[tokio::test]
async fn connections_over_the_cap_wait_for_a_place() {
    let ingress = IngressConfig { max_connections: 1, ..IngressConfig::default() };
    let rig = Rig::with(Setup { ingress, ..Setup::default() }).await;
    let first = TcpStream::connect(rig.addr).await.unwrap();
    let waiting = rig.get("/livez", &[]);
    tokio::pin!(waiting);
    let early = tokio::time::timeout(Duration::from_millis(150), &mut waiting).await;
    assert!(early.is_err(), "the only place is taken");
    drop(first);
    let reply = tokio::time::timeout(PATIENCE, waiting).await.expect("a place");
    assert_eq!(reply.status, 200);
}

#[tokio::test]
async fn a_relieved_listener_lets_kept_connections_go_after_their_next_answer() {
    let ingress = IngressConfig { linger_ms: 1_000, ..IngressConfig::default() };
    let rig = Rig::with(Setup { ingress, ..Setup::default() }).await;
    let live = b"GET /livez HTTP/1.1\r\nhost: a\r\n\r\n";
    let (mut used, mut idle) =
        (TcpStream::connect(rig.addr).await.unwrap(), TcpStream::connect(rig.addr).await.unwrap());
    for stream in [&mut used, &mut idle] {
        stream.write_all(live).await.unwrap();
        assert!(!reply_on(stream).await.contains("connection: close"));
    }
    rig.relieved.cancel();
    eventually_refused(&rig).await;
    assert!(rig.state.is_ready(), "what still comes is served");
    used.write_all(live).await.unwrap();
    assert!(reply_on(&mut used).await.contains("connection: close"));
    for mut stream in [used, idle] {
        let mut rest = Vec::new();
        tokio::time::timeout(PATIENCE, stream.read_to_end(&mut rest)).await.expect("it is let go").unwrap();
        assert!(rest.is_empty());
    }
    tokio::time::timeout(PATIENCE, rig.serving).await.expect("serving ends").unwrap();
    assert!(rig.shutdown.is_cancelled(), "the rest of the process hears of it");
}

/// Waits until the listener is closed.
async fn eventually_refused(rig: &Rig) {
    let refused = async {
        while TcpStream::connect(rig.addr).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, refused).await.expect("nothing is accepted any more");
}

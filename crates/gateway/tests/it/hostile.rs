//! Providers that break HTTP or never stop, and clients that attack it, as bytes on the wire.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};
use weir_core::workload::Deadlines;
use weir_sim::Fault;

use crate::{
    client::ask,
    rig::{Rig, Setup, chat},
};

const PATIENCE: Duration = Duration::from_secs(10);

/// A provider that reads a request and writes these bytes; then it closes, or stays.
pub(crate) async fn provider(answer: Vec<u8>, stays: bool) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let answer = answer.clone();
            tokio::spawn(async move {
                let mut head = [0; 4096];
                let _ = socket.read(&mut head).await;
                // The gateway may hang up in the middle.
                let _ = socket.write_all(&answer).await;
                if stays {
                    let _ = socket.read(&mut head).await;
                    std::future::pending::<()>().await;
                }
            });
        }
    });
    addr
}

fn whole(body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}").into_bytes()
}

#[tokio::test]
async fn whatever_a_provider_sends_in_place_of_an_answer_the_next_one_serves() {
    let deep = "[".repeat(20_000);
    let cases: Vec<(&str, Vec<u8>, bool)> = vec![
        ("closed at once", Vec::new(), false),
        ("half a head", b"HTTP/1.1 200 OK\r\ncontent-".to_vec(), true),
        ("no HTTP", b"SSH-2.0-OpenSSH_9.9\r\n".to_vec(), false),
        ("a bad chunk", b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n".to_vec(), false),
        ("a head of 1 MiB", format!("HTTP/1.1 200 OK\r\nx-big: {}\r\n\r\n", "x".repeat(1 << 20)).into_bytes(), false),
        ("two lengths", b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}".to_vec(), false),
        ("null", whole("null"), true),
        ("an empty object", whole("{}"), true),
        ("half an answer", whole("{\"choices\":[{\"message\":{\"role\":\"assistant\""), true),
        ("JSON that is deep", whole(&format!("{{\"choices\":{deep}")), true),
        (
            "an encoding nobody asked for",
            b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 4\r\n\r\n\x1f\x8b\x08\x00".to_vec(),
            true,
        ),
        ("half a body", b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"choices\"".to_vec(), true),
    ];
    for (what, answer, stays) in cases {
        let deadlines = Deadlines { first_byte_ms: 400, idle_ms: 400, ..Deadlines::default() };
        let raw_first = Some(provider(answer, stays).await);
        let rig = Rig::with(Setup { raw_first, deadlines, ..Setup::default() }).await;
        let start = Instant::now();
        let reply = rig.post(&ask("auto")).await;
        assert_eq!((reply.status.as_u16(), reply.header("x-weir-deployment")), (200, "sim/large"), "{what}");
        assert!(start.elapsed() < Duration::from_secs(5), "{what}: {:?}", start.elapsed());
        let first = rig.sink.only().span.attempts[0].clone();
        let class = first.error.as_deref().unwrap_or_default();
        assert!(["connect", "timeout", "invalid_output"].contains(&class), "{what}: {class}");
    }
}

#[tokio::test]
async fn a_body_that_stalls_is_a_504_and_is_not_waited_for_twice() {
    let deadlines = Deadlines { idle_ms: 150, ..Deadlines::default() };
    let rig = Rig::with(Setup { deadlines, ..Setup::default() }).await;
    rig.sim.set_fault("large-1", Fault::StallAfter(0), 1.0);
    rig.sim.set_fault("small-1", Fault::StallAfter(0), 1.0);
    let reply = rig.post(&ask("auto")).await;
    assert_eq!((reply.status.as_u16(), reply.code()), (504, "W0402".to_owned()), "{}", reply.body);
    assert_eq!(rig.sim.counters("large-1").requests, 1, "it had its time");
}

#[tokio::test]
async fn bytes_that_no_header_may_hold_reach_nobody() {
    let rig = Rig::start().await;
    let body = ask("auto").to_string();
    let length = body.len();
    for line in ["x-nul: a\0b", "x-bare: a\rb", "x-fold: a\r\n b", "x-space : a", "x-weir-session: a\x07b"] {
        let mut socket = TcpStream::connect(rig.addr).await.unwrap();
        let head =
            format!("POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\n{line}\r\ncontent-length: {length}\r\n\r\n");
        socket.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
        let mut reply = [0; 12];
        let read = tokio::time::timeout(PATIENCE, socket.read(&mut reply)).await.expect("an end").unwrap_or(0);
        assert!(!reply[..read].ends_with(b"200"), "{line:?}");
    }
    assert_eq!(rig.sim.counters("large-1").requests, 0);
    let lookalike = rig.post(&ask("sim/large\u{200b}")).await;
    assert_eq!(lookalike.status, 404, "names are compared byte by byte");
}

#[tokio::test]
async fn a_client_that_opens_and_resets_without_end_is_cut_off_and_others_are_served() {
    let rig = Rig::start().await;
    rig.sim.set_fault("large-1", Fault::Hang, 1.0);
    let stream = TcpStream::connect(rig.addr).await.unwrap();
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    let connection = tokio::spawn(connection);
    let mut refused = false;
    for _ in 0..2_000 {
        let mut request = chat(&[], ask("sim/large").to_string());
        *request.uri_mut() = format!("http://{}/v1/chat/completions", rig.addr).parse().unwrap();
        if tokio::time::timeout(PATIENCE, sender.ready()).await.expect("room or an end").is_err() {
            refused = true;
            break;
        }
        // Polled once, so that the stream is opened, and dropped, so that it is reset.
        let opened = tokio::time::timeout(Duration::ZERO, sender.send_request(request)).await;
        refused |= matches!(opened, Ok(Err(_)));
        tokio::task::yield_now().await;
    }
    let gone = tokio::time::timeout(Duration::from_millis(500), connection).await.is_ok();
    let vital = rig.live.vital(&"sim/large".into()).unwrap();
    let start = Instant::now();
    while vital.in_flight() > 0 {
        assert!(start.elapsed() < PATIENCE, "{} calls are left", vital.in_flight());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(refused || gone || rig.sim.counters("large-1").requests < 2_000, "every reset reached the provider");
    assert_eq!(rig.post(&ask("sim/small")).await.status, 200);
}

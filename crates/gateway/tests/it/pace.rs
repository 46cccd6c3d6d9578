//! Who sets the pace of a stream: the provider, token by token, and a client that reads slowly or not at all.

use std::{
    fs,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use http_body_util::BodyExt as _;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::mpsc,
};

use crate::{
    client::{self, ask},
    rig::{Rig, Setup, chat},
};

const PATIENCE: Duration = Duration::from_secs(20);
const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n";
/// Most of a stream that may be on its way inside weir: hyper reads up to 408 KiB at once from a provider that is quick, and
/// one such piece may have been read, one handed over and one be in translation.
const BUFFERED: u64 = 3 * (408 << 10) + (64 << 10);
/// From a token's coming to its going, on a machine with nothing else to do.
const PASSES_WITHIN: Duration = Duration::from_millis(5);

fn event(text: &str) -> String {
    format!("data: {{\"id\":\"1\",\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{text}\"}}}}]}}\n\n")
}

fn streamed() -> String {
    let mut body = ask("auto");
    body["stream"] = true.into();
    body.to_string()
}

#[tokio::test]
async fn each_token_is_passed_on_before_the_next_is_there() {
    // A provider that says a token for each time it is told to, and when it has.
    let (tell, mut told) = mpsc::unbounded_channel::<()>();
    let (said, mut saying) = mpsc::unbounded_channel::<Instant>();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        socket.set_nodelay(true).unwrap();
        let _ = socket.read(&mut [0; 4096]).await;
        socket.write_all(HEAD).await.unwrap();
        while told.recv().await.is_some() {
            socket.write_all(event("token").as_bytes()).await.unwrap();
            said.send(Instant::now()).unwrap();
        }
    });
    let rig = Rig::with(Setup { raw_first: Some(addr), ..Setup::default() }).await;
    tell.send(()).unwrap();
    let (_, mut live) = client::open(rig.addr, chat(&[], streamed())).await;
    let mut quickest = Duration::MAX;
    for _ in 0..20 {
        // The next one is not said before this one is here: what weir held back would never come.
        let mut heard = Vec::new();
        while !heard.ends_with(b"\n\n") {
            let frame = tokio::time::timeout(PATIENCE, live.body.frame()).await.expect("the token is held back");
            heard.extend_from_slice(&frame.unwrap().unwrap().into_data().unwrap());
        }
        quickest = quickest.min(saying.recv().await.unwrap().elapsed());
        tell.send(()).unwrap();
    }
    // A timer or a delayed acknowledgement would hold every one of them.
    assert!(quickest <= PASSES_WITHIN, "{quickest:?}");
}

#[tokio::test]
async fn a_client_that_reads_nothing_stops_the_provider_too() {
    // A provider that writes events for ever, and counts.
    let written = Arc::new(AtomicU64::new(0));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let counter = Arc::clone(&written);
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let _ = socket.read(&mut [0; 4096]).await;
        let _ = socket.write_all(HEAD).await;
        let event = event(&"x".repeat(1 << 10));
        while let Ok(bytes) = socket.write(event.as_bytes()).await {
            // Whole events, whatever a write takes.
            let rest = event.as_bytes().get(bytes..).unwrap_or_default();
            counter.fetch_add(bytes as u64, Ordering::SeqCst);
            if socket.write_all(rest).await.is_err() {
                return;
            }
            counter.fetch_add(rest.len() as u64, Ordering::SeqCst);
        }
    });
    let rig = Rig::with(Setup { raw_first: Some(addr), ..Setup::default() }).await;
    let text = streamed();
    let mut socket = TcpStream::connect(rig.addr).await.unwrap();
    let length = text.len();
    let head = format!("POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\ncontent-length: {length}\r\n\r\n{text}");
    socket.write_all(head.as_bytes()).await.unwrap();
    socket.read_exact(&mut [0; 64]).await.unwrap();
    // The sockets' buffers fill, and then it stands still: on a busy machine it also stands still before they are full.
    let start = Instant::now();
    let (mut seen, mut still) = ((u64::MAX, 0), 0);
    let inside = |(written, in_sockets): (u64, u64)| written.saturating_sub(in_sockets);
    while still < 5 || inside(seen) > BUFFERED {
        assert!(
            start.elapsed() < PATIENCE,
            "read by weir for a client that reads nothing: {} of {seen:?}",
            inside(seen)
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
        let now = (written.load(Ordering::SeqCst), in_sockets(&[addr, rig.addr]));
        still = if now == seen { still + 1 } else { 0 };
        seen = now;
    }
    assert!(seen.1 > 0, "the sockets are full");
}

/// Bytes in the send and receive queues of all sockets of connections to these listeners, as the kernel tells.
fn in_sockets(listeners: &[SocketAddr]) -> u64 {
    let table = fs::read_to_string("/proc/net/tcp").unwrap();
    let port = |address: &str| u16::from_str_radix(address.split(':').nth(1).unwrap(), 16).unwrap();
    let ours = |line: &&str| {
        let mut words = line.split_whitespace().skip(1);
        let (local, remote) = (port(words.next().unwrap()), port(words.next().unwrap()));
        // 01: established.
        let open = words.next() == Some("01");
        open && listeners.iter().any(|listener| [local, remote].contains(&listener.port()))
    };
    let queued = |line: &str| -> u64 {
        let queues = line.split_whitespace().nth(4).unwrap();
        queues.split(':').map(|bytes| u64::from_str_radix(bytes, 16).unwrap()).sum()
    };
    table.lines().skip(1).filter(ours).map(queued).sum()
}

//! The door out, over loopback sockets that misbehave.

#![expect(clippy::unwrap_used, reason = "tests may fail loudly")]

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures::StreamExt;
use http::HeaderMap;
use secrecy::SecretString;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::oneshot,
};
use weir_core::policy::FailureClass;
use weir_providers::{
    outcome,
    transport::{Limits, Phase, Policy, Target, Transport, TransportError, forbidden},
};

const LIMITS: Limits = Limits {
    connect: Duration::from_secs(2),
    first_byte: Duration::from_secs(5),
    idle: Duration::from_secs(5),
    total: Duration::from_secs(10),
};

fn short(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

fn door() -> Transport {
    Transport::new(Policy::default()).unwrap()
}

/// Reads one request: its head and as much body as it declares.
async fn read_request(socket: &mut TcpStream) -> String {
    let mut seen = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&seen).to_lowercase();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "))
                .map_or(0, |length| length.parse().unwrap());
            if body.len() >= length {
                return text;
            }
        }
        if socket.read_buf(&mut seen).await.unwrap() == 0 {
            return text;
        }
    }
}

/// A server that answers every connection's first request with these bytes, then closes or stays.
async fn server(answer: impl Into<Vec<u8>>, stay: bool) -> Target {
    let answer: Vec<u8> = answer.into();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let answer = answer.clone();
            tokio::spawn(async move {
                read_request(&mut socket).await;
                // The caller may hang up first: that is what is being tested.
                let _sent = socket.write_all(&answer).await;
                if stay {
                    std::future::pending::<()>().await;
                }
            });
        }
    });
    Target::chat(&url, None, true).unwrap()
}

async fn ask(target: &Target, limits: Limits, cap: usize) -> Result<(u16, Bytes), TransportError> {
    let started = Instant::now();
    let answer = door().post_json(target, Bytes::from_static(b"{}"), limits, cap).await;
    assert!(started.elapsed() < Duration::from_secs(4), "took {:?}", started.elapsed());
    answer
}

#[tokio::test]
async fn a_call_carries_weirs_headers_and_nothing_else() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1/", listener.local_addr().unwrap());
    let target = Target::chat(&url, Some(SecretString::from("k-1".to_owned())), true).unwrap();
    let (tell, told) = oneshot::channel();
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        tell.send(read_request(&mut socket).await).unwrap();
        socket.write_all(b"HTTP/1.1 200 OK\r\nretry-after: 3\r\ncontent-length: 2\r\n\r\nok").await.unwrap();
    });
    let mut extra = HeaderMap::new();
    extra.insert("traceparent", http::HeaderValue::from_static("00-a-b-01"));
    let body = Bytes::from_static(b"{\"a\":1}");
    let response = door().send(&target, extra, body, LIMITS).await.unwrap();
    assert_eq!(response.status, 200);
    assert_eq!(response.headers["retry-after"], "3");
    assert_eq!(response.body.read_all(10).await.unwrap(), "ok");
    let request = told.await.unwrap();
    assert!(request.starts_with("post /v1/chat/completions http/1.1\r\n"), "{request}");
    assert!(request.ends_with("{\"a\":1}"));
    let head = request.split_once("\r\n\r\n").unwrap().0;
    let mut names: Vec<&str> = head.lines().skip(1).filter_map(|line| Some(line.split_once(':')?.0)).collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "accept",
            "accept-encoding",
            "authorization",
            "content-length",
            "content-type",
            "host",
            "traceparent",
            "user-agent"
        ]
    );
    assert!(head.contains("authorization: bearer k-1") && head.contains("accept-encoding: identity"));
    assert!(!format!("{target:?}").contains("k-1"));
}

#[tokio::test]
async fn forty_spellings_of_inward_addresses_are_refused_and_nothing_is_dialled() {
    let hits = Arc::new(AtomicUsize::new(0));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let counter = Arc::clone(&hits);
    tokio::spawn(async move {
        while listener.accept().await.is_ok() {
            counter.fetch_add(1, Ordering::SeqCst);
        }
    });
    let spellings = [
        "http://127.0.0.1",
        "http://127.1",
        "http://127.0.1",
        "http://2130706433",
        "http://0x7f000001",
        "http://0x7f.0.0.1",
        "http://0177.0.0.1",
        "http://017700000001",
        "http://0x7f.1",
        "http://127.0.0.1.",
        "http://127.255.255.254",
        "http://0",
        "http://0.0.0.0",
        "http://00.0.0.0",
        "http://0x0",
        "http://localhost",
        "http://LOCALHOST",
        "http://localhost.",
        "http://%6cocalhost",
        "http://①②⑦.⓪.⓪.①",
        "http://127%2e0%2e0%2e1",
        "http://[::1]",
        "http://[0:0:0:0:0:0:0:1]",
        "http://[::]",
        "http://[::ffff:127.0.0.1]",
        "http://[::ffff:7f00:1]",
        "http://[0:0:0:0:0:ffff:7f00:0001]",
        "http://[::127.0.0.1]",
        "http://[64:ff9b::127.0.0.1]",
        "http://[2002:7f00:1::]",
        "http://10.0.0.1",
        "http://172.16.0.1",
        "http://192.168.1.1",
        "http://100.64.0.1",
        "http://169.254.169.254",
        "http://[fd00:ec2::254]",
        "http://[fe80::1]",
        "http://[fc00::1]",
        "http://224.0.0.1",
        "http://255.255.255.255",
        "http://198.18.0.1",
        "http://192.0.0.192",
        "http://[ff02::1]",
        "https://127.0.0.1",
    ];
    assert!(spellings.len() >= 40);
    let door = door();
    for spelling in spellings {
        let url = format!("{spelling}:{port}/v1");
        let error = match Target::chat(&url, None, false) {
            Ok(target) => door.post_json(&target, Bytes::from_static(b"{}"), LIMITS, 100).await.unwrap_err(),
            Err(error) => error,
        };
        assert!(matches!(error, TransportError::Refused(_)), "{url}: {error}");
    }
    assert_eq!(hits.load(Ordering::SeqCst), 0);
}

#[test]
fn only_plain_http_urls_make_a_target() {
    for url in [
        "file:///etc/passwd",
        "gopher://x/",
        "unix:/run/x",
        "ftp://x/",
        "data:,x",
        "//x/v1",
        "x",
        "",
        "http://",
        "http://user@host/",
        "http://:pw@host/",
        "http://good.example#@evil.example/",
        "http://a b/",
        "http://127.0.0.1:99999/",
    ] {
        assert!(matches!(Target::new(url, None, true), Err(TransportError::Refused(_))), "{url}");
    }
    let key = SecretString::from("a\r\nx-evil: 1".to_owned());
    assert!(Target::new("http://good.example", Some(key), true).is_err());
}

#[test]
fn private_networks_can_be_permitted_but_never_metadata() {
    for address in ["127.0.0.1", "10.1.2.3", "::1", "fd12::1", "169.254.7.7", "::ffff:192.168.0.1"] {
        let address = address.parse().unwrap();
        assert!(forbidden(address, false).is_some() && forbidden(address, true).is_none(), "{address}");
    }
    for address in
        ["169.254.169.254", "::ffff:169.254.169.254", "fd00:ec2::254", "0.0.0.0", "::", "ff02::1", "255.255.255.255"]
    {
        assert!(forbidden(address.parse().unwrap(), true).is_some(), "{address}");
    }
    for address in ["1.1.1.1", "8.8.8.8", "2606:4700::1111", "172.32.0.1", "100.128.0.1", "::ffff:1.1.1.1"] {
        assert_eq!(forbidden(address.parse().unwrap(), false), None, "{address}");
    }
}

#[tokio::test]
async fn a_redirect_is_an_answer_not_an_instruction() {
    let trap = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let head = format!(
        "HTTP/1.1 307 Temporary Redirect\r\nlocation: http://{}/\r\ncontent-length: 0\r\n\r\n",
        trap.local_addr().unwrap()
    );
    let (status, _) = ask(&server(head, false).await, LIMITS, 100).await.unwrap();
    assert_eq!(outcome::of_status(status, b""), Some(FailureClass::InvalidOutput));
    let visit = tokio::time::timeout(short(50), trap.accept()).await;
    assert!(visit.is_err(), "the redirect was followed");
}

#[tokio::test]
async fn an_answer_over_the_cap_is_refused_declared_or_not() {
    let huge = "HTTP/1.1 200 OK\r\ncontent-length: 10737418240\r\n\r\nx";
    let error = ask(&server(huge, true).await, LIMITS, 1_000).await.unwrap_err();
    assert_eq!(error, TransportError::TooLarge { cap: 1_000 });
    let mut flood = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    for _ in 0..64 {
        flood.extend_from_slice(b"400\r\n");
        flood.extend_from_slice(&[b'a'; 0x400]);
        flood.extend_from_slice(b"\r\n");
    }
    let error = ask(&server(flood, true).await, LIMITS, 9_000).await.unwrap_err();
    assert_eq!(error, TransportError::TooLarge { cap: 9_000 });
    let fits = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nfour";
    let (_, body) = ask(&server(fits, false).await, LIMITS, 4).await.unwrap();
    assert_eq!(body, "four");
}

#[tokio::test]
async fn a_compressed_answer_is_never_unpacked() {
    let bomb = "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 3\r\n\r\n\x1f\x08\x00";
    let error = ask(&server(bomb, false).await, LIMITS, 100).await.unwrap_err();
    assert!(matches!(error, TransportError::Broken(_)), "{error}");
    let limit = bomb.replace("200 OK", "429 Too Many");
    assert_eq!(ask(&server(limit, false).await, LIMITS, 100).await, Ok((429, Bytes::new())));
}

#[tokio::test]
async fn each_wait_has_its_own_limit() {
    let timeout = |phase, after_ms| TransportError::Timeout { phase, after_ms };
    let quick = Limits { first_byte: short(80), ..LIMITS };
    for answer in ["", "HTTP/1.1 200", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n"] {
        let error = ask(&server(answer, true).await, quick, 100).await.unwrap_err();
        assert_eq!(error, timeout(Phase::FirstByte, 80), "{answer}");
        assert_eq!(FailureClass::from(&error), FailureClass::Timeout);
    }
    let begun = "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc";
    let idle = Limits { idle: short(80), ..LIMITS };
    let error = ask(&server(begun, true).await, idle, 100).await.unwrap_err();
    assert_eq!(error, timeout(Phase::Idle, 80));
    let total = LIMITS.with_total(short(80));
    let error = ask(&server(begun, true).await, total, 100).await.unwrap_err();
    assert_eq!(error, timeout(Phase::Total, 80));
}

#[tokio::test]
async fn whatever_is_not_http_is_broken_at_once() {
    for answer in [
        &b""[..],
        b"HTTP/1.1 20",
        b"\x00\x01\x02garbage\r\n\r\n",
        b"SSH-2.0-OpenSSH\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\ncontent-length: 9\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nabc",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n",
    ] {
        let error = ask(&server(answer, false).await, LIMITS, 100).await.unwrap_err();
        assert_eq!(FailureClass::from(&error), FailureClass::InvalidOutput, "{error} {answer:?}");
        assert!(!error.to_string().contains("127.0.0.1"), "{error}");
    }
    let mut big = b"HTTP/1.1 200 OK\r\nx: ".to_vec();
    big.resize(2 << 20, b'a');
    let error = ask(&server(big, true).await, LIMITS, 100).await.unwrap_err();
    assert_eq!(FailureClass::from(&error), FailureClass::InvalidOutput, "{error}");
}

#[tokio::test]
async fn nobody_listening_is_a_connect_failure() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1", free.local_addr().unwrap());
    drop(free);
    let target = Target::chat(&url, None, true).unwrap();
    let error = ask(&target, LIMITS, 100).await.unwrap_err();
    assert_eq!(FailureClass::from(&error), FailureClass::Connect, "{error}");
    assert_eq!(FailureClass::Connect.code().status, 502);
}

#[tokio::test]
async fn dropping_the_answer_or_the_call_hangs_up_at_once() {
    for head in ["", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n"] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let (tell, told) = oneshot::channel();
        let (ready, asked) = oneshot::channel();
        tokio::spawn(async move {
            let (mut socket, _) = listener.accept().await.unwrap();
            read_request(&mut socket).await;
            socket.write_all(head.as_bytes()).await.unwrap();
            ready.send(()).unwrap();
            let mut rest = Vec::new();
            // A hang-up shows as the end or as a reset.
            let _end = socket.read_to_end(&mut rest).await;
            tell.send(Instant::now()).unwrap();
        });
        let target = Target::chat(&url, None, true).unwrap();
        let door = door();
        let body = Bytes::from_static(b"{}");
        let call = tokio::spawn(async move {
            let mut response = door.send(&target, HeaderMap::new(), body, LIMITS).await.unwrap();
            assert_eq!(response.body.next().await, Some(Ok(Bytes::from_static(b"abc"))));
            response.body.next().await
        });
        asked.await.unwrap();
        let left = Instant::now();
        call.abort();
        assert!(told.await.unwrap() - left < Duration::from_millis(500));
    }
}

#[tokio::test]
async fn connections_are_kept_and_used_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        for _ in 0..3 {
            read_request(&mut socket).await;
            socket.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n.").await.unwrap();
        }
    });
    let target = Target::chat(&url, None, true).unwrap();
    let door = door();
    for _ in 0..3 {
        let answer = door.post_json(&target, Bytes::from_static(b"{}"), LIMITS, 9).await;
        assert_eq!(answer, Ok((200, Bytes::from_static(b"."))));
    }
}

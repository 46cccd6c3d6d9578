//! Who may pass: the matrix of routes and keys, forged origins, forged hosts, bodies that are too long.

use axum::{
    body::Body,
    http::{Method, Request, StatusCode},
};
use serde_json::json;
use weir_api::{Row, routes};
use weir_core::route::Grant;

use crate::fixture::{DEV, Home, OPS, keyed, open, record};

/// A request to a row's path with nothing in it that would be worth an answer.
fn knock(row: &Row, key: Option<&str>) -> Request<Body> {
    let path = row
        .route
        .path
        .split('/')
        .map(|part| if part.starts_with('{') { "none" } else { part })
        .collect::<Vec<_>>()
        .join("/");
    let mut request = Request::builder().method(row.route.method).uri(path).header("host", "weir.example");
    if let Some(key) = key {
        request = request.header("authorization", format!("Bearer {key}"));
    }
    request.body(Body::empty()).unwrap()
}

/// Streams never end by themselves; a stopped control plane ends them.
async fn stopped(home: Home) -> Home {
    home.stop.cancel();
    home
}

#[tokio::test]
async fn every_route_wants_a_key_and_the_grant_in_its_row() {
    let home = stopped(keyed().await).await;
    for row in routes().filter(|row| row.route.grant != Grant::Public) {
        let place = format!("{} {}", row.route.method, row.route.path);
        for wrong in [None, Some(""), Some("*"), Some("' OR 1=1 --"), Some("ops-secret")] {
            let got = home.send(knock(row, wrong)).await;
            assert_eq!(got.status, StatusCode::UNAUTHORIZED, "{place} with {wrong:?}");
            assert_eq!(got.code(), "W0201", "{place}");
            assert_eq!(got.headers["www-authenticate"], "Bearer");
        }
        let caller = home.send(knock(row, Some(DEV))).await;
        assert_eq!(caller.status == StatusCode::FORBIDDEN, row.route.grant == Grant::Admin, "{place} for a caller");
        let admin = home.send(knock(row, Some(OPS))).await;
        assert!(!matches!(admin.status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN), "{place} for an admin");
        assert!(!admin.status.is_server_error(), "{place}: {admin:?}");
    }
}

#[tokio::test]
async fn a_change_asked_by_another_sites_page_is_refused() {
    let home = open().await;
    let play = |host: &str, origin: Option<&str>| {
        let mut request = Request::builder().method(Method::POST).uri("/api/v1/demo/play").header("host", host);
        if let Some(origin) = origin {
            request = request.header("origin", origin);
        }
        request.body(Body::empty()).unwrap()
    };
    for (host, origin, allowed) in [
        ("localhost:8080", None, true),
        ("localhost:8080", Some("http://localhost:8080"), true),
        ("127.0.0.1:8080", Some("http://127.0.0.1:8080"), true),
        ("[::1]:8080", Some("http://[::1]:8080"), true),
        ("localhost", Some("http://localhost:80"), true),
        ("localhost:8080", Some("http://localhost:9090"), false),
        ("localhost:8080", Some("http://127.0.0.1:8080"), false),
        ("localhost:8080", Some("https://evil.example"), false),
        ("localhost:8080", Some("http://localhost:8080.evil.example"), false),
        ("localhost:8080", Some("null"), false),
        ("localhost:8080", Some(""), false),
    ] {
        let got = home.send(play(host, origin)).await;
        assert_eq!(got.status.is_success(), allowed, "{host} from {origin:?}: {got:?}");
        if !allowed {
            assert_eq!(got.code(), "W0202");
        }
    }
}

#[tokio::test]
async fn without_keys_only_loopback_names_are_answered() {
    let home = open().await;
    let ask = |host: Option<&str>| {
        let mut request = Request::builder().uri("/api/v1/workloads");
        if let Some(host) = host {
            request = request.header("host", host);
        }
        request.body(Body::empty()).unwrap()
    };
    for host in ["localhost", "127.0.0.1:8080", "127.8.8.8", "[::1]:80", "weir.localhost"] {
        assert_eq!(home.send(ask(Some(host))).await.status, StatusCode::OK, "{host}");
    }
    for host in ["rebound.example", "192.168.1.7:8080", "localhost.evil.example", "0.0.0.0", "x y"] {
        let got = home.send(ask(Some(host))).await;
        assert_eq!(got.status, StatusCode::FORBIDDEN, "{host}");
    }
    assert_eq!(home.send(ask(None)).await.status, StatusCode::FORBIDDEN);
    // With keys the name does not matter: the key does.
    let keyed = keyed().await;
    let request = Request::builder()
        .uri("/api/v1/workloads")
        .header("host", "weir.example")
        .header("authorization", format!("bearer {OPS}"))
        .body(Body::empty())
        .unwrap();
    assert_eq!(keyed.send(request).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_declared_length_over_the_rows_limit_is_refused_before_the_body_is_read() {
    let home = open().await;
    for row in routes().filter(|row| row.route.method == "POST") {
        let mut request = knock(row, None);
        request.headers_mut().insert("host", "localhost".parse().unwrap());
        let over = (row.route.body_limit + 1).to_string();
        request.headers_mut().insert("content-length", over.parse().unwrap());
        let got = home.send(request).await;
        assert_eq!(got.status, StatusCode::PAYLOAD_TOO_LARGE, "{}", row.route.path);
        assert_eq!(got.code(), "W0103");
    }
}

#[tokio::test]
async fn an_undeclared_long_body_is_cut_off_at_the_limit() {
    let home = open().await;
    let chunks = futures::stream::iter((0..100).map(|_| Ok::<_, std::io::Error>(vec![b' '; 1024])));
    let request = Request::builder()
        .method(Method::POST)
        .uri("/api/v1/scores")
        .header("host", "localhost")
        .header("content-type", "application/json")
        .body(Body::from_stream(chunks))
        .unwrap();
    let got = home.send(request).await;
    assert_eq!((got.status, got.code()), (StatusCode::PAYLOAD_TOO_LARGE, "W0103".to_owned()));
}

#[tokio::test]
async fn unknown_paths_and_methods_answer_in_the_same_shape() {
    let home = open().await;
    let got = home.get("/api/v1/nothing").await;
    assert_eq!((got.status, got.code()), (StatusCode::NOT_FOUND, "W0105".to_owned()));
    let got = home.post("/api/v1/workloads", &json!({})).await;
    assert_eq!((got.status, got.code()), (StatusCode::METHOD_NOT_ALLOWED, "W0108".to_owned()));
}

#[tokio::test]
async fn json_bodies_are_declared_known_and_plain() {
    let home = open().await;
    home.record(&[record(1, "sim/large")]).await;
    let send = |headers: &[(&str, &str)], body: &str| {
        let mut request = Request::builder().method(Method::POST).uri("/api/v1/scores").header("host", "localhost");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(Body::from(body.to_owned())).unwrap()
    };
    let json = ("content-type", "application/json");
    for (headers, body, status, word) in [
        (&[][..], "{}", 415, "content-type"),
        (&[("content-type", "text/plain")][..], "{}", 415, "content-type"),
        (&[json, ("content-encoding", "gzip")][..], "{}", 415, "encoding"),
        (&[json][..], "", 400, "EOF"),
        (&[json][..], "[]", 400, "expected"),
        (&[json][..], r#"{"span_id":"x","name":"n","value":0.5,"admin":true}"#, 400, "`admin`"),
        (&[json][..], r#"{"span_id":"x","name":"n","value":"high"}"#, 400, "at `value`"),
        (&[json][..], r#"{"span_id":"x","name":"n","value":1e999}"#, 400, "value"),
        (&[json][..], "\u{0}", 400, "expected"),
    ] {
        let got = home.send(send(headers, body)).await;
        assert_eq!(got.status.as_u16(), status, "{body}: {got:?}");
        assert!(got.message().contains(word), "{body}: {}", got.message());
    }
}

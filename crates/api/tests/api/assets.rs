//! The dashboard's files: the shell for pages, hashes for files, nothing from the disk.

use axum::{
    body::Body,
    http::{Method, StatusCode},
};

use crate::fixture::{Got, Home, open, request};

async fn visit(home: &Home, path: &str, headers: &[(&str, &str)]) -> Got {
    let mut request = request(Method::GET, path).header("accept", "text/html,*/*");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    home.send(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn pages_get_the_shell_and_are_revalidated_by_etag() {
    let home = open().await;
    let root = visit(&home, "/", &[]).await;
    assert_eq!(root.status, StatusCode::OK);
    assert_eq!(root.headers["content-type"], "text/html; charset=utf-8");
    assert_eq!(root.headers["cache-control"], "no-cache");
    let page = visit(&home, "/canaries/c-0123abcd", &[]).await;
    assert_eq!(page.body, root.body);
    let etag = root.headers["etag"].to_str().unwrap();
    let known = visit(&home, "/workloads", &[("if-none-match", etag)]).await;
    assert_eq!(known.status, StatusCode::NOT_MODIFIED);
    assert!(known.body.is_empty());
    let other = visit(&home, "/workloads", &[("if-none-match", "\"other\"")]).await;
    assert_eq!(other.status, StatusCode::OK);
}

#[tokio::test]
async fn files_of_the_shell_exist_and_are_kept_for_good() {
    let home = open().await;
    let shell = visit(&home, "/", &[]).await;
    let html = String::from_utf8(shell.body.to_vec()).unwrap();
    let files: Vec<&str> = html.split('"').filter(|text| text.starts_with("/assets/")).collect();
    assert!(files.len() > 1, "{html}");
    for file in files {
        let got = visit(&home, file, &[]).await;
        assert_eq!(got.status, StatusCode::OK, "{file}");
        assert_eq!(got.headers["cache-control"], "public, max-age=31536000, immutable");
        assert_ne!(got.headers["content-type"], "application/octet-stream", "{file}");
    }
    let got = visit(&home, "/assets/gone-1234.js", &[]).await;
    assert_eq!(got.status, StatusCode::NOT_FOUND, "a missing file is never the shell");
}

#[tokio::test]
async fn no_spelling_of_a_path_leaves_the_embedded_files() {
    let home = open().await;
    for path in [
        "/../Cargo.toml",
        "/..%2f..%2fetc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/assets/../../Cargo.toml",
        "/assets/..%5c..%5cCargo.toml",
        "//etc/passwd",
        "/etc//passwd",
        "/index.html%00.js",
        "/.%2E/secret",
    ] {
        let got = visit(&home, path, &[]).await;
        assert_eq!(got.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn apis_never_answer_with_the_shell() {
    let home = open().await;
    for path in ["/api", "/api/", "/api/v2/x", "/v1", "/v1/nothing"] {
        let got = visit(&home, path, &[]).await;
        assert_eq!((got.status, got.code()), (StatusCode::NOT_FOUND, "W0105".to_owned()), "{path}");
    }
    assert_eq!(visit(&home, "/v1x", &[]).await.status, StatusCode::OK, "a page of ours");
    let tool = request(Method::GET, "/workloads").body(Body::empty()).unwrap();
    assert_eq!(home.send(tool).await.status, StatusCode::NOT_FOUND, "tools are told that it is none");
    let post = request(Method::POST, "/workloads").body(Body::empty()).unwrap();
    assert_eq!(home.send(post).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn every_reply_forbids_what_the_dashboard_does_not_need() {
    let home = open().await;
    for path in ["/", "/assets/gone.js", "/api/v1/workloads", "/api/v1/none", "/api/v1/traces/none"] {
        let got = visit(&home, path, &[]).await;
        let policy = got.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'self'"), "{path}: {policy}");
        assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"));
        assert_eq!(got.headers["x-content-type-options"], "nosniff", "{path}");
        assert_eq!(got.headers["referrer-policy"], "no-referrer", "{path}");
        assert_eq!(got.headers["x-frame-options"], "DENY", "{path}");
    }
}

#[tokio::test]
async fn text_is_compressed_for_those_who_take_it() {
    let home = open().await;
    let got = visit(&home, "/", &[("accept-encoding", "br")]).await;
    assert_eq!(got.headers["content-encoding"], "br");
    let plain = visit(&home, "/", &[]).await;
    assert!(got.body.len() < plain.body.len());
}

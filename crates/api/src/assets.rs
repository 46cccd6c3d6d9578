//! The dashboard, embedded. Nothing is ever read from the file system, so no path can reach a file; a path that looks
//! like an attempt is a 404 all the same. Files under `assets/` carry a content hash in their name and are cached for
//! good; pages are revalidated by ETag. Unknown paths that a browser navigates to are pages of the single-page
//! application and get its shell.

use axum::{
    body::Body,
    extract::Request,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use rust_embed::{EmbeddedFile, RustEmbed};
use weir_core::error;

use crate::problem::Failure;

#[derive(RustEmbed)]
#[folder = "../../web/dist"]
struct Dist;

const SHELL: &str = "index.html";
const FOREVER: &str = "public, max-age=31536000, immutable";
const REVALIDATE: &str = "no-cache";

/// Spellings of "up", "root" and "end of string" that no page of ours has.
const SUSPECT: [&str; 7] = ["..", "//", "\\", "%2e", "%2f", "%5c", "%00"];

/// Answers everything that is not in the route table.
pub(crate) async fn serve(request: Request) -> Response {
    let path = request.uri().path();
    if !matches!(*request.method(), Method::GET | Method::HEAD) || belongs_to_an_api(path) {
        return Failure::new(&error::NOT_FOUND, "there is nothing at this path")
            .hint("GET /api/v1/openapi.json lists the control plane, GET /v1/models what a key may use")
            .into_response();
    }
    let lower = path.to_ascii_lowercase();
    if SUSPECT.iter().any(|part| lower.contains(part)) {
        return missing();
    }
    let name = match path.trim_start_matches('/') {
        "" => SHELL,
        name => name,
    };
    if let Some(file) = Dist::get(name) {
        return reply(name, &file, request.headers());
    }
    if name.starts_with("assets/") || !accepts_html(request.headers()) {
        return missing();
    }
    match Dist::get(SHELL) {
        Some(file) => reply(SHELL, &file, request.headers()),
        None => missing(),
    }
}

fn belongs_to_an_api(path: &str) -> bool {
    ["/api", "/v1"]
        .iter()
        .any(|root| path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
}

fn missing() -> Response {
    (StatusCode::NOT_FOUND, "not found\n").into_response()
}

fn accepts_html(headers: &HeaderMap) -> bool {
    headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).is_some_and(|value| value.contains("text/html"))
}

fn reply(name: &str, file: &EmbeddedFile, headers: &HeaderMap) -> Response {
    let etag = etag(file);
    let cache = if name.starts_with("assets/") { FOREVER } else { REVALIDATE };
    let fresh = headers
        .get(header::IF_NONE_MATCH)
        .and_then(|value| value.to_str().ok())
        // A compressing layer may have sent it back to us as weak.
        .is_some_and(|known| known.split(',').any(|tag| tag.trim().trim_start_matches("W/") == etag));
    let mut response =
        if fresh { StatusCode::NOT_MODIFIED.into_response() } else { Response::new(Body::from(file.data.clone())) };
    let out = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&etag) {
        out.insert(header::ETAG, value);
    }
    out.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    if !fresh {
        out.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type(name)));
    }
    response
}

/// The first 128 bits of the content's SHA-256, quoted.
fn etag(file: &EmbeddedFile) -> String {
    let mut text = String::with_capacity(34);
    text.push('"');
    for byte in &file.metadata.sha256_hash()[..16] {
        text.push_str(&format!("{byte:02x}"));
    }
    text.push('"');
    text
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

//! OTLP over HTTP, `POST /v1/traces`: spans of other programs, in protobuf or JSON, compressed or not, so that calls that
//! weir did not route can be scored. What cannot be read is counted in the answer; the rest is taken.

use std::io::Read as _;

use axum::{
    body::Bytes,
    extract::State,
    http::{HeaderMap, HeaderName, header},
    response::{IntoResponse, Response},
};
use flate2::read::GzDecoder;
use weir_core::error;
use weir_telemetry::ingest::{self, Export, Whose};

use super::outside::{Target, Word, find, keep};
use crate::{
    guard::Caller,
    problem::{Failure, Reply},
    state::App,
};

/// Largest export, compressed or not, in bytes.
pub(crate) const MOST_BYTES: usize = 16 << 20;
const WORKLOAD: HeaderName = HeaderName::from_static("x-weir-workload");
const PROTOBUF: &str = "application/x-protobuf";

/// `POST /v1/traces` and `POST /api/public/otel/v1/traces`.
pub(crate) async fn take_traces(
    State(app): State<App>,
    Caller(caller): Caller,
    headers: HeaderMap,
    bytes: Bytes,
) -> Reply<Response> {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let media = text(header::CONTENT_TYPE).unwrap_or_default();
    let json = match media.split(';').next().unwrap_or_default().trim() {
        "application/json" => true,
        PROTOBUF => false,
        other => {
            let message = format!("`content-type` is `{other}`, wanted `{PROTOBUF}` or `application/json`");
            return Err(Failure::new(&error::UNSUPPORTED_MEDIA, message));
        }
    };
    let zipped = match text(header::CONTENT_ENCODING).as_deref() {
        None | Some("" | "identity") => false,
        Some("gzip") => true,
        Some(other) => {
            let message = format!("`content-encoding` is `{other}`, wanted `gzip` or none");
            return Err(Failure::new(&error::UNSUPPORTED_MEDIA, message));
        }
    };
    let whose = Whose { tenant: caller.name.clone(), workload: text(WORKLOAD) };
    let read = tokio::task::spawn_blocking(move || {
        let bytes = if zipped { unzip(&bytes)? } else { bytes.to_vec() };
        let export = if json { ingest::from_json(&bytes, &whose) } else { ingest::from_protobuf(&bytes, &whose) };
        export.map_err(|why| Failure::new(&error::BAD_JSON, format!("not an OTLP trace export: {why}")))
    });
    let mut export = read.await.map_err(|_| Failure::new(&error::INTERNAL, "the export could not be read"))??;
    // A key that is held to some workloads sends no spans of others.
    let sent = export.records.len();
    export.records.retain(|record| caller.may_use(&record.span.workload));
    if export.records.len() < sent {
        export.rejected += (sent - export.records.len()) as u64;
        export.why = "the key does not reach the span's workload".to_owned();
    }
    for record in std::mem::take(&mut export.records) {
        app.sink.record(record);
    }
    evaluations(&app, &caller, &export).await;
    Ok(if json {
        ([(header::CONTENT_TYPE, "application/json")], ingest::reply_json(&export)).into_response()
    } else {
        ([(header::CONTENT_TYPE, PROTOBUF)], ingest::reply_protobuf(&export)).into_response()
    })
}

/// Keeps the grades that came along, of spans that are there already or come with them. A grade of nothing known is
/// nobody's fault and only told to the log.
async fn evaluations(app: &App, caller: &weir_config::Caller, export: &Export) {
    let mut commits = app.store.span_changes();
    for one in &export.evaluations {
        let target = Target::Span(format!("{:016x}", one.span));
        let mut found = find(app, Some(caller), &target).await;
        if found.is_err() {
            // The recorder commits within a moment what was just handed to it.
            drop(tokio::time::timeout(crate::trace::RECORDED_WITHIN, commits.changed()).await);
            found = find(app, Some(caller), &target).await;
        }
        let word = Word { name: &one.name, by: "otel", grade: one.value, explanation: one.explanation.as_deref() };
        let kept = match found {
            Ok(span) => keep(app, &span, &word).await.map(drop),
            Err(failure) => Err(failure),
        };
        if let Err(failure) = kept {
            tracing::debug!(evaluator = %one.name, why = %failure.0.message, "a grade of an OTLP export was left out");
        }
    }
}

/// At most [`MOST_BYTES`] come out, however small what went in.
fn unzip(bytes: &[u8]) -> Reply<Vec<u8>> {
    let mut out = Vec::new();
    let read = GzDecoder::new(bytes).take(MOST_BYTES as u64 + 1).read_to_end(&mut out);
    read.map_err(|error| Failure::new(&error::BAD_JSON, format!("not gzip: {error}")))?;
    if out.len() > MOST_BYTES {
        return Err(Failure::new(&error::BODY_TOO_LARGE, format!("the export unzips to more than {MOST_BYTES} bytes")));
    }
    Ok(out)
}

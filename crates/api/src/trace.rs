//! Requests: the list, newest first, and one with its texts, its decision and its scores.

use std::time::Duration;

use axum::{Json, extract::State};
use serde::Deserialize;
use tokio::time::timeout;
use utoipa::IntoParams;
use weir_core::{
    SpanId, Timestamp,
    span::{Origin, Span},
};
use weir_store::SpanFilter;

use crate::{
    extract::{Params, Segment},
    problem::{Failure, Reply},
    state::App,
    trace_view::{TraceDetail, TraceRow},
    view::List,
};

/// Rows on one page, unless asked otherwise, and at most.
const PAGE: u32 = 50;
const PAGE_MAX: u32 = 500;
/// Longest time from the end of a reply to its row, while the store takes writes.
pub(crate) const RECORDED_WITHIN: Duration = Duration::from_secs(2);

/// Which requests.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct TraceQuery {
    /// Whose traffic.
    workload: Option<String>,
    /// Who answered last.
    deployment: Option<String>,
    /// `ok`, `cancelled` or `failed`.
    status: Option<String>,
    /// `client` or `eval`.
    origin: Option<String>,
    /// Exposed by this canary.
    canary: Option<String>,
    /// The caller's session.
    session: Option<String>,
    /// Started at or after this, in seconds since 1970.
    since: Option<i64>,
    /// Started before this, in seconds since 1970.
    until: Option<i64>,
    /// Rows on a page, 1 to 500; 50 unless given.
    limit: Option<u32>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// `GET /api/v1/traces`.
pub(crate) async fn list_traces(
    State(app): State<App>,
    Params(query): Params<TraceQuery>,
) -> Reply<Json<List<TraceRow>>> {
    let limit = query.limit.unwrap_or(PAGE);
    if !(1..=PAGE_MAX).contains(&limit) {
        return Err(Failure::bad(format!("`limit` is {limit}, wanted 1 to {PAGE_MAX}")));
    }
    let cursor = query
        .cursor
        .as_deref()
        .map(|text| {
            text.parse::<i64>().map_err(|_| Failure::bad(format!("`cursor` is `{text}`, wanted `next` of a page")))
        })
        .transpose()?;
    let filter = SpanFilter {
        workload: query.workload.map(Into::into),
        deployment: query.deployment.map(Into::into),
        status: query.status.map(status).transpose()?,
        origin: query.origin.as_deref().map(origin).transpose()?,
        canary: query.canary.map(Into::into),
        session: query.session,
        since: query.since.map(seconds),
        until: query.until.map(seconds),
        ..SpanFilter::default()
    };
    let page = app.store.span_list(&filter, cursor, limit).await?;
    let snapshot = app.snapshot.load();
    Ok(Json(List {
        items: page.items.iter().map(|row| TraceRow::new(row, &snapshot)).collect(),
        next: page.next.map(|seq| seq.to_string()),
    }))
}

/// `GET /api/v1/traces/{span_id}`.
pub(crate) async fn get_trace(State(app): State<App>, Segment(id): Segment) -> Reply<Json<TraceDetail>> {
    let span = find_span(&app, &id).await?;
    let row = app.store.span_row_get(span.id).await?.ok_or_else(|| Failure::not_found("request", &id))?;
    let payload = app.store.payload_get(span.id).await?;
    let scores = app.store.score_list(span.id).await?;
    let snapshot = app.snapshot.load();
    Ok(Json(TraceDetail::new(&span, &row, payload.as_ref(), &scores, &snapshot)))
}

/// The span of this id, or a 404.
pub(crate) async fn find_span(app: &App, id: &str) -> Reply<Span> {
    app.store.span_get(parse(id)?).await?.ok_or_else(|| Failure::not_found("request", id))
}

/// The span of this id, or a 404. A caller that grades an answer at once is faster than the recorder: a span that is
/// not there yet is waited for, over a few commits at most.
pub(crate) async fn await_span(app: &App, id: &str) -> Reply<Span> {
    let span_id = parse(id)?;
    let mut commits = app.store.span_changes();
    let found = timeout(RECORDED_WITHIN, async {
        loop {
            commits.mark_unchanged();
            if let Some(span) = app.store.span_get(span_id).await? {
                return Ok(Some(span));
            }
            if commits.changed().await.is_err() {
                return Ok(None);
            }
        }
    });
    let found: Result<Option<Span>, weir_store::Error> = found.await.unwrap_or(Ok(None));
    found?.ok_or_else(|| Failure::not_found("request", id))
}

/// A span id as the caller wrote it.
pub(crate) fn parse(id: &str) -> Reply<SpanId> {
    id.parse().map_err(|_| Failure::not_found("request", id).hint("a span id has 32 hexadecimal digits"))
}

/// The moment this many seconds after 1970.
pub(crate) const fn seconds(since: i64) -> Timestamp {
    Timestamp(since.saturating_mul(1_000_000))
}

pub(crate) fn status(word: String) -> Reply<String> {
    if ["ok", "cancelled", "failed"].contains(&word.as_str()) {
        Ok(word)
    } else {
        Err(Failure::bad(format!("`status` is `{word}`, wanted `ok`, `cancelled` or `failed`")))
    }
}

pub(crate) fn origin(word: &str) -> Reply<Origin> {
    Origin::named(word)
        .ok_or_else(|| Failure::bad(format!("`origin` is `{word}`, wanted `client`, `eval`, `probe` or `shadow`")))
}

//! Server-sent events. A commit in this process wakes a stream at once; commits of other replicas are found by a poll
//! every second. Either way the rows come from the store, so nothing is told that is not committed, and a client that
//! returns with `Last-Event-ID` goes on where it was.
//!
//! A slow reader holds back only itself: rows are read when it has taken the last ones, at most 200 at a time and 200
//! a second; what was left out is counted in a `dropped` event.

use std::{sync::Arc, time::Duration};

use axum::{
    extract::State,
    http::{HeaderMap, HeaderName},
    response::{IntoResponse, sse::Event},
};
use serde::Serialize;
use tokio::{sync::watch, time::sleep};
use utoipa::ToSchema;
use weir_core::Timestamp;
use weir_optimizer::windows::Windows;
use weir_store::{EventKind, SpanFilter};

use crate::{
    event::EventView,
    feed::{Feed, respond, told, wake},
    problem::Reply,
    state::App,
    trace_view::TraceRow,
};

/// Most rows told at once.
const BURST: u32 = 200;
/// Rest after each row told: 200 rows a second.
const REST_PER_ROW: Duration = Duration::from_millis(5);
/// Changes looked back on at once.
const EVENTS: u32 = 50;

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// The data of an event on `live/events`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum Change {
    /// Of `canary`, `policy` and `drift`.
    Control(EventView),
    /// Of `score` and `window`.
    Progress {
        /// The newest score stored, or the newest one folded into windows.
        score_seq: i64,
    },
}

/// Rows that were left out because they came faster than they are told.
#[derive(Debug, Serialize)]
struct Dropped {
    dropped: u64,
}

/// `GET /api/v1/live/traces`: `event: trace`, `id:` the cursor.
pub(crate) async fn stream_traces(State(app): State<App>, headers: HeaderMap) -> impl IntoResponse {
    let commits = app.store.span_changes();
    let newest = *commits.borrow();
    let resumed = last_id(&headers);
    let stop = app.stop.clone();
    let seq = resumed.unwrap_or(newest);
    respond(Traces { seq, due: resumed.is_some(), rest: Duration::ZERO, commits, app }, stop)
}

/// `GET /api/v1/live/events`: `event: canary`, `policy`, `drift`, `score` or `window`; `id:` the time of the newest change.
pub(crate) async fn stream_events(State(app): State<App>, headers: HeaderMap) -> Reply<impl IntoResponse> {
    let control = app.store.control_changes();
    let scores = app.store.score_changes();
    let windows = app.windows.clone();
    let resumed = last_id(&headers);
    let seen = match resumed {
        Some(at) => Timestamp(at),
        None => app.store.event_list(1).await?.first().map_or(Timestamp(0), |event| event.at),
    };
    let score_seq = *scores.borrow();
    let window_seq = windows.borrow().score_seq();
    let stop = app.stop.clone();
    Ok(respond(Changes { seen, due: resumed.is_some(), score_seq, window_seq, control, scores, windows, app }, stop))
}

struct Traces {
    app: App,
    commits: watch::Receiver<i64>,
    /// The newest row told.
    seq: i64,
    /// Look before waiting.
    due: bool,
    /// Wait this long before looking again.
    rest: Duration,
}

impl Feed for Traces {
    const NAME: &'static str = "traces";

    async fn wait(&mut self) {
        if std::mem::take(&mut self.due) {
            return;
        }
        sleep(std::mem::take(&mut self.rest)).await;
        wake(&mut self.commits).await;
    }

    async fn read(&mut self) -> Result<Vec<Event>, weir_store::Error> {
        let mut out = Vec::new();
        let all = SpanFilter::default();
        let Some(newest) = self.app.store.span_list(&all, None, 1).await?.items.pop() else {
            return Ok(out);
        };
        // Rows are numbered without gaps, so what is too far back is known without reading it.
        let from = self.seq.max(newest.seq.saturating_sub(i64::from(BURST)));
        let dropped = u64::try_from(from.saturating_sub(self.seq)).unwrap_or(0);
        let rows = self.app.store.span_since(&all, from, BURST).await?;
        if dropped > 0 {
            out.push(told("dropped", &Dropped { dropped }));
        }
        let snapshot = self.app.snapshot.load();
        for row in &rows {
            let event = told("trace", &TraceRow::new(row, &snapshot));
            out.push(event.id(row.seq.to_string()));
            self.rest += REST_PER_ROW;
        }
        self.seq = rows.last().map_or(from, |row| row.seq);
        Ok(out)
    }
}

struct Changes {
    app: App,
    control: watch::Receiver<u64>,
    scores: watch::Receiver<i64>,
    windows: watch::Receiver<Arc<Windows>>,
    /// Time of the newest change told.
    seen: Timestamp,
    score_seq: i64,
    window_seq: i64,
    /// Look before waiting.
    due: bool,
}

impl Feed for Changes {
    const NAME: &'static str = "events";

    async fn wait(&mut self) {
        if std::mem::take(&mut self.due) {
            return;
        }
        tokio::select! {
            () = wake(&mut self.control) => {}
            () = wake(&mut self.scores) => {}
            () = wake(&mut self.windows) => {}
        }
    }

    async fn read(&mut self) -> Result<Vec<Event>, weir_store::Error> {
        let mut out = Vec::new();
        let score_seq = *self.scores.borrow_and_update();
        if score_seq > self.score_seq {
            self.score_seq = score_seq;
            out.push(told("score", &Change::Progress { score_seq }));
        }
        let score_seq = self.windows.borrow_and_update().score_seq();
        if score_seq != self.window_seq {
            self.window_seq = score_seq;
            out.push(told("window", &Change::Progress { score_seq }));
        }
        let events = self.app.store.event_list(EVENTS).await?;
        let seen = self.seen;
        for event in events.iter().rev().filter(|event| event.at > seen) {
            let name = match event.kind {
                EventKind::Revised => "policy",
                EventKind::Drifted
                | EventKind::Recovered
                | EventKind::Changed
                | EventKind::Quarantined
                | EventKind::Released => "drift",
                _ => "canary",
            };
            self.seen = self.seen.max(event.at);
            let change = Change::Control(EventView::from(event));
            out.push(told(name, &change).id(event.at.0.to_string()));
        }
        Ok(out)
    }
}

fn last_id(headers: &HeaderMap) -> Option<i64> {
    headers.get(LAST_EVENT_ID)?.to_str().ok()?.parse().ok()
}

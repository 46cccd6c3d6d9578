//! Server-sent events. A commit in this process wakes a stream at once; commits of other replicas are found by a poll
//! every second. Either way the rows come from the store, so nothing is told that is not committed, and a client that
//! returns with `Last-Event-ID` goes on where it was.
//!
//! A slow reader holds back only itself: rows are read when it has taken the last ones, at most 200 at a time and 200
//! a second; what was left out is counted in a `dropped` event.

use std::{collections::VecDeque, convert::Infallible, sync::Arc, time::Duration};

use axum::{
    extract::State,
    http::{HeaderMap, HeaderName},
    response::{
        IntoResponse,
        sse::{Event, KeepAlive, Sse},
    },
};
use futures::{Stream, stream};
use serde::Serialize;
use tokio::{sync::watch, time::sleep};
use utoipa::ToSchema;
use weir_core::Timestamp;
use weir_optimizer::windows::Windows;
use weir_store::{EventKind, SpanFilter};

use crate::{event::EventView, problem::Reply, state::App, trace_view::TraceRow};

/// Most rows told at once.
const BURST: u32 = 200;
/// Rest after each row told: 200 rows a second.
const REST_PER_ROW: Duration = Duration::from_millis(5);
/// How often other replicas' commits are looked for.
const POLL: Duration = Duration::from_secs(1);
/// How often an idle stream shows that it lives.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
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
    respond(stream::unfold(
        Traces {
            seq: resumed.unwrap_or(newest),
            due: resumed.is_some(),
            rest: Duration::ZERO,
            queue: VecDeque::from([hello()]),
            commits,
            app,
        },
        Traces::next,
    ))
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
    Ok(respond(stream::unfold(
        Changes {
            seen,
            due: resumed.is_some(),
            score_seq,
            window_seq,
            queue: VecDeque::from([hello()]),
            control,
            scores,
            windows,
            app,
        },
        Changes::next,
    )))
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
    queue: VecDeque<Event>,
}

impl Traces {
    async fn next(mut self) -> Option<(Result<Event, Infallible>, Self)> {
        let stop = self.app.stop.clone();
        loop {
            if let Some(event) = self.queue.pop_front() {
                return Some((Ok(event), self));
            }
            tokio::select! {
                () = stop.cancelled() => return None,
                () = self.wait() => {}
            }
            if let Err(error) = self.read().await {
                tracing::warn!(%error, "live traces wait for the store");
            }
        }
    }

    async fn wait(&mut self) {
        if std::mem::take(&mut self.due) {
            return;
        }
        sleep(std::mem::take(&mut self.rest)).await;
        wake(&mut self.commits).await;
    }

    async fn read(&mut self) -> Result<(), weir_store::Error> {
        let all = SpanFilter::default();
        let Some(newest) = self.app.store.span_list(&all, None, 1).await?.items.pop() else {
            return Ok(());
        };
        // Rows are numbered without gaps, so what is too far back is known without reading it.
        let from = self.seq.max(newest.seq.saturating_sub(i64::from(BURST)));
        let dropped = u64::try_from(from.saturating_sub(self.seq)).unwrap_or(0);
        let rows = self.app.store.span_since(&all, from, BURST).await?;
        if dropped > 0 {
            self.queue.push_back(told("dropped", &Dropped { dropped }));
        }
        let snapshot = self.app.snapshot.load();
        for row in &rows {
            let event = told("trace", &TraceRow::new(row, &snapshot));
            self.queue.push_back(event.id(row.seq.to_string()));
            self.rest += REST_PER_ROW;
        }
        self.seq = rows.last().map_or(from, |row| row.seq);
        Ok(())
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
    queue: VecDeque<Event>,
}

impl Changes {
    async fn next(mut self) -> Option<(Result<Event, Infallible>, Self)> {
        let stop = self.app.stop.clone();
        loop {
            if let Some(event) = self.queue.pop_front() {
                return Some((Ok(event), self));
            }
            tokio::select! {
                () = stop.cancelled() => return None,
                () = self.wait() => {}
            }
            if let Err(error) = self.read().await {
                tracing::warn!(%error, "live events wait for the store");
            }
        }
    }

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

    async fn read(&mut self) -> Result<(), weir_store::Error> {
        let score_seq = *self.scores.borrow_and_update();
        if score_seq > self.score_seq {
            self.score_seq = score_seq;
            self.queue.push_back(told("score", &Change::Progress { score_seq }));
        }
        let score_seq = self.windows.borrow_and_update().score_seq();
        if score_seq != self.window_seq {
            self.window_seq = score_seq;
            self.queue.push_back(told("window", &Change::Progress { score_seq }));
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
            self.queue.push_back(told(name, &change).id(event.at.0.to_string()));
        }
        Ok(())
    }
}

/// Returns when something was published, or after the poll interval. A closed channel only leaves the poll.
pub(crate) async fn wake<T>(changes: &mut watch::Receiver<T>) {
    tokio::select! {
        Ok(()) = changes.changed() => {}
        () = sleep(POLL) => {}
    }
}

fn last_id(headers: &HeaderMap) -> Option<i64> {
    headers.get(LAST_EVENT_ID)?.to_str().ok()?.parse().ok()
}

/// Sent first, so that the client knows at once that it is connected.
pub(crate) fn hello() -> Event {
    Event::default().retry(POLL).comment("weir")
}

pub(crate) fn told<T: Serialize>(name: &str, data: &T) -> Event {
    // Serialising our own views cannot fail, and JSON holds no raw newline.
    let text = serde_json::to_string(data).unwrap_or_default();
    Event::default().event(name).data(text)
}

pub(crate) fn respond(events: impl Stream<Item = Result<Event, Infallible>> + Send + 'static) -> impl IntoResponse {
    ([("x-accel-buffering", "no")], Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)))
}

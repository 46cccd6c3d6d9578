//! The loop that every event stream shares: wait until something may have changed, read it from the store, tell it, and
//! end at shutdown. A reader that is slow holds back only itself: nothing is read before it has taken what was told.

use std::{collections::VecDeque, convert::Infallible, time::Duration};

use axum::response::{
    IntoResponse,
    sse::{Event, KeepAlive, Sse},
};
use futures::stream;
use serde::Serialize;
use tokio::{sync::watch, time::sleep};
use tokio_util::sync::CancellationToken;

/// How often other replicas' commits are looked for.
const POLL: Duration = Duration::from_secs(1);
/// How often an idle stream shows that it lives.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// What a stream tells of.
pub(crate) trait Feed: Send + 'static {
    /// As the log names it.
    const NAME: &'static str;
    /// Returns when there may be something new.
    fn wait(&mut self) -> impl Future<Output = ()> + Send;
    /// What is new, oldest first.
    fn read(&mut self) -> impl Future<Output = Result<Vec<Event>, weir_store::Error>> + Send;
}

/// The feed as server-sent events, until `stop`. A comment comes first, so that the client knows at once that it is
/// connected.
pub(crate) fn respond<F: Feed>(feed: F, stop: CancellationToken) -> impl IntoResponse {
    let hello = Event::default().retry(POLL).comment("weir");
    let told = stream::unfold((feed, VecDeque::from([hello]), stop), |(mut feed, mut queue, stop)| async move {
        loop {
            if let Some(event) = queue.pop_front() {
                return Some((Ok::<_, Infallible>(event), (feed, queue, stop)));
            }
            tokio::select! {
                () = stop.cancelled() => return None,
                () = feed.wait() => {}
            }
            match feed.read().await {
                Ok(events) => queue.extend(events),
                Err(error) => tracing::warn!(%error, "live {} wait for the store", F::NAME),
            }
        }
    });
    ([("x-accel-buffering", "no")], Sse::new(told).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)))
}

/// Returns when something was published, or after the poll interval. A closed channel only leaves the poll.
pub(crate) async fn wake<T>(changes: &mut watch::Receiver<T>) {
    tokio::select! {
        Ok(()) = changes.changed() => {}
        () = sleep(POLL) => {}
    }
}

/// One event.
pub(crate) fn told<T: Serialize>(name: &str, data: &T) -> Event {
    // Serialising our own views cannot fail, and JSON holds no raw newline.
    let text = serde_json::to_string(data).unwrap_or_default();
    Event::default().event(name).data(text)
}

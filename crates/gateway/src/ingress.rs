//! The one listener. `axum::serve` sets no header timeout and no connection limit, so a handful of slow sockets can
//! hold it for ever; this builds the same service on hyper-util's builder with every bound set.
//!
//! A connection ends when its client is done or stops reading, when a request's head does not come in time, when it
//! idles for long, or when the drain is over.
//!
//! A process that is relieved by the next one stops accepting and says `connection: close` with each further answer, for
//! a while: closing a kept connection at once would meet requests that are on their way on it.

use std::{
    convert::Infallible,
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use axum::{Router, response::IntoResponse as _};
use http::{HeaderValue, StatusCode, Version, header};
use hyper::{Request, body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto::Builder, graceful::GracefulShutdown},
};
use socket2::{SockRef, TcpKeepalive};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::Service as _;

use crate::{
    head::{Answering, Heard, Pulse},
    stall::Stall,
};

/// Bounds of the listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IngressConfig {
    /// Open connections; further ones wait in the kernel's backlog.
    pub max_connections: usize,
    /// Longest time for a request head to arrive, in milliseconds; up to a quarter longer.
    pub header_timeout_ms: u64,
    /// How long a kept connection may idle, in milliseconds. Longer than clients keep theirs, so that none is closed in
    /// the moment it is used again.
    pub keep_alive_ms: u64,
    /// Longest time that a client may read nothing of its reply, in milliseconds.
    pub write_timeout_ms: u64,
    /// Longest time that requests in flight may take once shutdown began, in milliseconds.
    pub drain_ms: u64,
    /// How long kept connections may still bring requests once another process has the port, in milliseconds.
    pub linger_ms: u64,
}

impl Default for IngressConfig {
    fn default() -> Self {
        Self {
            max_connections: 10_000,
            header_timeout_ms: 10_000,
            keep_alive_ms: 100_000,
            write_timeout_ms: 60_000,
            drain_ms: 25_000,
            linger_ms: 5_000,
        }
    }
}

/// A peer that is gone without a word is found after this long without traffic, and these pauses between the questions.
const PROBE_AFTER: Duration = Duration::from_secs(60);
const PROBE_EVERY: Duration = Duration::from_secs(15);
/// Largest request head in bytes. hyper also bounds the number of headers, at 100, and answers 431; of HTTP/1 its bound is
/// that of a buffer, which lets heads of up to twice as many bytes pass.
const HEAD_BYTES: usize = 64 * 1024;
/// Streams at once on one HTTP/2 connection.
const STREAMS: u32 = 100;
/// Streams a client may reset before we handled them; above it the connection is closed (rapid reset).
const RESETS: usize = 20;

/// What ends serving.
#[derive(Debug, Clone, Default)]
pub struct Ending {
    /// Stop: nothing is accepted any more, requests in flight finish.
    pub stop: CancellationToken,
    /// Another process accepts on the same socket. Kept connections are let go one by one, then `stop` is cancelled.
    pub relieved: CancellationToken,
}

/// Serves `router` on `listener` until the `ending` begins, then lets requests in flight finish for at most `drain_ms` and
/// cuts what is left. Returns when the last connection is gone.
pub async fn serve(listener: TcpListener, router: Router, config: IngressConfig, ending: Ending) {
    let builder = builder(config);
    let graceful = GracefulShutdown::new();
    let slots = Arc::new(Semaphore::new(config.max_connections));
    let tasks = TaskTracker::new();
    let cut = CancellationToken::new();
    let leaving = Arc::new(AtomicBool::new(false));

    while let Some((stream, slot)) = accept(&listener, &slots, &ending).await {
        let connection = Connection {
            builder: builder.clone(),
            watcher: graceful.watcher(),
            cut: cut.clone(),
            leaving: Arc::clone(&leaving),
            head: Duration::from_millis(config.header_timeout_ms),
            unread: Duration::from_millis(config.write_timeout_ms),
        };
        tasks.spawn(connection.run(stream, router.clone(), slot));
    }
    // New connections are refused from here on, or another process has them.
    drop(listener);
    tasks.close();
    leaving.store(true, Relaxed);
    if !ending.stop.is_cancelled() {
        tokio::select! {
            () = tasks.wait() => {}
            () = ending.stop.cancelled() => {}
            () = tokio::time::sleep(Duration::from_millis(config.linger_ms)) => {}
        }
        ending.stop.cancel();
    }

    let drain = Duration::from_millis(config.drain_ms);
    if tokio::time::timeout(drain, graceful.shutdown()).await.is_err() {
        tracing::warn!(connections = tasks.len(), "drain time is over, connections are cut");
    }
    cut.cancel();
    tasks.wait().await;
}

fn builder(config: IngressConfig) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_millis(config.keep_alive_ms))
        .max_buf_size(HEAD_BYTES);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(HEAD_BYTES as u32)
        .max_pending_accept_reset_streams(RESETS)
        .keep_alive_interval(Duration::from_secs(30))
        .keep_alive_timeout(Duration::from_secs(20));
    builder
}

/// The next connection with its slot, or `None` once the ending began.
async fn accept(
    listener: &TcpListener,
    slots: &Arc<Semaphore>,
    ending: &Ending,
) -> Option<(TcpStream, OwnedSemaphorePermit)> {
    let next = async {
        // The semaphore is never closed, so this fails never; treating it as the ending keeps the type honest.
        let slot = Arc::clone(slots).acquire_owned().await.ok()?;
        let mut pause = Duration::from_millis(10);
        loop {
            match listener.accept().await {
                Ok((stream, _)) => return Some((stream, slot)),
                Err(error) if ended_by_peer(&error) => {}
                // Out of file descriptors or memory: connections that end will free some.
                Err(error) => {
                    tracing::warn!(%error, pause_ms = pause.as_millis() as u64, "cannot accept");
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(Duration::from_secs(1));
                }
            }
        }
    };
    tokio::select! {
        biased;
        () = ending.stop.cancelled() => None,
        () = ending.relieved.cancelled() => None,
        accepted = next => accepted,
    }
}

/// True when one connection failed, not the listener.
fn ended_by_peer(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset
    )
}

/// What one connection's task needs.
struct Connection {
    builder: Builder<TokioExecutor>,
    watcher: hyper_util::server::graceful::Watcher,
    cut: CancellationToken,
    /// Set once no further request is wanted on a connection.
    leaving: Arc<AtomicBool>,
    head: Duration,
    unread: Duration,
}

impl Connection {
    async fn run(self, stream: TcpStream, router: Router, slot: OwnedSemaphorePermit) {
        prepare(&stream);
        let pulse = Pulse::new(self.leaving);
        let service = service_fn({
            let pulse = Arc::clone(&pulse);
            move |request: Request<Incoming>| {
                let version = request.version();
                let busy = pulse.asked(version);
                let mut router = router.clone();
                async move {
                    let fits = head_bytes(&request) <= HEAD_BYTES;
                    let mut reply = match fits {
                        true => router.call(request).await.unwrap_or_else(|never| match never {}),
                        false => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE.into_response(),
                    };
                    if (!fits || busy.is_last()) && version < Version::HTTP_2 {
                        reply.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
                    }
                    Ok::<_, Infallible>(reply.map(|body| Answering { body, _busy: busy }))
                }
            }
        });
        let stream = Heard { inner: Stall::new(stream, self.unread), pulse: Arc::clone(&pulse) };
        let served = self.watcher.watch(self.builder.serve_connection(TokioIo::new(stream), service).into_owned());
        tokio::select! {
            // A connection that breaks is the peer's business; requests on it are recorded by their own guards.
            _ = served => {}
            () = pulse.too_slow(self.head) => {}
            () = self.cut.cancelled() => {}
        }
        drop(slot);
    }
}

/// What the head of a request takes as HTTP/1 writes it.
fn head_bytes<B>(request: &Request<B>) -> usize {
    const AROUND_LINE: usize = "  HTTP/1.1\r\n\r\n".len();
    const AROUND_HEADER: usize = ": \r\n".len();
    let path = request.uri().path_and_query().map_or(0, |path| path.as_str().len());
    let headers = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + AROUND_HEADER);
    request.method().as_str().len() + path + AROUND_LINE + headers.sum::<usize>()
}

/// What an accepted socket needs. Where it cannot be set the connection is slower, or its end found later.
fn prepare(stream: &TcpStream) {
    // Without this a streamed token waits up to 40 ms for the peer's delayed acknowledgement.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY is not set");
    }
    let probes = TcpKeepalive::new().with_time(PROBE_AFTER).with_interval(PROBE_EVERY);
    if let Err(error) = SockRef::from(stream).set_tcp_keepalive(&probes) {
        tracing::debug!(%error, "TCP keepalive is not set");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_accepted_socket_sends_at_once_and_finds_a_peer_that_is_gone() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let peer = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (accepted, _) = listener.accept().await.unwrap();
        prepare(&accepted);
        assert!(accepted.nodelay().unwrap());
        let socket = SockRef::from(&accepted);
        assert!(socket.keepalive().unwrap());
        assert_eq!(socket.tcp_keepalive_time().unwrap(), PROBE_AFTER);
        drop(peer);
    }

    #[test]
    fn a_peer_that_leaves_does_not_slow_the_listener_down() {
        assert!(ended_by_peer(&io::ErrorKind::ConnectionAborted.into()));
        // EMFILE has no stable kind of its own; it must take the path that pauses.
        assert!(!ended_by_peer(&io::Error::from_raw_os_error(24)));
    }
}

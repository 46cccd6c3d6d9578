//! How long the head of a request may take, told apart from how long a kept connection may idle. hyper has one timer for
//! both: short, it closes connections that a client's pool is about to use again, and the client sees a request fail that
//! nobody read; long, it lets a head drip in for minutes. Here the time runs from the first byte of a head to the
//! request; hyper's own timer then only ends idle connections.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed},
    },
    task::{Context, Poll},
    time::Duration,
};

use axum::body::Body;
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::Instant,
};

/// What one connection is waiting for.
#[derive(Debug)]
pub(crate) struct Pulse {
    connected: Instant,
    /// Milliseconds since it connected at which a head began, plus one; 0 while none is under way.
    head: AtomicU64,
    /// Requests whose reply is not over.
    busy: AtomicU32,
    /// HTTP/2: its frames come at any time, and hyper's pings tell whether the peer is there.
    multiplexed: AtomicBool,
    /// The listener's: no further request is wanted.
    leaving: Arc<AtomicBool>,
}

impl Pulse {
    /// A new connection: the first head is awaited from now on, whether or not a byte of it comes.
    pub(crate) fn new(leaving: Arc<AtomicBool>) -> Arc<Self> {
        Arc::new(Self {
            connected: Instant::now(),
            head: AtomicU64::new(1),
            busy: AtomicU32::new(0),
            multiplexed: AtomicBool::new(false),
            leaving,
        })
    }

    /// Bytes came.
    fn heard(&self) {
        if self.busy.load(Relaxed) == 0 && self.head.load(Relaxed) == 0 && !self.multiplexed.load(Relaxed) {
            self.head.store(self.now_ms() + 1, Relaxed);
        }
    }

    /// A request is whole up to its body, and busy until what this returns is dropped.
    pub(crate) fn asked(self: &Arc<Self>, version: http::Version) -> Busy {
        if version == http::Version::HTTP_2 {
            self.multiplexed.store(true, Relaxed);
        }
        self.busy.fetch_add(1, Relaxed);
        self.head.store(0, Relaxed);
        Busy(Arc::clone(self))
    }

    /// Returns once a head has been under way for `limit`, or a quarter longer.
    pub(crate) async fn too_slow(&self, limit: Duration) {
        let limit_ms = u64::try_from(limit.as_millis()).unwrap_or(u64::MAX);
        loop {
            tokio::time::sleep(limit / 4).await;
            let head = self.head.load(Relaxed);
            if head > 0 && self.now_ms() + 1 >= head.saturating_add(limit_ms) {
                return;
            }
        }
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.connected.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// One request under way.
#[derive(Debug)]
pub(crate) struct Busy(Arc<Pulse>);

impl Busy {
    /// True when its connection is to bring no further request.
    pub(crate) fn is_last(&self) -> bool {
        self.0.leaving.load(Relaxed)
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.busy.fetch_sub(1, Relaxed);
    }
}

/// A reply that keeps its connection busy until it is over.
#[derive(Debug)]
pub(crate) struct Answering {
    pub(crate) body: Body,
    pub(crate) _busy: Busy,
}

impl http_body::Body for Answering {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// `S`, whose reads are noted.
#[derive(Debug)]
pub(crate) struct Heard<S> {
    pub(crate) inner: S,
    pub(crate) pulse: Arc<Pulse>,
}

impl<S: AsyncRead + Unpin> AsyncRead for Heard<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        let read = Pin::new(&mut self.inner).poll_read(cx, into);
        if into.filled().len() > before {
            self.pulse.heard();
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Heard<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write_vectored(cx, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use http::Version;

    use super::*;

    const LIMIT: Duration = Duration::from_secs(10);

    async fn cut_within(pulse: &Pulse, time: Duration) -> bool {
        tokio::time::timeout(time, pulse.too_slow(LIMIT)).await.is_ok()
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_connection_and_a_dripping_head_are_cut_and_an_idle_one_is_not() {
        assert!(cut_within(&Pulse::new(Arc::default()), LIMIT * 3 / 2).await, "nothing was asked");

        let pulse = Pulse::new(Arc::default());
        let busy = pulse.asked(Version::HTTP_11);
        pulse.heard();
        assert!(!cut_within(&pulse, LIMIT * 5).await, "bytes of its body are no head");
        drop(busy);
        assert!(!cut_within(&pulse, LIMIT * 5).await, "idle");
        pulse.heard();
        assert!(cut_within(&pulse, LIMIT * 3 / 2).await, "the next head began and did not come");
    }

    #[tokio::test(start_paused = true)]
    async fn frames_of_http2_are_no_heads() {
        let pulse = Pulse::new(Arc::default());
        drop(pulse.asked(Version::HTTP_2));
        pulse.heard();
        assert!(!cut_within(&pulse, LIMIT * 5).await);
    }
}

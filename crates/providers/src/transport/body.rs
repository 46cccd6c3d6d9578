//! The body of an answer, held to its time limits.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use futures::{Stream, StreamExt};
use http_body::Body as _;
use tokio::time::{Instant, Sleep};

use super::{Limits, Phase, TransportError, error};

/// Chunks as they come. Backpressure is the reader's: nothing is read ahead of being polled. Ends after the first error.
#[derive(Debug)]
pub struct Body {
    inner: Option<reqwest::Body>,
    limits: Limits,
    deadline: Instant,
    /// When waiting becomes too long, and for what.
    patience: (Instant, Phase, Duration),
    timer: Option<Pin<Box<Sleep>>>,
}

impl Body {
    pub(super) fn new(inner: reqwest::Body, start: Instant, first_byte: Duration, limits: Limits) -> Self {
        Self {
            inner: Some(inner),
            limits,
            deadline: start + limits.total,
            patience: (start + first_byte, Phase::FirstByte, first_byte),
            timer: None,
        }
    }

    pub(super) fn empty() -> Self {
        let now = Instant::now();
        Self {
            inner: None,
            limits: Limits {
                connect: Duration::ZERO,
                first_byte: Duration::ZERO,
                idle: Duration::ZERO,
                total: Duration::ZERO,
            },
            deadline: now,
            patience: (now, Phase::Total, Duration::ZERO),
            timer: None,
        }
    }

    /// Reads to the end.
    ///
    /// # Errors
    /// [`TransportError::TooLarge`] once more than `cap` bytes have come, whatever length was declared; else as the
    /// stream.
    pub async fn read_all(mut self, cap: usize) -> Result<Bytes, TransportError> {
        let too_large = TransportError::TooLarge { cap };
        let declared = self.inner.as_ref().map_or(0, |body| body.size_hint().lower());
        if declared > cap as u64 {
            return Err(too_large);
        }
        let Some(first) = self.next().await.transpose()? else {
            return Ok(Bytes::new());
        };
        if first.len() > cap {
            return Err(too_large);
        }
        // Most answers come in one chunk and need no copy.
        let Some(second) = self.next().await.transpose()? else {
            return Ok(first);
        };
        let mut whole = BytesMut::with_capacity(first.len() + second.len());
        whole.extend_from_slice(&first);
        let mut next = second;
        loop {
            if whole.len() + next.len() > cap {
                return Err(too_large);
            }
            whole.extend_from_slice(&next);
            match self.next().await.transpose()? {
                Some(chunk) => next = chunk,
                None => return Ok(whole.freeze()),
            }
        }
    }

    fn wait(&mut self, cx: &mut Context<'_>) -> Poll<TransportError> {
        let (until, phase, limit) = self.patience;
        let (until, phase, limit) = if self.deadline < until {
            (self.deadline, Phase::Total, self.limits.total)
        } else {
            (until, phase, limit)
        };
        let timer = self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(until)));
        if timer.deadline() != until {
            timer.as_mut().reset(until);
        }
        timer.as_mut().poll(cx).map(|()| TransportError::timeout(phase, limit))
    }
}

impl Stream for Body {
    type Item = Result<Bytes, TransportError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            let Some(inner) = this.inner.as_mut() else {
                return Poll::Ready(None);
            };
            match Pin::new(inner).poll_frame(cx) {
                Poll::Ready(Some(Ok(frame))) => {
                    // Trailers say nothing that weir acts on.
                    let Ok(data) = frame.into_data() else {
                        continue;
                    };
                    if data.is_empty() {
                        continue;
                    }
                    let now = Instant::now();
                    if now >= this.deadline {
                        this.inner = None;
                        let error = TransportError::timeout(Phase::Total, this.limits.total);
                        return Poll::Ready(Some(Err(error)));
                    }
                    this.patience = (now + this.limits.idle, Phase::Idle, this.limits.idle);
                    return Poll::Ready(Some(Ok(data)));
                }
                Poll::Ready(Some(Err(error))) => {
                    this.inner = None;
                    let error = error::sort(&error, this.limits.connect);
                    return Poll::Ready(Some(Err(error)));
                }
                Poll::Ready(None) => {
                    this.inner = None;
                    return Poll::Ready(None);
                }
                Poll::Pending => {
                    return match this.wait(cx) {
                        Poll::Ready(error) => {
                            this.inner = None;
                            Poll::Ready(Some(Err(error)))
                        }
                        Poll::Pending => Poll::Pending,
                    };
                }
            }
        }
    }
}

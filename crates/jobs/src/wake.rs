//! When a worker looks at its queue: as soon as spans commit, and on a timer for other processes' commits and jobs
//! whose time has come.
//!
//! The library's own interval strategy stalls until the next heartbeat whenever a fetch outlasts its interval: it makes
//! a new timer without polling it, so nothing wakes the worker. This one polls until both sources are pending, which
//! is what registers the waker.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use apalis::prelude::{PollSnapshot, PollStrategy};
use tokio::time::{Interval, MissedTickBehavior, interval};
use tokio_stream::{Stream, wrappers::WatchStream};
use weir_store::Store;

/// Between two looks when nothing commits.
const TICK: Duration = Duration::from_millis(250);

/// Wakes a worker.
pub(crate) struct Wake {
    tick: Interval,
    commits: WatchStream<i64>,
}

impl Wake {
    pub(crate) fn new(store: &Store) -> Self {
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { tick, commits: WatchStream::new(store.span_changes()) }
    }
}

impl PollStrategy for Wake {
    fn poll_drive(&mut self, cx: &mut Context<'_>, _: &PollSnapshot) -> Poll<Option<()>> {
        let mut due = false;
        while self.tick.poll_tick(cx).is_ready() {
            due = true;
        }
        while let Poll::Ready(Some(_)) = Pin::new(&mut self.commits).poll_next(cx) {
            due = true;
        }
        if due { Poll::Ready(Some(())) } else { Poll::Pending }
    }
}

//! When a worker looks at its queue: as soon as jobs for it commit, and on a timer for other processes' commits and jobs
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
use tokio::{
    sync::watch,
    time::{Interval, MissedTickBehavior, interval},
};
use tokio_stream::{Stream, wrappers::WatchStream};

use crate::queue::Pushed;

/// Between two looks when nothing commits.
const TICK: Duration = Duration::from_millis(250);

/// Rung by the writer once a commit holds new jobs: one bell per queue, since a look at an empty queue is a transaction.
#[derive(Debug, Clone, Default)]
pub struct Bells {
    pub(crate) checks: Bell,
    pub(crate) judges: Bell,
    pub(crate) mirrors: Bell,
    pub(crate) tellings: Bell,
}

impl Bells {
    pub(crate) fn ring(&self, pushed: &Pushed<'_>) {
        if !pushed.checked.is_empty() {
            self.checks.0.send_replace(());
        }
        if pushed.judged {
            self.judges.0.send_replace(());
        }
    }
    pub(crate) fn ring_mirrors(&self) {
        self.mirrors.0.send_replace(());
    }
    pub(crate) fn ring_tellings(&self) {
        self.tellings.0.send_replace(());
    }
}

/// One queue's bell.
#[derive(Debug, Clone, Default)]
pub(crate) struct Bell(watch::Sender<()>);

/// Wakes a worker.
pub(crate) struct Wake {
    tick: Interval,
    rung: WatchStream<()>,
}

impl Wake {
    pub(crate) fn new(bell: &Bell) -> Self {
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { tick, rung: WatchStream::new(bell.0.subscribe()) }
    }
}

impl PollStrategy for Wake {
    fn poll_drive(&mut self, cx: &mut Context<'_>, _: &PollSnapshot) -> Poll<Option<()>> {
        let mut due = false;
        while self.tick.poll_tick(cx).is_ready() {
            due = true;
        }
        while let Poll::Ready(Some(_)) = Pin::new(&mut self.rung).poll_next(cx) {
            due = true;
        }
        if due { Poll::Ready(Some(())) } else { Poll::Pending }
    }
}

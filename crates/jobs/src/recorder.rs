//! The gateway's end of the recorder: spool, then queue, never wait. When the queue is full the record stays in its
//! spool segment and the writer reads it back from there.

use std::{
    io,
    path::Path,
    sync::{
        Arc,
        atomic::{
            AtomicBool, AtomicU64,
            Ordering::{Acquire, Relaxed, Release},
        },
    },
};

use tokio::sync::mpsc::{self, error::TrySendError};
use weir_core::{sink::SpanSink, span::Record};
use weir_store::Written;

use crate::spool::{Orphan, Segment, Spool};

/// Records in memory between gateway and writer.
const QUEUE: usize = 8_192;

/// A record on its way to the store.
#[derive(Debug)]
pub(crate) struct Queued {
    pub(crate) written: Written,
    /// Where it is on disk; `None` when the disk refused it.
    pub(crate) segment: Option<Arc<Segment>>,
}

/// Takes finished requests. Cheap to share; one per process.
#[derive(Debug)]
pub struct Recorder {
    spool: Spool,
    queue: mpsc::Sender<Queued>,
    lost: AtomicU64,
    /// Records that came in.
    taken: AtomicU64,
    /// Those of them that nobody need wait for: stored, known to be behind, or lost.
    settled: AtomicU64,
    /// Some record is on disk and not in the store, beyond those of the next commit.
    behind: AtomicBool,
    /// Another process has records of its own that are not in the store yet.
    accompanied: AtomicBool,
}

/// What the writer needs from the recorder.
#[derive(Debug)]
pub struct Tail {
    pub(crate) recorder: Arc<Recorder>,
    pub(crate) queue: mpsc::Receiver<Queued>,
    pub(crate) left_behind: Vec<Orphan>,
}

impl Recorder {
    /// Opens the spool in `dir`, at most `max_bytes` large.
    ///
    /// # Errors
    /// When the folder cannot be created or read.
    pub fn open(dir: &Path, max_bytes: u64) -> io::Result<(Arc<Self>, Tail)> {
        Self::open_sized(dir, max_bytes, QUEUE)
    }

    pub(crate) fn open_sized(dir: &Path, max_bytes: u64, records: usize) -> io::Result<(Arc<Self>, Tail)> {
        let (spool, found) = Spool::open(dir, max_bytes)?;
        let (sender, queue) = mpsc::channel(records);
        let recorder = Arc::new(Self {
            spool,
            queue: sender,
            lost: AtomicU64::new(0),
            taken: AtomicU64::new(0),
            settled: AtomicU64::new(0),
            behind: AtomicBool::new(!found.orphans.is_empty()),
            accompanied: AtomicBool::new(found.held > 0),
        });
        Ok((Arc::clone(&recorder), Tail { recorder, queue, left_behind: found.orphans }))
    }

    pub(crate) const fn spool(&self) -> &Spool {
        &self.spool
    }

    /// True while the store may lack records of requests that are over: they wait in the spool because the store or the
    /// queue could not take them, or another process that serves the same data has them.
    #[must_use]
    pub fn is_behind(&self) -> bool {
        self.has_waiting() || self.accompanied.load(Relaxed)
    }

    /// Records that came in so far; those of a request count before it leaves the table of those in flight.
    pub(crate) fn taken(&self) -> u64 {
        self.taken.load(Acquire)
    }

    /// How many of them are stored, make [`Recorder::is_behind`] true or are lost; in the order they came, but for those
    /// that are lost.
    pub(crate) fn settled(&self) -> u64 {
        self.settled.load(Acquire)
    }

    /// The writer has stored so many more, or put them behind.
    pub(crate) fn settle(&self, records: usize) {
        self.settled.fetch_add(records as u64, Release);
    }

    /// True while records of this process wait in the spool.
    pub(crate) fn has_waiting(&self) -> bool {
        self.behind.load(Relaxed)
    }

    pub(crate) fn set_accompanied(&self, accompanied: bool) {
        self.accompanied.store(accompanied, Relaxed);
    }

    pub(crate) fn set_behind(&self, behind: bool) {
        self.behind.store(behind, Relaxed);
    }

    /// Records that neither disk nor memory could take.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.lost.load(Relaxed)
    }
}

impl SpanSink for Recorder {
    fn record(&self, mut record: Record) {
        self.taken.fetch_add(1, Release);
        let (segment, span_json) = match self.spool.append(&mut record) {
            Ok((segment, span_json)) => (Some(segment), span_json),
            Err(error) => {
                tracing::error!(%error, span = %record.span.id, "the spool refused a record; it is kept in memory only");
                let Ok(span_json) = serde_json::to_vec(&record.span) else {
                    self.lost.fetch_add(1, Relaxed);
                    self.settle(1);
                    return;
                };
                (None, span_json.into())
            }
        };
        let written = Written { record: Arc::new(record), span_json };
        let refused = match self.queue.try_send(Queued { written, segment }) {
            Ok(()) => return,
            Err(TrySendError::Full(queued) | TrySendError::Closed(queued)) => queued,
        };
        match refused.segment {
            Some(segment) => {
                segment.fall_behind();
                self.set_behind(true);
            }
            None => {
                self.lost.fetch_add(1, Relaxed);
            }
        }
        self.settle(1);
    }
}

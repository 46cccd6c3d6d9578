//! The one place a snapshot is read from. A reader takes one atomic load and keeps its snapshot for the whole
//! request, so a publication in between cannot show it half of each.

use std::sync::Arc;

use arc_swap::{ArcSwap, Guard};
use weir_core::snapshot::Snapshot;

/// Holds the current snapshot. Readers never wait; a publication is seen by the very next request.
#[derive(Debug, Default)]
pub struct SnapshotCell(ArcSwap<Snapshot>);

impl SnapshotCell {
    /// The current snapshot.
    pub fn load(&self) -> Guard<Arc<Snapshot>> {
        self.0.load()
    }
    /// Replaces the snapshot.
    pub fn publish(&self, snapshot: Snapshot) {
        self.0.store(Arc::new(snapshot));
    }
}

//! The one place a snapshot is read from. A reader takes one atomic load and keeps its snapshot for the whole
//! request, so a publication in between cannot show it half of each.

use std::sync::Arc;

use arc_swap::{ArcSwap, Guard};
use weir_core::{CanaryId, snapshot::Snapshot};

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
    /// Takes one canary's exposure out of the current snapshot, for the very next request.
    pub fn withdraw(&self, canary: &CanaryId) {
        let exposes = |snapshot: &Snapshot| {
            snapshot.workloads.values().any(|view| view.canary.as_ref().is_some_and(|slot| slot.id == *canary))
        };
        if !exposes(&self.0.load()) {
            return;
        }
        self.0.rcu(|snapshot| {
            let mut snapshot = Snapshot::clone(snapshot);
            for view in snapshot.workloads.values_mut() {
                if view.canary.as_ref().is_some_and(|slot| slot.id == *canary) {
                    Arc::make_mut(view).canary = None;
                }
            }
            snapshot
        });
    }
}

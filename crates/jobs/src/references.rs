//! What is known of right answers, by workload and input hash, in memory: the same prompts come again and again, and
//! most have no item at all. The key holds how often this process has written a dataset or a policy, so that a
//! publication leaves everything older behind; an age limit does the same for other processes' publications.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use moka::sync::Cache;
use tokio::sync::watch;
use weir_core::WorkloadId;
use weir_evals::{Reference, dataset::Item};
use weir_store::{Error, Store};

/// Answers kept.
const MAX_ENTRIES: u64 = 50_000;
/// How long another process's publication may stay unseen.
const MAX_AGE: Duration = Duration::from_secs(10);

type Found = Option<Arc<Reference>>;
/// Writes of this process so far, workload, input hash.
type Key = (u64, WorkloadId, String);

/// References by workload and input hash.
pub struct References {
    store: Store,
    writes: watch::Receiver<u64>,
    known: Cache<Key, Found>,
    /// Whether a workload has items at all.
    any: Cache<(u64, WorkloadId), bool>,
}

impl References {
    /// Knows nothing yet.
    #[must_use]
    pub fn new(store: Store) -> Self {
        let known = Cache::builder().max_capacity(MAX_ENTRIES).time_to_live(MAX_AGE).build();
        let any = Cache::builder().max_capacity(MAX_ENTRIES).time_to_live(MAX_AGE).build();
        Self { writes: store.control_changes(), store, known, any }
    }

    /// Whether a prompt of this workload can have a reference at all.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(crate) async fn any(&self, workload: &WorkloadId) -> Result<bool, Error> {
        let key = (*self.writes.borrow(), workload.clone());
        if let Some(any) = self.any.get(&key) {
            return Ok(any);
        }
        let any = self.store.items_any(workload).await?;
        self.any.insert(key, any);
        Ok(any)
    }

    /// The reference for each of these prompts of one workload, in their order.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(crate) async fn find(&self, workload: &WorkloadId, hashes: &[String]) -> Result<Vec<Found>, Error> {
        // Read before the rows: what a later publication changes is filed under a number that is no longer asked for.
        let writes = *self.writes.borrow();
        let key = |hash: &str| (writes, workload.clone(), hash.to_owned());
        let mut found: HashMap<&str, Found> = HashMap::new();
        let mut unknown: HashSet<&str> = HashSet::new();
        for hash in hashes {
            match self.known.get(&key(hash)) {
                Some(known) => drop(found.insert(hash, known)),
                None => drop(unknown.insert(hash)),
            }
        }
        if !unknown.is_empty() {
            let unknown: Vec<&str> = unknown.into_iter().collect();
            let mut items = HashMap::new();
            for item in self.store.items_by_input(workload, &unknown).await? {
                let reference = serde_json::from_str::<Item>(&item.body).ok().map(|item| Arc::new(item.reference()));
                items.entry(item.input_hash).or_insert(reference);
            }
            for hash in unknown {
                let reference: Found = items.remove(hash).flatten();
                self.known.insert(key(hash), reference.clone());
                found.insert(hash, reference);
            }
        }
        Ok(hashes.iter().map(|hash| found.get(hash.as_str()).cloned().flatten()).collect())
    }
}

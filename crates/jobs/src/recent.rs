//! Records on their way from the writer to the checks, kept in memory so that scoring need not read back what was
//! written a moment ago. A shortcut only: bounded, emptied as jobs take from it, and what is not here is in the store.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use weir_core::{SpanId, span::Record};

/// Bytes of texts kept at once, about; the oldest records go first.
const MAX_BYTES: usize = 32 << 20;
/// What a record takes beside its texts.
const RECORD_BYTES: usize = 2_048;

/// Records that a check will soon ask for.
#[derive(Debug, Default)]
pub struct Recent(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    records: HashMap<SpanId, Arc<Record>>,
    /// In order of arrival; ids already taken are skipped.
    order: VecDeque<(SpanId, usize)>,
    bytes: usize,
}

impl Recent {
    /// Keeps a record until it is taken or older than what fits.
    pub(crate) fn put(&self, record: &Arc<Record>) {
        let bytes = RECORD_BYTES + record.payload.request.len() + record.payload.response.len();
        let mut kept = self.lock();
        kept.records.insert(record.span.id, Arc::clone(record));
        kept.order.push_back((record.span.id, bytes));
        kept.bytes += bytes;
        while kept.bytes > MAX_BYTES
            && let Some((oldest, bytes)) = kept.order.pop_front()
        {
            kept.records.remove(&oldest);
            kept.bytes -= bytes;
        }
    }

    /// Hands over the record, once.
    pub(crate) fn take(&self, id: SpanId) -> Option<Arc<Record>> {
        let mut kept = self.lock();
        let record = kept.records.remove(&id);
        while let Some(&(oldest, bytes)) = kept.order.front()
            && !kept.records.contains_key(&oldest)
        {
            kept.order.pop_front();
            kept.bytes -= bytes;
        }
        record
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::record;

    #[test]
    fn a_record_is_handed_over_once_and_leaves_no_weight() {
        let recent = Recent::default();
        let records: Vec<_> = (0..3).map(|number| Arc::new(record(number))).collect();
        records.iter().for_each(|record| recent.put(record));
        for record in records.iter().rev() {
            assert_eq!(recent.take(record.span.id).as_ref(), Some(record));
            assert_eq!(recent.take(record.span.id), None);
        }
        let kept = recent.lock();
        assert_eq!((kept.bytes, kept.order.len(), kept.records.len()), (0, 0, 0));
    }

    #[test]
    fn the_oldest_go_when_the_bound_is_reached() {
        let recent = Recent::default();
        let big = |number| {
            let mut record = record(number);
            record.payload.response = vec![0; MAX_BYTES / 2].into();
            Arc::new(record)
        };
        let (old, new) = (big(1), big(2));
        recent.put(&old);
        recent.put(&new);
        assert_eq!(recent.take(old.span.id), None);
        assert_eq!(recent.take(new.span.id), Some(new));
    }
}

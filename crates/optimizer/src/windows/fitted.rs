//! Parts of a workload lend each other what they know. A deployment that has hardly served one part is expected to be there
//! what it is elsewhere, as hard or easy as that part is for the others; how much that counts is read off the windows
//! themselves, and its doubt widens their bounds ([`weir_stats::shrink`]).

use std::{collections::BTreeMap, sync::Arc};

use weir_core::{
    DeploymentId, ScorerName, WorkloadId,
    workload::{SEGMENT_ALL, SEGMENT_EXTERNAL, SEGMENT_PROBE, SEGMENT_SHADOW},
};
use weir_stats::shrink::{Additive, Seen};

use super::{Key, Windows};

/// Windows that may be told apart by nothing but segment and deployment.
type Group = (WorkloadId, ScorerName, Arc<str>);

/// One group's windows, in order of their keys.
#[derive(Default)]
struct Table {
    rows: Vec<Arc<str>>,
    columns: Vec<DeploymentId>,
    keys: Vec<Key>,
    seen: Vec<Seen>,
}

impl Table {
    fn add(&mut self, key: &Key, (mean, variance, n_eff): (f64, f64, f64)) {
        let (row, column) = (place(&mut self.rows, &key.segment), place(&mut self.columns, &key.deployment));
        self.keys.push(key.clone());
        self.seen.push(Seen { row, column, mean, variance, n_eff });
    }
}

fn place<T: PartialEq + Clone>(known: &mut Vec<T>, one: &T) -> usize {
    known.iter().position(|known| known == one).unwrap_or_else(|| {
        known.push(one.clone());
        known.len() - 1
    })
}

fn is_part(segment: &str) -> bool {
    ![SEGMENT_ALL, SEGMENT_SHADOW, SEGMENT_EXTERNAL, SEGMENT_PROBE].contains(&segment)
}

impl Windows {
    /// Fits every workload whose prompts are told apart, and draws the windows of its parts to the fit: call it when all
    /// that is new is folded, before anybody reads. With fewer than two parts or two deployments there is nothing to
    /// learn from one for the other, and the windows stay drawn to the whole.
    pub fn fit(&mut self) {
        let mut tables: BTreeMap<Group, Table> = BTreeMap::new();
        for (key, window) in self.windows.iter().filter(|(key, _)| is_part(&key.segment)) {
            let group = (key.workload.clone(), key.scorer.clone(), Arc::clone(&key.version));
            if let Some(moments) = window.moments() {
                tables.entry(group).or_default().add(key, moments);
            }
        }
        for table in tables.values().filter(|table| table.rows.len() > 1 && table.columns.len() > 1) {
            let fit = Additive::fit(table.rows.len(), table.columns.len(), &table.seen, super::PRIOR);
            for (key, seen) in table.keys.iter().zip(&table.seen) {
                if let Some(window) = self.windows.get_mut(key) {
                    window.set_fitted(Some(fit.prior(seen.row, seen.column)));
                }
            }
        }
    }
}

//! Definitions of scorers that somebody tries: graded at the scoring workers' desk.

use std::sync::Arc;

use futures::future::BoxFuture;
use weir_api::{ScorerTrial, Tried};
use weir_core::{Clock, span::Record};
use weir_evals::Scorer;
use weir_jobs::{Desk, Trial};

/// Grades at this desk.
pub(super) struct Trials {
    trial: Arc<Trial>,
    clock: Arc<dyn Clock>,
}

impl Trials {
    pub(super) fn new(desk: Arc<Desk>) -> Self {
        let clock = Arc::clone(&desk.clock);
        Self { trial: Arc::new(Trial::new(desk)), clock }
    }
}

impl ScorerTrial for Trials {
    fn grade(&self, scorer: Scorer, records: Vec<Record>) -> BoxFuture<'static, Result<Vec<Tried>, weir_store::Error>> {
        let (trial, clock) = (Arc::clone(&self.trial), Arc::clone(&self.clock));
        Box::pin(async move {
            let mut tried = Vec::with_capacity(records.len());
            for record in &records {
                let begun = clock.elapsed();
                let (outcome, cost) = trial.grade(&scorer, record).await?;
                tried.push(Tried { outcome, cost, took: clock.elapsed().saturating_sub(begun) });
            }
            Ok(tried)
        })
    }
}

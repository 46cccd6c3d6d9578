//! Back-fills: past answers handed to the queue for one rule, behind all live work, a page at a time. How far an order has
//! come is written with the jobs it pushed, so that it goes on where it was after a restart and pushes nothing twice.

use std::{sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use tokio::time;
use tokio_util::sync::CancellationToken;
use weir_core::span::Record;
use weir_store::{Backfill, Store};

use crate::{
    Bells, Lead,
    queue::{self, Chosen, LIVE, Urgency},
    scoring::{Scoring, sampling_point, tags},
};

/// Spans looked at in one transaction.
const PAGE: u32 = 256;
/// Jobs of back-fills that may wait at once.
const MOST_WAITING: u64 = 1_000;
/// Between two looks for orders, and while enough of their jobs wait.
const LOOK: Duration = Duration::from_secs(1);

/// Hands past answers to the queue until stopped.
#[derive(Clone)]
pub struct Backfiller {
    /// Orders, spans and the queue.
    pub store: Store,
    /// Whether this process does it.
    pub lead: Arc<Lead>,
    /// The rules.
    pub scoring: Arc<ArcSwap<Scoring>>,
    /// Told of new jobs.
    pub bells: Bells,
}

impl std::fmt::Debug for Backfiller {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Backfiller").finish_non_exhaustive()
    }
}

impl Backfiller {
    /// Runs until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        loop {
            let more = match self.step().await {
                Ok(more) => more,
                Err(error) => {
                    tracing::warn!(%error, "a back-fill waits until the next look");
                    false
                }
            };
            if more && !stop.is_cancelled() {
                continue;
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = time::sleep(LOOK) => {}
            }
        }
    }

    /// One page of the oldest order; false when there is nothing to do now.
    pub(crate) async fn step(&self) -> Result<bool, queue::Error> {
        if !self.lead.is_mine() {
            return Ok(false);
        }
        let Some(order) = self.store.backfill_next().await? else {
            return Ok(false);
        };
        if self.store.backfill_waiting(LIVE).await? >= MOST_WAITING {
            return Ok(false);
        }
        let scoring = self.scoring.load_full();
        let Some(plan) = scoring.plans().find(|plan| plan.rule.name == order.rule).cloned() else {
            // The rule is gone from the configuration.
            return self.push(&order, order.after, &[], true).await.map(|()| true);
        };
        let page = self.store.backfill_page(&order, &plan.rule.workload, PAGE).await?;
        let Some((last, _)) = page.last().copied() else {
            return self.push(&order, order.after, &[], true).await.map(|()| true);
        };
        let ids: Vec<_> = page.iter().map(|(_, id)| *id).collect();
        let records: Vec<Arc<Record>> = self.store.record_list(&ids).await?.into_iter().map(Arc::new).collect();
        let left = usize::try_from(order.most.saturating_sub(order.pushed)).unwrap_or(usize::MAX);
        let chosen: Vec<Chosen<'_>> = records
            .iter()
            .filter(|record| sampling_point(&plan.rule.name, record.span.id) < plan.rule.sample)
            .filter(|record| {
                plan.rule.filter.as_ref().is_none_or(|filter| filter.holds(&record.span, tags(&record.span)))
            })
            .map(|record| Chosen { record, plan: Arc::clone(&plan), p: plan.rule.sample })
            .take(left)
            .collect();
        let full = chosen.len() >= left;
        self.push(&order, last, &chosen, full || page.len() < PAGE as usize).await?;
        Ok(true)
    }

    async fn push(&self, order: &Backfill, after: i64, chosen: &[Chosen<'_>], done: bool) -> Result<(), queue::Error> {
        let mut tx = self.store.begin_spans().await?;
        let pushed = queue::push(tx.connection(), chosen, Urgency::Backfill).await?;
        tx.backfill_step(order.id, after, chosen.len() as u64, done).await?;
        tx.commit().await?;
        self.bells.ring(&pushed);
        Ok(())
    }
}

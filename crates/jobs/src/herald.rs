//! The reconciler "herald": what became of policy diffs, from the store's list of news into the job queue. One transaction
//! takes a piece of news out and queues its telling, so a process killed at any line loses none and queues none twice.
//! Where no webhook is configured there is nobody to tell, and news are only taken out: a webhook that is configured later
//! hears of what happens from then on.

mod told;

use std::{sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use tokio::time;
use tokio_util::sync::CancellationToken;
use weir_config::Settings;
use weir_store::Store;

pub(crate) use told::tell;

use crate::{
    Bells, Lead,
    queue::{self, TellPolicy},
};

/// Between two looks, for what other processes wrote.
const EVERY: Duration = Duration::from_secs(30);
/// News of one look.
const PAGE: u32 = 100;

/// What the herald works with.
#[derive(Debug)]
pub struct Herald {
    /// News, diffs and the queue.
    pub store: Store,
    /// Whether this process hands over.
    pub lead: Arc<Lead>,
    /// Whether there is a webhook.
    pub settings: Arc<ArcSwap<Settings>>,
    /// Rung when there is something to tell.
    pub bells: Bells,
}

impl Herald {
    /// Runs until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        let mut changes = self.store.control_changes();
        loop {
            match self.step().await {
                Ok(true) if !stop.is_cancelled() => continue,
                Ok(_) => {}
                Err(error) => tracing::warn!(%error, "news of policies wait until the next look"),
            }
            tokio::select! {
                () = stop.cancelled() => return,
                _ = changes.changed() => {}
                () = time::sleep(EVERY) => {}
            }
        }
    }

    /// Hands over the oldest news; true when there may be more.
    pub(crate) async fn step(&self) -> Result<bool, queue::Error> {
        if !self.lead.is_mine() {
            return Ok(false);
        }
        let news = self.store.policy_news_list(PAGE).await?;
        if news.is_empty() {
            return Ok(false);
        }
        let heard = self.settings.load().policy_webhook.is_some();
        let mut jobs = Vec::new();
        for one in &news {
            if let Some(diff) = self.store.policy_diff_get(&one.diff).await?.filter(|_| heard) {
                jobs.push(TellPolicy { id: one.id.clone(), body: told::body(one, &diff).to_string() });
            }
        }
        let mut tx = self.store.begin_spans().await?;
        for one in &news {
            if !tx.policy_news_take(&one.id).await? {
                jobs.retain(|job| job.id != one.id);
            }
        }
        queue::push_tellings(tx.connection(), &jobs).await?;
        tx.commit().await?;
        if !jobs.is_empty() {
            self.bells.ring_tellings();
        }
        Ok(news.len() == PAGE as usize)
    }
}

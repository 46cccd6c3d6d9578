//! What scoring workers share.

use std::{sync::Arc, time::Duration};

use apalis::prelude::BoxDynError;
use arc_swap::ArcSwap;
use weir_config::Settings;
use weir_core::{Clock, Entropy, score::Score, span::Record};
use weir_providers::transport::Transport;
use weir_store::Store;
use weir_telemetry::{metrics, otlp::Exporter};

use crate::{Bells, fair::Turns, judges::Bench, recent::Recent, references::References, scoring::Scoring};

/// What scoring workers share.
#[derive(Clone)]
pub struct Desk {
    /// Where spans come from and scores go.
    pub store: Store,
    /// Whom to tell of policies.
    pub settings: Arc<ArcSwap<Settings>>,
    /// Each workload's scorers.
    pub scoring: Arc<ArcSwap<Scoring>>,
    /// Records that the writer has just stored.
    pub recent: Arc<Recent>,
    /// Told of new jobs.
    pub bells: Bells,
    /// Whose judge is asked next.
    pub turns: Arc<Turns>,
    /// What is known of right answers.
    pub references: Arc<References>,
    /// How judges are asked.
    pub bench: Arc<Bench>,
    /// The one door out.
    pub transport: Arc<Transport>,
    /// How long stored responses are kept.
    pub responses_kept: Duration,
    /// Wall time.
    pub clock: Arc<dyn Clock>,
    /// For nonces.
    pub entropy: Arc<dyn Entropy>,
    /// The collector, when one is configured.
    pub exporter: Option<Arc<Exporter>>,
}

impl Desk {
    /// Stores scores, and tells the outside about those that are new.
    pub(crate) async fn keep(&self, scores: Vec<(Arc<Record>, Score)>) -> Result<(), BoxDynError> {
        let (records, scores): (Vec<_>, Vec<_>) = scores.into_iter().unzip();
        if scores.is_empty() {
            return Ok(());
        }
        let inserted = self.store.score_insert_worked(&scores).await?;
        for ((record, score), inserted) in records.iter().zip(&scores).zip(inserted) {
            if inserted.duplicate {
                continue;
            }
            metrics::score(score);
            if let Some(exporter) = &self.exporter {
                exporter.score(&record.span, score);
            }
        }
        Ok(())
    }
}

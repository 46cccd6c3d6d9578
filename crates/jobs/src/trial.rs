//! A definition tried on one recorded answer: asked as a configured scorer would be, with nothing remembered and nothing
//! stored.

use std::sync::Arc;

use weir_core::{
    NanoUsd,
    score::Unscored,
    span::{Errand, Record},
};
use weir_evals::{Asked, Outcome, Scorer};
use weir_store::Error;

use crate::{
    assemble::Assembled,
    desk::Desk,
    judges::{outside, vote},
};

/// Grades answers by definitions that are not configured.
pub struct Trial {
    desk: Arc<Desk>,
}

impl Trial {
    /// Asks as the scoring workers of this desk do.
    #[must_use]
    pub const fn new(desk: Arc<Desk>) -> Self {
        Self { desk }
    }

    /// Grades one answer; with the grade, what asking cost. A scorer that could not be asked is an outcome, too.
    ///
    /// # Errors
    /// When the store cannot tell what is known of the right answer.
    pub async fn grade(&self, scorer: &Scorer, record: &Record) -> Result<(Outcome, NanoUsd), Error> {
        let workload = &record.span.workload;
        let assembled = Assembled::all(&self.desk.references, workload, std::iter::once(record)).await?;
        let Some(assembled) = assembled.first() else {
            let why = "nothing is on record of the answer";
            return Ok((Outcome::unscored(Unscored::NoResponse, why), NanoUsd::ZERO));
        };
        let (exchange, errand) = (assembled.exchange(), Errand::about(record.span.id));
        if let Some(outcome) = assembled.obstacle().or_else(|| scorer.precheck(&exchange)) {
            return Ok((outcome, NanoUsd::ZERO));
        }
        let asked = match scorer.asked() {
            None => return Ok((scorer.run(&exchange), NanoUsd::ZERO)),
            Some(Asked::Judge(spec)) => {
                let mut spec = spec.clone();
                spec.no_cache = true;
                let served_by = record.span.served_by().map_or("", |deployment| deployment.as_str());
                vote(&self.desk, &spec, scorer.version(), &exchange, served_by, &errand).await
            }
            Some(Asked::Embedding(spec)) => outside::embedding(&self.desk, spec, &exchange, &errand).await,
            Some(Asked::Webhook(_) | Asked::Heavy) => {
                let why = "webhooks and code run only where they are configured";
                return Ok((Outcome::unscored(Unscored::ConfigError, why), NanoUsd::ZERO));
            }
        };
        Ok(asked.unwrap_or_else(|failure| (Outcome::unscored(failure.reason(), failure.to_string()), NanoUsd::ZERO)))
    }
}

//! From a stored span to what a scorer sees: the conversation, the answer, and what is known about the right one.

use std::sync::Arc;

use weir_core::{
    NanoUsd, ScorerName, Timestamp, WorkloadId,
    chat::{Answer, Message},
    score::{Score, Source, Unscored},
    span::{Record, Span},
};
use weir_evals::{Exchange, Measured, Outcome, Reference, input_hash};
use weir_providers::dialect::text;
use weir_store::Error;

use crate::references::References;

/// One answer, ready for scorers.
#[derive(Debug)]
pub(crate) struct Assembled {
    messages: Vec<Message>,
    answer: Answer,
    reference: Option<Arc<Reference>>,
    measured: Measured,
    truncated: bool,
}

impl Assembled {
    /// Reads the texts and looks the prompts up among the workload's dataset items.
    pub(crate) async fn all(
        references: &References,
        workload: &WorkloadId,
        records: impl Iterator<Item = &Record>,
    ) -> Result<Vec<Self>, Error> {
        let mut assembled: Vec<Self> =
            records.map(|record| Self::read(record, text::messages(&record.payload.request))).collect();
        if references.any(workload).await? {
            let hashes: Vec<String> = assembled.iter().map(|one| input_hash(&one.messages)).collect();
            let found = references.find(workload, &hashes).await?;
            for (one, reference) in assembled.iter_mut().zip(found) {
                one.reference = reference;
            }
        }
        Ok(assembled)
    }

    /// As `all`, for scorers that look at answers only: where no item can match, the prompts, most of the text, are left
    /// out.
    pub(crate) async fn answers(
        references: &References,
        workload: &WorkloadId,
        records: impl Iterator<Item = &Record>,
    ) -> Result<Vec<Self>, Error> {
        if references.any(workload).await? {
            return Self::all(references, workload, records).await;
        }
        Ok(records.map(|record| Self::read(record, Vec::new())).collect())
    }

    fn read(Record { span, payload }: &Record, messages: Vec<Message>) -> Self {
        Self {
            messages,
            answer: text::answer(&payload.response),
            reference: None,
            measured: measured(span),
            truncated: payload.truncated,
        }
    }

    pub(crate) fn exchange(&self) -> Exchange<'_> {
        let measured = Some(&self.measured);
        Exchange { measured, ..Exchange::new(&self.messages, &self.answer, self.reference.as_deref()) }
    }

    /// Sets the answer that this one is compared with.
    pub(crate) fn put_beside(&mut self, other: String) {
        let mut reference = self.reference.as_deref().cloned().unwrap_or_default();
        reference.baseline = Some(other);
        self.reference = Some(Arc::new(reference));
    }

    /// The reason why nothing can be scored, where there is one.
    pub(crate) fn obstacle(&self) -> Option<Outcome> {
        self.truncated.then(|| Outcome::unscored(Unscored::Truncated, "the answer was cut at the payload bound"))
    }
}

/// What the span says about the run.
fn measured(span: &Span) -> Measured {
    Measured {
        latency_ms: Some(span.latency_us as f64 / 1000.0),
        ttft_ms: span.ttft_us.map(|us| us as f64 / 1000.0),
        cost_usd: span.cost.map(NanoUsd::as_usd),
        tokens: Some(span.usage.input + span.usage.output),
        retries: Some(span.attempts.len().saturating_sub(1) as u64),
        // A cache would have answered without any attempt.
        cached: span.attempts.is_empty(),
    }
}

/// What is the same in every score of one span.
#[derive(Debug, Clone)]
pub(crate) struct Scored<'a> {
    pub(crate) span: &'a Span,
    pub(crate) p_sample: f64,
    pub(crate) source: Source,
    pub(crate) at: Timestamp,
}

impl Scored<'_> {
    /// The score; `None` for a span that nobody served.
    pub(crate) fn score(&self, scorer: &ScorerName, version: &str, outcome: Outcome) -> Option<Score> {
        let span = self.span;
        Some(Score {
            span_id: span.id,
            workload: span.workload.clone(),
            segment: span.segment(),
            deployment: span.served_by()?.clone(),
            scorer: scorer.clone(),
            version: version.into(),
            verdict: outcome.verdict,
            source: self.source,
            explanation: outcome.explanation,
            p_sample: self.p_sample,
            propensity: span.propensity(),
            cost: NanoUsd::ZERO,
            at: self.at,
        })
    }
}

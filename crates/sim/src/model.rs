//! A model as the simulator plays it.

use std::collections::BTreeMap;

/// One fake model. All of it but the name can be changed while it runs.
#[derive(Debug, Clone, PartialEq)]
pub struct SimModel {
    /// The `model` of a request.
    pub name: String,
    /// Probability of a right answer to a known prompt, `0..=1`, where `workloads` does not say otherwise.
    pub quality: f64,
    /// The same for prompts of one workload.
    pub workloads: BTreeMap<String, f64>,
    /// Time to the first token.
    pub ttft_ms: f64,
    /// Time for each further token.
    pub token_ms: f64,
    /// Relative spread of both times, `0..=1`: 0.2 is plus or minus 20 %.
    pub jitter: f64,
    /// Hidden reasoning tokens of each answer: they cost and take time but change no text.
    pub verbosity: u64,
    /// Probability that this model, asked to judge, says what is true, `0..=1`.
    pub judge_agreement: f64,
}

impl SimModel {
    /// A model that is always right and answers at once.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            quality: 1.0,
            workloads: BTreeMap::new(),
            ttft_ms: 0.0,
            token_ms: 0.0,
            jitter: 0.0,
            verbosity: 0,
            judge_agreement: 1.0,
        }
    }
    /// With this quality wherever no workload says otherwise.
    #[must_use]
    pub const fn quality(mut self, quality: f64) -> Self {
        self.quality = quality;
        self
    }
    /// With this quality on one workload's prompts.
    #[must_use]
    pub fn quality_on(mut self, workload: impl Into<String>, quality: f64) -> Self {
        self.workloads.insert(workload.into(), quality);
        self
    }
    /// With these times and this relative spread.
    #[must_use]
    pub const fn latency(mut self, ttft_ms: f64, token_ms: f64, jitter: f64) -> Self {
        self.ttft_ms = ttft_ms;
        self.token_ms = token_ms;
        self.jitter = jitter;
        self
    }
    /// With this many hidden tokens in each answer.
    #[must_use]
    pub const fn verbosity(mut self, tokens: u64) -> Self {
        self.verbosity = tokens;
        self
    }
    /// Judging truly at this rate.
    #[must_use]
    pub const fn judge_agreement(mut self, rate: f64) -> Self {
        self.judge_agreement = rate;
        self
    }

    pub(crate) fn quality_for(&self, workload: &str) -> f64 {
        self.workloads.get(workload).copied().unwrap_or(self.quality)
    }
}

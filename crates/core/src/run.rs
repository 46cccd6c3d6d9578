//! What an eval run is made of: the answers of its arms, and what scorers said of them.

use std::{collections::HashMap, sync::Arc};

use crate::{NanoUsd, SpanId, Timestamp, score::Verdict};

/// One answer of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct RunOutput {
    /// Its number; 0 before it is stored.
    pub seq: i64,
    /// The item's place in the run, from 0.
    pub ord: u32,
    /// Whose answer.
    pub arm: String,
    /// From 0.
    pub trial: u32,
    /// What was said, as JSON of what scorers read, or why nothing was.
    pub said: Result<String, String>,
    /// The request it was recorded as.
    pub span_id: Option<SpanId>,
    /// Who served it.
    pub deployment: Option<String>,
    /// What it cost, where the price is known.
    pub cost: Option<NanoUsd>,
    /// Asked to whole answer, in microseconds.
    pub latency_us: Option<u64>,
    /// Tokens of the prompt.
    pub input_tokens: Option<u64>,
    /// Tokens of the answer.
    pub output_tokens: Option<u64>,
    /// When.
    pub at: Timestamp,
    /// What scorers said, in any order.
    pub scores: Vec<RunScore>,
}

/// One scorer's word on one answer.
#[derive(Debug, Clone, PartialEq)]
pub struct RunScore {
    /// Which scorer.
    pub scorer: String,
    /// In which version.
    pub version: String,
    /// A grade, or why there is none.
    pub verdict: Verdict,
    /// What was measured, in its own unit.
    pub raw: Option<f64>,
    /// Why.
    pub explanation: Option<String>,
    /// What scoring cost.
    pub cost: NanoUsd,
}

/// All that one run has answered so far.
#[derive(Debug, Clone, PartialEq)]
pub struct RunAnswers {
    /// Its id.
    pub run: String,
    /// Its first arm, as ordered: what stands for it when another run is compared with it.
    pub first: String,
    /// Hashes of its items by place.
    pub items: HashMap<u32, Arc<str>>,
    /// Its answers, in order of place.
    pub outputs: Vec<RunOutput>,
}

//! The value that stages hand on: every candidate with what is known of it, and the order of those still in play.

use std::{sync::Arc, time::Duration};

use weir_core::{
    NanoUsd,
    decision::{Arm, CandidateRecord, Exposure, Verdict},
    snapshot::{CandidateView, WorkloadView},
};

use crate::{Ask, Health, Live, Vital};

/// Completion tokens assumed before a deployment has answered and when the caller set no bound.
const ASSUMED_OUTPUT_TOKENS: u64 = 256;

/// What stages may read.
pub(crate) struct Context<'a> {
    pub(crate) view: &'a WorkloadView,
    pub(crate) ask: &'a Ask<'a>,
}

/// One candidate in play or out.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// Why it is out; `None` while in play.
    pub(crate) out: Option<Verdict>,
    /// 0 for proven, 1 for last resort: objectives order within a tier, never across.
    pub(crate) tier: u8,
    /// Probability that a draw puts it first, where the objective draws; `None` where it ranks.
    pub(crate) drawn: Option<f64>,
    pub(crate) cost: Option<NanoUsd>,
    pub(crate) in_flight: u32,
    pub(crate) latency_ms: Option<f64>,
    pub(crate) health: Health,
}

/// What stages hand on.
#[derive(Debug, Clone)]
pub(crate) struct Slate {
    /// By candidate index.
    pub(crate) entries: Vec<Entry>,
    /// Candidate indices in play, best first.
    pub(crate) order: Vec<usize>,
    /// Set by the canary stage when the request is eligible.
    pub(crate) arms: Option<Arms>,
}

/// The two arms an eligible request could have been sent to, as candidate indices.
#[derive(Debug, Clone)]
pub(crate) struct Arms {
    pub(crate) candidate: usize,
    pub(crate) control: usize,
    /// Share of units in each arm.
    pub(crate) share: f64,
    /// The arm this one is in; `None` for bystanders.
    pub(crate) exposure: Option<Exposure>,
}

impl Arms {
    /// The index of the arm this request is in.
    pub(crate) fn exposed(&self) -> Option<usize> {
        self.exposure.as_ref().map(|exposure| match exposure.arm {
            Arm::Candidate => self.candidate,
            Arm::Control => self.control,
        })
    }
}

impl Slate {
    /// All candidates in play, in configured order.
    pub(crate) fn new(context: &Context<'_>, live: &Live) -> Self {
        let entries: Vec<Entry> = context
            .view
            .candidates
            .iter()
            .map(|candidate| {
                let vital = live.vital(&candidate.deployment.id);
                Entry::new(candidate, context.ask, vital.as_deref(), context.ask.uptime)
            })
            .collect();
        let order = (0..entries.len()).collect();
        Self { entries, order, arms: None }
    }

    /// Takes out every candidate in play for which `verdict` gives a reason.
    pub(crate) fn drop_where(mut self, verdict: impl Fn(usize, &Entry) -> Option<Verdict>) -> Self {
        let Self { entries, order, .. } = &mut self;
        order.retain(|&index| {
            let Some(entry) = entries.get_mut(index) else {
                return false;
            };
            entry.out = verdict(index, entry);
            entry.out.is_none()
        });
        self
    }

    /// Orders candidates in play by tier, then by `key`; stable.
    pub(crate) fn sort_by_key<K: PartialOrd>(mut self, key: impl Fn(&Entry) -> K) -> Self {
        let Self { entries, order, .. } = &mut self;
        order.sort_by(|&a, &b| {
            let (Some(a), Some(b)) = (entries.get(a), entries.get(b)) else {
                return std::cmp::Ordering::Equal;
            };
            (a.tier, key(a)).partial_cmp(&(b.tier, key(b))).unwrap_or(std::cmp::Ordering::Equal)
        });
        self
    }

    /// Probability that the objective puts this candidate first.
    pub(crate) fn first_probability(&self, index: usize) -> f64 {
        let drawn = self.entries.get(index).and_then(|entry| entry.drawn);
        drawn.unwrap_or(if self.order.first() == Some(&index) { 1.0 } else { 0.0 })
    }

    /// The record of each candidate, given the final chain as candidate indices.
    pub(crate) fn records(&self, context: &Context<'_>, chain: &[usize]) -> Vec<CandidateRecord> {
        let exposed = self.arms.as_ref().filter(|arms| arms.exposure.is_some());
        let in_an_arm = |index| exposed.is_some_and(|arms| arms.candidate == index || arms.control == index);
        self.entries
            .iter()
            .zip(&context.view.candidates)
            .enumerate()
            .map(|(index, (entry, candidate))| {
                let verdict = match chain.iter().position(|&link| link == index) {
                    Some(0) => Verdict::Chosen,
                    Some(_) => Verdict::Fallback,
                    None if in_an_arm(index) && entry.out == Some(Verdict::NotAdmitted) => Verdict::OtherArm,
                    None => entry.out.unwrap_or(Verdict::NotAdmitted),
                };
                entry.record(candidate, verdict)
            })
            .collect()
    }
}

impl Entry {
    pub(crate) fn new(candidate: &CandidateView, ask: &Ask<'_>, vital: Option<&Vital>, uptime: Duration) -> Self {
        Self {
            out: None,
            tier: 0,
            drawn: None,
            cost: expected_cost(candidate, ask),
            in_flight: vital.map_or(0, Vital::in_flight),
            latency_ms: vital.and_then(Vital::latency_ms),
            health: vital.map_or(Health::Up, |vital| vital.health(uptime)),
        }
    }

    pub(crate) fn record(&self, candidate: &CandidateView, verdict: Verdict) -> CandidateRecord {
        CandidateRecord {
            deployment: candidate.deployment.id.clone(),
            verdict,
            quality: candidate.quality,
            expected_cost: self.cost,
            in_flight: self.in_flight,
            latency_ms: self.latency_ms,
        }
    }
}

/// Price × (prompt tokens, expected completion tokens); `None` when the price is unknown.
fn expected_cost(candidate: &CandidateView, ask: &Ask<'_>) -> Option<NanoUsd> {
    let bound = ask.features.max_output_tokens;
    let expected = match candidate.output_tokens {
        Some(mean) => bound.map_or(mean, |bound| mean.min(bound as f64)).round() as u64,
        None => bound.unwrap_or(ASSUMED_OUTPUT_TOKENS),
    };
    let usage = weir_core::Usage { input: ask.features.input_tokens, output: expected, ..Default::default() };
    candidate.deployment.price.as_ref().map(|price| price.cost(&usage))
}

/// The names of a policy's stages, joined for people.
pub(crate) fn strategy(view: &WorkloadView) -> Arc<str> {
    let mut text = String::with_capacity(64);
    for stage in &view.policy.stages {
        if !text.is_empty() {
            text.push_str(" → ");
        }
        text.push_str(stage.name());
    }
    text.into()
}

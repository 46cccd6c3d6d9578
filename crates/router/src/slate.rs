//! The value that stages hand on: every candidate with what is known of it, and the order of those still in play.

use std::{cmp::Ordering, collections::VecDeque, sync::Arc};

use weir_core::{
    NanoUsd,
    decision::{Arm, CandidateRecord, CandidateState, Decision, Exposure, Health, Plan, Verdict},
    entropy::{mix, unit},
    route::Features,
    snapshot::{CanarySlot, CandidateView, WorkloadView},
};

use crate::{Ask, Live, Shape, Vital, latency::Pool, silence};

/// Completion tokens assumed before a deployment has answered and when the caller set no bound.
const ASSUMED_OUTPUT_TOKENS: u64 = 256;

/// What stages may read.
pub(crate) struct Context<'a> {
    /// The workload as it is in the request's segment.
    pub(crate) view: &'a WorkloadView,
    pub(crate) segment: &'a Arc<str>,
    /// The workload's canary.
    pub(crate) canary: Option<&'a CanarySlot>,
    pub(crate) ask: &'a Ask<'a>,
    /// Least acceptable quality.
    pub(crate) floor: Option<f64>,
}

impl Context<'_> {
    /// Where a candidate runs; empty when nobody said.
    pub(crate) fn region(&self, index: usize) -> &str {
        self.view.candidates.get(index).map_or("", |candidate| candidate.deployment.capabilities.region.as_str())
    }
}

/// One candidate in play or out.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// Why it is out; `None` while in play.
    pub(crate) out: Option<Verdict>,
    /// It can do what the request needs.
    pub(crate) capable: bool,
    /// 0 for ordinary, more for those to be tried after all others: objectives order within a tier, never across.
    pub(crate) tier: u8,
    /// Equal for candidates that no objective has told apart yet.
    pub(crate) rank: u32,
    /// Probability that the policy puts it first.
    pub(crate) first: f64,
    pub(crate) cost: Option<NanoUsd>,
    pub(crate) in_flight: u32,
    /// Of these, those it has said nothing to yet; a record does not know it.
    pub(crate) unanswered: u32,
    /// When it was last heard of, and since when it is silent; a record does not know these either.
    pub(crate) heard: u64,
    pub(crate) silent_since: Option<u64>,
    /// Median and 95th percentile of the request's shape there.
    pub(crate) latency_ms: Option<f64>,
    pub(crate) p95_ms: Option<f64>,
    pub(crate) state: CandidateState,
}

/// What stages hand on. Kept by each thread between requests, so that its lists are allocated once.
#[derive(Debug, Default)]
pub(crate) struct Slate {
    /// By candidate index.
    pub(crate) entries: Vec<Entry>,
    /// Candidate indices in play, best first.
    pub(crate) order: Vec<usize>,
    /// Room for stages that compute a number for each candidate in play.
    pub(crate) scratch: Vec<(f64, usize)>,
    /// A draw has settled the head; later stages cannot make it certain again.
    settled: bool,
    /// Set by the canary stage when the request is eligible.
    pub(crate) arms: Option<Arms>,
    /// The canary those arms belong to.
    pub(crate) canary: Option<CanarySlot>,
    /// How dispatch will walk the chain.
    pub(crate) plan: Plan,
    /// Whether each condition held.
    pub(crate) conditions: Vec<bool>,
    /// Answers to conditions from a record; conditions are evaluated while this is `None`.
    pub(crate) recorded: Option<VecDeque<bool>>,
}

/// The two arms an eligible request could have been sent to, as candidate indices.
#[derive(Debug, Clone)]
pub(crate) struct Arms {
    pub(crate) candidate: usize,
    pub(crate) control: usize,
    /// Share of units in each arm.
    pub(crate) share: f64,
    /// Bystanders go to the candidate.
    pub(crate) takes_over: bool,
    /// The arm this one is in; `None` for bystanders.
    pub(crate) exposure: Option<Exposure>,
}

impl Arms {
    /// The index of the arm this request is in, or of the candidate that takes over; `None` where the objective decides.
    pub(crate) fn head(&self) -> Option<usize> {
        match self.exposure.as_ref().map(|exposure| exposure.arm) {
            Some(Arm::Candidate) => Some(self.candidate),
            Some(Arm::Control) => Some(self.control),
            None => self.takes_over.then_some(self.candidate),
        }
    }
}

impl Slate {
    /// Starts over for a request: all candidates in play, in configured order.
    pub(crate) fn fill(&mut self, context: &Context<'_>, live: &Live) {
        self.clear();
        let ask = context.ask;
        let vitals = live.vitals();
        let warm = ask.features.session.then(|| live.warm().tag(ask.unit, ask.uptime)).flatten();
        let entries = context.view.candidates.iter().map(|candidate| {
            let vital = vitals.get(&candidate.deployment.id).map(|vital| &**vital);
            let warm = vital.is_some_and(|vital| warm == Some(vital.tag));
            Entry::new(candidate, ask, vital, warm)
        });
        self.entries.extend(entries);
        silence::doubt(&mut self.entries, context);
        self.expect_failures(context);
        self.doubt_latencies();
        self.start();
    }

    /// Starts over from what a record knew.
    pub(crate) fn recall(&mut self, record: &Decision) {
        self.clear();
        self.entries.extend(record.candidates.iter().map(Entry::recall));
        self.recorded = Some(record.inputs.conditions.iter().copied().collect());
        self.start();
    }

    fn clear(&mut self) {
        self.entries.clear();
        self.order.clear();
        self.settled = false;
        self.arms = None;
        self.canary = None;
        self.plan = Plan::default();
        self.conditions.clear();
        self.recorded = None;
    }

    fn start(&mut self) {
        self.order.extend(0..self.entries.len());
        if let Some(first) = self.entries.first_mut() {
            first.first = 1.0;
        }
    }

    /// A call that fails is paid for elsewhere: P(failure) × what the stable one costs is part of what to expect.
    fn expect_failures(&mut self, context: &Context<'_>) {
        let stable = context.view.candidates.iter().position(|candidate| candidate.stable);
        let Some(elsewhere) = stable.and_then(|index| self.entries.get(index)).and_then(|entry| entry.cost) else {
            return;
        };
        for entry in &mut self.entries {
            if let Some(cost) = &mut entry.cost
                && entry.state.error_rate > 0.0
            {
                *cost += NanoUsd((elsewhere.0 as f64 * entry.state.error_rate) as i64);
            }
        }
    }

    /// A latency that rests on few answers is drawn towards that of the others.
    fn doubt_latencies(&mut self) {
        let known = self.entries.iter().filter_map(|entry| Some((entry.latency_ms?, entry.state.latency_doubt)));
        let Some(pool) = Pool::of(known) else { return };
        for entry in &mut self.entries {
            let Some(p50) = entry.latency_ms else { continue };
            let factor = pool.draws(p50, entry.state.latency_doubt);
            entry.latency_ms = Some(p50 * factor);
            entry.p95_ms = entry.p95_ms.map(|p95| p95 * factor);
            entry.state.p95_ms = entry.p95_ms;
        }
    }

    pub(crate) fn entry(&self, index: usize) -> Option<&Entry> {
        self.entries.get(index)
    }

    /// Takes out every candidate in play for which `verdict` gives a reason.
    pub(crate) fn drop_where(&mut self, verdict: impl Fn(usize, &Entry) -> Option<Verdict>) {
        let Self { entries, order, .. } = self;
        order.retain(|&index| {
            let Some(entry) = entries.get_mut(index) else {
                return false;
            };
            entry.out = verdict(index, entry);
            entry.out.is_none()
        });
        self.certain();
    }

    /// Orders candidates in play by tier and, where they were equal so far, by `key`, smallest first; stable. Those
    /// within `band` of the best of their equals stay equal.
    pub(crate) fn refine(&mut self, band: f64, key: impl Fn(usize, &Entry) -> f64) {
        self.order_by(&key);
        let Self { entries, order, .. } = self;
        let mut rank = 0;
        let mut group: Option<((u8, u32), f64)> = None;
        for &index in order.iter() {
            let Some(entry) = entries.get_mut(index) else { continue };
            let (of, value) = ((entry.tier, entry.rank), key(index, entry));
            match group {
                // Two infinities are equal, and no finite number is near one.
                Some((same, best)) if same == of && (value <= best || value - best <= band) => {}
                Some(_) => {
                    rank += 1;
                    group = Some((of, value));
                }
                None => group = Some((of, value)),
            }
            entry.rank = rank;
        }
        self.certain();
    }

    fn order_by(&mut self, key: &impl Fn(usize, &Entry) -> f64) {
        let Self { entries, order, .. } = self;
        order.sort_by(|&a, &b| {
            let (Some(left), Some(right)) = (entries.get(a), entries.get(b)) else {
                return Ordering::Equal;
            };
            let group = (left.tier, left.rank).cmp(&(right.tier, right.rank));
            group.then_with(|| key(a, left).total_cmp(&key(b, right)))
        });
    }

    /// Puts those in a higher tier behind the others and changes nothing else.
    pub(crate) fn by_tier(&mut self) {
        let Self { entries, order, .. } = self;
        order.sort_by_key(|&index| entries.get(index).map(|entry| (entry.tier, entry.rank)));
        self.certain();
    }

    /// How many at the head no objective has told apart.
    pub(crate) fn equals(&self) -> usize {
        let of = |index: usize| self.entry(index).map(|entry| (entry.tier, entry.rank));
        let Some(head) = self.order.first().and_then(|&index| of(index)) else { return 0 };
        self.order.iter().take_while(|&&index| of(index) == Some(head)).count()
    }

    /// The order is as it is, whatever the draw.
    fn certain(&mut self) {
        if self.settled {
            return;
        }
        self.settle(|_, _| 0.0);
        if let Some(&head) = self.order.first()
            && let Some(entry) = self.entries.get_mut(head)
        {
            entry.first = 1.0;
        }
    }

    /// Notes the probability of each candidate to be first.
    fn settle(&mut self, first: impl Fn(usize, &Entry) -> f64) {
        for (index, entry) in self.entries.iter_mut().enumerate() {
            entry.first = first(index, entry);
        }
    }

    /// The equals at the head were settled by a draw in which each had the probability `first` gives; the order is
    /// now strict.
    pub(crate) fn drawn(&mut self, equals: usize, first: impl Fn(usize) -> f64) {
        self.settled = true;
        self.settle(|_, _| 0.0);
        for place in 0..self.order.len() {
            let Some(&index) = self.order.get(place) else { continue };
            let share = if place < equals { first(index) } else { 0.0 };
            if let Some(entry) = self.entries.get_mut(index) {
                entry.rank = u32::try_from(place).unwrap_or(u32::MAX);
                entry.first = share;
            }
        }
    }

    /// Moves the candidate at this place of the order to the head.
    pub(crate) fn lead(&mut self, place: usize) {
        if let Some(prefix) = self.order.get_mut(..=place) {
            prefix.rotate_right(1);
        }
    }

    /// The answer to the next condition: from the record where there is one, else by asking.
    pub(crate) fn condition(&mut self, ask: impl FnOnce() -> bool) -> bool {
        let holds = match &mut self.recorded {
            Some(recorded) => recorded.pop_front().unwrap_or(true),
            None => ask(),
        };
        self.conditions.push(holds);
        holds
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
    pub(crate) fn new(candidate: &CandidateView, ask: &Ask<'_>, vital: Option<&Vital>, warm: bool) -> Self {
        let estimate = vital.and_then(|vital| vital.estimate(Shape::of(&ask.features), ask.uptime));
        let (heard, silent_since) = vital.map(|vital| vital.silence.read()).unwrap_or_default();
        Self {
            out: None,
            capable: capable(candidate, &ask.features),
            tier: 0,
            rank: 0,
            first: 0.0,
            cost: expected_cost(candidate, ask, warm),
            in_flight: vital.map_or(0, Vital::in_flight),
            unanswered: vital.map_or(0, Vital::unanswered),
            heard,
            silent_since,
            latency_ms: estimate.map(|estimate| estimate.p50_ms),
            p95_ms: estimate.map(|estimate| estimate.p95_ms),
            state: CandidateState {
                admitted: candidate.admitted,
                stable: candidate.stable,
                suspect: candidate.suspect,
                health: vital.map_or(Health::Up, |vital| vital.health(ask.uptime)),
                ramp: vital.map_or(1.0, |vital| vital.ramp(ask.uptime)),
                exhausted: vital.is_some_and(|vital| vital.exhausted(ask.features.input_tokens, ask.uptime)),
                error_rate: vital.map_or(0.0, |vital| vital.error_rate(ask.uptime)),
                warm,
                p95_ms: estimate.map(|estimate| estimate.p95_ms),
                latency_doubt: estimate.map_or(0.0, |estimate| estimate.doubt),
                doubted: false,
                waits: false,
                last_resort: false,
                propensity: 0.0,
            },
        }
    }

    fn recall(record: &CandidateRecord) -> Self {
        Self {
            out: None,
            capable: record.verdict != Verdict::NotCapable,
            tier: 0,
            rank: 0,
            first: 0.0,
            cost: record.expected_cost,
            in_flight: record.in_flight,
            unanswered: 0,
            heard: 0,
            silent_since: None,
            latency_ms: record.latency_ms,
            p95_ms: record.state.p95_ms,
            // A floor says it anew.
            state: CandidateState { last_resort: false, ..record.state },
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
            state: CandidateState { propensity: self.first, ..self.state },
        }
    }
}

fn capable(candidate: &CandidateView, need: &Features) -> bool {
    let can = &candidate.deployment.capabilities;
    let tokens = need.input_tokens.saturating_add(need.max_output_tokens.unwrap_or(0));
    (can.tools || !need.tools)
        && (can.vision || !need.vision)
        && (can.json_schema || !need.json_schema)
        && tokens <= can.context_tokens
}

/// Price × (prompt tokens, from the cache where the session is warm; expected completion tokens); `None` when the price
/// is unknown.
fn expected_cost(candidate: &CandidateView, ask: &Ask<'_>, warm: bool) -> Option<NanoUsd> {
    let bound = ask.features.max_output_tokens;
    let expected = match candidate.output_tokens {
        Some(mean) => bound.map_or(mean, |bound| mean.min(bound as f64)).round() as u64,
        None => bound.unwrap_or(ASSUMED_OUTPUT_TOKENS),
    };
    let input = ask.features.input_tokens;
    let cached_input = if warm { input } else { 0 };
    let usage = weir_core::Usage { input, cached_input, output: expected, ..Default::default() };
    candidate.deployment.price.as_ref().and_then(|price| price.cost(&usage))
}

/// A number in `[0, 1)` that this request draws for this purpose.
pub(crate) fn draw(seed: u64, purpose: u64) -> f64 {
    unit(mix(seed ^ mix(purpose)))
}

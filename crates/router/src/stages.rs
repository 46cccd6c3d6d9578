//! The stages that say who may serve. A candidate that leaves carries its reason with it.

mod objective;
mod settle;

use weir_core::{
    DeploymentId,
    decision::{Arm, Exposure, Health, Mode, Verdict},
    entropy::{mix, unit},
    policy::{Requirement, Stage},
    snapshot::CanarySlot,
};

use crate::{
    silence,
    slate::{Arms, Context, Slate, draw},
};

/// Salts that keep one request's draws apart.
const RAMP: u64 = 0x7261_6d70;

/// Tiers: after all others that are fit.
const RETURNING: u8 = 1;
const DOUBTED: u8 = 1;
const LAST_RESORT: u8 = 2;
const EXHAUSTED: u8 = 3;

/// Runs one stage.
pub(crate) fn run(stage: &Stage, slate: &mut Slate, context: &Context<'_>) {
    match stage {
        Stage::When { condition, then } => {
            let scope = context.ask.scope;
            if slate.condition(|| scope.is_some_and(|scope| condition.expr().holds(scope))) {
                run(then, slate, context);
            }
        }
        Stage::Filter => filter(slate, context),
        Stage::Lock { deployments, providers } => lock(slate, context, deployments, providers),
        Stage::Require { rule } => require(slate, context, rule),
        Stage::Canary => canary(slate, context),
        Stage::Floor => floor(slate, context),
        Stage::Cost => objective::cost(slate),
        Stage::Quality { max_cost_usd, max_latency_ms, band } => {
            objective::quality(slate, context, *max_cost_usd, *max_latency_ms, *band);
        }
        Stage::Latency { band } => objective::latency(slate, context, *band),
        Stage::Weighted { weights } => objective::weighted(slate, context, weights),
        Stage::Adaptive { quality, cost, latency } => {
            objective::adaptive(slate, context, [*quality, *cost, *latency]);
        }
        Stage::LeastBusy => objective::least_busy(slate),
        Stage::Complexity { threshold, hard } => objective::complexity(slate, context, *threshold, hard),
        Stage::RoundRobin => settle::round_robin(slate, context),
        Stage::Affinity => settle::affinity(slate, context),
        Stage::TieBreak => settle::tie_break(slate, context),
        Stage::Explore { share, max_extra_usd, max_quality_loss } => {
            settle::explore(slate, context, *share, *max_extra_usd, *max_quality_loss);
        }
        Stage::Chain { rules } => slate.plan.rules.clone_from(rules),
        Stage::Race { width } => slate.plan.mode = Mode::Race { width: *width },
        Stage::Hedge { after_ms } => hedge(slate, *after_ms),
        Stage::Cascade { accept } => {
            objective::cost(slate);
            slate.plan.accept = Some(accept.clone());
        }
    }
}

/// Capability, then health, then admission, then suspicion. When no capable candidate is healthy, health is ignored: a
/// call that may fail is better than one that certainly does. Suspicion is ignored likewise, so that drift everywhere
/// leaves traffic where it was. One that comes back from a failure is first only for a growing
/// share of requests, one whose region may be lost is asked after those in others, and one without headroom after all.
fn filter(slate: &mut Slate, context: &Context<'_>) {
    slate.drop_where(|_, entry| (!entry.capable).then_some(Verdict::NotCapable));
    let some_up = slate
        .order
        .iter()
        .filter_map(|&index| slate.entry(index))
        .any(|entry| entry.state.admitted && entry.state.health != Health::Open);
    slate.drop_where(|_, entry| (some_up && entry.state.health == Health::Open).then_some(Verdict::Unhealthy));
    slate.drop_where(|_, entry| (!entry.state.admitted).then_some(Verdict::NotAdmitted));
    let some_sound = slate.order.iter().filter_map(|&index| slate.entry(index)).any(|entry| !entry.state.suspect);
    slate.drop_where(|_, entry| (some_sound && entry.state.suspect).then_some(Verdict::Suspect));
    let seed = context.ask.seed;
    let mut moved = false;
    for index in 0..slate.entries.len() {
        // A record says it: regions may have changed since.
        let waits = match slate.recorded {
            Some(_) => slate.entry(index).is_some_and(|entry| entry.state.waits),
            None => silence::waits(slate, context, index),
        };
        if let Some(entry) = slate.entries.get_mut(index).filter(|_| waits) {
            entry.state.waits = true;
            entry.tier = DOUBTED;
        }
    }
    for (index, entry) in slate.entries.iter_mut().enumerate() {
        let ramp = if entry.state.ramp > 0.0 { entry.state.ramp } else { 1.0 };
        if entry.state.exhausted {
            entry.tier = EXHAUSTED;
        } else if ramp < 1.0 && draw(seed, RAMP ^ index as u64) >= ramp {
            entry.tier = RETURNING;
        }
        moved |= entry.tier > 0;
    }
    if moved {
        slate.by_tier();
    }
}

fn lock(slate: &mut Slate, context: &Context<'_>, deployments: &[DeploymentId], providers: &[String]) {
    let candidates = &context.view.candidates;
    let within = |index: usize| {
        candidates.get(index).is_some_and(|candidate| {
            deployments.contains(&candidate.deployment.id) || providers.contains(&candidate.deployment.provider)
        })
    };
    slate.drop_where(|index, _| (!within(index)).then_some(Verdict::Excluded));
    unfit_for_arms(slate, within);
}

fn require(slate: &mut Slate, context: &Context<'_>, rule: &Requirement) {
    // Every candidate is asked, also those that are out: a record can then be walked again with others in play.
    let first = slate.conditions.len();
    for (index, candidate) in context.view.candidates.iter().enumerate() {
        let facts = slate.entry(index).map(|entry| (entry.in_flight, entry.cost));
        slate.condition(|| {
            let deployment = &candidate.deployment;
            let (in_flight, cost) = facts.unwrap_or_default();
            context.ask.scope.is_some_and(|scope| {
                rule.expr().holds_for(
                    scope,
                    "candidate",
                    CandidateFacts {
                        id: deployment.id.as_str(),
                        provider: &deployment.provider,
                        model: &deployment.model,
                        region: &deployment.capabilities.region,
                        context_tokens: i64::try_from(deployment.capabilities.context_tokens).unwrap_or(i64::MAX),
                        stable: candidate.stable,
                        in_flight: i64::from(in_flight),
                        quality: candidate.quality.map(|quality| quality.mean),
                        cost_usd: cost.map(weir_core::NanoUsd::as_usd),
                    },
                )
            })
        });
    }
    let held = slate.conditions.get(first..).map(<[bool]>::to_vec).unwrap_or_default();
    let within = |index: usize| held.get(index).copied().unwrap_or(false);
    slate.drop_where(|index, _| (!within(index)).then_some(Verdict::Excluded));
    unfit_for_arms(slate, within);
}

/// What a rule keeps out is kept out of a canary's arms too.
fn unfit_for_arms(slate: &mut Slate, within: impl Fn(usize) -> bool) {
    for (index, entry) in slate.entries.iter_mut().enumerate() {
        if entry.out == Some(Verdict::NotAdmitted) && !within(index) {
            entry.out = Some(Verdict::Excluded);
        }
    }
}

#[derive(serde::Serialize)]
struct CandidateFacts<'a> {
    id: &'a str,
    provider: &'a str,
    model: &'a str,
    region: &'a str,
    context_tokens: i64,
    stable: bool,
    in_flight: i64,
    quality: Option<f64>,
    cost_usd: Option<f64>,
}

/// Assigns the unit to an arm by a stateless hash: candidate from the bottom of the unit interval, control from the
/// top, so that a growing share never moves a unit between arms. Eligibility comes first: when either arm cannot
/// serve this request nobody is exposed, which keeps the arms exchangeable.
fn canary(slate: &mut Slate, context: &Context<'_>) {
    let Some(slot) = context.canary.filter(|slot| context.ask.uptime < slot.lease_until) else {
        return;
    };
    if slot.except.contains(context.segment) {
        return;
    }
    let (Some(candidate), Some(control)) = (able(slate, context, &slot.candidate), able(slate, context, &slot.control))
    else {
        return;
    };
    let point = arm_point(slot, context.ask.unit);
    let arm = if point < slot.share {
        Some(Arm::Candidate)
    } else if point >= 1.0 - slot.share {
        Some(Arm::Control)
    } else {
        None
    };
    let exposure = arm.map(|arm| Exposure { canary: slot.id.clone(), arm, unit: context.ask.unit });
    slate.canary = Some(slot.recorded());
    slate.arms = Some(Arms { candidate, control, share: slot.share, takes_over: slot.takes_over, exposure });
}

/// Where a unit falls in `[0, 1)` for this canary.
fn arm_point(slot: &CanarySlot, unit_hash: u64) -> f64 {
    unit(mix(slot.salt ^ mix(unit_hash)))
}

/// The candidate's index when it can serve: in play, or kept out by admission alone.
fn able(slate: &Slate, context: &Context<'_>, deployment: &DeploymentId) -> Option<usize> {
    let index = context.view.candidates.iter().position(|candidate| candidate.deployment.id == *deployment)?;
    let out = slate.entry(index)?.out;
    matches!(out, None | Some(Verdict::NotAdmitted)).then_some(index)
}

/// Keeps candidates whose lower bound clears the floor. The stable one is never lost: with nobody proven it serves,
/// with others proven it becomes the last resort of the chain.
fn floor(slate: &mut Slate, context: &Context<'_>) {
    let Some(floor) = context.floor else {
        return;
    };
    let candidates = &context.view.candidates;
    let verdict = |index: usize| match candidates.get(index).and_then(|candidate| candidate.quality) {
        Some(quality) if quality.lower >= floor => None,
        Some(_) => Some(Verdict::BelowFloor),
        None => Some(Verdict::Unproven),
    };
    let is_stable = |index: usize| candidates.get(index).is_some_and(|candidate| candidate.stable);
    let some_proven = slate.order.iter().any(|&index| verdict(index).is_none());
    let some_stable = slate.order.iter().any(|&index| is_stable(index));
    if !some_proven && !some_stable {
        // The stable one is out for capability or health; whoever was admitted is better than nobody.
        return;
    }
    for index in 0..slate.entries.len() {
        let last_resort = is_stable(index) && verdict(index).is_some() && some_proven;
        if let Some(entry) = slate.entries.get_mut(index).filter(|entry| entry.out.is_none() && last_resort) {
            entry.tier = entry.tier.max(LAST_RESORT);
            entry.state.last_resort = true;
        }
    }
    slate.drop_where(|index, _| if is_stable(index) { None } else { verdict(index) });
    slate.by_tier();
}

/// A hedge waits for what nearly all such requests take there; where nothing is known yet there is none.
fn hedge(slate: &mut Slate, after_ms: Option<u64>) {
    let head = slate.order.first().and_then(|&index| slate.entry(index));
    let after_ms = after_ms.or_else(|| Some(head?.p95_ms?.ceil() as u64));
    if let Some(after_ms) = after_ms {
        slate.plan.mode = Mode::Hedge { after_ms };
    }
}

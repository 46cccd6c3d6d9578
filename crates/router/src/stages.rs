//! The stages. Each takes a slate and gives a slate; a candidate that leaves carries its reason with it.

use weir_core::{
    DeploymentId,
    decision::{Arm, Exposure, Verdict},
    entropy::{mix, unit},
    policy::Stage,
    route::Features,
    snapshot::{CanarySlot, CandidateView},
};

use indexmap::IndexMap;

use crate::{
    Health,
    slate::{Arms, Context, Slate},
};

/// Runs one stage.
pub(crate) fn run(stage: &Stage, slate: Slate, context: &Context<'_>) -> Slate {
    match stage {
        Stage::Filter => filter(slate, context),
        Stage::Canary => canary(slate, context),
        Stage::Floor => floor(slate, context),
        Stage::Cost => slate.sort_by_key(|entry| (entry.cost.is_none(), entry.cost)),
        Stage::Weighted { weights } => weighted(slate, context, weights),
        Stage::TieBreak => tie_break(slate, context),
    }
}

/// Capability, then health, then admission, then suspicion. When no capable candidate is healthy, health is ignored: a
/// call that may fail is better than one that certainly does. Suspicion is ignored likewise, so that drift everywhere
/// leaves traffic where it was.
fn filter(slate: Slate, context: &Context<'_>) -> Slate {
    let features = &context.ask.features;
    let candidates = &context.view.candidates;
    let slate = slate.drop_where(|index, _| {
        (!candidates.get(index).is_some_and(|candidate| capable(candidate, features))).then_some(Verdict::NotCapable)
    });
    let may_serve = |index: usize| candidates.get(index).is_some_and(|candidate| candidate.admitted);
    let some_up = slate
        .order
        .iter()
        .any(|&index| may_serve(index) && slate.entries.get(index).is_some_and(|entry| entry.health != Health::Open));
    let slate = slate
        .drop_where(|_, entry| (some_up && entry.health == Health::Open).then_some(Verdict::Unhealthy))
        .drop_where(|index, _| (!may_serve(index)).then_some(Verdict::NotAdmitted));
    let suspect = |index: usize| candidates.get(index).is_some_and(|candidate| candidate.suspect);
    let some_sound = slate.order.iter().any(|&index| !suspect(index));
    slate.drop_where(|index, _| (some_sound && suspect(index)).then_some(Verdict::Suspect))
}

fn capable(candidate: &CandidateView, need: &Features) -> bool {
    let can = &candidate.deployment.capabilities;
    let tokens = need.input_tokens.saturating_add(need.max_output_tokens.unwrap_or(0));
    (can.tools || !need.tools)
        && (can.vision || !need.vision)
        && (can.json_schema || !need.json_schema)
        && tokens <= can.context_tokens
}

/// Assigns the unit to an arm by a stateless hash: candidate from the bottom of the unit interval, control from the
/// top, so that a growing share never moves a unit between arms. Eligibility comes first: when either arm cannot
/// serve this request nobody is exposed, which keeps the arms exchangeable.
fn canary(mut slate: Slate, context: &Context<'_>) -> Slate {
    let Some(slot) = context.view.canary.as_ref().filter(|slot| context.ask.now < slot.lease_until) else {
        return slate;
    };
    let (Some(candidate), Some(control)) =
        (able(&slate, context, &slot.candidate), able(&slate, context, &slot.control))
    else {
        return slate;
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
    slate.arms = Some(Arms { candidate, control, share: slot.share, exposure });
    slate
}

/// Where a unit falls in `[0, 1)` for this canary.
fn arm_point(slot: &CanarySlot, unit_hash: u64) -> f64 {
    unit(mix(slot.salt ^ mix(unit_hash)))
}

/// The candidate's index when it can serve: in play, or kept out by admission alone.
fn able(slate: &Slate, context: &Context<'_>, deployment: &DeploymentId) -> Option<usize> {
    let index = context.view.candidates.iter().position(|candidate| candidate.deployment.id == *deployment)?;
    let out = slate.entries.get(index)?.out;
    matches!(out, None | Some(Verdict::NotAdmitted)).then_some(index)
}

/// Keeps candidates whose lower bound clears the floor. The stable one is never lost: with nobody proven it serves,
/// with others proven it becomes the last resort of the chain.
fn floor(mut slate: Slate, context: &Context<'_>) -> Slate {
    let Some(floor) = context.view.workload.floor else {
        return slate;
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
        return slate;
    }
    for &index in &slate.order {
        let last_resort = is_stable(index) && verdict(index).is_some() && some_proven;
        if let Some(entry) = slate.entries.get_mut(index) {
            entry.tier = u8::from(last_resort);
        }
    }
    slate.drop_where(|index, _| if is_stable(index) { None } else { verdict(index) }).sort_by_key(|_| ())
}

/// A weighted draw without replacement (Efraimidis and Spirakis 2006: keys u^(1/w), largest first).
fn weighted(mut slate: Slate, context: &Context<'_>, weights: &IndexMap<DeploymentId, f64>) -> Slate {
    let weight = |index: usize| {
        let id = context.view.candidates.get(index).map(|candidate| &candidate.deployment.id);
        id.and_then(|id| weights.get(id)).copied().unwrap_or(0.0)
    };
    let tier = |slate: &Slate, index: usize| slate.entries.get(index).map_or(u8::MAX, |entry| entry.tier);
    let mut keyed: Vec<(u8, f64, usize)> = slate
        .order
        .iter()
        .map(|&index| {
            let draw = unit(mix(context.ask.seed ^ mix(index as u64 + 1))).max(f64::MIN_POSITIVE);
            let key = if weight(index) > 0.0 { draw.ln() / weight(index) } else { f64::NEG_INFINITY };
            (tier(&slate, index), key, index)
        })
        .collect();
    keyed.sort_by(|a, b| (a.0, -a.1).partial_cmp(&(b.0, -b.1)).unwrap_or(std::cmp::Ordering::Equal));
    slate.order = keyed.iter().map(|&(_, _, index)| index).collect();
    let Some(&head) = slate.order.first() else {
        return slate;
    };
    let first = tier(&slate, head);
    let sum: f64 = slate.order.iter().filter(|&&index| tier(&slate, index) == first).map(|&index| weight(index)).sum();
    for (index, entry) in slate.entries.iter_mut().enumerate() {
        if entry.out.is_none() && entry.tier == first && sum > 0.0 {
            entry.drawn = Some(weight(index) / sum);
        }
    }
    slate
}

/// Power of two choices (Mitzenmacher 2001) among candidates of the head's expected cost: two drawn at random, the
/// one with less load × latency first.
fn tie_break(mut slate: Slate, context: &Context<'_>) -> Slate {
    let rank = |slate: &Slate, index: usize| slate.entries.get(index).map(|entry| (entry.tier, entry.cost));
    let Some(&head) = slate.order.first() else {
        return slate;
    };
    if slate.entries.get(head).is_some_and(|entry| entry.drawn.is_some()) {
        // A draw has settled the order; costs no longer speak.
        return slate;
    }
    let best = rank(&slate, head);
    let ties = slate.order.iter().take_while(|&&index| rank(&slate, index) == best).count();
    if ties < 2 || best.is_some_and(|(_, cost)| cost.is_none()) {
        return slate;
    }
    let first = (context.ask.seed % ties as u64) as usize;
    let second = (first + 1 + (mix(context.ask.seed) % (ties as u64 - 1)) as usize) % ties;
    let load = |position: usize| {
        let entry = slate.order.get(position).and_then(|&index| slate.entries.get(index));
        entry.map_or(f64::MAX, |entry| (f64::from(entry.in_flight) + 1.0) * entry.latency_ms.unwrap_or(1.0))
    };
    let winner = if load(second) < load(first) { second } else { first };
    if let Some(prefix) = slate.order.get_mut(..=winner) {
        prefix.rotate_right(1);
    }
    // Load tilts the draw a little; by symmetry over time each equal gets its share.
    let equals: Vec<usize> = slate.order.iter().take(ties).copied().collect();
    for index in equals {
        if let Some(entry) = slate.entries.get_mut(index) {
            entry.drawn = Some(1.0 / ties as f64);
        }
    }
    slate
}

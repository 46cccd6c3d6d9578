//! The guards beside grades: answers that are too slow, first bytes that come late, requests that cost too much.

use std::time::Duration;

use weir_core::{
    canary::{Baseline, Canary, CanaryPlan, CanaryState, Exposure, HoldCause, Inputs},
    decision::Arm,
};
use weir_optimizer::{
    canary::{self, Reading, Verdict},
    pairing::{Moment, PairState},
};

use crate::{
    make::{at_s, exposure, request, started},
    readings::base,
};

/// On the last step, with what the stable deployment did before: 95 % within 1.5 s, 99.9 % below 1,000 nano-dollars.
fn watched(plan: impl FnOnce(&mut CanaryPlan)) -> Canary {
    let mut canary = Canary { step: 3, ..started(&request()) };
    canary.plan.baseline = Baseline { latency_us: Some(1_500_000), ttft_us: Some(400_000), cost_cap_nano: Some(1_000) };
    plan(&mut canary.plan);
    canary
}

/// After `n` pairs of equal grades, the candidate's answers as told.
fn after(canary: &Canary, n: u32, candidate: impl Fn(u32, &mut Exposure)) -> Reading {
    let mut pairs = PairState::of(canary);
    let exposures = (0..n).flat_map(|k| {
        let (id, at) = (u128::from(k) * 2, f64::from(k));
        let mut newcomer = exposure(id, Arm::Candidate, at, Some(1.0));
        let mut stable = exposure(id + 1, Arm::Control, at + 0.5, Some(1.0));
        (newcomer.ttft_us, stable.ttft_us) = (Some(100_000), Some(100_000));
        (newcomer.cost_nano, stable.cost_nano) = (Some(500), Some(500));
        candidate(k, &mut newcomer);
        [newcomer, stable]
    });
    let now = at_s(f64::from(n) + 60.0);
    let inputs = Inputs { now, complete_before: now, head: base(), ..Inputs::default() };
    pairs.fold(exposures, &Moment::of(canary, &inputs));
    canary::read(canary, &pairs, &inputs)
}

/// The first pair at which the verdict is not to stay, up to 600.
fn first(canary: &Canary, candidate: impl Fn(u32, &mut Exposure) + Copy) -> Option<(u32, Verdict)> {
    (1..40).chain((40..600).step_by(20)).find_map(|n| {
        let verdict = canary::step(canary, &after(canary, n, candidate));
        (verdict != Verdict::Stay).then_some((n, verdict))
    })
}

fn slow(one: &mut Exposure) {
    one.ended_at = one.assigned_at.plus(Duration::from_secs(2));
}

#[test]
fn slow_answers_hold_and_then_roll_back() {
    let canary = watched(|_| {});
    let sometimes = |k: u32, one: &mut Exposure| {
        if k % 5 < 2 {
            slow(one)
        }
    };
    let Some((pairs, Verdict::Hold(HoldCause::Latency, reason))) = first(&canary, sometimes) else {
        panic!("{:?}", first(&canary, sometimes));
    };
    assert!(pairs < 60 && reason.starts_with("latency over the baseline's 95th percentile"), "{pairs}: {reason}");
    let held = Canary { state: CanaryState::Held, held: Some(HoldCause::Latency), ..canary };
    let Some((later, Verdict::RollBack(reason))) = first(&held, sometimes) else {
        panic!("{:?}", first(&held, sometimes));
    };
    assert!(later > pairs && reason.contains("was slower than sim/large's 95th percentile"), "{later}: {reason}");
}

#[test]
fn as_slow_as_the_control_is_not_too_slow() {
    // One of twelve: within the tenth that is allowed.
    let rarely = |k: u32, one: &mut Exposure| {
        if k.is_multiple_of(12) {
            slow(one)
        }
    };
    let found = first(&watched(|_| {}), rarely);
    assert!(matches!(found, Some((_, Verdict::Promote))), "{found:?}");
}

#[test]
fn late_first_bytes_hold_and_never_roll_back() {
    let canary = watched(|_| {});
    let late = |_: u32, one: &mut Exposure| one.ttft_us = Some(900_000);
    assert!(matches!(first(&canary, late), Some((_, Verdict::Hold(HoldCause::FirstByte, _)))));
    let held = Canary { state: CanaryState::Held, held: Some(HoldCause::FirstByte), ..canary };
    assert_eq!(first(&held, late), None);
}

#[test]
fn a_candidate_over_its_cost_budget_is_rolled_back_and_one_within_it_is_not() {
    let canary = watched(|plan| plan.cost_budget = Some(0.1));
    let dear = |_: u32, one: &mut Exposure| one.cost_nano = Some(900);
    let Some((pairs, Verdict::RollBack(reason))) = first(&canary, dear) else {
        panic!("{:?}", first(&canary, dear));
    };
    assert!(
        pairs < 60 && reason.starts_with("sim/small costs more than sim/large by over 10 % of the cap"),
        "{reason}"
    );
    let within = |_: u32, one: &mut Exposure| one.cost_nano = Some(550);
    assert!(matches!(first(&canary, within), Some((_, Verdict::Promote))));
}

#[test]
fn who_must_save_is_promoted_only_when_it_does() {
    let canary = watched(|plan| plan.must_save = true);
    assert_eq!(first(&canary, |_, _| {}), None, "as good, and no cheaper");
    let cheap = |_: u32, one: &mut Exposure| one.cost_nano = Some(50);
    assert!(matches!(first(&canary, cheap), Some((_, Verdict::Promote))));
}

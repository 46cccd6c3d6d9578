//! The guards beside grades: answers that are too slow, first bytes that come late, requests that cost too much.

use std::time::Duration;

use weir_core::{
    canary::{Baseline, Canary, CanaryPlan, CanaryState, Exposure, Guarded, HoldCause, Inputs},
    decision::Arm,
};
use weir_optimizer::{
    canary::{self, Reading, Verdict},
    pairing::{Moment, PairState},
};

use crate::{
    make::{at_s, exposure, head, request, started},
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
fn as_slow_as_the_control_is_not_too_slow_and_a_little_slower_is_promoted_only_when_a_person_accepts_it() {
    let pairs = |canary: &Canary, both: bool| {
        let mut pairs = PairState::of(canary);
        let exposures = (0..600_u32).flat_map(|k| {
            let (id, at) = (u128::from(k) * 2, f64::from(k));
            let mut arms = [(id, Arm::Candidate, at), (id + 1, Arm::Control, at + 0.5)]
                .map(|(id, arm, at)| exposure(id, arm, at, Some(1.0)));
            // One of twelve: within the tenth that is allowed.
            arms.iter_mut().take(1 + usize::from(both)).filter(|_| k.is_multiple_of(12)).for_each(slow);
            arms
        });
        let now = at_s(9_999.0);
        let inputs = Inputs { now, complete_before: now, head: base(), ..Inputs::default() };
        pairs.fold(exposures, &Moment::of(canary, &inputs));
        canary::step(canary, &canary::read(canary, &pairs, &inputs))
    };
    let canary = watched(|_| {});
    assert_eq!(pairs(&canary, true), Verdict::Promote);
    assert_eq!(
        pairs(&canary, false),
        Verdict::Stay,
        "8 points more of them than the control: not proven to be within five"
    );
    let accepted = Canary { accepted: vec![HoldCause::Latency], ..canary };
    assert_eq!(pairs(&accepted, false), Verdict::Promote);
}

/// With a guard `json`, whose words on the candidate's answers are as told and on the control's all good.
fn checked(n: u32, candidate: impl Fn(u32) -> Option<Guarded>) -> Reading {
    let canary = watched(|plan| plan.guards = vec!["json".into()]);
    let mut pairs = PairState::of(&canary);
    let exposures = (0..n).flat_map(|k| {
        let (id, at) = (u128::from(k) * 2, f64::from(k));
        let mut newcomer = exposure(id, Arm::Candidate, at, Some(1.0));
        let mut stable = exposure(id + 1, Arm::Control, at + 0.5, Some(1.0));
        newcomer.guarded.extend(candidate(k));
        stable.guarded.push(word(k, Some(1.0)));
        [newcomer, stable]
    });
    let now = at_s(f64::from(n) + 300.0);
    let inputs = Inputs { now, complete_before: now, head: base(), ..Inputs::default() };
    pairs.fold(exposures, &Moment::of(&canary, &inputs));
    canary::read(&canary, &pairs, &inputs)
}

fn word(k: u32, grade: Option<f64>) -> Guarded {
    Guarded { scorer: "json".into(), grade, at: at_s(f64::from(k) + 2.0), version: "v1".into() }
}

#[test]
fn another_version_of_a_guard_starts_the_evidence_again() {
    let canary = watched(|plan| plan.guards = vec!["json".into()]);
    // Proven but for the version that its last pairs were checked by.
    let proven = checked(1_200, |k| Some(word(k, Some(1.0))));
    assert_eq!((canary::step(&canary, &proven), &proven.other_version), (Verdict::Promote, &None));
    let changed = checked(1_200, |k| {
        let version = if k < 1_150 { "v1" } else { "v2" };
        Some(Guarded { version: version.into(), ..word(k, Some(1.0)) })
    });
    let Verdict::NewEpoch(reason) = canary::step(&canary, &changed) else { panic!("{:?}", changed.evidence) };
    assert_eq!(reason, "guard json went from version v1 to v2");
    assert_eq!((changed.evidence.pairs, &changed.evidence.scorer_version), (1_150, &proven.evidence.scorer_version));
    let change = canary::apply(&canary, &Verdict::NewEpoch(reason), &changed, &head()).unwrap();
    assert_eq!(
        (change.canary.held, change.canary.epoch_at),
        (Some(HoldCause::ScorerChanged), changed.evidence.inputs.now)
    );
    assert!(change.event.reason.ends_with("1150 pairs archived, evidence starts again"), "{}", change.event.reason);
}

#[test]
fn a_guarded_check_that_the_candidate_fails_more_often_rolls_back_whatever_the_quality_says() {
    let canary = watched(|plan| plan.guards = vec!["json".into()]);
    let passes = |k: u32| Some(word(k, Some(f64::from(u8::from(!k.is_multiple_of(5))))));
    let Verdict::RollBack(reason) = canary::step(&canary, &checked(200, passes)) else { panic!() };
    assert!(reason.starts_with("sim/small loses more than 1 % of json against sim/large"), "{reason}");
    let reading = checked(200, passes);
    let guard = reading.evidence.guards.iter().find(|guard| &*guard.name == "check:json").unwrap();
    assert_eq!((guard.bad, guard.n, guard.allowed), (40, 200, 0.01));
}

#[test]
fn a_promotion_waits_for_proof_of_each_guarded_check() {
    let canary = watched(|plan| plan.guards = vec!["json".into()]);
    let passes = |k: u32| Some(word(k, Some(1.0)));
    // Quality at a margin of three points is proven after 341 pairs; a point of the check takes three times as many.
    assert_eq!(canary::step(&canary, &checked(700, passes)), Verdict::Stay);
    assert_eq!(canary::step(&canary, &checked(1_200, passes)), Verdict::Promote);
    let without = Canary { plan: CanaryPlan { guards: Vec::new(), ..canary.plan.clone() }, ..canary.clone() };
    assert_eq!(canary::step(&without, &after(&without, 700, |_, _| {})), Verdict::Promote);
    // Words that never came, or that say nothing, are no proof and no loss.
    for candidate in [None, Some(None)] {
        let missing = checked(1_200, |k| candidate.map(|grade| word(k, grade)));
        assert_eq!(canary::step(&canary, &missing), Verdict::Stay);
    }
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

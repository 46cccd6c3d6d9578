//! What `decide` promises, told as short stories and checked over random snapshots.

use std::{sync::Arc, time::Duration};

use proptest::prelude::*;
use weir_core::{
    DeploymentId, Timestamp, WorkloadId,
    decision::{Arm, Decision, Verdict},
    language::Language,
    policy::Stage,
    route::Features,
    segment::SegmentBy,
    snapshot::{CanarySlot, CandidateView, Quality, Snapshot, WorkloadView},
    workload::Workload,
};
use weir_router::{Ask, Fault, Live, NoRoute, Sample, Shape, WhatIf, explain};

use crate::fixture::{LIVE, NAMES, again, any_rows, route, slot, snapshot, stages};

fn head(snapshot: &Snapshot, unit: u64) -> DeploymentId {
    route(snapshot, &LIVE, unit).unwrap().chain[0].clone()
}

fn verdict(decision: &Decision, id: &str) -> Verdict {
    decision.candidates.iter().find(|c| c.deployment.as_str() == id).unwrap().verdict
}

#[test]
fn the_cheapest_proven_candidate_is_chosen_and_the_stable_one_stands_by() {
    let rows = [("large", 10.0, true, Some(0.95)), ("medium", 1.0, true, Some(0.9)), ("small", 0.1, true, Some(0.7))];
    let decision = route(&snapshot(&rows, Some(0.85), stages(), None), &LIVE, 1).unwrap();
    assert_eq!(decision.chain, ["medium".into(), "large".into()]);
    assert_eq!(verdict(&decision, "small"), Verdict::BelowFloor);
    assert_eq!(decision.propensity, 1.0);
    assert!(explain(&decision)[1].starts_with("medium was chosen: quality 0.950, at least 0.900"));
}

#[test]
fn without_evidence_the_stable_one_serves_and_never_the_newcomer() {
    let rows = [("large", 10.0, true, None), ("small", 0.1, true, None)];
    let decision = route(&snapshot(&rows, Some(0.85), stages(), None), &LIVE, 1).unwrap();
    assert_eq!(decision.chain, ["large".into()]);
    assert_eq!(verdict(&decision, "small"), Verdict::Unproven);
}

#[test]
fn a_candidate_that_is_not_admitted_gets_nothing_however_good_its_window() {
    let rows = [("large", 10.0, true, Some(0.9)), ("small", 0.1, false, Some(0.99))];
    let decision = route(&snapshot(&rows, Some(0.85), stages(), None), &LIVE, 1).unwrap();
    assert_eq!(decision.chain, ["large".into()]);
    assert_eq!(verdict(&decision, "small"), Verdict::NotAdmitted);
}

#[test]
fn a_stable_one_that_falls_below_gives_way_to_the_proven_and_becomes_the_last_resort() {
    let rows = [("small", 0.1, true, Some(0.6)), ("large", 10.0, true, Some(0.9))];
    let decision = route(&snapshot(&rows, Some(0.85), stages(), None), &LIVE, 1).unwrap();
    assert_eq!(decision.chain, ["large".into(), "small".into()]);
}

#[test]
fn an_unknown_price_is_never_the_cheapest() {
    let mut snapshot = snapshot(&[("large", 10.0, true, None), ("free", 0.0, true, None)], None, stages(), None);
    let view = Arc::make_mut(&mut snapshot.workloads[0]);
    Arc::make_mut(&mut view.candidates[1].deployment).price = None;
    assert_eq!(head(&snapshot, 1).as_str(), "large");
}

#[test]
fn a_request_nobody_can_serve_says_why() {
    let mut snapshot = snapshot(&[("large", 10.0, true, None)], None, stages(), None);
    let view = Arc::make_mut(&mut snapshot.workloads[0]);
    Arc::make_mut(&mut view.candidates[0].deployment).capabilities.context_tokens = 10;
    let Err(NoRoute::NoCandidate(decision)) = route(&snapshot, &LIVE, 1) else { panic!("routed") };
    assert_eq!(verdict(&decision, "large"), Verdict::NotCapable);
    assert_eq!(decision.propensity, 0.0);
}

#[test]
fn an_open_breaker_takes_a_deployment_out_until_all_are_open() {
    let snapshot = snapshot(&[("large", 10.0, true, None), ("small", 0.1, true, None)], None, stages(), None);
    let live = Live::default();
    let ids: Vec<DeploymentId> = vec!["large".into(), "small".into()];
    live.track(ids.iter());
    let fail = |id: &str| {
        let vital = live.vital(&id.into()).unwrap();
        (0..5).for_each(|_| vital.begin(1, false, Duration::ZERO).unwrap().failed(Fault::Server, None, Duration::ZERO));
    };
    fail("small");
    let decision = route(&snapshot, &live, 1).unwrap();
    assert_eq!(decision.chain, ["large".into()]);
    assert_eq!(verdict(&decision, "small"), Verdict::Unhealthy);
    fail("large");
    assert_eq!(route(&snapshot, &live, 1).unwrap().chain.len(), 2, "with all open, trying is better than refusing");
}

#[test]
fn a_canary_takes_its_share_of_units_per_arm_and_keeps_each_unit_in_its_arm() {
    let rows = [("large", 10.0, true, Some(0.9)), ("small", 0.1, false, None)];
    let at = |share| snapshot(&rows, Some(0.85), stages(), Some(slot(share)));
    let (five, fifty) = (at(0.05), at(0.5));
    let mut counts = [0u32; 2];
    for unit in 0..20_000 {
        let decision = route(&five, &LIVE, unit).unwrap();
        let Some(exposure) = &decision.exposure else {
            assert_eq!(decision.chain[0].as_str(), "large");
            continue;
        };
        let arm = exposure.arm;
        counts[usize::from(arm == Arm::Control)] += 1;
        let expected = if arm == Arm::Candidate { ("small", 0.05) } else { ("large", 0.95) };
        assert_eq!(decision.chain[0].as_str(), expected.0);
        assert_eq!(route(&fifty, &LIVE, unit).unwrap().exposure.map(|e| e.arm), Some(arm));
    }
    assert!(counts.iter().all(|&count| (850..1150).contains(&count)), "{counts:?}");
}

#[test]
fn a_lapsed_lease_ends_the_exposure() {
    let rows = [("large", 10.0, true, None), ("small", 0.1, false, None)];
    let lapsed = CanarySlot { lease_until: Duration::ZERO, ..slot(0.5) };
    let snapshot = snapshot(&rows, None, stages(), Some(lapsed));
    assert!((0..200).all(|unit| head(&snapshot, unit).as_str() == "large"));
}

#[test]
fn weights_converge_to_their_shares_and_name_their_propensity() {
    let weights = [("large".into(), 3.0), ("small".into(), 1.0)].into();
    let rows = [("large", 10.0, true, None), ("small", 0.1, true, None)];
    let snapshot = snapshot(&rows, None, vec![Stage::Filter, Stage::Weighted { weights }, Stage::TieBreak], None);
    let small = (0..20_000).filter(|&unit: &u64| {
        let decision = route(&snapshot, &LIVE, unit).unwrap();
        let first = decision.chain[0].as_str();
        assert_eq!(decision.propensity, if first == "small" { 0.25 } else { 0.75 });
        first == "small"
    });
    let count = small.count();
    assert!((4_700..5_300).contains(&count), "{count}");
}

#[test]
fn equals_share_the_traffic() {
    let rows = [("a", 1.0, true, None), ("b", 1.0, true, None), ("c", 1.0, true, None)];
    let snapshot = snapshot(&rows, None, stages(), None);
    for id in ["a", "b", "c"] {
        let count = (0..9_000)
            .filter(|&unit: &u64| head(&snapshot, unit.wrapping_mul(0x9e37_79b9_7f4a_7c15)).as_str() == id)
            .count();
        assert!((2_700..3_300).contains(&count), "{id}: {count}");
    }
}

#[test]
fn of_two_drawn_the_quicker_leads_and_the_record_says_how_likely_that_was() {
    let rows = [("a", 1.0, true, None), ("b", 1.0, true, None), ("c", 1.0, true, None)];
    let snapshot = snapshot(&rows, None, vec![Stage::Filter, Stage::TieBreak], None);
    let live = Live::default();
    let ids: Vec<DeploymentId> = rows.iter().map(|row| row.0.into()).collect();
    live.track(ids.iter());
    for (id, ms) in ids.iter().zip([10, 40, 160]) {
        let shape = Shape::of(&Features { input_tokens: 100, ..Features::default() });
        let took = Duration::from_millis(ms);
        let call = live.vital(id).unwrap().begin(1, false, Duration::ZERO).unwrap();
        call.succeeded(&Sample { shape, first: took, total: Some(took), slow: false }, Duration::ZERO);
    }
    let mut counts = [0_u32; 3];
    for unit in 0..9_000_u64 {
        let decision = route(&snapshot, &live, unit.wrapping_mul(0x9e37_79b9_7f4a_7c15)).unwrap();
        let place = ids.iter().position(|id| *id == decision.chain[0]).unwrap();
        counts[place] += 1;
        assert!((decision.propensity - [2.0 / 3.0, 1.0 / 3.0, 0.0][place]).abs() < 1e-9);
    }
    assert!((5_800..6_200).contains(&counts[0]) && counts[2] == 0, "{counts:?}");
}

/// What a workload told apart by tenant and language sees of a request: its part's windows, admission and canary scope.
#[test]
fn a_request_is_routed_by_its_own_part_of_tenant_and_language() {
    let rows = [("large", 10.0, true, Some(0.9)), ("small", 1.0, true, Some(0.9))];
    let mut snapshot = snapshot(&rows, Some(0.8), stages(), Some(slot(0.5)));
    let whole = Arc::unwrap_or_clone(snapshot.workloads.swap_remove("maths").unwrap());
    let workload = Workload {
        segments: vec![SegmentBy::Tenant, SegmentBy::Language],
        tenants: vec!["acme".into()],
        ..Workload::clone(&whole.workload)
    };
    // In German the small one is bad at what acme asks, and is not tried at it.
    let bad: Vec<CandidateView> = whole
        .candidates
        .iter()
        .cloned()
        .map(|candidate| match candidate.deployment.id.as_str() {
            "small" => {
                CandidateView { quality: Some(Quality { mean: 0.3, lower: 0.2, upper: 0.4, n: 100 }), ..candidate }
            }
            _ => candidate,
        })
        .collect();
    let part: Arc<str> = "tenant:acme german".into();
    let canary = CanarySlot { except: vec![Arc::clone(&part)], ..slot(0.5) };
    let view = |candidates, canary| {
        WorkloadView::new(Arc::new(workload.clone()), Arc::clone(&whole.policy), candidates, canary)
    };
    let mut told_apart = view(whole.candidates.clone(), Some(canary));
    told_apart.parts.insert(Arc::clone(&part), Arc::new(view(bad, None)));
    snapshot.workloads.insert("maths".into(), Arc::new(told_apart));

    let maths = WorkloadId::from("maths");
    for (tenant, language, segment, exposed) in [
        ("acme", Language::German, "tenant:acme german", false),
        ("acme", Language::English, "tenant:acme english", true),
        ("globex", Language::German, "other-tenants german", true),
        ("globex", Language::Other, "other-tenants other-language", true),
    ] {
        let ask = |unit: u64| Ask {
            workload: &maths,
            tenant,
            features: Features { input_tokens: 100, language: Some(language), ..Features::default() },
            unit: unit.wrapping_mul(0x9e37_79b9_7f4a_7c15),
            seed: unit,
            turn: unit,
            scope: None,
            now: Timestamp(1),
            uptime: Duration::ZERO,
        };
        let decisions: Vec<_> =
            (0..64).map(|unit| weir_router::decide(&snapshot, &LIVE, &ask(unit)).unwrap()).collect();
        assert!(decisions.iter().all(|decision| &*decision.segment == segment), "{segment}");
        assert_eq!(decisions.iter().any(|decision| decision.exposure.is_some()), exposed, "{segment}");
        // Where others are not tried is nobody's business.
        let slots = decisions.iter().filter_map(|decision| decision.inputs.canary.as_ref());
        assert!(slots.clone().all(|slot| slot.except.is_empty()) && (slots.count() > 0) == exposed, "{segment}");
        let dear = decisions.iter().filter(|decision| decision.chain[0].as_str() == "large").count();
        // Half of the units are the canary's control.
        assert_eq!(dear == decisions.len(), !exposed, "{segment}: {dear}");
    }
}

proptest! {
    #[test]
    fn a_chain_is_a_subset_without_repeats_and_the_same_question_gives_the_same_answer(
        rows in any_rows(), floor in prop::option::of(0.0f64..1.0), unit: u64,
    ) {
        let snapshot = snapshot(&rows, floor, stages(), None);
        let decision = route(&snapshot, &LIVE, unit).unwrap();
        let mut seen = decision.chain.clone();
        seen.sort();
        seen.dedup();
        prop_assert_eq!(seen.len(), decision.chain.len());
        prop_assert!(decision.propensity > 0.0 && decision.propensity <= 1.0);
        prop_assert_eq!(route(&snapshot, &LIVE, unit).unwrap(), decision);
    }

    #[test]
    fn a_floor_never_lets_an_unproven_or_unadmitted_newcomer_serve(
        rows in any_rows(), floor in 0.0f64..1.0, unit: u64,
    ) {
        let decision = route(&snapshot(&rows, Some(floor), stages(), None), &LIVE, unit).unwrap();
        for link in &decision.chain {
            let &(_, _, admitted, lower) = rows.iter().find(|row| row.0 == link.as_str()).unwrap();
            prop_assert!(admitted);
            prop_assert!(link.as_str() == NAMES[0] || lower.is_some_and(|lower| lower >= floor));
        }
    }

    #[test]
    fn a_decision_is_made_again_from_its_record(
        rows in any_rows(), floor in prop::option::of(0.0f64..1.0), share in 0.0f64..0.5, unit: u64,
    ) {
        let canary = CanarySlot { candidate: NAMES[1].into(), control: NAMES[0].into(), ..slot(share) };
        let snapshot = snapshot(&rows, floor, stages(), Some(canary));
        let decision = route(&snapshot, &LIVE, unit).unwrap();
        prop_assert_eq!(&again(&snapshot, &decision, &WhatIf::default()), &decision);
        // Without its first choice it would have been somebody else, or nobody.
        let first = decision.chain[0].clone();
        let without = WhatIf { without: vec![first.to_string()], floor: None };
        prop_assert!(!again(&snapshot, &decision, &without).chain.contains(&first));
    }
}

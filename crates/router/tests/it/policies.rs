//! What holds whatever the policy: every objective, every way to settle, with exploration and without, on candidates in
//! any state.

use std::time::Duration;

use proptest::prelude::*;
use weir_core::{DeploymentId, policy::Stage};
use weir_router::{Fault, Live, NoRoute, Sample, Shape, WhatIf};

use crate::fixture::{NAMES, again, any_rows, route, snapshot};

fn objective() -> impl Strategy<Value = Stage> {
    prop_oneof![
        Just(Stage::Cost),
        (0.0f64..0.2).prop_map(|band| Stage::Quality { max_cost_usd: Some(1e-4), max_latency_ms: None, band }),
        (0.0f64..1.0).prop_map(|band| Stage::Latency { band }),
        prop::collection::vec(0.01f64..5.0, NAMES.len()).prop_map(|weights| Stage::Weighted {
            weights: NAMES.iter().map(|name| DeploymentId::from(*name)).zip(weights).collect(),
        }),
        Just(Stage::Adaptive { quality: 1.0, cost: 0.3, latency: 0.2 }),
        Just(Stage::LeastBusy),
        Just(Stage::Complexity { threshold: 0.5, hard: vec![NAMES[0].into()] }),
    ]
}

prop_compose! {
    fn any_policy()(
        lock in any::<bool>(),
        floor in any::<bool>(),
        objective in prop::option::of(objective()),
        settle in prop::option::of(prop_oneof![Just(Stage::TieBreak), Just(Stage::RoundRobin), Just(Stage::Affinity)]),
        explore in prop::option::of(0.0f64..0.5),
        walk in prop::option::of(prop_oneof![Just(Stage::Race { width: 2 }), Just(Stage::Hedge { after_ms: None })]),
    ) -> Vec<Stage> {
        let lock = lock.then(|| Stage::Lock { deployments: NAMES[..2].iter().map(|&name| name.into()).collect(), providers: vec![] });
        let explore =
            explore.map(|share| Stage::Explore { share, max_extra_usd: None, max_quality_loss: Some(0.3) });
        let parts = [Some(Stage::Filter), lock, Some(Stage::Canary), floor.then_some(Stage::Floor), objective, settle, explore, walk];
        parts.into_iter().flatten().collect()
    }
}

/// What happened at each deployment: nothing, answers this slow, failures, or a rate limit.
fn lived(states: &[u8]) -> Live {
    let live = Live::default();
    let ids: Vec<DeploymentId> = NAMES.iter().map(|&name| name.into()).collect();
    live.track(ids.iter());
    for (id, state) in ids.iter().zip(states) {
        let vital = live.vital(id).unwrap();
        let call = || vital.begin(100, true, Duration::ZERO).unwrap();
        match state % 4 {
            0 => {}
            1 => {
                let took = Duration::from_millis(u64::from(*state));
                let shape = Shape::of(&weir_core::route::Features { input_tokens: 100, ..Default::default() });
                call().succeeded(&Sample { shape, first: took, total: Some(took), slow: false }, Duration::ZERO);
            }
            2 => (0..5).for_each(|_| call().failed(Fault::Server, None, Duration::ZERO)),
            _ => vital.refused(Some(Duration::from_secs(9)), Duration::ZERO),
        }
    }
    live
}

proptest! {
    #[test]
    fn a_rank_is_a_permutation_of_a_part_and_is_made_again_from_its_record(
        rows in any_rows(),
        policy in any_policy(),
        floor in prop::option::of(0.0f64..1.0),
        states in prop::collection::vec(any::<u8>(), NAMES.len()),
        unit: u64,
    ) {
        let snapshot = snapshot(&rows, floor, policy, None);
        let live = lived(&states);
        let decision = match route(&snapshot, &live, unit) {
            Ok(decision) => decision,
            Err(NoRoute::NoCandidate(decision)) => {
                prop_assert!(decision.chain.is_empty() && decision.propensity == 0.0);
                return Ok(());
            }
            Err(other) => panic!("{other}"),
        };
        let mut seen = decision.chain.clone();
        seen.sort();
        seen.dedup();
        prop_assert_eq!(seen.len(), decision.chain.len(), "a repeat");
        prop_assert!(decision.chain.iter().all(|link| rows.iter().any(|row| row.0 == link.as_str())));
        prop_assert_eq!(decision.candidates.len(), rows.len(), "every candidate has its reason");
        let first: f64 = decision.candidates.iter().map(|candidate| candidate.state.propensity).sum();
        prop_assert!((first - 1.0).abs() < 1e-9, "probabilities of being first add up to {first}");
        prop_assert!(decision.propensity > 0.0 && decision.propensity <= 1.0 + 1e-9);
        prop_assert_eq!(&route(&snapshot, &live, unit).unwrap(), &decision, "the same question");
        prop_assert_eq!(&again(&snapshot, &decision, &WhatIf::default()), &decision, "its record alone");
    }

    #[test]
    fn no_stage_behind_the_floor_lets_an_unproven_newcomer_serve(
        rows in any_rows(),
        policy in any_policy(),
        floor in 0.0f64..1.0,
        states in prop::collection::vec(any::<u8>(), NAMES.len()),
        unit: u64,
    ) {
        let floored = policy.iter().any(|stage| matches!(stage, Stage::Floor));
        let snapshot = snapshot(&rows, Some(floor), policy, None);
        let Ok(decision) = route(&snapshot, &lived(&states), unit) else { return Ok(()) };
        let proven = |link: &DeploymentId| {
            let row = rows.iter().find(|row| row.0 == link.as_str()).unwrap();
            row.2 && row.3.is_some_and(|lower| lower >= floor)
        };
        let stable_is_in = decision.chain.iter().any(|link| link.as_str() == NAMES[0]);
        let some_proven = decision.chain.iter().any(proven);
        // With the stable one out for its health and nobody proven, whoever was admitted is better than nobody.
        prop_assume!(floored && (stable_is_in || some_proven));
        for link in &decision.chain {
            prop_assert!(link.as_str() == NAMES[0] || proven(link), "{link} in {:?}", decision.chain);
        }
    }
}

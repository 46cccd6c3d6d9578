//! The planner against a linear-programming solver, and its proposals under winner's curses.

use weir_core::entropy::{Entropy, Seeded};
use weir_optimizer::planner::{
    budget::Budget,
    next::{Bar, Known, ranked, worth},
    route::{Choice, Infeasible, Segment, cheapest, frontier},
    scope::{Observation, mine},
};

/// Optima by `scipy.optimize.linprog` (HiGHS, scipy 1.17) of 200 seeded instances; null where it found none.
const LINPROG: &str = include_str!("../data/linprog.json");

fn numbers(value: &serde_json::Value) -> Vec<f64> {
    value.as_array().into_iter().flatten().filter_map(serde_json::Value::as_f64).collect()
}

fn segments(instance: &serde_json::Value) -> Vec<Segment> {
    let rows = |key: &str| instance[key].as_array().into_iter().flatten().map(numbers).collect::<Vec<_>>();
    let (costs, qualities) = (rows("cost"), rows("quality"));
    numbers(&instance["share"])
        .into_iter()
        .zip(costs.into_iter().zip(qualities))
        .map(|(share, (costs, qualities))| Segment {
            share,
            choices: costs
                .into_iter()
                .zip(qualities)
                .map(|(cost, quality)| Some(Choice { cost, quality: quality / 1000.0 }))
                .collect(),
            floor: None,
        })
        .collect()
}

#[test]
fn the_route_costs_what_a_linear_program_says() {
    let instances: Vec<serde_json::Value> = serde_json::from_str(LINPROG).unwrap();
    assert_eq!(instances.len(), 200);
    let mut infeasible = 0;
    for instance in &instances {
        let floor = instance["floor"].as_f64().unwrap();
        let found = cheapest(&segments(instance), floor);
        match instance["optimum"].as_f64() {
            Some(optimum) => {
                let mix = found.unwrap();
                assert!((mix.cost - optimum).abs() <= 1e-9 * optimum, "{} {optimum}", mix.cost);
                assert!(mix.quality >= floor - 1e-12);
            }
            None => {
                infeasible += 1;
                assert!(matches!(found, Err(Infeasible::Floor { best, .. }) if best < floor));
            }
        }
    }
    assert!(infeasible > 0);
}

#[test]
fn the_frontier_rises_in_cost_quality_and_price() {
    let instances: Vec<serde_json::Value> = serde_json::from_str(LINPROG).unwrap();
    for instance in &instances {
        let points = frontier(&segments(instance)).unwrap();
        for pair in points.windows(2) {
            assert!(
                pair[0].cost <= pair[1].cost && pair[0].quality < pair[1].quality && pair[0].price <= pair[1].price
            );
        }
    }
}

#[test]
fn a_segment_without_a_deployment_is_named_and_its_own_floor_is_kept() {
    let choice = |cost, quality| Some(Choice { cost, quality });
    let mut segment = Segment { share: 1.0, choices: vec![choice(1.0, 0.5), choice(2.0, 0.9)], floor: Some(0.8) };
    assert_eq!(cheapest(std::slice::from_ref(&segment), 0.1).unwrap().better.choices, [1]);
    segment.floor = Some(0.95);
    assert_eq!(cheapest(&[segment], 0.1), Err(Infeasible::Empty { segment: 0 }));
    assert_eq!(cheapest(&[], 0.1), Err(Infeasible::Floor { best: 0.0, floor: 0.1 }));
}

#[test]
fn what_saves_most_per_pair_is_tried_first() {
    let bar = Bar { cost: 10.0, quality: 0.9, tolerance: 0.03, alpha: 0.01 };
    let known = |cost, mean, se| Some(Known { cost, mean, se, variance: 0.1 });
    let trials = ranked(
        &[known(1.0, 0.5, 0.02), known(5.0, 0.92, 0.02), known(9.9, 0.95, 0.02), known(12.0, 0.99, 0.02), None],
        &bar,
    );
    assert_eq!(trials[0].0, 1, "{trials:?}");
    assert!(trials.iter().all(|(position, _)| *position != 3));
    let odd = Known { cost: f64::NAN, mean: 0.5, se: 0.1, variance: 0.1 };
    assert_eq!(worth(&odd, &bar), None);
    let unknown = worth(&Known { cost: 1.0, mean: 0.5, se: 0.3, variance: 0.1 }, &bar).unwrap();
    let known_bad = worth(&Known { cost: 1.0, mean: 0.5, se: 0.01, variance: 0.1 }, &bar).unwrap();
    assert!(unknown.index > known_bad.index, "doubt is worth a look");
}

#[test]
fn trying_stays_within_its_share_and_its_dollars() {
    let budget = Budget { share: 0.05, usd_per_day: Some(2.0) };
    assert!((budget.allowed(10_000.0, 0.01) - 0.02).abs() < 1e-12);
    assert!((budget.allowed(100.0, 0.01) - 0.05).abs() < 1e-12);
    assert!((budget.allowed(10_000.0, -0.01) - 0.05).abs() < 1e-12);
    assert!(Budget { share: 0.05, usd_per_day: Some(0.0) }.allowed(1e4, -1.0).abs() < 1e-12);
    assert!(Budget { share: f64::NAN, usd_per_day: None }.allowed(1e4, 1.0).abs() < 1e-12);
}

/// Thirty cells of hour and length; the candidate is three points worse in all of them.
fn observations(seed: u64) -> Vec<Observation> {
    let entropy = Seeded::new(seed);
    (0..30_000)
        .map(|unit| {
            let word = entropy.next_u64();
            let candidate = word & 1 == 1;
            let passes = if candidate { 0.77 } else { 0.8 };
            Observation {
                unit,
                features: vec![(word >> 8) as u16 % 10, (word >> 32) as u16 % 3],
                candidate,
                grade: f64::from(u8::from(entropy.next_unit() < passes)),
            }
        })
        .collect()
}

#[test]
fn the_best_of_many_scopes_is_reported_on_the_half_that_did_not_choose_it() {
    let mined: Vec<_> = (0..10).map(|seed| mine(&observations(seed), 99).unwrap()).collect();
    let mean = |values: Vec<f64>| values.iter().sum::<f64>() / values.len() as f64;
    let chosen = mean(mined.iter().map(|one| one.discovered.delta).collect());
    let reported = mean(mined.iter().map(|one| one.held_out.delta).collect());
    println!("truth −0.0300, as chosen {chosen:+.4}, as reported {reported:+.4}");
    assert!(mined.iter().all(|one| one.considered >= 40));
    assert!(chosen > 0.0, "the scenario must bite: {chosen}");
    assert!((reported + 0.03).abs() < 0.03, "{reported}");
}

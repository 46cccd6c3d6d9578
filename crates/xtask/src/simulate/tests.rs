//! The same simulations with few runs and limits so wide that a correct program fails once in a million.

use super::{
    arms::{ALPHA_PROMOTE, Tests},
    calibration::{FLATTERING, JUDGES, LABELS, SHARP, intervals},
    coverage, draw,
    draw::{JUDGE, KINDS, LIKERT, PASS_80, Random},
    drift, guard, machine, planner, retry, rival,
    run::{Rate, quantile},
    scopes, shadow, switches,
    table3::Ends,
    trials::{self, ORDERS},
};
use weir_stats::{drift::SLACK, eprocess::attempt_alpha};

const SEED: u64 = 20_261_121;

/// The rate is not proven to be above `most`.
#[track_caller]
fn at_most(rate: Rate, most: f64) {
    assert!(rate.lower() <= most, "{rate} of {} is above {most}", rate.of);
}

#[test]
fn limits_are_those_of_clopper_and_pearson() {
    // 1 − 0.5e-6^… by hand: nothing of n seen, the upper limit solves (1 − p)^n = 1e-6.
    let none = Rate { count: 0, of: 100 };
    assert!((none.upper() - (1.0 - 1e-6_f64.powf(0.01))).abs() < 1e-6, "{}", none.upper());
    assert!(none.lower() < 1e-9);
    let all = Rate { count: 100, of: 100 };
    assert!((all.lower() - 1e-6_f64.powf(0.01)).abs() < 1e-6, "{}", all.lower());
    let half = Rate { count: 50, of: 100 };
    assert!(half.lower() < 0.5 && half.upper() > 0.5);
}

#[test]
fn grades_have_the_means_they_say() {
    for kind in KINDS {
        for delta in [-0.4, -0.03, 0.0] {
            let draw = kind.draw(delta).unwrap();
            assert!((draw.mean() - kind.mean - delta).abs() < 1e-4, "{} {delta}: {}", kind.name, draw.mean());
        }
        assert!(kind.draw(0.6).is_none());
    }
    let draw = JUDGE.draw(0.0).unwrap();
    let mut random = Random::new(SEED, 0);
    let mean = (0..20_000).map(|_| f64::from(draw.cents(&mut random))).sum::<f64>() / 2e6;
    assert!((mean - 0.8).abs() < 0.01, "{mean}");
}

#[test]
fn a_candidate_at_the_margin_is_promoted_at_most_as_often_as_promised() {
    for kind in KINDS {
        let ends = Ends::at(kind, -0.03, 60, SEED).unwrap();
        at_most(ends.promoted(), ALPHA_PROMOTE);
        at_most(ends.rolled_back(), 0.05);
    }
}

#[test]
fn equal_candidates_are_promoted_and_bad_ones_rolled_back_in_time() {
    for (kind, promoted, pairs) in [(PASS_80, 0.97, 3_600), (LIKERT, 0.995, 1_600), (JUDGE, 0.995, 1_000)] {
        let ends = Ends::at(kind, 0.0, 60, SEED).unwrap();
        assert!(ends.promoted().upper() >= promoted, "{} {}", kind.name, ends.promoted());
        at_most(ends.rolled_back(), 0.01);
        // Medians of so few runs: half as many again.
        assert!(ends.to_promote(0.5).unwrap() <= pairs * 3 / 2, "{} {:?}", kind.name, ends.to_promote(0.5));
    }
    for (delta, pairs) in [(-0.1, 300), (-0.2, 60), (-0.4, 16)] {
        let ends = Ends::at(PASS_80, delta, 100, SEED).unwrap();
        assert_eq!(ends.promoted().count, 0);
        assert!(ends.to_roll_back(0.5).unwrap() <= pairs * 3 / 2, "{delta}: {:?}", ends.to_roll_back(0.5));
    }
}

#[test]
fn the_band_holds_at_every_look_where_the_textbook_interval_does_not() {
    let (band, once) = coverage::misses(PASS_80, 0.0, 60, SEED).unwrap();
    at_most(band, 0.05);
    assert!(once.lower() > 0.05, "the scenario must bite: {once}");
}

#[test]
fn twenty_attempts_do_not_buy_a_promotion() {
    at_most(retry::promoted(|attempt| attempt_alpha(ALPHA_PROMOTE, attempt), 12, SEED).unwrap(), 0.01);
}

#[test]
fn equal_deployments_are_left_where_they_are() {
    let all = switches::switches(24, SEED);
    let (by_evidence, by_window) = all.iter().fold((0, 0), |sum, run| (sum.0 + run.0, sum.1 + run.1));
    // 0.1 in each run on average; the number is about Poisson.
    assert!(by_evidence <= 12, "{by_evidence}");
    assert!(by_window > 24 * 100, "the scenario must bite: {by_window}");
}

#[test]
fn what_is_tried_by_its_worth_saves_more_than_by_price_by_grade_or_in_any_order() {
    let [planned, others @ ..] = ORDERS.map(|order| trials::outcomes(order, 400, SEED));
    // The same worlds and the same luck for each order: what differs is the order.
    for (other, order) in others.iter().zip(&ORDERS[1..]) {
        let gains: Vec<f64> = planned.iter().zip(other).map(|(ours, theirs)| ours.saved - theirs.saved).collect();
        let gain = scopes::mean(gains.iter().copied());
        let spread = scopes::mean(gains.iter().map(|one| (one - gain).powi(2)));
        let doubt = 2.0 * (spread / gains.len() as f64).sqrt();
        assert!(gain > doubt, "{order:?}: {gain} within {doubt}");
    }
    assert!(trials::regret(&planned) < 0.6, "{}", trials::regret(&planned));
    let wrong = Rate::of(&planned, |outcome| outcome.wrong);
    at_most(wrong, 8.0 * ALPHA_PROMOTE);
}

#[test]
fn the_wrong_winner_is_declared_at_most_as_often_as_promised() {
    for batch in rival::BATCHES {
        at_most(rival::wrong(&rival::winners(rival::RATES[1], batch, 60, SEED)), rival::DELTA);
    }
}

#[test]
fn drift_is_seen_in_time_and_no_drift_is_not_seen() {
    for (kind, ten, twenty) in [(PASS_80, 232, 73), (LIKERT, 127, 37), (JUDGE, 76, 27)] {
        for (drop, published) in [(0.1, ten), (0.2, twenty)] {
            let median = quantile(&drift::delays(kind, drop, 60, SEED), 0.5).unwrap();
            assert!(median <= published * 3 / 2, "{} {drop}: {median}", kind.name);
        }
        let draw = kind.draw(0.0).unwrap();
        let alarms: Vec<bool> = (0..20)
            .map(|run| drift::run_length(kind.mean - SLACK, &draw, &mut Random::new(SEED, run), 5_000).is_some())
            .collect();
        // Markov: within t grades an alarm has probability at most t / 10,000.
        at_most(Rate::of(&alarms, |alarm| *alarm), 0.5);
    }
}

#[test]
fn an_outage_is_seen_in_three_requests_and_half_an_outage_soon() {
    assert!(guard::detected(1.0, 10, SEED).iter().all(|seen| *seen == Some(3)));
    let half: Vec<u32> = guard::detected(0.5, 100, SEED).into_iter().flatten().collect();
    assert!(half.len() == 100 && quantile(&half, 0.5).unwrap() <= 12);
}

#[test]
fn routes_from_few_scores_keep_their_floor_where_point_estimates_do_not() {
    at_most(planner::violations(&planner::routes(planner::Reading::Fitted, 200, 60, SEED)), 0.05);
    let point = planner::violations(&planner::routes(planner::Reading::Point, 200, 60, SEED));
    assert!(point.lower() > 0.05, "the scenario must bite: {point}");
}

#[test]
fn the_tables_are_about_the_real_machine() {
    for (kind, delta) in [(JUDGE, 0.05), (PASS_80, -0.3), (LIKERT, -0.1)] {
        let (candidate, control) = (kind.draw(delta).unwrap(), kind.draw(0.0).unwrap());
        for run in 0..2 {
            let quick = Tests::new(kind.mean, attempt_alpha(ALPHA_PROMOTE, 1)).run(
                &candidate,
                &control,
                &mut Random::new(SEED, run),
            );
            let whole = machine::run(kind.mean, &candidate, &control, &mut Random::new(SEED, run));
            assert_eq!(Some(quick), whole, "{} {delta} {run}", kind.name);
        }
    }
}

#[test]
fn a_scope_that_was_chosen_looks_better_than_it_is_and_the_held_out_half_says_so() {
    const RUNS: u32 = 40;
    let found = scopes::found(RUNS, SEED);
    assert_eq!(found.len(), RUNS as usize);
    let (chosen, held_out) = (scopes::mean(found.iter().map(|one| one.0)), scopes::mean(found.iter().map(|one| one.1)));
    let spread = scopes::mean(found.iter().map(|one| (one.1 - held_out).powi(2)));
    // Three tenths of a point, and what so few runs leave open: five standard errors are one in a million.
    let doubt = 0.003 + 5.0 * (spread / f64::from(RUNS)).sqrt();
    assert!(doubt < 0.04 && (held_out + 0.03).abs() <= doubt, "{held_out} within {doubt}");
    assert!(chosen > -0.03 + doubt, "the scenario must bite: {chosen}");
}

#[test]
fn the_same_prompt_twice_needs_fewer_pairs() {
    let median =
        |same| quantile(&shadow::pairs(same, 40, SEED).into_iter().flatten().collect::<Vec<_>>(), 0.5).unwrap();
    let (same, own) = (median(true), median(false));
    assert!(same <= 700 * 3 / 2 && own > same * 2, "{same} {own}");
}

#[test]
fn the_same_seed_gives_the_same_table() {
    assert_eq!(guard::table(16, 3), guard::table(16, 3));
    let mut random = (Random::new(1, 2), Random::new(1, 2));
    let draw: &draw::Draw = &PASS_80.draw(0.0).unwrap();
    assert!((0..100).all(|_| draw.cents(&mut random.0) == draw.cents(&mut random.1)));
}

#[test]
fn a_judge_alone_is_confidently_wrong_and_with_people_it_is_right_and_narrower_than_people_alone() {
    for judge in JUDGES {
        for labels in LABELS {
            for kept in intervals(judge, labels, 1_500, SEED).into_iter().skip(1) {
                assert!(kept.held.upper() > 0.95, "{judge:?} with {labels} labels: {}", kept.held);
                assert!(kept.held.lower() > 0.91, "{judge:?} with {labels} labels: {}", kept.held);
            }
        }
    }
    let [alone, people, _, both] = intervals(FLATTERING, 200, 2_000, SEED);
    assert!(alone.held.upper() < 0.2, "the judge alone holds the truth in {}", alone.held);
    assert!(both.width < people.width, "{} {}", both.width, people.width);
    let [_, people, _, tuned] = intervals(SHARP, 200, 600, SEED);
    assert!(tuned.width < 0.6 * people.width, "{} {}", tuned.width, people.width);
}

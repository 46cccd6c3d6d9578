//! Every order of delivery: four exposures of two units a side, one of them told of twice (without its grade, then with
//! it), a look after any of them, and a controller that may lose what it has folded at any moment and reads again.

use std::collections::HashSet;

use weir_core::{SpanId, Timestamp, decision::Arm};
use weir_optimizer::pairing::{Exposure, Moment, PairState};

use crate::row::{NOW, started};

const MARGIN: f64 = 0.03;
const SECOND: i64 = 1_000_000;

fn exposure(number: u32, grade: Option<f64>) -> Exposure {
    let assigned_at = Timestamp(NOW.0 + i64::from(number) * SECOND);
    Exposure {
        span_id: SpanId::from_bits(u128::from(number) + 1),
        unit: u64::from(number),
        session: false,
        arm: if number.is_multiple_of(2) { Arm::Candidate } else { Arm::Control },
        segment: "all".into(),
        assigned_at,
        ended_at: Timestamp(assigned_at.0 + SECOND),
        failed: number == 3,
        ttft_us: None,
        guarded: Vec::new(),
        cost_nano: None,
        grade,
        graded_at: grade.map(|_| Timestamp(assigned_at.0 + 2 * SECOND)),
        unscored: false,
        version: grade.map(|_| "v1".into()),
    }
}

/// What is delivered: the third comes twice.
fn deliveries() -> Vec<Exposure> {
    let mut all: Vec<Exposure> = (0..4).map(|number| exposure(number, Some(f64::from(number) / 4.0))).collect();
    all.insert(2, exposure(2, None));
    all
}

fn moment() -> Moment {
    let now = Timestamp(NOW.0 + 60 * SECOND);
    Moment {
        now,
        complete_before: now,
        in_flight: 0,
        since: NOW,
        score_timeout: std::time::Duration::from_secs(10_000),
    }
}

/// Numbers that a decision takes from a fold: counts by histogram and place, requests, failures, the watermark.
type Numbers = (Vec<(usize, usize, u64)>, u64, u64, Timestamp);

fn numbers(pairs: &PairState) -> Numbers {
    let histograms = [pairs.all().promote(), pairs.all().rollback(), pairs.all().observed()];
    let counts = histograms.iter().enumerate().flat_map(|(which, histogram)| {
        let counts = histogram.counts().iter().copied().enumerate();
        counts.filter(|(_, count)| *count > 0).map(move |(place, count)| (which, place, count))
    });
    (counts.collect(), pairs.arm(Arm::Candidate).requests, pairs.arm(Arm::Control).failures, pairs.watermark())
}

/// Folds what is delivered now, given what was told of so far.
type Take = fn(&mut PairState, &[Exposure], &[u8]);

/// Explores every order in which the deliveries may come, each of them twice, with a restart after any; the number of
/// states, or the first whose numbers differ from those of one clean reading.
fn explore(take: Take) -> Result<usize, String> {
    let all = deliveries();
    let fresh = || PairState::of(&started(|request| request.margin = Some(MARGIN)));
    let mut clean = fresh();
    take(&mut clean, &all, &[1; 5]);
    let wanted = numbers(&clean);
    let mut seen: HashSet<(Vec<u8>, String)> = HashSet::new();
    let mut stack = vec![(vec![0_u8; all.len()], fresh())];
    while let Some((told, pairs)) = stack.pop() {
        if !seen.insert((told.clone(), format!("{pairs:?}"))) {
            continue;
        }
        if told.iter().all(|times| *times > 0) {
            // The store knows all of it now: one more look, by this controller and by one that starts from nothing.
            for mut pairs in [pairs.clone(), fresh()] {
                take(&mut pairs, &all, &told);
                if numbers(&pairs) != wanted {
                    return Err(format!("{told:?}: {:?}, wanted {wanted:?}", numbers(&pairs)));
                }
            }
        }
        for at in 0..all.len() {
            if told[at] < 2 {
                let mut told = told.clone();
                told[at] += 1;
                let mut next = pairs.clone();
                take(&mut next, &all[at..=at], &told);
                stack.push((told.clone(), next));
                // Killed: a new one reads what the store has so far.
                let stored: Vec<Exposure> =
                    all.iter().zip(&told).filter(|(_, times)| **times > 0).map(|(one, _)| one.clone()).collect();
                let mut again = fresh();
                take(&mut again, &stored, &told);
                stack.push((told, again));
            }
        }
    }
    Ok(seen.len())
}

/// As the controller calls it: complete is what was assigned before the first request that nobody told of.
fn careful(pairs: &mut PairState, exposures: &[Exposure], told: &[u8]) {
    let all = deliveries();
    let known = |number: u128| all.iter().zip(told).any(|(one, times)| one.span_id.bits() == number && *times > 0);
    let gap = all.iter().find(|one| !known(one.span_id.bits())).map(|one| one.assigned_at);
    let moment = moment();
    let complete_before = gap.unwrap_or(moment.complete_before);
    pairs.fold(exposures.iter().cloned(), &Moment { complete_before, ..moment });
}

/// Takes whatever it is told of for all there is.
fn hasty(pairs: &mut PairState, exposures: &[Exposure], _told: &[u8]) {
    pairs.fold(exposures.iter().cloned(), &moment());
}

#[test]
fn any_order_any_repetition_and_any_restart_give_the_same_numbers() {
    let states = explore(careful).unwrap();
    println!("fold: {states} states");
    assert!(states > 200, "{states}");
}

#[test]
fn a_fold_that_does_not_wait_for_the_prefix_is_found_out() {
    let found = explore(hasty).expect_err("order must matter to it");
    println!("without the watermark: {found}");
}

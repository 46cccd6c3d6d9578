use std::time::Duration;

use weir_core::{
    canary::{Canary, CanaryState, HoldCause},
    decision::Arm,
};
use weir_optimizer::{
    canary::{Action, Reading, Verdict},
    pairing::{Exposure, Moment, PairState},
};

use crate::{
    make::{START, at_s, exposure, head, moment, request, started},
    readings::{act, apply, bad, base, good, on_last_step, read, step},
};

#[test]
fn proof_of_loss_rolls_back_from_running_and_from_held() {
    let canary = started(&request());
    let reading = bad(&canary, 20);
    for state in [CanaryState::Running, CanaryState::Held] {
        let canary = Canary { state, ..canary.clone() };
        let Verdict::RollBack(reason) = step(&canary, &reading, &base(), at_s(99.0)) else {
            panic!("expected a rollback");
        };
        assert!(reason.starts_with("worse than sim/large by more than 0.03: log evidence"), "{reason}");
        let change = apply(&canary, &Verdict::RollBack(reason), &reading, &head(), at_s(99.0)).unwrap();
        assert_eq!(change.canary.state, CanaryState::RolledBack);
        assert!(change.policy.is_none());
    }
}

fn outage(canary: &Canary, control_fails: bool, requests: u32, in_flight: u64) -> Reading {
    let failing = |id: u128, arm: Arm, failed: bool| Exposure { failed, ..exposure(id, arm, id as f64, None) };
    let exposures = (0..requests).flat_map(|k| {
        let id = u128::from(k) * 2;
        [failing(id, Arm::Candidate, true), failing(id + 1, Arm::Control, control_fails)]
    });
    let mut pairs = PairState::new(canary.plan.margin);
    let moment = moment(f64::from(requests) * 2.0 + 2.0);
    pairs.fold(exposures, &Moment { in_flight, ..moment });
    read(canary, &pairs)
}

#[test]
fn a_total_outage_of_the_candidate_is_rolled_back_after_three_requests() {
    let canary = started(&request());
    let verdict = |reading: &Reading| step(&canary, reading, &base(), at_s(99.0));
    assert_eq!(verdict(&outage(&canary, false, 2, 0)), Verdict::Stay);
    let Verdict::RollBack(reason) = verdict(&outage(&canary, false, 3, 0)) else {
        panic!("expected a rollback");
    };
    assert!(reason.starts_with("sim/small failed 3 of 3 requests, allowed are 2.25 %"), "{reason}");
    // Fast failures beside many slow answers in flight prove less.
    assert_eq!(verdict(&outage(&canary, false, 3, 60)), Verdict::Stay);
}

#[test]
fn an_outage_of_everything_is_not_the_candidates_fault() {
    let canary = started(&request());
    for requests in [3, 5, 10, 30, 100, 300] {
        let reading = outage(&canary, true, requests, 0);
        let verdict = step(&canary, &reading, &base(), at_s(99.0));
        assert!(!matches!(verdict, Verdict::RollBack(_)), "{requests}: {verdict:?}");
    }
}

#[test]
fn unequal_arms_hold_a_canary_until_a_person_resumes_it() {
    let canary = started(&request());
    let mut pairs = PairState::new(canary.plan.margin);
    let lopsided = (0..700_u32).map(|k| {
        let arm = if k % 7 < 5 { Arm::Candidate } else { Arm::Control };
        exposure(u128::from(k), arm, f64::from(k), Some(1.0))
    });
    pairs.fold(lopsided, &moment(800.0));
    let reading = read(&canary, &pairs);
    let verdict = step(&canary, &reading, &base(), at_s(800.0));
    let Verdict::Hold(HoldCause::Units, reason) = &verdict else {
        panic!("expected a hold, found {verdict:?}");
    };
    assert!(reason.starts_with("arms of equal share have 500 and 200 units"), "{reason}");
    let held = apply(&canary, &verdict, &reading, &head(), at_s(800.0)).unwrap().canary;
    assert_eq!(step(&held, &reading, &base(), at_s(801.0)), Verdict::Stay);
    let resumed = act(&held, Action::Resume, "ada", "fixed", &reading, &head(), at_s(900.0)).unwrap().canary;
    assert_eq!((resumed.state, resumed.step), (CanaryState::Running, 0));
    // The count starts again with the resumption.
    pairs.fold([], &Moment { since: resumed.changed_at, ..moment(901.0) });
    assert_eq!(step(&resumed, &read(&resumed, &pairs), &base(), at_s(901.0)), Verdict::Stay);
}

#[test]
fn an_undecided_canary_expires_and_the_stable_deployment_stays() {
    let canary = on_last_step();
    let reading = good(&canary, 50);
    let late = START.plus(Duration::from_hours(14 * 24));
    assert_eq!(step(&canary, &reading, &base(), late.minus(Duration::from_secs(1))), Verdict::Stay);
    assert_eq!(step(&canary, &reading, &base(), late), Verdict::Expire);
    let mut short = request();
    (short.min_pairs, short.max_pairs) = (Some(10), Some(40));
    let short = started(&short);
    assert_eq!(step(&short, &good(&short, 40), &base(), at_s(99.0)), Verdict::Expire);
    let change = apply(&canary, &Verdict::Expire, &reading, &head(), late).unwrap();
    assert_eq!((change.canary.state, change.policy), (CanaryState::Expired, None));
    assert!(change.event.reason.ends_with("sim/large stays"), "{}", change.event.reason);
}

#[test]
fn a_held_canary_is_not_promoted_however_good_its_evidence() {
    let held = Canary { state: CanaryState::Held, ..on_last_step() };
    let reading = good(&held, 600);
    assert_eq!(step(&held, &reading, &base(), at_s(999.0)), Verdict::Stay);
    let running = Canary { state: CanaryState::Running, ..held };
    assert_eq!(step(&running, &reading, &base(), at_s(999.0)), Verdict::Promote);
}

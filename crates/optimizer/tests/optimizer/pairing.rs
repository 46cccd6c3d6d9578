use std::time::Duration;

use proptest::prelude::*;
use weir_core::{SpanId, Timestamp, decision::Arm};
use weir_optimizer::pairing::{Exposure, Moment, PairState, SETTLE};

use crate::make::{START, at_s, exposure, moment};

fn folded(exposures: &[Exposure], now_s: f64) -> PairState {
    let mut state = PairState::new(0.03);
    state.fold(exposures.to_vec(), &moment(now_s));
    state
}

fn cents(histogram: &weir_stats::histogram::PairHistogram) -> Vec<(i32, u64)> {
    histogram.iter().collect()
}

#[test]
fn the_kth_candidate_meets_the_kth_control() {
    let state = folded(
        &[
            exposure(1, Arm::Candidate, 0.0, Some(1.0)),
            exposure(2, Arm::Candidate, 1.0, Some(0.0)),
            exposure(3, Arm::Control, 2.0, Some(0.5)),
            exposure(4, Arm::Control, 3.0, Some(0.25)),
            exposure(5, Arm::Control, 4.0, Some(1.0)),
        ],
        60.0,
    );
    assert_eq!(cents(state.all().observed()), [(-25, 1), (50, 1)]);
    assert_eq!(state.watermark(), at_s(4.0));
    assert_eq!(state.step_pairs(), 2);
}

#[test]
fn a_segment_that_is_lost_speaks_no_more_of_the_others() {
    let of =
        |id, arm, segment: &str, grade| Exposure { segment: segment.into(), ..exposure(id, arm, id as f64, grade) };
    let state = folded(
        &[
            of(1, Arm::Candidate, "hard", Some(0.0)),
            of(2, Arm::Control, "hard", Some(1.0)),
            of(3, Arm::Candidate, "easy", Some(0.75)),
            of(4, Arm::Control, "easy", Some(0.5)),
        ],
        60.0,
    );
    assert_eq!(cents(state.all().observed()), [(-100, 1), (25, 1)]);
    let rest = state.without(&["hard".into()]);
    assert_eq!((cents(rest.observed()), rest.mean(Arm::Candidate)), (vec![(25, 1)], 0.75));
    assert_eq!((rest.grades().n(), rest.promote().n(), rest.rollback().n()), (1, 1, 1));
    assert_eq!(*state.without(&["unknown".into()]), *state.all());
}

#[test]
fn an_open_answer_holds_everything_assigned_after_it() {
    let mut exposures = vec![
        exposure(1, Arm::Candidate, 0.0, Some(1.0)),
        exposure(2, Arm::Control, 1.0, None),
        exposure(3, Arm::Candidate, 2.0, Some(1.0)),
        exposure(4, Arm::Control, 3.0, Some(1.0)),
    ];
    let mut state = folded(&exposures, 60.0);
    assert_eq!(state.all().promote().n(), 0);
    assert_eq!(state.watermark(), at_s(0.0));
    exposures[1].grade = Some(0.0);
    exposures[1].graded_at = Some(at_s(61.0));
    state.fold(exposures, &moment(62.0));
    assert_eq!(cents(state.all().observed()), [(0, 1), (100, 1)]);
}

#[test]
fn two_units_of_the_same_instant_are_both_folded() {
    let open = [exposure(1, Arm::Candidate, 5.0, Some(1.0)), exposure(2, Arm::Control, 5.0, None)];
    let mut state = folded(&open, 60.0);
    assert!(state.watermark() < at_s(5.0));
    let mut closed = open.to_vec();
    closed[1].unscored = true;
    closed[1].failed = true;
    state.fold(closed, &moment(61.0));
    assert_eq!(cents(state.all().observed()), [(100, 1)]);
    assert_eq!(state.arm(Arm::Candidate).requests, 1);
}

#[test]
fn a_request_in_flight_holds_what_was_assigned_after_it() {
    let exposures = [
        exposure(1, Arm::Candidate, 0.0, Some(1.0)),
        exposure(2, Arm::Control, 1.0, Some(1.0)),
        exposure(4, Arm::Candidate, 3.0, Some(1.0)),
        exposure(5, Arm::Control, 4.0, Some(1.0)),
    ];
    let mut state = PairState::new(0.03);
    state.fold(exposures, &Moment { complete_before: at_s(2.0), in_flight: 1, ..moment(60.0) });
    assert_eq!(state.all().observed().n(), 1);
    let mut slow = exposure(3, Arm::Candidate, 2.0, Some(0.0));
    slow.ended_at = at_s(90.0);
    slow.graded_at = Some(at_s(91.0));
    state.fold([slow], &moment(95.0));
    assert_eq!(cents(state.all().observed()), [(-100, 1), (0, 1)]);
}

#[test]
fn a_failed_answer_is_worth_nothing_even_when_a_fallback_was_graded() {
    let mut failed = exposure(1, Arm::Candidate, 0.0, Some(1.0));
    failed.failed = true;
    let state = folded(&[failed, exposure(2, Arm::Control, 1.0, Some(1.0))], 60.0);
    assert_eq!(cents(state.all().promote()), [(-100, 1)]);
    assert_eq!(cents(state.all().rollback()), [(-100, 1)]);
    assert_eq!(state.arm(Arm::Candidate).failures, 1);
}

#[test]
fn a_missing_grade_is_the_worst_case_of_each_test() {
    let state = folded(
        &[
            exposure(1, Arm::Candidate, 0.0, None),
            exposure(2, Arm::Control, 1.0, Some(0.5)),
            exposure(3, Arm::Candidate, 2.0, Some(0.5)),
            exposure(4, Arm::Control, 3.0, None),
            exposure(5, Arm::Candidate, 4.0, None),
            exposure(6, Arm::Control, 5.0, None),
        ],
        600.0,
    );
    assert_eq!(cents(state.all().promote()), [(-50, 2)]);
    assert_eq!(cents(state.all().rollback()), [(50, 2)]);
    assert_eq!(state.all().observed().n(), 0);
    assert_eq!((state.arm(Arm::Candidate).missing, state.arm(Arm::Control).missing), (2, 2));
    assert_eq!((state.arm(Arm::Candidate).lone_missing, state.arm(Arm::Control).lone_missing), (1, 1));
}

#[test]
fn a_grade_that_came_too_late_stays_missing() {
    let mut late = exposure(1, Arm::Candidate, 0.0, Some(1.0));
    late.graded_at = Some(at_s(1.0 + 120.5));
    let state = folded(&[late, exposure(2, Arm::Control, 1.0, Some(1.0))], 600.0);
    assert_eq!(cents(state.all().promote()), [(-100, 1)]);
    assert_eq!(cents(state.all().rollback()), [(0, 1)]);
}

#[test]
fn a_grade_in_time_is_waited_for_until_its_row_can_have_come() {
    let mut exposures = [exposure(1, Arm::Candidate, 0.0, None), exposure(2, Arm::Control, 1.0, Some(1.0))];
    let mut state = folded(&exposures, 121.9);
    assert_eq!(state.all().promote().n(), 0);
    exposures[0].grade = Some(1.0);
    exposures[0].graded_at = Some(at_s(121.0));
    state.fold(exposures, &moment(121.95));
    assert_eq!(cents(state.all().observed()), [(0, 1)]);
}

#[test]
fn a_session_is_one_unit_with_the_mean_of_its_turns() {
    let turn = |id: u128, at_s: f64, grade: f64| Exposure {
        unit: 77,
        session: true,
        ..exposure(id, Arm::Candidate, at_s, Some(grade))
    };
    let exposures = [
        turn(1, 0.0, 1.0),
        turn(2, 100.0, 0.5),
        turn(3, 500.0, 0.0),
        turn(4, 700.0, 0.0),
        exposure(9, Arm::Control, 50.0, Some(0.0)),
    ];
    assert_eq!(folded(&exposures, 590.0).all().observed().n(), 0);
    let state = folded(&exposures, 2_000.0);
    assert_eq!(cents(state.all().observed()), [(50, 1)]);
    assert_eq!(state.arm(Arm::Candidate).units, 1);
}

#[test]
fn later_requests_of_a_unit_that_is_no_session_do_not_count() {
    let again = Exposure { unit: 1, ..exposure(2, Arm::Candidate, 1.0, Some(0.0)) };
    let exposures = [
        exposure(1, Arm::Candidate, 0.0, Some(1.0)),
        again,
        exposure(3, Arm::Control, 2.0, Some(1.0)),
        exposure(4, Arm::Control, 3.0, Some(1.0)),
    ];
    assert_eq!(cents(folded(&exposures, 60.0).all().observed()), [(0, 1)]);
}

#[test]
fn an_old_unit_gives_way_to_a_younger_one_of_its_own_arm() {
    let exposures = [
        exposure(1, Arm::Candidate, 0.0, Some(0.0)),
        exposure(2, Arm::Candidate, 1_000.0, Some(1.0)),
        exposure(3, Arm::Control, 1_010.0, Some(1.0)),
        // Nothing nearer: rare traffic is compared all the same.
        exposure(4, Arm::Candidate, 2_000.0, Some(1.0)),
        exposure(5, Arm::Control, 4_000.0, Some(0.0)),
    ];
    assert_eq!(cents(folded(&exposures, 5_000.0).all().observed()), [(0, 1), (100, 1)]);
}

#[test]
fn a_step_counts_its_own_pairs_only() {
    let exposures = [
        exposure(1, Arm::Candidate, 0.0, Some(1.0)),
        exposure(2, Arm::Control, 1.0, Some(1.0)),
        exposure(3, Arm::Candidate, 100.0, Some(1.0)),
        exposure(4, Arm::Control, 101.0, Some(1.0)),
    ];
    let mut state = folded(&exposures[..2], 50.0);
    state.fold(exposures.clone(), &Moment { since: at_s(50.0), ..moment(200.0) });
    assert_eq!((state.step_pairs(), state.all().promote().n()), (1, 2));
    assert_eq!(state.arm(Arm::Candidate).units, 1);
}

/// A request as it happens, before anyone has looked.
fn happening() -> impl Strategy<Value = Exposure> {
    let times = (0.0..900.0_f64, 0.0..40.0_f64, 0.0..200.0_f64);
    let words = (0..5_u8, 0.0..=1.0_f64, any::<u128>(), 0..200_u64);
    (times, words).prop_map(|((assigned, latency, delay), (fate, grade, id, unit))| {
        let ended_at = at_s(assigned + latency);
        let grade = (fate >= 2).then_some(grade);
        Exposure {
            span_id: SpanId::from_bits(id),
            unit,
            session: unit % 8 == 0,
            arm: if unit % 2 == 0 { Arm::Candidate } else { Arm::Control },
            assigned_at: at_s(assigned),
            ended_at,
            failed: fate == 0,
            segment: if unit % 3 == 0 { "long".into() } else { "all".into() },
            ttft_us: None,
            guarded: Vec::new(),
            cost_nano: None,
            version: grade.map(|_| "v1".into()),
            grade,
            graded_at: grade.map(|_| ended_at.plus(Duration::from_secs_f64(delay))),
            unscored: fate == 1,
        }
    })
}

/// What the store shows at `now` of everything that happens.
fn visible(all: &[Exposure], after: Timestamp, now: Timestamp) -> Vec<Exposure> {
    all.iter()
        .filter(|one| one.ended_at <= now && one.assigned_at > after)
        .cloned()
        .map(|mut one| {
            if one.graded_at.is_some_and(|at| at > now) {
                (one.grade, one.graded_at) = (None, None);
            }
            one
        })
        .collect()
}

fn look(all: &[Exposure], now: Timestamp, since: Timestamp) -> Moment {
    let in_flight = all.iter().filter(|one| one.assigned_at <= now && one.ended_at > now);
    Moment {
        now,
        complete_before: in_flight.map(|one| one.assigned_at).min().unwrap_or(now).min(now),
        in_flight: 0,
        since,
        score_timeout: Duration::from_secs(120),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn looking_often_and_looking_once_see_the_same_pairs(
        all in prop::collection::vec(happening(), 1..120),
        looks in prop::collection::vec((0.5..60.0_f64, any::<bool>()), 1..80),
        change_s in 0.0..900.0_f64,
    ) {
        let mut often = PairState::new(0.03);
        let mut now_s = 0.0;
        let mut since = START;
        for (pause_s, again) in looks {
            now_s += pause_s;
            let now = at_s(now_s);
            if since == START && now_s >= change_s {
                since = now;
            }
            let before = often.watermark();
            let after = if again { Timestamp(i64::MIN) } else { before };
            often.fold(visible(&all, after, now), &look(&all, now, since));
            prop_assert!(often.watermark() >= before, "the watermark never moves back");
            // What was folded up to here is the same from scratch, in any order of delivery.
            let mut once = PairState::new(0.03);
            let mut rows = visible(&all, Timestamp(i64::MIN), now);
            rows.reverse();
            once.fold(rows, &look(&all, now, since));
            prop_assert_eq!(&often, &once);
        }
        let end = at_s(1e5);
        often.fold(visible(&all, often.watermark(), end), &look(&all, end, since));
        let mut once = PairState::new(0.03);
        once.fold(all.clone(), &look(&all, end, since));
        prop_assert_eq!(&often, &once);
        let newest = all.iter().map(|one| one.assigned_at).max();
        prop_assert!(newest.is_some_and(|newest| newest.plus(SETTLE) < end));
    }
}

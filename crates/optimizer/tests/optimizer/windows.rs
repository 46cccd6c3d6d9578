use proptest::prelude::*;
use weir_core::{
    DeploymentId, ScorerName, WorkloadId,
    score::{Score, Unscored},
};
use weir_optimizer::windows::{Key, MAX_WEIGHT, Windows};

use crate::make::{START, at_s, score};

fn key(deployment: &str, version: &str) -> Key {
    Key {
        workload: WorkloadId::from("maths"),
        segment: "all".into(),
        deployment: DeploymentId::from(deployment),
        scorer: ScorerName::from("exact"),
        version: version.into(),
    }
}

#[test]
fn a_score_delivered_twice_counts_once() {
    let mut windows = Windows::default();
    assert!(windows.fold(1, &score("sim/large", Ok(1.0), at_s(0.0))));
    assert!(!windows.fold(1, &score("sim/large", Ok(1.0), at_s(0.0))));
    assert_eq!(windows.score_seq(), 1);
    let quality = windows.get(&key("sim/large", "v1")).unwrap().quality().unwrap();
    assert_eq!(quality.n, 1);
}

#[test]
fn an_answer_that_could_not_be_scored_is_counted_and_never_zero() {
    let mut windows = Windows::default();
    windows.fold(1, &score("sim/large", Err(Unscored::NoReference), at_s(0.0)));
    windows.fold(2, &score("sim/large", Err(Unscored::Truncated), at_s(1.0)));
    windows.fold(3, &score("sim/large", Err(Unscored::NoReference), at_s(2.0)));
    let window = windows.get(&key("sim/large", "v1")).unwrap();
    assert_eq!(window.quality(), None);
    assert_eq!(window.unscored(), [(Unscored::NoReference, 2), (Unscored::Truncated, 1)]);
    assert_eq!(window.unscored_total(), 3);
    assert_eq!(window.updated_at(), at_s(2.0));
}

#[test]
fn a_rare_route_weighs_more_but_not_without_bound() {
    let weighted = |p_sample: f64, propensity: f64| {
        let mut windows = Windows::default();
        let mut rare = score("sim/large", Ok(1.0), at_s(0.0));
        (rare.p_sample, rare.propensity) = (p_sample, propensity);
        windows.fold(1, &rare);
        windows.fold(2, &score("sim/large", Ok(0.0), at_s(0.0)));
        let estimate = windows.get(&key("sim/large", "v1")).unwrap().estimate().unwrap();
        // Undo the shrinkage towards one half.
        let raw = (estimate.mean * (estimate.n_eff + 20.0) - 10.0) / estimate.n_eff;
        raw / (1.0 - raw)
    };
    assert!((weighted(0.5, 0.5) - 4.0).abs() < 1e-9);
    assert!((weighted(0.01, 0.01) - MAX_WEIGHT).abs() < 1e-9);
    for (p_sample, propensity) in [(0.0, 1.0), (f64::NAN, 1.0), (2.0, 1.0)] {
        assert!((weighted(p_sample, propensity) - 1.0).abs() < 1e-9);
    }
}

#[test]
fn a_new_version_of_a_scorer_opens_a_new_window_and_steers() {
    let mut windows = Windows::default();
    windows.fold(1, &score("sim/large", Ok(0.0), at_s(0.0)));
    let mut newer = score("sim/small", Ok(1.0), at_s(1.0));
    newer.version = "v2".into();
    windows.fold(2, &newer);
    let (workload, scorer) = (WorkloadId::from("maths"), ScorerName::from("exact"));
    assert_eq!(windows.current_version(&workload, &scorer).map(AsRef::as_ref), Some("v2"));
    let current = |deployment: &str| windows.current(&workload, "all", &DeploymentId::from(deployment), &scorer);
    assert!(current("sim/large").is_none());
    assert!(current("sim/small").is_some());
    assert!(windows.get(&key("sim/large", "v1")).is_some());
    assert_eq!(windows.iter().count(), 2);
}

#[test]
fn each_workload_forgets_at_its_own_pace() {
    let mean = |half_life_s: f64| {
        let mut windows = Windows::new([(WorkloadId::from("maths"), half_life_s)]);
        for seq in 1..=200 {
            let grade = f64::from(u8::from(seq > 100));
            windows.fold(seq, &score("sim/large", Ok(grade), at_s(seq as f64)));
        }
        windows.get(&key("sim/large", "v1")).unwrap().estimate().unwrap().mean
    };
    assert!(mean(10.0) > mean(1e6) + 0.05);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn reading_pages_again_ends_in_the_same_windows(
        grades in prop::collection::vec((0.0..=1.0_f64, 0.0..1e5_f64), 1..60),
        pages in prop::collection::vec((0..60_usize, 0..60_usize), 0..6),
    ) {
        let log: Vec<_> = grades.iter().map(|&(grade, t)| score("sim/large", Ok(grade), at_s(t))).collect();
        let mut whole = Windows::default();
        let mut paged = Windows::default();
        for (index, score) in log.iter().enumerate() {
            whole.fold(index as i64 + 1, score);
        }
        // A reader that crashes and re-reads always starts at or before the first score it has not folded.
        for (from, to) in pages {
            let from = from.min(paged.score_seq() as usize);
            for (index, score) in log.iter().enumerate().take(to).skip(from) {
                paged.fold(index as i64 + 1, score);
            }
        }
        for (index, score) in log.iter().enumerate().skip(paged.score_seq() as usize) {
            paged.fold(index as i64 + 1, score);
        }
        prop_assert_eq!(paged.score_seq(), whole.score_seq());
        prop_assert!(paged.iter().eq(whole.iter()));
    }
}

#[test]
fn parts_lend_each_other_what_they_know_and_a_lucky_window_is_not_taken_for_a_good_one() {
    let mut windows = Windows::new([]);
    let mut seq = 0;
    let mut grades = |segment: &str, deployment: &str, passed: usize, of: usize| {
        for number in 0..of {
            seq += 1;
            // Spread evenly: a run of failures would be a drift.
            let grade = f64::from(u8::from((number + 1) * passed / of > number * passed / of));
            windows.fold(seq, &Score { segment: segment.into(), ..score(deployment, Ok(grade), START) });
        }
    };
    // Sums are easy and proofs are hard for everybody. The small one has hardly served proofs, and was lucky.
    for (segment, large, small) in [("sums", 180, 160), ("words", 170, 150)] {
        grades(segment, "sim/large", large, 200);
        grades(segment, "sim/small", small, 200);
    }
    grades("proofs", "sim/large", 120, 200);
    grades("proofs", "sim/small", 3, 3);
    let lucky = Key { segment: "proofs".into(), ..key("sim/small", "v1") };
    let before = windows.get(&lucky).unwrap().quality().unwrap();
    windows.fit();
    let after = windows.get(&lucky).unwrap().quality().unwrap();
    assert!(before.mean > 0.75, "drawn to the whole: {before:?}");
    assert!(after.mean < 0.68 && after.lower < before.lower - 0.1, "drawn to the hard part: {after:?}");
    let once = windows.get(&lucky).cloned();
    windows.fit();
    assert_eq!(windows.get(&lucky).cloned(), once, "a fit does not feed on itself");
    let whole = windows.get(&key("sim/small", "v1")).unwrap().quality().unwrap();
    assert!((whole.mean - 0.77).abs() < 0.03, "the whole is not drawn to its parts: {whole:?}");
}

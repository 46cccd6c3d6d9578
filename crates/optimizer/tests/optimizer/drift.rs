//! Windows that notice: grades that fall, providers that change, probes that clear a name, and versions that come and
//! go.

use std::time::Duration;

use proptest::prelude::*;
use weir_core::{
    DeploymentId, ScorerName, Timestamp, WorkloadId,
    entropy::{Entropy as _, Seeded},
    score::{Score, Source},
    span::Identity,
};
use weir_optimizer::windows::{COOL_DOWN, Cause, Key, LEARN, NoticeKind, Shift, State, Window, Windows};

use crate::make::{at_s, score};

/// A log that is folded as it is written.
struct Log {
    windows: Windows,
    seq: i64,
    now_s: f64,
    draws: Seeded,
}

impl Log {
    fn new(seed: u64) -> Self {
        Self { windows: Windows::default(), seq: 0, now_s: 0.0, draws: Seeded::new(seed) }
    }

    fn now(&self) -> Timestamp {
        at_s(self.now_s)
    }

    fn push(&mut self, score: &Score) {
        self.seq += 1;
        assert!(self.windows.fold(self.seq, score));
    }

    /// `n` grades, one a second, 1 with probability `quality`.
    fn grades(&mut self, segment: &str, quality: f64, n: usize) {
        for _ in 0..n {
            self.now_s += 1.0;
            let grade = f64::from(u8::from(self.draws.next_unit() < quality));
            let graded = Score { segment: segment.into(), ..score("sim/large", Ok(grade), self.now()) };
            self.push(&graded);
        }
    }

    fn wait(&mut self, time: Duration) {
        self.now_s += time.as_secs_f64();
    }

    fn window(&self, segment: &str) -> &Window {
        let (workload, scorer) = (WorkloadId::from("maths"), ScorerName::from("exact"));
        self.windows.current(&workload, segment, &DeploymentId::from("sim/large"), &scorer).unwrap()
    }

    fn state(&self) -> State {
        self.window("all").state(self.now())
    }

    fn kinds(&mut self) -> Vec<NoticeKind> {
        self.windows.take_notices().into_iter().map(|notice| notice.kind).collect()
    }
}

#[test]
fn a_decline_is_told_once_resets_the_window_and_puts_the_deployment_under_suspicion() {
    let mut log = Log::new(1);
    log.grades("all", 0.9, 1_000);
    assert_eq!((log.state(), log.window("all").epoch(), log.kinds()), (State::Steady, 1, vec![]));
    let before = log.window("all").estimate().unwrap();
    log.grades("all", 0.5, 60);
    let window = log.window("all");
    assert_eq!((window.state(log.now()), window.epoch()), (State::Suspect, 2), "{window:?}");
    let alarm = window.alarm().unwrap();
    assert_eq!(alarm.cause, Cause::Traffic);
    assert!(alarm.reference.unwrap() < before.lower && alarm.level >= 1e4);
    let after = window.estimate().unwrap();
    assert!(after.n_eff < 0.25 * before.n_eff, "the past counts as a tenth: {before:?} {after:?}");
    assert_eq!(log.kinds(), [NoticeKind::Drifted]);
}

#[test]
fn a_level_that_stays_is_never_called_a_decline() {
    for (seed, quality) in [(1, 0.5), (2, 0.8), (3, 0.95), (4, 1.0)] {
        let mut log = Log::new(seed);
        log.grades("all", quality, 10_000);
        assert_eq!((log.state(), log.window("all").epoch()), (State::Steady, 1), "{quality}");
    }
}

#[test]
fn suspicion_ends_with_time_a_relapse_costs_twice_and_a_level_of_its_own_ends_the_trial() {
    let mut log = Log::new(5);
    log.grades("all", 0.9, 500);
    log.grades("all", 0.3, 40);
    assert_eq!(log.state(), State::Suspect);
    log.wait(COOL_DOWN);
    assert_eq!(log.state(), State::Returning);
    log.grades("all", 0.3, 60);
    assert_eq!((log.state(), log.window("all").epoch()), (State::Suspect, 3), "found again, sooner than at first");
    log.wait(COOL_DOWN);
    assert_eq!(log.state(), State::Suspect, "a relapse costs twice the time");
    log.wait(COOL_DOWN);
    assert_eq!(log.state(), State::Returning);
    log.grades("all", 0.92, 2 * LEARN as usize);
    assert_eq!(log.state(), State::Steady);
    assert_eq!(log.kinds(), [NoticeKind::Drifted, NoticeKind::Drifted, NoticeKind::Recovered]);
}

#[test]
fn golden_probes_take_a_deployment_back_before_its_time_and_keep_a_bad_one_out_after_it() {
    let fallen = |seed| {
        let mut log = Log::new(seed);
        log.grades("probe", 1.0, 60);
        log.grades("all", 0.9, 500);
        log.grades("all", 0.2, 40);
        assert_eq!(log.state(), State::Suspect);
        log
    };
    let mut good = fallen(6);
    good.grades("probe", 1.0, 40);
    assert!(good.now() < good.window("all").alarm().unwrap().at.plus(COOL_DOWN));
    assert_eq!(good.state(), State::Returning, "{:?}", good.window("all"));
    assert!(good.window("all").estimate().unwrap().lower > 0.7, "probes stand in until traffic speaks");

    let mut bad = fallen(7);
    for _ in 0..4 {
        bad.wait(COOL_DOWN / 2);
        bad.grades("probe", 0.0, 5);
    }
    assert_eq!(bad.state(), State::Suspect);
}

#[test]
fn probes_that_fail_put_the_deployment_under_suspicion_without_any_traffic() {
    let mut log = Log::new(8);
    log.grades("all", 0.9, 200);
    log.grades("probe", 1.0, 80);
    log.grades("probe", 0.0, 30);
    assert_eq!(log.state(), State::Suspect);
    assert_eq!(log.window("all").alarm().unwrap().cause, Cause::Probes);
    let before = log.window("probe").estimate().unwrap().n;
    assert_eq!(before, 110, "probes count in their own window");
    assert_eq!(log.window("all").estimate().unwrap().n, 200, "and never in that of traffic");
}

/// M9 of the reliability table: an arm that is never sampled again must still be able to come back.
#[test]
fn a_deployment_that_was_bad_and_got_well_regains_its_bound_through_probes_alone() {
    let mut log = Log::new(9);
    log.grades("all", 0.2, 1_000);
    let floor = 0.8;
    assert!(log.window("all").estimate().unwrap().upper < floor, "out, and without traffic since");
    // The control: without probes the bound stays where it was, however long one waits.
    log.wait(Duration::from_hours(24 * 30));
    assert!(log.window("all").estimate().unwrap().upper < floor);
    log.grades("probe", 1.0, 60);
    let estimate = log.window("all").estimate().unwrap();
    assert!(estimate.lower >= floor, "{estimate:?}");
}

#[test]
fn another_model_behind_the_same_name_begins_a_new_epoch_on_trial_and_a_fingerprint_is_only_told() {
    let mut log = Log::new(10);
    let shift = |seq, model: &str, fingerprint: &str, log: &Log| Shift {
        seq,
        deployment: DeploymentId::from("sim/large"),
        identity: Identity::new(Some(model), Some(fingerprint)),
        at: log.now(),
        after_score: log.windows.score_seq(),
    };
    let first = shift(1, "m-2025-01", "fp_a", &log);
    assert!(log.windows.shift(&first));
    log.grades("all", 0.9, 500);
    let fingerprint = shift(2, "m-2025-01", "fp_b", &log);
    assert!(log.windows.shift(&fingerprint));
    assert_eq!((log.state(), log.window("all").epoch()), (State::Steady, 1));
    let model = shift(3, "m-2025-06", "fp_b", &log);
    assert!(log.windows.shift(&model));
    assert!(!log.windows.shift(&model), "told twice, counted once");
    let window = log.window("all");
    assert_eq!((window.state(log.now()), window.epoch()), (State::Returning, 2), "on trial, not excluded");
    assert_eq!(window.alarm().unwrap().cause, Cause::Model);
    assert!(window.estimate().unwrap().n_eff < 60.0);
    assert_eq!(log.kinds(), [NoticeKind::Changed, NoticeKind::Changed]);
    log.grades("all", 0.5, 80);
    assert_eq!(log.state(), State::Suspect, "a worse model is found against the old level");
}

#[test]
fn a_late_word_of_an_old_version_does_not_take_the_wheel_and_a_version_put_back_does() {
    let mut log = Log::new(11);
    let current = |log: &Log| {
        log.windows.current_version(&WorkloadId::from("maths"), &ScorerName::from("exact")).unwrap().to_string()
    };
    let say = |log: &mut Log, version: &str, source| {
        let word = Score { version: version.into(), source, ..score("sim/large", Ok(1.0), log.now()) };
        log.push(&word);
    };
    say(&mut log, "v1", Source::Check);
    say(&mut log, "v2", Source::Check);
    assert_eq!(current(&log), "v2");
    say(&mut log, "v1", Source::Check);
    assert_eq!(current(&log), "v2", "late");
    for _ in 0..8 {
        say(&mut log, "v1", Source::Check);
    }
    assert_eq!(current(&log), "v1", "back in force");
    for _ in 0..19 {
        say(&mut log, "mine", Source::Api);
    }
    assert_eq!(current(&log), "v1", "a caller empties no window by a typing error");
    say(&mut log, "mine", Source::Api);
    assert_eq!(current(&log), "mine");
}

#[test]
fn posted_scores_cannot_open_windows_without_end() {
    let mut log = Log::new(12);
    for n in 0..2_000 {
        let word = Score {
            scorer: ScorerName::from(format!("s{n}").as_str()),
            source: Source::Api,
            ..score("sim/large", Ok(1.0), log.now())
        };
        log.push(&word);
    }
    assert_eq!(log.windows.iter().count(), 256);
    log.grades("all", 1.0, 1);
    assert_eq!(log.windows.iter().count(), 257, "configured scorers are never shut out");
}

#[test]
fn a_part_of_a_workload_counts_for_the_whole_and_leans_on_it() {
    let mut log = Log::new(13);
    log.grades("all", 0.9, 500);
    log.grades("sums", 0.9, 3);
    let part = log.window("sums");
    assert_eq!(part.estimate().unwrap().n, 3);
    assert!((part.prior() - log.window("all").estimate().unwrap().mean).abs() < 1e-12);
    assert_eq!(log.window("all").estimate().unwrap().n, 503);
}

fn key(segment: &str) -> Key {
    Key {
        workload: WorkloadId::from("maths"),
        segment: segment.into(),
        deployment: DeploymentId::from("sim/large"),
        scorer: ScorerName::from("exact"),
        version: "v1".into(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 32, ..ProptestConfig::default() })]

    /// Whatever comes, in whatever order of times: no panic, and every state is one of a window that can be read.
    #[test]
    fn no_history_breaks_a_window(
        words in prop::collection::vec((0..4_u8, 0.0..=1.0_f64, -1e7..1e7_f64), 1..400),
    ) {
        let mut windows = Windows::default();
        let mut shifts = 0;
        for (index, (what, grade, t)) in words.into_iter().enumerate() {
            let seq = index as i64 + 1;
            if what == 3 {
                shifts += 1;
                let identity = Identity::new(Some(&format!("m{}", (grade * 4.0) as u8)), None);
                let at = at_s(t);
                let deployment = DeploymentId::from("sim/large");
                windows.shift(&Shift { seq: shifts, deployment, identity, at, after_score: seq });
                continue;
            }
            let segment = ["all", "probe", "sums"][usize::from(what)];
            windows.fold(seq, &Score { segment: segment.into(), ..score("sim/large", Ok(grade), at_s(t)) });
        }
        for segment in ["all", "probe", "sums"] {
            if let Some(window) = windows.get(&key(segment)) {
                if let Some(estimate) = window.estimate() {
                    prop_assert!(estimate.lower <= estimate.mean && estimate.mean <= estimate.upper);
                }
                prop_assert!(window.epoch() >= 1 && window.drift_level().is_finite());
                let _ = window.state(at_s(0.0)).name();
            }
        }
    }
}

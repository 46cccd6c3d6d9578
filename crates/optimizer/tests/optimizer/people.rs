//! People's labels where proof by a scorer's grades would take a canary further.

use weir_core::canary::{Canary, CanaryState, HoldCause, JudgeBias};
use weir_optimizer::canary::{Action, Verdict, asks_people, bias, step};

use crate::{
    make::{at_s, head, request, started},
    readings::{act, apply, labelled, on_last_step},
};

/// Labels of one arm: the scorer passes all of it, people fail every one in `of`.
fn labels(n: usize, of: usize) -> Vec<(f64, f64)> {
    (0..n).map(|number| (f64::from(u8::from(number % of != 0)), 1.0)).collect()
}

fn agreed(n: usize) -> Vec<(f64, f64)> {
    vec![(1.0, 1.0); n]
}

fn told(canary: &Canary, candidate: &[(f64, f64)], control: &[(f64, f64)]) -> (Option<JudgeBias>, Verdict) {
    let bias = bias(&canary.plan, candidate, control);
    (bias, step(canary, &labelled(canary, 600, bias)))
}

#[test]
fn a_scorer_that_flatters_the_candidate_proves_nothing_once_people_have_spoken() {
    let canary = on_last_step();
    let alone = labelled(&canary, 600, None);
    assert_eq!(step(&canary, &alone), Verdict::Promote);
    assert!(asks_people(&canary, &Verdict::Promote) && !asks_people(&canary, &Verdict::Stay));
    // People fail a fifth of what the scorer passes, of the candidate's alone.
    let (found, verdict) = told(&canary, &labels(400, 5), &agreed(400));
    let found = found.unwrap();
    assert!((found.delta - 0.2).abs() < 1e-9 && found.labels == 400, "{found:?}");
    assert!(found.lower > 0.1 && found.upper < 0.3, "{found:?}");
    let Verdict::Hold(HoldCause::JudgeBias, reason) = &verdict else { panic!("{verdict:?}") };
    assert!(reason.contains("kinder to sim/small than people by +0.200"), "{reason}");
    // The same partiality towards both arms moves no difference, and labels that agree leave the proof.
    for candidate in [labels(4_000, 5), agreed(400)] {
        let control = if candidate.len() > 400 { labels(4_000, 5) } else { agreed(400) };
        let lenient =
            Canary { plan: weir_core::canary::CanaryPlan { margin: 0.06, ..canary.plan.clone() }, ..canary.clone() };
        assert_eq!(told(&lenient, &candidate, &control).1, Verdict::Promote);
    }
}

#[test]
fn half_the_level_is_spent_on_grades_and_half_on_labels() {
    let canary = on_last_step();
    let bias = JudgeBias { delta: 0.0, lower: 0.0, upper: 0.0, labels: 400 };
    let reading = labelled(&canary, 600, Some(bias));
    let lower = reading.evidence.lower_by_people.unwrap();
    // At the lower end m the evidence against δ ≤ m is ln(2/α): here of 600 pairs without a difference.
    let bets = weir_stats::eprocess::Grid::for_margin(canary.plan.margin);
    let mut pairs = weir_stats::histogram::PairHistogram::default();
    (0..600).for_each(|_| pairs.add(1.0, 1.0));
    let log_e = weir_stats::eprocess::log_e_promote(&bets, &pairs, -lower);
    assert!((log_e - (2.0 / reading.evidence.alpha).ln()).abs() < 1e-6, "{log_e}");
    let shifted = labelled(&canary, 600, Some(JudgeBias { upper: 0.01, ..bias })).evidence.lower_by_people.unwrap();
    assert!((lower - shifted - 0.01).abs() < 1e-12);
}

#[test]
fn with_few_labels_the_scorer_is_taken_at_its_word() {
    let canary = on_last_step();
    assert_eq!(told(&canary, &labels(99, 2), &agreed(400)), (None, Verdict::Promote));
    assert_eq!(told(&canary, &labels(400, 2), &agreed(99)), (None, Verdict::Promote));
    assert!(told(&canary, &labels(100, 2), &agreed(100)).0.is_some());
}

#[test]
fn what_labels_stopped_waits_for_a_person_who_may_go_on() {
    let canary = on_last_step();
    let reading = labelled(&canary, 600, bias(&canary.plan, &labels(400, 5), &agreed(400)));
    let held = apply(&canary, &step(&canary, &reading), &reading, &head(), at_s(9_999.0)).unwrap().canary;
    assert_eq!((held.state, held.held, held.ceiling()), (CanaryState::Held, Some(HoldCause::JudgeBias), 0.01));
    // Looking again at the same interval would be a second try: however long it waits, it does not go on by itself.
    assert_eq!(
        crate::readings::step(&held, &labelled(&held, 600, None), &head().revision, at_s(99_999.0)),
        Verdict::Stay
    );
    let change =
        act(&held, Action::Resume, "ada", "read a hundred of them", &reading, &head(), at_s(99_999.0)).unwrap();
    assert_eq!(change.canary.accepted, [HoldCause::JudgeBias]);
    assert_eq!(step(&change.canary, &reading), Verdict::Promote);
}

#[test]
fn labels_are_asked_before_the_verifying_stage_and_not_again_after_it() {
    let request = weir_optimizer::canary::StartRequest { verify_pairs: Some(100), ..request() };
    let canary = Canary { step: 3, ..started(&request) };
    assert_eq!(step(&canary, &labelled(&canary, 600, None)), Verdict::Verify);
    let flattered = bias(&canary.plan, &labels(400, 5), &agreed(400));
    assert!(matches!(step(&canary, &labelled(&canary, 600, flattered)), Verdict::Hold(HoldCause::JudgeBias, _)));
    let verifying = Canary { state: CanaryState::Verifying, ..canary };
    assert!(!asks_people(&verifying, &Verdict::Promote));
}

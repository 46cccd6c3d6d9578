use weir_core::{
    DeploymentId,
    canary::{Canary, CanaryState, HoldCause},
    policy::Author,
};
use weir_optimizer::canary::{Action, Course, Verdict, outlook};

use crate::{
    make::{START, at_s, head, request, started},
    readings::{act, after, apply, bad, base, good, on_last_step, step},
};

#[test]
fn no_pairs_no_verdict() {
    let canary = started(&request());
    let reading = good(&canary, 0);
    assert_eq!(step(&canary, &reading, &base(), at_s(60.0)), Verdict::Stay);
    assert_eq!(outlook(&canary, &reading).course, Course::Undecided);
}

#[test]
fn a_step_advances_after_its_pairs_and_not_before() {
    let canary = started(&request());
    assert_eq!(step(&canary, &good(&canary, 29), &base(), at_s(99.0)), Verdict::Stay);
    let reading = good(&canary, 30);
    let verdict = step(&canary, &reading, &base(), at_s(99.0));
    assert_eq!(verdict, Verdict::Advance);
    let change = apply(&canary, &verdict, &reading, &head(), at_s(99.0)).unwrap();
    assert_eq!((change.canary.step, change.canary.version), (1, 2));
    assert_eq!((change.canary.changed_at, change.canary.created_at), (at_s(99.0), START));
    assert!(change.policy.is_none());
    assert!(change.event.reason.starts_with("advanced to 5 % of units per arm after 30 pairs"));
}

#[test]
fn harm_that_is_not_yet_a_rollback_holds_a_canary() {
    let mut request = request();
    request.margin = Some(0.2);
    let canary = started(&request);
    // 22 points worse: harm is clear before the loss is known to be over 20 points or under.
    let reading = after(&canary, 60, |k| k % 9 > 1, |_| true);
    assert!(reading.evidence.log_e_harm > 3.0 && reading.evidence.log_e_rollback < 3.0, "{reading:?}");
    let verdict = step(&canary, &reading, &base(), at_s(999.0));
    assert!(matches!(verdict, Verdict::Hold(HoldCause::Harm, _)), "{verdict:?}");
    let held = apply(&canary, &verdict, &reading, &head(), at_s(999.0)).unwrap().canary;
    assert_eq!((held.ceiling(), held.resumes_to), (0.01, CanaryState::Running));
    // It goes on by itself only when the evidence of harm has fallen, ten minutes later.
    let calm = good(&canary, 60);
    for (reading, after_s, resumes) in [(&reading, 601.0, false), (&calm, 599.0, false), (&calm, 601.0, true)] {
        let verdict = step(&held, reading, &base(), at_s(999.0 + after_s));
        assert_eq!(verdict == Verdict::Resume, resumes, "{after_s}: {verdict:?}");
    }
    // A person who has seen it and goes on is not stopped by the same again; proof of a loss over the margin still is.
    let change = act(&held, Action::Resume, "ada", "it may lose 20 points", &reading, &head(), at_s(1_000.0)).unwrap();
    assert_eq!(change.canary.accepted, [HoldCause::Harm]);
    assert_eq!(step(&change.canary, &reading, &base(), at_s(1_001.0)), Verdict::Advance);
    let ruin = bad(&canary, 600);
    assert!(matches!(step(&change.canary, &ruin, &base(), at_s(1_001.0)), Verdict::RollBack(_)));
    let tired = Canary { auto_resumes: 3, ..held };
    assert_eq!(step(&tired, &calm, &base(), at_s(9_999.0)), Verdict::Stay, "after three times a person decides");
}

#[test]
fn proof_promotes_on_the_last_step_only() {
    let canary = on_last_step();
    let reading = good(&canary, 600);
    assert_eq!(step(&canary, &reading, &base(), at_s(999.0)), Verdict::Promote);
    let early = Canary { step: 0, ..canary.clone() };
    assert_eq!(step(&early, &reading, &base(), at_s(999.0)), Verdict::Advance);
    let few = good(&canary, 99);
    assert_eq!(step(&canary, &few, &base(), at_s(999.0)), Verdict::Stay);
}

#[test]
fn a_promotion_makes_the_next_revision_and_gives_its_numbers() {
    let canary = on_last_step();
    let reading = after(&canary, 600, |k| k % 200 != 0, |k| k % 300 != 7);
    let change = apply(&canary, &Verdict::Promote, &reading, &head(), at_s(700.0)).unwrap();
    assert_eq!(change.canary.state, CanaryState::Promoted);
    let policy = change.policy.unwrap();
    assert_eq!((policy.revision.as_str(), policy.parent), ("r-0002", Some(head().revision)));
    assert_eq!(policy.admitted, ["sim/small", "sim/large"].map(DeploymentId::from));
    assert_eq!(policy.author, Author::Canary { id: canary.id });
    assert_eq!(policy.reason, change.event.reason);
    let evidence = &change.event.evidence;
    assert_eq!(
        policy.reason,
        format!(
            "not worse than sim/large by more than 0.03: log evidence {:.2} ≥ 4.71 after 600 pairs, \
             difference −0.002 [−{:.3}, +{:.3}]",
            evidence.log_e_promote, -evidence.lower, evidence.upper
        )
    );
}

#[test]
fn the_outlook_says_where_it_goes_and_how_long_it_takes() {
    let canary = on_last_step();
    let view = outlook(&canary, &good(&canary, 0));
    assert_eq!(view.sentence, "waiting for the first pairs: about 4275 more pairs");
    let view = outlook(&canary, &good(&canary, 200));
    assert_eq!(view.course, Course::Promote);
    assert!(view.sentence.starts_with("on course to promote after 200 pairs, difference +0.000"), "{}", view.sentence);
    assert!((150..=300).contains(&view.pairs_left.unwrap()), "{view:?}");
    let view = outlook(&canary, &after(&canary, 60, |k| k % 5 != 0, |_| true));
    assert_eq!(view.course, Course::RollBack);
    assert!(view.pairs_left.unwrap() < 100, "{view:?}");
    let at_margin = outlook(&canary, &after(&canary, 100, |k| k % 40 != 0, |_| true));
    assert_eq!(at_margin.pairs_left, None);
    assert!(at_margin.sentence.ends_with("no decision in sight before it expires at 20000 pairs"));
    let over = Canary { state: CanaryState::Expired, reason: "undecided".into(), ..canary };
    assert_eq!(outlook(&over, &good(&over, 5)).sentence, "undecided");
}

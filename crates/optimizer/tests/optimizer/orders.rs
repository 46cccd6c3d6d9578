use weir_core::{
    RevisionId,
    canary::{Canary, CanaryState},
    policy::Author,
};
use weir_optimizer::canary::{Action, Verdict};

use crate::{
    make::{at_s, head, request, started},
    readings::{act, apply, bad, good, on_last_step, step},
};

#[test]
fn another_revision_supersedes_a_canary_whatever_its_evidence() {
    let canary = on_last_step();
    let newer = RevisionId::from("r-0002");
    assert_eq!(step(&canary, &good(&canary, 600), &newer, at_s(999.0)), Verdict::Supersede);
    let mut head = head();
    head.revision = newer;
    let change = apply(&canary, &Verdict::Supersede, &good(&canary, 10), &head, at_s(9.0)).unwrap();
    assert_eq!(change.event.reason, "revision r-0002 replaced r-0001, on which it was based");
    let problem = act(&canary, Action::Promote, "ada", "", &good(&canary, 10), &head, at_s(9.0)).unwrap_err();
    assert_eq!(problem.code.status, 409);
}

#[test]
fn a_final_state_never_changes() {
    for state in [CanaryState::Promoted, CanaryState::RolledBack, CanaryState::Expired, CanaryState::Superseded] {
        let canary = Canary { state, ..on_last_step() };
        for reading in [good(&canary, 600), bad(&canary, 600)] {
            assert_eq!(step(&canary, &reading, &RevisionId::from("r-0009"), at_s(1e9)), Verdict::Stay);
            for action in [Action::Pause, Action::Resume, Action::Promote, Action::RollBack] {
                let refused = act(&canary, action, "ada", "", &reading, &head(), at_s(1e9)).unwrap_err();
                assert_eq!(refused.code.status, 409);
            }
        }
    }
}

#[test]
fn people_may_pause_resume_promote_and_roll_back() {
    let canary = started(&request());
    let reading = good(&canary, 5);
    let order = |canary: &Canary, action, reason| act(canary, action, "ada", reason, &reading, &head(), at_s(9.0));
    let paused = order(&canary, Action::Pause, "").unwrap().canary;
    assert_eq!((paused.state, paused.reason.as_str()), (CanaryState::Held, "paused by ada"));
    assert!(order(&paused, Action::Pause, "").unwrap_err().message.contains("is held, wanted running"));
    assert!(order(&canary, Action::Resume, "").is_err());
    let taken_back = order(&paused, Action::RollBack, " costs too much ").unwrap();
    assert_eq!(taken_back.event.reason, "rolled back by ada: costs too much");
    assert_eq!(taken_back.event.actor, "ada");
    let promoted = order(&canary, Action::Promote, "known good").unwrap();
    assert_eq!(promoted.policy.unwrap().author, Author::Operator { name: "ada".into() });
}

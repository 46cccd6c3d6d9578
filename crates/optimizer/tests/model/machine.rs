//! The machine by itself: every letter of evidence, every order of two people, freezes, ends of arms and revisions, and
//! time, from the proposal to the end. Writes happen at once.

use std::sync::LazyLock;

use weir_core::canary::{Canary, CanaryEvent, CanaryState};
use weir_optimizer::canary::{Action, Change, Reading, Verdict, act, apply, replay, step};

use crate::{
    evidence::{Around, LETTERS, Letter, blank, reading},
    explore::{World, explore},
    row::{ACCEPTABLE, Age, Row, VERSION, head, started},
};

const ACTIONS: [Action; 6] =
    [Action::Approve, Action::Reject, Action::Pause, Action::Resume, Action::Promote, Action::RollBack];

/// A guard that is taken away, to see that its law is looked after.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Broken {
    /// The controller does not ask whether anything is frozen.
    Freeze,
    /// A frozen workload is not looked at at all.
    FrozenIsAsleep,
    /// Somebody approves without being asked.
    Approval,
    /// A promotion takes no proof.
    Proof,
    /// The event does not say what was decided on.
    Evidence,
    /// A change is stored without its event.
    Event,
    /// What is held neither clears nor expires nor listens.
    Deaf,
}

static TEMPLATE: LazyLock<(Canary, Reading)> = LazyLock::new(|| {
    let canary = started(|request| {
        request.shadow_pairs = Some(200);
        request.four_eyes = true;
    });
    let blank = blank(&canary);
    (canary, blank)
});

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Machine {
    row: Row,
    frozen: bool,
    /// Somebody who may approved it.
    approved: bool,
    /// Changes of the row without an event, or events without a change.
    unmatched: bool,
    broken: Option<Broken>,
}

#[derive(Debug, Clone)]
#[expect(dead_code, reason = "printed as the way to a broken law")]
enum Move {
    Look(Letter, Around),
    Order(Action, &'static str),
    Freeze,
    Thaw,
    Bakes,
    Expires,
}

impl Machine {
    fn new(broken: Option<Broken>) -> Self {
        Self { row: Row::of(&TEMPLATE.0), frozen: false, approved: false, unmatched: false, broken }
    }

    /// One look of the controller. What it decides must be what its own record would decide again.
    fn look(&self, letter: Letter, around: Around) -> Result<Self, String> {
        let (template, blank) = &*TEMPLATE;
        let canary = self.row.canary(template);
        let mut seen = reading(&canary, blank, letter, around);
        if self.broken == Some(Broken::Proof) {
            (seen.evidence.log_e_promote, seen.evidence.pairs) = (99.0, 4_000);
        }
        let mut decided_on = seen.clone();
        match self.broken {
            Some(Broken::Freeze) => decided_on.evidence.inputs.frozen = false,
            Some(Broken::Evidence) if letter == Letter::Harm => decided_on.evidence.log_e_harm = 0.0,
            _ => {}
        }
        let again = replay::again(&canary, &by_the_optimizer(&canary, &seen), &seen, head());
        let asleep = self.broken == Some(Broken::FrozenIsAsleep) && around.frozen;
        let verdict = if asleep { Verdict::Stay } else { step(&canary, &decided_on) };
        let change = apply(&canary, &verdict, &seen, head());
        let told = |change: &Change| (change.event.clone(), change.canary.clone());
        if change.as_ref().map(told) != again && !asleep && self.broken != Some(Broken::Freeze) {
            return Err("I6: the same record decides otherwise".to_owned());
        }
        let must_end = letter == Letter::Worse || around.tripped;
        if must_end && self.is_exposable() && change.is_none() {
            return Err("I7: proof of loss, and nothing happens".to_owned());
        }
        let Some(change) = change else { return Ok(self.clone()) };
        if change.canary.state == CanaryState::Promoted {
            if letter != Letter::Proven {
                return Err("promoted without proof".to_owned());
            }
            if around.frozen {
                return Err("promoted while frozen".to_owned());
            }
        }
        let forward = Row::of(&change.canary).state == CanaryState::Running && change.canary.step > self.row.step;
        if around.frozen && forward {
            return Err("advanced while frozen".to_owned());
        }
        self.stored(&change)
    }

    fn stored(&self, change: &Change) -> Result<Self, String> {
        if self.row.state.is_final() {
            return Err(format!("I3: {} changed to {}", self.row.state.name(), change.canary.state.name()));
        }
        let event = &change.event;
        if change.canary.version != VERSION + 1 || event.from != Some(self.row.state) {
            return Err("I3: an event does not start where the row stood".to_owned());
        }
        if change.policy.is_some() != (change.canary.state == CanaryState::Promoted) {
            return Err("I2: a revision without a promotion, or a promotion without one".to_owned());
        }
        let told = (event.state, event.step) == (change.canary.state, change.canary.step);
        let unmatched = !told || self.broken == Some(Broken::Event);
        Ok(Self { row: Row::of(&change.canary), unmatched, ..self.clone() })
    }

    fn order(&self, action: Action, actor: &'static str) -> Result<Self, String> {
        let (template, blank) = &*TEMPLATE;
        let mut canary = self.row.canary(template);
        if self.broken == Some(Broken::Approval) {
            canary.plan.four_eyes = false;
        }
        let around = Around { frozen: self.frozen, ..Around::default() };
        let seen = reading(&canary, blank, Letter::Quiet, around);
        let Ok(change) = act(&canary, action, actor, "", &seen, head()) else {
            // Taking back is never refused while there is something to take back.
            let refused = action == Action::RollBack && !self.row.state.is_final();
            return if refused { Err("I7: a rollback was refused".to_owned()) } else { Ok(self.clone()) };
        };
        if self.frozen && matches!(action, Action::Approve | Action::Resume | Action::Promote) {
            return Err("a freeze did not stop an order forwards".to_owned());
        }
        let approved = self.approved || action == Action::Approve && actor != "ada";
        Ok(Self { approved, ..self.stored(&change)? })
    }

    fn is_exposable(&self) -> bool {
        matches!(self.row.state, CanaryState::Running | CanaryState::Held | CanaryState::Verifying)
    }
}

/// Enough of an event to ask for it again.
fn by_the_optimizer(canary: &Canary, seen: &Reading) -> CanaryEvent {
    CanaryEvent {
        canary: canary.id.clone(),
        at: seen.evidence.inputs.now,
        actor: "optimizer".to_owned(),
        from: Some(canary.state),
        state: canary.state,
        step: canary.step,
        reason: String::new(),
        evidence: seen.evidence.clone(),
    }
}

impl World for Machine {
    type Move = Move;

    fn moves(&self) -> Vec<(Move, Result<Self, String>)> {
        let deaf = self.broken == Some(Broken::Deaf) && self.row.state == CanaryState::Held;
        if self.row.state.is_final() || deaf {
            return Vec::new();
        }
        let still = Around { frozen: self.frozen, ..Around::default() };
        let mut moves: Vec<(Move, Result<Self, String>)> = Vec::new();
        for letter in LETTERS {
            moves.push((Move::Look(letter, still), self.look(letter, still)));
        }
        for around in [
            Around { orphaned: true, ..still },
            Around { tripped: true, ..still },
            Around { lapsed: true, ..still },
            Around { replaced: true, ..still },
        ] {
            moves.push((Move::Look(Letter::Proven, around), self.look(Letter::Proven, around)));
        }
        for action in ACTIONS {
            for actor in ["ada", "bob"] {
                moves.push((Move::Order(action, actor), self.order(action, actor)));
            }
        }
        let freeze = if self.frozen { Move::Thaw } else { Move::Freeze };
        moves.push((freeze, Ok(Self { frozen: !self.frozen, ..self.clone() })));
        let row = self.row;
        moves.push((Move::Bakes, Ok(Self { row: Row { baked: true, ..row }, ..self.clone() })));
        moves.push((Move::Expires, Ok(Self { row: Row { baked: true, age: Age::Expired, ..row }, ..self.clone() })));
        moves
    }

    fn law(&self) -> Result<(), String> {
        if self.unmatched {
            return Err("I3: a change and its event differ".to_owned());
        }
        let begun = !matches!(self.row.state, CanaryState::AwaitingApproval) && !self.row.state.is_final();
        if begun && !self.approved {
            return Err("it began without the approval it takes".to_owned());
        }
        let ignored =
            ACCEPTABLE.into_iter().zip(self.row.accepted).any(|(cause, yes)| yes && self.row.held == Some(cause));
        if ignored {
            return Err("held for what a person has accepted".to_owned());
        }
        if self.row.auto_resumes > 3 {
            return Err("it went on by itself too often".to_owned());
        }
        Ok(())
    }

    fn is_over(&self) -> bool {
        self.row.state.is_final()
    }
}

#[test]
fn every_state_keeps_its_laws_and_leads_to_an_end() {
    let seen = explore(Machine::new(None)).unwrap();
    println!("machine: {} states, {} moves, depth {}", seen.states, seen.moves, seen.depth);
    assert_eq!(seen.stuck, 0, "{seen:?}");
    assert!(seen.states > 1_000 && seen.depth > 8, "{seen:?}");
}

#[test]
fn without_a_guard_its_law_breaks() {
    for (broken, law) in [
        (Broken::Freeze, "while frozen"),
        (Broken::FrozenIsAsleep, "I7: proof of loss"),
        (Broken::Approval, "without the approval"),
        (Broken::Proof, "without proof"),
        (Broken::Evidence, "I6"),
        (Broken::Event, "I3"),
    ] {
        let found = explore(Machine::new(Some(broken))).expect_err("a law breaks");
        println!("without {broken:?}: {found}");
        assert!(found.contains(law), "{broken:?}: {found}");
    }
    let deaf = explore(Machine::new(Some(Broken::Deaf))).unwrap();
    println!("without {:?}: {} of {} states lead nowhere", Broken::Deaf, deaf.stuck, deaf.states);
    assert!(deaf.stuck > 0);
}

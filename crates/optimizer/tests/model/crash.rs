//! Two controllers and a gateway around one row. Each of them may stop between any two effects: read and decided,
//! taken out of the gateway, stored, granted. Versions are counted from the newest, so that the world is finite.

use std::{
    collections::HashMap,
    sync::{LazyLock, Mutex},
};

use weir_core::canary::{Canary, CanaryState};
use weir_optimizer::canary::{Action, Reading, act, apply, step};

use crate::{
    evidence::{Around, Letter, blank, reading},
    explore::{World, explore},
    row::{Row, head, started},
};

/// Ticks that a grant lasts; it is renewed at every look.
const LEASE: u8 = 2;
/// Versions older than this are all alike.
const OLD: u8 = 2;

/// A guard that is taken away, to see that its law is looked after.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Broken {
    /// The store takes a second active canary of a workload.
    OneActive,
    /// The store takes a second child of a revision.
    OneChild,
    /// The store does not ask which version was read.
    Compare,
    /// The gateway does not look at the end of a lease.
    Lease,
    /// The gateway exposes again what was just taken back.
    Gate,
    /// A retreat is stored before it is published.
    Order,
}

/// A change on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Doing {
    /// Leave to expose the version that was read.
    Grant,
    /// The row's next state; a retreat is published first.
    Change { next: Row, promotes: bool, retreats: bool, published: bool },
}

/// What one controller holds in its hands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Hand {
    /// Versions that the row has moved on since it was read.
    behind: u8,
    /// The row as it was read.
    read: Row,
    doing: Doing,
}

/// Something that names a version, and its ticks to live.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Leave {
    behind: u8,
    left: u8,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Place {
    row: Row,
    /// Another active canary of the workload is stored.
    second: bool,
    /// Revisions whose parent is the one this canary is based on.
    children: u8,
    grant: Option<Leave>,
    /// What the gateway was told to expose.
    slot: Option<Leave>,
    /// Versions up to this one are shut at the gateway.
    shut: u8,
    tripped: bool,
    /// Ticks since leave was last given.
    unrenewed: u8,
    hands: [Option<Hand>; 2],
    broken: Option<Broken>,
}

#[derive(Debug, Clone)]
#[expect(dead_code, reason = "printed as the way to a broken law")]
enum Move {
    Look(usize, Letter, bool),
    Order(usize, Action),
    Act(usize),
    Dies(usize),
    Publishes,
    Breaks,
    Tick,
    StartAnother,
    OtherRevision,
}

static TEMPLATE: LazyLock<(Canary, Reading)> = LazyLock::new(|| {
    let canary = started(|request| {
        request.steps = Some(vec![0.5]);
        request.hold_clear_ms = Some(u64::MAX);
    });
    let blank = blank(&canary);
    (canary, blank)
});

/// Looks and orders that were computed before: many worlds ask the same.
type Known = HashMap<(Row, Letter, Around, Option<u8>), Option<Doing>>;
static KNOWN: LazyLock<Mutex<Known>> = LazyLock::new(Mutex::default);

fn decide(row: Row, letter: Letter, around: Around, action: Option<Action>) -> Option<Doing> {
    let key = (row, letter, around, action.map(|action| action as u8));
    if let Some(known) = KNOWN.lock().unwrap().get(&key) {
        return *known;
    }
    let (template, blank) = &*TEMPLATE;
    let canary = row.canary(template);
    let seen = reading(&canary, blank, letter, around);
    let doing = if let Some(action) = action {
        act(&canary, action, "bob", "", &seen, head()).ok().map(|change| (change, action.retreats()))
    } else {
        let verdict = step(&canary, &seen);
        apply(&canary, &verdict, &seen, head()).map(|change| (change, verdict.retreats()))
    };
    let doing = doing.map(|(change, retreats)| Doing::Change {
        next: Row::of(&change.canary),
        promotes: change.policy.is_some(),
        retreats,
        published: false,
    });
    let doing = doing.or_else(|| (action.is_none() && canary.ceiling() > 0.0).then_some(Doing::Grant));
    KNOWN.lock().unwrap().insert(key, doing);
    doing
}

impl Place {
    fn new(broken: Option<Broken>) -> Self {
        Self {
            row: Row::of(&TEMPLATE.0),
            second: false,
            children: 0,
            grant: None,
            slot: None,
            shut: OLD,
            tripped: false,
            unrenewed: LEASE,
            hands: [None; 2],
            broken,
        }
    }

    /// A request that comes now would be exposed.
    fn exposes(&self) -> bool {
        let in_time = |slot: &Leave| slot.left > 0 || self.broken == Some(Broken::Lease);
        self.slot.as_ref().is_some_and(in_time)
    }

    fn take(&self, who: usize, hand: Option<Hand>) -> Self {
        let mut next = self.clone();
        next.hands[who] = hand;
        // The two are alike.
        next.hands.sort();
        next
    }

    fn hold(&self, who: usize, doing: Option<Doing>) -> Option<Self> {
        Some(self.take(who, Some(Hand { behind: 0, read: self.row, doing: doing? })))
    }

    /// The next effect of what this one has in its hands.
    fn act(&self, who: usize, hand: Hand) -> Result<Self, String> {
        match hand.doing {
            Doing::Grant => {
                let mut next = self.take(who, None);
                if hand.behind == 0 && !self.row.state.is_final() {
                    (next.grant, next.unrenewed) = (Some(Leave { behind: 0, left: LEASE }), 0);
                }
                Ok(next)
            }
            Doing::Change { next, promotes, retreats: true, published: false }
                if self.broken != Some(Broken::Order) =>
            {
                let doing = Doing::Change { next, promotes, retreats: true, published: true };
                let mut published = self.take(who, Some(Hand { doing, ..hand }));
                published.shut = published.shut.min(hand.behind);
                if self.broken != Some(Broken::Gate) {
                    published.slot = None;
                }
                Ok(published)
            }
            Doing::Change { next, promotes, retreats, .. } => self.store(who, hand, (next, promotes, retreats)),
        }
    }

    fn store(&self, who: usize, hand: Hand, (row, promotes, retreats): (Row, bool, bool)) -> Result<Self, String> {
        let stale = hand.behind > 0 || self.row.state.is_final();
        let second_child = promotes && self.children > 0 && self.broken != Some(Broken::OneChild);
        if stale && self.broken != Some(Broken::Compare) || second_child {
            return Ok(self.take(who, None));
        }
        if hand.read != self.row {
            return Err(format!("I3: a change from {:?} replaced {:?}", hand.read, self.row));
        }
        if retreats && self.exposes() {
            return Err("I7: a retreat was stored while the gateway still exposed".to_owned());
        }
        let older = |behind: u8| (behind + 1).min(OLD);
        let leave = |leave: Option<Leave>| leave.map(|leave| Leave { behind: older(leave.behind), ..leave });
        let mut next = self.take(who, None);
        next.row = row;
        next.children += u8::from(promotes);
        (next.grant, next.slot, next.shut) = (leave(next.grant), leave(next.slot), older(next.shut));
        for hand in next.hands.iter_mut().flatten() {
            hand.behind = older(hand.behind);
        }
        next.hands.sort();
        Ok(next)
    }

    /// The publisher reads rows and grants, and tells the gateway.
    fn publish(&self) -> Self {
        let granted = self.grant.filter(|grant| grant.behind == 0 && grant.left > 0);
        let open = self.shut > 0 || self.broken == Some(Broken::Gate);
        let exposed = self.row.canary(&TEMPLATE.0).ceiling() > 0.0;
        Self { slot: granted.filter(|_| open && exposed), ..self.clone() }
    }
}

impl World for Place {
    type Move = Move;

    fn moves(&self) -> Vec<(Move, Result<Self, String>)> {
        let mut moves: Vec<(Move, Result<Self, String>)> = Vec::new();
        for who in 0..2 {
            if let Some(hand) = self.hands[who] {
                moves.push((Move::Act(who), self.act(who, hand)));
                moves.push((Move::Dies(who), Ok(self.take(who, None))));
                continue;
            }
            if who == 1 && self.hands[0].is_none() || self.row.state.is_final() {
                continue;
            }
            for letter in [Letter::Quiet, Letter::Proven, Letter::Worse] {
                // A controller that came up since does not know that the lease had lapsed.
                for lapsed in [false, true] {
                    let around = Around {
                        lapsed: lapsed && self.unrenewed >= LEASE,
                        tripped: self.tripped,
                        replaced: self.children > 0,
                        ..Around::default()
                    };
                    let next = self.hold(who, decide(self.row, letter, around, None));
                    moves.extend(next.map(|next| (Move::Look(who, letter, lapsed), Ok(next))));
                }
            }
            for action in [Action::Pause, Action::Resume, Action::Promote, Action::RollBack] {
                let next = self.hold(who, decide(self.row, Letter::Quiet, Around::default(), Some(action)));
                moves.extend(next.map(|next| (Move::Order(who, action), Ok(next))));
            }
        }
        moves.push((Move::Publishes, Ok(self.publish())));
        if self.exposes() && !self.tripped {
            let mut broken = Self { tripped: true, shut: 0, ..self.clone() };
            if self.broken != Some(Broken::Gate) {
                broken.slot = None;
            }
            moves.push((Move::Breaks, Ok(broken)));
        }
        let later = |leave: Option<Leave>| leave.map(|leave| Leave { left: leave.left.saturating_sub(1), ..leave });
        let unrenewed = (self.unrenewed + 1).min(LEASE);
        moves.push((
            Move::Tick,
            Ok(Self { grant: later(self.grant), slot: later(self.slot), unrenewed, ..self.clone() }),
        ));
        let free = self.row.state.is_final() || self.broken == Some(Broken::OneActive);
        if free && !self.second {
            moves.push((Move::StartAnother, Ok(Self { second: true, ..self.clone() })));
        }
        if self.children == 0 || self.broken == Some(Broken::OneChild) && self.children < 2 {
            moves.push((Move::OtherRevision, Ok(Self { children: self.children + 1, ..self.clone() })));
        }
        moves
    }

    fn law(&self) -> Result<(), String> {
        if self.second && !self.row.state.is_final() {
            return Err("I1: two canaries of one workload are active".to_owned());
        }
        if self.children > 1 {
            return Err("I2: two revisions with one parent".to_owned());
        }
        if self.exposes() && self.unrenewed >= LEASE {
            return Err("I4: exposure without leave".to_owned());
        }
        if self.exposes() && self.tripped && self.shut == 0 {
            return Err("I7: the gateway exposes what it has shut".to_owned());
        }
        Ok(())
    }

    fn is_over(&self) -> bool {
        self.row.state.is_final()
    }
}

#[test]
fn stopped_anywhere_nothing_is_lost_or_done_twice_or_exposed_without_leave() {
    let seen = explore(Place::new(None)).unwrap();
    println!("crash: {} states, {} moves, depth {}", seen.states, seen.moves, seen.depth);
    assert_eq!(seen.stuck, 0, "{seen:?}");
    assert!(seen.states > 10_000, "{seen:?}");
}

#[test]
fn without_a_guard_its_law_breaks() {
    for (broken, law) in [
        (Broken::OneActive, "I1"),
        (Broken::OneChild, "I2"),
        (Broken::Compare, "I3"),
        (Broken::Lease, "I4"),
        (Broken::Gate, "I7"),
        (Broken::Order, "I7"),
    ] {
        let found = explore(Place::new(Some(broken))).expect_err("a law breaks");
        println!("without {broken:?}: {found}");
        assert!(found.starts_with(law), "{broken:?}: {found}");
    }
}

#[test]
fn a_promotion_that_lost_the_race_for_the_revision_changes_nothing() {
    let mut place = Place::new(None);
    place.row = Row { state: CanaryState::Verifying, ..place.row };
    let promotes = decide(place.row, Letter::Proven, Around::default(), None);
    assert!(matches!(promotes, Some(Doing::Change { promotes: true, .. })), "{promotes:?}");
    let decided = Place { children: 1, ..place.hold(0, promotes).unwrap() };
    let who = decided.hands.iter().position(Option::is_some).unwrap();
    let after = decided.act(who, decided.hands[who].unwrap()).unwrap();
    assert_eq!((after.row, after.children), (place.row, 1));
}

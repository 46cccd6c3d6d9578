//! A bounded alphabet of evidence: each letter is a real reading, bent in the one place that matters.

use weir_core::canary::{Canary, GuardReading, Inputs, StratumReading};
use weir_optimizer::{
    canary::{Reading, read},
    pairing::{OtherVersion, PairState},
};

use crate::row::{NOW, head};

/// What the pairs say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Letter {
    /// Nothing yet.
    Quiet,
    /// Pairs enough for the next step, or for the end of the shadow.
    Enough,
    /// Proof that the loss is within the margin.
    Proven,
    /// It is worse at all.
    Harm,
    /// Proof that it is worse than the margin.
    Worse,
    /// Arms of unequal size.
    Units,
    /// Slow.
    Slow,
    /// The scorer is unwell.
    Unwell,
    /// The scorer has another version.
    Rescored,
    /// One segment is proven worse.
    Segment,
    /// All pairs are used up.
    Spent,
}

pub(crate) const LETTERS: [Letter; 11] = [
    Letter::Quiet,
    Letter::Enough,
    Letter::Proven,
    Letter::Harm,
    Letter::Worse,
    Letter::Units,
    Letter::Slow,
    Letter::Unwell,
    Letter::Rescored,
    Letter::Segment,
    Letter::Spent,
];

/// What a look finds around the pairs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(crate) struct Around {
    pub(crate) frozen: bool,
    pub(crate) orphaned: bool,
    pub(crate) tripped: bool,
    pub(crate) lapsed: bool,
    /// Somebody else's revision is the head.
    pub(crate) replaced: bool,
}

/// The reading with this letter; `blank` is the reading of the same plan without any pairs.
pub(crate) fn reading(canary: &Canary, blank: &Reading, letter: Letter, around: Around) -> Reading {
    let mut reading = blank.clone();
    let evidence = &mut reading.evidence;
    evidence.share = canary.ceiling();
    evidence.inputs = Inputs {
        now: NOW,
        complete_before: NOW,
        head: if around.replaced { "r-0009".into() } else { head().revision.clone() },
        frozen: around.frozen,
        orphaned: around.orphaned,
        tripped: around.tripped,
        lapsed: around.lapsed,
        ..Inputs::default()
    };
    let guard = |name: &str| GuardReading {
        name: name.into(),
        bad: 9,
        n: 10,
        allowed: 0.1,
        log_e: 9.0,
        hold_at: Some(1.0),
        rollback_at: None,
        log_e_fine: None,
        promote_at: None,
    };
    match letter {
        Letter::Quiet => {}
        Letter::Enough => {
            (evidence.pairs, evidence.step_pairs) = (400, 400);
            (evidence.lower, evidence.log_e_promote) = (-0.1, 1.0);
        }
        Letter::Proven => {
            (evidence.pairs, evidence.step_pairs) = (4_000, 400);
            (evidence.lower, evidence.log_e_promote) = (-0.01, 99.0);
        }
        Letter::Harm => (evidence.pairs, evidence.log_e_harm) = (400, 3.5),
        Letter::Worse => (evidence.pairs, evidence.log_e_rollback, evidence.log_e_harm) = (400, 99.0, 99.0),
        Letter::Units => evidence.guards.push(guard("units")),
        Letter::Slow => evidence.guards.push(guard("latency")),
        Letter::Unwell => evidence.guards.push(guard("scorer")),
        Letter::Rescored => {
            reading.other_version = Some(OtherVersion { guard: None, was: "v1".into(), now: "v2".into() });
        }
        Letter::Segment => {
            // The first time it is a fifth of the traffic that is worse, then the rest.
            let bad = if canary.scoped_out.is_empty() { "a" } else { "b" };
            evidence.strata = [("a", 0.2), ("b", 0.8)]
                .map(|(name, traffic)| StratumReading {
                    segment: name.into(),
                    traffic,
                    pairs: 100,
                    delta: -0.3,
                    lower: -0.4,
                    upper: -0.2,
                    log_e_promote: 0.0,
                    promote_at: 2.0,
                    log_e_rollback: if name == bad { 99.0 } else { 0.0 },
                    scope_out_at: 4.0,
                    scoped_out: canary.scoped_out.iter().any(|out| **out == *name),
                })
                .to_vec();
        }
        Letter::Spent => evidence.pairs = canary.plan.max_pairs,
    }
    reading
}

/// The reading of a canary without any pairs.
pub(crate) fn blank(canary: &Canary) -> Reading {
    read(canary, &PairState::of(canary), &Inputs::default())
}

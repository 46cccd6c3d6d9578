//! Readings of evidence made to measure.

use weir_core::{
    Problem, RevisionId, Timestamp,
    canary::{Canary, Inputs, JudgeBias},
    decision::Arm,
    policy::Policy,
};
use weir_optimizer::{
    canary::{self, Action, Change, Reading, Verdict},
    pairing::PairState,
};

use crate::make::{at_s, exposure, head, moment, request, started};

/// A reading after `n` pairs whose arms pass as told by the pair's number.
pub(crate) fn after(
    canary: &Canary,
    n: u32,
    candidate: impl Fn(u32) -> bool,
    control: impl Fn(u32) -> bool,
) -> Reading {
    read(canary, &pairs_after(canary, n, candidate, control))
}

/// The pairs of such a reading.
pub(crate) fn pairs_after(
    canary: &Canary,
    n: u32,
    candidate: impl Fn(u32) -> bool,
    control: impl Fn(u32) -> bool,
) -> PairState {
    let grade = |pass: bool| Some(f64::from(u8::from(pass)));
    let exposures = (0..n).flat_map(|k| {
        let (id, at) = (u128::from(k) * 2, f64::from(k));
        [
            exposure(id, Arm::Candidate, at, grade(candidate(k))),
            exposure(id + 1, Arm::Control, at + 0.5, grade(control(k))),
        ]
    });
    let mut pairs = PairState::new(canary.plan.margin);
    pairs.fold(exposures, &moment(f64::from(n) + 60.0));
    pairs
}

/// A reading of good pairs beside what people said of the scorer, so long after the start that nothing else is waited for.
pub(crate) fn labelled(canary: &Canary, n: u32, bias: Option<JudgeBias>) -> Reading {
    let pairs = pairs_after(canary, n, |_| true, |_| true);
    let inputs = Inputs { head: base(), now: at_s(9_999.0), bias, ..Inputs::default() };
    canary::read(canary, &pairs, &inputs)
}

pub(crate) fn good(canary: &Canary, n: u32) -> Reading {
    after(canary, n, |_| true, |_| true)
}

pub(crate) fn bad(canary: &Canary, n: u32) -> Reading {
    after(canary, n, |_| false, |_| true)
}

pub(crate) fn on_last_step() -> Canary {
    Canary { step: 3, ..started(&request()) }
}

pub(crate) fn base() -> RevisionId {
    head().revision
}

/// A reading with quiet surroundings.
pub(crate) fn read(canary: &Canary, pairs: &PairState) -> Reading {
    let inputs = Inputs { in_flight: pairs.in_flight(), head: base(), ..Inputs::default() };
    canary::read(canary, pairs, &inputs)
}

/// The same reading at this time under this head.
pub(crate) fn seen(reading: &Reading, head: &RevisionId, now: Timestamp) -> Reading {
    let mut reading = reading.clone();
    (reading.evidence.inputs.now, reading.evidence.inputs.head) = (now, head.clone());
    reading
}

pub(crate) fn step(canary: &Canary, reading: &Reading, head: &RevisionId, now: Timestamp) -> Verdict {
    canary::step(canary, &seen(reading, head, now))
}

pub(crate) fn apply(
    canary: &Canary,
    verdict: &Verdict,
    reading: &Reading,
    head: &Policy,
    now: Timestamp,
) -> Option<Change> {
    canary::apply(canary, verdict, &seen(reading, &head.revision, now), head)
}

pub(crate) fn act(
    canary: &Canary,
    action: Action,
    actor: &str,
    reason: &str,
    reading: &Reading,
    head: &Policy,
    now: Timestamp,
) -> Result<Change, Problem> {
    canary::act(canary, action, actor, reason, &seen(reading, &head.revision, now), head)
}

//! Readings of evidence made to measure.

use weir_core::{RevisionId, canary::Canary, decision::Arm};
use weir_optimizer::{
    canary::{Reading, read},
    pairing::PairState,
};

use crate::make::{exposure, head, moment, request, started};

/// A reading after `n` pairs whose arms pass as told by the pair's number.
pub(crate) fn after(
    canary: &Canary,
    n: u32,
    candidate: impl Fn(u32) -> bool,
    control: impl Fn(u32) -> bool,
) -> Reading {
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
    read(canary, &pairs)
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

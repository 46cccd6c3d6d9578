//! The same canary through the whole machine: exposures folded, read and stepped as the reconciler does it. Far slower
//! than the two tests by themselves, so a few runs of it say that the tables of many are about the real one.

use std::time::Duration;

use weir_core::{
    SpanId, Timestamp,
    canary::{Baseline, Canary, Exposure, Inputs},
    decision::Arm,
    entropy::Seeded,
    policy::Stage,
    workload::{Deadlines, Workload},
};
use weir_optimizer::{
    canary::{Ground, StartRequest, Verdict, read, start, step},
    pairing::{Moment, PairState},
    revision,
};

use super::{
    arms::{End, MARGIN, PAIRS},
    draw::{Draw, Random},
};

/// One pair a second.
const SECOND_US: i64 = 1_000_000;
const START: Timestamp = Timestamp(1_800_000_000_000_000);

fn canary(baseline: f64) -> Option<Canary> {
    let workload = Workload {
        id: "maths".into(),
        candidates: ["sim/large", "sim/small"].map(Into::into).to_vec(),
        floor: Some(baseline - MARGIN),
        scorers: vec!["exact".into()],
        quality: "exact".into(),
        sample: 1.0,
        half_life_s: 86_400.0,
        segments: Vec::new(),
        tenants: Vec::new(),
        guards: Vec::new(),
        optimize: Default::default(),
        deadlines: Deadlines::default(),
        strictness: Default::default(),
    };
    let request = StartRequest {
        steps: Some(vec![0.5]),
        max_pairs: Some(u64::from(PAIRS)),
        bake_ms: Some(0),
        min_duration_ms: Some(0),
        verify_pairs: Some(0),
        ..StartRequest::new(workload.id.clone(), "sim/small".into())
    };
    let head = revision::first(&workload, &[], vec![Stage::Canary], START);
    let ground = Ground { workload: &workload, head: &head, history: &[], baseline: Baseline::default(), kin: &[] };
    start(&request, &ground, "simulate", &Seeded::new(1), START).ok().map(|(canary, _)| canary)
}

fn exposure(number: u32, arm: Arm, cents: i32) -> Exposure {
    let id = u64::from(number) * 2 + u64::from(arm == Arm::Control);
    let assigned_at = Timestamp(START.0 + i64::from(number) * SECOND_US + i64::from(arm == Arm::Control));
    Exposure {
        span_id: SpanId::from_bits(u128::from(id) + 1),
        unit: id,
        session: false,
        arm,
        segment: "all".into(),
        assigned_at,
        ended_at: assigned_at,
        failed: false,
        ttft_us: None,
        guarded: Vec::new(),
        cost_nano: None,
        grade: Some(f64::from(cents) / 100.0),
        graded_at: Some(assigned_at),
        unscored: false,
        version: Some("v1".into()),
    }
}

/// How a canary ends, looked at after every pair. A hold is passed over: a person may always resume it.
pub(super) fn run(baseline: f64, candidate: &Draw, control: &Draw, random: &mut Random) -> Option<End> {
    let canary = canary(baseline)?;
    let mut pairs = PairState::of(&canary);
    for n in 1..=PAIRS {
        let (newcomer, stable) = (candidate.cents(random), control.cents(random));
        let now = START.plus(Duration::from_secs(u64::from(n) + 10));
        let inputs = Inputs { now, complete_before: now, head: canary.base.clone(), ..Inputs::default() };
        let both = [exposure(n, Arm::Candidate, newcomer), exposure(n, Arm::Control, stable)];
        pairs.fold(both, &Moment::of(&canary, &inputs));
        match step(&canary, &read(&canary, &pairs, &inputs)) {
            Verdict::Promote => return Some(End::Promoted(n)),
            Verdict::RollBack(_) => return Some(End::RolledBack(n)),
            Verdict::Expire => return Some(End::Undecided),
            _ => {}
        }
    }
    Some(End::Undecided)
}

//! Whole canaries, from traffic to verdict, with seeded answers. Beside each trap stands the naive fold that falls
//! into it, so that the scenario is known to bite.

use std::time::Duration;

use weir_core::{
    Entropy, SpanId, Timestamp,
    canary::{Canary, CanaryState},
    decision::Arm,
    entropy::Seeded,
};
use weir_optimizer::{
    canary::{StartRequest, apply, step},
    pairing::{Exposure, Moment, PairState},
};
use weir_stats::{
    eprocess::{Grid, log_e_promote},
    histogram::PairHistogram,
};

use crate::{
    make::{START, at_s, exposure, head, moment, request, started},
    readings::{read, seen},
};

/// Seconds between two looks.
const TICK_S: f64 = 4.0;
/// Units per second, both arms and bystanders.
const RATE: f64 = 20.0;
const END_S: f64 = 1_000.0;

/// How a candidate behaves; the control passes 90 % and is scored after a second.
#[derive(Clone, Copy)]
struct Candidate {
    passes: f64,
    /// Seconds until a bad answer is scored; `None` means never.
    bad_scored_after: Option<f64>,
}

const CONTROL: Candidate = Candidate { passes: 0.9, bad_scored_after: Some(1.0) };

fn plan() -> StartRequest {
    let mut request = request();
    request.margin = Some(0.05);
    request.steps = Some(vec![0.05, 0.25, 0.5]);
    request.score_timeout_ms = Some(30_000);
    request
}

/// The exposures of one tick of traffic at this share per arm.
fn traffic(from_s: f64, share: f64, candidate: Candidate, entropy: &Seeded) -> Vec<Exposure> {
    let units = (TICK_S * RATE) as u32;
    (0..units)
        .filter_map(|k| {
            let (point, luck) = (entropy.next_unit(), entropy.next_unit());
            let (arm, behaviour) = match point {
                p if p < share => (Arm::Candidate, candidate),
                p if p >= 1.0 - share => (Arm::Control, CONTROL),
                _ => return None,
            };
            let assigned_s = from_s + f64::from(k) / RATE;
            let ended_s = assigned_s + 0.3;
            let good = luck < behaviour.passes;
            let delay = if good { Some(1.0) } else { behaviour.bad_scored_after };
            Some(Exposure {
                span_id: SpanId::draw(entropy),
                unit: entropy.next_u64(),
                session: false,
                arm,
                segment: "all".into(),
                assigned_at: at_s(assigned_s),
                ended_at: at_s(ended_s),
                failed: false,
                ttft_us: None,
                guarded: Vec::new(),
                cost_nano: None,
                grade: delay.map(|_| f64::from(u8::from(good))),
                graded_at: delay.map(|delay| at_s(ended_s + delay)),
                unscored: false,
                version: delay.map(|_| "v1".into()),
            })
        })
        .collect()
}

/// As the store would show it at `now`.
fn shown(exposure: &Exposure, now: Timestamp) -> Exposure {
    let mut row = exposure.clone();
    if row.graded_at.is_some_and(|at| at > now) {
        (row.grade, row.graded_at) = (None, None);
    }
    row
}

/// Runs a canary to its end; the canary, and how many requests its candidate got.
fn run(candidate: Candidate, seed: u64) -> (Canary, usize) {
    let entropy = Seeded::new(seed);
    let mut canary = started(&plan());
    let mut all: Vec<Exposure> = Vec::new();
    let mut pairs = PairState::new(canary.plan.margin);
    let mut now_s = 0.0;
    while now_s < END_S && !canary.state.is_final() {
        all.extend(traffic(now_s, canary.ceiling(), candidate, &entropy));
        now_s += TICK_S;
        let now = at_s(now_s);
        let wanted = all.iter().rev().take_while(|one| one.assigned_at > pairs.watermark());
        let moment = Moment {
            now,
            complete_before: at_s(now_s - 0.3),
            in_flight: 0,
            since: canary.changed_at,
            score_timeout: Duration::from_millis(canary.plan.score_timeout_ms),
        };
        pairs.fold(wanted.map(|one| shown(one, now)).collect::<Vec<_>>(), &moment);
        let reading = seen(&read(&canary, &pairs), &head().revision, now);
        let verdict = step(&canary, &reading);
        if let Some(change) = apply(&canary, &verdict, &reading, &head()) {
            canary = change.canary;
        }
    }
    let exposed = all.iter().filter(|one| one.arm == Arm::Candidate).count();
    (canary, exposed)
}

/// The naive fold: grades pair up as they arrive, answers without one are left out. True when it ever promotes.
fn naive_promotes(candidate: Candidate, seed: u64) -> bool {
    let entropy = Seeded::new(seed);
    let grid = Grid::for_margin(0.05);
    let all: Vec<Exposure> =
        (0..20).flat_map(|tick| traffic(f64::from(tick) * TICK_S, 0.25, candidate, &entropy)).collect();
    let mut arrived: Vec<_> = all.iter().filter_map(|one| Some((one.graded_at?, one.arm, one.grade?))).collect();
    arrived.sort_by_key(|&(at, ..)| at);
    let of = |arm| arrived.iter().filter(move |(_, of, _)| *of == arm);
    let mut pairs = PairHistogram::default();
    of(Arm::Candidate).zip(of(Arm::Control)).any(|((.., a), (.., b))| {
        pairs.add(*a, *b);
        pairs.n() >= 100 && log_e_promote(&grid, &pairs, 0.05) >= 100_f64.ln()
    })
}

const SEEDS: u64 = 8;

fn ends(candidate: Candidate) -> Vec<(CanaryState, usize)> {
    (0..SEEDS)
        .map(|seed| {
            let (canary, exposed) = run(candidate, seed);
            (canary.state, exposed)
        })
        .collect()
}

fn count(ends: &[(CanaryState, usize)], state: CanaryState) -> usize {
    ends.iter().filter(|end| end.0 == state).count()
}

#[test]
fn an_equal_candidate_is_promoted() {
    let ends = ends(CONTROL);
    println!("equal: {ends:?}");
    assert!(count(&ends, CanaryState::Promoted) >= 7, "{ends:?}");
    assert_eq!(count(&ends, CanaryState::RolledBack), 0);
}

#[test]
fn a_candidate_twenty_points_worse_is_rolled_back_quickly() {
    let mut ends = ends(Candidate { passes: 0.7, ..CONTROL });
    ends.sort_by_key(|end| end.1);
    println!("−20 points: {ends:?}");
    assert_eq!(count(&ends, CanaryState::RolledBack), ends.len());
    assert!(ends[ends.len() / 2].1 <= 300, "{ends:?}");
}

#[test]
fn late_scores_of_bad_answers_fool_arrival_order_and_not_the_watermark() {
    let slow = Candidate { passes: 0.8, bad_scored_after: Some(25.0) };
    let naive = (0..SEEDS).filter(|&seed| naive_promotes(slow, seed)).count();
    let ends = ends(slow);
    println!("bad answers scored late: naive promoted {naive} of {SEEDS}, ours {ends:?}");
    assert!(naive >= 6, "the scenario must bite: {naive}");
    assert_eq!(count(&ends, CanaryState::Promoted), 0, "{ends:?}");
}

#[test]
fn bad_answers_that_are_never_scored_fool_whoever_drops_them_and_not_us() {
    let silent = Candidate { passes: 0.7, bad_scored_after: None };
    let naive = (0..SEEDS).filter(|&seed| naive_promotes(silent, seed)).count();
    let ends = ends(silent);
    println!("bad answers never scored: naive promoted {naive} of {SEEDS}, ours {ends:?}");
    assert!(naive >= 6, "the scenario must bite: {naive}");
    assert_eq!(count(&ends, CanaryState::Promoted), 0, "{ends:?}");
}

#[test]
fn a_run_can_be_replayed_from_its_seed() {
    let (first, again) = (run(CONTROL, 5), run(CONTROL, 5));
    assert_eq!(first, again);
    assert_eq!(first.0.created_at, START);
}

/// True when the error guard ever reaches its bar, looking every twenty requests.
fn guard_ever_fires(candidate_fails: f64, control_fails: f64, seed: u64) -> bool {
    let entropy = Seeded::new(seed);
    let canary = started(&plan());
    let mut pairs = PairState::new(canary.plan.margin);
    (0..100).any(|look| {
        let from = look * 20;
        let requests = (from..from + 20).map(|k: u32| {
            let (arm, fails) = if entropy.next_unit() < 0.5 {
                (Arm::Candidate, candidate_fails)
            } else {
                (Arm::Control, control_fails)
            };
            let failed = entropy.next_unit() < fails;
            Exposure { failed, ..exposure(u128::from(k), arm, f64::from(k), Some(1.0)) }
        });
        pairs.fold(requests.collect::<Vec<_>>(), &moment(f64::from(from) + 22.0));
        read(&canary, &pairs).evidence.guards[0].rolls_back()
    })
}

#[test]
fn the_error_guard_leaves_alone_a_candidate_that_fails_as_often_as_the_control() {
    let fired = |candidate, control| (0..10).filter(|&seed| guard_ever_fires(candidate, control, seed)).count();
    for rate in [0.0, 0.05, 1.0] {
        assert_eq!(fired(rate, rate), 0, "both fail at {rate}");
    }
    // The known price: a control arm that fails often may look healthy in its first requests.
    assert!(fired(0.3, 0.3) <= 2);
    assert_eq!(fired(0.3, 0.05), 10);
}

//! What is tried next: eight cheaper candidates, of which the cheap ones are more often too bad, a little known of each,
//! and pairs for two or three trials. Each trial is a canary of its own, looked at after every pair; whoever is promoted
//! serves from then on. What is saved depends on who is tried first.

use std::fmt::Write as _;

use weir_core::{DeploymentId, Timestamp, workload::SEGMENT_ALL};
use weir_optimizer::{
    diff::{Facts, Side, propose},
    windows::{Window, Windows},
};

use super::{
    arms::{ALPHA_PROMOTE, End, MARGIN, Tests},
    draw::{PASS_80, Random},
    planner::score,
    run::each,
    scopes::mean,
};

/// Pairs for all trials together.
pub(super) const BUDGET: u32 = 6_000;
const CANDIDATES: usize = 8;
/// Grades that each candidate has before its trial.
const KNOWN: usize = 60;
/// Grades of what serves.
const SERVED: usize = 2_000;

/// Who is tried next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// The planner's: saving × probability / pairs.
    Planned,
    /// Whoever costs least.
    Cheapest,
    /// Whoever has the highest mean grade.
    Best,
    /// As they come.
    Random,
}

pub(super) const ORDERS: [Order; 4] = [Order::Planned, Order::Cheapest, Order::Best, Order::Random];

impl Order {
    const fn name(self) -> &'static str {
        match self {
            Self::Planned => "saving × probability / pairs",
            Self::Cheapest => "cheapest first",
            Self::Best => "best mean first",
            Self::Random => "any order",
        }
    }
}

/// A candidate, beside a deployment that costs 1 and passes 80 %.
#[derive(Debug, Clone, Copy)]
struct Candidate {
    cost: f64,
    /// How much better it truly is, in grade.
    delta: f64,
    /// Of the grades that are known.
    passed: usize,
}

/// What one order of trials came to.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Outcome {
    /// Mean saving a request while the budget lasted, as a share of the dearest.
    pub(super) saved: f64,
    /// Saving a request at its end.
    pub(super) last: f64,
    /// Saving a request of the cheapest that is good enough, from the first request on.
    possible: f64,
    /// Pairs that went to candidates which were not good enough.
    wasted: f64,
    /// Somebody was promoted who is worse by more than the margin.
    pub(super) wrong: bool,
}

fn world(random: &mut Random) -> Vec<Candidate> {
    let one = |_| {
        let cost = 0.1 + 0.8 * random.unit();
        let delta = 0.02 - 0.25 * (1.0 - cost) * random.unit().powi(2);
        let passed = (0..KNOWN).filter(|_| random.unit() < PASS_80.mean + delta).count();
        Candidate { cost, delta, passed }
    };
    (0..CANDIDATES).map(one).collect()
}

/// The windows that the planner would see: of what serves (`serving`, else the deployment everything began with) and of all
/// candidates.
fn windows(candidates: &[Candidate], serving: Option<usize>) -> Windows {
    let mut windows = Windows::new([]);
    let mut seq = 0;
    let mut fold = |deployment: DeploymentId, passed: usize, of: usize| {
        for number in 0..of {
            seq += 1;
            windows.fold(seq, &score(SEGMENT_ALL.into(), deployment.clone(), number < passed));
        }
    };
    for (place, candidate) in candidates.iter().enumerate().filter(|(place, _)| Some(*place) != serving) {
        fold(name(Some(place)), candidate.passed, KNOWN);
    }
    let rate = PASS_80.mean + serving.map_or(0.0, |place| candidates[place].delta);
    fold(name(serving), (rate * SERVED as f64).round() as usize, SERVED);
    windows
}

fn name(place: Option<usize>) -> DeploymentId {
    place.map_or_else(|| "sim/first".to_owned(), |place| format!("sim/{place}")).into()
}

/// The worth that the planner gives a trial of `to`; `None` where it proposes none.
fn worth(windows: &Windows, (from, from_usd): (DeploymentId, f64), (to, to_usd): (DeploymentId, f64)) -> Option<f64> {
    let side = |deployment: DeploymentId, cost_usd: f64| Side {
        quality: windows.current(&"maths".into(), SEGMENT_ALL, &deployment, &"exact".into()).and_then(Window::quality),
        deployment,
        cost_usd: Some(cost_usd),
        requests: 0,
        failed: 0,
        p95_us: None,
        p95_ci_us: None,
    };
    let facts = Facts {
        workload: "maths".into(),
        parent: "r-0001".into(),
        at: Timestamp(0),
        scorer: "exact".into(),
        version: "v1".to_owned(),
        floor: None,
        margin: MARGIN,
        alpha: ALPHA_PROMOTE,
        sample: 1.0,
        share: 0.05,
        daily: vec![10_000],
        from: side(from, from_usd),
        to: side(to, to_usd),
        pairs: None,
        logged: None,
        bias: None,
        within: None,
        spend: None,
        parts: Vec::new(),
    };
    propose(&facts).map(|diff| diff.plan.index)
}

/// Who is tried next of those that are `left` and cost less than what serves.
fn next(order: Order, all: &[Candidate], left: &[usize], serving: Option<usize>) -> Option<usize> {
    let cost = serving.map_or(1.0, |place| all[place].cost);
    let cheaper = left.iter().copied().filter(|&place| all[place].cost < cost);
    let most = |worth: &dyn Fn(usize) -> Option<f64>| {
        cheaper.clone().filter_map(|place| Some((place, worth(place)?))).max_by(|(_, a), (_, b)| a.total_cmp(b))
    };
    let found = match order {
        Order::Planned => {
            let windows = windows(all, serving);
            most(&|place| worth(&windows, (name(serving), cost), (name(Some(place)), all[place].cost)))
        }
        Order::Cheapest => most(&|place| Some(-all[place].cost)),
        Order::Best => most(&|place| Some(all[place].passed as f64)),
        Order::Random => most(&|place| Some(-(place as f64))),
    };
    found.map(|(place, _)| place)
}

fn spend(order: Order, all: &[Candidate], seed: u64, run: u64) -> Option<Outcome> {
    let good = |candidate: &&Candidate| candidate.delta >= -MARGIN;
    let cheapest = all.iter().filter(good).map(|candidate| candidate.cost).fold(1.0, f64::min);
    let mut outcome = Outcome { possible: 1.0 - cheapest, ..Outcome::default() };
    let (mut left, mut serving): (Vec<usize>, Option<usize>) = ((0..all.len()).collect(), None);
    let mut pairs = 0;
    let saving = |serving: Option<usize>| serving.map_or(0.0, |place: usize| 1.0 - all[place].cost);
    while let Some(place) = next(order, all, &left, serving) {
        left.retain(|other| *other != place);
        let stable = serving.map_or(0.0, |place| all[place].delta);
        // The same luck for the same trial, whenever it comes.
        let mut random = Random::new(seed ^ 0x7472_6961 ^ place as u64, run);
        let tests = Tests::new(PASS_80.mean + stable, ALPHA_PROMOTE);
        let end = tests.run(&PASS_80.draw(all[place].delta)?, &PASS_80.draw(stable)?, &mut random);
        let (took, promoted) = match end {
            End::Promoted(took) => (took, true),
            End::RolledBack(took) => (took, false),
            End::Undecided => (BUDGET, false),
        };
        let took_now = took.min(BUDGET - pairs);
        outcome.saved += f64::from(took_now) * saving(serving);
        outcome.wasted += if all[place].delta < stable - MARGIN { f64::from(took_now) } else { 0.0 };
        pairs += took_now;
        if pairs == BUDGET {
            break;
        }
        if promoted {
            outcome.wrong |= all[place].delta < stable - MARGIN;
            serving = Some(place);
        }
    }
    outcome.last = saving(serving);
    outcome.saved = (outcome.saved + f64::from(BUDGET - pairs) * outcome.last) / f64::from(BUDGET);
    Some(outcome)
}

/// What each order came to in worlds where something could be saved.
pub(super) fn outcomes(order: Order, runs: u32, seed: u64) -> Vec<Outcome> {
    let all = each(order.name(), runs, |run| {
        let world = world(&mut Random::new(seed, run));
        spend(order, &world, seed, run)
    });
    all.into_iter().flatten().filter(|outcome| outcome.possible > 0.0).collect()
}

/// Of what could have been saved, so much was not.
pub(super) fn regret(outcomes: &[Outcome]) -> f64 {
    1.0 - mean(outcomes.iter().map(|outcome| outcome.saved)) / mean(outcomes.iter().map(|outcome| outcome.possible))
}

pub(super) fn table(runs: u32, seed: u64) -> String {
    let runs = (runs / 8).max(1);
    let mut table = format!(
        "| tried next, {BUDGET} pairs in all | saved meanwhile, of what could be | saved at the end | pairs spent on \
         what is too bad | worlds with a wrong promotion |\n|---|---|---|---|---|\n"
    );
    for order in ORDERS {
        let outcomes = outcomes(order, runs, seed);
        let of = |value: fn(&Outcome) -> f64| mean(outcomes.iter().map(value));
        let possible = of(|outcome| outcome.possible);
        _ = writeln!(
            table,
            "| {} | {:.1} % | {:.1} % | {:.0} | {:.2} % |",
            order.name(),
            100.0 * (1.0 - regret(&outcomes)),
            100.0 * of(|outcome| outcome.last) / possible,
            of(|outcome| outcome.wasted),
            100.0 * of(|outcome| f64::from(u8::from(outcome.wrong))),
        );
    }
    table
}

//! The stages that settle what the objectives left equal, and the one that sometimes goes against them to learn.

use weir_core::entropy::{hash, mix};

use crate::slate::{Context, Entry, Slate, draw};

const EXPLORE: u64 = 0x6578_706c;
const EXPLORED: u64 = 0x6578_7064;

/// Power of two choices (Mitzenmacher 2001): two drawn at random, the one with less load × latency first.
pub(super) fn tie_break(slate: &mut Slate, context: &Context<'_>) {
    let ties = slate.equals();
    if ties < 2 {
        return;
    }
    let seed = context.ask.seed;
    let first = (seed % ties as u64) as usize;
    let second = (first + 1 + (mix(seed) % (ties as u64 - 1)) as usize) % ties;
    let mut loads = std::mem::take(&mut slate.scratch);
    loads.clear();
    loads.extend(slate.order.iter().take(ties).map(|&index| {
        let load = |entry: &Entry| (f64::from(entry.in_flight) + 1.0) * entry.latency_ms.unwrap_or(1.0);
        (slate.entry(index).map_or(f64::MAX, load), index)
    }));
    let load = |place: usize| loads.get(place).map_or(f64::MAX, |(load, _)| *load);
    let winner = if load(second) < load(first) { second } else { first };
    slate.lead(winner);
    // Each ordered pair is as likely as any other: one leads in both orders against those with more load, and in the
    // order in which it is drawn first against those with the same.
    let pairs = (ties * (ties - 1)) as f64;
    let of = |index: usize| loads.iter().find(|(_, of)| *of == index).map_or(f64::MAX, |(load, _)| *load);
    slate.drawn(ties, |index| {
        let own = of(index);
        let wins = loads.iter().filter(|(_, other)| *other != index).map(|(load, _)| match own.total_cmp(load) {
            std::cmp::Ordering::Less => 2.0,
            std::cmp::Ordering::Equal => 1.0,
            std::cmp::Ordering::Greater => 0.0,
        });
        wins.sum::<f64>() / pairs
    });
    slate.scratch = loads;
}

/// Each in turn.
pub(super) fn round_robin(slate: &mut Slate, context: &Context<'_>) {
    let ties = slate.equals();
    if ties < 2 {
        return;
    }
    let turn = (context.ask.turn % ties as u64) as usize;
    if let Some(group) = slate.order.get_mut(..ties) {
        group.sort_unstable();
        group.rotate_left(turn);
    }
    slate.drawn(ties, |_| 1.0 / ties as f64);
}

/// Rendezvous hashing (Thaler and Ravishankar 1998): each session ranks all deployments in its own way, so one that
/// comes or goes moves only its own sessions. A request without a session is its own.
pub(super) fn affinity(slate: &mut Slate, context: &Context<'_>) {
    let ties = slate.equals();
    if ties < 2 {
        return;
    }
    let (unit, candidates) = (context.ask.unit, &context.view.candidates);
    let score = |index: usize| {
        let name = candidates.get(index).map_or("", |candidate| candidate.deployment.id.as_str());
        mix(unit ^ mix(hash(name)))
    };
    if let Some(group) = slate.order.get_mut(..ties) {
        group.sort_by_key(|&index| std::cmp::Reverse(score(index)));
    }
    slate.drawn(ties, |_| 1.0 / ties as f64);
}

/// With probability `share` the head is drawn evenly from the pool: the candidates that are fit, dear by no more than
/// `max_extra_usd` and worse by no more than `max_quality_loss` than the best of them. The expected price of learning is
/// thus at most share × bound for each request.
pub(super) fn explore(
    slate: &mut Slate,
    context: &Context<'_>,
    share: f64,
    max_extra_usd: Option<f64>,
    max_quality_loss: Option<f64>,
) {
    let candidates = &context.view.candidates;
    let mut pool = std::mem::take(&mut slate.scratch);
    pool.clear();
    let mean = |index: usize| candidates.get(index).and_then(|candidate| candidate.quality).map(|found| found.mean);
    let fit = || {
        let play = slate.order.iter().filter_map(|&index| Some((index, slate.entry(index)?)));
        play.filter(|(_, entry)| entry.tier == 0)
    };
    let cheapest = fit().filter_map(|(_, entry)| entry.cost).min();
    let best = fit().filter_map(|(index, _)| mean(index)).fold(0.0, f64::max);
    let within = |index: usize, entry: &Entry| {
        let dear = max_extra_usd.is_some_and(|most| {
            let extra = entry.cost.zip(cheapest).map(|(cost, cheapest)| (cost - cheapest).as_usd());
            extra.is_none_or(|extra| extra > most)
        });
        let bad = max_quality_loss.is_some_and(|most| mean(index).is_none_or(|mean| best - mean > most));
        !dear && !bad
    };
    pool.extend(fit().filter(|&(index, entry)| within(index, entry)).map(|(index, _)| (0.0, index)));
    pool.sort_unstable_by_key(|&(_, index)| index);
    if pool.len() >= 2 {
        let each = share / pool.len() as f64;
        for (index, entry) in slate.entries.iter_mut().enumerate() {
            let in_pool = pool.iter().any(|&(_, of)| of == index);
            entry.first = entry.first * (1.0 - share) + if in_pool { each } else { 0.0 };
        }
        if draw(context.ask.seed, EXPLORE) < share {
            let nth = (draw(context.ask.seed, EXPLORED) * pool.len() as f64) as usize;
            let chosen = pool.get(nth).map(|&(_, index)| index);
            if let Some(place) = slate.order.iter().position(|&index| Some(index) == chosen) {
                slate.plan.explored = place > 0;
                slate.lead(place);
            }
        }
    }
    slate.scratch = pool;
}

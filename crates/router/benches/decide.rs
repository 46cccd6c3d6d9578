//! What one decision costs: 20 candidates, six stages, every signal known. `cargo xtask bench decide` runs it.
//!
//! Time is the least disturbed of several rounds, because the machine is shared; allocations are exact and compared with
//! those of copying the record, which is what a decision may allocate and nothing else.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a benchmark")]

#[path = "../tests/scene/mod.rs"]
mod scene;

use std::{hint::black_box, time::Instant};

use scene::Scene;

/// Decisions of one round, and rounds.
const DECISIONS: u32 = 20_000;
const ROUNDS: usize = 15;
/// The goal, in microseconds.
const GOAL_US: f64 = 5.0;

fn main() {
    let scene = Scene::new();
    for unit in 0..2_000 {
        black_box(scene.decide(unit));
    }
    let mut rounds: Vec<f64> = (0..ROUNDS)
        .map(|round| {
            let start = Instant::now();
            for unit in 0..DECISIONS {
                black_box(scene.decide(u64::from(unit) + round as u64));
            }
            start.elapsed().as_secs_f64() * 1e6 / f64::from(DECISIONS)
        })
        .collect();
    rounds.sort_by(f64::total_cmp);
    let (best, median) = (rounds.first().unwrap(), rounds.get(ROUNDS / 2).unwrap());
    let (decided, copied) = scene.allocations();
    println!("decide: {} candidates, {} stages", scene::CANDIDATES, scene.stages());
    println!("time: {best:.2} µs in the best of {ROUNDS} rounds, {median:.2} µs in the median one; goal {GOAL_US} µs");
    println!("allocations after warm-up: {decided}, and {copied} to copy the record");
    let met = *median <= GOAL_US && decided <= copied;
    println!("goal: {}", if met { "met" } else { "missed" });
}

//! The error guard: requests until a candidate that fails too often is seen.

use std::fmt::Write as _;

use weir_stats::guard::log_e_failures;

use super::{
    draw::Random,
    run::{Rate, each, or_dash, quantile},
};

const ALLOWED: f64 = 0.03;
const REQUESTS: u32 = 10_000;

/// Requests until the guard's bar, `ln 1000`, at this failure rate.
pub(super) fn detected(rate: f64, runs: u32, seed: u64) -> Vec<Option<u32>> {
    let bar = 1000_f64.ln();
    each(&format!("failure rate {rate}"), runs, |run| {
        let mut random = Random::new(seed, run);
        let mut failures = 0;
        (1..=REQUESTS).find(|&n| {
            failures += u64::from(random.unit() < rate);
            log_e_failures(failures, u64::from(n), ALLOWED) >= bar
        })
    })
}

pub(super) fn table(runs: u32, seed: u64) -> String {
    let mut table =
        String::from("| failure rate, 3 % allowed | detected | median requests | p99 |\n|---|---|---|---|\n");
    for rate in [1.0, 0.5, 0.2, 0.1, 0.03] {
        let seen = detected(rate, (runs / 8).max(1), seed);
        let requests: Vec<u32> = seen.iter().flatten().copied().collect();
        _ = writeln!(
            table,
            "| {:.0} % | {} | {} | {} |",
            100.0 * rate,
            Rate::of(&seen, Option::is_some),
            or_dash(quantile(&requests, 0.5)),
            or_dash(quantile(&requests, 0.99))
        );
    }
    table
}

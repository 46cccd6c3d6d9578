//! Error rates under continuous peeking, by seeded simulation, with the naive tests that fail the same bounds.
//!
//! Pass/fail grades, baseline 80 %, candidate exactly at the margin: the hardest null. Every pair is looked at.

use weir_stats::{
    eprocess::{Grid, log_e_promote, log_e_rollback},
    histogram::PairHistogram,
};

const RUNS: u32 = 200;
const PAIRS: u32 = 600;
const MARGIN: f64 = 0.1;
const BASELINE: f64 = 0.8;
/// The naive tests look from here on only; they are worse still without.
const FROM: u32 = 50;

/// SplitMix64.
struct Random(u64);

impl Random {
    fn passes(&mut self, p: f64) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let unit = ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64;
        f64::from(u8::from(unit < p))
    }
}

/// Largest count that a rate of `p` exceeds with probability at most 1e-6 in `RUNS` runs: exact binomial tail, the
/// bound that Clopper and Pearson invert.
fn most(p: f64) -> u32 {
    let (n, odds) = (f64::from(RUNS), p / (1.0 - p));
    let mut term = (1.0 - p).powf(n);
    let mut below = term;
    let mut k = 0_u32;
    while below < 1.0 - 1e-6 {
        term *= (n - f64::from(k)) / f64::from(k + 1) * odds;
        below += term;
        k += 1;
    }
    k
}

#[derive(Default)]
struct Ever {
    promoted: u32,
    missed: u32,
    naive_promoted: u32,
    naive_missed: u32,
}

fn peek_at_every_pair(seed: u64) -> Ever {
    let grid = Grid::for_margin(MARGIN);
    let mut random = Random(seed);
    let mut ever = Ever::default();
    for _ in 0..RUNS {
        let mut now = [false; 4];
        let mut pairs = PairHistogram::default();
        let (mut sum, mut squares) = (0.0, 0.0);
        for n in 1..=PAIRS {
            let candidate = random.passes(BASELINE - MARGIN);
            let control = random.passes(BASELINE);
            pairs.add(candidate, control);
            let promote = log_e_promote(&grid, &pairs, MARGIN);
            now[0] |= promote >= 100_f64.ln();
            // The 95 % interval misses the true difference exactly when one of its two tests rejects it.
            now[1] |= promote.max(log_e_rollback(&grid, &pairs, MARGIN)) >= 40_f64.ln();
            sum += candidate - control;
            squares += (candidate - control).powi(2);
            if n >= FROM {
                let mean = sum / f64::from(n);
                let variance = squares / f64::from(n) - mean * mean;
                let z = (mean + MARGIN) / (variance / f64::from(n)).sqrt();
                now[2] |= z > 2.326;
                now[3] |= z.abs() > 1.96;
            }
        }
        ever.promoted += u32::from(now[0]);
        ever.missed += u32::from(now[1]);
        ever.naive_promoted += u32::from(now[2]);
        ever.naive_missed += u32::from(now[3]);
    }
    ever
}

#[test]
fn peeking_at_every_pair_keeps_the_promised_error_rates_where_naive_tests_do_not() {
    let ever = peek_at_every_pair(20_261_121);
    let share = |count: u32| 100.0 * f64::from(count) / f64::from(RUNS);
    println!("{RUNS} runs of {PAIRS} pairs, candidate at the margin, ever in %:");
    println!("  promoted at 1 %: e-process {:.1}, z-test {:.1}", share(ever.promoted), share(ever.naive_promoted));
    println!("  95 % band missed: e-process {:.1}, fixed-n {:.1}", share(ever.missed), share(ever.naive_missed));
    assert!(ever.promoted <= most(0.01), "promoted {}", ever.promoted);
    assert!(ever.missed <= most(0.05), "missed {}", ever.missed);
    // Negative control: the same pairs and looks break the same bounds of tests made for one look.
    assert!(ever.naive_promoted > most(0.01), "naive promoted {}", ever.naive_promoted);
    assert!(ever.naive_missed > most(0.05), "naive missed {}", ever.naive_missed);
}

#[test]
fn a_candidate_twenty_points_worse_is_rolled_back_soon() {
    let grid = Grid::for_margin(0.03);
    let mut random = Random(7);
    let mut needed: Vec<u64> = (0..100)
        .map(|_| {
            let mut pairs = PairHistogram::default();
            (1..=2_000)
                .find(|_| {
                    pairs.add(random.passes(0.6), random.passes(0.8));
                    log_e_rollback(&grid, &pairs, 0.03) >= 40_f64.ln()
                })
                .unwrap_or(2_000)
        })
        .collect();
    needed.sort_unstable();
    println!("pairs to roll back at −0.20: median {}, p95 {}", needed[50], needed[95]);
    assert!(needed[50] <= 150 && needed[95] <= 400, "median {}", needed[50]);
}

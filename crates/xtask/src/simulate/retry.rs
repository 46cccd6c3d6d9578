//! A candidate exactly at the margin, tried twenty times: with one error rate for every attempt, and with the rate
//! spent over attempts.

use weir_stats::eprocess::attempt_alpha;

use super::{
    arms::{ALPHA_PROMOTE, End, MARGIN, Tests},
    draw::{PASS_80, Random},
    run::{Rate, each},
};

const ATTEMPTS: u32 = 20;

/// Candidates that any attempt promoted.
pub(super) fn promoted(alpha: impl Fn(u32) -> f64 + Sync, runs: u32, seed: u64) -> Option<Rate> {
    let (candidate, control) = PASS_80.draw(-MARGIN).zip(PASS_80.draw(0.0))?;
    let attempts: Vec<Tests> = (1..=ATTEMPTS).map(|attempt| Tests::new(PASS_80.mean, alpha(attempt))).collect();
    let ever = each("twenty attempts", runs, |run| {
        let mut random = Random::new(seed, run);
        attempts.iter().any(|tests| matches!(tests.run(&candidate, &control, &mut random), End::Promoted(_)))
    });
    Some(Rate::of(&ever, |ever| *ever))
}

pub(super) fn table(runs: u32, seed: u64) -> String {
    let runs = (runs / 8).max(1);
    let flat = promoted(|_| ALPHA_PROMOTE, runs, seed);
    let spent = promoted(|attempt| attempt_alpha(ALPHA_PROMOTE, attempt), runs, seed);
    let word = super::run::or_dash;
    format!(
        "| twenty attempts of a candidate at the margin | ever promoted |\n|---|---|\n\
         | α 0.01 at each attempt | {} |\n| α spent over attempts | {} |\n",
        word(flat),
        word(spent)
    )
}

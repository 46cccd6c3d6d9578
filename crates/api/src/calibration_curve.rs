//! The calibration curve: of answers to which the judge gives about the same grade, how good people find them.

use serde::Serialize;
use utoipa::ToSchema;
use weir_stats::agreement::Share;
use weir_store::LabelRow;

use crate::view::Figure;

/// Stretches of the judge's grades.
const BINS: usize = 10;

/// Answers whose grades lie in one tenth.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CurvePoint {
    /// Mean grade of the judge, `0..=1`.
    judge: f64,
    /// Mean label of people, with 95 % limits as wide as grades can spread.
    people: Figure,
}

/// One point for each tenth that holds answers, from the lowest. A grade of 1 belongs to the last.
pub(crate) fn curve(rows: &[&LabelRow]) -> Vec<CurvePoint> {
    let mut bins = [(0.0, 0.0, 0_u64); BINS];
    for row in rows {
        let at = ((row.judge * BINS as f64) as usize).min(BINS - 1);
        let (judge, people, n) = &mut bins[at];
        *judge += row.judge;
        *people += row.human;
        *n += 1;
    }
    let point = |(judge, people, n): (f64, f64, u64)| {
        let mean = Share::mean(people, n)?;
        let people = Figure { value: mean.value, lower: mean.lower, upper: mean.upper, n };
        Some(CurvePoint { judge: judge / n as f64, people })
    };
    bins.into_iter().filter_map(point).collect()
}

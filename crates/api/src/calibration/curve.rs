//! What a judge's grades are worth: people's grades by the judge's, and how far the judge agrees with itself.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;
use weir_core::ScorerName;
use weir_stats::{agreement::Share, ppi::Labels};
use weir_store::LabelRow;

use super::{PASS, Z95, share};
use crate::{problem::Reply, state::App, view::Figure};

/// Bins of the judge's scale.
const TENTHS: f64 = 10.0;

/// Answers that the judge graded alike, as people graded them.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct BinView {
    /// The judge's grade is at least this.
    from: f64,
    /// And below this; the last tenth holds 1.
    to: f64,
    /// The judge's mean grade of them.
    judge: f64,
    /// People's mean grade, with 95 % limits.
    people: Figure,
}

/// Answers that the judge was asked about twice.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RepeatsView {
    /// Answers with two grades.
    n: u64,
    /// Share that passed once and failed once, with 95 % limits.
    flip_rate: Option<Figure>,
    /// Standard deviation of one grade about the judge's own mean of the same answer.
    sd: f64,
    /// Answers whose second question brought no grade.
    unscored: u64,
}

pub(super) async fn repeats(app: &App, scorer: &ScorerName, version: Option<&str>) -> Reply<Option<RepeatsView>> {
    let Some(version) = version else { return Ok(None) };
    let found = app.store.judge_repeats(scorer, version, PASS).await?;
    Ok(found.map(|repeats| RepeatsView {
        n: repeats.n,
        flip_rate: Share::of(repeats.flips, repeats.n).map(share),
        sd: repeats.sd,
        unscored: repeats.unscored,
    }))
}

/// Tenths of the judge's scale that hold labelled answers, lowest first.
pub(super) fn bins(rows: &[&LabelRow]) -> Vec<BinView> {
    let mut bins: BTreeMap<u8, (Labels, f64)> = BTreeMap::new();
    for row in rows {
        let (labels, judge) = bins.entry(((row.judge * TENTHS) as u8).min(TENTHS as u8 - 1)).or_default();
        labels.label(row.human, row.judge);
        *judge += row.judge;
    }
    let bin = |(tenth, (labels, judge)): (u8, (Labels, f64))| {
        let (from, n) = (f64::from(tenth) / TENTHS, labels.labelled());
        let people = labels.people(Z95)?;
        let people = Figure { value: people.mean, lower: people.lower, upper: people.upper, n };
        Some(BinView { from, to: from + 1.0 / TENTHS, judge: judge / n as f64, people })
    };
    bins.into_iter().filter_map(bin).collect()
}

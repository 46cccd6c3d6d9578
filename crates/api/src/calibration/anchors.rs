//! Anchors: labelled answers that a judge grades again and again, and what became of its grades.

use std::time::Duration;

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use weir_core::{ScorerName, error};
use weir_store::AnchorRun;

use super::Z95;
use crate::{
    extract::{Body, Segment},
    label::judge_named,
    problem::{Failure, Reply},
    state::App,
    time::rfc3339,
    view::Figure,
};

/// Rounds shown.
const RUNS: u32 = 50;

/// Anchors and their rounds.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AnchorsView {
    /// Answers in the set.
    anchors: u64,
    every_hours: f64,
    set_at: String,
    /// Newest first.
    runs: Vec<AnchorRunView>,
}

/// One round.
#[derive(Debug, Serialize, ToSchema)]
struct AnchorRunView {
    version: String,
    at: String,
    graded: u64,
    unscored: u64,
    /// Judge minus people.
    mean_error: Option<f64>,
    /// Mean change against the first round of this version, with 95 % limits.
    shift: Option<Figure>,
    /// Share of anchors that went from pass to fail or back since the round before.
    flip_rate: Option<f64>,
    /// The judge no longer says what it said: what it steers is frozen.
    drifted: bool,
}

/// A set of anchors.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AnchorOrder {
    /// The newest so many labelled answers; 10 to 1000, 100 unless given.
    most: Option<u32>,
    /// Hours between two rounds; 24 unless given.
    every_hours: Option<f64>,
}

/// `POST /api/v1/scorers/{name}/anchors`.
pub(crate) async fn set_anchors(
    State(app): State<App>,
    Segment(name): Segment,
    Body(order): Body<AnchorOrder>,
) -> Reply<Json<AnchorsView>> {
    let scorer = judge_named(&app, &name)?;
    let (most, hours) = (order.most.unwrap_or(100), order.every_hours.unwrap_or(24.0));
    if !(10..=1_000).contains(&most) {
        return Err(Failure::bad(format!("`most` is {most}, wanted 10 to 1000")));
    }
    if !(0.1..=8_760.0).contains(&hours) {
        return Err(Failure::bad(format!("`every_hours` is {hours}, wanted 0.1 to 8760")));
    }
    let labelled = app.store.label_pairs(&scorer, None).await?.len();
    if labelled < 10 {
        return Err(Failure::new(
            &error::CONFLICT,
            format!("`{name}` has {labelled} labels, anchors take 10 at least"),
        )
        .hint("`weir label plan` and `weir label next` make some"));
    }
    app.store.anchor_set(&scorer, most, Duration::from_secs_f64(hours * 3_600.0)).await?;
    anchors_of(&app, &scorer).await.map(Json)
}

/// `POST /api/v1/scorers/{name}/anchors/run`.
pub(crate) async fn run_anchors(State(app): State<App>, Segment(name): Segment) -> Reply<Json<AnchorsView>> {
    let scorer = judge_named(&app, &name)?;
    app.store.anchor_want(&scorer).await?;
    anchors_of(&app, &scorer).await.map(Json)
}

async fn anchors_of(app: &App, scorer: &ScorerName) -> Reply<AnchorsView> {
    anchors(app, scorer).await?.ok_or_else(|| Failure::not_found("set of anchors of", scorer.as_str()))
}

pub(super) async fn anchors(app: &App, scorer: &ScorerName) -> Reply<Option<AnchorsView>> {
    let plans = app.store.anchor_plans().await?;
    let Some(plan) = plans.into_iter().find(|plan| plan.scorer == *scorer) else { return Ok(None) };
    let runs = app.store.anchor_runs(scorer, RUNS).await?;
    Ok(Some(AnchorsView {
        anchors: plan.anchors,
        every_hours: plan.every.as_secs_f64() / 3_600.0,
        set_at: rfc3339(plan.set_at),
        runs: runs.iter().map(AnchorRunView::from).collect(),
    }))
}

impl From<&AnchorRun> for AnchorRunView {
    fn from(run: &AnchorRun) -> Self {
        Self {
            version: run.version.to_string(),
            at: rfc3339(run.at),
            graded: run.graded,
            unscored: run.unscored,
            mean_error: run.mean_error,
            shift: run.shift.map(|(value, error)| Figure {
                value,
                lower: value - Z95 * error,
                upper: value + Z95 * error,
                n: run.graded,
            }),
            flip_rate: run.flips.map(|flips| flips as f64 / run.graded.max(1) as f64),
            drifted: run.drifted,
        }
    }
}

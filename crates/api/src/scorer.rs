//! What each scorer did in a day, what it cost, and how soon its grades came.

use std::time::Duration;

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;
use weir_store::ScorerSum;

use crate::{problem::Reply, state::App, view::List};

const DAY: Duration = Duration::from_hours(24);

/// One scorer over the last 24 hours.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ScorerView {
    name: String,
    /// Live answers that it had a word on, with a grade or without.
    answers: u64,
    /// Of those, the ones it could not grade.
    unscored: u64,
    /// All of them together; 0 for a check, which asks no model.
    cost_usd: f64,
    /// From the end of the answer to its grade, by the newest scores: half came sooner.
    delay_p50_ms: Option<f64>,
    /// The same for 95 of 100.
    delay_p95_ms: Option<f64>,
}

/// `GET /api/v1/scorers`.
pub(crate) async fn list_scorers(State(app): State<App>) -> Reply<Json<List<ScorerView>>> {
    let sums = app.store.scorer_sums(app.clock.now().minus(DAY)).await?;
    Ok(Json(List::whole(sums.into_iter().map(ScorerView::from).collect())))
}

impl From<ScorerSum> for ScorerView {
    fn from(sum: ScorerSum) -> Self {
        let ms = |delay: Duration| delay.as_secs_f64() * 1e3;
        Self {
            name: sum.scorer.to_string(),
            answers: sum.answers,
            unscored: sum.unscored,
            cost_usd: sum.cost.as_usd(),
            delay_p50_ms: sum.p50.map(ms),
            delay_p95_ms: sum.p95.map(ms),
        }
    }
}

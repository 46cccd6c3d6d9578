//! Quality windows: what recent scores say of each deployment, per scorer and version.

use std::sync::Arc;

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;
use weir_core::{snapshot::WorkloadView, workload::SEGMENT_ALL};
use weir_optimizer::windows::{Key, PRIOR, Window, Windows};

use crate::{extract::Segment, problem::Reply, state::App, time::rfc3339, workload::configured};

/// The windows of one workload.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WindowList {
    workload: String,
    /// The part of the workload's prompts.
    segment: &'static str,
    /// The newest score folded in.
    score_seq: i64,
    items: Vec<WindowView>,
}

/// One window.
#[derive(Debug, Serialize, ToSchema)]
struct WindowView {
    deployment: String,
    scorer: String,
    version: String,
    /// True for the window that steers routing.
    quality: bool,
    /// Shrunk mean; the prior while there is no grade.
    mean: f64,
    lower: f64,
    upper: f64,
    /// Grades.
    n: u64,
    /// Grades of equal weight that would say as much.
    n_eff: f64,
    /// Answers without a grade.
    unscored: u64,
    updated_at: String,
}

impl WindowView {
    fn new(key: &Key, window: &Window, view: &WorkloadView, windows: &Windows) -> Self {
        let current = windows.current_version(&key.workload, &key.scorer) == Some(&key.version);
        let estimate = window.estimate();
        Self {
            deployment: key.deployment.to_string(),
            scorer: key.scorer.to_string(),
            version: key.version.to_string(),
            quality: key.scorer == view.workload.quality && current,
            mean: estimate.map_or(PRIOR, |estimate| estimate.mean),
            lower: estimate.map_or(0.0, |estimate| estimate.lower),
            upper: estimate.map_or(1.0, |estimate| estimate.upper),
            n: estimate.map_or(0, |estimate| estimate.n),
            n_eff: estimate.map_or(0.0, |estimate| estimate.n_eff),
            unscored: window.unscored_total(),
            updated_at: rfc3339(window.updated_at()),
        }
    }
}

/// `GET /api/v1/workloads/{id}/windows`.
pub(crate) async fn list_windows(State(app): State<App>, Segment(id): Segment) -> Reply<Json<WindowList>> {
    let view = configured(&app, &id)?;
    let windows = Arc::clone(&app.windows.borrow());
    let items = windows
        .iter()
        .filter(|(key, _)| key.workload == view.workload.id && &*key.segment == SEGMENT_ALL)
        .map(|(key, window)| WindowView::new(key, window, &view, &windows))
        .collect();
    Ok(Json(WindowList { workload: id, segment: SEGMENT_ALL, score_seq: windows.score_seq(), items }))
}

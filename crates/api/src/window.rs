//! Quality windows: what recent scores say of each deployment, per scorer and version.

use std::{collections::BTreeMap, sync::Arc};

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;
use weir_core::{Timestamp, snapshot::WorkloadView, workload::SEGMENT_ALL};
use weir_optimizer::windows::{Key, Window, Windows};

use crate::{extract::Segment, problem::Reply, state::App, time::rfc3339, view::Figure, workload::configured};

/// The windows of one workload.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WindowList {
    workload: String,
    /// The part of the workload's prompts.
    segment: &'static str,
    /// The newest score folded in.
    score_seq: i64,
    items: Vec<WindowView>,
    /// Windows of parts of the workload, of golden probes and of shadow answers.
    parts: Vec<PartView>,
}

/// A window that is not of the whole workload.
#[derive(Debug, Serialize, ToSchema)]
struct PartView {
    /// `probe`, `shadow`, or a part of the workload's prompts.
    segment: String,
    #[serde(flatten)]
    window: WindowView,
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
    /// Answers that people have labelled as well.
    labels: u64,
    /// `calibrated` once 30 answers of a judge's window are labelled, `uncalibrated` before; `none` of a check, which
    /// needs no labels.
    calibration: &'static str,
    /// What people would have said, where it is calibrated: the floor is held against its lower bound.
    corrected: Option<Figure>,
    /// Answers without a grade.
    unscored: u64,
    /// The same by reason.
    unscored_by: BTreeMap<String, u64>,
    updated_at: String,
    /// `learning`, `steady`, `suspect` or `returning`.
    state: &'static str,
    /// Counts resets, from 1.
    epoch: u32,
    /// What the mean is drawn to while grades are few: what golden probes say, or one half.
    prior: f64,
    /// The level that grades must stay above; absent until it is learned.
    reference: Option<f64>,
    /// The drift detector's value: it alarms at 10,000.
    drift: f64,
    /// When suspicion ends unless golden probes end or prolong it; absent while there is none.
    suspect_until: Option<String>,
    /// The last reset; absent when there was none.
    alarm: Option<AlarmView>,
}

/// Why a window began a new epoch.
#[derive(Debug, Serialize, ToSchema)]
struct AlarmView {
    at: String,
    /// `traffic` or `probes` when their grades fell, `model` when the provider answers with another one.
    cause: &'static str,
    /// The level that grades fell below.
    reference: Option<f64>,
}

impl WindowView {
    fn new(key: &Key, window: &Window, view: &WorkloadView, windows: &Windows, now: Timestamp, judged: bool) -> Self {
        let current = windows.current_version(&key.workload, &key.scorer) == Some(&key.version);
        let estimate = window.estimate();
        Self {
            deployment: key.deployment.to_string(),
            scorer: key.scorer.to_string(),
            version: key.version.to_string(),
            quality: key.scorer == view.workload.quality && current,
            mean: estimate.map_or(window.prior(), |estimate| estimate.mean),
            lower: estimate.map_or(0.0, |estimate| estimate.lower),
            upper: estimate.map_or(1.0, |estimate| estimate.upper),
            n: estimate.map_or(0, |estimate| estimate.n),
            n_eff: estimate.map_or(0.0, |estimate| estimate.n_eff),
            labels: window.labels(),
            calibration: match (judged, window.is_calibrated()) {
                (_, true) => "calibrated",
                (true, false) => "uncalibrated",
                (false, false) => "none",
            },
            corrected: window.corrected().map(Figure::from),
            unscored: window.unscored_total(),
            unscored_by: window.unscored().iter().map(|(reason, count)| (reason.name().to_owned(), *count)).collect(),
            updated_at: rfc3339(window.updated_at()),
            state: window.state(now).name(),
            epoch: window.epoch(),
            prior: window.prior(),
            reference: window.reference(),
            drift: window.drift_level(),
            suspect_until: window.suspect_until().filter(|until| *until > now).map(rfc3339),
            alarm: window.alarm().map(|alarm| AlarmView {
                at: rfc3339(alarm.at),
                cause: alarm.cause.name(),
                reference: alarm.reference,
            }),
        }
    }
}

/// `GET /api/v1/workloads/{id}/windows`.
pub(crate) async fn list_windows(State(app): State<App>, Segment(id): Segment) -> Reply<Json<WindowList>> {
    let view = configured(&app, &id)?;
    let windows = Arc::clone(&app.windows.borrow());
    let now = app.clock.now();
    let settings = app.settings.load();
    let (mut items, mut parts) = (Vec::new(), Vec::new());
    for (key, window) in windows.iter().filter(|(key, _)| key.workload == view.workload.id) {
        let judged = settings.scorers.get(&key.scorer).is_some_and(|spec| spec["kind"] == "judge");
        let window = WindowView::new(key, window, &view, &windows, now, judged);
        if &*key.segment == SEGMENT_ALL {
            items.push(window);
        } else {
            parts.push(PartView { segment: key.segment.to_string(), window });
        }
    }
    Ok(Json(WindowList { workload: id, segment: SEGMENT_ALL, score_seq: windows.score_seq(), items, parts }))
}

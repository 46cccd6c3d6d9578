//! The one table of control-plane routes. The router, the guard before each handler, the OpenAPI document and the
//! authorisation tests are all made from it; a handler that is not in it does not serve.

use std::sync::Arc;

use axum::{
    Router,
    extract::{DefaultBodyLimit, Request},
    http::{HeaderName, HeaderValue, header},
    middleware,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use tower_http::{catch_panic::CatchPanicLayer, compression::CompressionLayer, set_header::SetResponseHeaderLayer};
use weir_core::error;

use crate::{
    assets, canary, canary_view, dataset, dataset_import, decision, demo, deployment, diff, event, freeze,
    guard::{self, Guard},
    job, live, openapi, overview, policy,
    problem::Failure,
    replay, revert,
    row::Row,
    score, series,
    state::{ApiState, App, Shared},
    trace, trace_view,
    view::List,
    window, workload,
};

/// Largest dataset file, in bytes.
const DATASET_BYTES: usize = 32 * 1024 * 1024;

/// Every route of the control plane.
pub static ROUTES: &[Row] = &[
    Row::get("/api/v1/overview", "The front page in one reply", || get(overview::get_overview))
        .replies::<overview::Overview>(),
    Row::get("/api/v1/events", "What changed, newest first", || get(event::list_events))
        .query::<event::EventQuery>()
        .replies::<List<event::EventView>>(),
    Row::get("/api/v1/workloads", "Every workload in one line", || get(workload::list_workloads))
        .replies::<List<workload::WorkloadRow>>(),
    Row::get("/api/v1/workloads/{id}", "One workload: candidates, policy, canary", || get(workload::get_workload))
        .replies::<workload::WorkloadDetail>(),
    Row::get("/api/v1/workloads/{id}/windows", "Quality windows of one workload", || get(window::list_windows))
        .replies::<window::WindowList>(),
    Row::get("/api/v1/workloads/{id}/series", "Traffic, quality, cost and latency over time", || {
        get(series::get_series)
    })
    .query::<series::SeriesQuery>()
    .replies::<series::SeriesView>(),
    Row::get("/api/v1/workloads/{id}/policies", "Policy revisions, newest first", || get(policy::list_policies))
        .replies::<List<policy::Revision>>(),
    Row::post("/api/v1/workloads/{id}/policies/revert", "Restores a revision replaced within 7 days", || {
        post(revert::revert_policy)
    })
    .takes::<revert::Revert>()
    .creates::<policy::Revision>(),
    Row::get("/api/v1/policy-diffs", "Proposed routes, newest first", || get(diff::list_diffs))
        .query::<diff::DiffQuery>()
        .replies::<List<diff::DiffView>>(),
    Row::get("/api/v1/policy-diffs/{id}", "One proposal with the maths attached", || get(diff::get_diff))
        .replies::<diff::DiffView>(),
    Row::get("/api/v1/policy-diffs/{id}/replay", "The proposal made again from its facts", || get(diff::replay_diff))
        .replies::<diff::DiffReplay>(),
    Row::post("/api/v1/policy-diffs/{id}/apply", "Starts the proposal's canary", || post(diff::apply_diff))
        .creates::<canary_view::CanaryView>(),
    Row::get("/api/v1/deployments", "Every deployment, its price and its health", || get(deployment::list_deployments))
        .replies::<List<deployment::DeploymentView>>(),
    Row::get("/api/v1/traces", "Requests, newest first", || get(trace::list_traces))
        .query::<trace::TraceQuery>()
        .replies::<List<trace_view::TraceRow>>(),
    Row::get("/api/v1/traces/{span_id}", "One request with its texts and scores", || get(trace::get_trace))
        .replies::<trace_view::TraceDetail>(),
    Row::get("/api/v1/decisions/{span_id}", "Why this deployment, in sentences", || get(decision::get_decision))
        .replies::<decision::Explained>(),
    Row::get("/api/v1/decisions/{span_id}/replay", "The same decision made again, as it was or as if", || {
        get(decision::replay_decision)
    })
    .query::<decision::ReplayQuery>()
    .replies::<decision::ReplayedDecision>(),
    Row::post("/api/v1/scores", "Grades one answer", || post(score::create_score))
        .caller()
        .takes::<score::NewScore>()
        .creates_once::<score::ScoreReceipt>(),
    Row::get("/api/v1/canaries", "Canaries, newest first", || get(canary::list_canaries))
        .query::<canary::CanaryQuery>()
        .replies::<List<canary_view::CanaryView>>(),
    Row::post("/api/v1/canaries", "Starts a canary", || post(canary::create_canary))
        .takes::<canary::NewCanary>()
        .creates::<canary_view::CanaryView>(),
    Row::get("/api/v1/canaries/{id}", "One canary with its events and its band over time", || get(canary::get_canary))
        .replies::<canary_view::CanaryDetail>(),
    Row::post("/api/v1/canaries/{id}/pause", "Stops exposure, keeps the evidence", || post(canary::pause_canary))
        .takes::<canary::Reason>()
        .replies::<canary_view::CanaryView>(),
    Row::post("/api/v1/canaries/{id}/resume", "Resumes a paused canary", || post(canary::resume_canary))
        .takes::<canary::Reason>()
        .replies::<canary_view::CanaryView>(),
    Row::post("/api/v1/canaries/{id}/promote", "Makes the candidate the stable deployment now", || {
        post(canary::promote_canary)
    })
    .takes::<canary::Reason>()
    .replies::<canary_view::CanaryView>(),
    Row::post("/api/v1/canaries/{id}/roll_back", "Ends the canary; the stable deployment stays", || {
        post(canary::roll_back_canary)
    })
    .takes::<canary::Reason>()
    .replies::<canary_view::CanaryView>(),
    Row::post("/api/v1/canaries/{id}/approve", "Lets a proposed canary begin", || post(canary::approve_canary))
        .takes::<canary::Reason>()
        .replies::<canary_view::CanaryView>(),
    Row::post("/api/v1/canaries/{id}/reject", "Ends a proposed canary before it begins", || {
        post(canary::reject_canary)
    })
    .takes::<canary::Reason>()
    .replies::<canary_view::CanaryView>(),
    Row::get("/api/v1/canaries/{id}/replay", "Decides a canary's history again and compares", || {
        get(replay::replay_canary)
    })
    .replies::<replay::Replayed>(),
    Row::get("/api/v1/freezes", "What may not move towards a candidate", || get(freeze::list_freezes))
        .replies::<List<freeze::FreezeView>>(),
    Row::post("/api/v1/freezes", "Freezes one workload or all", || post(freeze::create_freeze))
        .takes::<freeze::FreezeOrder>()
        .replies::<List<freeze::FreezeView>>(),
    Row::post("/api/v1/freezes/lift", "Lets one workload or all go on", || post(freeze::lift_freeze))
        .takes::<freeze::FreezeOrder>()
        .replies::<List<freeze::FreezeView>>(),
    Row::get("/api/v1/jobs", "Scoring jobs, newest first", || get(job::list_jobs))
        .query::<job::JobQuery>()
        .replies::<job::JobList>(),
    Row::get("/api/v1/datasets", "Every dataset at its current version", || get(dataset::list_datasets))
        .replies::<List<dataset::DatasetView>>(),
    Row::get("/api/v1/datasets/{name}", "One dataset: versions and its first items", || get(dataset::get_dataset))
        .replies::<dataset::DatasetDetail>(),
    Row::post("/api/v1/datasets/preview", "Reads a file as a dataset and stores nothing", || {
        post(dataset_import::preview_dataset)
    })
    .query::<dataset_import::PreviewQuery>()
    .takes_file(DATASET_BYTES)
    .replies::<dataset_import::Preview>(),
    Row::post("/api/v1/datasets/import", "Publishes a file as a dataset version", || {
        post(dataset_import::import_dataset)
    })
    .query::<dataset_import::ImportQuery>()
    .takes_file(DATASET_BYTES)
    .creates::<dataset_import::Imported>(),
    Row::get("/api/v1/live/traces", "Requests as they are recorded", || get(live::stream_traces))
        .streams::<trace_view::TraceRow>(),
    Row::get("/api/v1/live/events", "Changes of canaries, policies, scores and windows", || get(live::stream_events))
        .streams::<live::Change>(),
    Row::post("/api/v1/demo/play", "Plays the demo against the built-in providers", || post(demo::play_demo))
        .replies::<demo::Played>(),
    Row::get("/api/v1/openapi.json", "This document", || get(openapi::get_openapi)).replies::<openapi::Document>(),
];

/// What the browser may do with what we serve: run and show our own files only, in no one else's frame.
const HEADERS: [(HeaderName, &str); 4] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; \
         frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_FRAME_OPTIONS, "DENY"),
];

/// The control plane and the dashboard as one router. It owns the fallback: what no other route takes is a page, a
/// file of the dashboard, or a 404.
pub fn router(state: ApiState) -> Router {
    let app: App = Arc::new(Shared::new(state));
    let mut router = Router::new();
    for row in ROUTES {
        let guard = Guard { app: Arc::clone(&app), route: &row.route };
        let method = (row.handler)()
            .route_layer(middleware::from_fn_with_state(guard, guard::check))
            .route_layer(DefaultBodyLimit::max(row.route.body_limit));
        router = router.route(row.route.path, method);
    }
    let router = router
        .method_not_allowed_fallback(refuse_method)
        .fallback(assets::serve)
        .with_state(app)
        .layer(CompressionLayer::new())
        .layer(CatchPanicLayer::custom(|_| {
            Failure::new(&error::INTERNAL, "the control plane failed on this request").into_response()
        }));
    HEADERS.into_iter().fold(router, |router, (name, value)| {
        router.layer(SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value)))
    })
}

async fn refuse_method(request: Request) -> Response {
    Failure::new(&error::METHOD_NOT_ALLOWED, format!("{} is not a method of this path", request.method()))
        .into_response()
}

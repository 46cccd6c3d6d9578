//! What is asked and how it is served: workloads, deployments, traces, decisions, cost, and what happens live.

use axum::routing::{get, post};

use crate::{
    canary_live, canary_view, cost, decision, deployment, deployment_test, event, live, overview, provider, quarantine,
    row::Row, run_live, run_view, series, trace, trace_facets, trace_view, view::List, window, workload,
};

pub(super) static ROWS: &[Row] = &[
    Row::get("/api/v1/overview", "The front page in one reply", || get(overview::get_overview))
        .query::<overview::OverviewQuery>()
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
    Row::get("/api/v1/deployments", "Every deployment, its price and its health", || get(deployment::list_deployments))
        .replies::<List<deployment::DeploymentView>>(),
    Row::get("/api/v1/providers", "Providers known by name, and whose keys are in the environment", || {
        get(provider::list_providers)
    })
    .replies::<List<provider::ProviderOffer>>(),
    Row::post("/api/v1/deployments/{id}/test", "Asks one short question, which the provider bills", || {
        post(deployment_test::test_deployment)
    })
    .takes::<deployment_test::TestOrder>()
    .replies::<deployment_test::TestView>(),
    Row::get("/api/v1/traces", "Requests, newest first", || get(trace::list_traces))
        .query::<trace::TraceQuery>()
        .replies::<List<trace_view::TraceRow>>(),
    Row::get("/api/v1/traces/facets", "Requests over time and by kind", || get(trace_facets::get_facets))
        .query::<trace_facets::FacetQuery>()
        .replies::<trace_facets::TraceFacets>(),
    Row::get("/api/v1/traces/{span_id}", "One request with its texts and scores", || get(trace::get_trace))
        .replies::<trace_view::TraceDetail>(),
    Row::get("/api/v1/decisions/{span_id}", "Why this deployment, in sentences", || get(decision::get_decision))
        .replies::<decision::Explained>(),
    Row::get("/api/v1/decisions/{span_id}/replay", "The same decision made again, as it was or as if", || {
        get(decision::replay_decision)
    })
    .query::<decision::ReplayQuery>()
    .replies::<decision::ReplayedDecision>(),
    Row::get("/api/v1/cost/series", "Spending over time", || get(cost::get_cost_series))
        .query::<cost::CostQuery>()
        .replies::<cost::CostSeries>(),
    Row::get("/api/v1/cost/table", "Spending in a table", || get(cost::get_cost_table))
        .query::<cost::CostQuery>()
        .replies::<cost::CostTable>(),
    Row::get("/api/v1/quarantines", "Deployments that failed gates took out of traffic", || {
        get(quarantine::list_quarantines)
    })
    .query::<quarantine::QuarantineQuery>()
    .replies::<List<quarantine::QuarantineView>>(),
    Row::post("/api/v1/quarantines", "Takes a deployment out of a workload's ordinary traffic", || {
        post(quarantine::create_quarantine)
    })
    .takes::<quarantine::QuarantineOrder>()
    .replies::<List<quarantine::QuarantineView>>(),
    Row::post("/api/v1/quarantines/lift", "Lets a deployment back", || post(quarantine::lift_quarantine))
        .takes::<quarantine::QuarantineOrder>()
        .replies::<List<quarantine::QuarantineView>>(),
    Row::get("/api/v1/live/canaries", "Canaries as they go on", || get(canary_live::stream_canaries))
        .streams::<canary_view::CanaryView>(),
    Row::get("/api/v1/live/runs", "Eval runs as they go on", || get(run_live::stream_runs))
        .streams::<run_view::RunView>(),
    Row::get("/api/v1/live/traces", "Requests as they are recorded", || get(live::stream_traces))
        .streams::<trace_view::TraceRow>(),
    Row::get("/api/v1/live/events", "Changes of canaries, policies, scores and windows", || get(live::stream_events))
        .streams::<live::Change>(),
];

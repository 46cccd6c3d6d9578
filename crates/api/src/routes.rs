//! The one table of control-plane routes. The router, the guard before each handler, the OpenAPI document and the
//! authorisation tests are all made from it; a handler that is not in it does not serve.

use std::sync::Arc;

use axum::{
    Router,
    extract::{DefaultBodyLimit, Request},
    http::{HeaderName, HeaderValue, header},
    middleware,
    response::{IntoResponse, Response},
    routing::{delete, get, patch, post},
};
use tower_http::{catch_panic::CatchPanicLayer, compression::CompressionLayer, set_header::SetResponseHeaderLayer};
use weir_core::error;

use crate::{
    assets, calibration, canary, canary_pairs, canary_view,
    compat::{
        feedback, langfuse, langfuse_dataset, langfuse_queue, langfuse_score, openai_evals, otlp, phoenix, tensorzero,
    },
    cost, dataset, decision, demo, deployment, deployment_test, diff, event, freeze,
    guard::{self, Guard},
    job, label, live, openapi, overview, policy, policy_replay,
    problem::Failure,
    quarantine, replay, revert,
    row::Row,
    rule, run, run_compare, run_live, run_order, run_view, score, scorer_try, series,
    state::{ApiState, App, Shared},
    system, trace, trace_facets, trace_view,
    view::List,
    window, workload,
};

/// Largest dataset file, in bytes. It is spooled to disk, so the bound is of the disk and not of memory.
pub(crate) const IMPORT_BYTES: usize = 2 * 1024 * 1024 * 1024;
/// Largest edit of a dataset, in bytes.
const EDIT_BYTES: usize = 8 * 1024 * 1024;
/// Largest body of other products' interfaces, in bytes.
const COMPAT_BYTES: usize = 4 * 1024 * 1024;
/// Largest order of an eval run with its suite, files and recorded answers, in bytes.
const RUN_BYTES: usize = 32 * 1024 * 1024;

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
    Row::get(
        "/api/v1/workloads/{id}/policies/{revision}/replay",
        "Recorded decisions made again under a revision",
        || get(policy_replay::replay_policy),
    )
    .query::<policy_replay::PolicyReplayQuery>()
    .replies::<policy_replay::PolicyReplay>(),
    Row::get("/api/v1/policies", "Policy revisions of all workloads, newest first", || get(policy::list_all_policies))
        .replies::<List<policy::Revision>>(),
    Row::get("/api/v1/policy-diffs", "Proposed routes, newest first", || get(diff::list_diffs))
        .query::<diff::DiffQuery>()
        .replies::<List<diff::DiffView>>(),
    Row::get("/api/v1/policy-diffs/{id}", "One proposal with the maths attached", || get(diff::get_diff))
        .replies::<diff::DiffView>(),
    Row::get("/api/v1/policy-diffs/{id}/replay", "The proposal made again from its facts", || get(diff::replay_diff))
        .replies::<diff::DiffReplay>(),
    Row::post("/api/v1/policy-diffs/{id}/apply", "Starts the proposal's canary", || post(diff::apply_diff))
        .creates::<canary_view::CanaryView>(),
    Row::post("/api/v1/policy-diffs/{id}/reject", "Closes the proposal", || post(diff::reject_diff))
        .takes::<canary::Reason>()
        .replies::<diff::DiffView>(),
    Row::get("/api/v1/deployments", "Every deployment, its price and its health", || get(deployment::list_deployments))
        .replies::<List<deployment::DeploymentView>>(),
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
    Row::get("/api/v1/canaries/{id}/pairs", "How requests became pairs, and those that differ most", || {
        get(canary_pairs::list_pairs)
    })
    .replies::<canary_pairs::CanaryPairs>(),
    Row::get("/api/v1/canaries/{id}/share", "What share of the traffic each arm was set and got", || {
        get(canary_pairs::get_share)
    })
    .replies::<canary_pairs::CanaryShare>(),
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
    Row::post("/api/v1/jobs/retry", "Puts jobs that were given up back into the queue", || post(job::retry_jobs))
        .takes::<job::JobRetry>()
        .replies::<job::Retried>(),
    Row::get("/api/v1/rules", "Rules of online scoring, what they sample and what they spend", || {
        get(rule::list_rules)
    })
    .replies::<rule::RuleList>(),
    Row::post("/api/v1/rules/{name}/pause", "Stops a rule", || post(rule::pause_rule))
        .takes::<rule::RuleReason>()
        .replies::<rule::RuleView>(),
    Row::post("/api/v1/rules/{name}/resume", "Lets a rule go on", || post(rule::resume_rule))
        .replies::<rule::RuleView>(),
    Row::post("/api/v1/rules/{name}/backfill", "Scores past answers by a rule", || post(rule::backfill_rule))
        .takes::<rule::BackfillOrder>()
        .creates::<rule::BackfillView>(),
    Row::get("/api/v1/system", "Version, store, queue, keys and budgets", || get(system::get_system))
        .replies::<system::SystemView>(),
    Row::get("/api/v1/config", "Every effective value and who set it", || get(system::get_config))
        .replies::<List<system::ConfigRow>>(),
    Row::get("/api/v1/audit", "What canaries did and who ordered it, chained by hashes", || get(system::get_audit))
        .query::<system::AuditQuery>()
        .replies::<system::AuditLog>(),
    Row::get("/api/v1/datasets", "Every dataset at its current version", || get(dataset::list_datasets))
        .replies::<List<dataset::DatasetView>>(),
    Row::get("/api/v1/datasets/{name}", "One dataset: versions and its first items", || get(dataset::get_dataset))
        .replies::<dataset::DatasetDetail>(),
    Row::post("/api/v1/datasets/preview", "Reads a file as a dataset and stores nothing", || {
        post(dataset::import::preview_dataset)
    })
    .query::<dataset::import::PreviewQuery>()
    .takes_file(IMPORT_BYTES)
    .replies::<dataset::import::Preview>(),
    Row::post("/api/v1/datasets/import", "Publishes a file as a dataset version", || {
        post(dataset::import::import_dataset)
    })
    .query::<dataset::import::ImportQuery>()
    .takes_file(IMPORT_BYTES)
    .creates::<dataset::import::Imported>(),
    Row::get("/api/v1/datasets/{name}/items", "Items of a version, in order", || get(dataset::items::list_items))
        .query::<dataset::items::ItemsQuery>()
        .replies::<dataset::items::ItemPage>(),
    Row::post("/api/v1/datasets/{name}/items", "Puts items into the draft", || post(dataset::items::put_items))
        .takes::<dataset::items::PutItems>()
        .up_to(EDIT_BYTES)
        .replies::<dataset::items::DraftView>(),
    Row::get("/api/v1/datasets/{name}/items/{id}", "One item of a version", || get(dataset::items::get_item))
        .query::<dataset::items::ItemQuery>()
        .replies::<dataset::items::ItemView>(),
    Row::post("/api/v1/datasets/{name}/take", "Takes items out of the draft; imports do not bring them back", || {
        post(dataset::items::take_items)
    })
    .takes::<dataset::items::TakeItems>()
    .replies::<dataset::items::DraftView>(),
    Row::post("/api/v1/datasets/{name}/purge", "Destroys the content of items everywhere; hashes stay", || {
        post(dataset::items::purge_items)
    })
    .takes::<dataset::items::PurgeItems>()
    .replies::<dataset::items::Purged>(),
    Row::post("/api/v1/datasets/{name}/add", "Puts requests that a filter fits into the draft", || {
        post(dataset::add::add_traces)
    })
    .takes::<dataset::add::AddOrder>()
    .replies::<dataset::add::Added>(),
    Row::post("/api/v1/datasets/{name}/publish", "Makes the draft the current version", || {
        post(dataset::draft::publish_draft)
    })
    .takes::<dataset::draft::Publish>()
    .replies::<dataset::draft::PublishedView>(),
    Row::post("/api/v1/datasets/{name}/discard", "Throws the draft away", || post(dataset::draft::discard_draft))
        .replies::<dataset::draft::Discarded>(),
    Row::post("/api/v1/datasets/{name}/delete", "Takes a dataset out of every list", || post(dataset::delete_dataset))
        .replies::<List<dataset::DatasetView>>(),
    Row::get("/api/v1/datasets/{name}/versions", "Publications, newest first", || get(dataset::list_versions))
        .replies::<List<dataset::VersionView>>(),
    Row::get("/api/v1/datasets/{name}/diff", "What changed between two versions", || get(dataset::diff::diff_versions))
        .query::<dataset::diff::VersionDiffQuery>()
        .replies::<dataset::diff::VersionDiff>(),
    Row::get("/api/v1/datasets/{name}/check", "Near copies, and held-out items that others can see", || {
        get(dataset::check::check_dataset)
    })
    .query::<dataset::check::CheckQuery>()
    .replies::<dataset::check::Checked>(),
    Row::get("/api/v1/datasets/{name}/export", "A version as a file", || get(dataset::export::export_dataset))
        .query::<dataset::export::ExportQuery>(),
    Row::get("/api/v1/labels", "What people said of answers, newest first", || get(label::list_labels))
        .query::<label::LabelQuery>()
        .replies::<List<label::LabelView>>(),
    Row::post("/api/v1/labels", "Takes a label in, and tells what the judge said", || post(label::create_label))
        .takes::<label::LabelOrder>()
        .creates::<label::LabelView>(),
    Row::get("/api/v1/labels/plans", "Which scorers people are asked about, and what waits", || get(label::list_plans))
        .replies::<List<label::PlanView>>(),
    Row::post("/api/v1/labels/next", "The next answer to label, locked for five minutes", || post(label::next_label))
        .takes::<label::NextOrder>()
        .replies::<label::NextTask>(),
    Row::post("/api/v1/labels/skip", "Leaves an answer to others", || post(label::skip_label))
        .takes::<label::SkipOrder>()
        .replies::<List<label::PlanView>>(),
    Row::get("/api/v1/scorers/templates", "Judges that ship with weir, in full", || get(scorer_try::list_templates))
        .replies::<List<scorer_try::TemplateView>>(),
    Row::post("/api/v1/scorers/try", "Grades recorded answers by a definition; nothing is stored", || {
        post(scorer_try::try_scorer)
    })
    .takes::<scorer_try::TryOrder>()
    .replies::<scorer_try::TryView>(),
    Row::post("/api/v1/scorers/{name}/labels", "Asks people about a share of a judge's grades", || {
        post(label::plan_labels)
    })
    .takes::<label::PlanOrder>()
    .replies::<List<label::PlanView>>(),
    Row::post("/api/v1/scorers/{name}/anchors", "Chooses the answers that a judge grades again and again", || {
        post(calibration::set_anchors)
    })
    .takes::<calibration::AnchorOrder>()
    .replies::<calibration::AnchorsView>(),
    Row::post("/api/v1/scorers/{name}/anchors/run", "Grades a judge's anchors now", || post(calibration::run_anchors))
        .replies::<calibration::AnchorsView>(),
    Row::get("/api/v1/scorers/{name}/calibration", "A judge beside people's labels", || {
        get(calibration::get_calibration)
    })
    .query::<calibration::CalibrationQuery>()
    .replies::<calibration::CalibrationView>(),
    Row::get("/api/v1/cost/series", "Spending over time", || get(cost::get_cost_series))
        .query::<cost::CostQuery>()
        .replies::<cost::CostSeries>(),
    Row::get("/api/v1/cost/table", "Spending in a table", || get(cost::get_cost_table))
        .query::<cost::CostQuery>()
        .replies::<cost::CostTable>(),
    Row::get("/api/v1/runs", "Eval runs, newest first", || get(run::list_runs))
        .query::<run::RunQuery>()
        .replies::<List<run_view::RunView>>(),
    Row::post("/api/v1/runs", "Starts an eval run", || post(run_order::create_run))
        .takes::<run_order::NewRun>()
        .up_to(RUN_BYTES)
        .creates::<run_view::RunView>(),
    Row::get("/api/v1/runs/compare", "Two runs, item by item", || get(run_compare::compare_runs))
        .query::<run_compare::CompareQuery>()
        .replies::<run_compare::RunComparison>(),
    Row::get("/api/v1/runs/{id}", "One run: arms, comparisons, gates", || get(run::get_run))
        .replies::<run_view::RunDetail>(),
    Row::get("/api/v1/runs/{id}/items", "A run's items with every arm's answer and grades", || get(run::list_items))
        .query::<run::ItemQuery>()
        .replies::<List<run_view::RunItemView>>(),
    Row::post("/api/v1/runs/{id}/cancel", "Stops a run; what it has stays", || post(run_order::cancel_run))
        .replies::<run_view::RunView>(),
    Row::post("/api/v1/runs/{id}/resume", "Goes on with a run that is over", || post(run_order::resume_run))
        .takes::<run_order::Resume>()
        .replies::<run_view::RunView>(),
    Row::post("/api/v1/runs/{id}/rescore", "Grades a run's stored answers again", || post(run_order::rescore_run))
        .takes::<run_order::Rescore>()
        .up_to(RUN_BYTES)
        .replies::<run_view::RunView>(),
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
    Row::get("/api/v1/live/runs", "Eval runs as they go on", || get(run_live::stream_runs))
        .streams::<run_view::RunView>(),
    Row::get("/api/v1/live/traces", "Requests as they are recorded", || get(live::stream_traces))
        .streams::<trace_view::TraceRow>(),
    Row::get("/api/v1/live/events", "Changes of canaries, policies, scores and windows", || get(live::stream_events))
        .streams::<live::Change>(),
    Row::post("/v1/feedback", "An end user's vote on the one answer that they were given", || {
        post(feedback::create_feedback).options(feedback::allow_feedback)
    })
    .public()
    .takes::<feedback::Vote>()
    .replies::<feedback::VoteReceipt>(),
    Row::post("/feedback", "TensorZero: a metric's value for one answer", || post(tensorzero::create_metric))
        .caller()
        .takes::<tensorzero::MetricFeedback>()
        .replies::<tensorzero::FeedbackId>(),
    Row::post("/v1/span_annotations", "Phoenix: labels and scores of spans", || post(phoenix::annotate_spans))
        .caller()
        .takes::<phoenix::SpanAnnotations>()
        .up_to(COMPAT_BYTES)
        .replies::<phoenix::Annotated>(),
    Row::post("/v1/traces", "OTLP: spans of other programs, to be scored", || post(otlp::take_traces))
        .caller()
        .takes_file(otlp::MOST_BYTES)
        .replies::<openapi::Foreign>(),
    Row::post("/api/public/otel/v1/traces", "Langfuse: OTLP", || post(otlp::take_traces))
        .caller()
        .takes_file(otlp::MOST_BYTES)
        .replies::<openapi::Foreign>(),
    Row::get("/api/public/health", "Langfuse: whether this answers", || get(langfuse::get_health))
        .caller()
        .replies::<openapi::Foreign>(),
    Row::get("/api/public/projects", "Langfuse: what the key opens", || get(langfuse::list_projects))
        .caller()
        .replies::<openapi::Foreign>(),
    Row::post("/api/public/scores", "Langfuse: one score or a list", || post(langfuse_score::create_scores))
        .caller()
        .takes::<openapi::Foreign>()
        .up_to(COMPAT_BYTES)
        .replies::<openapi::Foreign>(),
    Row::get("/api/public/v3/scores", "Langfuse: scores, newest first", || get(langfuse_score::list_scores))
        .caller()
        .query::<langfuse_score::ScoreQuery>()
        .replies::<openapi::Foreign>(),
    Row::delete("/api/public/scores/{id}", "Langfuse: forgets a score", || delete(langfuse_score::delete_score))
        .caller()
        .replies::<openapi::Foreign>(),
    Row::post("/api/public/score-configs", "Langfuse: a score's scale", || post(langfuse::create_config))
        .caller()
        .takes::<langfuse::ScoreConfig>()
        .replies::<openapi::Foreign>(),
    Row::get("/api/public/score-configs", "Langfuse: scales of scores", || get(langfuse::list_configs))
        .caller()
        .query::<langfuse::PageQuery>()
        .replies::<openapi::Foreign>(),
    Row::get("/api/public/score-configs/{id}", "Langfuse: one scale", || get(langfuse::get_config))
        .caller()
        .replies::<openapi::Foreign>(),
    Row::post("/api/public/v2/datasets", "Langfuse: a dataset", || post(langfuse_dataset::create_dataset))
        .takes::<openapi::Foreign>()
        .replies::<openapi::Foreign>(),
    Row::get("/api/public/v2/datasets", "Langfuse: datasets", || get(langfuse_dataset::list_datasets))
        .query::<langfuse::PageQuery>()
        .replies::<openapi::Foreign>(),
    Row::get("/api/public/v2/datasets/{name}", "Langfuse: one dataset", || get(langfuse_dataset::get_dataset))
        .replies::<openapi::Foreign>(),
    Row::post("/api/public/dataset-items", "Langfuse: puts an item into a draft", || {
        post(langfuse_dataset::create_item)
    })
    .takes::<openapi::Foreign>()
    .up_to(COMPAT_BYTES)
    .replies::<openapi::Foreign>(),
    Row::get("/api/public/dataset-items", "Langfuse: items, none of them held out", || {
        get(langfuse_dataset::list_items)
    })
    .query::<langfuse_dataset::ItemsQuery>()
    .replies::<openapi::Foreign>(),
    Row::get("/api/public/dataset-items/{id}", "Langfuse: one item", || get(langfuse_dataset::get_item))
        .replies::<openapi::Foreign>(),
    Row::delete("/api/public/dataset-items/{id}", "Langfuse: takes an item out of a draft", || {
        delete(langfuse_dataset::delete_item)
    })
    .replies::<openapi::Foreign>(),
    Row::post("/api/public/annotation-queues", "Langfuse: a queue", || post(langfuse_queue::create_queue))
        .caller()
        .takes::<openapi::Foreign>()
        .replies::<openapi::Foreign>(),
    Row::get("/api/public/annotation-queues", "Langfuse: queues", || get(langfuse_queue::list_queues))
        .caller()
        .query::<langfuse::PageQuery>()
        .replies::<openapi::Foreign>(),
    Row::get("/api/public/annotation-queues/{id}", "Langfuse: one queue", || get(langfuse_queue::get_queue))
        .caller()
        .replies::<openapi::Foreign>(),
    Row::post("/api/public/annotation-queues/{id}/items", "Langfuse: puts an object into a queue", || {
        post(langfuse_queue::create_item)
    })
    .caller()
    .takes::<openapi::Foreign>()
    .replies::<openapi::Foreign>(),
    Row::get("/api/public/annotation-queues/{id}/items", "Langfuse: what waits in a queue", || {
        get(langfuse_queue::list_items)
    })
    .caller()
    .query::<langfuse_queue::QueueQuery>()
    .replies::<openapi::Foreign>(),
    Row::get("/api/public/annotation-queues/{id}/items/{item}", "Langfuse: one object of a queue", || {
        get(langfuse_queue::get_item)
    })
    .caller()
    .replies::<openapi::Foreign>(),
    Row::patch(
        "/api/public/annotation-queues/{id}/items/{item}",
        "Langfuse: an object is done, or waits again",
        || patch(langfuse_queue::update_item),
    )
    .caller()
    .takes::<openapi::Foreign>()
    .replies::<openapi::Foreign>(),
    Row::delete("/api/public/annotation-queues/{id}/items/{item}", "Langfuse: takes an object out of a queue", || {
        delete(langfuse_queue::delete_item)
    })
    .caller()
    .replies::<openapi::Foreign>(),
    Row::post("/v1/evals", "OpenAI Evals: an eval with its criteria", || post(openai_evals::create_eval))
        .caller()
        .takes::<openapi::Foreign>()
        .up_to(COMPAT_BYTES)
        .creates::<openapi::Foreign>(),
    Row::get("/v1/evals", "OpenAI Evals: evals, newest first", || get(openai_evals::list_evals))
        .caller()
        .query::<openai_evals::OpenaiPage>()
        .replies::<openapi::Foreign>(),
    Row::get("/v1/evals/{eval_id}", "OpenAI Evals: one eval", || get(openai_evals::get_eval))
        .caller()
        .replies::<openapi::Foreign>(),
    Row::delete("/v1/evals/{eval_id}", "OpenAI Evals: forgets an eval", || delete(openai_evals::delete_eval))
        .caller()
        .replies::<openapi::Foreign>(),
    Row::post("/v1/evals/{eval_id}/runs", "OpenAI Evals: starts a run", || post(openai_evals::create_eval_run))
        .caller()
        .takes::<openapi::Foreign>()
        .up_to(RUN_BYTES)
        .creates::<openapi::Foreign>(),
    Row::get("/v1/evals/{eval_id}/runs", "OpenAI Evals: runs, newest first", || get(openai_evals::list_eval_runs))
        .caller()
        .query::<openai_evals::OpenaiPage>()
        .replies::<openapi::Foreign>(),
    Row::get("/v1/evals/{eval_id}/runs/{run_id}", "OpenAI Evals: one run", || get(openai_evals::get_eval_run))
        .caller()
        .replies::<openapi::Foreign>(),
    Row::post("/v1/evals/{eval_id}/runs/{run_id}/cancel", "OpenAI Evals: stops a run", || {
        post(openai_evals::cancel_eval_run)
    })
    .caller()
    .replies::<openapi::Foreign>(),
    Row::get("/v1/evals/{eval_id}/runs/{run_id}/output_items", "OpenAI Evals: samples and their results", || {
        get(openai_evals::list_output_items)
    })
    .caller()
    .query::<openai_evals::OpenaiPage>()
    .replies::<openapi::Foreign>(),
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

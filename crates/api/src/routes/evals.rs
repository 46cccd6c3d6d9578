//! What answers are worth: scores, scorers, rules, labels, datasets, runs.

use axum::routing::{get, post};

use super::{EDIT_BYTES, IMPORT_BYTES, RUN_BYTES};
use crate::{
    calibration, dataset, label, row::Row, rule, run, run_compare, run_order, run_view, score, scorer, scorer_try,
    view::List,
};

pub(super) static ROWS: &[Row] = &[
    Row::post("/api/v1/scores", "Grades one answer", || post(score::create_score))
        .caller()
        .takes::<score::NewScore>()
        .creates_once::<score::ScoreReceipt>(),
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
    Row::get("/api/v1/scorers", "What each scorer did in a day, what it cost and how soon it graded", || {
        get(scorer::list_scorers)
    })
    .replies::<List<scorer::ScorerView>>(),
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
];

//! Other products' interfaces, for programs that speak them already.

use axum::routing::{delete, get, patch, post};

use super::{COMPAT_BYTES, RUN_BYTES};
use crate::{
    compat::{
        feedback, langfuse, langfuse_dataset, langfuse_queue, langfuse_score, openai_evals, openai_files,
        openai_graders, otlp, phoenix, tensorzero,
    },
    openapi,
    row::Row,
};

pub(super) static ROWS: &[Row] = &[
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
    Row::get("/v1/projects/{project}/span_annotations", "Phoenix: annotations of spans", || {
        get(phoenix::list_annotations)
    })
    .caller()
    .query::<phoenix::AnnotationQuery>()
    .replies::<openapi::Foreign>(),
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
    Row::patch("/api/public/score-configs/{id}", "Langfuse: changes a scale", || patch(langfuse::update_config))
        .caller()
        .takes::<openapi::Foreign>()
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
    Row::get("/v1/evals", "OpenAI Evals: evals", || get(openai_evals::list_evals))
        .caller()
        .query::<openai_evals::OpenaiPage>()
        .replies::<openapi::Foreign>(),
    Row::get("/v1/evals/{eval_id}", "OpenAI Evals: one eval", || get(openai_evals::get_eval))
        .caller()
        .replies::<openapi::Foreign>(),
    Row::post("/v1/evals/{eval_id}", "OpenAI Evals: renames an eval", || post(openai_evals::update_eval))
        .caller()
        .takes::<openapi::Foreign>()
        .replies::<openapi::Foreign>(),
    Row::delete("/v1/evals/{eval_id}", "OpenAI Evals: forgets an eval", || delete(openai_evals::delete_eval))
        .caller()
        .replies::<openapi::Foreign>(),
    Row::post("/v1/evals/{eval_id}/runs", "OpenAI Evals: starts a run", || post(openai_evals::create_eval_run))
        .caller()
        .takes::<openapi::Foreign>()
        .up_to(RUN_BYTES)
        .creates::<openapi::Foreign>(),
    Row::get("/v1/evals/{eval_id}/runs", "OpenAI Evals: runs", || get(openai_evals::list_eval_runs))
        .caller()
        .query::<openai_evals::OpenaiPage>()
        .replies::<openapi::Foreign>(),
    Row::get("/v1/evals/{eval_id}/runs/{run_id}", "OpenAI Evals: one run", || get(openai_evals::get_eval_run))
        .caller()
        .replies::<openapi::Foreign>(),
    Row::delete("/v1/evals/{eval_id}/runs/{run_id}", "OpenAI Evals: forgets a run", || {
        delete(openai_evals::delete_eval_run)
    })
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
    Row::get("/v1/evals/{eval_id}/runs/{run_id}/output_items/{item_id}", "OpenAI Evals: one sample", || {
        get(openai_evals::get_output_item)
    })
    .caller()
    .replies::<openapi::Foreign>(),
    Row::post("/v1/files", "OpenAI: uploads a file, such as the rows of an eval", || post(openai_files::create_file))
        .caller()
        .takes_file(openai_files::FILE_BYTES + openai_files::FORM_BYTES)
        .replies::<openapi::Foreign>(),
    Row::get("/v1/files", "OpenAI: files of the key", || get(openai_files::list_files))
        .caller()
        .query::<openai_files::FilesQuery>()
        .replies::<openapi::Foreign>(),
    Row::get("/v1/files/{file_id}", "OpenAI: one file", || get(openai_files::get_file))
        .caller()
        .replies::<openapi::Foreign>(),
    Row::get("/v1/files/{file_id}/content", "OpenAI: what a file holds", || get(openai_files::get_file_content))
        .caller(),
    Row::delete("/v1/files/{file_id}", "OpenAI: forgets a file", || delete(openai_files::delete_file))
        .caller()
        .replies::<openapi::Foreign>(),
    Row::post("/v1/fine_tuning/alpha/graders/validate", "OpenAI: whether a grader can work", || {
        post(openai_graders::validate_grader)
    })
    .caller()
    .takes::<openai_graders::GraderOrder>()
    .replies::<openapi::Foreign>(),
    Row::post("/v1/fine_tuning/alpha/graders/run", "OpenAI: a grader's word on one sample", || {
        post(openai_graders::run_grader)
    })
    .caller()
    .takes::<openai_graders::GraderTry>()
    .up_to(COMPAT_BYTES)
    .replies::<openapi::Foreign>(),
];

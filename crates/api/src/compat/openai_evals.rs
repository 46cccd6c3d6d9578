//! OpenAI's Evals API: evals, runs and output items, in its own shapes. Runs are carried out by the jobs; a criterion
//! that cannot work is refused when the eval is made, not when it has been paid for.

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};
use weir_config::Caller as Principal;
use weir_evals::openai::{MOST_ROWS, rows};
use weir_store::{Kept, KeptPage};

use super::openai_graders::usable;
use crate::{
    extract::{Body, Params, Segment},
    guard::Caller,
    problem::Failure,
    state::App,
};

const EVAL: &str = "openai.eval";
const RUN: &str = "openai.run";
const ITEM: &str = "openai.item";
const OPEN: &str = "openai.open";
/// Most of a page.
const PAGE: u32 = 100;

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
pub(crate) struct OpenaiPage {
    /// 1 to 100, 20 unless given.
    limit: Option<u32>,
    /// The last id of the page before.
    after: Option<String>,
    #[serde(default)]
    #[param(inline)]
    order: Order,
    /// Evals alone.
    #[serde(default)]
    #[param(inline)]
    order_by: OrderBy,
    /// Runs and output items of this status alone.
    status: Option<String>,
}

/// Which end comes first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Order {
    /// The oldest.
    #[default]
    Asc,
    /// The newest.
    Desc,
}

/// What an order goes by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OrderBy {
    /// When it was made.
    #[default]
    CreatedAt,
    /// When it was changed last.
    UpdatedAt,
}

/// An error in OpenAI's shape.
#[derive(Debug)]
pub(crate) struct Refusal(pub(super) StatusCode, pub(super) String);

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let kind = if self.0.is_server_error() { "server_error" } else { "invalid_request_error" };
        (self.0, Json(json!({"error": {"message": self.1, "type": kind, "param": null, "code": null}}))).into_response()
    }
}

impl From<weir_store::Error> for Refusal {
    fn from(error: weir_store::Error) -> Self {
        let Failure(problem) = Failure::from(error);
        Self(StatusCode::from_u16(problem.code.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), problem.message)
    }
}

pub(super) type Answer = Result<Json<Value>, Refusal>;

pub(super) fn bad(message: impl Into<String>) -> Refusal {
    Refusal(StatusCode::BAD_REQUEST, message.into())
}

fn shown(kept: &Kept) -> Value {
    let mut body: Value = serde_json::from_str(&kept.body).unwrap_or_default();
    body["id"] = kept.id.as_str().into();
    body
}

async fn find(app: &App, caller: &Principal, kind: &str, id: &str) -> Result<Value, Refusal> {
    let kept = app.store.compat_get(kind, &caller.name, id).await?;
    kept.as_ref().map(shown).ok_or_else(|| Refusal(StatusCode::NOT_FOUND, format!("there is no `{id}`")))
}

pub(super) fn fresh(app: &App, prefix: &str) -> String {
    format!("{prefix}_{:016x}{:016x}", app.entropy.next_u64(), app.entropy.next_u64())
}

/// `POST /v1/evals`.
pub(crate) async fn create_eval(
    State(app): State<App>,
    Caller(caller): Caller,
    Body(mut new): Body<Value>,
) -> Result<(StatusCode, Json<Value>), Refusal> {
    let criteria = new["testing_criteria"].as_array().cloned().unwrap_or_default();
    if criteria.is_empty() {
        return Err(bad("`testing_criteria`: wanted at least one"));
    }
    for criterion in &criteria {
        usable(&app, criterion)?;
    }
    let config = &mut new["data_source_config"];
    match config["type"].as_str() {
        Some("custom") => {
            let schema = json!({"type": "object", "properties": {"item": config["item_schema"]}});
            config["schema"] = schema;
        }
        Some("logs" | "stored_completions") => config["schema"] = json!({"type": "object"}),
        _ => return Err(bad("`data_source_config.type`: wanted `custom`, `logs` or `stored_completions`")),
    }
    let id = fresh(&app, "eval");
    let name = new["name"].as_str().unwrap_or("").to_owned();
    let eval = json!({
        "object": "eval", "name": name, "created_at": app.clock.now().0 / 1_000_000,
        "data_source_config": new["data_source_config"], "testing_criteria": criteria, "metadata": new["metadata"],
    });
    app.store.compat_put(EVAL, &caller.name, &id, "", &eval.to_string()).await?;
    Ok((StatusCode::CREATED, Json(find(&app, &caller, EVAL, &id).await?)))
}

/// `GET /v1/evals`.
pub(crate) async fn list_evals(
    State(app): State<App>,
    Caller(caller): Caller,
    Params(page): Params<OpenaiPage>,
) -> Answer {
    list(&app, &caller, EVAL, None, page, &[]).await
}

/// `GET /v1/evals/{eval_id}`.
pub(crate) async fn get_eval(State(app): State<App>, Caller(caller): Caller, Segment(id): Segment) -> Answer {
    Ok(Json(find(&app, &caller, EVAL, &id).await?))
}

/// `POST /v1/evals/{eval_id}`: another name, or other metadata.
pub(crate) async fn update_eval(
    State(app): State<App>,
    Caller(caller): Caller,
    Segment(id): Segment,
    Body(change): Body<Value>,
) -> Answer {
    let mut eval = find(&app, &caller, EVAL, &id).await?;
    for key in ["name", "metadata"] {
        if let Some(value) = change.get(key) {
            eval[key] = value.clone();
        }
    }
    if !eval["name"].is_string() {
        return Err(bad("`name`: wanted a text"));
    }
    app.store.compat_put(EVAL, &caller.name, &id, "", &eval.to_string()).await?;
    Ok(Json(eval))
}

/// `DELETE /v1/evals/{eval_id}`.
pub(crate) async fn delete_eval(State(app): State<App>, Caller(caller): Caller, Segment(id): Segment) -> Answer {
    find(&app, &caller, EVAL, &id).await?;
    app.store.compat_delete(EVAL, &caller.name, &id).await?;
    Ok(Json(json!({"object": "eval.deleted", "deleted": true, "eval_id": id})))
}

/// `POST /v1/evals/{eval_id}/runs`.
pub(crate) async fn create_eval_run(
    State(app): State<App>,
    Caller(caller): Caller,
    Segment(eval): Segment,
    Body(new): Body<Value>,
) -> Result<(StatusCode, Json<Value>), Refusal> {
    find(&app, &caller, EVAL, &eval).await?;
    let source = &new["data_source"];
    let kind = source["type"].as_str().unwrap_or_default();
    if !["jsonl", "completions", "responses"].contains(&kind) {
        return Err(bad("`data_source.type`: wanted `jsonl`, `completions` or `responses`"));
    }
    has_rows(&app, &caller, &source["source"]).await?;
    if kind != "jsonl" && source["model"].as_str().is_none_or(str::is_empty) {
        return Err(bad("`data_source.model`: wanted a deployment, or `weir/WORKLOAD`"));
    }
    let id = fresh(&app, "evalrun");
    let run = json!({
        "object": "eval.run", "eval_id": eval, "name": new["name"].as_str().unwrap_or(""), "status": "queued",
        "created_at": app.clock.now().0 / 1_000_000, "data_source": source, "metadata": new["metadata"],
        "model": source["model"].as_str().unwrap_or(""), "error": null, "report_url": format!("/api/v1/openapi.json#{id}"),
        "result_counts": {"total": 0, "passed": 0, "failed": 0, "errored": 0},
        "per_testing_criteria_results": [], "per_model_usage": [],
    });
    app.store.compat_put(RUN, &caller.name, &id, &eval, &run.to_string()).await?;
    app.store.compat_put(OPEN, "", &id, &caller.name, "{}").await?;
    Ok((StatusCode::CREATED, Json(find(&app, &caller, RUN, &id).await?)))
}

/// Looks at every row before the run is taken: what cannot be read is told now, by its line.
async fn has_rows(app: &App, caller: &Principal, source: &Value) -> Result<(), Refusal> {
    match source["type"].as_str() {
        Some("file_content") => match source["content"].as_array().map_or(0, Vec::len) {
            1..=MOST_ROWS => Ok(()),
            found => Err(bad(format!("`data_source.source.content`: found {found} rows, wanted 1 to {MOST_ROWS}"))),
        },
        Some("file_id") => {
            let id = source["id"].as_str().unwrap_or_default();
            let content = app.store.file_content(&caller.name, id).await?;
            let content = content.ok_or_else(|| {
                bad(format!("`data_source.source.id`: there is no file `{id}`; upload it by POST /v1/files"))
            })?;
            rows(&content).map(drop).map_err(|why| bad(format!("`data_source.source.id`: file `{id}`: {why}")))
        }
        _ => Err(bad(
            "`data_source.source.type`: wanted `file_content` or `file_id`; stored completions stay with their keeper",
        )),
    }
}

/// `GET /v1/evals/{eval_id}/runs`.
pub(crate) async fn list_eval_runs(
    State(app): State<App>,
    Caller(caller): Caller,
    Segment(eval): Segment,
    Params(page): Params<OpenaiPage>,
) -> Answer {
    find(&app, &caller, EVAL, &eval).await?;
    let statuses = ["queued", "in_progress", "completed", "canceled", "failed"];
    list(&app, &caller, RUN, Some(&eval), page, &statuses).await
}

/// `GET /v1/evals/{eval_id}/runs/{run_id}`.
pub(crate) async fn get_eval_run(
    State(app): State<App>,
    Caller(caller): Caller,
    Path((_, run)): Path<(String, String)>,
) -> Answer {
    Ok(Json(find(&app, &caller, RUN, &run).await?))
}

/// `DELETE /v1/evals/{eval_id}/runs/{run_id}`: with its output items.
pub(crate) async fn delete_eval_run(
    State(app): State<App>,
    Caller(caller): Caller,
    Path((_, id)): Path<(String, String)>,
) -> Answer {
    let run = find(&app, &caller, RUN, &id).await?;
    if matches!(run["status"].as_str(), Some("queued" | "in_progress")) {
        return Err(Refusal(StatusCode::CONFLICT, format!("`{id}` is under way; cancel it first")));
    }
    loop {
        let items = app.store.compat_list(ITEM, &caller.name, Some(&id), None, PAGE).await?;
        if items.is_empty() {
            break;
        }
        for item in items {
            app.store.compat_delete(ITEM, &caller.name, &item.id).await?;
        }
    }
    app.store.compat_delete(RUN, &caller.name, &id).await?;
    Ok(Json(json!({"object": "eval.run.deleted", "deleted": true, "run_id": id})))
}

/// `POST /v1/evals/{eval_id}/runs/{run_id}/cancel`.
pub(crate) async fn cancel_eval_run(
    State(app): State<App>,
    Caller(caller): Caller,
    Path((eval, id)): Path<(String, String)>,
) -> Answer {
    let mut run = find(&app, &caller, RUN, &id).await?;
    if matches!(run["status"].as_str(), Some("queued" | "in_progress")) {
        run["status"] = "canceled".into();
        // Who carries it out looks at the order between two rows, which is small.
        app.store.compat_put(OPEN, "", &id, &caller.name, "{\"canceled\":true}").await?;
        app.store.compat_put(RUN, &caller.name, &id, &eval, &run.to_string()).await?;
    }
    Ok(Json(run))
}

/// `GET /v1/evals/{eval_id}/runs/{run_id}/output_items`.
pub(crate) async fn list_output_items(
    State(app): State<App>,
    Caller(caller): Caller,
    Path((_, run)): Path<(String, String)>,
    Params(page): Params<OpenaiPage>,
) -> Answer {
    find(&app, &caller, RUN, &run).await?;
    list(&app, &caller, ITEM, Some(&run), page, &["pass", "fail", "error"]).await
}

/// `GET /v1/evals/{eval_id}/runs/{run_id}/output_items/{item_id}`.
pub(crate) async fn get_output_item(
    State(app): State<App>,
    Caller(caller): Caller,
    Path((_, run, item)): Path<(String, String, String)>,
) -> Answer {
    let kept = app.store.compat_get(ITEM, &caller.name, &item).await?.filter(|kept| kept.parent == run);
    kept.as_ref()
        .map(|kept| Json(shown(kept)))
        .ok_or_else(|| Refusal(StatusCode::NOT_FOUND, format!("there is no `{item}`")))
}

/// One page; `statuses` are those that it may be narrowed to.
async fn list(
    app: &App,
    caller: &Principal,
    kind: &str,
    parent: Option<&str>,
    page: OpenaiPage,
    statuses: &[&str],
) -> Answer {
    let status = match page.status.as_deref() {
        // Their own word for it in a description of this parameter.
        Some("failed") if statuses.contains(&"fail") => Some("fail"),
        Some(status) if !statuses.is_empty() && !statuses.contains(&status) => {
            return Err(bad(format!("`status` is `{status}`, wanted one of {}", statuses.join(", "))));
        }
        status => status.filter(|_| !statuses.is_empty()),
    };
    let limit = page.limit.unwrap_or(20).clamp(1, PAGE);
    let after = match &page.after {
        Some(id) => {
            let kept = app.store.compat_get(kind, &caller.name, id).await?;
            Some(kept.ok_or_else(|| bad(format!("`after`: there is no `{id}`; begin again without it")))?)
        }
        None => None,
    };
    let page = KeptPage {
        parent,
        status,
        after: after.as_ref(),
        newest_first: page.order == Order::Desc,
        by_change: page.order_by == OrderBy::UpdatedAt,
        limit: limit + 1,
    };
    let mut kept = app.store.compat_page(kind, &caller.name, page).await?;
    let more = kept.len() > limit as usize;
    kept.truncate(limit as usize);
    let data: Vec<Value> = kept.iter().map(shown).collect();
    Ok(Json(paged(data, more)))
}

/// A list as their clients read it.
pub(super) fn paged(data: Vec<Value>, more: bool) -> Value {
    let end = |one: Option<&Value>| one.map(|one| one["id"].clone());
    let (first, last) = (end(data.first()), end(data.last()));
    json!({"object": "list", "data": data, "has_more": more, "first_id": first, "last_id": last})
}

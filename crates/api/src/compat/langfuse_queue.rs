//! Langfuse's annotation queues: which objects wait for people's scores. They hold ids only; the scores themselves come as
//! all scores do.

use axum::{Json, extract::State};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::IntoParams;
use weir_config::Caller as Principal;
use weir_store::Kept;

use super::langfuse::{PageQuery, find_config, paged, shown};
use crate::{
    extract::{Body, Params, Segment, Segments},
    guard::Caller,
    problem::{Failure, Reply},
    state::App,
    time::rfc3339,
};

const QUEUE: &str = "langfuse.queue";
const ITEM: &str = "langfuse.queue_item";
/// Objects looked through for a page.
const MOST: u32 = 10_000;

/// Which items of a queue.
#[derive(Debug, Deserialize, IntoParams)]
pub(crate) struct QueueQuery {
    /// `PENDING` or `COMPLETED`.
    status: Option<String>,
    page: Option<u32>,
    limit: Option<u32>,
}

/// `POST /api/public/annotation-queues`.
pub(crate) async fn create_queue(
    State(app): State<App>,
    Caller(caller): Caller,
    Body(body): Body<Value>,
) -> Reply<Json<Value>> {
    let name = body["name"].as_str().filter(|name| !name.trim().is_empty());
    let name = name.ok_or_else(|| Failure::bad("`name`: wanted some text"))?;
    let configs: Vec<String> = serde_json::from_value(body["scoreConfigIds"].clone())
        .map_err(|_| Failure::bad("`scoreConfigIds`: wanted a list of ids"))?;
    for id in &configs {
        find_config(&app, &caller, id).await?;
    }
    let id = new_id(&app);
    let queue = json!({"name": name, "description": body["description"], "scoreConfigIds": configs});
    app.store.compat_put(QUEUE, &caller.name, &id, name, &queue.to_string()).await?;
    get_queue(State(app), Caller(caller), Segment(id)).await
}

/// `GET /api/public/annotation-queues`.
pub(crate) async fn list_queues(
    State(app): State<App>,
    Caller(caller): Caller,
    Params(query): Params<PageQuery>,
) -> Reply<Json<Value>> {
    let kept = app.store.compat_list(QUEUE, &caller.name, None, None, MOST).await?;
    Ok(Json(paged(kept.iter().map(|one| shown(&caller, one)).collect(), query.page, query.limit)))
}

/// `GET /api/public/annotation-queues/{id}`.
pub(crate) async fn get_queue(
    State(app): State<App>,
    Caller(caller): Caller,
    Segment(id): Segment,
) -> Reply<Json<Value>> {
    Ok(Json(shown(&caller, &queue(&app, &caller, &id).await?)))
}

/// `POST /api/public/annotation-queues/{id}/items`.
pub(crate) async fn create_item(
    State(app): State<App>,
    Caller(caller): Caller,
    Segment(queue_id): Segment,
    Body(body): Body<Value>,
) -> Reply<Json<Value>> {
    queue(&app, &caller, &queue_id).await?;
    let object = body["objectId"].as_str().filter(|id| !id.is_empty());
    let object = object.ok_or_else(|| Failure::bad("`objectId`: wanted an id"))?;
    const TYPES: [&str; 3] = ["TRACE", "OBSERVATION", "SESSION"];
    let Some(kind) = TYPES.into_iter().find(|kind| body["objectType"] == *kind) else {
        return Err(Failure::bad(format!("`objectType`: wanted one of {}", TYPES.join(", "))));
    };
    let id = new_id(&app);
    let item = json!({"queueId": queue_id, "objectId": object, "objectType": kind});
    put(&app, &caller, (&queue_id, &id), item, body["status"].as_str().unwrap_or("PENDING")).await
}

/// `PATCH /api/public/annotation-queues/{id}/items/{item}`.
pub(crate) async fn update_item(
    State(app): State<App>,
    Caller(caller): Caller,
    Segments(queue_id, id): Segments,
    Body(body): Body<Value>,
) -> Reply<Json<Value>> {
    let kept = item(&app, &caller, &queue_id, &id).await?;
    let old: Value = serde_json::from_str(&kept.body).unwrap_or_default();
    let status = body["status"].as_str().or(old["status"].as_str()).unwrap_or("PENDING").to_owned();
    put(&app, &caller, (&queue_id, &id), old, &status).await
}

/// `GET /api/public/annotation-queues/{id}/items`.
pub(crate) async fn list_items(
    State(app): State<App>,
    Caller(caller): Caller,
    Segment(queue_id): Segment,
    Params(query): Params<QueueQuery>,
) -> Reply<Json<Value>> {
    queue(&app, &caller, &queue_id).await?;
    let kept = app.store.compat_list(ITEM, &caller.name, Some(&queue_id), None, MOST).await?;
    let mut data: Vec<Value> = kept.iter().map(|one| shown(&caller, one)).collect();
    data.retain(|item| query.status.as_ref().is_none_or(|status| item["status"] == status.as_str()));
    Ok(Json(paged(data, query.page, query.limit)))
}

/// `GET /api/public/annotation-queues/{id}/items/{item}`.
pub(crate) async fn get_item(
    State(app): State<App>,
    Caller(caller): Caller,
    Segments(queue_id, id): Segments,
) -> Reply<Json<Value>> {
    Ok(Json(shown(&caller, &item(&app, &caller, &queue_id, &id).await?)))
}

/// `DELETE /api/public/annotation-queues/{id}/items/{item}`.
pub(crate) async fn delete_item(
    State(app): State<App>,
    Caller(caller): Caller,
    Segments(queue_id, id): Segments,
) -> Reply<Json<Value>> {
    item(&app, &caller, &queue_id, &id).await?;
    app.store.compat_delete(ITEM, &caller.name, &id).await?;
    Ok(Json(json!({"success": true, "message": "Annotation queue item deleted successfully"})))
}

async fn put(
    app: &App,
    caller: &Principal,
    (queue, id): (&str, &str),
    mut item: Value,
    status: &str,
) -> Reply<Json<Value>> {
    if !["PENDING", "COMPLETED"].contains(&status) {
        return Err(Failure::bad(format!("`status` is `{status}`, wanted `PENDING` or `COMPLETED`")));
    }
    let done = status == "COMPLETED";
    if done && item["completedAt"].is_null() {
        item["completedAt"] = rfc3339(app.clock.now()).into();
    } else if !done {
        item["completedAt"] = Value::Null;
    }
    item["status"] = status.into();
    app.store.compat_put(ITEM, &caller.name, id, queue, &item.to_string()).await?;
    let kept = app.store.compat_get(ITEM, &caller.name, id).await?;
    Ok(Json(kept.map(|kept| shown(caller, &kept)).unwrap_or_default()))
}

async fn queue(app: &App, caller: &Principal, id: &str) -> Reply<Kept> {
    let found = app.store.compat_get(QUEUE, &caller.name, id).await?;
    found.ok_or_else(|| Failure::not_found("annotation queue", id))
}

async fn item(app: &App, caller: &Principal, queue: &str, id: &str) -> Reply<Kept> {
    let found = app.store.compat_get(ITEM, &caller.name, id).await?;
    found.filter(|kept| kept.parent == queue).ok_or_else(|| Failure::not_found("queue item", id))
}

fn new_id(app: &App) -> String {
    format!("{:016x}", app.entropy.next_u64())
}

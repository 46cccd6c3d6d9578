//! Langfuse's datasets on weir's own: what its clients write goes into the dataset's draft, which they read back at once;
//! `weir dataset publish` makes it a version that runs can hold on to. Held-out items do not leave here. They take a key
//! with the grant `admin`, as datasets do everywhere.

use axum::{Json, extract::State};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use utoipa::IntoParams;
use weir_evals::dataset::{Item, parse};
use weir_store::{Dataset, DatasetVersion, ItemFilter, ItemRow};

use super::langfuse::{PageQuery, paged};
use crate::{
    dataset::{check_name, said, stored},
    extract::{Body, Params, Segment},
    guard::Caller,
    problem::{Failure, Reply},
    state::App,
    time::rfc3339,
};

/// What Langfuse keeps of a dataset and weir does not.
const DATASET: &str = "langfuse.dataset";
/// One tenant for all: datasets are the server's, not a caller's.
const SHARED: &str = "";
/// Where an item's own shape is kept, as far as weir reads it otherwise.
const INPUT: &str = "input";
const EXPECTED: &str = "expectedOutput";
/// Items looked through for a page.
const MOST_ITEMS: u32 = 50_000;

/// Which items.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(rename_all = "camelCase")]
pub(crate) struct ItemsQuery {
    dataset_name: Option<String>,
    source_trace_id: Option<String>,
    source_observation_id: Option<String>,
    /// Not known here: versions of datasets are hashes of their content.
    version: Option<String>,
    page: Option<u32>,
    limit: Option<u32>,
}

/// `POST /api/public/v2/datasets`: a new name, or another word on a known one.
pub(crate) async fn create_dataset(
    State(app): State<App>,
    caller: Caller,
    Body(body): Body<Value>,
) -> Reply<Json<Value>> {
    let name = body["name"].as_str().unwrap_or_default();
    check_name(name)?;
    let mut new = said(&app, name, &caller, "made by a Langfuse client".to_owned());
    new.description = body["description"].as_str().unwrap_or_default().to_owned();
    app.store.draft_put(&new, &[]).await?;
    let kept: Map<String, Value> = ["metadata", "inputSchema", "expectedOutputSchema"]
        .into_iter()
        .map(|key| (key.to_owned(), body[key].clone()))
        .collect();
    app.store.compat_put(DATASET, SHARED, name, "", &Value::Object(kept).to_string()).await?;
    get_dataset(State(app), Segment(name.to_owned())).await
}

/// `GET /api/public/v2/datasets`.
pub(crate) async fn list_datasets(State(app): State<App>, Params(query): Params<PageQuery>) -> Reply<Json<Value>> {
    let mut data = Vec::new();
    for dataset in app.store.dataset_list().await? {
        data.push(shown(&app, &dataset).await?);
    }
    Ok(Json(paged(data, query.page, query.limit)))
}

/// `GET /api/public/v2/datasets/{name}`.
pub(crate) async fn get_dataset(State(app): State<App>, Segment(name): Segment) -> Reply<Json<Value>> {
    let found = app.store.dataset_get(&name).await?;
    let (dataset, _) = found.ok_or_else(|| Failure::not_found("dataset", &name))?;
    Ok(Json(shown(&app, &dataset).await?))
}

async fn shown(app: &App, dataset: &Dataset) -> Reply<Value> {
    let kept = app.store.compat_get(DATASET, SHARED, &dataset.name).await?;
    let kept: Value = kept.and_then(|kept| serde_json::from_str(&kept.body).ok()).unwrap_or_default();
    Ok(json!({
        "id": dataset.id.to_string(), "name": dataset.name, "projectId": "weir",
        "description": Some(&dataset.description).filter(|text| !text.is_empty()),
        "metadata": kept["metadata"], "inputSchema": kept["inputSchema"],
        "expectedOutputSchema": kept["expectedOutputSchema"],
        "createdAt": rfc3339(dataset.created_at), "updatedAt": rfc3339(dataset.created_at),
    }))
}

/// `POST /api/public/dataset-items`: one of a known id takes that item's place; an archived one is taken out.
pub(crate) async fn create_item(State(app): State<App>, caller: Caller, Body(body): Body<Value>) -> Reply<Json<Value>> {
    let name = body["datasetName"].as_str().unwrap_or_default().to_owned();
    let (dataset, version) = current(&app, &name).await?;
    if body["status"] == "ARCHIVED" {
        let id = body["id"].as_str().unwrap_or_default().to_owned();
        let row = version_item(&app, version.as_ref(), &id).await?.ok_or_else(|| Failure::not_found("item", &id))?;
        let mut view = item_view(&dataset, &row).unwrap_or_default();
        take(&app, &caller, &name, id).await?;
        view["status"] = "ARCHIVED".into();
        return Ok(Json(view));
    }
    let item = read(&body)?;
    let new = stored(&item)?;
    app.store.draft_put(&said(&app, &name, &caller, "edited by a Langfuse client".to_owned()), &[new]).await?;
    let (dataset, version) = current(&app, &name).await?;
    let row = version_item(&app, version.as_ref(), &item.id).await?;
    let view = row
        .and_then(|row| item_view(&dataset, &row))
        .ok_or_else(|| Failure::bad(format!("item `{}` is held out or was destroyed; give another `id`", item.id)))?;
    Ok(Json(view))
}

/// `GET /api/public/dataset-items`.
pub(crate) async fn list_items(State(app): State<App>, Params(query): Params<ItemsQuery>) -> Reply<Json<Value>> {
    if query.version.is_some() {
        return Err(Failure::bad("`version` is a time, and versions here are hashes of their content")
            .hint("`GET /api/v1/datasets/{name}/items?version=` reads one"));
    }
    let names = match query.dataset_name {
        Some(name) => vec![name],
        None => app.store.dataset_list().await?.into_iter().map(|dataset| dataset.name).collect(),
    };
    let mut data = Vec::new();
    for name in names {
        let (dataset, version) = current(&app, &name).await?;
        let Some(version) = version else { continue };
        let rows = app.store.item_list(version.seq, &ItemFilter::default(), None, MOST_ITEMS).await?.items;
        data.extend(rows.iter().filter_map(|row| item_view(&dataset, row)));
    }
    for (key, wanted) in
        [("sourceTraceId", query.source_trace_id), ("sourceObservationId", query.source_observation_id)]
    {
        data.retain(|item: &Value| wanted.as_ref().is_none_or(|wanted| item[key] == wanted.as_str()));
    }
    Ok(Json(paged(data, query.page, query.limit)))
}

/// `GET /api/public/dataset-items/{id}`.
pub(crate) async fn get_item(State(app): State<App>, Segment(id): Segment) -> Reply<Json<Value>> {
    let (dataset, row) = find(&app, &id).await?;
    item_view(&dataset, &row).map(Json).ok_or_else(|| Failure::not_found("item", &id))
}

/// `DELETE /api/public/dataset-items/{id}`: out of the draft; versions keep it.
pub(crate) async fn delete_item(State(app): State<App>, caller: Caller, Segment(id): Segment) -> Reply<Json<Value>> {
    let (dataset, _) = find(&app, &id).await?;
    take(&app, &caller, &dataset.name, id).await?;
    Ok(Json(json!({"message": "Dataset item successfully deleted"})))
}

async fn take(app: &App, caller: &Caller, name: &str, id: String) -> Reply<()> {
    let new = said(app, name, caller, "edited by a Langfuse client".to_owned());
    app.store.draft_take(&new, &[id], "deleted by a Langfuse client").await?;
    Ok(())
}

/// The dataset with its draft, else with its current version; neither where it is empty.
async fn current(app: &App, name: &str) -> Reply<(Dataset, Option<DatasetVersion>)> {
    let found = app.store.dataset_get(name).await?;
    let (dataset, _) = found.ok_or_else(|| Failure::not_found("dataset", name))?;
    let version = match app.store.version_find(name, Some("draft")).await? {
        Some(draft) => Some(draft),
        None => app.store.version_find(name, None).await?,
    };
    Ok((dataset, version))
}

async fn version_item(app: &App, version: Option<&DatasetVersion>, id: &str) -> Reply<Option<ItemRow>> {
    match version {
        Some(version) => Ok(app.store.item_get(version.seq, id, None).await?),
        None => Ok(None),
    }
}

/// An item by its id alone, as Langfuse's clients name it: in the first dataset that has it.
async fn find(app: &App, id: &str) -> Reply<(Dataset, ItemRow)> {
    for dataset in app.store.dataset_list().await? {
        let (dataset, version) = current(app, &dataset.name).await?;
        if let Some(row) = version_item(app, version.as_ref(), id).await? {
            return Ok((dataset, row));
        }
    }
    Err(Failure::not_found("item", id))
}

/// What a client sent, as an item; what weir reads otherwise than it was written is kept beside it.
fn read(body: &Value) -> Reply<Item> {
    const FIELDS: [&str; 7] =
        ["id", INPUT, EXPECTED, "metadata", "sourceTraceId", "sourceObservationId", "datasetName"];
    let row: Map<String, Value> = FIELDS.into_iter().map(|key| (key.to_owned(), body[key].clone())).collect();
    let parsed = parse(Value::Object(row).to_string().as_bytes(), "item.jsonl", None);
    let row = parsed.rows.into_iter().next().ok_or_else(|| Failure::bad("the item is empty"))?;
    let mut item = row.result.map_err(|error| match error.column {
        Some(column) => Failure::bad(format!("`{column}`: {}", error.message)),
        None => Failure::bad(error.message),
    })?;
    let given = &body[EXPECTED];
    if item.expected.as_ref().unwrap_or(&Value::Null) != given {
        item.metadata.insert(EXPECTED.to_owned(), given.clone());
    }
    Ok(item)
}

/// An item as Langfuse shows it; nothing where its content may not be seen.
fn item_view(dataset: &Dataset, row: &ItemRow) -> Option<Value> {
    let mut item: Item = serde_json::from_str(row.body.as_deref()?).ok()?;
    let input = item.metadata.shift_remove(INPUT).unwrap_or_else(|| match item.input.as_slice() {
        [only] if only.role == weir_core::chat::Role::User => only.content.as_str().into(),
        messages => serde_json::to_value(messages).unwrap_or_default(),
    });
    let expected = item.metadata.shift_remove(EXPECTED).or(item.expected);
    let source = |key: &str| item.source.get(key).cloned().unwrap_or_default();
    Some(json!({
        "id": row.id, "status": "ACTIVE", "input": input, "expectedOutput": expected,
        "metadata": Some(&item.metadata).filter(|metadata| !metadata.is_empty()),
        "sourceTraceId": source("trace_id"), "sourceObservationId": source("span_id"),
        "datasetId": dataset.id.to_string(), "datasetName": dataset.name,
        "mediaReferences": [],
        "createdAt": rfc3339(dataset.created_at), "updatedAt": rfc3339(dataset.created_at),
    }))
}

//! Datasets: what quality is held against.

use axum::{Json, extract::State};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use weir_store::{Dataset, DatasetVersion};

use crate::{
    extract::Segment,
    problem::{Failure, Reply},
    state::App,
    time::rfc3339,
    view::List,
};

/// Items shown of a dataset.
const SAMPLE: u32 = 20;

/// One dataset at its current version.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DatasetView {
    id: String,
    name: String,
    /// Whose live prompts are looked up in it.
    workload: Option<String>,
    description: String,
    items: u64,
    /// Hash of its content.
    version: String,
    created_at: String,
}

/// One dataset with its history.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DatasetDetail {
    #[serde(flatten)]
    dataset: DatasetView,
    /// Newest first.
    versions: Vec<VersionView>,
    /// The first items of the current version.
    #[schema(value_type = Vec<Object>)]
    sample: Vec<Value>,
}

/// One publication.
#[derive(Debug, Serialize, ToSchema)]
struct VersionView {
    id: String,
    items: u64,
    created_at: String,
    /// Why.
    note: String,
}

impl From<&Dataset> for DatasetView {
    fn from(dataset: &Dataset) -> Self {
        Self {
            id: dataset.id.to_string(),
            name: dataset.name.clone(),
            workload: dataset.workload.as_ref().map(ToString::to_string),
            description: dataset.description.clone(),
            items: dataset.items,
            version: dataset.version.clone(),
            created_at: rfc3339(dataset.created_at),
        }
    }
}

impl From<&DatasetVersion> for VersionView {
    fn from(version: &DatasetVersion) -> Self {
        Self {
            id: version.id.clone(),
            items: version.items,
            created_at: rfc3339(version.created_at),
            note: version.note.clone(),
        }
    }
}

/// `GET /api/v1/datasets`.
pub(crate) async fn list_datasets(State(app): State<App>) -> Reply<Json<List<DatasetView>>> {
    let datasets = app.store.dataset_list().await?;
    Ok(Json(List::whole(datasets.iter().map(DatasetView::from).collect())))
}

/// `GET /api/v1/datasets/{name}`.
pub(crate) async fn get_dataset(State(app): State<App>, Segment(name): Segment) -> Reply<Json<DatasetDetail>> {
    let Some((dataset, versions)) = app.store.dataset_get(&name).await? else {
        return Err(Failure::not_found("dataset", &name));
    };
    let items = app.store.dataset_items(&name, SAMPLE).await?;
    Ok(Json(DatasetDetail {
        dataset: (&dataset).into(),
        versions: versions.iter().map(VersionView::from).collect(),
        sample: items.iter().filter_map(|item| serde_json::from_str(&item.body).ok()).collect(),
    }))
}

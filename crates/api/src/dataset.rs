//! Datasets: what quality is held against.

pub(crate) mod add;
pub(crate) mod check;
pub(crate) mod diff;
pub(crate) mod draft;
pub(crate) mod export;
pub(crate) mod import;
pub(crate) mod items;
mod spool;

use axum::{Json, extract::State};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use weir_evals::dataset::{HELDOUT, InputSchema, Item};
use weir_store::{Dataset, DatasetVersion, GATE_READS, NewDataset, NewItem, Reads};

use crate::{
    extract::Segment,
    guard::Caller,
    problem::{Failure, Reply},
    state::App,
    time::rfc3339,
    view::List,
};

/// Items shown of a dataset.
const SAMPLE: u32 = 20;
/// Longest name, in bytes.
const NAME_BYTES: usize = 100;
/// Names that are actions in the same place of the path.
const RESERVED: [&str; 2] = ["preview", "import"];

/// One dataset at its current version.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DatasetView {
    id: String,
    name: String,
    /// Whose live prompts are looked up in it.
    workload: Option<String>,
    description: String,
    items: u64,
    /// Hash of its content; empty while there is only a draft.
    version: String,
    /// True while edits wait to be published.
    draft: bool,
    created_at: String,
}

/// One dataset with its history.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DatasetDetail {
    #[serde(flatten)]
    dataset: DatasetView,
    /// JSON Schema of the items' inputs.
    #[schema(value_type = Option<Object>)]
    input_schema: Option<Value>,
    /// A word that every export carries.
    canary: String,
    /// Items of the current version by split.
    splits: Vec<SplitView>,
    /// Who has read held-out items.
    heldout: HeldoutView,
    /// Newest first.
    versions: Vec<VersionView>,
    /// The first items of the current version that are not held out.
    #[schema(value_type = Vec<Object>)]
    sample: Vec<Value>,
}

/// One part of a dataset.
#[derive(Debug, Serialize, ToSchema)]
struct SplitView {
    /// `null` for items without one.
    split: Option<String>,
    items: u64,
}

/// How often held-out items were read.
#[derive(Debug, Serialize, ToSchema)]
struct HeldoutView {
    /// Decisions by gates on the current version.
    gate_reads: u64,
    /// From so many on, put in new items: what decided often has been learned by heart.
    budget: u64,
    /// All readings, newest version first.
    reads: Vec<ReadsView>,
}

/// Readings of one version for one purpose.
#[derive(Debug, Serialize, ToSchema)]
struct ReadsView {
    /// Empty for a draft.
    version: String,
    /// `gate`, `shown`, `export` or `check`.
    purpose: String,
    count: u64,
    last_at: String,
}

/// One publication.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VersionView {
    id: String,
    /// The version it followed.
    parent: Option<String>,
    items: u64,
    /// Who published it.
    author: String,
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
            draft: dataset.draft,
            created_at: rfc3339(dataset.created_at),
        }
    }
}

impl From<&DatasetVersion> for VersionView {
    fn from(version: &DatasetVersion) -> Self {
        Self {
            id: version.id.clone(),
            parent: version.parent.clone(),
            items: version.items,
            author: version.author.clone(),
            created_at: rfc3339(version.created_at),
            note: version.note.clone(),
        }
    }
}

impl From<&Reads> for ReadsView {
    fn from(reads: &Reads) -> Self {
        Self {
            version: reads.version.clone(),
            purpose: reads.purpose.clone(),
            count: reads.count,
            last_at: rfc3339(reads.last_at),
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
    let (dataset, versions) = found(&app, &name).await?;
    let items = app.store.dataset_items(&name, SAMPLE).await?;
    let splits = match versions.iter().find(|version| version.id == dataset.version) {
        Some(current) => app.store.split_counts(current.seq).await?,
        None => Vec::new(),
    };
    let reads = app.store.heldout_reads(&name).await?;
    let gate = reads.iter().filter(|reads| reads.version == dataset.version && reads.purpose == "gate");
    Ok(Json(DatasetDetail {
        dataset: (&dataset).into(),
        input_schema: dataset.input_schema.as_deref().and_then(|text| serde_json::from_str(text).ok()),
        canary: dataset.canary,
        splits: splits
            .into_iter()
            .map(|(split, items)| SplitView { split: Some(split).filter(|split| !split.is_empty()), items })
            .collect(),
        heldout: HeldoutView {
            gate_reads: gate.map(|reads| reads.count).sum(),
            budget: GATE_READS,
            reads: reads.iter().map(ReadsView::from).collect(),
        },
        versions: versions.iter().map(VersionView::from).collect(),
        sample: items.iter().filter_map(|item| serde_json::from_str(&item.body).ok()).collect(),
    }))
}

/// `GET /api/v1/datasets/{name}/versions`.
pub(crate) async fn list_versions(State(app): State<App>, Segment(name): Segment) -> Reply<Json<List<VersionView>>> {
    let (_, versions) = found(&app, &name).await?;
    Ok(Json(List::whole(versions.iter().map(VersionView::from).collect())))
}

/// `POST /api/v1/datasets/{name}/delete`.
pub(crate) async fn delete_dataset(State(app): State<App>, Segment(name): Segment) -> Reply<Json<List<DatasetView>>> {
    app.store.dataset_delete(&name).await?;
    list_datasets(State(app)).await
}

async fn found(app: &App, name: &str) -> Reply<(Dataset, Vec<DatasetVersion>)> {
    app.store.dataset_get(name).await?.ok_or_else(|| Failure::not_found("dataset", name))
}

/// The version that `at` means: the current one, `draft`, or the newest whose id begins so.
async fn version_at(app: &App, name: &str, at: Option<&str>) -> Reply<DatasetVersion> {
    if let Some(version) = app.store.version_find(name, at).await? {
        return Ok(version);
    }
    found(app, name).await?;
    let wanted = at.unwrap_or("latest");
    Err(Failure::not_found("version", wanted)
        .hint(format!("`weir dataset versions {name}` lists them; `draft` is there while edits wait")))
}

/// What is said of a dataset that an edit touches; a new one gets its canary.
pub(crate) fn said(app: &App, name: &str, Caller(caller): &Caller, note: String) -> NewDataset {
    let (high, low) = (app.entropy.next_u64(), app.entropy.next_u64());
    // The form of a random UUID, which tools that look for canaries know.
    let canary = format!(
        "weir-canary-{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
        high >> 32,
        high >> 16 & 0xffff,
        high & 0xfff,
        0x8000 | (low >> 48 & 0x3fff),
        low & 0xffff_ffff_ffff
    );
    NewDataset { name: name.to_owned(), canary, author: caller.name.to_string(), note, ..NewDataset::default() }
}

/// The dataset's schema, compiled.
fn schema_of(text: Option<&str>) -> Reply<Option<InputSchema>> {
    let Some(text) = text else { return Ok(None) };
    let value = serde_json::from_str(text).map_err(|error| Failure::bad(format!("`input_schema`: {error}")))?;
    InputSchema::compile(&value).map(Some).map_err(|message| Failure::bad(format!("`input_schema`: {message}")))
}

/// An item as the store keeps it.
pub(crate) fn stored(item: &Item) -> Reply<NewItem> {
    let body = serde_json::to_string(item)
        .map_err(|_| Failure::new(&weir_core::error::INTERNAL, "an item could not be written"))?;
    Ok(NewItem {
        id: item.id.clone(),
        hash: item.hash(),
        input_hash: item.input_hash(),
        split: item.split.clone(),
        body,
    })
}

/// Texts that models see while they judge, by scorer: a held-out prompt must not stand in one.
fn shown(app: &App) -> Vec<(String, String)> {
    let settings = app.settings.load();
    settings.scorers.iter().map(|(name, spec)| (format!("scorer {name}"), spec.to_string())).collect()
}

/// Names stand in paths and file names: letters, digits, `.`, `_` and `-`.
pub(crate) fn check_name(name: &str) -> Reply<()> {
    let fits = (1..=NAME_BYTES).contains(&name.len())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'))
        && !name.starts_with('.');
    if fits && !RESERVED.contains(&name) {
        return Ok(());
    }
    Err(Failure::bad(format!(
        "`name` is `{}`, wanted 1 to {NAME_BYTES} letters, digits, `.`, `_` or `-`, and not `preview` or `import`",
        name.chars().take(NAME_BYTES).collect::<String>()
    )))
}

/// What a reader knows a stored item by; `None` when it cannot be read.
pub(crate) fn about(body: &str) -> Option<String> {
    serde_json::from_str::<Item>(body).ok().map(|item| item.about())
}

/// True of an item that only gates may read.
fn held_out(item: &Item) -> bool {
    item.split.as_deref() == Some(HELDOUT)
}

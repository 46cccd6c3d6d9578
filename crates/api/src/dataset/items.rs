//! Items of a version: listed, edited, taken out, destroyed. Edits go into the dataset's draft.

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use weir_evals::dataset::Item;
use weir_store::{Draft, FileFound, ItemFilter, ItemRow, Purpose, Reach};

use super::{check_name, said, schema_of, stored, version_at};
use crate::{
    extract::{Body, Params, Segment, Segments},
    guard::Caller,
    problem::{Failure, Reply},
    state::App,
};

/// Rows of a page unless asked for otherwise, and at most.
const PAGE: u32 = 50;
const PAGE_MOST: u32 = 500;
/// Items of one edit.
const EDIT_MOST: usize = 1_000;

/// Which items.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct ItemsQuery {
    /// `draft`, or the beginning of a version's id; the current one unless given.
    version: Option<String>,
    /// Only this split; empty for items without one.
    split: Option<String>,
    /// Only items with this text somewhere.
    q: Option<String>,
    /// `next` of the page before.
    cursor: Option<i64>,
    /// 1 to 500; 50 unless given.
    limit: Option<u32>,
    /// True shows held-out items, which is written down.
    #[serde(default)]
    reveal: bool,
}

/// Which version.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct ItemQuery {
    /// `draft`, or the beginning of a version's id; the current one unless given.
    version: Option<String>,
    /// True shows a held-out item, which is written down.
    #[serde(default)]
    reveal: bool,
}

/// One page of items.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ItemPage {
    /// The version's id; empty for a draft.
    version: String,
    items: Vec<ItemView>,
    /// `cursor` of the next page; `null` at the end.
    next: Option<i64>,
    /// All items that fit.
    total: u64,
}

/// One item in its place.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ItemView {
    id: String,
    hash: String,
    split: Option<String>,
    /// The item in the canonical form; `null` when it is hidden or purged.
    #[schema(value_type = Option<Object>)]
    item: Option<Value>,
    /// It is held out: `reveal=true` shows it and writes that down.
    hidden: bool,
    /// Its content was destroyed.
    purged: bool,
}

/// Items to put into the draft.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PutItems {
    /// In the canonical form; one with a known id takes the place of that item. At most 1000.
    #[schema(value_type = Vec<Object>)]
    items: Vec<Value>,
}

/// Items to take out of the draft.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TakeItems {
    ids: Vec<String>,
    /// Kept with the tombstone.
    #[serde(default)]
    reason: String,
}

/// Items whose content must not exist any more.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PurgeItems {
    /// Ids or hashes.
    items: Vec<String>,
    /// Kept with the tombstone; without the content, please.
    reason: String,
    /// True also destroys all that judges and the like were asked before weir noted whose words they repeat.
    #[serde(default)]
    older_judges: bool,
    /// True also deletes the uploaded files that hold the question of one of these items, each as a whole. Of an item
    /// that was purged before, those that were there then: its words are gone, so what came since is not found.
    #[serde(default)]
    files: bool,
}

/// A draft after an edit.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DraftView {
    /// Items in it.
    items: u64,
    /// Items that the edit put in.
    put: u64,
    /// Items that the edit took out.
    taken: u64,
}

/// What was destroyed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Purged {
    /// Items whose content is gone now, in every version of every dataset.
    purged: u64,
    /// Requests to judges and the like whose own words went with `older_judges`.
    older_judges: u64,
    /// Those whose words are kept, from before weir noted what they repeat: they may repeat what was purged.
    older_judges_left: u64,
    /// Uploaded files that held the question of one of the items and went with `files`.
    files: Vec<HeldFile>,
    /// Those that are kept: what was purged is still in them.
    files_left: Vec<HeldFile>,
}

/// An uploaded file.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HeldFile {
    /// As `/v1/files` calls it.
    id: String,
    /// As its sender calls it.
    name: String,
    /// The key that sent it, and that may delete it.
    key: String,
}

impl From<FileFound> for HeldFile {
    fn from(file: FileFound) -> Self {
        Self { id: file.id, name: file.name, key: file.tenant }
    }
}

impl From<Draft> for DraftView {
    fn from(draft: Draft) -> Self {
        Self { items: draft.items, put: draft.put, taken: draft.taken }
    }
}

impl From<&ItemRow> for ItemView {
    fn from(row: &ItemRow) -> Self {
        Self {
            id: row.id.clone(),
            hash: row.hash.clone(),
            split: row.split.clone(),
            item: row.body.as_deref().and_then(|body| serde_json::from_str(body).ok()),
            hidden: row.hidden(),
            purged: row.purged,
        }
    }
}

/// `GET /api/v1/datasets/{name}/items`.
pub(crate) async fn list_items(
    State(app): State<App>,
    Caller(caller): Caller,
    Segment(name): Segment,
    Params(query): Params<ItemsQuery>,
) -> Reply<Json<ItemPage>> {
    let limit = query.limit.unwrap_or(PAGE);
    if !(1..=PAGE_MOST).contains(&limit) {
        return Err(Failure::bad(format!("`limit` is {limit}, wanted 1 to {PAGE_MOST}")));
    }
    let version = version_at(&app, &name, query.version.as_deref()).await?;
    let access = match query.reveal {
        true => Some(app.store.heldout_open(version.seq, &caller.name, Purpose::Shown).await?),
        false => None,
    };
    let filter = ItemFilter { split: query.split, text: query.q.filter(|text| !text.is_empty()), access };
    let page = app.store.item_list(version.seq, &filter, query.cursor, limit).await?;
    let total = app.store.item_count(version.seq, &filter).await?;
    let items = page.items.iter().map(ItemView::from).collect();
    Ok(Json(ItemPage { version: version.id, items, next: page.next, total }))
}

/// `GET /api/v1/datasets/{name}/items/{id}`.
pub(crate) async fn get_item(
    State(app): State<App>,
    Caller(caller): Caller,
    Segments(name, id): Segments,
    Params(query): Params<ItemQuery>,
) -> Reply<Json<ItemView>> {
    let version = version_at(&app, &name, query.version.as_deref()).await?;
    let access = match query.reveal {
        true => Some(app.store.heldout_open(version.seq, &caller.name, Purpose::Shown).await?),
        false => None,
    };
    let row = app.store.item_get(version.seq, &id, access).await?;
    row.as_ref().map(|row| Json(row.into())).ok_or_else(|| Failure::not_found("item", &id))
}

/// `POST /api/v1/datasets/{name}/items`.
pub(crate) async fn put_items(
    State(app): State<App>,
    caller: Caller,
    Segment(name): Segment,
    Body(edit): Body<PutItems>,
) -> Reply<Json<DraftView>> {
    check_name(&name)?;
    if edit.items.is_empty() || edit.items.len() > EDIT_MOST {
        let found = edit.items.len();
        return Err(Failure::bad(format!("`items` has {found} items, wanted 1 to {EDIT_MOST}"))
            .hint("a file of many items is imported by POST /api/v1/datasets/import"));
    }
    let known = app.store.dataset_get(&name).await?;
    let schema = schema_of(known.as_ref().and_then(|(dataset, _)| dataset.input_schema.as_deref()))?;
    let mut items = Vec::with_capacity(edit.items.len());
    for (at, value) in edit.items.into_iter().enumerate() {
        let item = Item::read(value).map_err(|message| Failure::bad(format!("`items[{at}]`: {message}")))?;
        if let Some(schema) = &schema {
            schema.check(&item).map_err(|message| Failure::bad(format!("`items[{at}]`: {message}")))?;
        }
        items.push(stored(&item)?);
    }
    let draft = app.store.draft_put(&said(&app, &name, &caller, "edited".to_owned()), &items).await?;
    Ok(Json(draft.into()))
}

/// `POST /api/v1/datasets/{name}/take`.
pub(crate) async fn take_items(
    State(app): State<App>,
    caller: Caller,
    Segment(name): Segment,
    Body(edit): Body<TakeItems>,
) -> Reply<Json<DraftView>> {
    let new = said(&app, &name, &caller, "edited".to_owned());
    Ok(Json(app.store.draft_take(&new, &edit.ids, &edit.reason).await?.into()))
}

/// `POST /api/v1/datasets/{name}/purge`.
pub(crate) async fn purge_items(
    State(app): State<App>,
    Caller(caller): Caller,
    Segment(name): Segment,
    Body(order): Body<PurgeItems>,
) -> Reply<Json<Purged>> {
    if order.reason.trim().is_empty() {
        return Err(Failure::bad("`reason` is empty; say who asked for it"));
    }
    let reach = Reach { untold: order.older_judges, files: order.files };
    let done = app.store.item_purge(&name, &order.items, reach, &order.reason, &caller.name).await?;
    Ok(Json(Purged {
        purged: done.items,
        older_judges: done.untold,
        older_judges_left: done.untold_left,
        files: done.files.into_iter().map(HeldFile::from).collect(),
        files_left: done.files_left.into_iter().map(HeldFile::from).collect(),
    }))
}

//! Near copies and leaks of a version that is already in the store.

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use weir_evals::dataset::{Intake, Item, Near, Report, Row};
use weir_store::{ItemFilter, Purpose};

use super::{shown, version_at};
use crate::{
    extract::{Params, Segment},
    guard::Caller,
    problem::Reply,
    state::App,
};

/// Items read at once.
const PAGE: u32 = 1_000;

/// Which version.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct CheckQuery {
    /// `draft`, or the beginning of a version's id; the current one unless given.
    version: Option<String>,
}

/// What a look at a whole version found.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Checked {
    /// The version's id; empty for a draft.
    version: String,
    items: u64,
    /// Items nearly the same as an earlier one; the first 100.
    near: Vec<NearView>,
    near_total: u64,
    /// Held-out items that others can see: in another split, or in a scorer's prompt; the first 100.
    leaks: Vec<NearView>,
    leaks_total: u64,
}

/// Two items that say nearly the same.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NearView {
    id: String,
    /// The other item, or what else it is like.
    of: String,
    /// Jaccard similarity of their 5-grams, `0.85..=1`.
    similarity: f64,
}

impl From<Near> for NearView {
    fn from(near: Near) -> Self {
        Self { id: near.id, of: near.of, similarity: near.similarity }
    }
}

/// `GET /api/v1/datasets/{name}/check`.
pub(crate) async fn check_dataset(
    State(app): State<App>,
    Caller(caller): Caller,
    Segment(name): Segment,
    Params(query): Params<CheckQuery>,
) -> Reply<Json<Checked>> {
    let version = version_at(&app, &name, query.version.as_deref()).await?;
    let report = inspect(&app, version.seq, &caller.name).await?;
    Ok(Json(Checked {
        version: version.id,
        items: report.taken,
        near: report.near.into_iter().map(NearView::from).collect(),
        near_total: report.near_total,
        leaks: report.leaks.into_iter().map(NearView::from).collect(),
        leaks_total: report.leaks_total,
    }))
}

/// Compares all items of a version. Held-out ones are read for it, and nobody sees them.
pub(super) async fn inspect(app: &App, version: i64, reader: &str) -> Reply<Report> {
    let access = app.store.heldout_open(version, reader, Purpose::Check).await?;
    let filter = ItemFilter { access: Some(access), ..ItemFilter::default() };
    let mut intake = Intake::default();
    let mut after = None;
    loop {
        let page = app.store.item_list(version, &filter, after, PAGE).await?;
        for row in &page.items {
            let item = row.body.as_deref().and_then(|body| serde_json::from_str::<Item>(body).ok());
            if let Some(item) = item {
                intake.take(Row { line: row.ord.unsigned_abs(), result: Ok(item) });
            }
        }
        after = page.next;
        if after.is_none() {
            return Ok(intake.finish(&shown(app)));
        }
    }
}

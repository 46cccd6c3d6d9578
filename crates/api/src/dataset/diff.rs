//! What changed between two versions.

use std::collections::BTreeSet;

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use weir_store::Changed;

use super::{about, version_at};
use crate::{
    extract::{Params, Segment},
    problem::{Failure, Reply},
    state::App,
};

/// Rows of a page unless asked for otherwise, and at most.
const PAGE: u32 = 100;
const PAGE_MOST: u32 = 500;

/// Which versions.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct VersionDiffQuery {
    /// The earlier one: the beginning of its id; the later one's parent unless given.
    from: Option<String>,
    /// The later one: `draft`, or the beginning of its id; the current one unless given.
    to: Option<String>,
    /// `next` of the page before.
    cursor: Option<String>,
    /// 1 to 500; 100 unless given.
    limit: Option<u32>,
}

/// What differs.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VersionDiff {
    /// Id of the earlier version; `null` when there is none.
    from: Option<String>,
    /// Id of the later version; empty for a draft.
    to: String,
    added: u64,
    removed: u64,
    changed: u64,
    same: u64,
    /// Items that differ, by id.
    items: Vec<ChangedView>,
    /// `cursor` of the next page; `null` at the end.
    next: Option<String>,
}

/// One item that differs.
#[derive(Debug, Serialize, ToSchema)]
struct ChangedView {
    id: String,
    /// `added`, `removed` or `changed`.
    kind: &'static str,
    /// What a reader knows it by: the first words of its input, after the change where there is an after; `null` when it
    /// is held out or purged.
    about: Option<String>,
    /// Members of a changed item that differ, such as `expected`, by name.
    fields: Vec<String>,
    /// The item before; `null` when there was none, or it is held out or purged.
    #[schema(value_type = Option<Object>)]
    before: Option<Value>,
    /// The item after, likewise.
    #[schema(value_type = Option<Object>)]
    after: Option<Value>,
}

impl From<&Changed> for ChangedView {
    fn from(changed: &Changed) -> Self {
        let read = |body: &Option<String>| body.as_deref().and_then(|body| serde_json::from_str::<Value>(body).ok());
        let (before, after) = (read(&changed.before), read(&changed.after));
        Self {
            about: changed.after.as_deref().or(changed.before.as_deref()).and_then(about),
            fields: before
                .as_ref()
                .zip(after.as_ref())
                .map(|(before, after)| differing(before, after))
                .unwrap_or_default(),
            id: changed.id.clone(),
            kind: match (&changed.from, &changed.to) {
                (None, _) => "added",
                (_, None) => "removed",
                _ => "changed",
            },
            before,
            after,
        }
    }
}

/// Names of the members in which two items differ.
fn differing(before: &Value, after: &Value) -> Vec<String> {
    let names =
        |item: &Value| item.as_object().into_iter().flat_map(serde_json::Map::keys).cloned().collect::<Vec<_>>();
    let all: BTreeSet<String> = names(before).into_iter().chain(names(after)).collect();
    all.into_iter().filter(|name| before.get(name) != after.get(name)).collect()
}

/// `GET /api/v1/datasets/{name}/diff`.
pub(crate) async fn diff_versions(
    State(app): State<App>,
    Segment(name): Segment,
    Params(query): Params<VersionDiffQuery>,
) -> Reply<Json<VersionDiff>> {
    let limit = query.limit.unwrap_or(PAGE);
    if !(1..=PAGE_MOST).contains(&limit) {
        return Err(Failure::bad(format!("`limit` is {limit}, wanted 1 to {PAGE_MOST}")));
    }
    let to = version_at(&app, &name, query.to.as_deref()).await?;
    let from = match query.from.as_deref().or(to.parent.as_deref()) {
        Some(from) => Some(version_at(&app, &name, Some(from)).await?),
        None => None,
    };
    // No version has the number 0: against it everything was added.
    let before = from.as_ref().map_or(0, |version| version.seq);
    let counts = app.store.version_diff_counts(before, to.seq).await?;
    let (items, next) = app.store.version_diff(before, to.seq, query.cursor.as_deref(), limit).await?;
    Ok(Json(VersionDiff {
        from: from.map(|version| version.id),
        to: to.id,
        added: counts.added,
        removed: counts.removed,
        changed: counts.changed,
        same: counts.same,
        items: items.iter().map(ChangedView::from).collect(),
        next,
    }))
}

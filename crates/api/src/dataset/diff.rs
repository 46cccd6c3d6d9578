//! What changed between two versions.

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use weir_store::Changed;

use super::version_at;
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
    /// The item before; `null` when there was none, or it is held out or purged.
    #[schema(value_type = Option<Object>)]
    before: Option<Value>,
    /// The item after, likewise.
    #[schema(value_type = Option<Object>)]
    after: Option<Value>,
}

impl From<&Changed> for ChangedView {
    fn from(changed: &Changed) -> Self {
        let read = |body: &Option<String>| body.as_deref().and_then(|body| serde_json::from_str(body).ok());
        Self {
            id: changed.id.clone(),
            kind: match (&changed.from, &changed.to) {
                (None, _) => "added",
                (_, None) => "removed",
                _ => "changed",
            },
            before: read(&changed.before),
            after: read(&changed.after),
        }
    }
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

//! Drafts become versions, or nothing.

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use weir_core::error;
use weir_store::Published;

use super::{check::inspect, version_at};
use crate::{
    extract::{Body, Segment},
    guard::Caller,
    problem::{Failure, Reply},
    state::App,
};

/// Why a draft is published.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Publish {
    /// One line, shown with the version.
    #[serde(default)]
    note: String,
}

/// What a publication did.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PublishedView {
    name: String,
    /// Hash of the content; the same content is the same version.
    version: String,
    items: u64,
    /// Items that the version before did not have.
    added: u64,
    /// Items that it had.
    duplicate: u64,
}

/// Whose draft is gone.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Discarded {
    name: String,
}

impl PublishedView {
    pub(super) fn new(name: String, published: Published) -> Self {
        let Published { version, items, added, duplicate, .. } = published;
        Self { name, version, items, added, duplicate }
    }
}

/// `POST /api/v1/datasets/{name}/publish`.
pub(crate) async fn publish_draft(
    State(app): State<App>,
    caller: Caller,
    Segment(name): Segment,
    Body(order): Body<Publish>,
) -> Reply<Json<PublishedView>> {
    publish(&app, &caller, name, order.note).await.map(Json)
}

/// Publishes a draft whose held-out items nobody else can see.
pub(super) async fn publish(app: &App, caller: &Caller, name: String, note: String) -> Reply<PublishedView> {
    let draft = version_at(app, &name, Some("draft")).await?;
    let report = inspect(app, draft.seq, &caller.0.name).await?;
    if let Some(leak) = report.leaks.first() {
        return Err(leaked(&leak.id, &leak.of, report.leaks_total));
    }
    let note = if note.is_empty() { "edited".to_owned() } else { note };
    let published = app.store.draft_publish(&name, &caller.0.name, &note).await?;
    Ok(PublishedView::new(name, published))
}

/// `POST /api/v1/datasets/{name}/discard`.
pub(crate) async fn discard_draft(State(app): State<App>, Segment(name): Segment) -> Reply<Json<Discarded>> {
    app.store.draft_discard(&name).await?;
    Ok(Json(Discarded { name }))
}

/// A held-out item that others can see.
pub(super) fn leaked(id: &str, of: &str, total: u64) -> Failure {
    let more = if total > 1 { format!("; and {} more", total - 1) } else { String::new() };
    Failure::new(&error::LEAKED_HELDOUT, format!("held-out item `{id}` is nearly the same as `{of}`{more}"))
        .hint("give both the same `cluster`, or the same `split`; `weir dataset check` lists all")
}

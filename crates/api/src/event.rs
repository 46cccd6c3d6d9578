//! What changed routing: canary transitions and policy revisions.

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use weir_store::Event;

use crate::{
    extract::Params,
    problem::{Failure, Reply},
    state::App,
    time::rfc3339,
    view::List,
};

const EVENTS: u32 = 50;
const EVENTS_MAX: u32 = 500;

/// How many.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct EventQuery {
    /// 1 to 500; 50 unless given.
    limit: Option<u32>,
}

/// Something that changed routing.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EventView {
    at: String,
    /// `started`, `advanced`, `held`, `resumed`, `promoted`, `rolled_back`, `expired`, `superseded`, `revised`,
    /// `drifted`, `recovered` or `changed`.
    #[schema(schema_with = crate::words::event_kind)]
    kind: &'static str,
    workload: String,
    /// Why, in one sentence.
    text: String,
    canary: Option<String>,
    revision: Option<String>,
}

impl From<&Event> for EventView {
    fn from(event: &Event) -> Self {
        Self {
            at: rfc3339(event.at),
            kind: event.kind.name(),
            workload: event.workload.to_string(),
            text: event.text.clone(),
            canary: event.canary.as_ref().map(ToString::to_string),
            revision: event.revision.as_ref().map(ToString::to_string),
        }
    }
}

/// `GET /api/v1/events`.
pub(crate) async fn list_events(
    State(app): State<App>,
    Params(query): Params<EventQuery>,
) -> Reply<Json<List<EventView>>> {
    let limit = query.limit.unwrap_or(EVENTS);
    if !(1..=EVENTS_MAX).contains(&limit) {
        return Err(Failure::bad(format!("`limit` is {limit}, wanted 1 to {EVENTS_MAX}")));
    }
    let events = app.store.event_list(limit).await?;
    Ok(Json(List::whole(events.iter().map(EventView::from).collect())))
}

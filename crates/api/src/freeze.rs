//! Freezes: nothing moves towards a candidate, in one workload or in all. What takes a candidate back is never blocked.

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use weir_core::WorkloadId;
use weir_store::Freeze;

use crate::{
    extract::Body, guard::Caller, problem::Reply, state::App, time::rfc3339, view::List, workload::configured,
};

/// What to freeze, or to let go on.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FreezeOrder {
    /// Which workload; without one, all.
    workload: Option<String>,
    /// Why; may be empty.
    #[serde(default)]
    reason: String,
}

/// One freeze.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FreezeView {
    /// `null` stands for all.
    workload: Option<String>,
    actor: String,
    reason: String,
    at: String,
}

/// `GET /api/v1/freezes`.
pub(crate) async fn list_freezes(State(app): State<App>) -> Reply<Json<List<FreezeView>>> {
    list(&app).await
}

/// `POST /api/v1/freezes`.
pub(crate) async fn create_freeze(
    State(app): State<App>,
    Caller(caller): Caller,
    Body(order): Body<FreezeOrder>,
) -> Reply<Json<List<FreezeView>>> {
    let workload = known(&app, order.workload)?;
    let freeze = Freeze { workload, actor: caller.name.to_string(), reason: order.reason, at: app.clock.now() };
    app.store.freeze_put(&freeze).await?;
    list(&app).await
}

/// `POST /api/v1/freezes/lift`.
pub(crate) async fn lift_freeze(
    State(app): State<App>,
    Body(order): Body<FreezeOrder>,
) -> Reply<Json<List<FreezeView>>> {
    app.store.freeze_delete(known(&app, order.workload)?.as_ref()).await?;
    list(&app).await
}

fn known(app: &App, workload: Option<String>) -> Reply<Option<WorkloadId>> {
    workload.map(|name| configured(app, &name).map(|view| view.workload.id.clone())).transpose()
}

async fn list(app: &App) -> Reply<Json<List<FreezeView>>> {
    let freezes = app.store.freeze_list().await?.into_iter().map(|freeze| FreezeView {
        workload: freeze.workload.map(|workload| workload.to_string()),
        actor: freeze.actor,
        reason: freeze.reason,
        at: rfc3339(freeze.at),
    });
    Ok(Json(List::whole(freezes.collect())))
}

//! Quarantines: deployments that a failed gate, or a person, has taken out of a workload's ordinary traffic. While
//! another admitted deployment can serve, they get none of it.

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use weir_core::DeploymentId;
use weir_store::Quarantine;

use crate::{
    extract::{Body, Params},
    guard::Caller,
    problem::{Failure, Reply},
    state::App,
    time::rfc3339,
    view::List,
    workload::configured,
};

/// Which ones.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct QuarantineQuery {
    /// True lists those that were lifted too.
    #[serde(default)]
    all: bool,
}

/// Whom to take out, or to let back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct QuarantineOrder {
    /// Whose traffic.
    workload: String,
    /// Who.
    deployment: String,
    /// Why; may be empty.
    #[serde(default)]
    reason: String,
}

/// One deployment out of one workload's traffic.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct QuarantineView {
    workload: String,
    deployment: String,
    /// The model it answered as; `null` when unnamed.
    model: Option<String>,
    /// The eval run that failed; `null` when a person ordered it.
    run: Option<String>,
    reason: String,
    actor: String,
    at: String,
    lifted_at: Option<String>,
    lifted_by: Option<String>,
}

impl From<Quarantine> for QuarantineView {
    fn from(one: Quarantine) -> Self {
        let (lifted_at, lifted_by) = one.lifted.map(|(at, by)| (rfc3339(at), by)).unzip();
        Self {
            workload: one.workload.to_string(),
            deployment: one.deployment.to_string(),
            model: Some(one.model).filter(|model| !model.is_empty()),
            run: one.run,
            reason: one.reason,
            actor: one.actor,
            at: rfc3339(one.at),
            lifted_at,
            lifted_by,
        }
    }
}

/// `GET /api/v1/quarantines`.
pub(crate) async fn list_quarantines(
    State(app): State<App>,
    Params(query): Params<QuarantineQuery>,
) -> Reply<Json<List<QuarantineView>>> {
    list(&app, query.all).await
}

/// `POST /api/v1/quarantines`.
pub(crate) async fn create_quarantine(
    State(app): State<App>,
    Caller(caller): Caller,
    Body(order): Body<QuarantineOrder>,
) -> Reply<Json<List<QuarantineView>>> {
    let deployment = candidate(&app, &order)?;
    let quarantine = Quarantine {
        workload: order.workload.into(),
        model: app.store.identity_newest(&deployment).await?.unwrap_or_default(),
        deployment,
        run: None,
        reason: order.reason,
        actor: caller.name.to_string(),
        at: app.clock.now(),
        lifted: None,
    };
    app.store.quarantine_put(&quarantine).await?;
    list(&app, false).await
}

/// `POST /api/v1/quarantines/lift`.
pub(crate) async fn lift_quarantine(
    State(app): State<App>,
    Caller(caller): Caller,
    Body(order): Body<QuarantineOrder>,
) -> Reply<Json<List<QuarantineView>>> {
    let deployment = candidate(&app, &order)?;
    if !app.store.quarantine_lift(&order.workload.as_str().into(), &deployment, &caller.name).await? {
        return Err(Failure::not_found("quarantine of", &order.deployment));
    }
    list(&app, false).await
}

fn candidate(app: &App, order: &QuarantineOrder) -> Reply<DeploymentId> {
    let view = configured(app, &order.workload)?;
    let deployment = DeploymentId::from(order.deployment.as_str());
    if view.workload.candidates.contains(&deployment) {
        return Ok(deployment);
    }
    let known: Vec<String> = view.workload.candidates.iter().map(|id| format!("`{id}`")).collect();
    Err(Failure::not_found("candidate", &order.deployment).hint(format!("candidates: {}", known.join(", "))))
}

async fn list(app: &App, all: bool) -> Reply<Json<List<QuarantineView>>> {
    Ok(Json(List::whole(app.store.quarantine_list(all).await?.into_iter().map(Into::into).collect())))
}

//! Canaries: what they are, what they say, and a person's orders to them. Every order is a compare-and-set on the
//! version that was read, so two people, or a person and the optimizer, cannot both win.

use axum::{Json, extract::State, http::StatusCode};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use weir_core::{canary::Canary, policy::Policy};
use weir_optimizer::canary::{Action, StartRequest, act, start};
use weir_store::DiffRow;

use crate::{
    canary_view::{CanaryDetail, CanaryView},
    evidence::look,
    extract::{Body, Params, Segment},
    guard::Caller,
    problem::{Failure, Reply},
    state::App,
    view::List,
    workload::configured,
};

/// Which canaries.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct CanaryQuery {
    /// Whose traffic.
    workload: Option<String>,
}

/// A canary to start. All but workload and candidate may be left out.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewCanary {
    /// Whose traffic.
    workload: String,
    /// The newcomer: one of the workload's candidates that is not the stable one.
    candidate: String,
    /// Share of units per arm at each step, ascending, each above 0 and at most 0.5.
    steps: Option<Vec<f64>>,
    /// Largest acceptable loss of mean grade, `0.001..=0.5`.
    margin: Option<f64>,
    /// Probability of promoting a candidate that is worse than the margin, `1e-6..=0.2`.
    alpha_promote: Option<f64>,
    /// Probability of rolling back a candidate that is not, `1e-6..=0.2`.
    alpha_rollback: Option<f64>,
    /// Least pairs before a promotion.
    min_pairs: Option<u64>,
    /// Least pairs within a step before the next.
    step_pairs: Option<u64>,
    /// Pairs after which an undecided canary expires.
    max_pairs: Option<u64>,
    /// A score that has not come this long after its answer counts as missing.
    score_timeout_ms: Option<u64>,
}

impl NewCanary {
    /// The canary of a policy diff, with every default.
    pub(crate) fn of(diff: &DiffRow) -> Self {
        Self {
            workload: diff.workload.to_string(),
            candidate: diff.candidate.clone(),
            steps: None,
            margin: None,
            alpha_promote: None,
            alpha_rollback: None,
            min_pairs: None,
            step_pairs: None,
            max_pairs: None,
            score_timeout_ms: None,
        }
    }
}

/// Why, in the caller's words; kept with the event.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reason {
    /// May be empty.
    #[serde(default)]
    reason: String,
}

/// `GET /api/v1/canaries`.
pub(crate) async fn list_canaries(
    State(app): State<App>,
    Params(query): Params<CanaryQuery>,
) -> Reply<Json<List<CanaryView>>> {
    let workload = query.workload.map(Into::into);
    let mut items = Vec::new();
    for canary in app.store.canary_list(workload.as_ref()).await? {
        items.push(view(&app, &canary).await?);
    }
    Ok(Json(List::whole(items)))
}

/// `GET /api/v1/canaries/{id}`.
pub(crate) async fn get_canary(State(app): State<App>, Segment(id): Segment) -> Reply<Json<CanaryDetail>> {
    let canary = find(&app, &id).await?;
    let events = app.store.canary_event_list(&canary.id).await?;
    let look = look(&app, &canary).await?;
    Ok(Json(CanaryDetail::new(&canary, &look, &events)))
}

/// `POST /api/v1/canaries`.
pub(crate) async fn create_canary(
    State(app): State<App>,
    Caller(caller): Caller,
    Body(new): Body<NewCanary>,
) -> Reply<(StatusCode, Json<CanaryView>)> {
    let workload = configured(&app, &new.workload)?;
    let head = head(&app, &workload.policy).await?;
    let request = StartRequest {
        workload: new.workload.into(),
        candidate: new.candidate.into(),
        steps: new.steps,
        margin: new.margin,
        alpha_promote: new.alpha_promote,
        alpha_rollback: new.alpha_rollback,
        min_pairs: new.min_pairs,
        step_pairs: new.step_pairs,
        max_pairs: new.max_pairs,
        score_timeout_ms: new.score_timeout_ms,
    };
    let (canary, event) = start(&request, &workload.workload, &head, &caller.name, &*app.entropy, app.clock.now())?;
    app.store.canary_insert(&canary, &event).await?;
    Ok((StatusCode::CREATED, Json(view(&app, &canary).await?)))
}

/// `POST /api/v1/canaries/{id}/pause`.
pub(crate) async fn pause_canary(
    app: State<App>,
    caller: Caller,
    id: Segment,
    reason: Body<Reason>,
) -> Reply<Json<CanaryView>> {
    order(app, caller, id, reason, Action::Pause).await
}

/// `POST /api/v1/canaries/{id}/resume`.
pub(crate) async fn resume_canary(
    app: State<App>,
    caller: Caller,
    id: Segment,
    reason: Body<Reason>,
) -> Reply<Json<CanaryView>> {
    order(app, caller, id, reason, Action::Resume).await
}

/// `POST /api/v1/canaries/{id}/promote`.
pub(crate) async fn promote_canary(
    app: State<App>,
    caller: Caller,
    id: Segment,
    reason: Body<Reason>,
) -> Reply<Json<CanaryView>> {
    order(app, caller, id, reason, Action::Promote).await
}

/// `POST /api/v1/canaries/{id}/roll_back`.
pub(crate) async fn roll_back_canary(
    app: State<App>,
    caller: Caller,
    id: Segment,
    reason: Body<Reason>,
) -> Reply<Json<CanaryView>> {
    order(app, caller, id, reason, Action::RollBack).await
}

async fn order(
    State(app): State<App>,
    Caller(caller): Caller,
    Segment(id): Segment,
    Body(Reason { reason }): Body<Reason>,
    action: Action,
) -> Reply<Json<CanaryView>> {
    let canary = find(&app, &id).await?;
    let look = look(&app, &canary).await?;
    let workload = configured(&app, canary.workload.as_str())?;
    let head = head(&app, &workload.policy).await?;
    let change = act(&canary, action, &caller.name, &reason, &look.reading, &head, app.clock.now())?;
    let stored = match &change.policy {
        Some(policy) => app.store.canary_promote(&change.canary, canary.version, &change.event, policy).await?,
        None => app.store.canary_update(&change.canary, canary.version, &change.event).await?,
    };
    Ok(Json(view(&app, &stored).await?))
}

async fn view(app: &App, canary: &Canary) -> Reply<CanaryView> {
    if canary.state.is_final() {
        let events = app.store.canary_event_list(&canary.id).await?;
        if let Some(last) = events.last() {
            return Ok(CanaryView::over(canary, &last.evidence));
        }
    }
    let look = look(app, canary).await?;
    Ok(CanaryView::active(canary, &look.reading))
}

async fn find(app: &App, id: &str) -> Reply<Canary> {
    app.store.canary_get(&id.into()).await?.ok_or_else(|| Failure::not_found("canary", id))
}

/// The newest revision: the stored one, which may be ahead of the snapshot.
async fn head(app: &App, known: &Policy) -> Reply<Policy> {
    let stored = app.store.policy_head(&known.workload).await?;
    Ok(stored.unwrap_or_else(|| known.clone()))
}

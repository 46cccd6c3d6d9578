//! Canaries: what they are, what they say, and a person's orders to them. Every order is a compare-and-set on the
//! version that was read, so two people, or a person and the optimizer, cannot both win.

use axum::{Json, extract::State, http::StatusCode};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use weir_core::{canary::Canary, policy::Policy};
use weir_evals::judge;
use weir_optimizer::{
    canary::{Action, Ground, StartRequest, act, start},
    diff::PolicyDiff,
    revision,
};
use weir_store::DiffRow;

use crate::{
    canary_view::{CanaryDetail, CanaryView, etag},
    diff::DiffOrder,
    evidence::{look, look_now},
    extract::{Body, Params, Segment},
    guard::Caller,
    precondition::{IfMatch, Tagged},
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
#[derive(Debug, Default, Deserialize, ToSchema)]
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
    /// Least time within a step before the next.
    bake_ms: Option<u64>,
    /// Least time before a promotion.
    min_duration_ms: Option<u64>,
    /// Time after which an undecided canary expires.
    horizon_ms: Option<u64>,
    /// Largest loss of the workload's mean grade that exposure may cause.
    risk_budget: Option<f64>,
    /// Pairs in the verifying stage, in which the candidate takes all but a hold-back; 0 skips it.
    verify_pairs: Option<u64>,
    /// Same-prompt pairs before any exposure; 0 skips the shadow.
    shadow_pairs: Option<u64>,
    /// A hold that cleared goes on by itself after this time.
    hold_clear_ms: Option<u64>,
    /// No new try this long after a rollback of the same candidate.
    cooldown_ms: Option<u64>,
    /// Extra cost that rolls back, as a share of the stable deployment's 99.9th percentile.
    cost_budget: Option<f64>,
    /// Promotion also takes proof that the candidate is cheaper.
    #[serde(default)]
    must_save: bool,
    /// A person must approve before anything is exposed.
    #[serde(default)]
    approval: bool,
    /// Whoever approves must not be who proposed.
    #[serde(default)]
    four_eyes: bool,
    /// A judge of an arm's own family may decide. Without it, here or in `[canary]`, such a canary is refused, with its
    /// judges named; with it they stand in `warnings`.
    #[serde(default)]
    kin_judge: bool,
    /// Why it is started, or why a judge of an arm's family is accepted; kept with its first event. May be empty.
    #[serde(default)]
    reason: String,
    /// Segments in which it is not tried and will not serve.
    #[serde(default)]
    except: Vec<String>,
}

impl NewCanary {
    /// The canary of a policy diff, with every default but what whoever applies it adds, in the part of the traffic that the
    /// diff speaks of.
    pub(crate) fn of(row: &DiffRow, diff: &PolicyDiff, order: DiffOrder) -> Self {
        let outside = diff.evidence.within.as_ref().map_or(&[][..], |within| &within.except);
        Self {
            workload: row.workload.to_string(),
            candidate: row.candidate.clone(),
            except: outside.iter().map(ToString::to_string).collect(),
            kin_judge: order.kin_judge,
            reason: order.reason,
            ..Self::default()
        }
    }
}

/// Why, in the caller's words; kept with the event.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reason {
    /// May be empty.
    #[serde(default)]
    pub(crate) reason: String,
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
pub(crate) async fn get_canary(State(app): State<App>, Segment(id): Segment) -> Reply<Tagged<CanaryDetail>> {
    let canary = find(&app, &id).await?;
    let events = app.store.canary_event_list(&canary.id).await?;
    let look = look(&app, &canary).await?;
    Ok(Tagged(CanaryDetail::new(&canary, &look, &events)))
}

/// `POST /api/v1/canaries`.
pub(crate) async fn create_canary(
    State(app): State<App>,
    caller: Caller,
    Body(new): Body<NewCanary>,
) -> Reply<(StatusCode, Tagged<CanaryView>)> {
    begin(&app, caller, new, None).await
}

/// Starts a canary, of a proposed diff when there is one.
pub(crate) async fn begin(
    app: &App,
    Caller(caller): Caller,
    new: NewCanary,
    diff: Option<&str>,
) -> Reply<(StatusCode, Tagged<CanaryView>)> {
    let settings = app.settings.load_full();
    let workload = configured(app, &new.workload)?;
    let head = head(app, &workload.policy).await?;
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
        bake_ms: new.bake_ms,
        min_duration_ms: new.min_duration_ms,
        horizon_ms: new.horizon_ms,
        risk_budget: new.risk_budget,
        verify_pairs: new.verify_pairs,
        shadow_pairs: new.shadow_pairs,
        hold_clear_ms: new.hold_clear_ms,
        cooldown_ms: new.cooldown_ms,
        cost_budget: new.cost_budget,
        must_save: new.must_save,
        approval: new.approval,
        four_eyes: new.four_eyes,
        kin_judge: new.kin_judge,
        reason: new.reason,
        except: new.except.into_iter().map(Into::into).collect(),
    }
    .or(&settings.canary);
    let history = app.store.canary_list(Some(&workload.workload.id)).await?;
    let stable = revision::stable(&workload.workload, &head).map(|id| id.as_str()).unwrap_or_default();
    let baseline = app.store.baseline(&workload.workload.id, stable).await?;
    let arms = [request.candidate.as_str(), stable];
    let kin = judge::kin(&workload.workload, &settings.scorers, arms, &|model| settings.names_of(model));
    let kin: Vec<String> = kin.iter().map(ToString::to_string).collect();
    let ground = Ground { workload: &workload.workload, head: &head, history: &history, baseline, kin: &kin };
    let (canary, event) = start(&request, &ground, &caller.name, &*app.entropy, app.clock.now())?;
    app.store.canary_start(&canary, &event, diff).await?;
    Ok((StatusCode::CREATED, Tagged(view(app, &canary).await?)))
}

/// `POST /api/v1/canaries/{id}/pause`.
pub(crate) async fn pause_canary(
    app: State<App>,
    caller: Caller,
    id: Segment,
    read: IfMatch,
    reason: Body<Reason>,
) -> Reply<Tagged<CanaryView>> {
    order(app, caller, id, read, reason, Action::Pause).await
}

/// `POST /api/v1/canaries/{id}/resume`.
pub(crate) async fn resume_canary(
    app: State<App>,
    caller: Caller,
    id: Segment,
    read: IfMatch,
    reason: Body<Reason>,
) -> Reply<Tagged<CanaryView>> {
    order(app, caller, id, read, reason, Action::Resume).await
}

/// `POST /api/v1/canaries/{id}/promote`.
pub(crate) async fn promote_canary(
    app: State<App>,
    caller: Caller,
    id: Segment,
    read: IfMatch,
    reason: Body<Reason>,
) -> Reply<Tagged<CanaryView>> {
    order(app, caller, id, read, reason, Action::Promote).await
}

/// `POST /api/v1/canaries/{id}/roll_back`.
pub(crate) async fn roll_back_canary(
    app: State<App>,
    caller: Caller,
    id: Segment,
    read: IfMatch,
    reason: Body<Reason>,
) -> Reply<Tagged<CanaryView>> {
    order(app, caller, id, read, reason, Action::RollBack).await
}

/// `POST /api/v1/canaries/{id}/approve`.
pub(crate) async fn approve_canary(
    app: State<App>,
    caller: Caller,
    id: Segment,
    read: IfMatch,
    reason: Body<Reason>,
) -> Reply<Tagged<CanaryView>> {
    order(app, caller, id, read, reason, Action::Approve).await
}

/// `POST /api/v1/canaries/{id}/reject`.
pub(crate) async fn reject_canary(
    app: State<App>,
    caller: Caller,
    id: Segment,
    read: IfMatch,
    reason: Body<Reason>,
) -> Reply<Tagged<CanaryView>> {
    order(app, caller, id, read, reason, Action::Reject).await
}

async fn order(
    State(app): State<App>,
    Caller(caller): Caller,
    Segment(id): Segment,
    read: IfMatch,
    Body(Reason { reason }): Body<Reason>,
    action: Action,
) -> Reply<Tagged<CanaryView>> {
    let canary = find(&app, &id).await?;
    let now = || format!("canary {id} is {}: {}", canary.state.name(), canary.reason);
    read.check(&etag(&canary), now, &format!("/api/v1/canaries/{id}"))?;
    let look = look_now(&app, &canary).await?;
    let workload = configured(&app, canary.workload.as_str())?;
    let head = head(&app, &workload.policy).await?;
    let change = act(&canary, action, &caller.name, &reason, &look.reading, &head)?;
    if action.retreats() {
        // A retreat is published before it is stored: it must not wait for a store in trouble.
        weir_router::withdraw(&app.live, &app.snapshot, &canary);
    }
    let stored = match &change.policy {
        Some(policy) => app.store.canary_promote(&change.canary, canary.version, &change.event, policy).await?,
        None => app.store.canary_update(&change.canary, canary.version, &change.event).await?,
    };
    Ok(Tagged(view(&app, &stored).await?))
}

/// As it stands; one that is over with the numbers that decided.
pub(crate) async fn view(app: &App, canary: &Canary) -> Reply<CanaryView> {
    if canary.state.is_final() {
        let events = app.store.canary_event_list(&canary.id).await?;
        if let Some(last) = events.last() {
            return Ok(CanaryView::over(canary, &last.evidence));
        }
    }
    let look = look(app, canary).await?;
    Ok(CanaryView::active(canary, &look.reading))
}

pub(crate) async fn find(app: &App, id: &str) -> Reply<Canary> {
    app.store.canary_get(&id.into()).await?.ok_or_else(|| Failure::not_found("canary", id))
}

/// The newest revision: the stored one, which may be ahead of the snapshot.
async fn head(app: &App, known: &Policy) -> Reply<Policy> {
    let stored = app.store.policy_head(&known.workload).await?;
    Ok(stored.unwrap_or_else(|| known.clone()))
}

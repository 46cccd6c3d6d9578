//! Policy diffs: proposals with the maths attached, made again from their facts, and applied as canaries.

use axum::{Json, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use weir_core::error::CONFLICT;
use weir_optimizer::diff::{PolicyDiff, propose};
use weir_store::{DiffDecision, DiffRow, DiffState};

use crate::{
    canary::{NewCanary, Reason, begin},
    canary_view::CanaryView,
    extract::{Body, MaybeBody, Params, Segment},
    guard::Caller,
    precondition::{IfMatch, Tag, Tagged},
    problem::{Failure, Reply},
    state::App,
    time::rfc3339,
    view::List,
    workload::configured,
};

/// Which diffs.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct DiffQuery {
    /// Whose traffic.
    workload: Option<String>,
}

/// A proposal to route a workload by another deployment.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DiffView {
    id: String,
    /// Its `ETag` without the quotes: an order about it takes this as `If-Match`.
    etag: String,
    workload: String,
    /// The revision it changes; it applies to no other.
    parent: String,
    /// What would serve.
    candidate: String,
    /// `proposed`, `applied` or `rejected`.
    #[schema(schema_with = crate::words::diff_state)]
    state: &'static str,
    at: String,
    /// The diff in one sentence.
    sentence: String,
    /// The numbers behind the sentence, and under `evidence` the facts behind the numbers.
    #[schema(value_type = Object)]
    diff: serde_json::Value,
    /// Who rejected it; `null` unless somebody did.
    decided_by: Option<String>,
    /// Why, in their words.
    decided_why: Option<String>,
    decided_at: Option<String>,
    /// The canary that it was applied by; `null` unless it was, or where that was not kept yet and several could be it.
    canary: Option<String>,
}

/// What whoever applies a diff adds to it; all of it may be left out.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DiffOrder {
    /// A judge of an arm's own family may decide. Without it, here or in `[canary]`, the canary of such a diff is refused, with
    /// its judges named; with it they stand in its `warnings`.
    #[serde(default)]
    pub(crate) kin_judge: bool,
    /// Why it is started, or why a judge of an arm's family is accepted; kept with the canary's first event. May be empty.
    #[serde(default)]
    pub(crate) reason: String,
}

/// A diff made again from its stored facts.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DiffReplay {
    id: String,
    /// True when it came out the same, number by number.
    same: bool,
    /// The sentence as stored.
    stored: String,
    /// The sentence as made now.
    replayed: Option<String>,
}

impl Tag for DiffView {
    fn tag(&self) -> Option<&str> {
        Some(&self.etag)
    }
}

fn check(read: &IfMatch, row: &DiffRow) -> Reply<()> {
    let now = || format!("{} is {}", row.id, row.state.name());
    read.check(&row.etag(), now, &format!("/api/v1/policy-diffs/{}", row.id))
}

fn view(row: DiffRow) -> DiffView {
    let diff: serde_json::Value = serde_json::from_str(&row.body).unwrap_or_default();
    let etag = row.etag();
    let decided_at = row.decided.as_ref().map(|decided| rfc3339(decided.at));
    let (decided_by, decided_why) = row.decided.map(|decided| (decided.by, decided.reason)).unzip();
    DiffView {
        sentence: diff.get("sentence").and_then(|text| text.as_str()).unwrap_or_default().to_owned(),
        etag,
        id: row.id,
        workload: row.workload.to_string(),
        parent: row.parent.to_string(),
        candidate: row.candidate,
        state: row.state.name(),
        at: rfc3339(row.at),
        diff,
        decided_by,
        decided_why,
        decided_at,
        canary: row.canary.map(|canary| canary.to_string()),
    }
}

fn stored(row: &DiffRow) -> Reply<PolicyDiff> {
    serde_json::from_str(&row.body)
        .map_err(|error| Failure::bad(format!("{} was written by another version of weir: {error}", row.id)))
}

async fn find(app: &App, id: &str) -> Reply<DiffRow> {
    app.store.policy_diff_get(id).await?.ok_or_else(|| Failure::not_found("policy diff", id))
}

/// `GET /api/v1/policy-diffs`.
pub(crate) async fn list_diffs(
    State(app): State<App>,
    Params(query): Params<DiffQuery>,
) -> Reply<Json<List<DiffView>>> {
    let workload = query.workload.map(Into::into);
    let rows = app.store.policy_diff_list(workload.as_ref()).await?;
    Ok(Json(List::whole(rows.into_iter().map(view).collect())))
}

/// `GET /api/v1/policy-diffs/{id}`.
pub(crate) async fn get_diff(State(app): State<App>, Segment(id): Segment) -> Reply<Tagged<DiffView>> {
    Ok(Tagged(view(find(&app, &id).await?)))
}

/// `GET /api/v1/policy-diffs/{id}/replay`.
pub(crate) async fn replay_diff(State(app): State<App>, Segment(id): Segment) -> Reply<Json<DiffReplay>> {
    let row = find(&app, &id).await?;
    let stored = stored(&row)?;
    let replayed = propose(&stored.evidence);
    let same = replayed.as_ref().is_some_and(|again| again.agrees(&stored));
    Ok(Json(DiffReplay { id, same, stored: stored.sentence, replayed: replayed.map(|again| again.sentence) }))
}

/// `POST /api/v1/policy-diffs/{id}/apply`: more traffic for a cheaper deployment always goes through a canary.
pub(crate) async fn apply_diff(
    State(app): State<App>,
    caller: Caller,
    Segment(id): Segment,
    read: IfMatch,
    MaybeBody(order): MaybeBody<DiffOrder>,
) -> Reply<(StatusCode, Tagged<CanaryView>)> {
    let row = find(&app, &id).await?;
    check(&read, &row)?;
    if row.state != DiffState::Proposed {
        let message = format!("{id} was {} already", row.state.name());
        return Err(Failure::new(&CONFLICT, message).hint("GET /api/v1/canaries"));
    }
    let known = configured(&app, row.workload.as_str())?;
    let head =
        app.store.policy_head(&row.workload).await?.map_or_else(|| known.policy.revision.clone(), |p| p.revision);
    if head != row.parent {
        let message = format!("{id} changes {}, but the head of {} is {head}", row.parent, row.workload);
        return Err(Failure::new(&CONFLICT, message).hint("wait for a diff of the new head"));
    }
    let diff = stored(&row)?;
    begin(&app, caller, NewCanary::of(&row, &diff, order), Some(&id)).await
}

/// `POST /api/v1/policy-diffs/{id}/reject`: the proposal is closed; the next revision may get one of its own.
pub(crate) async fn reject_diff(
    State(app): State<App>,
    Caller(caller): Caller,
    Segment(id): Segment,
    read: IfMatch,
    Body(why): Body<Reason>,
) -> Reply<Tagged<DiffView>> {
    check(&read, &find(&app, &id).await?)?;
    let decided = DiffDecision { by: caller.name.to_string(), reason: why.reason, at: app.clock.now() };
    app.store.policy_diff_reject(&id, &decided).await?;
    Ok(Tagged(view(find(&app, &id).await?)))
}

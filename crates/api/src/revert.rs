//! Back to an earlier revision: a new revision that admits what the earlier one admitted.

use std::time::Duration;

use axum::{extract::State, http::StatusCode};
use serde::Deserialize;
use utoipa::ToSchema;
use weir_core::error::CONFLICT;
use weir_optimizer::revision;

use crate::{
    extract::{Body, Segment},
    guard::Caller,
    policy::Revision,
    precondition::{IfMatch, Tagged},
    problem::{Failure, Reply},
    state::App,
    workload::configured,
};

/// A revision that was replaced longer ago is not restored without a canary.
const WINDOW: Duration = Duration::from_hours(7 * 24);

/// Where to go back to.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Revert {
    /// The revision to restore.
    revision: String,
    /// The head that was read; another head is a conflict. May be left out where `If-Match` names it.
    head: Option<String>,
    /// Why; kept with the revision.
    #[serde(default)]
    reason: String,
}

/// `POST /api/v1/workloads/{id}/policies/revert`.
pub(crate) async fn revert_policy(
    State(app): State<App>,
    Caller(caller): Caller,
    Segment(id): Segment,
    read: IfMatch,
    Body(wanted): Body<Revert>,
) -> Reply<(StatusCode, Tagged<Revision>)> {
    let workload = configured(&app, &id)?;
    let line = app.store.policy_list(&workload.workload.id).await?;
    let Some(head) = line.first() else { return Err(Failure::not_found("policy of workload", &id)) };
    let (tag, path) = (head.revision.as_str(), format!("/api/v1/workloads/{id}/policies"));
    read.check(tag, || format!("the head of {id} is {tag}"), &path)?;
    match &wanted.head {
        Some(wanted) if wanted != tag => {
            let message = format!("the head of {id} is {tag}, not {wanted}");
            return Err(Failure::new(&CONFLICT, message).hint("read it again, then decide"));
        }
        None if read == IfMatch::Unsaid => {
            return Err(Failure::bad("the head that was read is missing, by `If-Match` or as `head`")
                .hint(format!("GET {path}; its ETag is the head")));
        }
        _ => {}
    }
    let Some(at) = line.iter().position(|policy| policy.revision.as_str() == wanted.revision) else {
        return Err(Failure::not_found("revision", &wanted.revision));
    };
    let (now, target) = (app.clock.now(), &line[at]);
    let Some(successor) = at.checked_sub(1).map(|newer| &line[newer]) else {
        return Err(Failure::new(&CONFLICT, format!("{} is the head already", wanted.revision)));
    };
    if now.since(successor.at) > WINDOW {
        let message = format!("{} was replaced more than 7 days ago", wanted.revision);
        return Err(Failure::new(&CONFLICT, message).hint("start a canary of its stable deployment"));
    }
    let restored = revision::restore(head, target, &caller.name, &wanted.reason, now);
    app.store.policy_insert(&restored).await?;
    Ok((StatusCode::CREATED, Tagged(Revision::from(&restored))))
}

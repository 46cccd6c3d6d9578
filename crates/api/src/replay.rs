//! A canary's history decided again from stored rows, and compared with what was stored byte for byte.

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;
use weir_core::{
    canary::{Canary, CanaryEvent},
    error,
    policy::Policy,
};
use weir_optimizer::canary::replay::{again, at_start, nothing};

use crate::{
    canary::find,
    evidence::folded,
    extract::Segment,
    problem::{Failure, Reply},
    state::App,
    time::rfc3339,
};

/// What replaying found.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Replayed {
    /// True only when every event came out as stored, the canary too, and the chain of events is unbroken.
    same: bool,
    /// Each event, oldest first.
    events: Vec<ReplayedEvent>,
    /// The canary as replayed is the canary as stored.
    canary_same: bool,
    /// The chain over the events of all canaries.
    chain: ChainView,
}

/// One event.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReplayedEvent {
    at: String,
    actor: String,
    state: &'static str,
    reason: String,
    same: bool,
    /// What came out instead; `null` when it is the same.
    instead: Option<String>,
}

/// The chain of events.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChainView {
    /// Events of all canaries.
    events: u64,
    /// Number of the first event that does not fit the chain; `null` when all do.
    broken_at: Option<i64>,
    /// The newest hash (BLAKE3, hexadecimal): kept elsewhere, it vouches for everything before it.
    head: String,
}

/// `GET /api/v1/canaries/{id}/replay`.
pub(crate) async fn replay_canary(State(app): State<App>, Segment(id): Segment) -> Reply<Json<Replayed>> {
    let stored = find(&app, &id).await?;
    let events = app.store.canary_event_list(&stored.id).await?;
    let line = app.store.policy_list(&stored.workload).await?;
    let Some(first) = events.first() else {
        return Err(Failure::new(&error::INTERNAL, "a canary without events"));
    };
    let mut canary = at_start(&stored, first);
    let begun = CanaryEvent { evidence: nothing(&canary), ..first.clone() };
    let mut seen = vec![compared(first, Some(&begun))];
    for event in events.iter().skip(1) {
        let inputs = &event.evidence.inputs;
        let rows =
            app.store.exposure_list_as_of(&canary.id, canary.epoch_at, inputs.span_seq, inputs.score_seq).await?;
        let shadowed = app.store.shadowed(&canary, inputs).await?;
        let reading = folded(&canary, rows, &shadowed, inputs).reading;
        let head = line.iter().find(|policy| policy.revision == inputs.head);
        let next = head.and_then(|head: &Policy| again(&canary, event, &reading, head));
        seen.push(compared(event, next.as_ref().map(|(event, _)| event)));
        let Some((_, next)) = next else { break };
        canary = next;
    }
    let chain = app.store.chain_check().await?;
    let canary_same = bytes(&canary) == bytes(&stored);
    Ok(Json(Replayed {
        same: canary_same && chain.broken_at.is_none() && seen.iter().all(|event| event.same),
        events: seen,
        canary_same,
        chain: ChainView { events: chain.events, broken_at: chain.broken_at, head: chain.head },
    }))
}

fn compared(stored: &CanaryEvent, again: Option<&CanaryEvent>) -> ReplayedEvent {
    let found = again.map(|event| serde_json::to_string(event).unwrap_or_default());
    let same = found.as_ref().is_some_and(|found| *found == serde_json::to_string(stored).unwrap_or_default());
    ReplayedEvent {
        at: rfc3339(stored.at),
        actor: stored.actor.clone(),
        state: stored.state.name(),
        reason: stored.reason.clone(),
        same,
        instead: (!same).then(|| found.unwrap_or_else(|| "nothing".to_owned())),
    }
}

fn bytes(canary: &Canary) -> String {
    serde_json::to_string(canary).unwrap_or_default()
}

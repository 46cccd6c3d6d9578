//! `/v1/models`: what the key may name in `model`. Workloads come first, as `weir/<name>`, because they are what a
//! client should use; deployments follow for pinning.

use axum::response::Response;
use http::StatusCode;
use serde_json::{Value, json};
use weir_core::deployment::Dialect;

use crate::{
    State,
    address::{self, PREFIX},
    admit::Admitted,
    ids::Ids,
    rim::{Refusal, json_reply},
};

/// Every model the key may use.
pub(crate) fn list(state: &State, ids: &Ids, caller: &Admitted) -> Response {
    let list = json!({"object": "list", "data": models(state, caller).collect::<Vec<_>>()});
    answer(ids, &list)
}

/// One of them.
pub(crate) fn one(state: &State, ids: &Ids, caller: &Admitted, id: &str) -> Response {
    let bare = id.strip_prefix(PREFIX).unwrap_or(id);
    let found = models(state, caller)
        .find(|model| model["id"] == id)
        .or_else(|| models(state, caller).find(|model| model["id"].as_str() == Some(&format!("{PREFIX}{bare}"))));
    match found {
        Some(model) => answer(ids, &model),
        None => {
            let snapshot = state.snapshots.load();
            Refusal::from(address::unknown(&snapshot, caller.scope(), "model", id)).reply(ids, Dialect::OpenaiChat)
        }
    }
}

fn models(state: &State, caller: &Admitted) -> impl Iterator<Item = Value> {
    let snapshot = state.snapshots.load();
    let since = state.since.as_millis() / 1_000;
    let model = |id: String, owner: &str| json!({"id": id, "object": "model", "created": since, "owned_by": owner});
    let workloads =
        address::workloads(&snapshot, caller.scope()).map(|workload| model(format!("{PREFIX}{workload}"), "weir"));
    let deployments = address::deployments(&snapshot, caller.scope())
        .map(|deployment| model(deployment.id.to_string(), &deployment.provider));
    workloads.chain(deployments).collect::<Vec<_>>().into_iter()
}

fn answer(ids: &Ids, body: &Value) -> Response {
    let mut reply = json_reply(StatusCode::OK, body.to_string().into());
    ids.stamp(reply.headers_mut());
    reply
}

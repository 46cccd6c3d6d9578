//! What the key may name in `model`, as each dialect lists it. Workloads come first, as `weir/<name>`, because they are what
//! a client should use; deployments follow for pinning.

use axum::response::Response;
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use weir_core::deployment::Dialect;

use crate::{
    State,
    address::{self, PREFIX},
    admit::Admitted,
    ids::Ids,
    rim::{Refusal, json_reply},
};

/// One thing to name.
struct Model {
    id: String,
    owner: String,
}

/// The dialect of whoever asks on a path of `dialect`. The clients of all three ask on `/v1/models`: Anthropic's and
/// Google's say who they are in headers, or by where they put the key.
pub(crate) fn asked(dialect: Dialect, head: &HeaderMap, query: Option<&str>) -> Dialect {
    let says = |names: &[&str]| names.iter().any(|name| head.contains_key(*name));
    let google_key = || query.is_some_and(|query| query.split('&').any(|pair| pair.starts_with("key=")));
    match dialect {
        Dialect::OpenaiChat if says(&["anthropic-version"]) => Dialect::Anthropic,
        Dialect::OpenaiChat if says(&["x-goog-api-key", "x-goog-api-client"]) || google_key() => Dialect::Gemini,
        other => other,
    }
}

/// Every model the key may use.
pub(crate) fn list(state: &State, ids: &Ids, caller: &Admitted, dialect: Dialect) -> Response {
    let models = models(state, caller);
    let data: Vec<Value> = models.iter().map(|model| model.view(state, dialect)).collect();
    let list = match dialect {
        Dialect::Gemini => json!({"models": data}),
        Dialect::Anthropic => json!({
            "data": data,
            "has_more": false,
            "first_id": models.first().map(|model| &model.id),
            "last_id": models.last().map(|model| &model.id),
        }),
        _ => json!({"object": "list", "data": data}),
    };
    answer(ids, &list)
}

/// One of them.
pub(crate) fn one(state: &State, ids: &Ids, caller: &Admitted, dialect: Dialect, id: &str) -> Response {
    let id = if dialect == Dialect::Gemini { id.strip_prefix("models/").unwrap_or(id) } else { id };
    let prefixed = format!("{PREFIX}{}", id.strip_prefix(PREFIX).unwrap_or(id));
    let models = models(state, caller);
    let named = |wanted: &str| models.iter().find(|model| model.id == wanted);
    match named(id).or_else(|| named(&prefixed)) {
        Some(model) => answer(ids, &model.view(state, dialect)),
        None => {
            let snapshot = state.snapshots.load();
            Refusal::from(address::unknown(&snapshot, caller.scope(), "model", id)).reply(ids, dialect)
        }
    }
}

fn models(state: &State, caller: &Admitted) -> Vec<Model> {
    let snapshot = state.snapshots.load();
    let workloads = address::workloads(&snapshot, caller.scope())
        .map(|workload| Model { id: format!("{PREFIX}{workload}"), owner: "weir".to_owned() });
    let deployments = address::deployments(&snapshot, caller.scope())
        .map(|deployment| Model { id: deployment.id.to_string(), owner: deployment.provider.clone() });
    workloads.chain(deployments).collect()
}

impl Model {
    fn view(&self, state: &State, dialect: Dialect) -> Value {
        let id = &self.id;
        match dialect {
            Dialect::Gemini => json!({
                "name": format!("models/{id}"),
                "displayName": id,
                "description": format!("served by {}", self.owner),
                "supportedGenerationMethods": ["generateContent", "streamGenerateContent", "countTokens", "embedContent"],
            }),
            Dialect::Anthropic => {
                // What Anthropic's reference says of a model whose release is not known.
                let created = "1970-01-01T00:00:00Z";
                json!({"type": "model", "id": id, "display_name": id, "created_at": created})
            }
            _ => {
                let since = state.since.as_millis() / 1_000;
                json!({"id": id, "object": "model", "created": since, "owned_by": self.owner})
            }
        }
    }
}

fn answer(ids: &Ids, body: &Value) -> Response {
    let mut reply = json_reply(StatusCode::OK, body.to_string().into());
    ids.stamp(reply.headers_mut());
    reply
}

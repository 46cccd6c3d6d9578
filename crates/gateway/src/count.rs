//! Counting the tokens of a request without asking for an answer. A candidate that speaks the caller's dialect is asked, as
//! only the provider knows its tokeniser; where there is none, or it fails, weir estimates. Nothing is recorded: a count is
//! free and says nothing about quality.

use std::{sync::Arc, time::Duration};

use axum::{body::Body, response::Response};
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use weir_core::{
    Problem,
    deployment::{Deployment, Dialect},
    error,
    route::Route,
    snapshot::Snapshot,
};
use weir_providers::{
    dialect::{BadRequest, gemini, openai_chat::estimate_tokens},
    exchange::{Entry, Inbound},
    transport::{Endpoint, Limits},
};

use crate::{
    State,
    address::{self, Target},
    admit::Admitted,
    headers,
    ids::Ids,
    rim::{Refusal, json_reply},
    serve,
};

/// A count is small.
const ANSWER_BYTES: usize = 64 * 1024;
const WAIT: Duration = Duration::from_secs(10);
const LIMITS: Limits = Limits { connect: Duration::from_secs(2), first_byte: WAIT, idle: WAIT, total: WAIT };

/// Counts the tokens of one request.
pub(crate) async fn count(
    state: &Arc<State>,
    route: &Route,
    ids: Ids,
    caller: Admitted,
    entry: &Entry,
    head: &HeaderMap,
    body: Body,
) -> Response {
    let dialect = entry.dialect();
    let answer = match state.slot() {
        Ok(_slot) => answer(state, route, &caller, entry, head, body).await,
        Err(problem) => Err(problem),
    };
    match answer {
        Ok(answer) => {
            let mut reply = json_reply(StatusCode::OK, Body::from(answer));
            ids.stamp(reply.headers_mut());
            ids.name(dialect, reply.headers_mut());
            reply
        }
        Err(problem) => Refusal::from(problem).reply(&ids, dialect),
    }
}

async fn answer(
    state: &State,
    route: &Route,
    caller: &Admitted,
    entry: &Entry,
    head: &HeaderMap,
    body: Body,
) -> Result<Bytes, Problem> {
    let body = serve::read(state, route, head, body).await?;
    let wrong = |bad: BadRequest| Problem::new(&error::BAD_JSON, bad.to_string());
    let (body, wrapper) = match entry.dialect() {
        Dialect::Gemini => gemini::unwrapped(&body).map_err(wrong)?,
        _ => (body, None),
    };
    let inbound = Inbound::read(entry, &body, 0).map_err(|bad| wrong(gemini::located(bad, wrapper)))?;
    let snapshot = state.snapshots.load();
    let target =
        address::resolve(&snapshot, caller.scope(), &inbound.peek.model, headers::text(head, &headers::WORKLOAD)?)?;
    for deployment in candidates(&snapshot, &target).filter(|one| one.dialect == entry.dialect()) {
        if let Some(counted) = ask(state, deployment, &inbound).await {
            return Ok(counted);
        }
    }
    let tokens = estimate_tokens(body.len());
    let counted = match entry.dialect() {
        Dialect::Gemini => json!({"totalTokens": tokens}),
        _ => json!({"input_tokens": tokens}),
    };
    Ok(counted.to_string().into())
}

fn candidates<'a>(
    snapshot: &'a Snapshot,
    target: &'a Target,
) -> Box<dyn Iterator<Item = &'a Arc<Deployment>> + Send + 'a> {
    match (&target.pinned, snapshot.workloads.get(&target.workload)) {
        (Some(pinned), _) => Box::new(std::iter::once(pinned)),
        (None, Some(view)) => Box::new(view.candidates.iter().map(|candidate| &candidate.deployment)),
        (None, None) => Box::new(std::iter::empty()),
    }
}

/// What the provider says, if it says a count.
async fn ask(state: &State, deployment: &Deployment, inbound: &Inbound<'_>) -> Option<Bytes> {
    if deployment.provider == "bedrock" {
        // InvokeModel counts nothing.
        return None;
    }
    let endpoint = Arc::clone(state.targets.load().get(&deployment.id)?);
    let key = endpoint.key(state.clock.elapsed())?;
    let outgoing = inbound.outgoing(deployment, true).ok()?;
    let (path, body) = match deployment.dialect {
        Dialect::Gemini => (
            format!("models/{}:countTokens", deployment.model.trim_start_matches("models/")),
            gemini::counting(&outgoing.body, &deployment.provider, &deployment.model).ok()?,
        ),
        _ => ("messages/count_tokens".to_owned(), outgoing.body),
    };
    let at = Endpoint::At(path.into());
    let sent = state.transport.send_to(&key.target, &at, HeaderMap::new(), body, LIMITS).await.ok()?;
    if sent.status != 200 {
        return None;
    }
    let answer = sent.body.read_all(ANSWER_BYTES).await.ok()?;
    let counted: Value = serde_json::from_slice(&answer).ok()?;
    let named = counted.get("input_tokens").or_else(|| counted.get("totalTokens"))?;
    named.is_u64().then_some(answer)
}

//! Stored responses, as OpenAI has them: an answer is kept under an id by which its caller fetches it, deletes it or goes on
//! from it. weir keeps the turns itself, so the next one may be answered by any provider; whoever answers gets the whole
//! conversation and is told to store none of it.
//!
//! A turn belongs to the key that asked. It is kept before the caller sees the end of the answer, so that what was seen can
//! be continued.

use axum::{
    extract::{FromRequestParts as _, Path, Query},
    response::Response,
};
use bytes::Bytes;
use http::{StatusCode, request::Parts};
use serde::Deserialize;
use serde_json::{Value, json};
use weir_core::{Problem, SpanId, deployment::Dialect, error};
use weir_providers::dialect::{
    BadRequest,
    openai_responses::kept::{Ask, Label},
};
use weir_store::{Conversation, Turn, TurnItem};

use crate::{
    State,
    admit::Admitted,
    ids::Ids,
    rim::{Refusal, json_reply},
};

/// A request with its conversation, and what is to be kept once it is answered.
pub(crate) struct Prepared {
    pub(crate) body: Bytes,
    pub(crate) label: Option<Label>,
    pub(crate) keeping: Option<Keeping>,
}

/// A turn that lacks its answer.
pub(crate) struct Keeping {
    turn: Turn,
}

/// Writes out what the request only names.
///
/// # Errors
/// W0101 for what is not of the dialect, W0106 for an answer or an item that is not stored, W0103 for a conversation over the
/// bound of a body.
pub(crate) async fn prepare(state: &State, caller: &Admitted, span: SpanId, body: Bytes) -> Result<Prepared, Problem> {
    let asked = Ask::read(&body).map_err(|bad| Problem::new(&error::BAD_JSON, bad.to_string()))?;
    let Some(mut asked) = asked else {
        return Ok(Prepared { body, label: None, keeping: None });
    };
    let history = match asked.previous() {
        Some(previous) => conversation(state, caller, previous).await?,
        None => Vec::new(),
    };
    for (place, id) in asked.references() {
        let item = state.store.response_item(&caller.tenant, &id).await.map_err(unavailable)?;
        let item = item.ok_or_else(|| unknown(format!("$.input[{place}].id"), &id, "the id of a stored item"))?;
        asked.resolve(place, document(&item.body)?);
    }
    let hex = SpanId::draw(&*state.entropy).to_string();
    let label = asked.label(format!("resp_{hex}"));
    let keeping = asked.store().then(|| Keeping {
        turn: Turn {
            id: label.id.clone(),
            tenant: caller.tenant.to_string(),
            previous: label.previous.clone(),
            span: Some(span),
            at: state.clock.now(),
            document: String::new(),
            items: asked.name_input(&hex).into_iter().map(|(id, item)| said(id, &item, false)).collect(),
        },
    });
    let history: Vec<Value> = history.iter().map(|item| document(&item.body)).collect::<Result<_, _>>()?;
    let body = asked.complete(history);
    if body.len() > state.limits.body_bytes {
        return Err(too_large(body.len() as u64, state.limits.body_bytes));
    }
    Ok(Prepared { body, label: Some(label), keeping })
}

impl Keeping {
    /// Keeps the turn with its answer. One that cannot be kept is served all the same, and logged.
    pub(crate) async fn keep(mut self, state: &State, mut response: Value) {
        let output = response.as_object_mut().and_then(|members| members.shift_remove("output"));
        let Some(Value::Array(output)) = output else { return };
        for (place, item) in output.iter().enumerate() {
            let id = item.get("id").and_then(Value::as_str).map(str::to_owned);
            let id = id.unwrap_or_else(|| format!("{}_o{place}", self.turn.id));
            self.turn.items.push(said(id, item, true));
        }
        self.turn.document = response.to_string();
        if let Err(failure) = state.store.response_put(&self.turn, state.limits.responses).await {
            tracing::error!(response = %self.turn.id, "a response cannot be stored: {failure}");
        }
    }
}

/// Everything said up to and with an answer.
async fn conversation(state: &State, caller: &Admitted, id: &str) -> Result<Vec<TurnItem>, Problem> {
    let most = state.limits.body_bytes;
    match state.store.response_conversation(&caller.tenant, id, most as u64).await.map_err(unavailable)? {
        Conversation::Whole(items) => Ok(items),
        Conversation::Gone(gone) => {
            Err(unknown("$.previous_response_id".to_owned(), &gone, "the id of a stored response"))
        }
        Conversation::TooLarge(bytes) => Err(too_large(bytes, most)),
    }
}

/// What a request does with one stored response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    Read,
    Delete,
    /// Lists what it was an answer to, earlier turns included.
    Input,
}

/// Serves one request about a stored response.
pub(crate) async fn serve(state: &State, ids: &Ids, caller: &Admitted, verb: Verb, head: &mut Parts) -> Response {
    match answer(state, caller, verb, head).await {
        Ok(body) => {
            let mut reply = json_reply(StatusCode::OK, body.to_string().into());
            ids.stamp(reply.headers_mut());
            reply
        }
        Err(problem) => Refusal::from(problem).reply(ids, Dialect::OpenaiResponses),
    }
}

/// What may be asked beside the id.
#[derive(Debug, Deserialize)]
struct Asked {
    stream: Option<bool>,
    limit: Option<usize>,
    order: Option<Order>,
    after: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Order {
    Asc,
    Desc,
}

async fn answer(state: &State, caller: &Admitted, verb: Verb, head: &mut Parts) -> Result<Value, Problem> {
    let id = Path::<String>::from_request_parts(head, &()).await.map(|Path(id)| id).unwrap_or_default();
    let shown: String = id.chars().take(100).collect();
    let missing = || Problem::new(&error::NOT_FOUND, format!("no stored response `{shown}`"));
    if verb == Verb::Delete {
        let gone = state.store.response_delete(&caller.tenant, &id).await.map_err(unavailable)?;
        return if gone { Ok(json!({"id": id, "object": "response", "deleted": true})) } else { Err(missing()) };
    }
    let Query(asked) = Query::<Asked>::try_from_uri(&head.uri)
        .map_err(|error| Problem::new(&error::BAD_PARAMETER, format!("the query is not readable: {error}")))?;
    let turn = state.store.response_get(&caller.tenant, &id).await.map_err(unavailable)?.ok_or_else(missing)?;
    match verb {
        Verb::Input => input_items(state, caller, turn, &asked).await,
        _ if asked.stream == Some(true) => {
            Err(Problem::new(&error::BAD_PARAMETER, "a stored response is not streamed")
                .hint("leave `stream` out: it is read as a whole"))
        }
        _ => whole(&turn),
    }
}

/// The response as it was answered.
fn whole(turn: &Turn) -> Result<Value, Problem> {
    let mut response = document(&turn.document)?;
    let output = turn.items.iter().filter(|item| item.output).map(|item| document(&item.body));
    let output = Value::Array(output.collect::<Result<_, _>>()?);
    if let Some(members) = response.as_object_mut() {
        members.insert("output".into(), output);
    }
    Ok(response)
}

async fn input_items(state: &State, caller: &Admitted, turn: Turn, asked: &Asked) -> Result<Value, Problem> {
    let limit = asked.limit.unwrap_or(20);
    if !(1..=100).contains(&limit) {
        return Err(Problem::new(&error::BAD_PARAMETER, format!("limit: found {limit}, wanted 1 to 100")));
    }
    let mut items = match &turn.previous {
        Some(previous) => conversation(state, caller, previous).await?,
        None => Vec::new(),
    };
    items.extend(turn.items.into_iter().filter(|item| !item.output));
    if asked.order != Some(Order::Asc) {
        items.reverse();
    }
    if let Some(after) = &asked.after {
        let at = items.iter().position(|item| item.id == *after);
        let at = at.ok_or_else(|| unknown("after".to_owned(), after, "the id of an item of this list"))?;
        items.drain(..=at);
    }
    let has_more = items.len() > limit;
    items.truncate(limit);
    let data: Vec<Value> = items.iter().map(|item| document(&item.body)).collect::<Result<_, _>>()?;
    Ok(json!({
        "object": "list",
        "data": data,
        "first_id": items.first().map(|item| &item.id),
        "last_id": items.last().map(|item| &item.id),
        "has_more": has_more,
    }))
}

fn said(id: String, item: &Value, output: bool) -> TurnItem {
    TurnItem { id, output, body: item.to_string() }
}

fn document(text: &str) -> Result<Value, Problem> {
    serde_json::from_str(text).map_err(|_| Problem::new(&error::INTERNAL, "a stored response is damaged"))
}

fn unknown(path: String, id: &str, wanted: &'static str) -> Problem {
    let shown: String = id.chars().take(100).collect();
    let found = format!("`{shown}`, which is not stored");
    Problem::new(&error::BAD_PARAMETER, BadRequest { path, found, wanted }.to_string())
        .hint("it may have been deleted, be too old, or belong to another key; send the whole conversation as `input`")
}

fn too_large(bytes: u64, most: usize) -> Problem {
    let found = format!("the conversation has {bytes} bytes with its earlier turns, at most {most} are taken");
    Problem::new(&error::BODY_TOO_LARGE, found)
}

fn unavailable(failure: weir_store::Error) -> Problem {
    let code = if failure.is_retryable() { &error::STORE_UNAVAILABLE } else { &error::INTERNAL };
    tracing::error!("stored responses: {failure}");
    Problem::new(code, "stored responses cannot be read now")
}

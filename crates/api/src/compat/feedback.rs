//! End users' feedback. A page may grade the one answer that its user was given, without a key: the reply carried a
//! token for it in `x-weir-feedback-token`. Voting again changes the vote.

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use weir_core::{SpanId, error};

use super::outside::{Target, Word, find, keep};
use crate::{
    extract::Body,
    problem::{Failure, Reply},
    state::App,
};

/// The series of end users' votes.
const NAME: &str = "feedback";
const TOKEN: HeaderName = HeaderName::from_static("x-weir-feedback-token");
/// Votes a second from everybody together who votes by token.
const PER_S: u32 = 200;

/// A vote.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Vote {
    /// `x-weir-span-id` of the answer.
    #[serde(alias = "response_id")]
    span_id: String,
    /// `"up"`, `"down"`, or 1 to 5.
    #[schema(value_type = Object)]
    value: Value,
    /// Why.
    comment: Option<String>,
    /// What the answer should have been.
    correction: Option<String>,
    /// The token, where a header cannot be sent.
    token: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Value {
    Stars(i64),
    Thumb(String),
}

/// What was kept.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VoteReceipt {
    span_id: String,
    /// The vote as a grade, `0..=1`.
    value: f64,
    /// Its place in the score log.
    seq: i64,
}

impl Value {
    fn grade(&self) -> Reply<f64> {
        match self {
            Self::Thumb(word) if word == "up" => Ok(1.0),
            Self::Thumb(word) if word == "down" => Ok(0.0),
            Self::Stars(stars @ 1..=5) => Ok((*stars - 1) as f64 / 4.0),
            _ => Err(Failure::bad("`value`: wanted \"up\", \"down\" or a whole number from 1 to 5")),
        }
    }
}

/// `POST /v1/feedback`.
pub(crate) async fn create_feedback(State(app): State<App>, headers: HeaderMap, Body(vote): Body<Vote>) -> Response {
    let presented = headers.get(TOKEN).and_then(|value| value.to_str().ok()).map(str::to_owned);
    everywhere(match cast(&app, presented, vote).await {
        Ok(receipt) => Json(receipt).into_response(),
        Err(failure) => failure.into_response(),
    })
}

/// `OPTIONS /v1/feedback`: a browser asks whether a page of another site may vote. It may: the token is all it has.
pub(crate) async fn allow_feedback() -> Response {
    let mut reply = everywhere(().into_response());
    let headers = reply.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("POST"));
    let allowed = HeaderValue::from_static("content-type, x-weir-feedback-token");
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, allowed);
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400"));
    reply
}

fn everywhere(mut reply: Response) -> Response {
    reply.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    reply
}

async fn cast(app: &App, presented: Option<String>, vote: Vote) -> Reply<VoteReceipt> {
    let no_token = || {
        Failure::new(&error::UNKNOWN_KEY, "no feedback token was sent")
            .hint("send `x-weir-feedback-token` of the answer that is graded")
    };
    let token = presented.or(vote.token).ok_or_else(no_token)?;
    let forged = || Failure::new(&error::NOT_ALLOWED, "the feedback token is not for this answer");
    let span: SpanId = vote.span_id.parse().map_err(|_| forged())?;
    app.feedback
        .check(&token, span, app.clock.now())
        .map_err(|error| Failure::new(&error::NOT_ALLOWED, error.to_string()))?;
    let grade = vote.value.grade()?;
    // One bucket for all: whoever votes has no name.
    if app.posted.take(&Arc::from(NAME), PER_S, app.clock.elapsed()).is_err() {
        return Err(Failure::new(&error::TOO_MANY_SCORES, format!("more than {PER_S} votes a second")));
    }
    let span = find(app, None, &Target::Span(vote.span_id.clone())).await?;
    let said: Vec<String> = [("", vote.comment), ("should be: ", vote.correction)]
        .into_iter()
        .filter_map(|(before, text)| Some(format!("{before}{}", text?)))
        .collect();
    let explanation = (!said.is_empty()).then(|| said.join("\n"));
    let word = Word { name: NAME, by: "user", grade, explanation: explanation.as_deref() };
    let seq = keep(app, &span, &word).await?;
    Ok(VoteReceipt { span_id: vote.span_id, value: grade, seq })
}

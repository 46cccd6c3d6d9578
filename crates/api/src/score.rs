//! Scores posted by people and by their own systems. A score is on disk before the reply says so; delivering it twice
//! stores it once.

use axum::{Json, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use weir_core::{
    Grade, NanoUsd, error,
    route::Grant,
    score::{Score, Source, Verdict},
    span::Span,
    workload::SEGMENT_ALL,
};

use crate::{
    extract::Body,
    guard::Caller,
    problem::{Failure, Reply},
    state::App,
    trace::await_span,
};

/// Version of scores whose sender names none.
const MANUAL: &str = "manual";
/// Longest names, in bytes.
const NAME_BYTES: usize = 100;
/// Longest explanation, in bytes.
const EXPLANATION_BYTES: usize = 16 * 1024;

/// A grade for one answer.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewScore {
    /// What is graded: `x-weir-span-id` of the answer.
    span_id: String,
    /// The scorer's name.
    name: String,
    /// `0..=1`, higher is better.
    #[schema(minimum = 0.0, maximum = 1.0)]
    value: f64,
    /// Why.
    explanation: Option<String>,
    /// Which edition of the scorer; `manual` unless given.
    version: Option<String>,
}

/// What was stored.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ScoreReceipt {
    span_id: String,
    name: String,
    /// The grade that is stored: of a duplicate, the one sent now.
    value: f64,
    /// Its place in the score log.
    seq: i64,
    /// True when this span has a score of this name and version already; the first word stays.
    duplicate: bool,
}

/// `POST /api/v1/scores`: 201 when stored, 200 when it was stored before.
pub(crate) async fn create_score(
    State(app): State<App>,
    Caller(caller): Caller,
    Body(new): Body<NewScore>,
) -> Reply<(StatusCode, Json<ScoreReceipt>)> {
    let grade = Grade::new(new.value).map_err(|error| Failure::bad(format!("`value`: {error}")))?;
    let version = new.version.as_deref().unwrap_or(MANUAL);
    word("name", &new.name)?;
    word("version", version)?;
    if new.explanation.as_ref().is_some_and(|text| text.len() > EXPLANATION_BYTES) {
        return Err(Failure::bad(format!("`explanation` is longer than {EXPLANATION_BYTES} bytes")));
    }
    let span = await_span(&app, &new.span_id).await?;
    // To others a span does not exist: its id must not tell them that it does.
    let own = span.tenant == caller.name && caller.may_use(&span.workload);
    if !own && !caller.holds(Grant::Admin) {
        return Err(Failure::not_found("request", &new.span_id));
    }
    let Some(deployment) = span.served_by().cloned() else {
        return Err(Failure::new(&error::CONFLICT, "the request got no answer, so there is nothing to grade"));
    };
    let (segment, propensity) = routed(&span);
    let score = Score {
        span_id: span.id,
        workload: span.workload.clone(),
        segment,
        deployment,
        scorer: new.name.as_str().into(),
        version: version.into(),
        verdict: Verdict::Scored { grade },
        source: Source::Api,
        explanation: new.explanation,
        p_sample: 1.0,
        propensity,
        cost: NanoUsd::ZERO,
        at: app.clock.now(),
    };
    let inserted = app.store.score_insert_many(&[score]).await?;
    let Some(inserted) = inserted.first() else {
        return Err(Failure::new(&error::INTERNAL, "the store took no score"));
    };
    let status = if inserted.duplicate { StatusCode::OK } else { StatusCode::CREATED };
    Ok((
        status,
        Json(ScoreReceipt {
            span_id: new.span_id,
            name: new.name,
            value: grade.value(),
            seq: inserted.seq,
            duplicate: inserted.duplicate,
        }),
    ))
}

/// The segment and the propensity of the decision; a fallback's answer, and a request without a decision, count as
/// certain, because no draw chose them.
fn routed(span: &Span) -> (std::sync::Arc<str>, f64) {
    match &span.decision {
        Some(decision) => {
            let chosen = decision.chain.first() == span.served_by();
            let propensity = if chosen { decision.propensity } else { 1.0 };
            (std::sync::Arc::clone(&decision.segment), propensity)
        }
        None => (SEGMENT_ALL.into(), 1.0),
    }
}

/// Names become keys of windows: short, printable, no spaces at their ends.
fn word(field: &str, text: &str) -> Reply<()> {
    let fits = (1..=NAME_BYTES).contains(&text.len()) && text == text.trim() && !text.chars().any(char::is_control);
    if fits {
        Ok(())
    } else {
        Err(Failure::bad(format!("`{field}` takes 1 to {NAME_BYTES} printable bytes, found {}", text.len())))
    }
}

//! Scores posted by people and by their own systems. A score is on disk before the reply says so; delivering it twice
//! stores it once.

use axum::{Json, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use weir_core::{
    Grade, NanoUsd, error,
    route::Grant,
    score::{Score, Source, Verdict},
    span::Origin,
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
    let per_s = app.settings.load().server.scores_per_s;
    if app.posted.take(&caller.name, per_s, app.clock.elapsed()).is_err() {
        let message = format!("key `{}` has posted more than {per_s} scores a second", caller.name);
        return Err(Failure::new(&error::TOO_MANY_SCORES, message)
            .hint("send it again in a second, or raise `server.scores_per_s`"));
    }
    let grade = Grade::new(new.value).map_err(|error| Failure::bad(format!("`value`: {error}")))?;
    let version = new.version.as_deref().unwrap_or(MANUAL);
    word("name", &new.name)?;
    word("version", version)?;
    if app.settings.load().scorers.contains_key(new.name.as_str()) {
        // Its window is the scorer's own word; a caller's opinion of the same answers is another series.
        return Err(Failure::bad(format!("`name`: `{}` is a configured scorer, which speaks for itself", new.name))
            .hint("post under a name of your own, such as `thumb`"));
    }
    if new.explanation.as_ref().is_some_and(|text| text.len() > EXPLANATION_BYTES) {
        return Err(Failure::bad(format!("`explanation` is longer than {EXPLANATION_BYTES} bytes")));
    }
    let span = await_span(&app, &new.span_id).await?;
    // To others a span does not exist: its id must not tell them that it does.
    let own = span.tenant == caller.name && caller.may_use(&span.workload);
    if !own && !caller.holds(Grant::Admin) {
        return Err(Failure::not_found("request", &new.span_id));
    }
    if span.origin != Origin::Client {
        return Err(Failure::new(
            &error::CONFLICT,
            "weir asked this itself; only clients' requests are graded by hand",
        ));
    }
    let Some(deployment) = span.served_by().cloned() else {
        return Err(Failure::new(&error::CONFLICT, "the request got no answer, so there is nothing to grade"));
    };
    let score = Score {
        span_id: span.id,
        workload: span.workload.clone(),
        segment: span.segment(),
        deployment,
        scorer: new.name.as_str().into(),
        version: version.into(),
        verdict: Verdict::Scored { grade },
        source: Source::Api,
        explanation: new.explanation,
        p_sample: 1.0,
        propensity: span.propensity(),
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

/// Names become keys of windows: short, printable, no spaces at their ends.
fn word(field: &str, text: &str) -> Reply<()> {
    let fits = (1..=NAME_BYTES).contains(&text.len()) && text == text.trim() && !text.chars().any(char::is_control);
    if fits {
        Ok(())
    } else {
        Err(Failure::bad(format!("`{field}` takes 1 to {NAME_BYTES} printable bytes, found {}", text.len())))
    }
}

//! Phoenix's `POST /v1/span_annotations`: labels and scores of spans, many at once.

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use weir_core::error;

use super::outside::{Target, Word, find, keep, throttle};
use crate::{
    extract::Body,
    guard::Caller,
    problem::{Failure, Reply},
    state::App,
};

/// Annotations taken at once.
const MOST: usize = 500;

/// What Phoenix's clients send.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct SpanAnnotations {
    data: Vec<Annotation>,
}

/// One annotation.
#[derive(Debug, Deserialize, ToSchema)]
struct Annotation {
    /// OpenTelemetry's id of 16 hex digits, or `x-weir-span-id`.
    span_id: String,
    name: String,
    result: Option<AnnotationResult>,
}

/// What was found.
#[derive(Debug, Default, Deserialize, ToSchema)]
struct AnnotationResult {
    /// `pass` and its like count as 1, `fail` and its like as 0, where there is no score.
    label: Option<String>,
    /// `0..=1`.
    score: Option<f64>,
    explanation: Option<String>,
}

/// Phoenix's answer: an id for each.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Annotated {
    data: Vec<AnnotationId>,
}

/// The id of one.
#[derive(Debug, Serialize, ToSchema)]
struct AnnotationId {
    id: String,
}

impl AnnotationResult {
    fn grade(&self) -> Option<f64> {
        let label = self.label.as_ref().map(|label| label.to_ascii_lowercase());
        self.score.or(match label.as_deref() {
            Some("pass" | "correct" | "good" | "true" | "yes" | "factual" | "relevant") => Some(1.0),
            Some("fail" | "incorrect" | "bad" | "false" | "no" | "hallucinated" | "irrelevant") => Some(0.0),
            _ => None,
        })
    }
}

/// `POST /v1/span_annotations`. Everything is checked before anything is kept.
pub(crate) async fn annotate_spans(
    State(app): State<App>,
    Caller(caller): Caller,
    Body(new): Body<SpanAnnotations>,
) -> Reply<Json<Annotated>> {
    throttle(&app, &caller)?;
    if new.data.len() > MOST {
        return Err(Failure::bad(format!(
            "`data` has {} annotations, at most {MOST} are taken at once",
            new.data.len()
        )));
    }
    let mut found = Vec::with_capacity(new.data.len());
    for (at, annotation) in new.data.iter().enumerate() {
        let result = annotation.result.as_ref();
        let grade = result.and_then(AnnotationResult::grade).ok_or_else(|| {
            Failure::new(&error::BAD_PARAMETER, format!("`data[{at}].result` has no score"))
                .hint("send `score` in 0..=1, or a label such as `correct` or `incorrect`")
        })?;
        let span = find(&app, Some(&caller), &Target::Span(annotation.span_id.clone())).await?;
        found.push((span, annotation, grade));
    }
    let mut data = Vec::with_capacity(found.len());
    for (span, annotation, grade) in found {
        let result = annotation.result.as_ref();
        let explanation = result.and_then(|result| result.explanation.as_deref().or(result.label.as_deref()));
        let seq = keep(&app, &span, &Word { name: &annotation.name, by: "phoenix", grade, explanation }).await?;
        data.push(AnnotationId { id: seq.to_string() });
    }
    Ok(Json(Annotated { data }))
}

//! Phoenix's span annotations: labels and scores of spans, many at once, read back as they were sent.

use axum::{
    Json,
    extract::{Query, State},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::{IntoParams, ToSchema};
use weir_config::Caller as Principal;
use weir_core::{error, span::Span};
use weir_store::{Kept, KeptPage};

use super::outside::{Target, Word, find, keep, throttle};
use crate::{
    extract::{Body, Segment},
    guard::Caller,
    problem::{Failure, Reply},
    state::App,
    time::rfc3339,
};

/// Kind of kept annotations.
const ANNOTATION: &str = "phoenix.annotation";
/// Annotations taken at once.
const MOST: usize = 500;
/// Spans whose annotations are read at once.
const MOST_SPANS: usize = 1_000;
/// Annotations of one span that are read.
const MOST_OF_SPAN: u32 = 1_000;
/// Longest identifier, in bytes.
const IDENTIFIER_BYTES: usize = 200;
/// Largest metadata, in bytes of JSON.
const METADATA_BYTES: usize = 16 * 1024;

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
    /// `LLM`, `CODE` or `HUMAN`.
    annotator_kind: Option<String>,
    result: Option<AnnotationResult>,
    #[schema(value_type = Option<Object>)]
    metadata: Option<Map<String, Value>>,
    /// Tells annotations of one name on one span apart.
    #[serde(default)]
    identifier: String,
}

/// What was found.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
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
        annotation.sound().map_err(|why| Failure::bad(format!("`data[{at}].{why}")))?;
        let span = find(&app, Some(&caller), &Target::Span(annotation.span_id.clone())).await?;
        found.push((span, annotation, grade));
    }
    let mut data = Vec::with_capacity(found.len());
    for (span, annotation, grade) in found {
        let result = annotation.result.as_ref();
        let explanation = result.and_then(|result| result.explanation.as_deref().or(result.label.as_deref()));
        keep(&app, &span, &Word { name: &annotation.name, by: "phoenix", grade, explanation }).await?;
        data.push(AnnotationId { id: annotation.put(&app, &caller, &span).await? });
    }
    Ok(Json(Annotated { data }))
}

impl Annotation {
    fn sound(&self) -> Result<(), String> {
        let kind = self.annotator_kind.as_deref();
        if let Some(other) = kind.filter(|kind| !["LLM", "CODE", "HUMAN"].contains(kind)) {
            return Err(format!("annotator_kind` is `{other}`, wanted `LLM`, `CODE` or `HUMAN`"));
        }
        if self.identifier.len() > IDENTIFIER_BYTES {
            return Err(format!("identifier` takes at most {IDENTIFIER_BYTES} bytes, found {}", self.identifier.len()));
        }
        let metadata = self.metadata.as_ref().map_or(0, |metadata| json!(metadata).to_string().len());
        if metadata > METADATA_BYTES {
            return Err(format!("metadata` takes at most {METADATA_BYTES} bytes, found {metadata}"));
        }
        Ok(())
    }

    /// Keeps it as it was sent; one of the same name and identifier on the same span is replaced. Its id.
    async fn put(&self, app: &App, caller: &Principal, span: &Span) -> Reply<String> {
        // Name and identifier may hold anything, so their lengths part them.
        let id = format!("{}-{}-{}{}", span.id, self.name.len(), self.name, self.identifier);
        let body = json!({
            "name": self.name, "annotator_kind": self.annotator_kind.as_deref().unwrap_or("HUMAN"),
            "result": self.result, "metadata": self.metadata.clone().unwrap_or_default(),
            "identifier": self.identifier,
        });
        let span = span.id.to_string();
        app.store.compat_put(ANNOTATION, &caller.name, &id, &span, &body.to_string()).await?;
        Ok(id)
    }
}

/// Whose annotations. Each key may be there many times.
#[derive(Debug, Default, IntoParams)]
pub(crate) struct AnnotationQuery {
    /// OpenTelemetry's ids of 16 hex digits, or `x-weir-span-id`s.
    span_ids: Vec<String>,
    /// Those of these names alone.
    include_annotation_names: Vec<String>,
    /// None of these names.
    exclude_annotation_names: Vec<String>,
    /// 1 to 10,000, 100 unless given.
    limit: Option<usize>,
    /// Where the page before ended.
    cursor: Option<usize>,
}

impl AnnotationQuery {
    fn read(pairs: Vec<(String, String)>) -> Reply<Self> {
        let mut query = Self::default();
        for (key, value) in pairs {
            let number = || {
                let number = value.parse().map(Some);
                number.map_err(|_| Failure::bad(format!("`{key}` is `{value}`, wanted a number")))
            };
            match key.as_str() {
                "limit" => query.limit = number()?,
                "cursor" => query.cursor = number()?,
                "span_ids" => query.span_ids.push(value),
                "include_annotation_names" => query.include_annotation_names.push(value),
                "exclude_annotation_names" => query.exclude_annotation_names.push(value),
                _ => {}
            }
        }
        if (1..=MOST_SPANS).contains(&query.span_ids.len()) {
            Ok(query)
        } else {
            Err(Failure::bad(format!("`span_ids` are {}, wanted 1 to {MOST_SPANS}", query.span_ids.len())))
        }
    }

    fn takes(&self, name: &str) -> bool {
        let among = |names: &[String]| names.iter().any(|one| one == name);
        let included = self.include_annotation_names.is_empty() || among(&self.include_annotation_names);
        included && !among(&self.exclude_annotation_names)
    }
}

/// `GET /v1/projects/{project}/span_annotations`, of spans in the order asked for, oldest first. A key has one project,
/// whatever its name: what it has annotated.
pub(crate) async fn list_annotations(
    State(app): State<App>,
    Caller(caller): Caller,
    Segment(_project): Segment,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Reply<Json<Value>> {
    let query = AnnotationQuery::read(pairs)?;
    let (limit, cursor) = (query.limit.unwrap_or(100).clamp(1, 10_000), query.cursor.unwrap_or(0));
    let mut all = Vec::new();
    for id in &query.span_ids {
        // Of a span that is not here, or not theirs, there are none.
        let span = match find(&app, Some(&caller), &Target::Span(id.clone())).await {
            Ok(span) => span,
            Err(Failure(problem)) if problem.code.status == error::NOT_FOUND.status => continue,
            Err(failure) => return Err(failure),
        };
        let parent = span.id.to_string();
        let page = KeptPage { parent: Some(&parent), limit: MOST_OF_SPAN, ..KeptPage::default() };
        let kept = app.store.compat_page(ANNOTATION, &caller.name, page).await?;
        all.extend(kept.iter().map(|kept| shown(kept, id, &span)));
        all.retain(|annotation| annotation["name"].as_str().is_some_and(|name| query.takes(name)));
        if all.len() > cursor.saturating_add(limit) {
            break;
        }
    }
    let next = cursor.saturating_add(limit);
    let next_cursor = (all.len() > next).then(|| next.to_string());
    let data: Vec<Value> = all.into_iter().skip(cursor).take(limit).collect();
    Ok(Json(json!({"data": data, "next_cursor": next_cursor})))
}

fn shown(kept: &Kept, span_id: &str, span: &Span) -> Value {
    let mut body: Value = serde_json::from_str(&kept.body).unwrap_or_default();
    body["id"] = kept.id.as_str().into();
    body["span_id"] = span_id.into();
    body["source"] = "API".into();
    body["user_id"] = Value::Null;
    body["created_at"] = rfc3339(kept.created_at).into();
    body["updated_at"] = rfc3339(kept.updated_at).into();
    // Words beside a held-out item's may repeat them.
    if span.errand.sealed {
        body["result"]["explanation"] = Value::Null;
        body["metadata"] = json!({});
    }
    body
}

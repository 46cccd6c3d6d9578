//! A scorer's definition tried on recorded answers before it is configured: the grade and the reason of each. Nothing
//! is stored; where a model is asked, its provider bills it.

use std::collections::HashMap;

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use weir_core::{NanoUsd, SpanId, error, score::Verdict, span::Record};
use weir_evals::{Asked, Scorer, ScorerSpec, compile, judge::TEMPLATES};

use crate::{
    extract::Body,
    problem::{Failure, Reply},
    state::{App, Tried},
    trace,
    view::List,
};

/// Levels of a template that has none of its own, worst first.
const LEVELS: [&str; 3] = ["It misses the criteria.", "It meets them in part.", "It meets them in full."];
/// Answers graded in one go.
const MOST: usize = 10;

/// A definition and what to grade by it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TryOrder {
    /// As it would stand under `[scorers.name]`: `kind` and its keys.
    #[schema(value_type = Option<Object>)]
    definition: Option<Value>,
    /// Or the name of a configured scorer, which is tried as it stands.
    scorer: Option<String>,
    /// One to ten requests on record.
    spans: Vec<String>,
    /// Must be true where a model is asked: its provider bills it.
    #[serde(default)]
    confirm_spend: bool,
}

/// What the definition says.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TryView {
    /// The version that it would have.
    version: String,
    /// All answers together, dollars.
    cost_usd: f64,
    /// In the order asked.
    items: Vec<TriedView>,
}

/// One answer, graded.
#[derive(Debug, Serialize, ToSchema)]
struct TriedView {
    span_id: String,
    /// `0..=1`; `null` where there is no grade.
    value: Option<f64>,
    /// Why there is none.
    unscored: Option<String>,
    /// The scorer's own words.
    explanation: Option<String>,
    cost_usd: f64,
    latency_ms: f64,
}

/// A judge that ships with weir.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TemplateView {
    name: &'static str,
    /// Its definition in full, but for the `model` that is asked.
    #[schema(value_type = Object)]
    definition: Value,
}

impl TriedView {
    fn new(span: SpanId, tried: Tried) -> Self {
        let (value, unscored) = match tried.outcome.verdict {
            Verdict::Scored { grade } => (Some(grade.value()), None),
            Verdict::Unscored { reason } => (None, Some(reason.name().to_owned())),
        };
        Self {
            span_id: span.to_string(),
            value,
            unscored,
            explanation: tried.outcome.explanation,
            cost_usd: tried.cost.as_usd(),
            latency_ms: tried.took.as_secs_f64() * 1e3,
        }
    }
}

/// `GET /api/v1/scorers/templates`.
pub(crate) async fn list_templates() -> Json<List<TemplateView>> {
    let view = |name: &'static str| {
        let written = |more: Value| {
            let mut fields = json!({ "kind": "judge", "model": "any", "template": name });
            fields.as_object_mut()?.extend(more.as_object()?.clone());
            ScorerSpec::parse(&fields).ok()?.judge()?.resolved().ok()
        };
        // One that leaves the levels to its user is told with plain ones.
        let resolved = written(json!({})).or_else(|| written(json!({ "levels": LEVELS })))?;
        let mut definition = serde_json::to_value(ScorerSpec::Judge(resolved)).ok()?;
        definition.as_object_mut()?.remove("model");
        Some(TemplateView { name, definition })
    };
    Json(List::whole(TEMPLATES.iter().filter_map(|(name, _)| view(name)).collect()))
}

/// `POST /api/v1/scorers/try`.
pub(crate) async fn try_scorer(State(app): State<App>, Body(order): Body<TryOrder>) -> Reply<Json<TryView>> {
    let scorer = match (&order.definition, &order.scorer) {
        (Some(definition), None) => compiled(definition)?,
        (None, Some(name)) => {
            let settings = app.settings.load_full();
            let configured = settings.scorers.get(name.as_str());
            compiled(configured.ok_or_else(|| Failure::not_found("scorer", name))?)?
        }
        _ => return Err(Failure::bad("wanted `definition` or `scorer`, one of the two")),
    };
    if !(1..=MOST).contains(&order.spans.len()) {
        return Err(Failure::bad(format!("`spans` names {} requests, wanted 1 to {MOST}", order.spans.len())));
    }
    if scorer.asked().is_some() && !order.confirm_spend {
        return Err(Failure::bad(
            "each answer is one question or more to a model, which its provider bills; send `confirm_spend` as true \
             to agree",
        ));
    }
    let records = records(&app, &order.spans).await?;
    let Ok(_one) = app.trying.try_lock() else {
        return Err(Failure::new(&error::CONFLICT, "another definition is being tried; try again in a moment"));
    };
    let version = scorer.version().to_owned();
    let spans: Vec<SpanId> = records.iter().map(|record| record.span.id).collect();
    let tried = app.trial.grade(scorer, records).await?;
    let cost = tried.iter().fold(NanoUsd::ZERO, |sum, one| sum + one.cost);
    let items = spans.into_iter().zip(tried).map(|(span, tried)| TriedView::new(span, tried)).collect();
    Ok(Json(TryView { version, cost_usd: cost.as_usd(), items }))
}

/// The definition, ready to grade. What reads files, runs code or calls an address of its own is configured, not tried.
fn compiled(definition: &Value) -> Reply<Scorer> {
    let scorer = ScorerSpec::parse(definition).and_then(|mut spec| {
        spec.resolve_files(
            &|_| Err("files are read from the configuration alone; write `prompt` in place".to_owned()),
        )?;
        compile(&spec)
    });
    let scorer = scorer.map_err(|error| Failure::bad(format!("`definition`: {error}")))?;
    match scorer.asked() {
        Some(Asked::Webhook(_) | Asked::Heavy) => {
            Err(Failure::bad("`definition`: webhooks and code are not tried here")
                .hint("name it in weir.toml, then look at its scores"))
        }
        _ => Ok(scorer),
    }
}

/// The requests with their texts, in this order.
async fn records(app: &App, spans: &[String]) -> Reply<Vec<Record>> {
    let ids: Vec<SpanId> = spans.iter().map(|id| trace::parse(id)).collect::<Reply<_>>()?;
    let found = app.store.record_list(&ids).await?;
    let mut found: HashMap<SpanId, Record> = found.into_iter().map(|record| (record.span.id, record)).collect();
    ids.iter()
        .map(|id| {
            found.remove(id).ok_or_else(|| {
                Failure::not_found("request", &id.to_string()).hint("its text may be gone, or it is named twice")
            })
        })
        .collect()
}

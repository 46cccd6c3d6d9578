//! What Langfuse's clients ask before anything else: which project a key opens, and the score configurations that give
//! numbers and words their place on a scale.

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};
use weir_config::Caller as Principal;
use weir_store::Kept;

use crate::{
    extract::{Body, Params, Segment},
    guard::Caller,
    problem::{Failure, Reply},
    state::App,
    time::rfc3339,
};

/// Kind of kept score configurations.
const CONFIG: &str = "langfuse.score_config";
/// Longest name that Langfuse takes.
const NAME_CHARS: usize = 35;
/// Most of a page.
const PAGE: u32 = 100;
/// Objects looked through for a page.
const MOST: u32 = 10_000;

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
pub(crate) struct PageQuery {
    /// From 1.
    pub(super) page: Option<u32>,
    /// At most 100.
    pub(super) limit: Option<u32>,
}

/// A score configuration as Langfuse's clients send it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ScoreConfig {
    name: String,
    /// `NUMERIC`, `BOOLEAN`, `CATEGORICAL` or `TEXT`.
    data_type: String,
    min_value: Option<f64>,
    max_value: Option<f64>,
    #[schema(value_type = Option<Object>)]
    categories: Option<Vec<Category>>,
    description: Option<String>,
}

/// One category and its number.
#[derive(Debug, Clone, Deserialize, serde::Serialize)]
pub(crate) struct Category {
    value: f64,
    label: String,
}

/// `GET /api/public/projects`.
pub(crate) async fn list_projects(Caller(caller): Caller) -> Json<Value> {
    let organization = json!({"id": "weir", "name": "weir"});
    let project = json!({"id": &*caller.name, "name": &*caller.name, "organization": organization, "metadata": {}});
    Json(json!({"data": [project]}))
}

/// `GET /api/public/health`.
pub(crate) async fn get_health() -> Json<Value> {
    Json(json!({"status": "OK", "version": env!("CARGO_PKG_VERSION")}))
}

/// `POST /api/public/score-configs`.
pub(crate) async fn create_config(
    State(app): State<App>,
    Caller(caller): Caller,
    Body(config): Body<ScoreConfig>,
) -> Reply<Response> {
    check(&config)?;
    let id = format!("{:016x}", app.entropy.next_u64());
    let body = json!({
        "name": config.name, "dataType": config.data_type, "minValue": config.min_value, "maxValue": config.max_value,
        "categories": config.categories, "description": config.description, "isArchived": false,
    });
    app.store.compat_put(CONFIG, &caller.name, &id, &config.name, &body.to_string()).await?;
    let kept = find_config(&app, &caller, &id).await?;
    Ok((StatusCode::OK, Json(shown(&caller, &kept))).into_response())
}

/// `GET /api/public/score-configs`.
pub(crate) async fn list_configs(
    State(app): State<App>,
    Caller(caller): Caller,
    Params(query): Params<PageQuery>,
) -> Reply<Json<Value>> {
    let all = app.store.compat_list(CONFIG, &caller.name, None, None, MOST).await?;
    Ok(Json(paged(all.iter().map(|kept| shown(&caller, kept)).collect(), query.page, query.limit)))
}

/// One page of a list, in Langfuse's shape.
pub(super) fn paged(all: Vec<Value>, page: Option<u32>, limit: Option<u32>) -> Value {
    let (page, limit) = (page.unwrap_or(1).max(1), limit.unwrap_or(50).clamp(1, PAGE));
    let total = all.len();
    let skipped = (page as usize - 1).saturating_mul(limit as usize);
    let data: Vec<Value> = all.into_iter().skip(skipped).take(limit as usize).collect();
    let pages = total.div_ceil(limit as usize);
    json!({"data": data, "meta": {"page": page, "limit": limit, "totalItems": total, "totalPages": pages}})
}

/// `GET /api/public/score-configs/{id}`.
pub(crate) async fn get_config(
    State(app): State<App>,
    Caller(caller): Caller,
    Segment(id): Segment,
) -> Reply<Json<Value>> {
    Ok(Json(shown(&caller, &find_config(&app, &caller, &id).await?)))
}

/// `PATCH /api/public/score-configs/{id}`: what is given takes the place of what was.
pub(crate) async fn update_config(
    State(app): State<App>,
    Caller(caller): Caller,
    Segment(id): Segment,
    Body(change): Body<Value>,
) -> Reply<Json<Value>> {
    let mut body: Value = serde_json::from_str(&find_config(&app, &caller, &id).await?.body).unwrap_or_default();
    for key in ["name", "minValue", "maxValue", "categories", "description", "isArchived"] {
        if let Some(value) = change.get(key).filter(|value| !value.is_null()) {
            body[key] = value.clone();
        }
    }
    let read = serde_json::from_value::<ScoreConfig>(body.clone());
    let config = read.map_err(|error| Failure::bad(error.to_string()))?;
    check(&config)?;
    if !body["isArchived"].is_boolean() {
        return Err(Failure::bad("`isArchived`: wanted true or false"));
    }
    app.store.compat_put(CONFIG, &caller.name, &id, &config.name, &body.to_string()).await?;
    Ok(Json(shown(&caller, &find_config(&app, &caller, &id).await?)))
}

fn check(config: &ScoreConfig) -> Reply<()> {
    if !(1..=NAME_CHARS).contains(&config.name.chars().count()) {
        return Err(Failure::bad(format!("`name` takes 1 to {NAME_CHARS} characters")));
    }
    if !["NUMERIC", "BOOLEAN", "CATEGORICAL", "TEXT"].contains(&config.data_type.as_str()) {
        return Err(Failure::bad("`dataType`: wanted `NUMERIC`, `BOOLEAN`, `CATEGORICAL` or `TEXT`"));
    }
    if config.min_value.zip(config.max_value).is_some_and(|(min, max)| min >= max) {
        return Err(Failure::bad("`minValue` must be under `maxValue`"));
    }
    if config.data_type == "CATEGORICAL" && config.categories.as_ref().is_none_or(Vec::is_empty) {
        return Err(Failure::bad("`categories`: a categorical score needs at least one"));
    }
    Ok(())
}

pub(super) async fn find_config(app: &App, caller: &Principal, id: &str) -> Reply<Kept> {
    let found = app.store.compat_get(CONFIG, &caller.name, id).await?;
    found.ok_or_else(|| Failure::not_found("score config", id))
}

/// An object with what Langfuse puts around it.
pub(super) fn shown(caller: &Principal, kept: &Kept) -> Value {
    let mut body: Value = serde_json::from_str(&kept.body).unwrap_or_default();
    body["id"] = kept.id.as_str().into();
    body["projectId"] = (&*caller.name).into();
    body["createdAt"] = rfc3339(kept.created_at).into();
    body["updatedAt"] = rfc3339(kept.updated_at).into();
    body
}

/// A value's place in `0..=1`: by the configuration's range or categories, and as it is where it has none. `None` when
/// it has no place.
pub(super) async fn place(app: &App, caller: &Principal, config: Option<&str>, value: &Value) -> Reply<Option<f64>> {
    let config = match config {
        Some(id) => serde_json::from_str(&find_config(app, caller, id).await?.body).unwrap_or_default(),
        None => Value::Null,
    };
    let end = |key: &str| config[key].as_f64();
    let categories: Vec<Category> = serde_json::from_value(config["categories"].clone()).unwrap_or_default();
    let number = match value {
        Value::Bool(truth) => Some(f64::from(u8::from(*truth))),
        Value::Number(number) => number.as_f64(),
        Value::String(label) => categories.iter().find(|one| one.label == *label).map(|one| one.value),
        _ => None,
    };
    let Some(number) = number.filter(|number| number.is_finite()) else { return Ok(None) };
    let of_categories = |pick: fn(f64, f64) -> f64| categories.iter().map(|one| one.value).reduce(pick);
    let low = end("minValue").or_else(|| of_categories(f64::min));
    let high = end("maxValue").or_else(|| of_categories(f64::max));
    let placed = match low.zip(high).filter(|(low, high)| high > low) {
        Some((low, high)) => (number - low) / (high - low),
        None => number,
    };
    if config.is_object() && !(0.0..=1.0).contains(&placed) {
        return Err(Failure::bad(format!("`value` is {number}, outside of its score config")));
    }
    Ok(Some(placed).filter(|placed| (0.0..=1.0).contains(placed)))
}

//! Langfuse's scores: kept as they were sent, and, where they grade an answer that weir has recorded on a scale that it
//! can tell, put into the score log. A score may come before its span: it is then kept, and read back.

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::IntoParams;
use weir_config::Caller as Principal;

use super::{
    langfuse::{place, shown},
    outside::{Target, Word, find, keep, throttle},
};
use crate::{
    extract::{Body, Params, Segment},
    guard::Caller,
    problem::{Failure, Reply},
    state::App,
    time::rfc3339,
};

/// Kind of kept scores.
const SCORE: &str = "langfuse.score";
/// Scores taken at once.
const MOST: usize = 1_000;
/// Scores looked through for a page.
const LOOK: u32 = 10_000;
/// Most of a page.
const PAGE: u32 = 100;

/// Which scores. Lists are comma separated.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(rename_all = "camelCase")]
pub(crate) struct ScoreQuery {
    limit: Option<u32>,
    cursor: Option<String>,
    /// Comma separated: `details` and `subject` add more to each score.
    fields: Option<String>,
    id: Option<String>,
    name: Option<String>,
    source: Option<String>,
    data_type: Option<String>,
    environment: Option<String>,
    config_id: Option<String>,
    value: Option<String>,
    value_min: Option<f64>,
    value_max: Option<f64>,
    trace_id: Option<String>,
    session_id: Option<String>,
    observation_id: Option<String>,
}

/// `POST /api/public/scores`: one score, or a list of them.
pub(crate) async fn create_scores(
    State(app): State<App>,
    Caller(caller): Caller,
    Body(body): Body<Value>,
) -> Reply<Response> {
    throttle(&app, &caller)?;
    let Value::Array(list) = body else {
        let id = take(&app, &caller, body).await?;
        return Ok(Json(json!({"id": id})).into_response());
    };
    if list.len() > MOST {
        return Err(Failure::bad(format!("{} scores, at most {MOST} are taken at once", list.len())));
    }
    let (mut accepted, mut errors) = (0_u64, Vec::new());
    for (index, score) in list.into_iter().enumerate() {
        let id = score["id"].as_str().map(str::to_owned);
        match take(&app, &caller, score).await {
            Ok(_) => accepted += 1,
            Err(failure) => errors.push(json!({"index": index, "id": id, "message": failure.0.message})),
        }
    }
    if errors.is_empty() {
        // Their client calls anything with counts a failure.
        return Ok((StatusCode::ACCEPTED, Json(json!({"message": "Accepted"}))).into_response());
    }
    let reply = json!({"accepted": accepted, "rejected": errors.len(), "errors": errors});
    Ok((StatusCode::MULTI_STATUS, Json(reply)).into_response())
}

/// Keeps one score; its id.
async fn take(app: &App, caller: &Principal, mut score: Value) -> Reply<String> {
    let text = |score: &Value, key: &str| score[key].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    let name = text(&score, "name").ok_or_else(|| Failure::bad("`name`: wanted some text"))?;
    let about = ["traceId", "sessionId", "observationId", "datasetRunId"];
    if about.iter().all(|key| text(&score, key).is_none()) {
        return Err(Failure::bad("a score needs `traceId`, `observationId`, `sessionId` or `datasetRunId`"));
    }
    let data_type = data_type(&score)?;
    let config = text(&score, "configId");
    let grade = place(app, caller, config.as_deref(), &score["value"]).await?;
    let id = text(&score, "id").unwrap_or_else(|| format!("{:016x}", app.entropy.next_u64()));
    let observation = text(&score, "observationId").map(|id| id.replace('-', ""));
    let trace = text(&score, "traceId").map(|id| id.replace('-', ""));
    let target = observation.map(Target::Span).or(trace.map(Target::Trace));
    if let Some((target, grade)) = target.zip(grade) {
        let explanation = text(&score, "comment");
        let word = Word { name: &name, by: "langfuse", grade, explanation: explanation.as_deref() };
        // What is not here, or not yet, is Langfuse's own to keep.
        if let Ok(span) = find(app, Some(caller), &target).await {
            keep(app, &span, &word).await?;
        }
    }
    if let Some(fields) = score.as_object_mut() {
        fields.insert("dataType".into(), data_type.into());
        fields.entry("source").or_insert_with(|| "API".into());
        fields.entry("environment").or_insert_with(|| "default".into());
        fields.entry("timestamp").or_insert_with(|| rfc3339(app.clock.now()).into());
        fields.remove("id");
    }
    app.store.compat_put(SCORE, &caller.name, &id, &name, &score.to_string()).await?;
    Ok(id)
}

/// As it was said, or as the value shows.
fn data_type(score: &Value) -> Reply<&'static str> {
    let value = &score["value"];
    let fits = |of: &str| match of {
        "NUMERIC" => value.is_number(),
        "BOOLEAN" => value.is_boolean() || value.as_f64().is_some_and(|number| number == 0.0 || number == 1.0),
        _ => value.is_string(),
    };
    const TYPES: [&str; 5] = ["NUMERIC", "BOOLEAN", "CATEGORICAL", "TEXT", "CORRECTION"];
    let said = match score["dataType"].as_str() {
        Some(said) => TYPES
            .into_iter()
            .find(|known| *known == said)
            .ok_or_else(|| Failure::bad(format!("`dataType` is `{said}`, wanted one of {}", TYPES.join(", "))))?,
        None if value.is_number() => "NUMERIC",
        None if value.is_boolean() => "BOOLEAN",
        None => "CATEGORICAL",
    };
    if fits(said) { Ok(said) } else { Err(Failure::bad(format!("`value` is no {said} value"))) }
}

/// `GET /api/public/v3/scores`, newest first.
pub(crate) async fn list_scores(
    State(app): State<App>,
    Caller(caller): Caller,
    Params(query): Params<ScoreQuery>,
) -> Reply<Json<Value>> {
    if query.observation_id.is_some() && query.trace_id.is_none() {
        return Err(Failure::bad("`observationId` needs `traceId`"));
    }
    let limit = query.limit.unwrap_or(50).clamp(1, PAGE) as usize;
    let before = query
        .cursor
        .as_deref()
        .map(|text| text.parse::<i64>().map_err(|_| Failure::bad("`cursor` is none of this list's")));
    let kept = app.store.compat_list(SCORE, &caller.name, None, before.transpose()?, LOOK).await?;
    let mut data = Vec::new();
    let mut cursor = None;
    for one in &kept {
        let score = shown(&caller, one);
        if !query.takes(&score) {
            continue;
        }
        if data.len() == limit {
            cursor = data.last().map(|(seq, _): &(i64, Value)| seq.to_string());
            break;
        }
        data.push((one.seq, query.view(score)));
    }
    let data: Vec<Value> = data.into_iter().map(|(_, score)| score).collect();
    let mut meta = json!({"limit": limit});
    if let Some(cursor) = cursor {
        meta["cursor"] = cursor.into();
    }
    Ok(Json(json!({"data": data, "meta": meta})))
}

/// `DELETE /api/public/scores/{id}`. The score log keeps its word: it is append-only, and windows have heard it.
pub(crate) async fn delete_score(
    State(app): State<App>,
    Caller(caller): Caller,
    Segment(id): Segment,
) -> Reply<Response> {
    if !app.store.compat_delete(SCORE, &caller.name, &id).await? {
        return Err(Failure::not_found("score", &id));
    }
    Ok((StatusCode::ACCEPTED, Json(json!({"message": "deleted"}))).into_response())
}

impl ScoreQuery {
    fn takes(&self, score: &Value) -> bool {
        let within = |wanted: &Option<String>, key: &str| match wanted {
            None => true,
            Some(list) => score[key].as_str().is_some_and(|own| list.split(',').any(|one| one.trim() == own)),
        };
        let number =
            score["value"].as_f64().or_else(|| score["value"].as_bool().map(|truth| f64::from(u8::from(truth))));
        let valued = match &self.value {
            None => true,
            Some(list) => list.split(',').any(|one| match (one.trim().parse::<f64>(), number) {
                (Ok(wanted), Some(number)) => (wanted - number).abs() < 1e-9,
                _ => score["value"].as_str() == Some(one.trim()),
            }),
        };
        valued
            && within(&self.id, "id")
            && within(&self.name, "name")
            && within(&self.source, "source")
            && within(&self.data_type, "dataType")
            && within(&self.environment, "environment")
            && within(&self.config_id, "configId")
            && within(&self.trace_id, "traceId")
            && within(&self.session_id, "sessionId")
            && within(&self.observation_id, "observationId")
            && self.value_min.is_none_or(|min| number.is_some_and(|number| number >= min))
            && self.value_max.is_none_or(|max| number.is_some_and(|number| number <= max))
    }

    /// The score in the shape of the third version: what it is about, and details, where they are asked for.
    fn view(&self, mut score: Value) -> Value {
        let wants =
            |field: &str| self.fields.as_ref().is_some_and(|list| list.split(',').any(|one| one.trim() == field));
        let word = |key: &str| score[key].as_str().map(str::to_owned);
        let subject = match (word("observationId"), word("traceId"), word("sessionId"), word("datasetRunId")) {
            (Some(id), trace, ..) => json!({"kind": "observation", "id": id, "traceId": trace}),
            (_, Some(id), ..) => json!({"kind": "trace", "id": id}),
            (_, _, Some(id), _) => json!({"kind": "session", "id": id}),
            (_, _, _, id) => json!({"kind": "experiment", "id": id}),
        };
        if wants("subject") {
            score["subject"] = subject;
        }
        if let (false, Some(fields)) = (wants("details"), score.as_object_mut()) {
            for detail in ["comment", "configId", "metadata"] {
                fields.remove(detail);
            }
        }
        // Their clients tell a truth by a boolean, which they sent as a number.
        if score["dataType"] == "BOOLEAN"
            && let Some(number) = score["value"].as_f64()
        {
            score["value"] = (number != 0.0).into();
        }
        score
    }
}

//! Labels by people: the next answer to look at, what they say of it, and what they said. Blind: the judge's grade is
//! shown with the receipt of a label and not before.

use std::time::Duration;

use axum::{Json, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use weir_config::nearest;
use weir_core::{ScorerName, error};
use weir_providers::dialect::text;
use weir_store::{LabelPlan, LabelRow, LabelTask, NewLabel};

use crate::{
    extract::{Body, Params, Segment},
    guard::Caller,
    problem::{Failure, Reply},
    state::App,
    time::rfc3339,
    view::List,
};

/// How long an answer is locked for whoever looks at it.
const LOCK: Duration = Duration::from_mins(5);
/// Rows of a page unless asked for otherwise, and at most.
const PAGE: u32 = 50;
const PAGE_MOST: u32 = 500;
/// Longest note and name, in bytes.
const NOTE_BYTES: usize = 4 * 1024;
const NAME_BYTES: usize = 100;

/// Which labels.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct LabelQuery {
    /// Only of this scorer's grades.
    scorer: Option<String>,
    /// `next` of the page before.
    cursor: Option<i64>,
    /// 1 to 500; 50 unless given.
    limit: Option<u32>,
}

/// Whose turn it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NextOrder {
    /// Only of this scorer's grades.
    scorer: Option<String>,
    /// Who labels, where one key serves several people; the key's name unless given.
    annotator: Option<String>,
}

/// A label.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LabelOrder {
    /// The task's number.
    task: i64,
    /// `0..=1`: the value of one of the task's keys, or anything between.
    #[schema(minimum = 0.0, maximum = 1.0)]
    value: f64,
    /// Why.
    #[serde(default)]
    note: String,
    /// How long it took.
    seconds: Option<f64>,
    /// Who labels, as in the task.
    annotator: Option<String>,
}

/// An answer left to others.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SkipOrder {
    /// The task's number.
    task: i64,
    /// Who labels, as in the task.
    annotator: Option<String>,
}

/// How large a share of a judge's grades people are asked about.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PlanOrder {
    /// `0..=1`; 0 asks no more.
    #[schema(minimum = 0.0, maximum = 1.0)]
    share: f64,
}

/// What is next in the queue.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NextTask {
    /// The answer to look at; `null` when nothing waits.
    task: Option<TaskView>,
}

/// An answer to look at, locked for five minutes. The judge's grade is not in it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TaskView {
    /// Its number.
    task: i64,
    span_id: String,
    workload: String,
    scorer: String,
    locked_until: String,
    /// What the scorer asks about, where it says so.
    criteria: Option<String>,
    /// The conversation.
    #[schema(value_type = Vec<Object>)]
    messages: Vec<Value>,
    answer: String,
    /// What each key says.
    keys: Vec<LabelKey>,
}

/// One key of the keyboard.
#[derive(Debug, Serialize, ToSchema)]
struct LabelKey {
    key: String,
    value: f64,
    label: String,
}

/// A label beside the judge's grade.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LabelView {
    task: i64,
    span_id: String,
    workload: String,
    deployment: String,
    scorer: String,
    version: String,
    /// What the person said.
    value: f64,
    /// What the judge said.
    judge: f64,
    annotator: String,
    note: String,
    /// With which probability the answer was drawn.
    p_select: f64,
    at: String,
}

/// Labels that wait and labels that are in, for one scorer.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PlanView {
    scorer: String,
    /// Share of its grades that people are asked about.
    share: f64,
    /// Answers that wait for a label.
    open: u64,
    /// Labels so far, of all versions.
    labels: u64,
}

impl From<LabelRow> for LabelView {
    fn from(row: LabelRow) -> Self {
        Self {
            task: row.task,
            span_id: row.span_id.to_string(),
            workload: row.workload.to_string(),
            deployment: row.deployment.to_string(),
            scorer: row.scorer.to_string(),
            version: row.version.to_string(),
            value: row.human,
            judge: row.judge,
            annotator: row.annotator,
            note: row.note,
            p_select: row.p_select,
            at: rfc3339(row.at),
        }
    }
}

impl From<LabelPlan> for PlanView {
    fn from(plan: LabelPlan) -> Self {
        Self { scorer: plan.scorer.to_string(), share: plan.share, open: plan.open, labels: plan.labels }
    }
}

/// `GET /api/v1/labels`.
pub(crate) async fn list_labels(
    State(app): State<App>,
    Params(query): Params<LabelQuery>,
) -> Reply<Json<List<LabelView>>> {
    let limit = query.limit.unwrap_or(PAGE);
    if !(1..=PAGE_MOST).contains(&limit) {
        return Err(Failure::bad(format!("`limit` is {limit}, wanted 1 to {PAGE_MOST}")));
    }
    let scorer = query.scorer.map(|name| ScorerName::from(name.as_str()));
    let page = app.store.label_list(scorer.as_ref(), query.cursor, limit).await?;
    let next = page.next.map(|seq| seq.to_string());
    Ok(Json(List { items: page.items.into_iter().map(LabelView::from).collect(), next }))
}

/// `GET /api/v1/labels/plans`.
pub(crate) async fn list_plans(State(app): State<App>) -> Reply<Json<List<PlanView>>> {
    let plans = app.store.label_plans().await?;
    Ok(Json(List::whole(plans.into_iter().map(PlanView::from).collect())))
}

/// `POST /api/v1/scorers/{name}/labels`.
pub(crate) async fn plan_labels(
    State(app): State<App>,
    Caller(caller): Caller,
    Segment(name): Segment,
    Body(order): Body<PlanOrder>,
) -> Reply<Json<List<PlanView>>> {
    let scorer = judge_named(&app, &name)?;
    if !(0.0..=1.0).contains(&order.share) {
        return Err(Failure::bad(format!("`share` is {}, wanted 0 to 1", order.share)));
    }
    app.store.label_plan_put(&scorer, order.share, &caller.name).await?;
    list_plans(State(app)).await
}

/// `POST /api/v1/labels/next`.
pub(crate) async fn next_label(
    State(app): State<App>,
    Caller(caller): Caller,
    Body(order): Body<NextOrder>,
) -> Reply<Json<NextTask>> {
    let annotator = annotator(&caller.name, order.annotator)?;
    let scorer = order.scorer.map(|name| ScorerName::from(name.as_str()));
    let task = app.store.label_next(scorer.as_ref(), &annotator, LOCK).await?;
    let task = match task {
        Some(task) => Some(shown(&app, &task).await?),
        None => None,
    };
    Ok(Json(NextTask { task }))
}

/// `POST /api/v1/labels`: 201, with what the judge said.
pub(crate) async fn create_label(
    State(app): State<App>,
    Caller(caller): Caller,
    Body(order): Body<LabelOrder>,
) -> Reply<(StatusCode, Json<LabelView>)> {
    if !(0.0..=1.0).contains(&order.value) {
        return Err(Failure::bad(format!("`value` is {}, wanted 0 to 1", order.value)));
    }
    if order.note.len() > NOTE_BYTES {
        return Err(Failure::bad(format!("`note` is longer than {NOTE_BYTES} bytes")));
    }
    let label = NewLabel {
        task: order.task,
        annotator: annotator(&caller.name, order.annotator)?,
        value: order.value,
        note: order.note,
        seconds: order.seconds.filter(|seconds| seconds.is_finite() && *seconds >= 0.0),
    };
    Ok((StatusCode::CREATED, Json(app.store.label_submit(&label).await?.into())))
}

/// `POST /api/v1/labels/skip`.
pub(crate) async fn skip_label(
    State(app): State<App>,
    Caller(caller): Caller,
    Body(order): Body<SkipOrder>,
) -> Reply<Json<List<PlanView>>> {
    app.store.label_skip(order.task, &annotator(&caller.name, order.annotator)?).await?;
    list_plans(State(app)).await
}

async fn shown(app: &App, task: &LabelTask) -> Reply<TaskView> {
    let record = app.store.record_list(&[task.span_id]).await?.pop();
    let record = record.ok_or_else(|| Failure::new(&error::CONFLICT, "the request's text is not kept any more"))?;
    let settings = app.settings.load();
    let spec = settings.scorers.get(task.scorer.as_str());
    let messages = text::messages(&record.payload.request);
    Ok(TaskView {
        task: task.seq,
        span_id: task.span_id.to_string(),
        workload: task.workload.to_string(),
        scorer: task.scorer.to_string(),
        locked_until: rfc3339(task.locked_until),
        criteria: spec.and_then(|spec| spec["criteria"].as_str()).map(str::to_owned),
        messages: messages.iter().filter_map(|message| serde_json::to_value(message).ok()).collect(),
        answer: text::answer(&record.payload.response).text,
        keys: keys(spec),
    })
}

/// The judge's own choices where its definition names some, else five steps.
fn keys(spec: Option<&Value>) -> Vec<LabelKey> {
    let choices = spec.and_then(|spec| spec["choices"].as_object()).into_iter().flatten();
    let mut choices: Vec<(String, f64)> =
        choices.filter_map(|(label, value)| Some((label.clone(), value.as_f64()?))).collect();
    if choices.is_empty() {
        let steps = ["wrong", "mostly wrong", "half right", "mostly right", "right"];
        choices = (0_u8..).zip(steps).map(|(at, label)| (label.to_owned(), f64::from(at) / 4.0)).collect();
    }
    let key = |(at, (label, value))| LabelKey { key: format!("{at}"), value, label };
    (1_u8..=9).zip(choices).map(key).collect()
}

/// A configured judge of this name.
pub(crate) fn judge_named(app: &App, name: &str) -> Reply<ScorerName> {
    let settings = app.settings.load();
    match settings.scorers.get(name) {
        Some(spec) if spec["kind"] == "judge" => Ok(ScorerName::from(name)),
        Some(_) => Err(Failure::bad(format!("`{name}` is a check: it needs no labels to be trusted"))),
        None => {
            let failure = Failure::not_found("scorer", name);
            let near = nearest(name, settings.scorers.keys().map(ScorerName::as_str));
            Err(match near {
                Some(near) => failure.hint(format!("did you mean `{near}`?")),
                None => failure,
            })
        }
    }
}

fn annotator(caller: &str, given: Option<String>) -> Reply<String> {
    match given {
        None => Ok(caller.to_owned()),
        Some(name) if (1..=NAME_BYTES).contains(&name.len()) && !name.chars().any(char::is_control) => {
            Ok(format!("{caller}/{name}"))
        }
        Some(_) => Err(Failure::bad(format!("`annotator` takes 1 to {NAME_BYTES} printable bytes"))),
    }
}
